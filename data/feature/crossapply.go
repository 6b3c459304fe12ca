package feature

import (
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/cell"
)

// A batch is some rows whose columns become features one after the other. What others are
// crossed of is held until these are made.
type batch struct {
	rec  arrow.RecordBatch
	at   int // of the column at hand, in the record
	by   int // of the one beside it
	taps map[string]*tapped
	with combiner
}

// tapped is what others are crossed of a column: its numbers, or its categories.
type tapped struct {
	values Values
	bad    []bool // rows whose problem is known
}

// begin is for the next rows, and end lets go of them.
func (b *batch) begin(rec arrow.RecordBatch) { b.rec = rec }

func (b *batch) end() {
	b.rec = nil
	for _, t := range b.taps {
		t.values.Texts, t.values.Valid, t.values.Fill, t.bad = nil, nil, nil, nil
	}
}

func (b *batch) rows() int { return int(b.rec.NumRows()) }

// values reads those of a column, or makes them of the columns that it is crossed of. A
// row that one of these could not be made of has a problem that is known.
func (b *batch) values(c *column, v *Values, out *Out) error {
	v.beside = nil
	if c.beside != "" {
		v.beside = new(grouping)
		rd := reading{column: c.beside, fitted: c.besideType}
		_, rd.quoted = b.rec.Schema().Field(b.by).Metadata.GetValue(cell.QuotedKey)
		var err error
		if v.beside.texts, v.beside.valid, err = rd.categories(b.rec.Column(b.by)); err != nil {
			return err
		}
	}
	if c.of == nil {
		_, v.quoted = b.rec.Schema().Field(b.at).Metadata.GetValue(cell.QuotedKey)
		return c.readLater(b.rec.Column(b.at), v, out)
	}
	*v = Values{rows: b.rows(), buf: v.buf, place: v.place}
	sources := make([]*Values, len(c.of))
	for i, name := range c.of {
		t := b.taps[name]
		sources[i] = &t.values
		if t.bad == nil || i > 0 && c.of[i-1] == name {
			continue
		}
		if out.bad == nil {
			out.bad = make([]bool, v.rows)
		}
		for r, is := range t.bad {
			out.bad[r] = out.bad[r] || is
		}
	}
	if first := v.cross(c.form, sources, &b.with); first >= 0 {
		for r, x := range v.Numbers[first:] {
			if x-x != 0 && x == x {
				out.fail(tooLarge(c.Name, first+r))
				v.Numbers[first+r] = math.NaN()
			}
		}
	}
	return nil
}

// upTo is how many steps of a column make what others are crossed of it, and -1 if none
// is.
func (b *batch) upTo(c *column) int {
	if !c.tapped {
		return -1
	}
	upTo, _ := c.crossing()
	return upTo
}

// tap holds what others are crossed of a column.
func (b *batch) tap(c *column, v *Values) {
	t := b.taps[c.Name]
	if t == nil {
		t = new(tapped)
		if b.taps == nil {
			b.taps = map[string]*tapped{}
		}
		b.taps[c.Name] = t
	}
	t.values = Values{rows: v.rows, buf: append(t.values.buf[:0], v.Numbers...), Texts: v.Texts, Valid: v.Valid, Fill: v.Fill}
	t.values.Numbers = t.values.buf
}

// tapped notes the rows that a column could not be made of.
func (b *batch) tapped(c *column, out *Out) {
	if c.tapped {
		b.taps[c.Name].bad = out.bad
	}
}

// markTapped finds the columns that others are crossed of.
func (t *Transform) markTapped() {
	of := map[string]bool{}
	for i := range t.columns {
		for _, name := range t.columns[i].of {
			of[name] = true
		}
	}
	for i := range t.columns {
		t.columns[i].tapped = of[t.columns[i].Name]
	}
}

// Sources are the columns of a table that the features of a column are made of, for those
// that are made of others than it alone.
func (t *Transform) Sources() map[string][]string {
	all := map[string][]string{}
	beside := map[string]string{}
	for i := range t.columns {
		c := &t.columns[i]
		var list []string
		switch {
		case c.of != nil:
			for _, name := range c.of {
				list = append(list, name)
				if by := beside[name]; by != "" {
					list = append(list, by)
				}
			}
		case c.beside != "":
			beside[c.Name], list = c.beside, []string{c.Name, c.beside}
		}
		if list != nil {
			slices.Sort(list)
			all[c.Name] = slices.Compact(list)
		}
	}
	return all
}
