package feature

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/replay"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/data/table"
)

// carried takes over what a table says of its columns: how they were read, and what
// they went through. features are those that it learns from.
func (t *Transform) carried(in *arrow.Schema, features []Column) (err error) {
	steps, err := replay.Carried(in)
	if err != nil {
		return err
	}
	if steps == nil {
		read := schema.Carried
		for _, f := range features {
			if at := in.FieldIndices(f.Name); len(at) > 0 && in.Field(at[0]).Metadata.FindKey(cell.LayoutKey) >= 0 {
				read = schema.Whole // whoever reads texts as dates has to know how they are written
			}
		}
		t.reading, err = read(in)
		return err
	}
	t.reading, t.steps = steps.Reading, steps.Steps
	return t.replayed()
}

// checkKnown refuses features that are made of what is to be predicted: of later rows.
func checkKnown(in *arrow.Schema, features []Column) error {
	steps, err := replay.Carried(in)
	if err != nil || steps == nil {
		return err
	}
	list, err := steps.List()
	if err != nil {
		return err
	}
	for _, c := range features {
		if later := replay.NewPart(list, []string{c.Name}, nil).Targets(); len(later) > 0 {
			return &SpecError{Column: c.Name, Msg: fmt.Sprintf("it is made of %s, the value of a later row, which nobody knows when a forecast is made", later[0]),
				Fix: "leave it out, with `drop` if a pattern names it; what is known before it comes belongs under `future` of the window"}
		}
	}
	return nil
}

// replayed reads the steps.
func (t *Transform) replayed() (err error) {
	t.replay, err = (&replay.Steps{Steps: t.steps}).List()
	return err
}

// With gives the transform the tables that were joined in training, or later versions
// of them, for rows that have to be joined with them. They stay open for as long as it
// is used.
func (t *Transform) With(tables []replay.Table) *Transform {
	with := *t
	with.tables = tables
	return &with
}

// Joins are the joins that rows go through that were only read.
func (t *Transform) Joins() []*replay.Join { return replay.NewPart(t.replay, t.wanted(), nil).Joins() }

// Joined are the columns that these add for features, with their types.
func (t *Transform) Joined() (list []TypedColumn) {
	for _, j := range t.Joins() {
		for _, c := range j.Columns {
			list = append(list, TypedColumn{c.Left, j.Types[c.Right]})
		}
	}
	return list
}

// wanted are the columns that features are made of.
func (t *Transform) wanted() (names []string) {
	seen := map[string]bool{"": true}
	add := func(name string) {
		if !seen[name] {
			seen[name], names = true, append(names, name)
		}
	}
	for _, c := range t.columns {
		if c.of == nil {
			add(c.Name)
		}
	}
	for _, c := range t.columns {
		add(c.beside)
	}
	return names
}

// replayOf is what rows of a table with a schema have to go through, nil if that is
// nothing.
func (t *Transform) replayOf(in *arrow.Schema, withTarget bool) (*replay.Part, error) {
	if t.steps == nil {
		return nil, nil
	}
	left, _, err := replay.Behind(in, t.replay)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	read := t.types()
	given := &replay.Given{
		Has:   func(name string) bool { return len(in.FieldIndices(name)) > 0 },
		Read:  func(name string) bool { _, ok := read[name]; return ok },
		Leave: withTarget,
	}
	wanted := t.wanted()
	for _, target := range t.targets {
		if withTarget {
			wanted = append(wanted, target.Column)
		}
	}
	for _, name := range t.keep {
		if slices.Contains(wanted, name) {
			continue
		}
		there := true // or it is an error where it has to be there
		part := replay.NewPart(left, []string{name}, given)
		for _, need := range part.Needs() {
			there = there && given.Has(need)
		}
		if there && len(part.Joins()) == 0 || withTarget {
			wanted = append(wanted, name)
		}
	}
	return replay.NewPart(left, wanted, given), nil
}

// Undo gives a table whose columns were derived in another way than those of the training
// table without what was derived, so that its rows can go through what those of training went
// through. It is the table itself where nothing is to be undone, or where that cannot be,
// since a column that is needed is no longer as it was read.
func (t *Transform) Undo(r *table.Reader) (*table.Reader, error) {
	before, left, ok, err := replay.Undone(r.Schema(), t.replay)
	if err != nil || !ok {
		return r, err
	}
	wanted := append(t.wanted(), t.keep...)
	for _, target := range t.targets {
		wanted = append(wanted, target.Column)
	}
	for _, name := range replay.NewPart(left, wanted, nil).Needs() {
		if len(before.FieldIndices(name)) == 0 {
			return r, nil
		}
	}
	return r.As(before)
}

// types are those of the columns that were read.
func (t *Transform) types() map[string]string {
	types := map[string]string{}
	if s, err := schema.ReadPart(t.reading, 0, len(t.reading), nil); err == nil {
		for _, c := range s.Columns {
			types[c.Name] = c.Type.String()
		}
	}
	return types
}

// readColumns are the columns that were read of which features are made.
func (t *Transform) readColumns() []TypedColumn {
	types := t.types()
	var list []TypedColumn
	for _, name := range replay.NewPart(t.replay, t.wanted(), nil).Needs() {
		if typ, ok := types[name]; ok {
			list = append(list, TypedColumn{name, typ})
			continue
		}
		typ := "" // joined to the table after it was derived
		for _, c := range t.columns {
			if c.Name == name {
				typ = c.Type
			} else if c.beside == name {
				typ = cmp.Or(typ, c.besideType)
			}
		}
		if typ != "" {
			list = append(list, TypedColumn{name, typ})
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

// Lacks lists the joins for which rows of a table with a schema need another table.
func (t *Transform) Lacks(in *arrow.Schema) ([]*replay.Join, error) {
	part, err := t.replayOf(in, false)
	if err != nil || part == nil {
		return nil, err
	}
	return part.Joins(), nil
}

// Again lists columns of a table with a schema that are replaced by steps. done is whether it has
// others that only steps make: whoever went through these may have replaced them already.
// said is whether the table says what it went through: then there are none.
func (t *Transform) Again(in *arrow.Schema) (names []string, done, said bool, err error) {
	_, said, err = replay.Behind(in, t.replay)
	if said || err != nil {
		return nil, false, said, err
	}
	part, err := t.replayOf(in, false)
	if err != nil || part == nil {
		return nil, false, false, err
	}
	read := t.types()
	made := replay.Made(t.replay)
	done = slices.ContainsFunc(made, func(name string) bool { _, there := read[name]; return !there && len(in.FieldIndices(name)) > 0 })
	for _, name := range part.Needs() {
		if _, there := read[name]; there && slices.Contains(made, name) && len(in.FieldIndices(name)) > 0 {
			names = append(names, name)
		}
	}
	return names, done, false, nil
}

// Taken lists the columns of a table with a schema that were joined in training, and
// that it has already.
func (t *Transform) Taken(in *arrow.Schema) ([]string, error) {
	part, err := t.replayOf(in, false)
	if err != nil || part == nil {
		return nil, err
	}
	return part.Taken(), nil
}

// Surveys says whether the features of rows of a table with a schema are made of others
// of its rows.
func (t *Transform) Surveys(in *arrow.Schema) bool {
	part, err := t.replayOf(in, false)
	return err == nil && part != nil && part.Wide()
}
