package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/task"
)

// fitSection draws what a model of one feature has learned as a curve over
// that feature, with the range that it was trained on.
func (r *results) fitSection() *report.Section {
	if r.task != task.Regression || r.data().x == nil {
		return nil
	}
	column := r.model.Signature.Column
	plot := chart.Plot{
		Label: fmt.Sprintf("Actual values of %s and the curve of the model over %s", column, r.data().xTitle),
		Width: 960, Height: 420,
		X: chart.Axis{Title: r.data().xTitle, Tight: true}, Y: chart.Axis{Title: column},
	}
	caption := "Each point is a row; the line joins what the model says."
	train := r.part("train")
	if train != nil && train.xTitle == r.data().xTitle {
		lo, hi := extremes(train.x)
		plot.Marks = append(plot.Marks, chart.Span{Name: "training range", From: lo, To: hi})
		caption += " Within the shaded range the model has seen examples; outside of it, it extrapolates."
	} else {
		caption += " Connect the training data as `train` to see the range that the model has learned from."
	}
	total := 0
	for _, p := range r.parts {
		total += p.sample.Rows()
	}
	step, note := every(total)
	curve := chart.Line{Name: "model", Class: "model"}
	type point struct{ x, y float64 }
	var points []point
	// data is drawn last, on top.
	for i := len(r.parts) - 1; i >= 0; i-- {
		p := r.parts[i]
		if p.xTitle != r.data().xTitle {
			continue
		}
		dots := chart.Dots{Name: p.port, Class: r.color(p.port)}
		for row := range p.x {
			if math.IsNaN(p.x[row]) {
				continue
			}
			points = append(points, point{p.x[row], p.values.Predicted[row]})
			if row%step == 0 {
				dots.X, dots.Y = append(dots.X, p.x[row]), append(dots.Y, p.values.Actual[row])
			}
		}
		plot.Marks = append(plot.Marks, dots)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	for _, p := range points {
		curve.X, curve.Y = append(curve.X, p.x), append(curve.Y, p.y)
	}
	plot.Marks = append(plot.Marks, curve)
	return &report.Section{Title: "Fit", Lead: r.rangeSentence(), Blocks: report.Blocks{report.Figure{
		Title: fmt.Sprintf("%s over %s", column, r.data().xTitle), Plot: &plot, Caption: caption + note, Wide: true}}}
}

func extremes(x []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}

// rangeSentence compares the errors inside and outside of the training range.
func (r *results) rangeSentence() string {
	train := r.part("train")
	if train == nil || train.xTitle != r.data().xTitle {
		return ""
	}
	lo, hi := extremes(train.x)
	var square [2]float64
	var rows [2]int
	for _, p := range r.parts {
		if p == train {
			continue
		}
		for i, x := range p.x {
			e := p.values.Residual(i)
			switch {
			case x >= lo && x <= hi:
				square[0] += e * e
				rows[0]++
			case !math.IsNaN(x):
				square[1] += e * e
				rows[1]++
			}
		}
	}
	if rows[0] == 0 || rows[1] == 0 {
		return ""
	}
	inside, outside := math.Sqrt(square[0]/float64(rows[0])), math.Sqrt(square[1]/float64(rows[1]))
	text := fmt.Sprintf("Inside the training range, %s to %s, the RMSE on other rows is %s; outside of it, it is %s",
		chart.Number(lo, 3), chart.Number(hi, 3), chart.Number(inside, 3), chart.Number(outside, 3))
	if inside > 0 && outside > 2*inside {
		text += fmt.Sprintf(", %s times as much", chart.Number(outside/inside, 2))
	}
	return text + "."
}

// valueFigures are the charts of a regression's errors.
func (r *results) valueFigures() report.Blocks {
	v := r.data().values
	column := r.model.Signature.Column
	step, note := every(v.Rows())
	var actual, predicted, residual []float64
	for i := 0; i < v.Rows(); i += step {
		actual = append(actual, v.Actual[i])
		predicted = append(predicted, v.Predicted[i])
		residual = append(residual, v.Residual(i))
	}
	lo, hi := extremes(slices.Concat(v.Actual, v.Predicted))
	scatter := chart.Plot{
		Label: fmt.Sprintf("Predicted over actual %s; a perfect model lies on the diagonal", column), Height: 400,
		X: chart.Axis{Title: "actual"}, Y: chart.Axis{Title: "predicted"},
		Marks: []chart.Mark{
			chart.Dots{Class: r.color(dataPort), X: actual, Y: predicted},
			chart.Line{Class: "guide", X: []float64{lo, hi}, Y: []float64{lo, hi}, Tip: "predicted = actual"},
		},
	}
	residuals := chart.Plot{
		Label: "Residual, actual minus predicted, over the predicted value", Height: 400,
		X: chart.Axis{Title: "predicted", Tight: true}, Y: chart.Axis{Title: "residual (actual − predicted)"},
		Marks: []chart.Mark{
			chart.Rule{Horizontal: true},
			chart.Dots{Class: r.color(dataPort), X: predicted, Y: residual},
		},
	}
	all := make([]float64, v.Rows())
	for i := range all {
		all[i] = v.Residual(i)
	}
	return report.Blocks{
		report.Figure{Title: "Predicted against actual", Plot: &scatter, Caption: "On the dashed diagonal a prediction is exact." + note},
		report.Figure{Title: "Residuals", Plot: &residuals, Caption: "A band around zero without a pattern is what one hopes for." + note},
		report.Figure{Title: "Errors", Plot: histogram(all, "residual (actual − predicted)"), Caption: "How many rows are off by how much.", Wide: true},
	}
}

// histogram counts values in about thirty equal bins with round edges.
func histogram(values []float64, title string) *chart.Plot {
	lo, hi := extremes(values)
	edges := chart.Edges(lo, hi, 30)
	bars := chart.Bars{Class: "c1", Y: make([]float64, len(edges)-1), Low: edges[:len(edges)-1], High: edges[1:]}
	for _, v := range values {
		at, found := slices.BinarySearch(edges, v)
		if !found {
			at--
		}
		bars.Y[min(max(at, 0), len(bars.Y)-1)]++
	}
	for i, n := range bars.Y {
		bars.Tips = append(bars.Tips, fmt.Sprintf("%s to %s: %s rows",
			chart.Number(edges[i], 3), chart.Number(edges[i+1], 3), chart.Count(int64(n))))
	}
	return &chart.Plot{
		Label: "Histogram of " + title, Width: 960, Height: 260,
		X: chart.Axis{Title: title, Tight: true}, Y: chart.Axis{Title: "rows", Zero: true, Whole: true},
		Marks: []chart.Mark{bars},
	}
}
