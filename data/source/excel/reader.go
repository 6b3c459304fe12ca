// Package excel reads sheets of workbooks into tables. A sheet is read twice, as
// a stream: the first pass finds the types and everything that is wrong, the
// second cannot fail. A workbook knows its types, a cell at a time: a number is
// exactly the decimal number that is stored, and it is a date or a time if it is
// shown as one; a text is never a number.
package excel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "excel",
		Version: 2,
		Title:   "Excel",
		Doc: `A sheet of a workbook of Excel 2007 or later. Numbers that are shown as dates or times are dates, times or timestamps;
texts stay text, unless they are dates; the values of formulas are those that the program has stored. Rows without a value are
left out, an error such as #N/A is a missing value with a warning. What does not fit is an error with its row.`,
		Endings: []string{".xlsx", ".xlsm"},
		Detect:  detect,
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a sheet.
type Reader struct {
	Sheet  string   `yaml:"sheet" doc:"Name of the sheet, in any case. The first one by default."`
	Range  string   `yaml:"range" doc:"Cells to read: A3:F100; A:F for some columns; B3 for all from there on, such as behind lines of text. All of the sheet by default."`
	Header bool     `yaml:"header" default:"true" doc:"Whether the first row with a value names the columns."`
	Names  []string `yaml:"names" doc:"Names of the columns, in place of those in the header. Columns without a name are called by their letter."`
}

// Validate checks what the tags cannot say.
func (in *Reader) Validate() error {
	_, err := parseArea(in.Range)
	if err != nil {
		err = settings.FieldErrorf("range", "%w", err)
	}
	return errors.Join(err, source.CheckNames("names", in.Names))
}

func detect(start []byte) bool {
	s := string(start)
	return strings.HasPrefix(s, "PK\x03\x04") && (strings.Contains(s, "[Content_Types].xml") || strings.Contains(s, "xl/"))
}

const (
	// A sheet need not have all values of a row, so a short file can be a huge
	// table. Beyond maxCells values it is one only if maxSparse of them take a
	// byte of the file.
	maxCells  = 1 << 26
	maxSparse = 256

	batchCells = 1 << 18 // values of a batch, and no more than some megabytes of text
	batchBytes = 4 << 20
)

// A reading is what is known of a sheet that is being read.
type reading struct {
	file  *source.File
	book  *Workbook
	sheet *sheetRef
	area  area
	rules cell.Rules

	header     bool
	found      bool           // that of the settings is not
	head       map[int]string // names that there are
	names      []string
	nameless   []int
	trimmed    int    // names with blanks around them
	paddedName string // the first of them
	plan       *cell.Plan
	rows       int64
	none       bool  // there may be no rows
	failed     int64 // cells with an error
	example    string
	unknown    int64 // formulas without a value
	first      string
	advance    func()
}

// Open does the first pass.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	file, err := from.One()
	if err != nil {
		return nil, err
	}
	r := &reading{file: file, rules: from.Contract.Rules, header: in.Header, none: from.Empty}
	passes := int64(0)
	r.advance = func() { passes++; from.Advance(passes, 2) }
	if r.area, err = parseArea(in.Range); err != nil {
		return nil, err
	}
	if r.book, err = openWorkbook(file); err != nil {
		return nil, err
	}
	if r.sheet, err = r.book.sheet(in.Sheet); err != nil {
		return nil, err
	}
	names := in.Names
	if known := from.Contract.Known(names); from.Carried && known.Expected {
		if names, err = r.settle(ctx, in, &known); err != nil {
			return nil, err
		}
	}
	if err := r.readHeader(names); err != nil {
		return nil, err
	}
	if err := r.survey(ctx, &from.Contract); err != nil {
		return nil, err
	}
	r.advance()
	if cells := r.rows * int64(len(r.plan.Targets)); cells > maxCells && cells/maxSparse > file.Size {
		return nil, diag.WithHint(fmt.Errorf("%s: %d rows of %d columns in %d bytes: nearly all values are missing", file.Name, r.rows, len(r.plan.Targets), file.Size),
			"range: says which cells to read, select: lists the columns to keep")
	}
	return r, nil
}

// each calls f with each row that holds data, as long as it is not told to stop.
func (r *reading) each(ctx context.Context, f func(rows *rows) error) error {
	rows, err := r.book.rows(r.sheet, r.area)
	if err != nil {
		return err
	}
	defer rows.part.Close()
	header := r.header
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := rows.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header {
			header = false
			continue
		}
		if err := f(rows); err != nil {
			return err
		}
	}
}

// readHeader finds the names that there are.
func (r *reading) readHeader(names []string) error {
	r.head = map[int]string{}
	if r.header {
		rows, err := r.book.rows(r.sheet, r.area)
		if err != nil {
			return err
		}
		defer rows.part.Close()
		if err := rows.next(); err != nil {
			if err == io.EOF {
				if r.none && len(names) > 0 {
					r.header = false
					r.nameHead(names)
					return nil
				}
				return r.empty()
			}
			return err
		}
		for _, v := range rows.values {
			if name := strings.TrimSpace(string(v.text)); name != "" && v.kind == present {
				r.head[v.column] = name
				if len(name) < len(v.text) {
					if r.trimmed++; r.trimmed == 1 {
						r.paddedName = cell.Quote(v.text)
					}
				}
			}
		}
	}
	r.nameHead(names)
	return nil
}

// nameHead takes names in place of those in the header.
func (r *reading) nameHead(names []string) {
	for i, name := range names {
		r.head[i] = name
	}
}

// name is that of a column.
func (r *reading) name(column int) string {
	if name, ok := r.head[column]; ok {
		return name
	}
	return columnName(r.area.left + column)
}

// nameColumns names so many columns.
func (r *reading) nameColumns(width int) error {
	seen := make(map[string]int, width)
	for c := range width {
		name, letter := r.name(c), columnName(r.area.left+c)
		if strings.ContainsRune(name, 0) {
			return fmt.Errorf("%s: sheet %q: the name of column %s has a zero byte", r.file.Name, r.sheet.name, letter)
		}
		if at, twice := seen[name]; twice {
			return diag.WithHint(fmt.Errorf("%s: sheet %q: the columns %s and %s are both named %q", r.file.Name, r.sheet.name, columnName(r.area.left+at), letter, name),
				"names: gives other names, range: leaves columns out")
		}
		seen[name] = c
		r.names = append(r.names, name)
		if _, ok := r.head[c]; !ok && r.header {
			r.nameless = append(r.nameless, c)
		}
	}
	return nil
}

func (r *reading) empty() error {
	what := "no rows"
	if r.header {
		what = "no rows behind its header"
	}
	var others []string
	for i := range r.book.sheets {
		if s := &r.book.sheets[i]; s != r.sheet {
			others = append(others, s.name)
		}
	}
	err, hint := fmt.Errorf("%s: sheet %q has %s", r.file.Name, r.sheet.name, what), source.HintEmpty
	if r.none {
		hint = "names: lists the columns"
	}
	if len(others) > 0 {
		hint = fmt.Sprintf("sheet: names another one: %q; ", others[:min(len(others), 20)]) + hint
	}
	return diag.WithHint(err, hint)
}

// A column is what was found in one so far.
type column struct {
	tally cell.Tally
	typ   cell.ColumnType
	count int64 // of cells
}

// survey looks at all values.
func (r *reading) survey(ctx context.Context, contract *cell.Contract) error {
	var columns []column
	types := contract.Types()
	grow := func(width int) {
		for c := len(columns); c < width; c++ {
			columns = append(columns, column{typ: types.Of(r.name(c))})
		}
	}
	for c := range r.head {
		grow(c + 1)
	}
	var problems source.Problems
	err := r.each(ctx, func(rows *rows) error {
		r.rows++
		for i := range rows.values {
			v := &rows.values[i]
			grow(v.column + 1)
			c := &columns[v.column]
			c.count++
			if v.kind != present {
				c.tally.Null(1)
				r.absent(v, rows.row)
				continue
			}
			line := int64(rows.row) + 1
			switch c.tally.Value(&r.rules, c.typ, v.form, v.text) {
			case cell.First:
				c.tally.Place(line)
			case cell.Wrong:
				msg, hint := c.typ.Wrong(&r.rules, v.text)
				problems.Add(source.Problem{Line: line, Row: r.rows, Column: r.name(v.column), Msg: msg, Hint: hint})
			}
		}
		return nil
	})
	if err == nil {
		err = problems.Err(r.file.Name)
	}
	if err == nil && r.rows == 0 && (!r.none || len(columns) == 0) {
		err = r.empty()
	}
	if err == nil {
		err = r.nameColumns(len(columns))
	}
	if err != nil {
		return err
	}
	s := &cell.Survey{Rows: r.rows, Nameless: r.nameless}
	if s.Columns, err = contract.Columns(r.file.Name, r.names); err != nil {
		return err
	}
	for i := range columns {
		columns[i].tally.Null(r.rows - columns[i].count)
		s.Tallies = append(s.Tallies, columns[i].tally)
	}
	r.plan = s.Plan()
	return r.plan.CheckLists(r.file.Name)
}

// absent counts a cell that has no value, though it is not empty.
func (r *reading) absent(v *value, row int) {
	place := fmt.Sprintf("%s%d", columnName(r.area.left+v.column), row+1)
	switch v.kind {
	case failed:
		if r.failed++; r.failed == 1 {
			r.example = fmt.Sprintf("%s in %s", cell.Quote(v.text), place)
		}
	case unknown:
		if r.unknown++; r.unknown == 1 {
			r.first = place
		}
	}
}

// Schema implements source.Rows.
func (r *reading) Schema() *arrow.Schema { return r.plan.Schema }

// Close implements source.Rows.
func (r *reading) Close() error { return nil }

// Found implements source.Finder.
func (r *reading) Found() []cell.Found { return r.plan.Found() }

// Report implements source.Rows.
func (r *reading) Report(log *slog.Logger) {
	w := cell.NewWarner(log, &r.rules)
	if r.found {
		log.Info("found out how the file is written", "header", r.header)
	}
	if r.trimmed > 0 {
		w.Note("blanks around names of columns were left out", "count", r.trimmed, "first", r.paddedName)
	}
	for _, i := range r.nameless {
		w.Warn("a column has no name in the header", "column", r.names[i], "hint", "names: gives names, range: leaves columns out")
	}
	if r.failed > 0 {
		w.Warn("cells with an error are missing values", "cells", r.failed, "first", r.example)
	}
	if r.unknown > 0 {
		w.Warn("formulas without a stored value are missing values", "cells", r.unknown, "first", r.first,
			"hint", "a program has written the workbook that computes nothing: open it in the spreadsheet program and save it")
	}
	r.plan.Report(w, fmt.Sprintf("%s, sheet %s", r.file.Name, r.sheet.name))
}

// Batches does the second pass.
func (r *reading) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return source.Pushed(func(write func(arrow.RecordBatch) error) error {
		defer r.advance()
		return r.load(ctx, write)
	})
}

func (r *reading) load(ctx context.Context, write func(arrow.RecordBatch) error) error {
	targets := r.plan.Targets
	at := make([]int, len(r.names)) // of each column in the table, -1 if it is not there
	for i := range at {
		at[i] = -1
	}
	for i, t := range targets {
		at[t.From] = i
	}
	most := int(max(1, min(batchCells/int64(len(targets)), r.rows)))
	columns, filled := make([]cell.Builder, len(targets)), make([]int, len(targets))
	row, bytes := 0, 0
	start := func() {
		row, bytes = 0, 0
		for i := range columns {
			columns[i].Reset(targets[i], most)
			filled[i] = 0
		}
	}
	fill := func(i int) {
		for ; filled[i] < row; filled[i]++ {
			columns[i].Null(filled[i])
		}
	}
	flush := func() error {
		if row == 0 {
			return nil
		}
		arrays := make([]arrow.Array, len(columns))
		for i := range columns {
			fill(i)
			arrays[i] = columns[i].Array(row)
		}
		rec, err := table.NewRecord(r.plan.Schema, arrays...)
		if err != nil {
			return err
		}
		err = write(rec)
		rec.Release()
		start()
		return err
	}
	start()
	err := r.each(ctx, func(rows *rows) error {
		for k := range rows.values {
			v := &rows.values[k]
			i := at[v.column]
			if i < 0 || v.kind != present {
				continue
			}
			fill(i)
			columns[i].Set(&r.rules, row, v.form, v.text)
			filled[i]++
			bytes += len(v.text)
		}
		if row++; row == most || bytes > batchBytes {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
