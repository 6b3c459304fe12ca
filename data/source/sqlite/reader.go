// Package sqlite reads tables and queries of SQLite databases. Their values have
// types, but their columns have not, so that a column gets its type from all of its
// values, as one of text does: the rows are asked for twice.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/query"
	"pipe/pipeline/settings"
)

const magic = "SQLite format 3\x00"

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "sqlite",
		Version: 2,
		Title:   "SQLite",
		Doc: `A table, or what a query gives, of an SQLite database. A column gets the first type that all its values fit: whole
numbers, decimal numbers, dates and timestamps that stand in texts, text. NULL is missing, an empty text is not. A blob is an
error, unless select leaves its column out. Rows come in the order of the table, those of a query as its ORDER BY says.`,
		Endings: []string{".sqlite", ".sqlite3", ".db", ".db3"},
		Detect:  func(start []byte) bool { return strings.HasPrefix(string(start), magic) },
		New:     func() source.Reader { return new(Reader) },
	}
}

// Reader reads a table or a query.
type Reader struct {
	Table string `yaml:"table" doc:"Table or view to read. It need not be named if the database has but one."`
	Query string `yaml:"query" doc:"SELECT that gives the rows, instead of a table."`
}

// Validate checks what the tags cannot say.
func (r *Reader) Validate() error {
	if r.Query == "" {
		return nil
	}
	if r.Table != "" {
		return settings.FieldErrorf("query", "both a table and a query are given")
	}
	_, err := query.Read(r.Query)
	if err == nil {
		err = checkNow(r.Query)
	}
	if err != nil {
		return &settings.FieldError{Field: "query", Err: err, Todo: diag.HintOf(err)}
	}
	return nil
}

// checkNow refuses a query whose rows are others tomorrow.
func checkNow(text string) error {
	if strings.Contains(strings.ToLower(text), "'now'") {
		return diag.WithHint(errors.New("'now' is another time in each run"), "write the date")
	}
	return nil
}

// A reading is what is known of the rows.
type reading struct {
	db      *database
	data    string // for messages
	in      *source.Inputs
	rules   []*cell.Rules // of each column that is kept
	sql     string
	plan    *cell.Plan
	survey  *cell.Survey
	warn    []string
	advance func(done, total int64)
}

// Open looks at all rows.
func (r *Reader) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	file, err := in.One()
	if err != nil {
		return nil, err
	}
	db, err := open(file)
	if err != nil {
		return nil, err
	}
	rd := &reading{db: db, data: file.Name, in: &in, advance: in.Advance}
	if err := rd.open(ctx, r); err != nil {
		db.close()
		return nil, err
	}
	return rd, nil
}

func (rd *reading) open(ctx context.Context, r *Reader) error {
	from, err := rd.db.selection(ctx, r)
	if err != nil {
		return err
	}
	if rd.db.wal {
		rd.warn = append(rd.warn, "the database keeps a log of changes (WAL) in a file beside it, which is not read: close it in the program that writes it, or run PRAGMA wal_checkpoint")
	}
	if !from.ordered {
		rd.warn = append(rd.warn, "nothing says in which order the rows come: add ORDER BY to the query")
	}
	names, err := rd.db.names(ctx, from.sql)
	if err != nil {
		return err
	}
	columns, err := rd.in.Contract.Columns(rd.data, names)
	if err != nil {
		return err
	}
	// Only the columns that are kept are asked for, each as an expression: the
	// driver makes times of columns that are declared so, and zero of what is none.
	kept := columns.Kept()
	list := make([]string, len(kept))
	for i, at := range kept {
		list[i] = "+" + query.Name(names[at]) + " AS " + query.Name(names[at])
	}
	rd.rules = rulesFor(&rd.in.Contract, columns)
	rd.sql = "SELECT " + strings.Join(list, ", ") + " FROM " + from.from
	s := &cell.Survey{Columns: columns, Tallies: make([]cell.Tally, len(names))}
	if err := rd.look(ctx, s, kept); err != nil {
		return err
	}
	if s.Rows == 0 {
		if err := rd.in.NoRows(rd.data); err != nil {
			return err
		}
	}
	rd.survey, rd.plan = s, s.Plan()
	return nil
}

// rulesFor are the rules of the columns that are kept. What is missing the data say
// themselves, so an empty text and NA are not, but in a column of another type that
// is asked for.
func rulesFor(contract *cell.Contract, columns *cell.Columns) []*cell.Rules {
	own := contract.Rules
	own.Missing = cell.NewMissing(nil, false)
	list := make([]*cell.Rules, len(columns.Kept()))
	for i, at := range columns.Kept() {
		list[i] = &own
		if typ := columns.Types[at].Type; typ != cell.Undeclared && typ != cell.String {
			list[i] = &contract.Rules
		}
	}
	return list
}

// look is the first pass, over all values.
func (rd *reading) look(ctx context.Context, s *cell.Survey, kept []int) error {
	return rd.db.each(ctx, rd.sql, len(kept), func(row int64, values []value) error {
		s.Rows = row
		for i, at := range kept {
			v := &values[i]
			gap := v.null || rd.in.Contract.Missing.Lists(v.text)
			if gap {
				s.Tallies[at].Null(1)
			}
			msg, hint := v.bad, ""
			switch {
			case gap && !s.Types[at].NeedsAll():
				continue
			case gap:
				msg, hint = s.Types[at].Wrong(rd.rules[i], nil)
			case msg != "":
				hint = "leave the column out with select, or make text of it in a query: hex(...), or CAST(... AS TEXT)"
			default:
				switch s.Tallies[at].Value(rd.rules[i], s.Types[at], v.form, v.text) {
				case cell.First:
					s.Tallies[at].PlaceRow(row)
				case cell.Wrong:
					msg, hint = s.Types[at].Wrong(rd.rules[i], v.text)
				}
			}
			if msg != "" {
				return diag.WithHint(fmt.Errorf("%s: row %d, column %q: %s", rd.data, row, s.Names[at], msg), hint)
			}
		}
		if row%batchRows == 0 {
			rd.advance(row, 0)
		}
		return nil
	})
}

// Schema implements source.Rows.
func (rd *reading) Schema() *arrow.Schema { return rd.plan.Schema }

// Found implements source.Finder.
func (rd *reading) Found() []cell.Found { return rd.plan.Found() }

// Close implements source.Rows.
func (rd *reading) Close() error { return rd.db.close() }

// Report implements source.Rows.
func (rd *reading) Report(log *slog.Logger) {
	w := cell.NewWarner(log, &rd.in.Contract.Rules)
	for _, text := range rd.warn {
		w.Warn(text, "file", rd.data)
	}
	rd.plan.Report(w, rd.data)
}

// batchRows are the rows of a batch, batchBytes those of the texts of a column in
// one, about.
const (
	batchRows  = 4096
	batchBytes = 4 << 20
)

var errChanged = errors.New("the query gives other rows when it is asked again: it calls something that changes")

// Batches is the second pass.
func (rd *reading) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return source.Pushed(func(write func(arrow.RecordBatch) error) error { return rd.load(ctx, write) })
}
