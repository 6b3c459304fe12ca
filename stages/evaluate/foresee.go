package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/metric"
	"pipe/pipeline"
)

var _ pipeline.Foreseer = (*Stage)(nil)

// Foresee finds metrics of tasks that the model is not for, conditions on data
// sets that are not connected, and slices by columns that were not kept.
func (s *Stage) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	var errs []error
	wrong := func(field, hint, format string, args ...any) {
		errs = append(errs, &pipeline.FieldError{Field: field, Hint: hint, Err: fmt.Errorf(format, args...)})
	}
	facts := inputs[modelPort]
	ports := []string{dataPort}
	for port := range inputs {
		if port != modelPort && port != dataPort {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports[1:])
	for _, port := range ports {
		data := inputs[port]
		if data.Tasks == nil {
			continue
		}
		if len(data.Tasks) == 0 {
			wrong("", "use a predict stage where the truth is not known", "there is nothing to compare predictions with in the data set %s: %s", port, data.Reason())
			return pipeline.Facts{}, errors.Join(errs...)
		}
		narrower, ok := facts.Narrow(data.Tasks, data.Why)
		if !ok {
			wrong("", "connect the data sets of the preprocess stage that the model was trained with",
				"model and data set %s are for different tasks: %s, but %s", port, facts.Reason(), data.Reason())
		}
		if narrower.From == "" {
			narrower.From = data.From
		}
		facts = narrower
	}
	check := func(field, name string) {
		of := func(t string) bool { return t != string(metric.Regression) } // recall[Gentoo]
		if _, _, perClass := metric.PerClass(name); !perClass {
			def, ok := metric.Find(name)
			of = func(t string) bool { return ok && def.For(metric.Task(t)) }
		}
		if facts.Tasks != nil && !slices.ContainsFunc(facts.Tasks, of) {
			wrong(field, "usual are "+strings.Join(metric.Defaults(metric.Task(facts.Tasks[0])), ", "), "%s is not a metric of %s: %s", name, tasksName(facts.Tasks), facts.Reason())
		}
	}
	for i, name := range s.Metrics {
		check(fmt.Sprintf("metrics.%d", i), name)
	}
	for _, e := range s.Require {
		t, err := parseTarget(e.Key)
		if err != nil {
			continue // Validate said so
		}
		if err := t.connected(ports); err != nil {
			errs = append(errs, &pipeline.FieldError{Field: "require." + e.Key, Err: err})
		}
		check("require."+e.Key, t.metric)
	}
	for i, c := range s.Slices {
		if keep := inputs[dataPort].Keep; keep != nil && !slices.Contains(keep, c) {
			wrong(fmt.Sprintf("slices.%d", i), fmt.Sprintf("add %q to `keep` of the preprocess stage", c), "%q is not among the kept columns, which are %s", c, quoteAll(keep))
		}
	}
	return pipeline.Facts{}, errors.Join(errs...)
}

// tasksName writes what several tasks have in common.
func tasksName(tasks []string) string {
	if len(tasks) > 1 {
		return "classification" // nothing else has two tasks
	}
	return taskName(metric.Task(tasks[0]))
}
