package format

import (
	"context"
	"encoding/json"
	"slices"

	"pipe/artifacts"
	"pipe/data/profile"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/data/table"
)

// The profile of a table is made when somebody looks, not when the table is: it
// takes as long as reading a file does, and most tables are never looked at. Then it
// is kept as a note of the artifact, so that the next look is at once.

// profileNote is the kind of note that a profile is, and profileVersion what is in
// it: it is raised when a table has another profile than before.
const (
	profileNote    = "profile"
	profileVersion = 3
)

type profileDocument struct {
	Version int `json:"version"`
	*Table
}

// Profile gives what can be shown of a table or a data set without its rows.
func Profile(ctx context.Context, store *artifacts.Store, id artifacts.ID) (*Table, error) {
	if v := notedProfile(store, id); v != nil {
		return v, nil
	}
	return viewTable(ctx, store, id, 0)
}

// KeptProfile is what Profile gives if somebody has asked for it before, else nil.
func KeptProfile(store *artifacts.Store, id artifacts.ID) *Table { return notedProfile(store, id) }

// profiled gives the profile of a table that is open.
func profiled(ctx context.Context, store *artifacts.Store, id artifacts.ID, r *table.Reader) (*Table, error) {
	if v := notedProfile(store, id); v != nil && len(v.Columns) == r.Schema().NumFields() {
		return v, nil
	}
	v, err := profileOf(ctx, r)
	if err != nil {
		return nil, err
	}
	if note, err := json.Marshal(profileDocument{profileVersion, v}); err == nil {
		_ = store.SaveNote(profileNote, id, note) // else the next look takes as long
	}
	return v, nil
}

func profileOf(ctx context.Context, r *table.Reader) (*Table, error) {
	list, err := table.Summarize(r)
	if err != nil {
		return nil, err
	}
	profiles, err := profile.Of(ctx, r)
	if err != nil {
		return nil, err
	}
	v := &Table{Rows: r.NumRows(), Columns: make([]Column, len(list))}
	if found, ok := r.Schema().Metadata().GetValue(csv.DialectKey); ok && json.Valid([]byte(found)) {
		v.Found = json.RawMessage(found)
	}
	for i, c := range list {
		p, f := &profiles[i], r.Schema().Field(i)
		v.Columns[i] = Column{Name: c.Name, Type: c.Type, Role: string(table.RoleOf(f)), Missing: c.Missing, NaN: c.NaN,
			Distinct: p.Distinct, Numbers: p.Numbers, Lengths: p.Lengths, Top: p.Top}
		v.Columns[i].Written, _ = f.Metadata.GetValue(cell.LayoutKey)
		v.Columns[i].Doubt, _ = f.Metadata.GetValue(table.DoubtKey)
		if !c.Empty {
			v.Columns[i].Min, v.Columns[i].Max = &c.Min, &c.Max
		}
	}
	return v, nil
}

// notedProfile is the profile that was kept, or nil.
func notedProfile(store *artifacts.Store, id artifacts.ID) *Table {
	note := store.Note(profileNote, id)
	if note == nil {
		return nil
	}
	d := profileDocument{Table: new(Table)}
	if json.Unmarshal(note, &d) != nil || d.Version != profileVersion || !d.sound() {
		return nil
	}
	return d.Table
}

// sound says whether the counts are some that a table can have: others can write
// notes too.
func (v *Table) sound() bool {
	counts := []int64{v.Rows}
	for _, c := range v.Columns {
		if c.NaN < 0 { // it counts the elements of vectors
			return false
		}
		counts = append(counts, c.Missing)
		if c.Distinct != nil {
			counts = append(counts, c.Distinct.N/2) // an estimate
		}
		for _, top := range c.Top {
			counts = append(counts, top.N)
		}
		if c.Numbers != nil && c.Numbers.Histogram != nil {
			if len(c.Numbers.Histogram.Count) == 0 {
				return false
			}
			counts = append(counts, c.Numbers.Histogram.Count...)
		}
	}
	return v.Rows < 1<<56 && slices.Min(counts) >= 0 && slices.Max(counts) <= v.Rows
}
