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
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// Version is raised when the same settings and bytes would give another table.
const Version = 5

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "csv",
		Version: Version,
		Title:   "CSV",
		Doc: `RFC 4180 with LF or CRLF line ends, in UTF-8, or in what a byte order mark or ` + "`encoding`" + ` says. Blank lines are skipped, but in a file of one column each is a row without a value. Any record
that cannot be read exactly as the file says it is an error with its line, row and column. Other dialects are settings: ` + "`escape`, `comment`, `skip`, `line_ends`, `quotes: lenient`, `rows`" + `.`,
		Endings: []string{".csv", ".tsv"},
		New:     func() source.Reader { return new(Reader) },
	}
}

// A reading is what is known of a file that is being read.
type reading struct {
	file *source.File
	layout
	*survey
	dialect
	fit
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
	done := int64(0)
	var r *reading
	r = &reading{
		file: file, dialect: in.dialect(), rules: from.Contract.Rules,
		block: cmp.Or(from.Block, block.Usual), threads: max(1, from.Threads),
		advance: func(n int64) {
			done += n
			from.Advance(done, 2*r.file.Size) // two passes
		},
	}
	if err := r.open(ctx, in); err != nil {
		return nil, err
	}
	r.fit = fit{policy: policies[in.Rows], width: len(r.names), trailing: in.Trailing}
	if r.columns, err = from.Contract.Columns(file.Name, r.names); err != nil {
		return nil, err
	}
	if r.survey, err = r.look(ctx); err != nil {
		return nil, err
	}
	if r.rows == 0 && in.Empty != "allow" {
		return nil, r.noRows()
	}
	s := &cell.Survey{Columns: r.columns, Tallies: r.tallies, Rows: r.rows, Nameless: r.nameless}
	r.plan = s.Plan()
	r.record()
	return r, nil
}

// dialectKey is the metadata of a table that say what was found out of the file:
// settings that were open, with their values, as JSON.
const dialectKey = "pipe.dialect"

// record puts into the schema what was found out.
func (r *reading) record() {
	if len(r.detected) == 0 {
		return
	}
	found := map[string]any{}
	for i := 0; i < len(r.detected); i += 2 {
		found[r.detected[i].(string)] = r.detected[i+1]
	}
	text, err := json.Marshal(found)
	if err != nil {
		panic(err) // of texts
	}
	meta := arrow.NewMetadata([]string{dialectKey}, []string{string(text)})
	r.plan.Schema = arrow.NewSchema(r.plan.Schema.Fields(), &meta)
}

func (r *reading) splitter() block.Splitter {
	sp := block.Splitter{File: r.file, Quote: r.quote, Size: r.block, Offset: r.offset}
	if !r.isRFC() {
		sp.LastEnd = r.lastEnd
	}
	return sp
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
	if len(r.detected) > 0 {
		log.Info("found out how the file is written", r.detected...)
	}
	if hint := r.hintDelimiter(nil); len(r.names) == 1 && hint != "" {
		w.Warn("the file has one column only", "hint", hint)
	}
	if r.rows == 0 {
		w.Warn("the file has no rows")
	}
	if r.blank > 0 {
		w.Warn("blank lines are rows without a value in a file of one column", "lines", r.blank)
	}
	r.warnOfRagged(w)
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

// noRows is about a file that has a header, and what to do.
func (r *reading) noRows() error {
	if r.survey != nil && r.skipped > 0 {
		first := r.rejected[0]
		return fmt.Errorf("%s has no rows but those that were left out, such as line %d: %s", r.file.Name, first.Line, first.Reason)
	}
	return diag.WithHint(fmt.Errorf("%s has a header but no rows", r.file.Name), "if that may be, set empty: allow")
}

func (r *reading) warnOfRagged(w *cell.Warner) {
	if r.skipped > 0 {
		var first []string
		for _, rej := range r.rejected[:min(len(r.rejected), maxNamed)] {
			first = append(first, fmt.Sprintf("line %d: %s", rej.Line, rej.Reason))
		}
		args := []any{"count", r.skipped, "first", strings.Join(first, "; ")}
		if r.policy == rowsSkip {
			args = append(args, "hint", "rows: collect lists them in a table")
		}
		w.Warn("records were left out", args...)
	}
	if r.padded > 0 {
		w.Warn("fields that are missing at the end of records are missing values", "records", r.padded, "first", fmt.Sprintf("line %d", r.short[0]))
	}
}

// Rejected implements source.Rejecter.
func (r *reading) Rejected() []source.Rejected { return r.rejected }
