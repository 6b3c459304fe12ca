// Package csv reads CSV into tables. It owns what the format is taken to be, and
// how that is read in parallel with exact positions in every message.
//
// A file is read twice, in blocks of whole records. The first pass looks at
// every value: it infers types, counts missing values and finds everything
// that is wrong. The second pass parses into columns and can no longer fail.
// Two passes cost less than they seem to, since the first one converts no
// number, and they buy types that are right for the last row as well, a schema
// that is known before the first batch is written, and memory that does not
// grow with the file.
package csv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// Version is raised when the same settings and bytes would give another table.
const Version = 2

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "csv",
		Version: Version,
		Title:   "CSV",
		Doc: `RFC 4180 with LF or CRLF line ends, in UTF-8 with or without a byte order mark. Blank lines are skipped, but in a file of one column each is a row without a value. Any record
that cannot be read exactly as the file says it is an error with its line, row and column.`,
		Endings: []string{".csv", ".tsv"},
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a CSV file.
type Reader struct {
	Delimiter string   `yaml:"delimiter" default:"','" doc:"The character between fields; \\t is a tab."`
	Quote     string   `yaml:"quote" default:"'\"'" doc:"The character around fields that contain special characters, doubled inside of them. Empty if quotes have no meaning."`
	Header    bool     `yaml:"header" default:"true" doc:"Whether the first record names the columns."`
	Names     []string `yaml:"names" doc:"Names of the columns, in place of those in the header. Columns without a name are called c1, c2 and so on, by their position."`
	Repeated  string   `yaml:"repeated_names" default:"error" enum:"error,number" doc:"What a name that the header gives again is: an error, or NAME_2, NAME_3 and so on."`
}

// Usual is a Reader with the default of each setting.
func Usual() *Reader { return &Reader{Delimiter: ",", Quote: `"`, Header: true, Repeated: "error"} }

// Validate checks what the tags cannot say.
func (in *Reader) Validate() error {
	var errs []error
	delim, err := oneByte(in.Delimiter)
	if err != nil || in.Delimiter == "" {
		errs = append(errs, settings.FieldErrorf("delimiter", "%q is not a delimiter: it must be one ASCII character that is no line end", in.Delimiter))
	}
	quote, err := oneByte(in.Quote)
	if err != nil {
		errs = append(errs, settings.FieldErrorf("quote", "%q is not a quote: it must be one ASCII character that is no line end, or empty", in.Quote))
	} else if quote >= 0 && quote == delim {
		errs = append(errs, settings.FieldErrorf("quote", "quote and delimiter are both %q", in.Quote))
	}
	return errors.Join(append(errs, source.CheckNames("names", in.Names))...)
}

// oneByte gives the byte of a setting, -1 if it is empty.
func oneByte(s string) (int, error) {
	if s == `\t` {
		s = "\t"
	}
	switch {
	case s == "":
		return -1, nil
	case len(s) > 1, s[0] >= 0x80, s == "\n", s == "\r", s == "\x00":
		return 0, errors.New("not one character")
	}
	return int(s[0]), nil
}

// A reading is what is known of a file that is being read.
type reading struct {
	file *source.File
	layout
	*survey
	delim byte
	quote int // -1 if there is none
	rules cell.Rules

	columns *cell.Columns
	plan    *cell.Plan

	block, threads int
	advance        func(bytes int64)
}

// Open reads the header and does the first pass.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	file, err := from.One()
	if err != nil {
		return nil, err
	}
	delim, _ := oneByte(in.Delimiter)
	quote, _ := oneByte(in.Quote)
	done := int64(0)
	r := &reading{
		file: file, delim: byte(delim), quote: quote, rules: from.Contract.Rules,
		block: cmp.Or(from.Block, block.Usual), threads: max(1, from.Threads),
		advance: func(n int64) {
			done += n
			from.Advance(done, 2*file.Size) // two passes
		},
	}
	if err := r.open(in); err != nil {
		return nil, err
	}
	if r.columns, err = from.Contract.Columns(file.Name, r.names); err != nil {
		return nil, err
	}
	if r.survey, err = r.look(ctx); err != nil {
		return nil, err
	}
	if r.rows == 0 {
		return nil, fmt.Errorf("%s has a header but no rows", file.Name)
	}
	s := &cell.Survey{Columns: r.columns, Tallies: r.tallies, Rows: r.rows, Nameless: r.nameless}
	r.plan = s.Plan()
	return r, nil
}

func (r *reading) splitter() block.Splitter {
	return block.Splitter{File: r.file, Quote: r.quote, Size: r.block, Offset: r.offset}
}

// Schema implements source.Rows.
func (r *reading) Schema() *arrow.Schema { return r.plan.Schema }

// Close implements source.Rows.
func (r *reading) Close() error { return nil }

// Batches does the second pass.
func (r *reading) Batches(ctx context.Context) iter.Seq2[arrow.Record, error] {
	return source.Pushed(func(write func(arrow.Record) error) error { return r.load(ctx, write) })
}

// Report tells people what was read, and what may surprise them.
func (r *reading) Report(log *slog.Logger) {
	w := cell.NewWarner(log, &r.rules)
	if hint := r.hintDelimiter(nil); len(r.names) == 1 && hint != "" {
		w.Warn("the file has one column only", "hint", hint)
	}
	if r.blank > 0 {
		w.Warn("blank lines are rows without a value in a file of one column", "lines", r.blank)
	}
	for _, i := range r.nameless {
		if r.plan.Empty(i) {
			w.Warn("a column has neither a name nor values, as if the lines end with a delimiter", "column", i+1, "named", r.names[i],
				"hint", "leave it out: select: lists the columns to keep")
			continue
		}
		w.Warn("a column has no name in the header", "column", i+1, "named", r.names[i],
			"hint", "if it numbers the rows, as pandas writes it unless told index=False, it is no feature; names: gives other names")
	}
	r.plan.Report(w, r.file.Name)
}
