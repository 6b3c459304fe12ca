package metric

import "pipe/base/exact"

// Cells are the rows by one class against the rest: true and false, positive
// and negative. They are numbers of rows, or sums of their weights.
type Cells struct{ TP, FP, FN, TN float64 }

func precisionOf(c Cells) float64 { return ratio(c.TP, c.TP+c.FP) }
func recallOf(c Cells) float64    { return ratio(c.TP, c.TP+c.FN) }
func f1Of(c Cells) float64        { return ratio(2*c.TP, 2*c.TP+c.FP+c.FN) }

// ratio is a/b, and 0 where that is 0/0 (zero_division=0 of scikit-learn).
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func precision() *Def {
	return &Def{Name: "precision", Title: "Precision", Goal: Up, Range: unitRange, Source: "sklearn.metrics.precision_score", Cells: precisionOf,
		Among: func(_, predicted bool) bool { return predicted },
		Doc:   "Share of rows predicted to be of the positive class that are; 0 if none is predicted."}
}

func recall() *Def {
	return &Def{Name: "recall", Title: "Recall", Goal: Up, Range: unitRange, Source: "sklearn.metrics.recall_score", Cells: recallOf,
		Among: func(actual, _ bool) bool { return actual },
		Doc:   "Share of the rows of the positive class that are predicted to be; 0 if there is none."}
}

func selectionRate() *Def {
	return &Def{Name: "selection_rate", Title: "Selection rate", Range: unitRange, Source: "fairlearn.metrics.selection_rate",
		Doc:   "Share of all rows that are predicted to be of the positive class.",
		Cells: func(c Cells) float64 { return ratio(c.TP+c.FP, c.TP+c.FP+c.FN+c.TN) },
		Among: func(_, _ bool) bool { return true }}
}

func falsePositiveRate() *Def {
	return &Def{Name: "false_positive_rate", Title: "False positive rate", Goal: Down, Range: unitRange, Source: "fairlearn.metrics.false_positive_rate",
		Doc:   "Share of the rows of the other class that are predicted to be of the positive one; 0 if there is none.",
		Cells: func(c Cells) float64 { return ratio(c.FP, c.FP+c.TN) },
		Among: func(actual, _ bool) bool { return !actual }}
}

func f1() *Def {
	return &Def{Name: "f1", Title: "F1", Goal: Up, Range: unitRange, Source: "sklearn.metrics.f1_score", Cells: f1Of,
		Doc: "2TP/(2TP+FP+FN) of the positive class."}
}

func macroPrecision() *Def { return macro(precision()) }
func macroRecall() *Def    { return macro(recall()) }
func macroF1() *Def        { return macro(f1()) }

// macro is the plain mean of a metric over the classes.
func macro(of *Def) *Def {
	return &Def{Name: "macro_" + of.Name, Title: "Macro " + titleOf(of.Name), Goal: of.Goal, Range: of.Range, Source: of.Source + `, average="macro"`,
		Doc:  "Plain mean over the classes that occur among actual or predicted values.",
		Each: func() *Def { return of },
		Classes: func(t *Tally) (float64, error) {
			var s exact.Sum
			var n int
			for j := range t.actual {
				if t.occurs[j] {
					s.Add(of.Cells(t.Cells(j)))
					n++
				}
			}
			return s.Value() / float64(n), nil
		}}
}

func weightedPrecision() *Def { return weighted(precision()) }
func weightedF1() *Def        { return weighted(f1()) }

func weightedRecall() *Def {
	d := weighted(recall())
	d.Doc = "Mean over the classes, each by its number of rows; equals accuracy."
	return d
}

// weighted is the mean of a metric over the classes, each by its number of rows.
func weighted(of *Def) *Def {
	return &Def{Name: "weighted_" + of.Name, Title: "Weighted " + titleOf(of.Name), Goal: of.Goal, Range: of.Range, Source: of.Source + `, average="weighted"`,
		Doc:    "Mean over the classes, each by its number of rows.",
		Labels: func(l *Labels) (float64, error) { return l.weighted(of.Cells) },
		Classes: func(t *Tally) (float64, error) {
			var s exact.Sum
			for j := range t.actual {
				s.Add(t.actual[j] * of.Cells(t.Cells(j)))
			}
			return s.Value() / t.n, nil
		}}
}

// titleOf is how precision, recall and f1 are called behind another word.
func titleOf(name string) string {
	if name == "f1" {
		return "F1"
	}
	return name
}
