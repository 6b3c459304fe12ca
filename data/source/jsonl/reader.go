// Package jsonl reads JSON Lines into tables: one object a line, whose members
// are the values of a row. A file is read twice, as CSV is: the first pass finds
// the columns, their types and everything that is wrong, the second cannot fail.
package jsonl

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"

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
		Version: 2,
		Title:   "JSON Lines",
		Doc: `One JSON object a line, in UTF-8; blank lines are skipped. The names are the columns, in the order in which they
are first seen; an object need not have all of them, and a name that it lacks is missing, as null is. Numbers, dates and
times in texts, true and false have the types that they have in CSV; numbers in double quotes are text. What is not JSON
is an error with its line, character, row and column.`,
		Endings: []string{".jsonl", ".ndjson"},
		Detect:  detect,
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a file of JSON Lines.
type Reader struct {
	Nested string `yaml:"nested" default:"error" enum:"error,text" doc:"What an object or a list is that is the value of a column: an error, or text, as it is written in the file. In columns that select leaves out it does not matter, and with expect it is text."`
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
	file     *source.File
	offset   int64 // of the first line
	contract *cell.Contract
	types    cell.Types
	kept     map[string]bool // nil: all
	nested   bool            // is text

	*survey
	plan *cell.Plan

	block, threads int
	advance        func(bytes int64)
}

// Open does the first pass.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	file, err := from.One()
	if err != nil {
		return nil, err
	}
	done := int64(0)
	r := &reading{
		file: file, contract: &from.Contract, types: from.Contract.Types(), nested: in.Nested == "text" || len(from.Contract.Expected) > 0,
		block: cmp.Or(from.Block, block.Usual), threads: max(1, from.Threads),
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
	if r.survey, err = r.look(ctx); err != nil {
		return nil, err
	}
	return r, r.decide()
}

// decide makes columns of a table of what was found.
func (r *reading) decide() error {
	switch {
	case r.rows == 0:
		return fmt.Errorf("%s has no objects, only blank lines", r.file.Name)
	case len(r.names) == 0:
		return fmt.Errorf("%s has no columns: all objects are empty", r.file.Name)
	}
	columns, err := r.contract.Columns(r.file.Name, r.names)
	if err != nil {
		return err
	}
	for i := range r.tallies {
		r.tallies[i].Null(r.rows - r.present[i])
	}
	s := &cell.Survey{Columns: columns, Tallies: r.tallies, Rows: r.rows}
	r.plan = s.Plan()
	if cells := r.rows * int64(len(r.plan.Targets)); cells > maxCells && cells/maxSparse > r.file.Size {
		return diag.WithHint(fmt.Errorf("%s: %d rows of %d columns in %d bytes: nearly all values are missing", r.file.Name, r.rows, len(r.plan.Targets), r.file.Size),
			"select: lists the columns to keep")
	}
	return nil
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

// Report implements source.Rows.
func (r *reading) Report(log *slog.Logger) {
	r.plan.Report(cell.NewWarner(log, &r.contract.Rules), r.file.Name)
}

// Batches does the second pass.
func (r *reading) Batches(ctx context.Context) iter.Seq2[arrow.Record, error] {
	return source.Pushed(func(write func(arrow.Record) error) error { return r.load(ctx, write) })
}
