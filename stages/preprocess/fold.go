package preprocess

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/pipeline/settings"
)

// The parts of folds.
const foldTrain, foldTest = "train", "test"

// Folds are parts of equal size that take turns as the part test.
type Folds struct {
	Of    int              `yaml:"of" required:"true" min:"2" max:"100" doc:"How many folds there are."`
	Fold  int              `yaml:"fold" required:"true" min:"1" max:"100" doc:"The fold that is the part test, from 1 on. With matrix: {fold: {of: STAGE}} beside it, $matrix.fold makes them all; a parameter, as in $fold, one in each run."`
	Test  *settings.Scalar `yaml:"test" doc:"With time: how long each part test is, such as 24h or 30d, or a whole number if time holds such; the last of them ends with the last row. By default all have the same number of rows."`
	Train *settings.Scalar `yaml:"train" doc:"With time: how long the part train is, up to the part test or the gap before it. By default it begins with the first row."`
}

// Validate finds a fold that there is not.
func (f *Folds) Validate() error {
	if f.Fold > f.Of {
		return fieldError("fold", fmt.Sprintf("write a number from 1 to %d", f.Of), "there is no fold %d of %d", f.Fold, f.Of)
	}
	return nil
}

// FoldsOf implements pipeline.Folder.
func (s *Split) FoldsOf() int {
	if s.Folds == nil {
		return 0
	}
	return s.Folds.Of
}

// equal are the weights of the folds.
func (f *Folds) equal() []uint64 {
	weights := make([]uint64, f.Of)
	for i := range weights {
		weights[i] = 1
	}
	return weights
}

// A foldAssigner makes one of the parts of another the part test, and the rest the
// part train.
type foldAssigner struct {
	assigner
	test int
}

func (a *foldAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	err := a.assigner.assign(rec, parts)
	for i, p := range parts {
		switch int(p) {
		case noPart:
		case a.test:
			parts[i] = 1
		default:
			parts[i] = 0
		}
	}
	return err
}

// validateTime finds settings of cuts in time beside no such cut, and lengths that are
// none whatever the column holds.
func (s *Split) validateTime() error {
	var errs []error
	alone := func(setting string) {
		errs = append(errs, fieldError(setting, "add `time: COLUMN`, or remove it", "it is about cuts in time, and there is no `time`"))
	}
	if s.Time == "" && s.Within != "" {
		alone("within")
	}
	for _, l := range s.lengths() {
		if s.Time == "" {
			alone(l.setting)
		} else if _, ok := distanceOf(l.text); !ok {
			if _, err := nanosOf(l.text); err != nil {
				errs = append(errs, &settings.FieldError{Field: l.setting, Err: err})
			}
		}
	}
	return errors.Join(errs...)
}
