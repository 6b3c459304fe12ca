package quality

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
)

// ValueErrors shows how far the predictions of a column of numbers are off.
func ValueErrors(v *metric.Values, column string) *report.Section {
	step, note := Every(v.Rows())
	var actual, predicted, residual []float64
	for i := 0; i < v.Rows(); i += step {
		actual = append(actual, v.Actual[i])
		predicted = append(predicted, v.Predicted[i])
		residual = append(residual, v.Residual(i))
	}
	lo, hi := Extremes(v.Actual)
	least, most := Extremes(v.Predicted)
	lo, hi = min(lo, least), max(hi, most)
	scatter := chart.Plot{
		Label: fmt.Sprintf("Predicted over actual %s; a perfect model lies on the diagonal", column), Height: 400,
		X: chart.Axis{Title: "actual"}, Y: chart.Axis{Title: "predicted"},
		Marks: []chart.Mark{
			chart.Dots{Class: chart.Series(0), X: actual, Y: predicted},
			chart.Line{Class: "guide", X: []float64{lo, hi}, Y: []float64{lo, hi}, Tip: "predicted = actual"},
		},
	}
	residuals := chart.Plot{
		Label: "Residual, actual minus predicted, over the predicted value", Height: 400,
		X: chart.Axis{Title: "predicted", Tight: true}, Y: chart.Axis{Title: "residual (actual − predicted)"},
		Marks: []chart.Mark{
			chart.Rule{Horizontal: true},
			chart.Dots{Class: chart.Series(0), X: predicted, Y: residual},
		},
	}
	return &report.Section{Title: "Errors", Blocks: report.Blocks{
		report.Figure{Title: "Predicted against actual", Plot: &scatter, Caption: "On the dashed diagonal a prediction is exact." + note},
		report.Figure{Title: "Residuals", Plot: &residuals, Caption: "A band around zero without a pattern is what one hopes for." + note},
		report.Figure{Title: "Errors", Plot: histogram(v.Rows(), v.Residual, "residual (actual − predicted)"), Caption: "How many rows are off by how much.", Wide: true},
	}}
}

// histogram counts the values of rows, which are numbers, in about thirty equal bins with round edges.
func histogram(rows int, value func(i int) float64, title string) *chart.Plot {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range rows {
		lo, hi = min(lo, value(i)), max(hi, value(i))
	}
	edges := chart.Edges(lo, hi, 30)
	bars := chart.Bars{Class: "c1", Y: make([]float64, len(edges)-1), Low: edges[:len(edges)-1], High: edges[1:]}
	for i := range rows {
		at, found := slices.BinarySearch(edges, value(i))
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

// Extremes are the least and the largest of values that are numbers; of none
// they are infinite.
func Extremes(x []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}

// mostPoints is how many points a chart draws.
const mostPoints = 1500

// Every gives the step at which rows are picked so that few enough are drawn,
// and what to say of it.
func Every(rows int) (step int, caption string) {
	step = (rows + mostPoints - 1) / mostPoints
	if step <= 1 {
		return 1, ""
	}
	return step, fmt.Sprintf(" One row in %d is drawn.", step)
}
