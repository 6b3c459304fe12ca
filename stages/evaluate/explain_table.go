package evaluate

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/pipeline"
)

// explanationsPort is the output that says of each part that was hidden what came of it.
const explanationsPort = "explanations"

// explanationColumns are the columns of that table, in order.
func explanationColumns() *arrow.Schema {
	whole, number, text := arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String
	var fields []arrow.Field
	for _, f := range []struct {
		name string
		of   arrow.DataType
	}{
		{"row", whole}, {"input", text}, {"part", text}, {"position", whole},
		{"top", whole}, {"left", whole}, {"bottom", whole}, {"right", whole},
		{"held", number}, {"fall", number}, {"predicted", text},
	} {
		fields = append(fields, arrow.Field{Name: f.name, Type: f.of, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// writeExplanations writes what hiding parts of rows has shown, if any were hidden.
func (r *results) writeExplanations(env pipeline.Env) error {
	list := r.explained.findings
	if len(list) == 0 {
		return nil
	}
	w, err := env.Create(explanationsPort)
	if err != nil {
		return err
	}
	tw, err := table.NewWriter(w, explanationColumns())
	if err != nil {
		return fmt.Errorf("%s: %w", explanationsPort, err)
	}
	defer tw.Discard()
	n := len(list)
	rows, positions, areas := make([]int64, n), make([]int64, n), make([][]int64, 4)
	inputs, parts, said := make([]string, n), make([]string, n), make([]string, n)
	held, falls := make([]float64, n), make([]float64, n)
	named, placed := make([]bool, n), make([]bool, n) // parts that are words, or places
	for i := range areas {
		areas[i] = make([]int64, n)
	}
	for i, f := range list {
		rows[i], inputs[i], parts[i], positions[i] = int64(f.row+1), f.input, f.part, int64(f.position)
		held[i], falls[i] = f.answer.Held+f.fall, f.fall
		named[i], placed[i] = f.area == nil, f.area != nil
		for j, at := range f.area {
			areas[j][i] = int64(at)
		}
		if c := r.data().classes; c != nil {
			said[i] = c.Names[f.answer.Class]
		} else {
			said[i] = fmt.Sprint(f.answer.Value)
		}
	}
	columns := []arrow.Array{table.NewArray(rows, nil), table.NewArray(inputs, nil), table.NewArray(parts, named), table.NewArray(positions, named)}
	for _, a := range areas {
		columns = append(columns, table.NewArray(a, placed))
	}
	columns = append(columns, table.NewArray(held, nil), table.NewArray(falls, nil), table.NewArray(said, nil))
	rec, err := table.NewRecord(tw.Schema(), columns...)
	if err != nil {
		return fmt.Errorf("%s: %w", explanationsPort, err)
	}
	defer rec.Release()
	if err := tw.Write(rec); err != nil {
		return err
	}
	return tw.Close()
}
