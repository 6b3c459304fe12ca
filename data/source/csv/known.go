package csv

import (
	"bytes"
	"fmt"
	"slices"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// isHeader tells from a sample whether its first record names columns, see
// cell.Known.Header. If it can be both, that is for the settings to say, and an error if
// they leave it open.
func (r *reading) isHeader(sample []byte, usually, open bool) (bool, error) {
	rs := r.firstOf(sample)
	if rs == nil {
		return true, nil
	}
	header, both := r.known.Header(r.namesIn(rs), func() bool { return r.areValues(rs) }, usually)
	if both && open {
		return false, diag.WithHint(fmt.Errorf("%s:%d: the first record can be the header, since it has names of columns, and a row, since it has their values", r.file.Name, r.lines+int64(rs.line)+1),
			"set header: true or header: false")
	}
	return header, nil
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

// areValues says whether a record has values of the types of the columns.
func (r *reading) areValues(rs *records) bool {
	return r.known.Values(&r.rules, len(rs.fields), func(i int) (cell.Form, []byte) { return rs.fields[i].cell(), rs.text(rs.fields[i]) })
}

// given are the names of n columns if the file does not give them: nil if its header
// does, or nobody.
func (r *reading) given(rs *records, in *Reader, n int, line int64) ([]string, error) {
	open := r.known.Expected && in.Header.Text == auto
	if in.Names == nil && (r.header || !open) || open && r.header {
		return nil, nil
	}
	if r.header && r.known.Expected {
		// names: replaces what another header said, unless this one has these names.
		has := r.namesIn(rs)
		if !slices.ContainsFunc(r.known.Needed(), func(name string) bool { return !slices.Contains(has, name) }) {
			return nil, nil
		}
	}
	names := r.known.Of(n)
	if names == nil {
		return nil, diag.WithHint(fmt.Errorf("%s:%d: %s, but names: lists %d", r.file.Name, line, countFields(n), len(r.known.Names)),
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
		case r.known.All(names) && (in.Names == nil || !slices.Equal(names, r.known.Of(len(names)))):
			what = "the names of the columns"
		case r.areValues(rs):
			what = "values of the columns"
		default:
			continue
		}
		hint := fmt.Sprintf("set skip: 0 if the file has no lines above its data, and skip: %d if it is right here, too", in.Skip)
		if r.known.Agreed {
			hint = fmt.Sprintf("take skip out of the schema if the file has no lines above its data, and set skip: %d if it is right here, too", in.Skip)
		}
		return diag.WithHint(fmt.Errorf("%s:%d: the line has %s, and skip: %d, which the other data were read with, would leave it out", r.file.Name, rs.line+1, what, in.Skip), hint)
	}
	return nil
}
