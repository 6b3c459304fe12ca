package evaluate

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
)

// predictions writes the predictions table: the kept columns, then `actual`,
// `predicted`, and `residual` (actual - predicted) or `p_CLASS` for each class. Of
// several targets these are `actual.TARGET` and so on, with one `p.TARGET` for a label.
type predictions struct {
	w         *table.Writer
	signature *nn.Signature
}

func newPredictions(w io.Writer, prefix string, sig *nn.Signature, ds *table.Dataset) (*predictions, error) {
	var fields []arrow.Field
	for _, f := range ds.Schema().Fields() {
		if slices.Contains(ds.Info.Keep, f.Name) {
			fields = append(fields, f)
		}
	}
	add := func(name string, t arrow.DataType) {
		fields = append(fields, arrow.Field{Name: prefix + name, Type: t, Nullable: true})
	}
	heads := sig.Heads()
	for _, h := range heads {
		of := suffix(h, len(heads))
		if h.Task == task.Regression {
			add("actual"+of, arrow.PrimitiveTypes.Float64)
			add("predicted"+of, arrow.PrimitiveTypes.Float64)
			add("residual"+of, arrow.PrimitiveTypes.Float64)
			continue
		}
		add("actual"+of, arrow.BinaryTypes.String)
		add("predicted"+of, arrow.BinaryTypes.String)
		if of != "" {
			add("p"+of, arrow.PrimitiveTypes.Float64)
			continue
		}
		for _, class := range h.Classes {
			add("p_"+class, arrow.PrimitiveTypes.Float64)
		}
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Name] {
			return nil, diag.WithHint(fmt.Errorf("predictions: two columns are named %q", f.Name),
				"set `prefix`, or keep the column under another name")
		}
		seen[f.Name] = true
	}
	tw, err := table.NewWriter(w, arrow.NewSchema(fields, nil))
	if err != nil {
		return nil, fmt.Errorf("predictions: %w", err)
	}
	return &predictions{w: tw, signature: sig}, nil
}

// columns tells what the columns of the predictions are made of: what the
// model says, of all features and of what it has learned to predict.
func (p *predictions) columns(env pipeline.Env, prefix string, info *table.DatasetInfo) {
	edge := func(column, port, from string) {
		env.Column(pipeline.ColumnRef{Port: "predictions", Column: column}, pipeline.ColumnRef{Port: port, Column: from})
	}
	from := map[string]*nn.Signature{} // by column, but for the prefix
	heads := p.signature.Heads()
	for _, h := range heads {
		of := suffix(h, len(heads))
		for _, name := range []string{"actual", "predicted", "residual", "p"} {
			from[prefix+name+of] = h
		}
	}
	for _, name := range table.Names(p.w.Schema()) {
		if slices.Contains(info.Keep, name) {
			edge(name, dataPort, name)
			continue
		}
		target := p.signature.Column
		if h, ok := from[name]; ok {
			target = h.Column
		}
		actual := strings.HasPrefix(name, prefix+"actual")
		if actual || strings.HasPrefix(name, prefix+"residual") {
			edge(name, dataPort, target)
		}
		if !actual {
			edge(name, modelPort, target)
			for _, element := range info.Elements() {
				edge(name, dataPort, element)
			}
		}
	}
}

// suffix tells the columns of one of several targets from those of the others.
func suffix(h *nn.Signature, targets int) string {
	if targets == 1 {
		return ""
	}
	return "." + h.Column
}

// write adds the rows of a batch with the outputs of the model for them.
func (p *predictions) write(ex *table.Examples, output []float64) error {
	var columns []arrow.Array
	if ex.Kept != nil {
		for _, c := range ex.Kept.Columns() {
			c.Retain()
			columns = append(columns, c)
		}
	}
	heads := p.signature.Heads()
	for j, h := range heads {
		said := headOutput(output, p.signature.Outputs(), j, len(heads))
		y := ex.Targets[j]
		if h.Task != task.Regression {
			columns = append(columns, classColumns(h, y, ex.Rows, said, len(heads) == 1)...)
			continue
		}
		predicted, residual := make([]float64, ex.Rows), make([]float64, ex.Rows)
		for i := range residual {
			predicted[i] = said(i)[0]
			residual[i] = y.Values[i] - predicted[i]
		}
		columns = append(columns, table.NewArray(y.Values, y.Valid), table.NewArray(predicted, nil), table.NewArray(residual, y.Valid))
	}
	rec, err := table.NewRecord(p.w.Schema(), columns...)
	if err != nil {
		return fmt.Errorf("predictions: %w", err)
	}
	defer rec.Release()
	return p.w.Write(rec)
}

// classColumns are the actual and the predicted class of each row, and the
// probability of each class, or of the positive one alone.
func classColumns(sig *nn.Signature, y table.Labels, rows int, said func(row int) []float64, all bool) []arrow.Array {
	names := sig.Classes
	shown := names
	if !all {
		shown = names[1:]
	}
	actual, predicted := make([]string, rows), make([]string, rows)
	prob := make([][]float64, len(shown))
	for j := range prob {
		prob[j] = make([]float64, rows)
	}
	for i := range rows {
		actual[i] = names[y.Classes[i]]
		for j := range shown {
			prob[j][i] = sig.Probability(said(i), len(names)-len(shown)+j)
		}
		predicted[i] = names[sig.Class(said(i))]
	}
	columns := []arrow.Array{table.NewArray(actual, y.Valid), table.NewArray(predicted, nil)}
	for _, p := range prob {
		columns = append(columns, table.NewArray(p, nil))
	}
	return columns
}

func (p *predictions) close() error { return p.w.Close() }

// examples are the rows of a data set that the model is most wrong about.
type examples struct {
	sample  []int // rows of the sample, the worst first
	rows    []int // rows of the data set
	columns []string
	numbers []bool     // which of the columns are numbers
	kept    [][]string // by column
}

// How much is shown of the worst examples.
const (
	mostExamples = 12
	mostColumns  = 6
)

// worstOf finds the rows that were predicted wrong with the most confidence,
// or with the largest errors, and reads their kept columns.
func worstOf(ds *table.Dataset, p *part) (*examples, error) {
	if p.values == nil && p.classes == nil {
		return nil, nil // errors of several targets cannot be compared
	}
	e := &examples{columns: ds.Info.Keep[:min(len(ds.Info.Keep), mostColumns)]}
	score := func(i int) float64 {
		if p.values != nil {
			return math.Abs(p.values.Residual(i))
		}
		if p.classes.Predicted(i) == p.classes.Actual(i) {
			return 0
		}
		return p.classes.Confidence(i)
	}
	for i := range p.sample.Rows() {
		if s := score(i); s > 0 {
			// A sorted list of a dozen; later rows go behind equal ones.
			at, _ := slices.BinarySearchFunc(e.sample, s, func(j int, s float64) int {
				if score(j) >= s {
					return -1
				}
				return cmp.Compare(s, score(j))
			})
			if at < mostExamples {
				e.sample = slices.Insert(e.sample, at, i)
				e.sample = e.sample[:min(len(e.sample), mostExamples)]
			}
		}
	}
	e.kept, e.numbers = make([][]string, len(e.columns)), make([]bool, len(e.columns))
	for _, i := range e.sample {
		row := p.rowOf(i)
		e.rows = append(e.rows, row)
		if err := e.read(ds, row); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// read adds the kept columns of a row.
func (e *examples) read(ds *table.Dataset, row int) error {
	if len(e.columns) == 0 {
		return nil
	}
	at, row := ds.BatchOf(int64(row))
	only, err := ds.Select(e.columns...)
	if err != nil {
		return err
	}
	kept, err := only.Batch(at)
	if err != nil {
		return err
	}
	defer kept.Release()
	one, err := table.Take(kept, []int{row})
	if err != nil {
		return err
	}
	defer one.Release()
	for j := range e.columns {
		text, number, err := shown(one.Column(j))
		if err != nil {
			return err
		}
		e.kept[j], e.numbers[j] = append(e.kept[j], text), e.numbers[j] || number
	}
	return nil
}

// shown writes the one value of a column for people.
func shown(c arrow.Array) (text string, number bool, err error) {
	if c.IsNull(0) {
		return "–", false, nil
	}
	class := table.ClassOf(c.DataType())
	if class == table.ClassReal {
		values, _, err := table.Floats(c)
		if err != nil {
			return "", false, err
		}
		return chart.Number(values[0], 5), true, nil
	}
	values, _, err := table.Texts(c)
	if err != nil {
		return "", false, err
	}
	return strings.Clone(values[0]), class == table.ClassWhole, nil
}
