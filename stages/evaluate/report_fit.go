package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/report/quality"
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
	train := r.part(trainPort)
	if train != nil && train.xTitle == r.data().xTitle {
		lo, hi := quality.Extremes(train.x)
		plot.Marks = append(plot.Marks, chart.Span{Name: "training range", From: lo, To: hi})
		caption += " Within the shaded range the model has seen examples; outside of it, it extrapolates."
	} else {
		caption += " Connect the training data as `train` to see the range that the model has learned from."
	}
	total := 0
	for _, p := range r.parts {
		total += p.sample.Rows()
	}
	step, note := quality.Every(total)
	curve := chart.Line{Name: "model", Class: "model"}
	type point struct{ x, y float64 }
	points := make([]point, 0, total)
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
	curve.X, curve.Y = make(chart.Numbers, 0, len(points)), make(chart.Numbers, 0, len(points))
	for _, p := range points {
		curve.X, curve.Y = append(curve.X, p.x), append(curve.Y, p.y)
	}
	plot.Marks = append(plot.Marks, curve)
	return &report.Section{Title: "Fit", Lead: r.rangeSentence(), Blocks: report.Blocks{report.Figure{
		Title: fmt.Sprintf("%s over %s", column, r.data().xTitle), Plot: &plot, Caption: caption + note, Wide: true}}}
}

// rangeSentence compares the errors inside and outside of the training range.
func (r *results) rangeSentence() string {
	train := r.part(trainPort)
	if train == nil || train.xTitle != r.data().xTitle {
		return ""
	}
	lo, hi := quality.Extremes(train.x)
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
