package csv

import (
	"bytes"

	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// A field is a piece of a record: data[start:end], without quotes around it.
type field struct {
	start, end int32
	mark       int32 // of marks, the first one inside if it has doubled quotes; 0 if that is not known
	form       form
}

type form uint8

const (
	bare        form = iota // not in quotes
	bareEscaped             // not in quotes, with escapes
	quoted                  // in quotes
	doubled                 // in quotes, with doubled quotes inside
	loose                   // begins with a quote, which is part of the piece, and has escapes or text behind the closing one
)

// records walks through the records of a block. It fills fields, row by row:
//
//	for rs.next() { ... rs.fields ... }
//	if rs.bad != nil { ... }
type records struct {
	dialect
	fit    fit
	out    *ragged // where records go that do not fit; nil if nobody wants to know
	data   []byte
	cut    bool // see block.Block
	open   bool // the file may go on after the data: a record that has no end there is partial
	blank  bool // a blank line is a record, as in a file of one column
	fields []field
	line   int     // lines of the block before the current record
	start  int     // where the current record starts
	bad    *syntax // what ended the walk, nil at the end of the data
	valid  bool    // all data are UTF-8, or it does not matter
	part   bool    // the walk ended in a record that is partial, which begins at start

	pos     int // where the next record starts
	lines   int // lines of the block before pos
	scratch []byte

	marker marker
	marks  []int32 // see marker
	at     int     // next of marks

	// The plain form, where neither quotes nor lone carriage returns occur, so that
	// marks are all delimiters and line ends.
	plain bool

	// The marked form, where quotes are as in RFC 4180. Lines are not counted there,
	// but when somebody asks.
	markable bool
	marked   bool // it is read so
	counted  int  // lines are those before it
}

// A syntax error ends the reading of a file: where the records after it start
// is anybody's guess.
type syntax struct {
	pos       int // in the data
	msg, hint string
	fatal     bool // nobody knows where the next record is
}

// reset starts a walk through a block.
func (rs *records) reset(b block.Block) {
	rs.data, rs.cut = b.Data, b.Cut
	rs.pos, rs.lines, rs.at, rs.bad, rs.part = 0, 0, 0, nil, false
	rs.marked, rs.counted = false, 0
	rs.mark()
	rs.valid = !rs.recovers || rs.marker.text
}

// next splits the next record that fits, or that is not a blank line. It returns
// false at the end of the data and at a syntax error.
func (rs *records) next() bool {
	if rs.fit.any() {
		return rs.nextFitting()
	}
	return rs.record()
}

// record splits the next record.
func (rs *records) record() bool {
	switch {
	case rs.plain:
		return rs.nextPlain()
	case rs.isRFC():
		return rs.nextQuoted()
	}
	return rs.nextForgiving()
}

func (rs *records) nextPlain() bool {
	data, seps, fields := rs.data, rs.marks, rs.fields[:0]
	start := int32(rs.pos)
	for at := rs.at; at < len(seps); at++ {
		end := seps[at]
		if int(end) < len(data) && data[end] == rs.delim {
			fields = append(fields, field{start: start, end: end})
			start = end + 1
			continue
		}
		rs.line = rs.lines
		rs.lines++
		rs.start, rs.pos, rs.at = rs.pos, min(int(end)+1, len(data)), at+1
		last := end
		if last > start && data[last-1] == '\r' {
			last--
		}
		if len(fields) == 0 && last == start && !rs.blank {
			start = end + 1
			continue // a blank line
		}
		rs.fields = append(fields, field{start: start, end: last})
		return rs.checkLength()
	}
	return false
}

func (rs *records) nextQuoted() bool {
	data := rs.data
	for rs.pos < len(data) {
		rs.line, rs.start = rs.lines, rs.pos
		rs.fields = rs.fields[:0]
		more := true
		for more {
			if more = rs.nextField(); rs.bad != nil {
				return false
			}
		}
		if !rs.blank && isBlank(rs.fields) {
			continue
		}
		return rs.checkLength()
	}
	return false
}

// isBlank says whether a record is a blank line.
func isBlank(fields []field) bool {
	return len(fields) == 1 && fields[0].form == bare && fields[0].start == fields[0].end
}

// nextField splits the field at pos and moves behind its separator. It tells
// whether the record goes on.
func (rs *records) nextField() bool {
	if rs.pos < len(rs.data) && int(rs.data[rs.pos]) == rs.quote {
		return rs.quotedField()
	}
	for i := rs.pos; i < len(rs.data); i++ {
		switch c := rs.data[i]; {
		case c == rs.delim, c == '\n', c == '\r':
			return rs.endField(rs.pos, i, i, bare)
		case int(c) == rs.quote:
			rs.strayQuote(i)
			return false
		}
	}
	return rs.endField(rs.pos, len(rs.data), len(rs.data), bare)
}

func (rs *records) quotedField() bool {
	start, form := rs.pos+1, quoted
	for i := start; ; {
		n := bytes.IndexByte(rs.data[i:], byte(rs.quote))
		if n < 0 {
			rs.unclosed()
			return false
		}
		rs.lines += bytes.Count(rs.data[i:i+n], []byte{'\n'})
		i += n + 1
		if i < len(rs.data) && int(rs.data[i]) == rs.quote {
			form = doubled
			i++
			continue
		}
		return rs.endField(start, i-1, i, form)
	}
}

// endField adds a field whose separator is at sep, and moves behind it. It
// tells whether the record goes on.
func (rs *records) endField(start, end, sep int, form form) bool {
	more, after := false, sep+1
	switch {
	case sep == len(rs.data):
		after = sep
	case rs.data[sep] == rs.delim:
		more = true
	case rs.data[sep] == '\n':
	case rs.data[sep] != '\r':
		rs.afterQuote(sep)
		return false
	case sep+1 < len(rs.data) && rs.data[sep+1] == '\n':
		after = sep + 2
	default:
		rs.loneReturn(sep)
		return false
	}
	if !more {
		rs.lines++
	}
	rs.fields = append(rs.fields, field{start: int32(start), end: int32(end), form: form})
	rs.pos = after
	return more
}

// checkLength ends the walk at a record that is too long.
func (rs *records) checkLength() bool {
	if rs.pos-rs.start > block.MaxRecord || rs.cut && rs.pos == len(rs.data) {
		rs.tooLong()
		return false
	}
	return true
}

func (rs *records) unclosed() {
	if rs.cut || len(rs.data)-rs.start > block.MaxRecord {
		rs.tooLong()
		return
	}
	rs.fail(rs.pos, "a quote that is never closed", `close it, or set quote: "" if quotes have no meaning in this file`)
	rs.bad.fatal = true
}

func (rs *records) tooLong() {
	rs.fail(rs.start, "a record of more than 64 MiB", "look for a quote in this line that is never closed")
	rs.bad.fatal = true
}

func (rs *records) strayQuote(pos int) {
	rs.fail(pos, "a quote inside of a field that does not start with one",
		`put the whole field in quotes and double the quotes inside, or set quotes: lenient if it is text, or quote: "" if quotes have no meaning in this file`)
}

func (rs *records) afterQuote(pos int) {
	hint := "double the quotes inside of a field in quotes, or set quotes: lenient if what follows is text"
	if rs.escape < 0 && pos >= 2 && rs.data[pos-2] == '\\' {
		hint = `set escape: "\\" if a backslash before a quote makes it text`
	}
	rs.fail(pos, "text after the closing quote of a field", hint)
}

func (rs *records) loneReturn(pos int) {
	rs.fail(pos, "a carriage return that is not the end of a line",
		"put the field in quotes, or set line_ends: any if it is the end of one")
}

func (rs *records) fail(pos int, msg, hint string) {
	rs.bad = &syntax{pos: pos, msg: msg, hint: hint}
}

// lineOf is the line of the block, counted from 0, that a position in or
// before the current record is in.
func (rs *records) lineOf(pos int) int {
	return rs.line + rs.breaks(rs.data[rs.start:pos])
}

// cell is what a Tally and a Builder are told of a field.
func (f *field) cell() cell.Form {
	if f.form <= bareEscaped {
		return cell.Bare
	}
	return cell.Quoted
}

// text gives the text of a field. It is in the memory of rs if the field has
// doubled quotes or escapes, until the next call.
func (rs *records) text(f field) []byte {
	if f.form == bare || f.form == quoted {
		return rs.data[f.start:f.end]
	}
	rs.scratch = rs.put(rs.scratch[:0], f)
	return rs.scratch
}

// put appends the text of a field that has doubled quotes or escapes.
func (rs *records) put(to []byte, f field) []byte {
	raw := rs.data[f.start:f.end]
	switch {
	case f.form != doubled:
		return rs.appendText(to, raw, f.form == loose)
	case f.mark == 0:
		return rs.unescape(to, raw)
	}
	start := f.start
	for at := f.mark; rs.marks[at] < f.end; at += 2 {
		to = append(to, rs.data[start:rs.marks[at]+1]...)
		start = rs.marks[at] + 2
	}
	return append(to, rs.data[start:f.end]...)
}

func (rs *records) unescape(to, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, byte(rs.quote))
		if i < 0 {
			return append(to, text...)
		}
		to = append(to, text[:i+1]...)
		text = text[i+2:]
	}
}
