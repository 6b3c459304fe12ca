package cell

import (
	"fmt"
	"slices"

	"pipe/base/diag"
)

// A Shared is how the columns of several files that are one table are made.
type Shared struct {
	Plan  *Plan
	First string // the file that the others have to be like, for messages
}

// For is the plan for another file with the same columns, perhaps in another order.
// data names it in messages.
func (s *Shared) For(data string, c *Columns) (*Plan, error) {
	at := places(c.Names)
	for _, name := range s.Plan.Names {
		if _, ok := at[name]; !ok {
			return nil, lacks(data, name, s.First, c.Names)
		}
	}
	if len(c.Names) > len(s.Plan.Names) {
		known := places(s.Plan.Names)
		for _, name := range c.Names {
			if _, ok := known[name]; !ok {
				return nil, lacks(s.First, name, data, s.Plan.Names)
			}
		}
	}
	p := &Plan{Survey: &Survey{Columns: c}, Schema: s.Plan.Schema, Targets: slices.Clone(s.Plan.Targets)}
	for i := range p.Targets {
		p.Targets[i].From = at[s.Plan.Names[p.Targets[i].From]]
	}
	return p, nil
}

// lacks is the error about a file without a column that another has.
func lacks(data, column, other string, names []string) error {
	hint := "files that are one table have the same columns"
	if near, ok := diag.Nearest(column, names); ok {
		hint = fmt.Sprintf("did it mean %q? ", near) + hint
	}
	return diag.WithHint(fmt.Errorf("%s has no column %q, which %s has", data, column, other), hint)
}

func places(names []string) map[string]int {
	at := make(map[string]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	return at
}

// A Join is what is found out about the columns of several files that are one table.
type Join struct {
	all *Survey // nil before the first file
	at  map[string]int
}

// Add adds what was found out about the next file, which has the same columns or, if
// they are Loose, perhaps others.
func (j *Join) Add(file string, s *Survey) {
	if j.all == nil {
		columns := *s.Columns
		columns.Names, columns.Types, columns.keep = slices.Clone(s.Names), slices.Clone(s.Types), slices.Clone(s.keep)
		j.all = &Survey{Columns: &columns, Tallies: make([]Tally, len(s.Names)), Nameless: s.Nameless, Loose: s.Loose}
		j.at = places(s.Names)
	}
	seen := make([]bool, len(j.all.Names))
	for i, name := range s.Names {
		k, ok := j.at[name]
		if !ok {
			k = len(j.all.Names)
			j.at[name] = k
			j.all.Names, j.all.Types = append(j.all.Names, name), append(j.all.Types, s.Types[i])
			if j.all.all {
				j.all.keep = append(j.all.keep, k)
			}
			before := Tally{}
			before.Null(j.all.Rows)
			j.all.Tallies, seen = append(j.all.Tallies, before), append(seen, false)
		}
		seen[k] = true
		j.all.Tallies[k].Add(s.Tallies[i].of(file), 0)
	}
	for k, ok := range seen {
		if !ok {
			j.all.Tallies[k].Null(s.Rows)
		}
	}
	j.all.Rows += s.Rows
}

// Plan decides on the types of the columns by the values of all files.
func (j *Join) Plan() *Plan { return j.all.Plan() }

// of is the tally with examples that say which file they are in.
func (t *Tally) of(file string) *Tally {
	u := *t
	for i, e := range u.examples {
		u.examples[i] = e.of(file)
	}
	if t.noted != nil {
		noted := *t.noted
		noted.first, noted.firstBare = noted.first.of(file), noted.firstBare.of(file)
		u.noted = &noted
	}
	return &u
}

func (e *example) of(file string) *example {
	if e == nil {
		return nil
	}
	c := *e
	c.file = file
	return &c
}
