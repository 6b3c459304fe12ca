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
	f, ok := foreseeData(inputs, s.SampleWeight)
	if !ok {
		return pipeline.Facts{}, errors.Join(f.errs...)
	}
	if f.Missing != "" {
		f.wrong("", missingHint, "a network takes no missing numbers, and there are some by %s", f.Missing)
	}
	_, validated := inputs[validationPort]
	loss := s.Loss.Name()
	if tasks := s.Loss.Tasks(); len(tasks) > 0 && s.Loss.Auto == nil {
		f.narrow("loss", "loss: "+loss, loss+" is", "leave it out, and it follows from the target", tasks)
	}
	if s.ClassWeights.used() {
		f.narrow("class_weights", "class_weights", "they are", "remove class_weights", classTasks())
	}
	if s.balance().used() {
		f.narrow("balance", "balance", "it is", "remove balance", classTasks())
	}
	if e := s.EarlyStopping; e != nil {
		tasks, err := nn.CheckMonitor(e.Monitor, validated)
		if err != nil {
			f.errs = append(f.errs, &settings.FieldError{Field: "early_stopping", Err: err})
		} else if len(tasks) < len(task.All()) {
			f.narrow("early_stopping.monitor", "monitor: "+e.Monitor, e.Monitor+" is", "monitor validation.loss, which every task has", tasks)
		}
	}
	f.threshold(s.Threshold, validated)
	return f.Facts, errors.Join(f.errs...)
}

// classTasks are those of one target of classes, which can be balanced.
func classTasks() []task.Kind { return []task.Kind{task.Binary, task.Multiclass} }

// A foresight is what is known before anything runs, with what is wrong.
type foresight struct {
	pipeline.Facts
	errs []error
}

func (f *foresight) wrong(field, hint, format string, args ...any) {
	f.errs = append(f.errs, &settings.FieldError{Field: field, Todo: hint, Err: fmt.Errorf(format, args...)})
}

// narrow is for a setting that is of some tasks.
func (f *foresight) narrow(field, why, subject, hint string, tasks []task.Kind) {
	narrower, ok := f.Facts.Narrow(tasks, why)
	if !ok {
		f.wrong(field, hint, "%s for %s, but %s", subject, taskNames(tasks), f.Facts.Reason())
	}
	f.Facts = narrower
}

func (f *foresight) threshold(t *Threshold, validated bool) {
	if t == nil {
		return
	}
	f.narrow("threshold", "a threshold", "it is", "remove threshold", []task.Kind{task.Binary})
	if by, ok := t.by(); ok && !validated {
		f.errs = append(f.errs, &settings.FieldError{Field: "threshold", Err: errNoValidation(by)})
	}
}

// foreseeData is what follows from the data sets that are connected, rows of which may have a
// weight. It is not ok if there is nothing to learn.
func foreseeData(inputs map[string]pipeline.Facts, weight string) (f *foresight, ok bool) {
	f = &foresight{Facts: inputs[trainPort]}
	facts := f.Facts
	validation := inputs[validationPort]
	for _, part := range []struct {
		port string
		pipeline.Facts
	}{{trainPort, facts}, {validationPort, validation}} {
		if part.Tasks != nil && len(part.Tasks) == 0 {
			f.wrong("", "name a target there", "the %s data has nothing to learn: %s", part.port, part.Reason())
			return f, false
		}
		if c := weight; c != "" && part.Keep != nil && !slices.Contains(part.Keep, c) {
			f.wrong("sample_weight", fmt.Sprintf("add `keep: [%s]` to that preprocess stage", c), "%q is not among the kept columns of the %s data", c, part.port)
		}
	}
	if validation.Tasks != nil {
		narrower, ok := facts.Narrow(validation.Tasks, validation.Why)
		if narrower.From == "" {
			narrower.From = validation.From
		}
		if !ok {
			f.wrong("", "connect two outputs of the same preprocess stage", "training and validation data are for different tasks: %s, but %s", facts.Reason(), validation.Reason())
		}
		f.Facts = narrower
	}
	f.Facts.Keep, f.Facts.Data, f.Facts.Learned = nil, "", facts.Data
	return f, true
}

// missingHint is what to do about numbers that are missing.
const missingHint = "write `impute: median` or the like in the preprocess stage, with `indicator: true`, or train trees: `uses: train_trees`"

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
