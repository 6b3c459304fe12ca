package evaluate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/task"
	"pipe/pipeline"
)

var (
	_ pipeline.Measurer   = (*Stage)(nil)
	_ pipeline.GoalTeller = (*Stage)(nil)
)

// CheckMetric implements pipeline.Measurer. Which of the usual metrics are
// computed follows from the task, which is not always known before the run.
func (s *Stage) CheckMetric(name string, inputs map[string]pipeline.Facts) error {
	t, err := parseTarget(s.defs(), name)
	if err != nil && diag.HintOf(err) == "" {
		err = diag.WithHint(err, "write a metric, such as accuracy, train.rmse or recall[yes]")
	}
	if err != nil {
		return err
	}
	if err := t.connected(dataPorts(inputs)); err != nil {
		return err
	}
	if facts, wrong := learned(inputs); wrong == nil { // otherwise Foresee says so
		if err := misfit(t.metric, facts); err != nil {
			return err
		}
	}
	if slices.Contains(s.Require.Keys(), name) || slices.Contains(s.computed(), t.metric.Name) {
		return nil
	}
	if t.across != nil && slices.Contains(s.Fairness, t.across.column) && s.recordsAcross(t.across) {
		return nil
	}
	if t.across != nil {
		return diag.WithHint(fmt.Errorf("this stage does not compute %s", name), fmt.Sprintf("add it to require, as in `require: {%q: \">= 0\"}`", name))
	}
	if class, one := metric.ClassOf(t.metric.Name); one {
		base, _, _ := strings.Cut(t.metric.Name, "[")
		facts, wrong := learned(inputs)
		several := wrong == nil && slices.ContainsFunc(facts.Tasks, func(k task.Kind) bool { return !k.IsOne() })
		if several && slices.Contains(s.computed(), base) {
			return nil // each target has it
		}
		return diag.WithHint(fmt.Errorf("this stage does not compute %s", name), fmt.Sprintf("add it to require, as in `require: {%q: \">= 0\"}`: metrics lists those of all rows, and %s is one class", name, strconv.Quote(class)))
	}
	return diag.WithHint(fmt.Errorf("this stage does not compute %s", name), "add it to metrics; so far it computes "+strings.Join(s.computed(), ", "))
}

// MetricGoal implements pipeline.GoalTeller.
func (s *Stage) MetricGoal(name string) (metric.Goal, error) {
	t, err := parseTarget(s.defs(), name)
	if err != nil {
		return metric.None, err // CheckMetric says it, too
	}
	return t.metric.Goal, nil
}

// MainMetrics implements pipeline.Measurer: the most important metric first.
func (s *Stage) MainMetrics() []string {
	if asked := s.asked(); len(asked) > 0 {
		return asked.Names()[:1]
	}
	var first []string
	for _, t := range task.All() {
		first = append(first, metric.Usual(t)[0].Name)
	}
	return slices.Compact(first)
}

// computed is what the stage computes of each data set, for any task.
func (s *Stage) computed() []string {
	all := s.asked().Names()
	if len(s.Metrics) > 0 {
		return all
	}
	for _, t := range task.All() {
		for _, name := range metric.Usual(t).Names() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
