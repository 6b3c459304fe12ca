package predict

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/diag"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/table"
)

// A writer writes rows with what a model says about them.
type writer struct {
	*table.Writer
	signature *nn.Signature
	keep      []string
}

func newWriter(env pipeline.Env, prefix string, sig *nn.Signature, in *arrow.Schema, keep []string) (*writer, error) {
	var fields []arrow.Field
	taken := map[string]bool{}
	for _, name := range keep {
		i, err := table.Column(in, name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, in.Field(i))
		taken[name] = true
	}
	for _, f := range added(sig) {
		f.Name = prefix + f.Name
		if taken[f.Name] {
			return nil, diag.WithHint(fmt.Errorf("there would be two columns named %q", f.Name),
				"set `prefix`, such as prefix: model_, or do not keep the column")
		}
		taken[f.Name] = true
		fields = append(fields, f)
	}
	w, err := env.Create("predictions")
	if err != nil {
		return nil, err
	}
	tw, err := table.NewWriter(w, arrow.NewSchema(fields, nil))
	if err != nil {
		return nil, err
	}
	return &writer{tw, sig, keep}, nil
}

// added are the columns that a model with the signature adds.
func added(sig *nn.Signature) []arrow.Field {
	number := func(name string) arrow.Field {
		return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
	}
	if sig.Task == nn.Regression {
		return []arrow.Field{number("predicted")}
	}
	fields := []arrow.Field{
		{Name: "predicted", Type: arrow.BinaryTypes.String, Nullable: true},
		number("probability"),
	}
	for _, class := range sig.Classes {
		fields = append(fields, number("p_"+class))
	}
	return fields
}

// columns tells what the columns of the predictions are made of: what the
// model says, of all columns that the features are made of and of what the
// model has learned to predict.
func (w *writer) columns(env pipeline.Env, info table.DatasetInfo) {
	edge := func(column, port, from string) {
		env.Column(pipeline.ColumnRef{Port: "predictions", Column: column}, pipeline.ColumnRef{Port: port, Column: from})
	}
	for i, name := range table.Names(w.Schema()) {
		if i < len(w.keep) {
			edge(name, "table", name)
			continue
		}
		edge(name, "model", w.signature.Column)
		for _, f := range info.Features {
			edge(name, "table", f.Column)
		}
	}
}

// write adds the rows of a batch with the outputs of the model for them.
func (w *writer) write(input arrow.Record, output []float64) error {
	kept, err := table.Select(input, w.keep)
	if err != nil {
		return err
	}
	defer kept.Release()
	columns := make([]arrow.Array, 0, w.Schema().NumFields())
	for _, c := range kept.Columns() {
		c.Retain()
		columns = append(columns, c)
	}
	if w.signature.Task == nn.Regression {
		columns = append(columns, table.NewArray(output, nil))
	} else {
		columns = append(columns, w.classes(output, int(input.NumRows()))...)
	}
	rec, err := table.NewRecord(w.Schema(), columns...)
	if err != nil {
		return err
	}
	defer rec.Release()
	return w.Write(rec)
}

// classes makes the columns of a classification. Of equally probable classes
// the first is predicted.
func (w *writer) classes(output []float64, rows int) []arrow.Array {
	names := w.signature.Classes
	predicted, top := make([]string, rows), make([]float64, rows)
	prob := make([][]float64, len(names))
	for j := range prob {
		prob[j] = make([]float64, rows)
	}
	for i := range rows {
		best := 0
		for j := range names {
			prob[j][i] = w.probability(output, i, j)
			if prob[j][i] > prob[best][i] {
				best = j
			}
		}
		predicted[i], top[i] = names[best], prob[best][i]
	}
	columns := []arrow.Array{table.NewArray(predicted, nil), table.NewArray(top, nil)}
	for _, p := range prob {
		columns = append(columns, table.NewArray(p, nil))
	}
	return columns
}

// probability reads the output of the model for a row and a class. A model
// with one output gives the probability of the second of two classes.
func (w *writer) probability(output []float64, row, class int) float64 {
	k := w.signature.Outputs()
	switch {
	case k > 1:
		return output[row*k+class]
	case class == 1:
		return output[row]
	}
	return 1 - output[row]
}
