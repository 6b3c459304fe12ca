package csv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A layout is what is known of a file before its rows are read.
type layout struct {
	names      []string
	header     bool   // the first record has names
	ordered    bool   // names are those of other data, in their order
	nameless   []int  // columns that the header does not name
	repeated   []int  // columns whose name the header gives to another one before
	trimmed    int    // names with blanks around them
	paddedName string // the first of them
	head       []byte // the first record
	offset     int64  // of the first data row
	lines      int64  // before it
	top        int64  // lines before the first record or blank line
	begin      int64  // where that is
	rowNames   bool   // the header does not name the first column, which names the rows
	detected   []any  // settings that were found out, and what they are
}

// A survey is what one pass over a file, or over a block of it, found out.
type survey struct {
	rows    int64
	height  int64 // in lines
	blank   int64 // of the rows, those that are blank lines
	tallies []cell.Tally
	ragged
	source.Problems
}

// add adds what was found in the next block.
func (s *survey) add(next *survey) {
	s.Append(&next.Problems, s.height, s.rows)
	s.ragged.append(&next.ragged, s.height)
	for i := range s.tallies {
		s.tallies[i].Add(&next.tallies[i], s.height)
	}
	s.rows += next.rows
	s.blank += next.blank
	s.height += next.height
}

// clear makes it one of nothing.
func (s *survey) clear(columns int) {
	tallies := s.tallies
	if tallies == nil {
		tallies = make([]cell.Tally, columns)
	}
	clear(tallies)
	*s = survey{tallies: tallies}
}

const notUTF8 = "text that is not UTF-8"

var errEnded = errors.New("the rest cannot be read")

// pass looks at every value of the file, and hands the rows to write, in columns
// of the types that are guessed. Once it is clear that nobody can use these, it
// goes on without them, to find all that is wrong, and all types.
func (r *reading) pass(ctx context.Context, write func(arrow.RecordBatch) error) (*survey, error) {
	s := new(survey)
	s.clear(len(r.names))
	s.height = r.lines
	void := new(atomic.Bool)
	free := make(chan *parser, 3*r.threads)
	buffers := make(chan []byte, 3*r.threads)
	err := block.Ordered(ctx, r.threads, r.splitter().Blocks(buffers),
		func(b block.Block) (*parser, error) {
			var p *parser
			select {
			case p = <-free:
			default:
				p = new(parser)
			}
			p.parse(r, b, !void.Load())
			select {
			case buffers <- b.Data:
			default:
			}
			return p, nil
		},
		func(p *parser) error {
			defer func() { free <- p }()
			s.add(&p.found)
			r.advance(p.size)
			switch {
			case s.Ended:
				return errEnded
			case void.Load():
				return nil
			case p.void():
				void.Store(true)
				return nil
			case p.found.rows == 0:
				return nil
			}
			rec, err := p.record(r.schema)
			if err != nil {
				return err
			}
			defer rec.Release()
			return write(rec)
		})
	if err != nil && err != errEnded {
		return nil, err
	}
	return s, s.Err(r.file.Name)
}

// start starts a walk through the data rows of a block.
func (r *reading) start(rs *records, b block.Block) {
	rs.dialect, rs.blank = r.dialect, len(r.names) == 1
	rs.fit = r.fit
	rs.reset(b)
}

// A parser reads blocks. It is kept for its memory.
type parser struct {
	records records
	size    int64
	found   survey
	row     int64 // of the block, counted from 1
	filled  bool  // columns are of use, if all values are of their types
	columns []cell.Builder
}

// parse looks at the values of a block and, if fill says so, makes columns of
// them. Nothing refers to the bytes of the block then.
func (p *parser) parse(r *reading, b block.Block, fill bool) {
	rs := &p.records
	p.found.clear(len(r.names))
	rs.out = &p.found.ragged
	r.start(rs, b)
	p.size, p.filled = int64(len(b.Data)), fill
	if fill {
		p.begin(r, b)
	}
	valid := rs.marker.text
	quick := valid && !r.fit.any()
	rs.marked = quick && rs.markable
	for p.row = 1; ; p.row++ {
		for quick && p.quickRow(r) {
			p.row++
		}
		rs.countTo(rs.pos)
		if !rs.next() {
			break
		}
		rs.counted = rs.pos
		if len(rs.fields) != len(r.names) {
			p.wrongCount(r)
			continue
		}
		if rs.blank && isBlank(rs.fields) {
			p.found.blank++
		}
		for i := range rs.fields {
			f := &rs.fields[i]
			if !valid && !utf8.Valid(rs.data[f.start:f.end]) {
				p.problem(f, r.names[i], notUTF8, r.hintEncoding(rs.data[f.start:f.end]))
				continue
			}
			p.value(r, i, f, rs.text(*f))
		}
	}
	if bad := rs.bad; bad != nil {
		p.found.Add(source.Problem{Line: int64(rs.lineOf(bad.pos)) + 1, Row: p.row, Column: p.columnOf(r, bad), Msg: bad.msg, Hint: bad.hint})
		p.found.Ended = true
		p.filled = false
	}
	p.found.rows, p.found.height = p.row-1, int64(rs.lines)
}

// quickRow looks at the next record if it is as most are.
func (p *parser) quickRow(r *reading) bool {
	rs := &p.records
	switch {
	case rs.plain:
		return p.plainRow(r)
	case rs.marked && rs.nextMarked(len(r.names)):
		for i := range rs.fields {
			f := &rs.fields[i]
			raw := rs.data[f.start:f.end]
			if f.form == doubled {
				raw = p.undoubled(r, i, f)
			}
			p.value(r, i, f, raw)
		}
		return true
	}
	return false
}

// undoubled gives the text of a field with doubled quotes, where its column has it if
// that is one of text.
func (p *parser) undoubled(r *reading, i int, f *field) []byte {
	if p.filled && r.at[i] >= 0 {
		if room := p.columns[r.at[i]].Room(int(f.end - f.start)); room != nil {
			return p.records.put(room, *f)
		}
	}
	return p.records.text(*f)
}

// plainRow looks at the next record if it is a whole one, in a block in which
// nothing but separators has a meaning.
func (p *parser) plainRow(r *reading) bool {
	rs, n := &p.records, len(r.names)
	if len(rs.marks)-rs.at < n {
		return false
	}
	data, seps := rs.data, rs.marks[rs.at:rs.at+n]
	for _, sep := range seps[:n-1] {
		if data[sep] != rs.delim {
			return false
		}
	}
	start, last := int32(rs.pos), seps[n-1]
	if int(last) < len(data) && data[last] != '\n' || n == 1 && last-start < 2 || int(last-start) > block.MaxRecord {
		return false
	}
	rs.line, rs.start = rs.lines, rs.pos
	row, tallies, types := int(p.row-1), p.found.tallies, r.columns.Types
	for i, end := range seps {
		from := start
		start = end + 1
		if i == n-1 && end > from && data[end-1] == '\r' {
			end--
		}
		raw := data[from:end]
		v := cell.Fine
		if p.filled && r.at[i] >= 0 {
			v = p.columns[r.at[i]].Add(&tallies[i], &r.rules, &types[i], row, cell.Bare, raw)
		} else {
			v = tallies[i].Value(&r.rules, types[i], cell.Bare, raw)
		}
		if v != cell.Fine {
			p.remark(r, i, &field{start: from, end: end}, raw, v)
		}
	}
	rs.lines++
	rs.pos, rs.at = min(int(last)+1, len(data)), rs.at+n
	return true
}

// value counts a value, and puts it into its column.
func (p *parser) value(r *reading, i int, f *field, raw []byte) {
	t, column := &p.found.tallies[i], &r.columns.Types[i]
	v := cell.Fine
	if p.filled && r.at[i] >= 0 {
		v = p.columns[r.at[i]].Add(t, &r.rules, column, int(p.row-1), f.cell(), raw)
	} else {
		v = t.Value(&r.rules, *column, f.cell(), raw)
	}
	if v != cell.Fine {
		p.remark(r, i, f, raw, v)
	}
}

// begin makes the columns ready for the rows of a block.
func (p *parser) begin(r *reading, b block.Block) {
	if p.columns == nil {
		p.columns = make([]cell.Builder, len(r.guess.Targets))
	}
	rows := r.breaks(b.Data) + 1
	if r.policy != rowsPad {
		rows = min(rows, (len(b.Data)+1)/len(r.names)) // each field has an end
	}
	for i, t := range r.guess.Targets {
		p.columns[i].Reset(t, rows)
	}
}

// void says whether the columns are of no use.
func (p *parser) void() bool {
	return !p.filled || slices.ContainsFunc(p.columns, func(c cell.Builder) bool { return c.Misfit() })
}

// record gives what was parsed. It shares the memory of the parser.
func (p *parser) record(schema *arrow.Schema) (arrow.RecordBatch, error) {
	arrays := make([]arrow.Array, len(p.columns))
	for i := range p.columns {
		arrays[i] = p.columns[i].Array(int(p.found.rows))
	}
	return table.NewRecord(schema, arrays...)
}

// remark does what a verdict on a value asks for.
func (p *parser) remark(r *reading, column int, f *field, raw []byte, v cell.Verdict) {
	if v == cell.First {
		p.found.tallies[column].Place(p.lineOf(f))
		return
	}
	msg, hint := r.columns.Types[column].Wrong(&r.rules, raw)
	p.problem(f, r.names[column], msg, hint)
}

func (p *parser) lineOf(f *field) int64 {
	p.records.countTo(p.records.start)
	return int64(p.records.lineOf(int(f.start))) + 1
}

func (p *parser) problem(f *field, column, msg, hint string) {
	p.filled = false
	p.found.Add(source.Problem{Line: p.lineOf(f), Row: p.row, Column: column, Msg: msg, Hint: hint})
}

func (p *parser) wrongCount(r *reading) {
	rs := &p.records
	p.filled = false
	hint := ""
	if p.found.Few() {
		hint = r.hintDelimiter(rs.data[rs.start:rs.pos])
	}
	if hint == "" && p.found.Few() {
		hint = r.structure()
	}
	if hint == "" {
		hint = fmt.Sprintf("put a field that contains %q in quotes; %sskip: says how many lines come before the header", r.delim, r.otherRows(len(rs.fields)))
	}
	p.found.Add(source.Problem{
		Line: int64(rs.line) + 1, Row: p.row, Hint: hint,
		Msg: wrongCount(len(rs.fields), len(r.names)),
	})
}

// otherRows says which policies for rows go on behind a record of n fields, other than
// the one that is set. Where others were read alike each row has its place.
func (r *reading) otherRows(n int) string {
	switch {
	case r.known.Expected && (r.policy == rowsPad || n > len(r.names)):
		return ""
	case r.known.Expected:
		return "rows: pad takes fields that are missing at its end for missing values, and "
	case r.policy == rowsPad:
		return "rows: skip or collect goes on without what does not fit, and "
	}
	return "rows: skip, collect or pad goes on without what does not fit, and "
}

// columnOf names the column in which a record became unreadable.
func (p *parser) columnOf(r *reading, bad *syntax) string {
	rs := &p.records
	if i := len(rs.fields); bad.pos > rs.start && i < len(r.names) {
		return r.names[i]
	}
	return ""
}
