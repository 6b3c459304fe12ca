package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What follows is for the packages below this one, which own the SQL of a noun
// each: models, schedules, walks through the graph, clean-up, bundles.

// Now is the time of the clock of the database.
func (d *DB) Now() time.Time { return d.now() }

// Path is the file of the database.
func (d *DB) Path() string { return d.path }

// Reader gives connections that read.
func (d *DB) Reader() *sql.DB { return d.r }

// Error adds to an error what was being done with the database, once.
func (d *DB) Error(op string, err error) error { return wrap(op, d.path, err) }

// RefError is Error that leaves a *RefError as it is: the file of the database
// would only distract from the reference.
func (d *DB) RefError(op string, err error) error {
	var ref *RefError
	if errors.As(err, &ref) {
		return ref
	}
	return d.Error(op, err)
}

func wrap(op, path string, err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{Op: op, Path: path, Err: err}
}

// Durability is how much of a transaction survives a loss of power.
type Durability int

const (
	Durable Durability = iota // all of it, once it is committed
	Relaxed                   // all of it or nothing
)

// Update runs fn in a write transaction. It waits for other writers, and once
// it has begun it does not stop half-way when ctx ends, because everything
// that is written is small and worth keeping.
func (d *DB) Update(ctx context.Context, how Durability, op string, fn func(*Tx) error) (err error) {
	defer func() { err = d.Error(op, err) }()
	if d.w == nil {
		return errReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := d.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A context that can end makes the driver start a goroutine for each
	// statement.
	ctx = context.WithoutCancel(ctx)
	if how == Relaxed {
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return err
		}
		defer func() {
			_, e := conn.ExecContext(ctx, "PRAGMA synchronous = FULL")
			err = errors.Join(err, e)
		}()
	}
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if d.at != nil {
		name, _, _ := strings.Cut(op, " ")
		d.at("lineage." + name + ".begun")
		defer func() { d.at("lineage." + name + ".ended") }()
		inner := fn
		fn = func(t *Tx) error {
			err := inner(t)
			d.at("lineage." + name + ".written")
			return err
		}
	}
	if err := fn(&Tx{ctx, sqlTx}); err != nil {
		return errors.Join(err, sqlTx.Rollback())
	}
	return sqlTx.Commit()
}

// A Tx is a write transaction.
type Tx struct {
	Ctx context.Context // of the transaction
	*sql.Tx
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	res, err := t.ExecContext(t.Ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Insert runs "before VALUES (?, ...), ... after" for rows of width arguments
// and returns how many rows it changed. Statements take up to 64 rows, in few
// different sizes so that they stay prepared.
func (t *Tx) Insert(before, after string, width int, args []any) (changed int64, err error) {
	row := "(?" + strings.Repeat(", ?", width-1) + ")"
	for size := 64; len(args) > 0; {
		if len(args) < size*width {
			size /= 4
			continue
		}
		n, err := t.Exec(before+"VALUES "+row+strings.Repeat(", "+row, size-1)+after, args[:size*width]...)
		if err != nil {
			return 0, err
		}
		changed += n
		args = args[size*width:]
	}
	return changed, nil
}

// Row reads one row.
func (t *Tx) Row(query string, args ...any) *sql.Row {
	return t.QueryRowContext(t.Ctx, query, args...)
}

// An Asker answers a query: a database, or a transaction.
type Asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Collect reads all rows of a query with scan.
func Collect[T any](ctx context.Context, db Asker, scan func(*sql.Rows) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Scan reads a row of one column.
func Scan[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

// Nullable is a text that is NULL in the database if it is empty.
func Nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Each calls scan for every row of a query.
func (d *DB) Each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := d.r.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// IDs reads all rows of a query for numbers.
func (t *Tx) IDs(query string, args ...any) ([]int64, error) { return scanAll[int64](t, query, args) }

// Texts reads all rows of a query for texts.
func (t *Tx) Texts(query string, args ...any) ([]string, error) {
	return scanAll[string](t, query, args)
}

func scanAll[T any](t *Tx, query string, args []any) (list []T, err error) {
	rows, err := t.QueryContext(t.Ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// JSONList is a list as one argument of a statement, for json_each.
func JSONList[T any](list []T) string {
	if list == nil {
		list = []T{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and texts cannot fail
	}
	return string(text)
}

// timeFormat is UTC with milliseconds; texts sort like the times.
const timeFormat = "2006-01-02T15:04:05.000Z"

// FormatTime is a time as the database has it.
func FormatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// ParseTime reads a time of the database; an empty text is the zero time.
func ParseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s) // which takes timeFormat too, five times as fast
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q in the database: %w", s, err)
	}
	return t, nil
}

// SetTime is ParseTime for a field.
func SetTime(t *time.Time, s string) (err error) {
	*t, err = ParseTime(s)
	return err
}

// Optimize renews what the query planner knows about the sizes of tables. The
// pages that were freed stay in the file and are used again: giving them back
// to the system (VACUUM) would lock out every run for as long as it takes to
// write the whole database anew.
func (d *DB) Optimize(ctx context.Context) error {
	_, err := d.w.ExecContext(ctx, "PRAGMA optimize")
	return d.Error("optimize", err)
}
