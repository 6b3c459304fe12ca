package metric

import (
	"fmt"

	"pipe/base/exact"
	"pipe/data/task"
)

func accuracy() *Def {
	return &Def{Name: "accuracy", Title: "Accuracy", Goal: Up, Range: unitRange, Unit: Share, Interval: Wilson, Source: "sklearn.metrics.accuracy_score",
		Doc:     "Share of rows whose predicted class is the actual one.",
		Labels:  (*Labels).exactly,
		Classes: shareCorrect}
}

func shareCorrect(t *Tally) (float64, error) { return min(1, ratio(t.correct(), t.n)), nil }

func balancedAccuracy() *Def {
	return &Def{Name: "balanced_accuracy", Title: "Balanced accuracy", Goal: Up, Range: unitRange, Unit: Share, Source: "sklearn.metrics.balanced_accuracy_score",
		Doc: "Mean recall of the classes that occur.",
		Classes: func(t *Tally) (float64, error) {
			var s exact.Sum
			var n int
			for j := range t.actual {
				if t.actual[j] > 0 {
					s.Add(recallOf(t.Cells(j)))
					n++
				}
			}
			return s.Value() / float64(n), nil
		}}
}

func topAccuracy(k int) *Def {
	return &Def{Name: fmt.Sprintf("top_%d_accuracy", k), Title: fmt.Sprintf("Top-%d accuracy", k), Goal: Up, Range: unitRange, Unit: Share, Interval: Wilson,
		Tasks: []task.Kind{task.Multiclass}, Of: Probabilities, Source: "sklearn.metrics.top_k_accuracy_score",
		Doc: fmt.Sprintf("Share of rows whose actual class is among the %d most probable.", k),
		Classes: func(t *Tally) (float64, error) {
			if k >= len(t.actual) {
				return 0, Undefinedf("there are only %d classes", len(t.actual))
			}
			var hits exact.Sum
			for i := range t.c.rows {
				if t.c.ahead(i) < k {
					hits.Add(t.of(i))
				}
			}
			return min(1, ratio(hits.Value(), t.n)), nil
		}}
}

// The micro averages are from counts pooled over the classes.

func microPrecision() *Def { return micro(precision()) }
func microRecall() *Def    { return micro(recall()) }
func microF1() *Def        { return micro(f1()) }

func micro(of *Def) *Def {
	return &Def{Name: "micro_" + of.Name, Title: "Micro " + titleOf(of.Name), Goal: Up, Range: unitRange, Interval: Wilson, Source: of.Source + `, average="micro"`,
		Doc:     "From counts pooled over the classes; equals accuracy where each row has one class.",
		Labels:  func(l *Labels) (float64, error) { return of.Cells(l.pooled()), nil },
		Classes: shareCorrect}
}
