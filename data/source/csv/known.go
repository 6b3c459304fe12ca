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
}

func knownOf(in *Reader, c *cell.Contract) known {
	k := known{names: in.Names, optional: c.Optional, types: c.Types()}
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
// are known. It does if it has nothing but such names. It does not if it has a
// value of the right type for each column, text apart. If it has neither, one
// name is enough; a record that says nothing is one if files of this kind have a
// header.
func (r *reading) isHeader(sample []byte, usually bool) bool {
	rs := r.firstOf(sample)
	if rs == nil {
		return true
	}
	names := r.namesIn(rs)
	switch n := r.known.lists(names); {
	case n == len(names):
		return true
	case r.areValues(rs):
		return false
	case n > 0:
		return true
	}
	return usually
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
	if r.ordered = in.Names == nil; r.ordered {
		r.found["names"] = names
	}
	return names, nil
}
