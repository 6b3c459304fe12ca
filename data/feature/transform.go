package feature

import (
	"errors"
	"fmt"
	"slices"

	"pipe/data/table"
)

// A Transform is what was learned from a table. It is immutable and may be
// used by several goroutines.
type Transform struct {
	columns []column
	target  *fittedTarget
	keep    []string

	info    table.DatasetInfo
	classes map[string]int32 // classification: class -> index
	counts  []int64          // likewise: rows of each class in training; only of one that was just fitted
	remarks []Remark         // only of one that was just fitted
}

// Info describes the vectors that Apply makes and the target.
func (t *Transform) Info() table.DatasetInfo {
	target := t.info.Target()
	if target != nil {
		own := *target
		own.Classes = slices.Clone(own.Classes)
		target = &own
	}
	info := table.FlatDataset(slices.Clone(t.info.Features()), target)
	info.Keep = slices.Clone(t.info.Keep)
	return info
}

// ClassCounts is how many rows of each class, in their order, a transform was
// fitted on. It is nil for one that was read, and where there are no classes.
func (t *Transform) ClassCounts() []int64 { return slices.Clone(t.counts) }

// A TypedColumn is a column with its type by table.TypeName.
type TypedColumn struct{ Name, Type string }

// Columns lists the columns that features are made of, as they were in training.
func (t *Transform) Columns() []TypedColumn {
	list := make([]TypedColumn, len(t.columns))
	for i, c := range t.columns {
		list[i] = TypedColumn{c.Name, c.Type}
	}
	return list
}

// width is the number of features.
func (t *Transform) width() int { return len(t.info.Features()) }

// derive makes of the columns, the target and what is kept all that applying
// needs. The error is about features that are too many, or that cannot be told
// apart by name.
func (t *Transform) derive() error {
	var features []table.Feature
	for i := range t.columns {
		c := &t.columns[i]
		c.at = len(features)
		features = append(features, c.derive()...)
		if n := len(features); n > maxFeatures {
			return fmt.Errorf("%d features, at most %d are possible", n, maxFeatures)
		}
	}
	if len(features) == 0 {
		return errors.New("no feature is left after dropping")
	}
	source := make(map[string]string, len(features))
	for _, f := range features {
		if other, ok := source[f.Name]; ok {
			return fmt.Errorf("columns %q and %q would both make a feature named %q: rename a column or one of its values", other, f.Column, f.Name)
		}
		source[f.Name] = f.Column
	}
	t.info = table.FlatDataset(features, nil)
	t.info.Keep = t.keep
	target := t.target
	if target == nil {
		return nil
	}
	t.info.Targets = []table.Target{{Column: target.Column, Task: target.Task, Classes: target.Classes, Scale: 1}}
	if n := target.Number; n != nil {
		t.info.Targets[0].Center, t.info.Targets[0].Scale = n.Center, n.Scale
		return nil
	}
	t.classes = make(map[string]int32, len(target.Classes))
	for i, class := range target.Classes {
		t.classes[class] = int32(i)
	}
	return nil
}
