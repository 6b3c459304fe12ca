package train

import (
	"errors"
	"fmt"

	"pipe/data/table"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
)

// A Training is what a stage would do, before it does it.
type Training struct {
	Spec             nn.Spec
	Signature        nn.Signature
	Rows, Validation int // of data; 0 of validation: there is none
	Config           nn.Config
}

// Training looks at the data sets that the stage would be given.
func (s *Train) Training(src pipeline.Sources) (Training, error) {
	m, err := s.measure(src)
	if err != nil {
		return Training{}, err
	}
	t := Training{Spec: m.spec, Signature: m.sig, Rows: m.rows, Validation: m.validation}
	if t.Config, err = s.config(0, m.sig.Classes); err != nil {
		return t, err
	}
	return t, s.augment(&t.Config, m.info, &t.Spec, &t.Signature)
}

// Imagine is Training for data that is not there: so many rows of features, and a
// target of classes, 0 for a number.
func (s *Train) Imagine(rows, validation, features, classes int) (t Training, err error) {
	if len(s.Branches) > 0 || len(s.Wide) > 0 {
		return t, errors.New("the network has branches for inputs of data that is not there")
	}
	t.Rows, t.Validation = rows, validation
	sig := nn.Signature{Column: "target", Task: task.Regression, Scale: 1, Features: numbered("feature", features)}
	switch {
	case classes == 2:
		sig.Task = task.Binary
	case classes > 2:
		sig.Task = task.Multiclass
	}
	if classes >= 2 {
		sig.Classes, sig.Scale = numbered("class", classes), 0
	}
	if t.Spec, t.Signature, err = s.spec(new(table.DatasetInfo), sig); err != nil {
		return t, err
	}
	cfg := *s
	cfg.ClassWeights.Weights = nil // of classes that have names
	if t.Config, err = cfg.config(0, t.Signature.Classes); err != nil {
		return t, err
	}
	return t, s.augment(&t.Config, nil, &t.Spec, &t.Signature)
}

// Anywhere is the stage where nothing is asked of the machine.
func (s *Train) Anywhere() *Train {
	c := *s
	c.Device, c.Precision, c.Deterministic, c.processors = onCPU, full, true, nil
	return &c
}

func numbered(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s %d", name, i+1)
	}
	return list
}
