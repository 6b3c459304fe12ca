// Package csv reads CSV into tables. It owns what the format is taken to be, and
// how that is read in parallel with exact positions in every message.
//
// A file is read once, in blocks of whole records, by as many goroutines as there
// are threads. Types are guessed from a sample, and the pass that makes columns of
// these types also looks at every value for what it is: it counts missing values
// and finds everything that is wrong. At the end the types are those that all
// values give. They mostly are the ones that were guessed; if not the file is read
// once more. So the types are right for the last row as well, memory does not grow
// with the file, and nobody can tell from the table what was guessed.
package csv

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// Version is raised when the same settings and bytes would give another table.
const Version = 11

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
	known cell.Known

	columns *cell.Columns
	guess   *cell.Plan    // by which columns are made
	at      []int         // of each column of the file, among these; -1 if it is left out
	schema  *arrow.Schema // of the guess, and at the end of plan
	plan    *cell.Plan    // of all values
	empty   bool          // there may be no rows
	carried bool          // what is to be skipped is so in other data

	found  map[string]any // settings that were open, and what they are
	shared *cell.Shared   // nil if the table is of this file

	structure      func() string // what hintStructure says, once
	block, threads int
	advance        func(bytes int64)
}

// Open reads the header, and guesses types.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	file, err := from.One()
	if err != nil {
		return nil, err
	}
	done, passes := int64(0), int64(1)
	var r *reading
	r = &reading{
		file: file, dialect: in.dialect(), rules: from.Contract.Rules, found: map[string]any{}, known: from.Contract.Known(in.Names),
		block: cmp.Or(from.Block, block.Usual), threads: max(1, from.Threads),
		advance: func(n int64) {
			done += n
			if done > passes*r.file.Size {
				passes++
			}
			from.Advance(done, passes*r.file.Size)
		},
	}
	r.empty, r.carried = from.Empty, from.Carried
	if r.empty && file.Size == 0 {
		if r.names, err = nameless(file, in.Names, &from.Contract); err != nil {
			return nil, err
		}
	} else if file.Size == 0 {
		return nil, source.ErrEmpty(file)
	} else if err := r.open(ctx, in, &from.Contract); err != nil {
		return nil, err
	}
	r.structure = sync.OnceValue(r.hintStructure)
	r.fit = fit{policy: policies[in.Rows], width: len(r.names), trailing: in.Trailing}
	if r.columns, err = from.Contract.Columns(file.Name, r.names); err != nil {
		return nil, err
	}
	r.shared = from.Contract.Shared
	var guess *cell.Plan
	if r.shared != nil {
		guess, err = r.shared.For(file.Name, r.columns)
	} else {
		guess, err = r.guessed()
	}
	if err != nil {
		return nil, err
	}
	r.take(guess)
	return r, nil
}

// take makes columns by another plan.
func (r *reading) take(guess *cell.Plan) {
	r.guess, r.schema = guess, guess.Bare()
	r.at = make([]int, len(r.names))
	for i := range r.at {
		r.at[i] = -1
	}
	for i, t := range guess.Targets {
		r.at[t.From] = i
	}
}

// maxCells is about how many values a block may have that are not in it.
const maxCells = 16 << 20

func (r *reading) splitter() block.Splitter {
	sp := block.Splitter{File: r.file, Quote: r.quote, Size: r.block, Offset: r.offset}
	if r.policy == rowsPad { // two bytes can be a whole row
		sp.Size = min(sp.Size, max(1, maxCells/len(r.names)))
	}
	if !r.isRFC() {
		sp.LastEnd = r.lastEnd
	}
	return sp
}

// Schema implements source.Rows.
func (r *reading) Schema() *arrow.Schema { return r.schema }

// Close implements source.Rows.
func (r *reading) Close() error { return nil }

// Batches implements source.Rows.
func (r *reading) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return source.Pushed(func(write func(arrow.RecordBatch) error) (err error) {
		if r.survey, err = r.pass(ctx, write); err != nil {
			return err
		}
		if r.rows == 0 && !r.empty {
			return r.noRows()
		}
		r.plan = r.seen(r.survey)
		if r.shared == nil && !r.plan.SameTypes(r.guess) {
			r.take(r.plan)
			return source.ErrRetyped
		}
		r.record()
		r.schema = r.plan.Schema
		return nil
	})
}

// DialectKey is the metadata of a table that say what was found out of the file:
// settings that were open, with their values, as JSON.
const DialectKey = "pipe.dialect"

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
	meta := arrow.NewMetadata([]string{DialectKey}, []string{string(text)})
	r.plan.Schema = arrow.NewSchema(r.plan.Schema.Fields(), &meta)
}

// seen plans columns by what was seen of their values.
func (r *reading) seen(s *survey) *cell.Plan {
	return (&cell.Survey{Columns: r.columns, Tallies: s.tallies, Rows: s.rows, Nameless: r.nameless}).Plan()
}

// Plan implements source.Surveyed.
func (r *reading) Plan() *cell.Plan {
	if r.plan != nil {
		return r.plan
	}
	return r.guess
}

// Survey implements source.Surveyed.
func (r *reading) Survey() *cell.Survey {
	if r.plan == nil {
		return nil
	}
	return r.plan.Survey
}

// Report tells people what was read, and what may surprise them.
func (r *reading) Report(log *slog.Logger) {
	w := cell.NewWarner(log, &r.rules)
	r.Remark(log, w)
	r.plan.Report(w, r.file.Name)
}

// Remark implements source.Surveyed.
func (r *reading) Remark(log *slog.Logger, w *cell.Warner) {
	if len(r.detected) > 0 {
		log.Info("found out how the file is written", r.detected...)
	}
	if r.ordered {
		w.Warn("the file does not name its columns, which were taken in the order that they had in other data", "columns", strings.Join(r.names[:min(len(r.names), 20)], ", "))
	}
	if hint := r.hintDelimiter(nil); len(r.names) == 1 && hint != "" {
		w.Warn("the file has one column only", "hint", hint)
	}
	if r.blank > 0 {
		w.Warn("blank lines are rows without a value in a file of one column", "lines", r.blank)
	}
	r.warnOfRagged(w)
	if r.inSingleQuotes() {
		w.Warn("the names of all columns stand in single quotes, which are part of them", "hint", `if they are quotes, set quote: "'"`)
	}
	if r.trimmed > 0 {
		w.Note("blanks around names of columns were left out", "count", r.trimmed, "first", r.paddedName)
	}
	for _, i := range r.repeated {
		w.Warn("a column has a name that another one has", "column", i+1, "named", r.names[i], "hint", "names: gives other names")
	}
	if columns := r.unitsBelow(); columns != "" {
		w.Warn("the first row looks like a second line of the header", "line", r.lines+1,
			"hint", fmt.Sprintf("if it is, set skip: %d and names: %s", r.lines, columns))
	}
	for _, i := range r.nameless {
		if i == 0 && r.rowNames {
			w.Warn("the header names all columns but the first, as R writes it, which then has the names of the rows", "named", r.names[i],
				"hint", "it is no feature; names: gives other names")
			continue
		}
		if r.plan.Empty(i) {
			w.Warn("a column has neither a name nor values, as if the lines end with a delimiter", "column", i+1, "named", r.names[i],
				"hint", "leave it out: trailing_delimiter: true if lines end with one, or select, which lists the columns to keep")
			continue
		}
		w.Warn("a column has no name in the header", "column", i+1, "named", r.names[i],
			"hint", "if it numbers the rows, as pandas writes it unless told index=False, it is no feature; names: gives other names")
	}
}

// noRows is about a file that has a header, and what to do.
func (r *reading) noRows() error {
	if r.survey != nil && r.skipped > 0 {
		first := r.rejected[0]
		return fmt.Errorf("%s has no rows but those that were left out, such as line %d: %s", r.file.Name, first.Line, first.Reason)
	}
	return diag.WithHint(fmt.Errorf("%s has a header but no rows", r.file.Name), source.HintEmpty)
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

// Counted implements source.Counter.
func (r *reading) Counted() (records, left int64) { return r.survey.rows + r.skipped, r.skipped }

// FirstLine implements source.Liner.
func (r *reading) FirstLine() (line int64, ok bool) {
	if r.survey == nil {
		return 0, false
	}
	return r.lines + 1, r.height-r.lines == r.survey.rows
}

// Detected implements source.Detector. Which encoding a file has is for each to say.
func (r *reading) Detected() map[string]any { return r.found }

// Found implements source.Finder.
func (r *reading) Found() []cell.Found { return r.plan.Found() }
