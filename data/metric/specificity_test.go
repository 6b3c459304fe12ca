package metric_test

import "pipe/data/metric"

// specificity is the recall of what is not of a class.
func specificity() *metric.Def {
	return &metric.Def{
		Name:   "specificity",
		Title:  "Specificity",
		Doc:    "Share of the rows of other classes that are predicted to be; 0 if there is none.",
		Source: "J. Yerushalmy (1947)",
		Goal:   metric.Up,
		Range:  metric.Range{Low: 0, High: 1},
		Cells: func(c metric.Cells) float64 {
			if c.TN+c.FP == 0 {
				return 0
			}
			return float64(c.TN) / float64(c.TN+c.FP)
		},
	}
}
