// Package jsonl reads JSON Lines into tables: one object a line, whose members
// are the values of a row. A file is read twice, as CSV is: the first pass finds
// the columns, their types and everything that is wrong, the second cannot fail.
package jsonl

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "jsonl",
		Version: 3,
		Title:   "JSON Lines",
		Doc: `One JSON object a line, in UTF-8; blank lines are skipped. The names are the columns, in the order in which they
are first seen; an object need not have all of them, and a name that it lacks is missing, as null is. Numbers, dates and
times in texts, true and false have the types that they have in CSV; numbers in double quotes are text. Lists of numbers are
lists in the table, of int32 if all numbers of the column are whole, else of float32, and of a fixed length if all have it: each row
needs one. What is not JSON
is an error with its line, character, row and column.`,
		Endings: []string{".jsonl", ".ndjson"},
		Detect:  detect,
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a file of JSON Lines.
type Reader struct {
	Nested  string `yaml:"nested" default:"error" enum:"error,text" doc:"What an object or a list is that is the value of a column: an error, but for lists of numbers, or text, as it is written in the file. In columns that select leaves out it does not matter, and with expect it is text."`
	Flatten bool   `yaml:"flatten" added:"true" default:"false" doc:"Whether the members of an object that is a value are columns of their own, a.b for member b of column a, as deep as they are. Lists are what nested says."`
}

// detect knows a file by its first object.
func detect(start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, source.BOM), " \t\r\n")
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	rest := bytes.TrimLeft(start[1:], " \t")
	return len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
}

// A reading is what is known of a file that is being read.
type reading struct {
	in       *source.Inputs
	file     *source.File
	offset   int64 // of the first line
	contract *cell.Contract
	types    cell.Types
	kept     map[string]bool // nil: all
	nested   bool            // is text
	flatten  bool
	list     bool // the file is one list, not lines

	*survey
	plan *cell.Plan

	block, threads int
	advance        func(bytes int64)
}

// Open does the first pass.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	return in.open(ctx, from, false)
}

// open does the first pass, over a list too if it may be one.
func (in *Reader) open(ctx context.Context, from source.Inputs, list bool) (source.Rows, error) {
	file, err := from.One()
	if err != nil {
		return nil, err
	}
	done := int64(0)
	r := &reading{
		file: file, contract: &from.Contract, types: from.Contract.Types(), nested: in.Nested == "text" || len(from.Contract.Expected) > 0,
		flatten: in.Flatten,
		block:   cmp.Or(from.Block, block.Usual), threads: max(1, from.Threads),
		advance: func(n int64) {
			done += n
			from.Advance(done, 2*file.Size) // two passes
		},
	}
	if len(from.Contract.Keep) > 0 {
		r.kept = make(map[string]bool, len(from.Contract.Keep))
		for _, name := range from.Contract.Keep {
			r.kept[name] = true
		}
	}
	r.in = &from
	if from.Empty && file.Size == 0 {
		r.survey = new(survey)
		return r, r.decide()
	}
	if file.Size == 0 {
		return nil, source.ErrEmpty(file)
	}
	start, err := file.Begin()
	if err != nil {
		return nil, err
	}
	if err := source.NotOf("JSON Lines", file.Name, start); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(start, source.BOM) {
		r.offset = int64(len(source.BOM))
	}
	if list && !detect(start) {
		if err := r.bounds(start); err != nil {
			return nil, err
		}
	}
	if r.survey, err = r.look(ctx); err != nil {
		return nil, err
	}
	return r, r.decide()
}

// decide makes columns of a table of what was found.
func (r *reading) decide() error {
	shared := r.contract.Shared
	if shared != nil {
		for _, name := range shared.Plan.Names {
			r.add([]byte(name))
		}
	}
	if r.rows == 0 {
		if err := r.nothing(); err != nil {
			return err
		}
	}
	switch {
	case len(r.names) == 0:
		return fmt.Errorf("%s has no columns: all objects are empty", r.file.Name)
	}
	if r.flatten {
		r.dropHeads()
	}
	r.admit()
	columns, err := r.contract.Columns(r.file.Name, r.names)
	if err != nil {
		return err
	}
	for i := range r.tallies {
		r.tallies[i].Null(r.rows - r.present[i])
	}
	s := &cell.Survey{Columns: columns, Tallies: r.tallies, Rows: r.rows, Loose: true}
	r.plan = s.Plan()
	if shared != nil {
		made, err := shared.For(r.file.Name, columns)
		if err != nil {
			return err
		}
		r.plan = &cell.Plan{Survey: s, Schema: made.Schema, Targets: made.Targets}
	} else if err := r.checkLists(); err != nil {
		return err
	}
	if cells := r.rows * int64(len(r.plan.Targets)); cells > maxCells && cells/maxSparse > r.file.Size {
		return diag.WithHint(fmt.Errorf("%s: %d rows of %d columns in %d bytes: nearly all values are missing", r.file.Name, r.rows, len(r.plan.Targets), r.file.Size),
			"select: lists the columns to keep")
	}
	return nil
}

// checkLists finds what no table has of lists.
func (r *reading) checkLists() error {
	for _, t := range r.plan.Targets {
		tally := &r.tallies[t.From]
		if !t.IsList() || r.plan.Types[t.From].Expected || tally.Missing() == 0 {
			continue
		}
		line, row, err := r.without(r.names[t.From])
		if err != nil {
			return err
		}
		msg, hint := cell.WrongList(nil)
		var ps source.Problems
		ps.Add(source.Problem{Line: line, Row: row, Column: r.names[t.From], Msg: msg, Hint: hint})
		return ps.Err(r.file.Name)
	}
	return r.plan.CheckLists(r.file.Name)
}

// without finds the first object in which a member is missing.
func (r *reading) without(name string) (line, row int64, err error) {
	w := walk{list: r.list}
	for _, p := range r.pieces {
		data := make([]byte, p.size)
		if err := r.file.ReadFull(data, p.offset); err != nil {
			return 0, 0, err
		}
		for record := range r.records(data) {
			if !r.list && isBlank(record) {
				line++
				continue
			}
			row++
			if !has(&w, record, name, r.flatten) {
				lead := len(record) - len(trimStart(record))
				return line + int64(bytes.Count(record[:lead], newline)) + 1, row, nil
			}
			line += int64(bytes.Count(record, newline))
		}
	}
	return 0, 0, nil
}

// has says whether an object has a member that is not null.
func has(w *walk, text []byte, name string, flatten bool) bool {
	var m member
	for w.start(text); w.next(&m); {
		switch {
		case m.kind == nested && flatten && m.text[0] == '{':
			if has(w.within(m.name), m.text, name, flatten) {
				return true
			}
		case string(m.name) == name:
			return m.kind != null
		}
	}
	return false
}

// nothing makes columns of what is known of them without an object.
func (r *reading) nothing() error {
	what := r.file.Name + " has no objects, only blank lines"
	if r.list {
		what = r.file.Name + " is a list without objects"
	}
	if !r.in.Empty {
		return diag.WithHint(errors.New(what), source.HintEmpty)
	}
	for _, typed := range [][]cell.Typed{r.contract.Declared, r.contract.Expected} {
		for _, c := range typed {
			if !r.contract.Agreed || !slices.Contains(r.contract.Optional, c.Name) {
				r.add([]byte(c.Name))
			}
		}
	}
	if len(r.names) == 0 && r.contract.Shared == nil {
		return diag.WithHint(errors.New(what+", so that nothing says which columns there are"), "columns: lists them with their types")
	}
	return nil
}

const maxHead = 1 << 12 // bytes of a name in which other names are looked for

// dropHeads leaves out columns whose values are all objects or null: those of
// their members are there.
func (r *reading) dropHeads() {
	heads := map[string]bool{}
	for _, name := range r.names {
		for i := range min(len(name), maxHead) {
			if name[i] == '.' {
				heads[name[:i]] = true
			}
		}
	}
	kept := columns{}
	for i, name := range r.names {
		if !heads[name] || !r.tallies[i].Empty(r.present[i]) {
			at := kept.add([]byte(name))
			kept.tallies[at], kept.present[at] = r.tallies[i], r.present[i]
		}
	}
	r.columns = kept
}

// admit adds columns that a schema has and no object: in all rows they are
// missing, as in any object that lacks them.
func (r *reading) admit() {
	if !r.contract.Agreed {
		return
	}
	settled := make(map[string]bool, len(r.names))
	for _, name := range slices.Concat(r.names, r.contract.Optional) {
		settled[name] = true
	}
	for _, name := range r.contract.Keep {
		if !settled[name] {
			r.names = append(r.names, name)
			r.tallies = append(r.tallies, cell.Tally{})
			r.present = append(r.present, 0)
		}
	}
}

const (
	// An object need not name its columns, so a short file can be a huge table.
	// Beyond maxCells values it is one only if maxSparse of them take a byte of
	// the file.
	maxCells  = 1 << 26
	maxSparse = 256
)

// Schema implements source.Rows.
func (r *reading) Schema() *arrow.Schema { return r.plan.Schema }

// Close implements source.Rows.
func (r *reading) Close() error { return nil }

// Counted implements source.Counter.
func (r *reading) Counted() (records, left int64) { return r.rows, 0 }

// Plan implements source.Surveyed.
func (r *reading) Plan() *cell.Plan { return r.plan }

// Survey implements source.Surveyed.
func (r *reading) Survey() *cell.Survey { return r.plan.Survey }

// Remark implements source.Surveyed.
func (r *reading) Remark(*slog.Logger, *cell.Warner) {}

// Report implements source.Rows.
func (r *reading) Report(log *slog.Logger) {
	r.plan.Report(cell.NewWarner(log, &r.contract.Rules), r.file.Name)
}

// Batches does the second pass.
func (r *reading) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return source.Pushed(func(write func(arrow.RecordBatch) error) error { return r.load(ctx, write) })
}

// Found implements source.Finder.
func (r *reading) Found() []cell.Found { return r.plan.Found() }
