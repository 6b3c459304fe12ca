package csv

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// maxOutlined is how many records an outline has.
const maxOutlined = 200

// An outline is what the first records of a file look like.
type outline []struct {
	line   int64 // counted from 1
	fields int
	begin  byte // the first character; 0 if there is none
	ended  bool // the last field is empty and not in quotes
	values bool // some fields are no text, as names of columns are
}

// outline looks at the beginning of the file, from the header on.
func (r *reading) outline() (list outline) {
	from := reading{file: r.file, layout: layout{offset: r.begin}}
	sample, err := from.sample()
	if err != nil {
		return nil // it will be told
	}
	rs := records{dialect: r.dialect}
	rs.recovers, rs.open = true, r.begin+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	for len(list) < maxOutlined && rs.record() {
		last := rs.fields[len(rs.fields)-1]
		list = append(list, outline{{line: r.top + int64(rs.line) + 1, fields: len(rs.fields), ended: last.form == bare && last.start == last.end}}...)
		rec := &list[len(list)-1]
		if rs.start < rs.pos {
			rec.begin = rs.data[rs.start]
		}
		rec.values = r.hasValues(&rs)
	}
	return list
}

// hasValues says whether some fields of a record are no text, in quotes or not.
func (r *reading) hasValues(rs *records) bool {
	for _, f := range rs.fields {
		var t cell.Tally
		t.Value(&r.rules, cell.ColumnType{}, cell.Bare, rs.text(f))
		if t.Type() != cell.String {
			return true
		}
	}
	return false
}

// hintStructure says what may be before the rows, where most records have more
// fields than the first one has, all as many.
func (r *reading) hintStructure() string {
	if r.inSingleQuotes() {
		return `if the names are in quotes, set quote: "'"`
	}
	list := r.outline()
	if len(list) < 3 {
		return ""
	}
	width, at := list[len(list)-1].fields, len(list)
	for at > 0 && list[at-1].fields == width {
		at--
	}
	if at == 0 || width <= list[0].fields || len(list)-at < max(2, at) {
		return ""
	}
	begin, ended := list[0].begin, true
	for _, rec := range list[:at] {
		if rec.begin != begin {
			begin = 0
		}
	}
	for _, rec := range list[at:] {
		ended = ended && rec.ended
	}
	switch {
	case strings.IndexByte("#%!", begin) >= 0:
		return fmt.Sprintf("set comment: %q if lines that begin with it are none of the data", begin)
	case at == 1 && width == list[0].fields+1 && ended:
		return "set trailing_delimiter: true if lines end with a delimiter"
	}
	if list[at].values {
		return fmt.Sprintf("set skip: %d and header: false if the data begin in line %d", list[at].line-1, list[at].line)
	}
	return fmt.Sprintf("set skip: %d if line %d has the names of the columns", list[at].line-1, list[at].line)
}

// inSingleQuotes says whether the names of all columns stand in single quotes, which
// have no meaning.
func (r *reading) inSingleQuotes() bool {
	if r.quote == '\'' || len(r.names) == 0 {
		return false
	}
	for _, name := range r.names {
		if len(name) < 3 || name[0] != '\'' || name[len(name)-1] != '\'' {
			return false
		}
	}
	return true
}

// rowsAreNamed says whether the header names all columns but the first, as R writes
// it: that one has the names of the rows. Other data whose columns are known had it, too. All records of the beginning have a field
// more than the header then, and some of their columns are no text, as names of
// columns would be.
func (r *reading) rowsAreNamed(width int) bool {
	if r.known.Expected && !r.known.Agreed && !slices.Contains(r.known.Names, defaultName(0)) {
		return false // it had names for all columns
	}
	from := reading{file: r.file, layout: layout{offset: r.begin}}
	sample, err := from.sample()
	if err != nil {
		return false
	}
	rs := records{dialect: r.dialect}
	rs.recovers, rs.open = true, r.begin+int64(len(sample)) < r.file.Size
	rs.reset(block.Block{Data: sample})
	tallies := make([]cell.Tally, width)
	ended, n := true, 0
	for ; rs.record(); n++ {
		if n == 0 {
			if width == 1 && !bytes.HasPrefix(rs.data[rs.start:], []byte{byte(r.quote)}) {
				return false // it is a line above the header
			}
			if r.hasValues(&rs) {
				return false // such as how many rows there are
			}
			continue
		}
		if len(rs.fields) != width+1 {
			return false
		}
		for i, f := range rs.fields[1:] {
			tallies[i].Value(&r.rules, cell.ColumnType{}, f.cell(), rs.text(f))
			if i == width-1 {
				ended = ended && f.start == f.end
			}
		}
	}
	if n < 2 || ended {
		return false
	}
	for i := range tallies {
		if tallies[i].Type() != cell.String {
			return true
		}
	}
	return false
}

// unitsBelow says whether the first row is one of the header rather, such as units:
// none of its values is one of the type that the others of its column have, and some
// of these are numbers. It gives the names of the columns as they stand in a pipeline
// file, and nothing if all is well.
func (r *reading) unitsBelow() string {
	if !r.header || r.rows < 3 {
		return ""
	}
	units := false
	for _, t := range r.plan.Targets {
		tally := &r.survey.tallies[t.From]
		if tally.Type() != cell.String {
			return ""
		}
		units = units || tally.NumbersBelow(r.lines+1)
	}
	if !units {
		return ""
	}
	names := make([]string, len(r.names))
	for i, name := range r.names {
		names[i] = settings.Quote(name)
	}
	const many = 12
	if len(names) > many {
		names = append(names[:many], "...")
	}
	return "[" + strings.Join(names, ", ") + "]"
}
