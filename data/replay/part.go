package replay

import (
	"slices"

	"pipe/data/derive"
)

// A Part is as much of steps as some of the columns behind them need.
type Part struct {
	links []binder
	needs []string
	taken []string
	// computed are those of the columns that are needed of which something is computed, or
	// by which rows are found.
	computed map[string]bool
}

// Given says what is known of rows that are to go through steps. Without it nothing is.
type Given struct {
	Has  func(column string) bool // a column is there
	Read func(column string) bool // a column of this name was read in training
	// Computed are those of the wanted columns of which something is computed.
	Computed []string
	// Wide says that something behind looks at several rows, and does not see those that were
	// left out.
	Wide bool
	// Leave says that rows of which a filter is not true, and rows that an inner join
	// leaves out, are left out again. Otherwise all of them stay.
	Leave bool
}

// NewPart finds out what columns need. It goes from the last step to the first.
func NewPart(steps []*Step, wanted []string, given *Given) *Part {
	p := &Part{links: make([]binder, 0, len(steps)), computed: map[string]bool{}}
	need := slices.Clone(wanted)
	if given != nil {
		for _, name := range given.Computed {
			p.computed[name] = true
		}
	}
	wide := given != nil && given.Wide // a step behind looks at other rows, and does not see those that were left out
	for i, s := range slices.Backward(steps) {
		var b binder
		switch {
		case s.Derive != nil:
			b, need = p.derivation(s.Derive, need)
		case s.Join != nil:
			b, need = p.join(s.Join, need, given, wide)
		case s.Filter != nil:
			b, need = p.filtering(s.Filter, steps[:i], need, given, wide)
		case s.Window != nil:
			b, need = p.window(s.Window, need, given)
			wide = wide || b != nil
		case s.Program != nil:
			b, need = p.program(s.Program)
			wide = wide || s.Program.Group != ""
		}
		if b != nil {
			p.links = append(p.links, b)
		}
	}
	slices.Reverse(p.links)
	slices.Sort(need)
	p.needs = slices.Compact(need)
	return p
}

// Needs are the columns that have to be there, sorted.
func (p *Part) Needs() []string { return p.needs }

// Computes says whether something is computed of a column that has to be there, or
// whether rows are found by it.
func (p *Part) Computes(name string) bool { return p.computed[name] }

// Taken are columns that were joined in training, and that are taken as they are, since
// they are there.
func (p *Part) Taken() []string { return p.taken }

// Wide says whether rows go through a step that looks at others.
func (p *Part) Wide() bool {
	return slices.ContainsFunc(p.links, func(b binder) bool {
		_, window := b.(*windowing)
		command, ok := b.(programmed)
		return window || ok && command.Group != ""
	})
}

// Joins are those for which there has to be another table.
func (p *Part) Joins() (list []*Join) {
	for _, l := range p.links {
		if j, ok := l.(*joining); ok {
			list = append(list, j.Join)
		}
	}
	return list
}

func (p *Part) derivation(s *derive.Columns, need []string) (binder, []string) {
	part := new(derive.Columns)
	before := map[string]bool{}
	for _, name := range need {
		by := p.computed[name]
		for _, e := range s.Rename {
			if e.Value == name {
				part.Rename = append(part.Rename, e)
				name = e.Key
				break
			}
		}
		part.Select = append(part.Select, name)
		before[name] = before[name] || by
	}
	p.computed = before
	need = slices.Clone(part.Select)
	for _, e := range slices.Backward(s.Columns) {
		at := slices.Index(need, e.Key)
		if at < 0 {
			continue
		}
		need = slices.Delete(need, at, at+1)
		delete(p.computed, e.Key)
		for _, name := range e.Value.Columns() {
			p.computed[name] = true
			need = with(need, name)
		}
		e.Value = *e.Value.Try() // a value that cannot be had is missing in a row that is to be scored
		part.Columns = append(part.Columns, e)
	}
	slices.Reverse(part.Columns)
	return (*deriving)(part), need
}

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// join needs the columns by which rows are found in place of those that are added,
// unless somebody has added all of them already.
func (p *Part) join(j *Join, need []string, given *Given, wide bool) (binder, []string) {
	part := *j
	part.Columns = nil
	there := given != nil
	var before []string
	for _, c := range j.Columns {
		if slices.Contains(need, c.Left) {
			part.Columns = append(part.Columns, c)
			there = there && given.Has(c.Left) && !given.Read(c.Left)
		}
	}
	if len(part.Columns) == 0 && wide && j.Inner {
		part.Columns, there = j.Columns[:1], false
	}
	if len(part.Columns) == 0 {
		return nil, need // also of an inner join: what is wanted is there without it
	}
	if there {
		for _, c := range part.Columns {
			p.taken = append(p.taken, c.Left)
		}
		return nil, need
	}
	for _, name := range need {
		if j.added(name) {
			delete(p.computed, name)
			continue
		}
		before = append(before, name)
	}
	for _, name := range j.keys(false) {
		p.computed[name] = true
		before = with(before, name)
	}
	return &joining{Join: &part, from: before, leave: given != nil && given.Leave}, before
}

// filtering needs nothing that is not there, unless rows are to be refused by it: also
// where a later step looks at the rows that are left.
func (p *Part) filtering(f *Filter, before []*Step, need []string, given *Given, wide bool) (binder, []string) {
	if wide && !f.Skip {
		skip := *f
		f, skip.Skip = &skip, true
	}
	columns := f.expr.Columns()
	if !f.Skip {
		if given == nil {
			return nil, need
		}
		part := NewPart(before, columns, given)
		if (len(part.Joins()) > 0 || part.Wide()) && !given.Leave {
			return nil, need // for a count no table is fetched, and no row is asked for those around it, which may not be there yet
		}
		for _, name := range part.Needs() {
			if !given.Has(name) {
				return nil, need
			}
		}
	}
	need = slices.Clone(need)
	for _, name := range columns {
		if f.Skip || given != nil && given.Leave {
			p.computed[name] = true
		}
		need = with(need, name)
	}
	return &filterer{Filter: f, where: f.expr.Try(), leave: given != nil && given.Leave}, need
}
