package metric

import (
	"fmt"

	"pipe/data/task"
)

// Levels, in percent, at which one of precision and recall is held and the other looked at.
var fixedLevels = []int{50, 80, 90}

// fixed are the metrics that look at one of precision and recall where the other is held.
func fixed() (list List) {
	for _, level := range fixedLevels {
		list = append(list, atFixed("precision", "recall", level, func(recall, precision float64) (held, of float64) { return recall, precision }))
	}
	for _, level := range fixedLevels {
		list = append(list, atFixed("recall", "precision", level, func(recall, precision float64) (held, of float64) { return precision, recall }))
	}
	return list
}

func atFixed(name, other string, level int, order func(recall, precision float64) (held, of float64)) *Def {
	d := &Def{Name: fmt.Sprintf("%s_at_%s_%d", name, other, level), Title: fmt.Sprintf("%s at %d%% %s", capital(name), level, other),
		Goal: Up, Range: unitRange, Tasks: []task.Kind{task.Binary}, Of: Probabilities, Positive: true,
		Source: "sklearn.metrics.precision_recall_curve",
		Doc:    fmt.Sprintf("Highest %s of all thresholds at which %s is %d%% or more; 0 if there is none.", name, other, level)}
	d.Class = func(t *Tally, class int) (float64, error) {
		all := t.actual[class]
		if all == 0 {
			return 0, Undefinedf("there is no row of class %s", t.c.Names[class])
		}
		best := 0.
		t.steps(class, func(_ float64, tp, fp float64) {
			held, of := order(tp/all, ratio(tp, tp+fp))
			if held >= float64(level)/100 {
				best = max(best, of)
			}
		})
		return min(1, best), nil
	}
	d.Classes = func(t *Tally) (float64, error) { return d.Class(t, 1) }
	return d
}

// Cost is the mean cost of a row, where false alarms and misses of the positive class have
// one each, and what is right has none.
func Cost(falseAlarm, miss float64) *Def {
	return &Def{Name: "cost", Title: "Cost", Goal: Down, Range: Range{0, max(falseAlarm, miss)}, Source: "C. Elkan (2001)",
		Doc: fmt.Sprintf("Mean cost of a row: %g for a false alarm, %g for a miss of the positive class.", falseAlarm, miss),
		Cells: func(c Cells) float64 {
			return ratio(falseAlarm*c.FP+miss*c.FN, c.TP+c.FP+c.FN+c.TN)
		}}
}

// capital begins a name with a capital letter.
func capital(name string) string { return string(name[0]-'a'+'A') + name[1:] }
