package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/leak"
	"pipe/data/metric"
	"pipe/data/task"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var _ pipeline.Foreseer = (*Stage)(nil)

// Foresee finds metrics of tasks that the model is not for, conditions on data
// sets that are not connected, and slices by columns that were not kept.
func (s *Stage) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	facts, errs := learned(inputs)
	ports := dataPorts(inputs)
	add := func(field string, err error) {
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: field, Err: err})
		}
	}
	asked := s.asked()
	if s.Costs != nil {
		add("costs", misfit(asked[0], facts))
		asked = asked[1:]
	}
	for i, def := range asked {
		add(fmt.Sprintf("metrics.%d", i), misfit(def, facts))
	}
	for _, e := range s.Require {
		t, err := parseTarget(s.defs(), e.Key)
		if err != nil {
			continue // Validate said so
		}
		add("require."+e.Key, t.connected(ports))
		add("require."+e.Key, s.simpleKnown(t, e.Value, ports))
		add("require."+e.Key, misfit(t.metric, facts))
	}
	kept := func(field, c string) {
		if keep := inputs[dataPort].Keep; keep != nil && !slices.Contains(keep, c) {
			add(field, diag.WithHint(fmt.Errorf("%q is not among the kept columns, which are %s", c, quoteAll(keep)),
				fmt.Sprintf("add %q to `keep` of the preprocess stage", c)))
		}
	}
	for i, c := range s.Slices {
		kept(fmt.Sprintf("slices.%d", i), c)
	}
	for i, c := range s.Fairness {
		kept(fmt.Sprintf("fairness.%d", i), c)
	}
	if len(s.Fairness) > 0 && facts.Tasks != nil && !slices.Contains(facts.Tasks, task.Binary) {
		add("fairness", diag.WithHint(fmt.Errorf("groups are compared by how often the positive one of two classes is predicted, and this is %s: %s", tasksName(facts.Tasks), facts.Reason()),
			"remove fairness; slices, and conditions such as `accuracy.COLUMN.difference`, compare groups of any model"))
	}
	for _, port := range ports {
		if c, keep := s.SampleWeight, inputs[port].Keep; c != "" && keep != nil && !slices.Contains(keep, c) {
			add(weightSetting, diag.WithHint(fmt.Errorf("%q is not among the kept columns of the data set %s, which are %s", c, port, quoteAll(keep)),
				fmt.Sprintf("add %q to `keep` of the preprocess stage", c)))
		}
	}
	var own pipeline.Facts
	if of := inputs[dataPort].Data; of != "" && of == inputs[modelPort].Learned && len(errs) == 0 && !s.allows(leak.RepeatedRows) {
		own.Doubts = []pipeline.Doubt{{Port: dataPort, Msg: fmt.Sprintf("the model has learned from %s: what is measured on it says little of new rows", of),
			Hint: "connect rows that it has not learned from, such as the part test of a stage `split`; `allow: [repeated_rows]` says that it is meant"}}
	}
	return own, errors.Join(errs...)
}

// learned is what is known of the task, from the model and all data sets. Errors
// say where they contradict each other.
func learned(inputs map[string]pipeline.Facts) (facts pipeline.Facts, errs []error) {
	facts = inputs[modelPort]
	for _, port := range dataPorts(inputs) {
		data := inputs[port]
		if data.Tasks == nil {
			continue
		}
		if len(data.Tasks) == 0 {
			err := fmt.Errorf("there is nothing to compare predictions with in the data set %s: %s", port, data.Reason())
			return pipeline.Facts{}, append(errs, diag.WithHint(err, "use a predict stage where the truth is not known"))
		}
		narrower, ok := facts.Narrow(data.Tasks, data.Why)
		if !ok {
			errs = append(errs, diag.WithHint(fmt.Errorf("model and data set %s are for different tasks: %s, but %s", port, facts.Reason(), data.Reason()),
				"connect the data sets of the preprocess stage that the model was trained with"))
		}
		if narrower.From == "" {
			narrower.From = data.From
		}
		facts = narrower
	}
	return facts, errs
}

// dataPorts lists the data sets, the main one first.
func dataPorts(inputs map[string]pipeline.Facts) []string {
	ports := []string{dataPort}
	for port := range inputs {
		if port != modelPort && port != dataPort && port != againstPort && port != transformPort {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports[1:])
	return ports
}

// misfit says that a metric is of none of the tasks that there may be.
func misfit(def *metric.Def, facts pipeline.Facts) error {
	if facts.Tasks == nil || slices.ContainsFunc(facts.Tasks, def.For) {
		return nil
	}
	return diag.WithHint(fmt.Errorf("%s is not a metric of %s: %s", def.Name, tasksName(facts.Tasks), facts.Reason()),
		"usual are "+strings.Join(metric.Usual(facts.Tasks[0]).Names(), ", "))
}

// tasksName writes what several tasks have in common.
func tasksName(tasks []task.Kind) string {
	if len(tasks) == 1 {
		return taskName(tasks[0])
	}
	if !slices.ContainsFunc(tasks, task.Kind.IsClassification) {
		return "regression"
	}
	if !slices.ContainsFunc(tasks, task.Kind.IsOne) {
		return "several targets"
	}
	return "classification"
}
