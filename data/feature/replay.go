package feature

import (
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/source/schema"
)

// carried takes over what a table says of its columns: how they were read, and what
// they went through.
func (t *Transform) carried(in *arrow.Schema) (err error) {
	steps, err := derive.Carried(in)
	if err != nil {
		return err
	}
	if steps == nil {
		t.reading, err = schema.Carried(in)
		return err
	}
	t.reading, t.steps = steps.Reading, steps.Steps
	return t.replayed()
}

// replayed reads the steps.
func (t *Transform) replayed() (err error) {
	t.replay, err = (&derive.Steps{Steps: t.steps}).Columns()
	return err
}

// replayOf is what a table with a schema has to go through, nil if it has.
func (t *Transform) replayOf(in *arrow.Schema, withTarget bool) (*derive.Replay, error) {
	if t.steps == nil {
		return nil, nil
	}
	through, err := derive.Carried(in)
	if err != nil {
		return nil, err
	}
	if through != nil {
		if !through.Equal(&derive.Steps{Steps: t.steps}) {
			return nil, diag.WithHint(errors.New("its columns were derived in another way than those of the training table"),
				"connect a table that went through the same stages, or one that went through none of them")
		}
		return nil, nil
	}
	var wanted []string
	for _, c := range t.columns {
		wanted = append(wanted, c.Name)
	}
	if withTarget && t.target != nil {
		wanted = append(wanted, t.target.Column)
	}
	for _, name := range t.keep {
		if slices.Contains(wanted, name) {
			continue
		}
		there := true // or it is an error where it has to be there
		for _, need := range derive.NewReplay(t.replay, []string{name}).Needs() {
			there = there && len(in.FieldIndices(need)) > 0
		}
		if there || withTarget {
			wanted = append(wanted, name)
		}
	}
	return derive.NewReplay(t.replay, wanted), nil
}

// readColumns are the columns that were read of which features are made.
func (t *Transform) readColumns() []TypedColumn {
	var wanted []string
	for _, c := range t.columns {
		wanted = append(wanted, c.Name)
	}
	types := map[string]string{}
	if s, err := schema.ReadPart(t.reading, 0, len(t.reading), nil); err == nil {
		for _, c := range s.Columns {
			types[c.Name] = c.Type.String()
		}
	}
	var list []TypedColumn
	for _, name := range derive.NewReplay(t.replay, wanted).Needs() {
		if typ, ok := types[name]; ok {
			list = append(list, TypedColumn{name, typ})
			continue
		}
		for _, c := range t.columns {
			if c.Name == name { // joined to the table after it was derived
				list = append(list, TypedColumn{name, c.Type})
			}
		}
	}
	return list
}

// Needs lists the columns of a table with a schema that are read to make features.
func (t *Transform) Needs(in *arrow.Schema) ([]string, error) {
	a, err := t.newApplier(in, false)
	if err != nil {
		return nil, err
	}
	return a.names(in), nil
}
