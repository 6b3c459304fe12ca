package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var _ pipeline.Foreseer = (*Train)(nil)

// Foresee finds settings that do not go with each other, with what is to be
// learned, or with the data sets that are connected.
func (s *Train) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	facts := inputs[trainPort]
	var errs []error
	wrong := func(field, hint, format string, args ...any) {
		errs = append(errs, &settings.FieldError{Field: field, Todo: hint, Err: fmt.Errorf(format, args...)})
	}
	validation, validated := inputs[validationPort]
	for _, part := range []struct {
		port string
		pipeline.Facts
	}{{trainPort, facts}, {validationPort, validation}} {
		if part.Tasks != nil && len(part.Tasks) == 0 {
			wrong("", "name a target there", "the %s data has nothing to learn: %s", part.port, part.Reason())
			return pipeline.Facts{}, errors.Join(errs...)
		}
		if c := s.SampleWeight; c != "" && part.Keep != nil && !slices.Contains(part.Keep, c) {
			wrong("sample_weight", fmt.Sprintf("add `keep: [%s]` to that preprocess stage", c), "%q is not among the kept columns of the %s data", c, part.port)
		}
	}
	narrow := func(field, why, subject, hint string, tasks []task.Kind) {
		narrower, ok := facts.Narrow(tasks, why)
		if !ok {
			wrong(field, hint, "%s for %s, but %s", subject, taskNames(tasks), facts.Reason())
		}
		facts = narrower
	}
	if validation.Tasks != nil {
		before := facts
		narrower, ok := facts.Narrow(validation.Tasks, validation.Why)
		if narrower.From == "" {
			narrower.From = validation.From
		}
		if facts = narrower; !ok {
			wrong("", "connect two outputs of the same preprocess stage", "training and validation data are for different tasks: %s, but %s", before.Reason(), validation.Reason())
		}
	}
	loss := s.Loss.Name()
	if tasks := s.Loss.Tasks(); len(tasks) > 0 && s.Loss.Auto == nil {
		narrow("loss", "loss: "+loss, loss+" is", "leave it out, and it follows from the target", tasks)
	}
	classes := []task.Kind{task.Binary, task.Multiclass}
	if s.ClassWeights.Weights != nil {
		narrow("class_weights", "class_weights", "they are", "remove class_weights", classes)
	}
	if s.balance().used() {
		narrow("balance", "balance", "it is", "remove balance", classes)
	}
	if e := s.EarlyStopping; e != nil {
		tasks, err := nn.CheckMonitor(e.Monitor, validated)
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: "early_stopping", Err: err})
		} else if len(tasks) < len(task.All()) {
			narrow("early_stopping.monitor", "monitor: "+e.Monitor, e.Monitor+" is", "monitor validation.loss, which every task has", tasks)
		}
	}
	if t := s.Threshold; t != nil {
		narrow("threshold", "a threshold", "it is", "remove threshold", []task.Kind{task.Binary})
		if t.Best != "" && !validated {
			errs = append(errs, &settings.FieldError{Field: "threshold", Err: errNoValidation(t.Best)})
		}
	}
	facts.Keep = nil
	return facts, errors.Join(errs...)
}

// taskNames writes tasks for people: what they have in common if that is so.
func taskNames(tasks []task.Kind) string {
	if all := slices.ContainsFunc(tasks, task.Kind.IsOne); all && len(tasks) > 1 {
		classes := slices.ContainsFunc(tasks, task.Kind.IsClassification)
		numbers := slices.ContainsFunc(tasks, func(k task.Kind) bool { return !k.IsClassification() })
		switch {
		case !numbers:
			return "classification"
		case !classes:
			return "regression"
		}
	}
	words := make([]string, len(tasks))
	for i, t := range tasks {
		switch words[i] = string(t); t {
		case task.Binary:
			words[i] = "two classes"
		case task.Multioutput:
			words[i] = "several numbers"
		case task.Multilabel:
			words[i] = "several labels"
		}
	}
	return strings.Join(words, " or ")
}
