package predict

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/pipeline"
)

// A writer writes rows with what a model says about them.
type writer struct {
	*table.Writer
	signature *nn.Signature
	inputs    []nn.Input
	// vocabularies of the token ids that inputs are; 0: they are none.
	vocabularies []int
	keep         []string
	strict       bool  // without the column of problems
	bad          int64 // rows that have a problem
	// Rows for which the output of the model is no number, and the first of them.
	infinite, firstInfinite int64
	// Rows with a feature that is no token id of the vocabulary.
	// Rows that had a problem before they came here, and the first.
	given      int64
	firstGiven string
	unknown    struct {
		rows  int64
		first *nn.TokenError
	}
}

func (s *Stage) newWriter(env pipeline.Env, sig *nn.Signature, in *arrow.Schema, keep []string) (*writer, error) {
	var fields []arrow.Field
	taken := map[string]bool{}
	for _, name := range keep {
		i, err := table.Column(in, name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, unquoted(in.Field(i)))
		taken[name] = true
	}
	for _, f := range s.added(sig) {
		f.Name = s.Prefix + f.Name
		if taken[f.Name] {
			return nil, diag.WithHint(fmt.Errorf("there would be two columns named %q", f.Name),
				"set `prefix`, such as prefix: model_, which is --prefix of `pipe predict`, or do not keep the column")
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
	return &writer{Writer: tw, signature: sig, keep: keep, strict: s.Strict}, nil
}

// added are the columns that a model with the signature adds.
func (s *Stage) added(sig *nn.Signature) []arrow.Field {
	fields := says(sig)
	if !s.Strict {
		fields = append(fields, arrow.Field{Name: ProblemColumn, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return fields
}

// says are the columns of what the model says.
func says(sig *nn.Signature) []arrow.Field {
	number := func(name string) arrow.Field {
		return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
	}
	text := func(name string) arrow.Field {
		return arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	var fields []arrow.Field
	switch sig.Task {
	case task.Regression:
		return []arrow.Field{number("predicted")}
	case task.Multioutput:
		for _, column := range sig.Columns() {
			fields = append(fields, number("predicted."+column))
		}
		return fields
	case task.Multilabel:
		for _, column := range sig.Columns() {
			fields = append(fields, text("predicted."+column), number("p."+column))
		}
		return fields
	}
	fields = []arrow.Field{text("predicted"), number("probability")}
	for _, class := range sig.Classes {
		fields = append(fields, number("p_"+class))
	}
	return fields
}

// columns tells what the columns of the predictions are made of: what the
// model says, of all columns of a port that the features are made from and of
// what the model has learned to predict. Those of another port are carried along.
func (w *writer) columns(env pipeline.Env, kept, port string, from []string) {
	edge := func(column, port, from string) {
		env.Column(pipeline.ColumnRef{Port: "predictions", Column: column}, pipeline.ColumnRef{Port: port, Column: from})
	}
	for i, name := range table.Names(w.Schema()) {
		if i < len(w.keep) {
			edge(name, kept, name)
			continue
		}
		for _, target := range w.signature.Columns() {
			if _, of, ok := strings.Cut(name, "."); w.signature.Task.IsOne() || !ok || of == target {
				edge(name, "model", target)
			}
		}
		for _, column := range from {
			edge(name, port, column)
		}
	}
}

// checkTokens finds rows with numbers that are no token ids where the network
// takes them for such, and adds them to the problems of the batch.
func (w *writer) checkTokens(inputs []tensor.Rows, rows int, problems []string) ([]string, error) {
	for i := range inputs {
		in := &w.inputs[i]
		for row := 0; row < rows && w.vocabularies[i] > 0; row++ {
			if problems != nil && problems[row] != "" {
				continue
			}
			from, to := inputs[i].Row(row, in.Shape.Size())
			one := inputs[i].Slice(from, to)
			if in.Ragged {
				one.Ends = []int{to - from}
			}
			e := in.CheckTokens(w.vocabularies[i], &one)
			if e == nil {
				continue
			}
			e.Row = int(w.Rows()) + row + 1
			if w.strict {
				return nil, e
			}
			if problems == nil {
				problems = make([]string, rows)
			}
			problems[row] = e.Reason()
			if w.unknown.rows == 0 {
				w.unknown.first = e
			}
			w.unknown.rows++
		}
	}
	return problems, nil
}

// checkFinite finds rows for which the output of the model is no number, and
// adds them to the problems of the batch.
func (w *writer) checkFinite(output []float64, problems []string) ([]string, error) {
	each := w.signature.Outputs()
	for i, v := range output {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			continue
		}
		row := i / each
		if problems == nil {
			problems = make([]string, len(output)/each)
		}
		if problems[row] != "" {
			continue
		}
		problems[row] = fmt.Sprintf("the output of the model is %v", v)
		if w.strict {
			return nil, diag.WithHint(fmt.Errorf("row %d: %s", w.Rows()+int64(row)+1, problems[row]), farAway)
		}
		if w.infinite == 0 {
			w.firstInfinite = w.Rows() + int64(row)
		}
		w.infinite++
	}
	return problems, nil
}

const farAway = "look for a feature of that row that is far outside of the training range"

// nothing is the error of a table none of whose rows could be predicted.
func (w *writer) nothing(problems []feature.ProblemCount) error {
	all := fmt.Sprintf("none of the %d rows can be predicted", w.Rows())
	if w.Rows() == 1 {
		all = "the only row cannot be predicted"
	}
	if e := w.unknown.first; len(problems) == 0 && e != nil {
		return fmt.Errorf("%s; the problem of %d: %w", all, w.unknown.rows, e)
	}
	if len(problems) == 0 && w.given > 0 {
		return fmt.Errorf("%s; the problem of the first of them: %s", all, w.firstGiven)
	}
	if len(problems) == 0 {
		return diag.WithHint(fmt.Errorf("%s: the output of the model is no number", all), farAway)
	}
	// The problem that most rows have, the first of several.
	most := problems[0]
	for _, p := range problems[1:] {
		if p.N > most.N {
			most = p
		}
	}
	return fmt.Errorf("%s; the problem of %d: %w", all, most.N, most.First)
}

// write adds the rows of a batch with the outputs of the model for them.
// Problems are empty for rows without one, and nil if no row has one.
func (w *writer) write(input arrow.RecordBatch, output []float64, problems []string) error {
	kept, err := table.Select(input, w.keep)
	if err != nil {
		return err
	}
	defer kept.Release()
	columns := make([]arrow.Array, 0, w.Schema().NumFields())
	for i, c := range kept.Columns() {
		columns = append(columns, asRead(kept.Schema().Field(i), c))
	}
	rows := int(input.NumRows())
	var valid []bool
	if problems != nil {
		valid = make([]bool, rows)
		for i, p := range problems {
			if valid[i] = p == ""; !valid[i] {
				w.bad++
			}
		}
	}
	switch w.signature.Task {
	case task.Regression:
		columns = append(columns, table.NewArray(output, valid))
	case task.Multioutput, task.Multilabel:
		columns = append(columns, w.each(output, rows, valid)...)
	default:
		columns = append(columns, w.classes(output, rows, valid)...)
	}
	if !w.strict {
		columns = append(columns, problemColumn(problems, rows))
	}
	rec, err := table.NewRecord(w.Schema(), columns...)
	if err != nil {
		return err
	}
	defer rec.Release()
	return w.Write(rec)
}

// asRead gives the values of a column as they stand in the data.
func asRead(f arrow.Field, c arrow.Array) arrow.Array {
	texts, ok := c.(*array.String)
	if _, quoted := f.Metadata.GetValue(cell.QuotedKey); !quoted || !ok {
		c.Retain()
		return c
	}
	values, valid := make([]string, texts.Len()), make([]bool, texts.Len())
	for row := range values {
		if valid[row] = texts.IsValid(row); valid[row] {
			values[row] = cell.Unquote(texts.Value(row))
		}
	}
	return table.NewArray(values, valid)
}

// unquoted is the field of what asRead gives.
func unquoted(f arrow.Field) arrow.Field {
	meta := f.Metadata.ToMap()
	if _, quoted := meta[cell.QuotedKey]; quoted {
		delete(meta, cell.QuotedKey)
		f.Metadata = arrow.MetadataFrom(meta)
	}
	return f
}

// problemColumn has a text for each row that has a problem, and nulls.
func problemColumn(problems []string, rows int) arrow.Array {
	if problems == nil {
		problems = make([]string, rows)
	}
	valid := make([]bool, rows)
	for i, p := range problems {
		valid[i] = p != ""
	}
	return table.NewArray(problems, valid)
}

// each makes the columns of several targets, without the rows that are not valid.
func (w *writer) each(output []float64, rows int, valid []bool) []arrow.Array {
	var columns []arrow.Array
	heads := w.signature.Heads()
	for j, h := range heads {
		said, class := make([]float64, rows), make([]string, rows)
		for i := range rows {
			said[i] = output[i*len(heads)+j]
			if h.Task == task.Binary {
				class[i] = h.Classes[h.Class(said[i:i+1])]
			}
		}
		if h.Task == task.Binary {
			columns = append(columns, table.NewArray(class, valid))
		}
		columns = append(columns, table.NewArray(said, valid))
	}
	return columns
}

// classes makes the columns of a classification, without the rows that are not
// valid.
func (w *writer) classes(output []float64, rows int, valid []bool) []arrow.Array {
	names := w.signature.Classes
	predicted, top := make([]string, rows), make([]float64, rows)
	prob := make([][]float64, len(names))
	for j := range prob {
		prob[j] = make([]float64, rows)
	}
	k := w.signature.Outputs()
	for i := range rows {
		row := output[i*k : (i+1)*k]
		for j := range names {
			prob[j][i] = w.signature.Probability(row, j)
		}
		class := w.signature.Class(row)
		predicted[i], top[i] = names[class], prob[class][i]
	}
	columns := []arrow.Array{table.NewArray(predicted, valid), table.NewArray(top, valid)}
	for _, p := range prob {
		columns = append(columns, table.NewArray(p, valid))
	}
	return columns
}
