package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/query"
)

const (
	// maxInMemory bounds a database that is in no file of its own.
	maxInMemory = 256 << 20
	// maxValue bounds the bytes of a value.
	maxValue = 64 << 20
)

// A database is open for reading, and for nothing else.
type database struct {
	conn *sqlite3.SQLiteConn
	file string // for messages
	wal  bool   // changes are in a file beside it
}

func open(f *source.File) (*database, error) {
	start, err := f.Begin()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(start), magic) {
		if err := source.NotOf("SQLite", f.Name, start); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s is not an SQLite database", f.Name)
	}
	const versions, log = 18, 2 // of the format, to write and to read
	db := &database{file: f.Name, wal: len(start) > versions && start[versions] == log}
	if f.Path != "" {
		// No file is written beside it, and nothing locks it: its bytes do not change.
		uri := url.URL{Scheme: "file", OmitHost: true, Path: f.Path, RawQuery: "mode=ro&immutable=1"}
		err = db.connect(uri.String())
	} else {
		err = db.copy(f)
	}
	if err != nil {
		return nil, db.wrap(err)
	}
	return db, nil
}

func (db *database) connect(name string) error {
	conn, err := new(sqlite3.SQLiteDriver).Open(name)
	if err != nil {
		return err
	}
	db.conn = conn.(*sqlite3.SQLiteConn)
	return db.restrict()
}

// copy takes the database into memory.
func (db *database) copy(f *source.File) error {
	if f.Size > maxInMemory {
		return diag.WithHint(fmt.Errorf("a database of %d MiB that is not in a file of its own", f.Size>>20), "unpack it before")
	}
	data := make([]byte, f.Size)
	if err := f.ReadFull(data, 0); err != nil {
		return err
	}
	// In memory there is no file beside it, and no mode that needs one.
	const write, read = 18, 19
	if db.wal && len(data) > read {
		data[write], data[read] = 1, 1
	}
	conn, err := new(sqlite3.SQLiteDriver).Open(":memory:")
	if err != nil {
		return err
	}
	db.conn = conn.(*sqlite3.SQLiteConn)
	if err := db.conn.Deserialize(data, "main"); err != nil {
		return errors.Join(err, db.conn.Close())
	}
	return db.restrict()
}

// restrict makes sure that nothing but reading is possible, whatever the database
// or the query holds.
func (db *database) restrict() error {
	for _, pragma := range []string{"query_only = 1", "trusted_schema = 0", "cell_size_check = 1", "mmap_size = 0"} {
		if _, err := db.conn.Exec("PRAGMA "+pragma, nil); err != nil {
			return errors.Join(err, db.conn.Close())
		}
	}
	db.conn.SetLimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
	db.conn.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, maxValue)
	db.conn.RegisterAuthorizer(authorize)
	return nil
}

// authorize allows to select.
func authorize(action int, _, name, _ string) int {
	switch action {
	case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, recursive:
		return sqlite3.SQLITE_OK
	case sqlite3.SQLITE_FUNCTION:
		switch strings.ToLower(name) {
		case "load_extension", "random", "randomblob", "current_date", "current_time", "current_timestamp",
			"changes", "total_changes", "last_insert_rowid", "sqlite_version", "sqlite_source_id":
		default:
			return sqlite3.SQLITE_OK
		}
	}
	return sqlite3.SQLITE_DENY
}

// recursive is SQLITE_RECURSIVE, which the driver does not name.
const recursive = 33

func (db *database) close() error { return db.conn.Close() }

// wrap says what an error is about.
func (db *database) wrap(err error) error {
	var failed sqlite3.Error
	if !errors.As(err, &failed) {
		return err
	}
	text, hint := failed.Error(), ""
	switch failed.Code {
	case sqlite3.ErrAuth:
		hint = "a source can only SELECT, and call no function that gives something else each time"
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrFormat:
		hint = "the file is damaged, or only a part of a database: look with PRAGMA integrity_check"
	}
	return diag.WithHint(fmt.Errorf("%s: %s", db.file, text), hint)
}

// A selection is where the rows come from.
type selection struct {
	sql     string // a SELECT, for its columns
	from    string // what stands after FROM
	ordered bool
}

// selection finds what the settings ask for.
func (db *database) selection(ctx context.Context, r *Reader) (selection, error) {
	if r.Query != "" {
		q, err := query.Read(r.Query)
		return selection{sql: q.Text, from: "(" + q.Text + "\n)", ordered: q.Ordered}, err
	}
	kinds := map[string]string{}
	var names []string
	const list = "SELECT name, type, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
	if err := db.each(ctx, list, 3, func(_ int64, values []value) error {
		name, kind := string(values[0].text), string(values[1].text)
		if strings.HasPrefix(strings.ToUpper(string(values[2].text)), "CREATE VIRTUAL") {
			kind = "virtual"
		}
		kinds[name] = kind
		names = append(names, name)
		return nil
	}); err != nil {
		return selection{}, err
	}
	shown := strings.Join(names[:min(len(names), 20)], ", ")
	name := r.Table
	switch {
	case len(names) == 0:
		return selection{}, fmt.Errorf("%s has no tables", db.file)
	case name == "" && len(names) > 1:
		return selection{}, diag.WithHint(fmt.Errorf("%s has %d tables: %s", db.file, len(names), shown), "say which one, as in format: {sqlite: {table: "+names[0]+"}}")
	case name == "":
		name = names[0]
	}
	kind, ok := kinds[name]
	if !ok {
		hint := "the tables are " + shown
		if near, ok := diag.Nearest(name, names); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return selection{}, diag.WithHint(fmt.Errorf("%s has no table %q", db.file, name), hint)
	}
	from := query.Name(name)
	switch kind {
	case "virtual":
		return selection{}, diag.WithHint(fmt.Errorf("%s: table %q is a virtual one, which only its own program can read", db.file, name), "read the table that it stands for")
	case "table":
		from += " NOT INDEXED" // but in the order of the table
	}
	return selection{sql: "SELECT * FROM " + from, from: from, ordered: kind == "table"}, nil
}

// names are those of the columns that a query gives.
func (db *database) names(ctx context.Context, text string) ([]string, error) {
	rows, err := db.conn.QueryContext(ctx, "SELECT * FROM ("+text+"\n) LIMIT 0", nil)
	if err != nil {
		return nil, db.wrap(err)
	}
	names := rows.Columns()
	if err := rows.Close(); err != nil {
		return nil, db.wrap(err)
	}
	seen := map[string]bool{}
	for i, name := range names {
		lower := strings.ToLower(name)
		if before, number, ok := strings.Cut(lower, ":"); ok && seen[before] && strings.Trim(number, "0123456789") == "" {
			lower, name = before, names[i][:len(before)] // SQLite has made one of a name that was there
		}
		switch {
		case name == "":
			return nil, diag.WithHint(fmt.Errorf("%s: column %d has no name", db.file, i+1), "give it one: AS name")
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("%s: the name of column %d is not UTF-8", db.file, i+1)
		case seen[lower]:
			return nil, diag.WithHint(fmt.Errorf("%s: two columns are named %q", db.file, name), "give one of them another name: AS name")
		default:
			seen[lower] = true
		}
	}
	return names, nil
}

// A value is one of a row, as text.
type value struct {
	null bool
	form cell.Form
	text []byte
	bad  string // why it cannot be taken
}

// each calls do with all rows, which are counted from 1. The values are good until
// it returns.
func (db *database) each(ctx context.Context, text string, columns int, do func(row int64, values []value) error) error {
	rows, err := db.conn.QueryContext(ctx, text, nil)
	if err != nil {
		return db.wrap(err)
	}
	defer rows.Close()
	raw, values := make([]driver.Value, columns), make([]value, columns)
	for row := int64(1); ; row++ {
		switch err := rows.Next(raw); {
		case err == io.EOF:
			return ctx.Err()
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return db.wrap(err)
		}
		for i, v := range raw {
			values[i].set(v)
		}
		if err := do(row, values); err != nil {
			return err
		}
	}
}

func (v *value) set(from driver.Value) {
	v.null, v.bad, v.text = false, "", v.text[:0]
	switch x := from.(type) {
	case nil:
		v.null = true
	case int64:
		v.form, v.text = cell.Number, strconv.AppendInt(v.text, x, 10)
	case float64:
		v.form, v.text = cell.Number, strconv.AppendFloat(v.text, x, 'g', -1, 64)
		if !strings.ContainsAny(string(v.text), ".eIN") {
			v.text = append(v.text, ".0"...) // a decimal number is none that is whole by chance
		}
	case string:
		v.form, v.text = cell.Text, append(v.text, x...)
		if !utf8.Valid(v.text) {
			v.bad = "text that is not UTF-8"
		}
	default:
		v.bad = "a blob, which no column of a table can hold"
	}
}
