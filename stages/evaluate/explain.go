package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/nn/dataset"
	"pipe/pipeline"
	"pipe/stages/evaluate/occlusion"
)

// Explain says which of the mistakes are explained.
type Explain struct {
	On   bool `yaml:"on" short:"true" default:"true" doc:"Whether the report shows what the model looked at."`
	Rows int  `yaml:"rows" default:"0" min:"0" max:"24" doc:"How many of the worst mistakes are shown with what the model looked at. 0 is 12, of which fewer are explained where that would take longer than some seconds: with a number here it takes as long as it takes, at most 196 predictions for each."`
}

// How much is explained if nothing is said.
const (
	usualRows = 12
	// usualFlops is how many operations that may take: seconds, of a processor.
	usualFlops = 1e11
	handful    = 3 // mistakes of a pair of classes, as long as there are others
)

// rows is how many mistakes are shown; budget how many operations explaining them may take, 0 if
// it does not matter.
func (e *Explain) rows() (rows int, budget float64) {
	switch {
	case e == nil || e.On && e.Rows == 0:
		return usualRows, usualFlops
	case !e.On:
		return 0, 0
	}
	return e.Rows, 0
}

// A mistake is a row that is explained.
type mistake struct {
	sample, row int // of the sample, and of the data set
	answer      occlusion.Answer
}

// A finding is what hiding a part of a row has shown.
type finding struct {
	row      int    // of the data set
	input    string // that the part is of
	part     string // what was hidden
	position int    // of a word in its text, from 0
	area     []int  // of a picture: top, left, bottom and right, from 0, the last two not included
	answer   occlusion.Answer
	fall     float64 // of what the model held before
}

// explanations are what the model looked at.
type explanations struct {
	sections []*report.Section
	findings []finding
}

// An explainer finds out what the model looked at in rows of a data set.
type explainer struct {
	*results
	ds     *table.Dataset
	prober *occlusion.Prober
	inputs []*table.InputRows
	flops  float64 // of a row
	budget float64 // that is left; 0: it does not matter
	none   bool    // of the rows was predicted wrong: those are explained that the model was least sure of
	found  explanations
}

// explain looks for what the model has looked at in its worst mistakes.
func (s *Stage) explain(ctx context.Context, from pipeline.Sources, r *results) error {
	rows, budget := s.Explain.rows()
	p := r.data()
	if rows == 0 || p.classes == nil && p.values == nil {
		return nil // errors of several targets cannot be compared
	}
	in, err := from.Open(dataPort)
	if err != nil {
		return err
	}
	defer in.Close()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	defer ds.Close()
	predictor, err := r.model.NewPredictor()
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer predictor.Close()
	e := &explainer{results: r, ds: ds, prober: occlusion.NewProber(predictor, &r.model.Signature), flops: flopsOf(r.model), budget: budget}
	for i := range ds.Info.Inputs {
		rows, err := ds.InputRows(i)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		e.inputs = append(e.inputs, rows)
	}
	list := p.mistakes(rows)
	if len(list) == 0 {
		list, e.none = p.unsure(rows), true
	}
	if err := e.explain(ctx, from, list); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	r.explained = e.found
	return nil
}

// explain chooses the ways that the inputs allow.
func (e *explainer) explain(ctx context.Context, from pipeline.Sources, list []mistake) error {
	shown := e.shown()
	if len(shown) > 0 && len(list) > 0 {
		if err := e.pictures(ctx, list, shown); err != nil {
			return err
		}
	}
	if err := e.features(ctx, list, shown); err != nil {
		return err
	}
	w, err := e.writing(from)
	if err != nil || w == nil {
		return err
	}
	return e.words(ctx, list, w)
}

// An exhibit is an input that is shown as pictures.
type exhibit struct {
	number int // of the input
	name   string
	shape  []int // channels, height, width
	grid   occlusion.Grid
	usual  tensor.Rows
	levels occlusion.Levels
}

// shown are the inputs of pictures.
func (e *explainer) shown() (list []exhibit) {
	n := e.model.Network
	if n == nil {
		return nil
	}
	inputs := e.model.Signature.AllInputs()
	for i := range inputs {
		if shape := dataset.PictureShape(&e.ds.Info, &n.Spec, inputs, i); shape != nil {
			list = append(list, exhibit{number: i, name: e.ds.Info.Inputs[i].Name, shape: shape, grid: occlusion.NewGrid(shape[1], shape[2])})
		}
	}
	return list
}

// perElement is how many operations reading, copying and converting an element is worth.
const perElement = 64

// flopsOf is about how many operations a prediction takes.
func flopsOf(m *estimator.Model) (flops float64) {
	for _, in := range m.Signature.AllInputs() {
		flops += perElement * float64(in.Shape.Size())
	}
	if t := m.Trees; t != nil {
		return flops + 4*float64(len(t.Trees))*float64(t.Depth()+1)
	}
	if shapes, err := m.Network.Spec.Shapes(); err == nil { // it has predicted
		flops += shapes.Flops
	}
	return flops
}

// affords says whether so many predictions are within the budget, which they are taken from.
func (e *explainer) affords(predictions int) bool {
	if e.budget == 0 {
		return true
	}
	cost := float64(float64(predictions) * e.flops)
	if cost > e.budget {
		return false
	}
	e.budget -= cost
	return true
}

// gather reads the inputs of a row.
func (e *explainer) gather(row int) ([]tensor.Rows, error) {
	inputs := make([]tensor.Rows, len(e.inputs))
	for i, rows := range e.inputs {
		inputs[i].Reset(e.ds.Info.Inputs[i].Type, 0)
		if err := rows.Gather([]int{row}, &inputs[i]); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// mistakes are the rows that were predicted wrong, at most so many: a handful of each pair of classes, the pairs first that are
// mixed up most often, and of those the most confident. Of numbers they are those with the largest errors.
func (p *part) mistakes(most int) []mistake {
	var list []mistake
	add := func(i int) { list = append(list, mistake{sample: i, row: p.rowOf(i)}) }
	if p.classes == nil {
		for _, i := range p.worst.sample[:min(most, len(p.worst.sample))] {
			add(i)
		}
		return list
	}
	pairs := p.confusions()
	var more []int
	for _, pair := range pairs {
		for n, i := range pair.rows {
			switch {
			case len(list) == most:
				return list
			case n < handful:
				add(i)
			default:
				more = append(more, i)
			}
		}
	}
	for _, i := range more[:min(len(more), most-len(list))] {
		add(i)
	}
	order := map[[2]int]int{}
	for n, pair := range pairs {
		order[[2]int{pair.actual, pair.predicted}] = n
	}
	slices.SortStableFunc(list, func(a, b mistake) int { // those of a pair together
		c := p.classes
		of := func(m mistake) int { return order[[2]int{c.Actual(m.sample), c.Predicted(m.sample)}] }
		return cmp.Compare(of(a), of(b))
	})
	return list
}

// unsure are the rows of which the model was least sure, at most so many; none of numbers.
func (p *part) unsure(most int) []mistake {
	c := p.classes
	if c == nil {
		return nil
	}
	var least []int
	for i := range c.Rows() {
		at, _ := slices.BinarySearchFunc(least, c.Confidence(i), func(j int, v float64) int {
			return cmp.Or(cmp.Compare(c.Confidence(j), v), -1) // of equals the first rows
		})
		if at < most {
			least = slices.Insert(least[:min(len(least), most-1)], at, i)
		}
	}
	list := make([]mistake, len(least))
	for n, i := range least {
		list[n] = mistake{sample: i, row: p.rowOf(i)}
	}
	return list
}

// A confusion is the rows of a class that were taken for another.
type confusion struct {
	actual, predicted int
	rows              []int // of the sample, the most confident first
}

// confusions are all, the most frequent first.
func (p *part) confusions() []confusion {
	c := p.classes
	at := map[[2]int]int{}
	var list []confusion
	for i := range c.Rows() {
		pair := [2]int{c.Actual(i), c.Predicted(i)}
		if pair[0] == pair[1] {
			continue
		}
		n, ok := at[pair]
		if !ok {
			n = len(list)
			at[pair] = n
			list = append(list, confusion{actual: pair[0], predicted: pair[1]})
		}
		list[n].rows = append(list[n].rows, i)
	}
	slices.SortFunc(list, func(a, b confusion) int {
		return cmp.Or(cmp.Compare(len(b.rows), len(a.rows)), cmp.Compare(a.actual, b.actual), cmp.Compare(a.predicted, b.predicted))
	})
	for _, pair := range list {
		slices.SortStableFunc(pair.rows, func(i, j int) int { return cmp.Compare(c.Confidence(j), c.Confidence(i)) })
	}
	return list
}

// title is that of a section about the rows that are explained.
func (e *explainer) title(and string) string {
	if e.none {
		return "Least certain rows, and " + and
	}
	return "Worst mistakes, and " + and
}

// told says what the model made of a row and what would have been right.
func (r *results) told(m mistake) report.Told {
	p := r.data()
	row := "row\u00a0" + chart.Count(int64(m.row+1)) // not on two lines
	if c := p.classes; c != nil {
		title := c.Names[c.Actual(m.sample)]
		if predicted := c.Predicted(m.sample); predicted != c.Actual(m.sample) {
			title += ", taken for " + c.Names[predicted]
		}
		return report.Told{Title: title, Note: chart.Percentage(c.Confidence(m.sample), 1) + " · " + row}
	}
	v := p.values
	return report.Told{Title: chart.Number(v.Actual[m.sample], 4) + ", taken for " + chart.Number(v.Predicted[m.sample], 4), Note: row}
}

// said writes what the model holds of what it was asked about.
func (r *results) said(v float64) string {
	if r.data().classes != nil {
		return chart.Percentage(v, 1)
	}
	return chart.Number(v, 4)
}

// held names what falls.
func (r *results) held(m mistake) string {
	if c := r.data().classes; c != nil {
		return "the probability of " + c.Names[m.answer.Class]
	}
	return "the prediction"
}
