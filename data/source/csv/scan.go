package csv

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// A layout is what is known of a file before its rows are read.
type layout struct {
	names    []string
	nameless []int  // columns that the header does not name
	head     []byte // the first record
	offset   int64  // of the first data row
	lines    int64  // before it
	top      int64  // lines before the first record or blank line
	detected []any  // settings that were found out, and what they are
}

// A piece is a block whose records are known.
type piece struct {
	offset, size int64
	rows         int64
}

// A survey is what one pass over a file found out: enough to read every block
// on its own, and to know that nothing can go wrong with it.
type survey struct {
	pieces  []piece
	rows    int64
	blank   int64 // of the rows, those that are blank lines
	tallies []cell.Tally
	ragged
	source.Problems
}

// scanned is what was found in one block.
type scanned struct {
	piece
	lines   int64
	blank   int64
	tallies []cell.Tally
	ragged
	source.Problems
}

const notUTF8 = "text that is not UTF-8"

var errEnded = errors.New("the rest cannot be read")

// look is the first pass, over every value of the file.
func (r *reading) look(ctx context.Context) (*survey, error) {
	s := &survey{tallies: make([]cell.Tally, len(r.names))}
	lines := r.lines
	err := block.Scan(ctx, r.threads, r.splitter(),
		func(sc *scanner, b block.Block) *scanned { return sc.scan(r, b) },
		func(f *scanned) error {
			s.Append(&f.Problems, lines, s.rows)
			s.ragged.append(&f.ragged, lines)
			for i := range s.tallies {
				s.tallies[i].Add(&f.tallies[i], lines)
			}
			s.pieces = append(s.pieces, f.piece)
			s.rows += f.rows
			s.blank += f.blank
			lines += f.lines
			r.advance(f.size)
			if s.Ended {
				return errEnded
			}
			return nil
		})
	if err != nil && err != errEnded {
		return nil, err
	}
	if err := s.Err(r.file.Name); err != nil {
		return nil, err
	}
	return s, nil
}

// start starts a walk through the data rows of a block.
func (r *reading) start(rs *records, b block.Block) {
	rs.dialect, rs.blank = r.dialect, len(r.names) == 1
	rs.fit = r.fit
	rs.reset(b)
}

// A scanner surveys blocks. It is kept for its memory.
type scanner struct {
	records records
	out     *scanned
	row     int64 // of the block, counted from 1
}

func (sc *scanner) scan(r *reading, b block.Block) *scanned {
	rs := &sc.records
	r.start(rs, b)
	sc.out = &scanned{
		piece:   piece{offset: b.Offset, size: int64(len(b.Data))},
		tallies: make([]cell.Tally, len(r.names)),
	}
	rs.out = &sc.out.ragged
	valid := utf8.Valid(b.Data)
	for sc.row = 1; rs.next(); sc.row++ {
		if len(rs.fields) != len(r.names) {
			sc.wrongCount(r)
			continue
		}
		if rs.blank && isBlank(rs.fields) {
			sc.out.blank++
		}
		for i := range rs.fields {
			f := &rs.fields[i]
			if !valid && !utf8.Valid(rs.data[f.start:f.end]) {
				sc.problem(f, r.names[i], notUTF8, r.hintEncoding(rs.data[f.start:f.end]))
				continue
			}
			raw := rs.text(*f)
			if v := sc.out.tallies[i].Value(&r.rules, r.columns.Types[i], f.cell(), raw); v != cell.Fine {
				sc.remark(r, i, f, raw, v)
			}
		}
	}
	if bad := rs.bad; bad != nil {
		sc.out.Add(source.Problem{Line: int64(rs.lineOf(bad.pos)) + 1, Row: sc.row, Column: sc.columnOf(r, bad), Msg: bad.msg, Hint: bad.hint})
		sc.out.Ended = true
	}
	sc.out.rows, sc.out.lines = sc.row-1, int64(rs.lines)
	return sc.out
}

// remark does what a verdict on a value asks for.
func (sc *scanner) remark(r *reading, column int, f *field, raw []byte, v cell.Verdict) {
	if v == cell.First {
		sc.out.tallies[column].Place(sc.lineOf(f))
		return
	}
	msg, hint := r.columns.Types[column].Wrong(raw)
	sc.problem(f, r.names[column], msg, hint)
}

func (sc *scanner) lineOf(f *field) int64 { return int64(sc.records.lineOf(int(f.start))) + 1 }

func (sc *scanner) problem(f *field, column, msg, hint string) {
	sc.out.Add(source.Problem{Line: sc.lineOf(f), Row: sc.row, Column: column, Msg: msg, Hint: hint})
}

func (sc *scanner) wrongCount(r *reading) {
	rs := &sc.records
	hint := ""
	if sc.out.Few() {
		hint = r.hintDelimiter(rs.data[rs.start:rs.pos])
	}
	if hint == "" {
		hint = fmt.Sprintf("put a field that contains %q in quotes; rows: says what becomes of such a record, and skip: how many lines come before the header", r.delim)
	}
	sc.out.Add(source.Problem{
		Line: int64(rs.line) + 1, Row: sc.row, Hint: hint,
		Msg: wrongCount(len(rs.fields), len(r.names)),
	})
}

// columnOf names the column in which a record became unreadable.
func (sc *scanner) columnOf(r *reading, bad *syntax) string {
	rs := &sc.records
	if i := len(rs.fields); bad.pos > rs.start && i < len(r.names) {
		return r.names[i]
	}
	return ""
}
