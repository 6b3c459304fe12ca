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
	return block.Splitter{File: r.file, Quote: -1, Size: r.block, Offset: r.offset}
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
}

func (sc *scanner) scan(r *reading, b block.Block) *survey {
	sc.out = new(survey)
	sc.types, sc.kept, sc.last = sc.types[:0], sc.kept[:0], sc.last[:0]
	valid := utf8.Valid(b.Data)
	for line := range bytes.Lines(b.Data) {
		sc.out.lines++
		sc.line = line
		if isBlank(line) && !b.Cut {
			continue
		}
		sc.out.rows++
		if b.Cut || len(line) > block.MaxRecord {
			sc.problem(0, "", "a line of more than 64 MiB", "each object has to be in one line")
			sc.out.Ended = true
			break
		}
		if !valid && !utf8.Valid(line) {
			sc.problem(len(line)-len(validTail(line)), "", "text that is not UTF-8", source.HintUTF8)
			continue
		}
		sc.object(r)
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

// object counts the values of a line.
func (sc *scanner) object(r *reading) {
	w, c := &sc.walk, &sc.out.columns
	var m member
	for w.start(sc.line); w.next(&m); {
		if len(m.name) == 0 || bytes.IndexByte(m.name, 0) >= 0 {
			sc.problem(m.at, "", "a name that is empty or has a zero byte", "give the column another name")
			return
		}
		i := c.add(m.name)
		if i == len(sc.types) {
			sc.types = append(sc.types, r.types.Of(c.names[i]))
			sc.kept = append(sc.kept, r.kept == nil || r.kept[c.names[i]])
			sc.last = append(sc.last, 0)
		}
		if sc.last[i] == sc.out.rows {
			sc.problem(m.at, c.names[i], "the name is there twice", "")
			return
		}
		sc.last[i] = sc.out.rows
		c.present[i]++
		sc.value(r, i, &m)
	}
	if w.bad != "" {
		sc.problem(w.pos, "", w.bad, w.hint)
	}
}

func (sc *scanner) value(r *reading, i int, m *member) {
	t, name := &sc.out.tallies[i], sc.out.names[i]
	switch {
	case m.kind == null:
		t.Null(1)
		return
	case m.kind == nested && !sc.kept[i]:
		return // nobody wants to know
	case m.kind == nested && !r.nested:
		sc.problem(m.at, name, "an object or a list, where a value is expected",
			"leave the column out with select:, or keep it as text: format: {jsonl: {nested: text}}")
		return
	case m.kind == nested:
		m.form = cell.Text
	}
	switch t.Value(&r.contract.Rules, sc.types[i], m.form, m.text) {
	case cell.First:
		t.Place(sc.out.lines)
	case cell.Wrong:
		msg, hint := sc.types[i].Wrong(m.text)
		sc.problem(m.at, name, msg, hint)
	}
}

func (sc *scanner) problem(at int, column, msg, hint string) {
	sc.out.Add(source.Problem{
		Line: sc.out.lines, Char: utf8.RuneCount(sc.line[:min(at, len(sc.line))]) + 1, Row: sc.out.rows, Column: column, Msg: msg, Hint: hint,
	})
}
