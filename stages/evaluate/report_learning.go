package evaluate

import (
	"fmt"
	"math"
	"strings"

	"pipe/data/report"
	"pipe/data/report/chart"
)

// learningSection draws the curves of training: a chart for each measure, with
// training and validation in one.
func (r *results) learningSection() *report.Section {
	s := &r.model.Summary
	if s.EpochsRun < 2 || len(s.Curves) == 0 {
		return nil
	}
	out := &report.Section{Title: "Learning", Lead: r.gapSentence()}
	var measures []string
	plots := map[string]*chart.Plot{}
	for _, c := range s.Curves {
		port, measure, ok := strings.Cut(c.Name, ".")
		if !ok {
			port, measure = "train", c.Name
		}
		p := plots[measure]
		if p == nil {
			p = &chart.Plot{
				Label: fmt.Sprintf("%s over %d %ss of training", measure, s.EpochsRun, r.model.Pass()),
				X:     chart.Axis{Title: r.model.Pass(), Whole: true, Tight: true},
				Y:     chart.Axis{Title: r.measureTitle(measure), Log: true},
			}
			plots[measure] = p
			measures = append(measures, measure)
		}
		x := make([]float64, len(c.Values))
		for i := range x {
			x[i] = float64(i + 1)
		}
		p.Y.Log = p.Y.Log && spansDecades(c.Values)
		p.Marks = append(p.Marks, chart.Line{Name: port, Class: r.color(port), X: x, Y: c.Values})
	}
	for _, m := range measures {
		p := plots[m]
		if s.BestEpoch > 0 && s.BestEpoch <= s.EpochsRun {
			p.Marks = append(p.Marks, chart.Rule{At: float64(s.BestEpoch), Note: fmt.Sprintf("best: %s %d", r.model.Pass(), s.BestEpoch)})
		}
		out.Blocks = append(out.Blocks, report.Figure{Title: r.measureTitle(m), Plot: p,
			Caption: "At the end of each " + r.model.Pass() + ", over all rows, in evaluation mode." + r.units(m)})
	}
	return out
}

// units says what the loss of a target that was transformed is about.
func (r *results) units(measure string) string {
	sig := &r.model.Signature
	if sig.Transform == nil || measure != "loss" {
		return ""
	}
	learned := sig.Transform.Of(sig.Column)
	text := " The loss is that of " + learned
	if sig.Center != 0 || sig.Scale != 1 {
		text += fmt.Sprintf(", less %s and divided by %s", chart.Number(sig.Center, 3), chart.Number(sig.Scale, 3))
	}
	return text + "; all else is in units of " + sig.Column + "."
}

// measureTitle is how a curve is called where it is drawn.
func (r *results) measureTitle(measure string) string {
	if def, ok := r.known.Find(measure); ok {
		return def.Title
	}
	return capital(measure)
}

// spansDecades tells whether a logarithmic axis shows more of the values.
func spansDecades(values []float64) bool {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo > 0 && hi/lo > 30
}

// gapSentence says what the curves show about overfitting.
func (r *results) gapSentence() string {
	s := &r.model.Summary
	train, ok := s.Curve("train.loss")
	best := s.BestEpoch - 1
	if !ok || best < 0 || best >= len(train) {
		return ""
	}
	validation, ok := s.Curve("validation.loss")
	if !ok || best >= len(validation) {
		return fmt.Sprintf("Training loss went from %s to %s in %s. There was no validation data, so that overfitting cannot be seen here.",
			chart.Number(train[0], 3), chart.Number(train[len(train)-1], 3), r.passes(len(train)))
	}
	text := fmt.Sprintf("At the best %s, %d, the loss is %s in training and %s in validation",
		r.model.Pass(), s.BestEpoch, chart.Number(train[best], 3), chart.Number(validation[best], 3))
	switch gap := validation[best] - train[best]; {
	case gap <= 0:
		text += ": no sign of overfitting."
	case train[best] > 0:
		text += fmt.Sprintf(", a gap of %s (%s the training loss).", chart.Number(gap, 2), share(gap/train[best]))
	default:
		text += fmt.Sprintf(", a gap of %s.", chart.Number(gap, 2))
	}
	kept := "weights of the best epoch"
	if r.model.Trees != nil {
		kept = "trees up to the best round"
	}
	last := len(validation) - 1
	if worse := validation[last] - validation[best]; last > best && worse > 0 {
		text += fmt.Sprintf(" Over the %s after it the validation loss rose by %s while the training loss went to %s; the model has the %s.",
			r.passes(last-best), chart.Number(worse, 2), chart.Number(train[len(train)-1], 3), kept)
	}
	return text
}

// share says how large a part is of something, which may be smaller.
func share(v float64) string {
	if v >= 10 {
		return chart.Number(v, 2) + " times"
	}
	return chart.Percentage(v, 0) + " of"
}

// passes counts epochs, or rounds.
func (r *results) passes(n int) string {
	if n == 1 {
		return "one " + r.model.Pass()
	}
	return fmt.Sprintf("%d %ss", n, r.model.Pass())
}
