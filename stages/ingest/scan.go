package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"unicode/utf8"
)

// A dialect is how a file is to be read.
type dialect struct {
	delim         byte
	quote         int // -1 if there is none
	trim          bool
	missing       *missingTexts
	quotedMissing bool // a text in quotes can be missing as well
}

// A layout is what is known of a file before its rows are read.
type layout struct {
	names    []string
	declared []columnType // of each column
	expected []bool       // columns that are text if not all values are of the type; nil: none
	nameless []int        // columns that the header does not name
	head     []byte       // the first record
	offset   int64        // of the first data row
	lines    int64        // before it
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
	tallies []tally
	problems
}

// A reader reads one file.
type reader struct {
	src *source
	dialect
	layout
	blockBytes int
	threads    int
	progress   func(bytes int64)
}

// scanned is what was found in one block.
type scanned struct {
	piece
	lines   int64
	blank   int64
	tallies []tally
	problems
}

var errEnded = errors.New("the rest cannot be read")

// survey looks at every value of the file.
func (r *reader) survey(ctx context.Context) (*survey, error) {
	s := &survey{tallies: make([]tally, len(r.names))}
	lines := r.lines
	free := sync.Pool{New: func() any { return new(scanner) }}
	buffers := make(chan []byte, 3*r.threads)
	err := ordered(ctx, r.threads, r.blocks(buffers),
		func(b block) (*scanned, error) {
			sc := free.Get().(*scanner)
			defer free.Put(sc)
			found := sc.scan(r, b)
			select {
			case buffers <- b.data:
			default:
			}
			return found, nil
		},
		func(f *scanned) error {
			s.append(&f.problems, lines, s.rows)
			for i := range s.tallies {
				s.tallies[i].add(&f.tallies[i], lines)
			}
			s.pieces = append(s.pieces, f.piece)
			s.rows += f.rows
			s.blank += f.blank
			lines += f.lines
			r.progress(f.size)
			if s.ended {
				return errEnded
			}
			return nil
		})
	if err != nil && err != errEnded {
		return nil, err
	}
	if err := s.err(r.src.name); err != nil {
		return nil, err
	}
	return s, nil
}

// start starts a walk through the data rows of a block.
func (r *reader) start(rs *records, b block) {
	rs.delim, rs.quote, rs.blank = r.delim, r.quote, len(r.names) == 1
	rs.reset(b)
}

// blocks reads the data of the file block by block, into buffers if there are
// any.
func (r *reader) blocks(buffers <-chan []byte) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		sp := splitter{src: r.src, quote: r.quote, size: r.blockBytes, offset: r.offset}
		for {
			var buf []byte
			select {
			case buf = <-buffers:
			default:
			}
			b, err := sp.next(buf)
			if err == nil && len(b.data) == 0 {
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// A scanner surveys blocks. It is kept for its memory.
type scanner struct {
	records records
	out     *scanned
	row     int64 // of the block, counted from 1
}

func (sc *scanner) scan(r *reader, b block) *scanned {
	rs := &sc.records
	r.start(rs, b)
	sc.out = &scanned{
		piece:   piece{offset: b.offset, size: int64(len(b.data))},
		tallies: make([]tally, len(r.names)),
	}
	valid := utf8.Valid(b.data)
	for sc.row = 1; rs.next(); sc.row++ {
		if len(rs.fields) != len(r.names) {
			sc.wrongCount(r)
			continue
		}
		if rs.blank && isBlank(rs.fields) {
			sc.out.blank++
		}
		for i, f := range rs.fields {
			if !valid && !utf8.Valid(rs.data[f.start:f.end]) {
				sc.problem(f, r.names[i], "text that is not UTF-8", "convert the file to UTF-8, for example with iconv")
				continue
			}
			sc.value(r, i, f)
		}
	}
	if bad := rs.bad; bad != nil {
		sc.out.add(problem{line: int64(rs.lineOf(bad.pos)) + 1, row: sc.row, column: sc.columnOf(r, bad), msg: bad.msg, hint: bad.hint})
		sc.out.ended = true
	}
	sc.out.rows, sc.out.lines = sc.row-1, int64(rs.lines)
	return sc.out
}

// value counts a value by what it looks like, or checks it against the type
// that is declared.
func (sc *scanner) value(r *reader, column int, f field) {
	rs, t := &sc.records, &sc.out.tallies[column]
	raw := rs.text(f)
	text := raw
	if !isTrim(raw) {
		text = trimBlanks(raw)
	}
	if r.missing.may(text) {
		switch r.absence(f.form, raw, text) {
		case missing:
			t.missing++
			return
		case onlyBlanks:
			t.blanks++
			return
		}
	}
	switch want := r.declared[column]; {
	case want == stringType:
	case want == undeclared:
		switch c := classify(text); {
		case c == classText && r.isWord(f, text):
			t.word(string(text), 1)
		case c >= firstExample:
			sc.count(t, c, f, text)
		default:
			if c == classFloat && t.decimals&tooLong == 0 {
				t.decimals |= decimals(text)
			}
			t.classes[c]++
		}
	case want.accepts(text):
	case r.isWord(f, text):
		t.word(string(text), 1)
	case r.expected != nil && r.expected[column]:
		sc.count(t, classText, f, text)
	default:
		msg, hint := errBadValue(text, want)
		sc.problem(f, r.names[column], msg, hint)
	}
}

// count counts a value of a class that is exemplified.
func (sc *scanner) count(t *tally, c class, f field, text []byte) {
	t.classes[c]++
	if c == classRound || c == classExcess {
		t.decimals |= decimals(text)
	}
	if t.example(c) == nil {
		t.examples[c-firstExample] = &example{string(text[:min(len(text), maxExample)]), int64(sc.records.lineOf(int(f.start))) + 1}
	}
}

// isWord says whether a field of a column that is not text is a usual word for
// a missing value.
func (r *reader) isWord(f field, text []byte) bool {
	return (f.form == bare || r.quotedMissing) && isUsualWord(text)
}

// misfits counts the values of a column that are not of the expected type.
func (r *reader) misfits(s *survey, column int) int64 {
	if r.expected == nil || !r.expected[column] {
		return 0
	}
	return s.tallies[column].classes[classText]
}

func (sc *scanner) problem(f field, column, msg, hint string) {
	sc.out.add(problem{
		line: int64(sc.records.lineOf(int(f.start))) + 1, row: sc.row, column: column, msg: msg, hint: hint,
	})
}

func (sc *scanner) wrongCount(r *reader) {
	rs := &sc.records
	hint := ""
	if sc.out.count < maxShown {
		hint = r.hintDelimiter(rs.data[rs.start:rs.pos])
	}
	if hint == "" {
		hint = fmt.Sprintf("put a field that contains %q in quotes", r.delim)
	}
	sc.out.add(problem{
		line: int64(rs.line) + 1, row: sc.row, hint: hint,
		msg: fmt.Sprintf("%s, want %d", countFields(len(rs.fields)), len(r.names)),
	})
}

func countFields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// columnOf names the column in which a record became unreadable.
func (sc *scanner) columnOf(r *reader, bad *syntax) string {
	rs := &sc.records
	if i := len(rs.fields); bad.pos > rs.start && i < len(r.names) {
		return r.names[i]
	}
	return ""
}
