// Package quality shows how good predictions are: sections of a page with what
// can be seen in a sample alone, wherever the predictions come from.
package quality

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/task"
)

// How many classes are drawn.
const (
	mostCells  = 30 // in the confusion matrix
	mostCurves = chart.Colors
	mostRows   = 100 // in the table of classes
)

// ClassErrors shows where the predictions of classes are wrong.
func ClassErrors(c *metric.Classes) *report.Section {
	confusion := c.Confusion()
	s := &report.Section{Title: "Errors", Lead: mixUp(c.Names, confusion)}
	if len(c.Names) <= mostCells {
		s.Blocks = append(s.Blocks, report.Figure{Title: "Confusion", Matrix: matrix(c.Names, confusion),
			Caption: "Counts of rows. The shade is the share of the row: of the rows of a class, how many were predicted as what."})
	}
	reports := c.PerClass()
	slices.SortStableFunc(reports, func(a, b metric.ClassReport) int { return cmp.Compare(a.F1, b.F1) })
	t := report.Table{Title: "Classes", Caption: "The hardest class first. AP is the average precision of a class against the rest.", Columns: []report.Column{{Name: "class"}}}
	for _, name := range []string{"rows", "precision", "recall", "F1", "ROC AUC", "AP"} {
		t.Columns = append(t.Columns, report.Column{Name: name, Number: true})
	}
	for i, p := range reports {
		if i == mostRows {
			t.Caption = fmt.Sprintf("The %d hardest of %d classes. AP is the average precision of a class against the rest.", mostRows, len(reports))
			break
		}
		t.Rows = append(t.Rows, report.Texts(p.Class, chart.Count(p.Rows), chart.Decimals(p.Precision, 3), chart.Decimals(p.Recall, 3), chart.Decimals(p.F1, 3),
			decimals(p.ROCAUC), decimals(p.AveragePrecision)))
	}
	s.Blocks = append(s.Blocks, t)
	return s
}

// decimals writes a score, or a dash where there is none.
func decimals(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return chart.Decimals(v, 3)
}

func matrix(names []string, counts [][]int64) *chart.Matrix {
	m := &chart.Matrix{Label: "Confusion matrix: actual classes by predicted classes",
		RowTitle: "actual", ColTitle: "predicted", Rows: names, Cols: names}
	for a, row := range counts {
		var total int64
		for _, n := range row {
			total += n
		}
		shade, text, tips := make([]float64, len(row)), make([]string, len(row)), make([]string, len(row))
		for p, n := range row {
			if total > 0 {
				shade[p] = float64(n) / float64(total)
			}
			text[p] = chart.Count(n)
			tips[p] = fmt.Sprintf("%s predicted as %s: %s of %s rows (%s)", names[a], names[p],
				chart.Count(n), chart.Count(total), chart.Percentage(shade[p], 1))
		}
		m.Shade, m.Text, m.Tips = append(m.Shade, shade), append(m.Text, text), append(m.Tips, tips)
	}
	return m
}

// mixUp says how many rows were predicted wrong, and names the most frequent
// confusion, if there is one.
func mixUp(names []string, counts [][]int64) string {
	var wrong, most int64
	var actual, predicted, ties int
	for a, row := range counts {
		for p, n := range row {
			if a == p || n == 0 {
				continue
			}
			wrong += n
			switch {
			case n > most:
				most, actual, predicted, ties = n, a, p, 1
			case n == most:
				ties++
			}
		}
	}
	switch {
	case wrong == 0:
		return "Every row was predicted right."
	case wrong == 1:
		return fmt.Sprintf("One row was predicted wrong: %s was taken for %s.", names[actual], names[predicted])
	case most == 1:
		return fmt.Sprintf("%s rows were predicted wrong, no two of them in the same way.", chart.Count(wrong))
	case ties > 1:
		return fmt.Sprintf("%s rows were predicted wrong. %d mistakes are the most frequent, %s times each; one is to take %s for %s.",
			chart.Count(wrong), ties, chart.Count(most), names[actual], names[predicted])
	}
	return fmt.Sprintf("%s rows were predicted wrong. The most frequent mistake is to take %s for %s: %s times.",
		chart.Count(wrong), names[actual], names[predicted], chart.Count(most))
}

// Ranking shows how well the probabilities put rows in order. cut is the
// threshold that is in use of a binary task.
func Ranking(c *metric.Classes, kind task.Kind, cut float64) *report.Section {
	s := &report.Section{Title: "Ranking"}
	if kind == task.Binary {
		s.Lead = fmt.Sprintf("How well the probability of %s tells its rows from the others, whatever threshold is chosen.", c.Names[1])
		if hasROC(c.PerClass()[1]) {
			pr := precisionRecall(c)
			s.Blocks = append(s.Blocks, rocFigure(c, []int{1}, []chart.Line{{Class: "c1"}}, ""), prFigure(c, pr), thresholdFigure(c, pr, cut))
		}
		s.Blocks = append(s.Blocks, scoreFigure(c))
		return s
	}
	s.Lead = "How well the probability of each class tells its rows from all others."
	reports := c.PerClass()
	var curves []chart.Line
	var drawn []int
	for _, j := range byRows(reports) {
		if hasROC(reports[j]) && len(curves) < mostCurves {
			curves, drawn = append(curves, chart.Line{Name: c.Names[j], Class: chart.Series(len(curves))}), append(drawn, j)
		}
	}
	note := ""
	if len(reports) > mostCurves {
		note = fmt.Sprintf(" The %d most frequent classes are drawn.", mostCurves)
	}
	s.Blocks = append(s.Blocks, rocFigure(c, drawn, curves, note), confidenceFigure(c))
	return s
}

// hasROC tells whether rows are of the class, and others are not.
func hasROC(r metric.ClassReport) bool { return !math.IsNaN(r.ROCAUC) }

// A tradeoff is the precision and the recall at each threshold, from the highest.
type tradeoff struct{ recall, precision, threshold []float64 }

func precisionRecall(c *metric.Classes) (t tradeoff) {
	c.PrecisionRecall(1, func(x, y, threshold float64) {
		t.recall, t.precision, t.threshold = append(t.recall, x), append(t.precision, y), append(t.threshold, threshold)
	})
	return t
}

// byRows lists the classes, the most frequent first.
func byRows(reports []metric.ClassReport) []int {
	order := make([]int, len(reports))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(reports[b].Rows, reports[a].Rows) })
	return order
}

func unit(title string) chart.Axis { return chart.Axis{Title: title, Min: 0, Max: 1} }

// rocFigure draws the curves of classes.
func rocFigure(c *metric.Classes, classes []int, curves []chart.Line, note string) report.Figure {
	plot := chart.Plot{Label: "ROC: true positive rate over false positive rate", Height: 380,
		X: unit("false positive rate"), Y: unit("true positive rate"),
		Marks: []chart.Mark{chart.Line{Class: "guide", X: []float64{0, 1}, Y: []float64{0, 1}, Tip: "guessing"}}}
	for _, line := range curves {
		plot.Marks = append(plot.Marks, line)
	}
	for i, class := range classes {
		plot.Marks[i+1] = plot.Trace(curves[i], func(to func(x, y float64)) { c.ROC(class, func(x, y, _ float64) { to(x, y) }) })
	}
	return report.Figure{Title: "ROC", Plot: &plot, Caption: "The dashed diagonal is guessing." + note}
}

func prFigure(c *metric.Classes, pr tradeoff) report.Figure {
	share := float64(c.PerClass()[1].Rows) / float64(c.Rows())
	plot := chart.Plot{Label: "Precision over recall", Height: 380, X: unit("recall"), Y: unit("precision"),
		Marks: []chart.Mark{
			chart.Line{Class: "guide", X: []float64{0, 1}, Y: []float64{share, share}, Tip: "guessing"},
			chart.Line{Class: "c1", Step: true, X: pr.recall, Y: pr.precision}}}
	return report.Figure{Title: "Precision and recall", Plot: &plot,
		Caption: fmt.Sprintf("The dashed line is guessing: %s of the rows are %s.", chart.Percentage(share, 1), c.Names[1])}
}

// thresholdFigure shows what another threshold would give.
func thresholdFigure(c *metric.Classes, pr tradeoff, cut float64) report.Figure {
	f1 := make([]float64, len(pr.recall))
	for i := range f1 {
		if sum := pr.recall[i] + pr.precision[i]; sum > 0 {
			f1[i] = 2 * pr.recall[i] * pr.precision[i] / sum
		}
	}
	plot := chart.Plot{Label: "Precision, recall and F1 over the threshold", Height: 380,
		X: unit("threshold"), Y: unit(""),
		Marks: []chart.Mark{
			chart.Line{Name: "precision", Class: "c1", X: pr.threshold, Y: pr.precision},
			chart.Line{Name: "recall", Class: "c2", X: pr.threshold, Y: pr.recall},
			chart.Line{Name: "F1", Class: "c3", X: pr.threshold, Y: f1},
			chart.Rule{At: cut, Note: "in use"}}}
	return report.Figure{Title: "Threshold", Plot: &plot,
		Caption: fmt.Sprintf("What a row needs to be called %s.", c.Names[1])}
}

// scoreFigure shows how the probability of the positive class is spread over
// the rows of either class.
func scoreFigure(c *metric.Classes) report.Figure {
	const bins = 25
	low, high := make([]float64, bins), make([]float64, bins)
	count := [2][]float64{make([]float64, bins), make([]float64, bins)}
	for b := range bins {
		low[b], high[b] = float64(b)/bins, float64(b+1)/bins
	}
	for i := range c.Rows() {
		b := min(int(c.Probability(i, 1)*bins), bins-1)
		count[c.Actual(i)][b]++
	}
	plot := chart.Plot{Label: "Histogram of the probability of " + c.Names[1] + " for the rows of each class", Height: 380,
		X: unit("probability of " + c.Names[1]), Y: chart.Axis{Title: "rows", Zero: true, Whole: true}}
	for j, class := range []string{"c2", "c1"} {
		plot.Marks = append(plot.Marks, chart.Bars{Name: "actually " + c.Names[j], Class: class + " half", Low: low, High: high, Y: count[j],
			Tips: tips(low, high, count[j])})
	}
	return report.Figure{Title: "Scores", Plot: &plot, Caption: "Two hills that stay apart are what one hopes for."}
}

// confidenceFigure shows how sure the model is when it is right and when it is
// wrong.
func confidenceFigure(c *metric.Classes) report.Figure {
	const bins = 25
	low, high := make([]float64, bins), make([]float64, bins)
	right, wrong := make([]float64, bins), make([]float64, bins)
	for b := range bins {
		low[b], high[b] = float64(b)/bins, float64(b+1)/bins
	}
	for i := range c.Rows() {
		b := min(int(c.Confidence(i)*bins), bins-1)
		if c.Predicted(i) == c.Actual(i) {
			right[b]++
		} else {
			wrong[b]++
		}
	}
	plot := chart.Plot{Label: "Histogram of the probability of the predicted class, for right and wrong predictions", Height: 380,
		X: unit("probability of the predicted class"), Y: chart.Axis{Title: "rows", Zero: true, Whole: true},
		Marks: []chart.Mark{
			chart.Bars{Name: "right", Class: "c1 half", Low: low, High: high, Y: right, Tips: tips(low, high, right)},
			chart.Bars{Name: "wrong", Class: "c2 half", Low: low, High: high, Y: wrong, Tips: tips(low, high, wrong)}}}
	return report.Figure{Title: "Confidence", Plot: &plot, Caption: "How sure the model is when it is right, and when it is wrong."}
}

func tips(low, high, count []float64) []string {
	out := make([]string, len(count))
	for i, n := range count {
		out[i] = fmt.Sprintf("%s to %s: %s rows", chart.Number(low[i], 3), chart.Number(high[i], 3), chart.Count(int64(n)))
	}
	return out
}

// Calibration shows whether probabilities can be taken at their word.
func Calibration(c *metric.Classes, kind task.Kind) *report.Section {
	bins, x, y := c.Confidences(), "probability of the predicted class", "share that was right"
	caption := fmt.Sprintf("Rows in %d equal bins of the probability of the predicted class.", metric.Bins)
	if kind == task.Binary {
		bins, x, y = c.Reliability(1, 10), "probability of "+c.Names[1], "share that was "+c.Names[1]
		caption = fmt.Sprintf("Rows in 10 equal bins of the probability of %s.", c.Names[1])
	}
	var px, py, low, high, rows []float64
	var about, counts []string
	for _, b := range bins {
		low, high, rows = append(low, b.Low), append(high, b.High), append(rows, float64(b.Rows))
		counts = append(counts, fmt.Sprintf("%s to %s: %s rows", chart.Number(b.Low, 3), chart.Number(b.High, 3), chart.Count(b.Rows)))
		if b.Rows > 0 {
			px, py = append(px, b.Predicted), append(py, b.Observed)
			about = append(about, fmt.Sprintf("predicted %s, observed %s, %s rows",
				chart.Percentage(b.Predicted, 1), chart.Percentage(b.Observed, 1), chart.Count(b.Rows)))
		}
	}
	reliability := chart.Plot{Label: "Reliability: what was observed over what was predicted", Height: 380, X: unit(x), Y: unit(y),
		Marks: []chart.Mark{
			chart.Line{Class: "guide", X: []float64{0, 1}, Y: []float64{0, 1}, Tip: "perfectly calibrated"},
			chart.Line{Class: "c1", X: px, Y: py},
			chart.Dots{Class: "c1 solid", X: px, Y: py, Tips: about, Radius: 4}}}
	histogram := chart.Plot{Label: "Rows in each bin", Height: 380, X: unit(x), Y: chart.Axis{Title: "rows", Zero: true, Whole: true},
		Marks: []chart.Mark{chart.Bars{Class: "c1", Low: low, High: high, Y: rows, Tips: counts}}}
	return &report.Section{Title: "Calibration", Lead: calibrationWords(c), Notes: brierWords(c, kind),
		Blocks: report.Blocks{
			report.Figure{Title: "Reliability", Plot: &reliability, Caption: caption + " On the diagonal, what is predicted with 80% comes true in 80% of the cases."},
			report.Figure{Title: "How sure", Plot: &histogram, Caption: "How many rows there are in each bin; a point above that stands for few rows says little."},
		}}
}

// calibrationWords says how far probabilities are off, and what chance alone would make of that.
func calibrationWords(c *metric.Classes) string {
	mean, largest := c.CalibrationError()
	usual, high := c.Chance()
	digits := 1
	if high < .01 {
		digits = 2
	}
	text := fmt.Sprintf("Probabilities are off by %s on average and by %s in the worst of %d bins of the top probability. Of probabilities that are exactly right that would be %s on average, and above %s in one of twenty samples: ",
		chart.Percentage(mean, digits), chart.Percentage(largest, 1), metric.Bins, chart.Percentage(usual, digits), chart.Percentage(high, digits))
	if mean > high {
		return text + "these are off by more than chance makes of so many rows."
	}
	return text + "these may be right."
}

// brierWords takes the Brier score of two classes apart.
func brierWords(c *metric.Classes, kind task.Kind) []string {
	if kind != task.Binary || len(c.Names) != 2 {
		return nil
	}
	b := c.BrierParts()
	if b.Uncertainty == 0 {
		return nil
	}
	score := b.Uncertainty - b.Discrimination + b.Miscalibration
	text := fmt.Sprintf("The Brier score of %s is %s, that of saying the share of %s of every row, less %s for telling rows apart, and %s more for probabilities that are off: ",
		chart.Digits(score, 3), chart.Digits(b.Uncertainty, 3), c.Names[1], chart.Digits(b.Discrimination, 3), chart.Digits(b.Miscalibration, 3))
	if skill := 1 - score/b.Uncertainty; skill > 0 {
		return []string{text + fmt.Sprintf("%s better than the share.", chart.Percentage(skill, 0))}
	}
	return []string{text + "no better than the share."}
}
