package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/nn"
	"pipe/pipeline"
)

const (
	// leastValues is how many values of an axis make a line.
	leastValues = 3
	// manyTimes is how much more the greatest value is than the least on an axis of decades.
	manyTimes = 30
	// mostCurves is how many variants a chart of curves shows, the best and the worst.
	mostCurves = chart.Colors
)

// curves reads how the first case of each variant that is shown was trained. A model that is
// no network has none.
func (r *results) curves(from pipeline.Sources) {
	for _, v := range r.shown() {
		port := v.cases[0].name.Of(modelsPort)
		if !slices.Contains(from.Inputs(), port) {
			continue
		}
		in, err := from.Open(port)
		if err != nil {
			continue
		}
		if m, err := nn.ReadModel(in, in.Size()); err == nil {
			v.learned = &m.Summary
		}
		in.Close()
	}
}

// shown are the variants of a chart of curves: the best and the worst, if there are too many.
func (r *results) shown() []*variant {
	if len(r.variants) <= mostCurves {
		return r.variants
	}
	return slices.Concat(r.variants[:mostCurves/2], r.variants[len(r.variants)-mostCurves/2:])
}

// learningSection draws the losses of variants by epoch, in one chart.
func (r *results) learningSection() *report.Section {
	plot := &chart.Plot{Width: 980, Height: 360, X: chart.Axis{Title: "epoch", Whole: true, Tight: true}, Y: chart.Axis{Title: "loss", Log: true}}
	both, n, only := true, 0, ""
	for i, v := range r.shown() {
		if v.learned == nil || v.learned.EpochsRun < 2 {
			continue
		}
		train, trained := v.learned.Curve("train.loss")
		validation, watched := v.learned.Curve("validation.loss")
		if !trained {
			continue
		}
		n, only = n+1, v.name()
		line := func(values []float64, name, what string, dash bool) {
			x := make([]float64, len(values))
			for i := range x {
				x[i] = float64(i + 1)
			}
			plot.Y.Log = plot.Y.Log && !slices.ContainsFunc(values, func(v float64) bool { return !(v > 0) })
			plot.Marks = append(plot.Marks, chart.Line{Name: name, Class: chart.Series(i), X: x, Y: values, Dash: dash, Tip: v.name() + ": loss of " + what})
		}
		if both = both && watched; watched {
			line(validation, v.name(), "validation", false)
			line(train, "", "training", true)
		} else {
			line(train, v.name(), "training", true)
		}
	}
	if n == 0 {
		return nil
	}
	plot.Label = "loss of " + plural(n, "variant") + " epoch by epoch"
	whose := "each"
	if n == 1 { // which has no legend
		whose = only
	}
	caption := "Of the first case of " + whose + ", at the end of each epoch: of validation rows, and dashed of training rows."
	if !both {
		caption += " Without validation data there is no such line."
	}
	if slices.ContainsFunc(r.shown(), func(v *variant) bool { return v.learned == nil }) {
		caption += " A model that is no network has no epochs, and no line."
	}
	if shown := len(r.shown()); shown < len(r.variants) {
		caption += fmt.Sprintf(" The %d best and the %d worst variants.", mostCurves/2, mostCurves/2)
	}
	return &report.Section{Title: "Learning", Blocks: report.Blocks{report.Figure{Title: "Loss by epoch", Caption: caption, Plot: plot, Wide: true}}}
}

// axisFigures draw the metric that decides by each axis whose values are numbers, with a line for
// each combination of the others, and dashed that of training rows if they were measured too.
func (r *results) axisFigures() []report.Block {
	var list []report.Block
	seen := map[string]bool{}
	for _, v := range slices.Concat([]*variant{r.best()}, r.variants) { // of several stages some have axes that others do not have
		for _, of := range v.of {
			if f := r.axisFigure(of.Axis); f != nil && !seen[of.Axis] {
				list = append(list, *f)
			}
			seen[of.Axis] = true
		}
	}
	return list
}

// A place is a variant on an axis.
type place struct {
	x float64
	*variant
}

func (r *results) axisFigure(axis string) *report.Figure {
	lines := map[string][]place{}
	var order []string
	values := map[float64]bool{}
	positive := true
	for _, v := range r.variants {
		label, ok := v.of.Get(axis)
		if !ok {
			continue
		}
		x, err := strconv.ParseFloat(label, 64)
		if err != nil {
			return nil
		}
		var rest []string
		for _, o := range v.of {
			if o.Axis != axis {
				rest = append(rest, o.Axis+"="+o.Label)
			}
		}
		name := strings.Join(rest, ",")
		if lines[name] == nil {
			order = append(order, name)
		}
		lines[name] = append(lines[name], place{x, v})
		values[x], positive = true, positive && x > 0
	}
	if len(values) < leastValues || len(order) > mostCurves {
		return nil
	}
	slices.Sort(order)
	plot := &chart.Plot{Width: 980, Height: 360, X: chart.Axis{Title: axis, Log: positive}, Y: chart.Axis{Title: r.by, Percent: r.def != nil && r.def.Unit == metric.Share},
		Label: r.by + " by " + axis}
	low, high := math.Inf(1), 0.0
	train := "train." + r.by
	measured := slices.Contains(r.metrics, train)
	for i, name := range order {
		places := lines[name]
		slices.SortFunc(places, func(a, b place) int {
			if a.x < b.x {
				return -1
			}
			return 1
		})
		var x, y, z chart.Numbers
		dots := chart.Dots{Class: chart.Series(i), Radius: 3.5}
		for _, p := range places {
			mean := p.stats[r.by].mean
			x, y = append(x, p.x), append(y, mean)
			dots.Tips = append(dots.Tips, p.name()+": "+r.show(mean))
			if measured {
				z = append(z, p.stats[train].mean)
			}
		}
		dots.X, dots.Y = x, y
		for _, v := range slices.Concat(y, z) {
			low, high = min(low, v), max(high, v)
		}
		key := name
		if key == "" {
			key = r.by
		}
		plot.Marks = append(plot.Marks, chart.Line{Name: key, Class: chart.Series(i), X: x, Y: y}, dots)
		if measured {
			plot.Marks = append(plot.Marks, chart.Line{Class: chart.Series(i), X: x, Y: z, Dash: true, Tip: name + ": of training rows"})
		}
	}
	plot.Y.Log = low > 0 && high > manyTimes*low
	caption := "The mean over the cases of each variant."
	if measured {
		caption += " Dashed: of the training rows."
	}
	return &report.Figure{Title: r.by + " by " + axis, Caption: caption, Plot: plot, Wide: true}
}

// gradientSection draws how large gradients were in the first epoch, from the first layer to the
// last, where models were trained with `norms`.
func (r *results) gradientSection() *report.Section {
	plot := &chart.Plot{Width: 980, Height: 360, X: chart.Axis{Title: "layer, from the input to the output", Whole: true, Tight: true}, Y: chart.Axis{Title: "norm of the gradient", Log: true}}
	n := 0
	for i, v := range r.shown() {
		if v.learned == nil || len(v.learned.Norms) == 0 {
			continue
		}
		n++
		var x, y chart.Numbers
		for _, norm := range v.learned.Norms {
			if norm.Value > 0 { // the logarithm of 0 has no place
				x, y = append(x, float64(norm.Layer)), append(y, norm.Value)
			}
		}
		plot.Marks = append(plot.Marks, chart.Line{Name: v.name(), Class: chart.Series(i), X: x, Y: y, Tip: v.name()})
	}
	if n == 0 {
		return nil
	}
	plot.Label = "norms of the gradients of the weights of " + plural(n, "variant") + ", layer by layer"
	return &report.Section{Title: "Gradients", Lead: "Where the line falls towards the input, gradients vanish: the first layers do not learn.",
		Blocks: report.Blocks{report.Figure{Title: "Gradients by layer", Caption: "Of the weights of each layer, at the end of the first epoch, of the first case of each variant.", Plot: plot, Wide: true}}}
}
