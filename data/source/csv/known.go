package csv

import (
	"bytes"
	"fmt"
	"slices"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// known is what is known of the columns of a file before it is looked at, since
// others of its kind were read. It is the zero value if nothing is.
type known struct {
	names    []string // of all columns, in the order that they have in a file without a header
	optional []string // those of them that a file need not have
	types    cell.Types
	expected bool // nothing is to be inferred
	agreed   bool // a schema says so, which need not have all columns
}

func knownOf(in *Reader, c *cell.Contract) known {
	k := known{names: in.Names, optional: c.Optional, types: c.Types(), agreed: c.Agreed}
	named := c.Named()
	if k.expected = named != nil; in.Names == nil {
		k.names = named
	}
	return k
}

// of are the names of the columns of a file that has n of them, and no names: all that
// are known, or those that it must have. They are nil if neither fits.
func (k *known) of(n int) []string {
	if n == len(k.names) {
		return k.names
	}
	needed := k.needed()
	if n != len(needed) {
		return nil
	}
	return needed
}

// needed are the names of the columns that a file must have.
func (k *known) needed() []string {
	return slices.DeleteFunc(slices.Clone(k.names), func(name string) bool { return slices.Contains(k.optional, name) })
}

// all says whether some texts, each another one, have the names of all columns that a
// file must have.
func (k *known) all(texts []string) bool {
	are := make(map[string]bool, len(texts))
	for _, text := range texts {
		if are[text] {
			return false
		}
		are[text] = true
	}
	needed := k.needed()
	return len(needed) > 0 && !slices.ContainsFunc(needed, func(name string) bool { return !are[name] })
}

// lists says how many of some texts are names of columns, each of another.
func (k *known) lists(texts []string) int {
	are := make(map[string]bool, len(k.names))
	for _, name := range k.names {
		are[name] = true
	}
	n := 0
	for _, text := range texts {
		if are[text] {
			delete(are, text)
			n++
		}
	}
	return n
}

// isHeader tells from a sample whether its first record names columns, some of which
// are known. It does if it has nothing but such names, or all that a file must have,
// whatever else it has. It does not if it has a
// value of the right type for each column, text apart. If it has neither, one
// name is enough; a record that says nothing is one if files of this kind have a
// header. If most of its fields are such names, and values as well, that is for the
// settings to say, and an error if they leave it open.
func (r *reading) isHeader(sample []byte, usually, open bool) (bool, error) {
	rs := r.firstOf(sample)
	if rs == nil {
		return true, nil
	}
	names := r.namesIn(rs)
	switch n := r.known.lists(names); {
	case n == len(names), r.known.all(names):
		return true, nil
	case !r.areValues(rs):
		return n > 0 || usually, nil
	case 2*n <= len(names):
		return false, nil
	case !open:
		return true, nil
	}
	return false, diag.WithHint(fmt.Errorf("%s:%d: the first record can be the header, since it has names of columns, and a row, since it has their values", r.file.Name, r.lines+int64(rs.line)+1),
		"set header: true or header: false")
}

// firstOf has the first record of a sample, nil if there is none that can be read.
func (r *reading) firstOf(sample []byte) *records {
	rs := &records{dialect: r.dialect}
	rs.recovers, rs.open = true, r.offset+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	if !rs.record() {
		return nil
	}
	return rs
}

// namesIn are the fields of a record as names.
func (r *reading) namesIn(rs *records) []string {
	names := make([]string, len(rs.fields))
	for i, f := range rs.fields {
		text := rs.text(f)
		if f.form == bare {
			text = bytes.Trim(text, " \t")
		}
		names[i] = string(text)
	}
	return names
}

// areValues says whether a record has values of the types of the columns, one at
// least that is no text.
func (r *reading) areValues(rs *records) bool {
	names := r.known.of(len(rs.fields))
	typed := false
	for i, name := range names {
		want := r.known.types.Of(name)
		if want.Type == cell.String || want.Type == cell.Undeclared {
			continue
		}
		var t cell.Tally
		if v := t.Value(&r.rules, want, rs.fields[i].cell(), rs.text(rs.fields[i])); v == cell.Wrong || t.Misfits(want.Type) != nil {
			return false
		}
		typed = typed || !t.Empty(1)
	}
	return typed
}

// given are the names of n columns if the file does not give them: nil if its header
// does, or nobody.
func (r *reading) given(rs *records, in *Reader, n int, line int64) ([]string, error) {
	open := r.known.expected && in.Header.Text == auto
	if in.Names == nil && (r.header || !open) || open && r.header {
		return nil, nil
	}
	if r.header && r.known.expected {
		// names: replaces what another header said, unless this one has these names.
		has := r.namesIn(rs)
		if !slices.ContainsFunc(r.known.needed(), func(name string) bool { return !slices.Contains(has, name) }) {
			return nil, nil
		}
	}
	names := r.known.of(n)
	if names == nil {
		return nil, diag.WithHint(fmt.Errorf("%s:%d: %s, but names: lists %d", r.file.Name, line, countFields(n), len(r.known.names)),
			r.hintDelimiter(nil))
	}
	if in.Names == nil {
		r.found["names"] = names
	}
	r.ordered = in.Names == nil || !r.header && in.Header.Text == "true"
	return names, nil
}

// skipsData refuses lines before the data that are left out only since those of other
// data were, and seem to be data here: from is where they begin.
func (r *reading) skipsData(in *Reader, from int64) error {
	sample := make([]byte, min(sampledMost, r.begin-from))
	if err := r.file.ReadFull(sample, from); err != nil {
		return err
	}
	rs := &records{dialect: r.dialect}
	rs.recovers, rs.open = true, true
	rs.reset(block.Block{Data: sample})
	for rs.record() {
		names := r.namesIn(rs)
		what := ""
		switch {
		case r.known.all(names) && (in.Names == nil || !slices.Equal(names, r.known.of(len(names)))):
			what = "the names of the columns"
		case r.areValues(rs):
			what = "values of the columns"
		default:
			continue
		}
		return diag.WithHint(fmt.Errorf("%s:%d: the line has %s, and skip: %d, which the other data were read with, would leave it out", r.file.Name, rs.line+1, what, in.Skip),
			fmt.Sprintf("set skip: 0 if the file has no lines above its data, and skip: %d if it is right here, too", in.Skip))
	}
	return nil
}
