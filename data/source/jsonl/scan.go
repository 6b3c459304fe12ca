package jsonl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A survey is what the first pass found in a file or, with places counted from
// its start, in a block.
type survey struct {
	columns
	pieces []piece
	rows   int64
	lines  int64
	source.Problems
}

// A piece is a block with its rows.
type piece struct{ offset, size, rows int64 }

// columns are those that were seen, in the order in which they were.
type columns struct {
	at      map[string]int // in the others, by name
	names   []string
	tallies []cell.Tally
	present []int64 // rows that have the column
}

// add finds a column, a new one if it is not there.
func (c *columns) add(name []byte) int {
	i, ok := c.at[string(name)]
	if !ok {
		i = len(c.names)
		if c.at == nil {
			c.at = map[string]int{}
		}
		c.at[string(name)] = i
		c.names = append(c.names, string(name))
		c.tallies = append(c.tallies, cell.Tally{})
		c.present = append(c.present, 0)
	}
	return i
}

// append adds the columns of the next block, which starts after a number of
// lines.
func (c *columns) append(next *columns, lines int64) {
	for i, name := range next.names {
		at := c.add([]byte(name))
		c.tallies[at].Add(&next.tallies[i], lines)
		c.present[at] += next.present[i]
	}
}

func (r *reading) splitter() block.Splitter {
	s := block.Splitter{File: r.file, Quote: -1, Size: r.block, Offset: r.offset}
	if r.list {
		s.LastEnd = lastComma
	}
	return s
}

var errEnded = errors.New("the rest cannot be read")

// look is the first pass, over every object of the file.
func (r *reading) look(ctx context.Context) (*survey, error) {
	s := new(survey)
	err := block.Scan(ctx, r.threads, r.splitter(),
		func(sc *scanner, b block.Block) *survey { return sc.scan(r, b) },
		func(f *survey) error {
			s.Append(&f.Problems, s.lines, s.rows)
			s.append(&f.columns, s.lines)
			if n := len(s.names); n > table.MaxColumns {
				return diag.WithHint(fmt.Errorf("%s:%d: %d columns so far, at most %d are possible", r.file.Name, s.lines+1, n, table.MaxColumns),
					"if the names are values, turn each into a row of its own")
			}
			s.pieces = append(s.pieces, f.pieces...)
			s.rows += f.rows
			s.lines += f.lines
			r.advance(f.pieces[0].size)
			if s.Ended {
				return errEnded
			}
			return nil
		})
	if err != nil && err != errEnded {
		return nil, err
	}
	return s, s.Err(r.file.Name)
}

// A scanner looks at blocks. It is kept for its memory.
type scanner struct {
	walk  walk
	out   *survey
	types []cell.ColumnType // of the columns of the block
	kept  []bool            // whether somebody wants the column
	last  []int64           // row that had it last
	line  []byte

	place  int64 // of the line in the file
	before int64 // line ends before it in the block
}

func (sc *scanner) scan(r *reading, b block.Block) *survey {
	sc.out, sc.line = new(survey), nil
	sc.types, sc.kept, sc.last = sc.types[:0], sc.kept[:0], sc.last[:0]
	valid := utf8.Valid(b.Data)
	sc.walk.list = r.list
	sc.place, sc.before = b.Offset, 0
	for line := range r.records(b.Data) {
		sc.next(line)
		if !r.list && isBlank(line) && !b.Cut {
			continue
		}
		sc.out.rows++
		if b.Cut || len(line) > block.MaxRecord {
			sc.tooLong()
			break
		}
		if !valid && !utf8.Valid(line) {
			sc.problem(len(line)-len(validTail(line)), "", "text that is not UTF-8", source.HintUTF8)
			continue
		}
		if sc.object(r, &sc.walk, line, 0); r.list && sc.walk.bad != "" {
			sc.out.Ended = true // nobody knows where the next object starts
			break
		}
	}
	if r.list {
		sc.out.lines = sc.before + int64(bytes.Count(sc.line, newline))
	}
	sc.out.pieces = []piece{{b.Offset, int64(len(b.Data)), sc.out.rows}}
	return sc.out
}

func isBlank(line []byte) bool {
	return line[0] != '{' && len(bytes.Trim(line, " \t\r\n")) == 0
}

// validTail is what is left of a text from its first byte on that is not UTF-8.
func validTail(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			break
		}
		b = b[n:]
	}
	return b
}

var newline = []byte("\n")

// next goes on to a line or, in a list, to what stands behind a comma.
func (sc *scanner) next(line []byte) {
	if !sc.walk.list {
		sc.line = line
		sc.out.lines++
		return
	}
	if sc.line != nil {
		sc.before += int64(bytes.Count(sc.line, newline))
		sc.place += int64(len(sc.line)) + 1
	}
	sc.line = line
	lead := len(line) - len(bytes.TrimLeft(line, blanks))
	sc.out.lines = sc.before + int64(bytes.Count(line[:lead], newline)) + 1
}

func (sc *scanner) tooLong() {
	msg, hint := "a line of more than 64 MiB", "each object has to be in one line; set format: json if the file is one list of objects"
	if sc.walk.list {
		msg, hint = "an object of more than 64 MiB", "it may not be closed"
	}
	sc.problem(0, "", msg, hint)
	sc.out.Ended = true
}

// object counts the values of an object, which starts somewhere in the line.
func (sc *scanner) object(r *reading, w *walk, text []byte, start int) (ok bool) {
	c := &sc.out.columns
	var m member
	for w.start(text); w.next(&m); {
		m.at += start
		if m.kind == nested && r.flatten && m.text[0] == '{' {
			if !sc.object(r, w.within(m.name), m.text, m.at) {
				return false
			}
			continue
		}
		if len(m.name) == 0 || bytes.IndexByte(m.name, 0) >= 0 {
			sc.problem(m.at, "", "a name that is empty or has a zero byte", "give the column another name")
			return false
		}
		i := c.add(m.name)
		if i == len(sc.types) {
			sc.types = append(sc.types, r.types.Of(c.names[i]))
			sc.kept = append(sc.kept, r.kept == nil || r.kept[c.names[i]])
			sc.last = append(sc.last, 0)
		}
		if sc.last[i] == sc.out.rows {
			sc.problem(m.at, c.names[i], "the name is there twice", "")
			return false
		}
		sc.last[i] = sc.out.rows
		c.present[i]++
		sc.value(r, i, &m)
	}
	if w.bad != "" {
		sc.problem(start+w.pos, "", w.bad, w.hint)
	}
	return w.bad == ""
}

func (sc *scanner) value(r *reading, i int, m *member) {
	t, name := &sc.out.tallies[i], sc.out.names[i]
	switch {
	case m.kind == null:
		t.Null(1)
		return
	case m.kind == nested && !sc.kept[i]:
		return // nobody wants to know
	case m.kind == nested && r.isList(sc.types[i], m):
		m.form = cell.Listed
	case m.kind == nested && !r.nested:
		sc.problem(m.at, name, "an object or a list, where a value is expected",
			r.hintNested(m))
		return
	case m.kind == nested:
		m.form = cell.Text
	}
	switch t.Value(&r.contract.Rules, sc.types[i], m.form, m.text) {
	case cell.First:
		t.Place(sc.out.lines)
	case cell.Wrong:
		msg, hint := sc.types[i].Wrong(&r.contract.Rules, m.text)
		if m.form == cell.Listed && sc.types[i].Type == cell.Undeclared {
			msg, _ = cell.WrongList(m.text)
			hint = r.hintNested(m)
		}
		sc.problem(m.at, name, msg, hint)
	}
}

// isList says whether a value is to be a list of numbers: where the column is one, or
// where it would be an error if it were none.
func (r *reading) isList(t cell.ColumnType, m *member) bool {
	return m.text[0] == '[' && (t.Type.IsList() || t.Type == cell.Undeclared && !r.nested)
}

// hintNested says what to do with an object or a list.
func (r *reading) hintNested(m *member) string {
	format := "jsonl"
	if r.list {
		format = "json"
	}
	hint := fmt.Sprintf("leave the column out with select:, or keep it as text: format: {%s: {nested: text}}", format)
	if m.text[0] == '{' {
		hint += fmt.Sprintf(", or make its members columns: format: {%s: {flatten: true}}", format)
	}
	return hint
}

func (sc *scanner) problem(at int, column, msg, hint string) {
	if sc.walk.list {
		// Lines mean little in a list, so the row and the byte say where.
		at = min(at, len(sc.line))
		if column == "" {
			msg += fmt.Sprintf(", at byte %d of the file", sc.place+int64(at))
		}
		sc.out.Add(source.Problem{
			Line: sc.before + int64(bytes.Count(sc.line[:at], newline)) + 1, Row: sc.out.rows, Column: column, Msg: msg, Hint: hint,
		})
		return
	}
	sc.out.Add(source.Problem{
		Line: sc.out.lines, Char: utf8.RuneCount(sc.line[:min(at, len(sc.line))]) + 1, Row: sc.out.rows, Column: column, Msg: msg, Hint: hint,
	})
}
