package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/replay"
	"pipe/data/table"
)

// A Transform is what was learned from a table. It is immutable and may be
// used by several goroutines.
type Transform struct {
	columns []column
	targets []*fittedTarget
	keep    []string
	reading json.RawMessage
	steps   []json.RawMessage
	replay  []*replay.Step // of the steps
	tables  []replay.Table // that are joined to rows

	dropped []Dropped // features that were not selected

	info    table.DatasetInfo
	classes []map[string]int32 // of each target that is a classification: class -> index
	counts  []int64            // of the only target, if it is one: rows of each class in training; only of one that was just fitted
	remarks []Remark           // only of one that was just fitted
}

// Info describes the vectors that Apply makes and the target.
func (t *Transform) Info() table.DatasetInfo {
	info := table.DatasetInfo{Keep: slices.Clone(t.info.Keep)}
	for _, in := range t.info.Inputs {
		in.Shape, in.Features = slices.Clone(in.Shape), slices.Clone(in.Features)
		info.Inputs = append(info.Inputs, in)
	}
	for _, target := range t.info.Targets {
		target.Classes = slices.Clone(target.Classes)
		info.Targets = append(info.Targets, target)
	}
	return info
}

// Reading is how the data were read that the transform has learned from, as the
// document of a schema. It is nil if the table did not say so.
func (t *Transform) Reading() []byte { return slices.Clone(t.reading) }

// Repeats says whether rows that were only read go through a step, see replay.Steps.
func (t *Transform) Repeats(step json.RawMessage) bool {
	return (&replay.Steps{Steps: t.steps}).Has(step)
}

// Dropped lists the features that were not selected, and why.
func (t *Transform) Dropped() []Dropped { return slices.Clone(t.dropped) }

// ClassCounts is how many rows of each class, in their order, a transform was
// fitted on. It is nil for one that was read, and where there are no classes.
func (t *Transform) ClassCounts() []int64 { return slices.Clone(t.counts) }

// A TypedColumn is a column with its type by table.TypeName.
type TypedColumn struct{ Name, Type string }

// Columns lists the columns that features are made of, as they were in training: of
// columns that were derived, those that were read.
func (t *Transform) Columns() []TypedColumn {
	if t.steps != nil {
		return t.readColumns()
	}
	list := make([]TypedColumn, 0, len(t.columns))
	for _, c := range t.columns {
		if c.of == nil {
			list = append(list, TypedColumn{c.Name, c.Type})
		}
	}
	for _, c := range t.columns {
		if c.beside != "" && !slices.ContainsFunc(list, func(of TypedColumn) bool { return of.Name == c.beside }) {
			list = append(list, TypedColumn{c.beside, c.besideType})
		}
	}
	return list
}

// width is the number of features that are named.
func (t *Transform) width() (n int) {
	for i := range t.columns {
		n += t.columns[i].width
	}
	return n
}

// derive makes of the columns, the target and what is kept all that applying
// needs. The error is about features that are too many, or that cannot be told
// apart by name.
func (t *Transform) derive() error {
	var features []table.Feature
	var wholes []table.Input
	t.markTapped()
	open := map[string]bool{}
	for i := range t.columns {
		c := &t.columns[i]
		open[c.Name] = slices.ContainsFunc(c.steps, func(s step) bool { return keepsMissing(s.Fitted) })
		c.opens = c.form == Numbers && slices.ContainsFunc(c.of, func(name string) bool { return open[name] })
		c.at = len(features)
		stay, err := c.selected(c.derive())
		if err != nil {
			return err
		}
		if len(stay) == 0 && c.kept != nil && !c.tapped {
			return fmt.Errorf("column %q: no feature of it is left", c.Name)
		}
		features = append(features, stay...)
		if n := len(features); n > maxFeatures {
			return fmt.Errorf("%d features, at most %d are possible", n, maxFeatures)
		}
		if c.whole != nil {
			in := c.whole.Input()
			in.Name, in.Features = c.Name, []table.Feature{{Name: c.Name, Column: c.Name}}
			wholes = append(wholes, in)
		}
	}
	if len(features)+len(wholes) == 0 {
		return errors.New("no feature is left after dropping")
	}
	source := make(map[string]string, len(features))
	for _, f := range features {
		other, ok := source[f.Name]
		switch {
		case ok && other == f.Column && strings.HasSuffix(f.Name, "="+missingName):
			return diag.WithHint(fmt.Errorf("column %q: it has the text %q beside missing values, and both would make a feature named %q", f.Column, missingName, f.Name),
				fmt.Sprintf("write `missing: [%q]` in the ingest stage, if it stands for no value, or an `impute` for the column", missingName))
		case ok:
			return fmt.Errorf("columns %q and %q would both make a feature named %q: rename a column or one of its values", other, f.Column, f.Name)
		}
		source[f.Name] = f.Column
	}
	t.info = table.DatasetInfo{Keep: t.keep}
	if len(features) > 0 {
		t.info.Inputs = table.FlatDataset(features, nil).Inputs
	}
	t.info.Inputs = append(t.info.Inputs, wholes...)
	for _, name := range t.keep {
		if slices.ContainsFunc(wholes, func(in table.Input) bool { return in.Name == name }) {
			return diag.WithHint(fmt.Errorf("column %q: it cannot be kept under its name, which the input has that is made of it", name),
				fmt.Sprintf("copy it in a stage `derive` before, such as `columns: {said: %s}`, and write `keep: [said]`", name))
		}
	}
	t.info.Targets, t.classes = nil, make([]map[string]int32, len(t.targets))
	for i, f := range t.targets {
		target := table.Target{Column: f.Column, Task: f.Task, Classes: f.Classes, Scale: 1, Transform: f.Transform}
		if n := f.Number; n != nil {
			target.Center, target.Scale = n.Center, n.Scale
		} else {
			t.classes[i] = make(map[string]int32, len(f.Classes))
			for j, class := range f.Classes {
				t.classes[i][class] = int32(j)
			}
		}
		t.info.Targets = append(t.info.Targets, target)
	}
	return nil
}
