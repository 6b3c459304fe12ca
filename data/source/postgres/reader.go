// Package postgres reads tables and queries of PostgreSQL. All is asked for in one
// transaction that can only read, and that sees the database as it was when it
// began.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/query"
	"pipe/pipeline/settings"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:      "postgres",
		Version:   1,
		Title:     "PostgreSQL",
		Elsewhere: true,
		Doc: `A table, or what a query gives, of a PostgreSQL server, as it is at one moment. Types are those of the server: numeric
is int64 where it has no digits after its point and 18 at most, float64 where it has 15 at most, and text else (without declared
digits all values decide); arrays of real, smallint and integer are lists; what has no type of its own here, such as uuid, jsonb,
inet or an enum, is text as PostgreSQL writes it. The rows of a table come in the order of its primary key, those of a query as its
ORDER BY says; without either they are sorted by all columns. Nobody knows when a database changes, so that it is read once for the
same settings: raise ` + "`as_of`" + `, use ` + "`cache: false`" + ` or ` + "`pipe run --force`" + ` to read it again.`,
		New: func() source.Reader { return new(Reader) },
	}
}

// Reader reads a table or a query.
type Reader struct {
	URL           string `yaml:"url" doc:"Where the server and the database are: postgres://user@host:5432/database?sslmode=verify-full. It never holds a password."`
	PasswordEnv   string `yaml:"password_env" doc:"Environment variable that holds the password. Its value is stored nowhere."`
	ConnectionEnv string `yaml:"connection_env" doc:"Environment variable that holds the whole URL, with a password or not, instead of url. Its value is stored nowhere, and is no part of the key: another server with the same data makes nothing run again."`
	Table         string `yaml:"table" doc:"Table or view to read, with its schema or without: sales.orders."`
	Query         string `yaml:"query" doc:"SELECT that gives the rows, instead of a table."`
	AsOf          string `yaml:"as_of" doc:"Any text that says for when the data are asked: with another one they are read again. A parameter is good for it: as_of: ${day}."`
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate checks what the tags cannot say.
func (r *Reader) Validate() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, settings.FieldErrorf(field, format, args...))
	}
	switch {
	case r.URL == "" && r.ConnectionEnv == "":
		wrong("url", "nothing says where the data are: give url, or connection_env")
	case r.URL != "" && r.ConnectionEnv != "":
		wrong("connection_env", "both url and connection_env are given")
	case r.URL != "":
		if err := checkURL(r.URL); err != nil {
			errs = append(errs, &settings.FieldError{Field: "url", Err: err, Todo: diag.HintOf(err)})
		}
	case r.PasswordEnv != "":
		wrong("password_env", "with connection_env the password is in that variable")
	}
	for field, name := range map[string]string{"connection_env": r.ConnectionEnv, "password_env": r.PasswordEnv} {
		if name != "" && !variableName.MatchString(name) {
			// It may be the password itself, so that it is not repeated.
			wrong(field, "it is not a name of a variable: letters, digits and _")
		}
	}
	switch {
	case r.Table == "" && r.Query == "":
		wrong("table", "nothing says what to read: give table, or query")
	case r.Table != "" && r.Query != "":
		wrong("query", "both a table and a query are given")
	case r.Query != "":
		if _, err := query.Read(r.Query); err != nil {
			errs = append(errs, &settings.FieldError{Field: "query", Err: err, Todo: diag.HintOf(err)})
		}
	}
	return errors.Join(errs...)
}

// secretOptions are parts of a URL that hold what nobody is to see.
var secretOptions = []string{"password", "sslpassword"}

// checkURL makes sure that a URL names a host and holds no secret. Its errors do
// not repeat it.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return diag.WithHint(errors.New("it is no URL of PostgreSQL"), "write postgres://user@host:5432/database")
	}
	const hint = "take it out, and name the environment variable that holds it in password_env"
	if _, ok := u.User.Password(); ok {
		return diag.WithHint(errors.New("it holds a password, which would be stored"), hint)
	}
	for _, name := range secretOptions {
		if u.Query().Has(name) {
			return diag.WithHint(errors.New("it holds a password, which would be stored"), hint)
		}
	}
	return nil
}

// Variables implements source.Secretive.
func (r *Reader) Variables() []string {
	var names []string
	for _, name := range []string{r.ConnectionEnv, r.PasswordEnv} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Open asks for the columns.
func (r *Reader) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	s, err := connect(ctx, r, in.Variable)
	if err != nil {
		return nil, err
	}
	rd := &reading{session: s, in: &in}
	rows, err := rd.open(ctx, r)
	if err != nil {
		s.close()
		return nil, s.hide(err)
	}
	return rows, nil
}

// A reading is what is known of the rows.
type reading struct {
	*session
	in      *source.Inputs
	data    string // for messages
	sql     string
	columns []column
	keep    []int
	sorted  bool     // by all columns, since nothing says an order
	long    []string // columns of numbers with more digits than a float64 keeps
}

func (rd *reading) open(ctx context.Context, r *Reader) (source.Rows, error) {
	if err := rd.selection(ctx, r); err != nil {
		return nil, err
	}
	for _, i := range rd.keep {
		if err := rd.columns[i].err; err != nil {
			return nil, fmt.Errorf("%s: column %q: %w", rd.data, rd.columns[i].name, err)
		}
	}
	fields := make([]arrow.Field, len(rd.columns))
	for i, c := range rd.columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.to, Nullable: true}
		if c.local {
			fields[i].Metadata = source.Local()
		}
	}
	rows, err := source.Stream(rd.in, rd.data, arrow.NewSchema(fields, nil), func(yield func(columns ...arrow.Array) bool) error {
		return rd.hide(rd.read(ctx, yield))
	})
	if err != nil {
		return nil, err
	}
	return &opened{rows, rd}, nil
}

// selection finds the columns, and the query that gives them in an order.
func (rd *reading) selection(ctx context.Context, r *Reader) error {
	if r.Query != "" {
		q, err := query.Read(r.Query)
		if err != nil {
			return err
		}
		rd.data, rd.sql, rd.sorted = "query", q.Text, !q.Ordered
		return rd.describe(ctx, rd.sql, "("+q.Text+"\n) AS q")
	}
	rd.data = "table " + r.Table
	var parts []string
	for part := range strings.SplitSeq(r.Table, ".") {
		parts = append(parts, query.Name(part))
	}
	from := strings.Join(parts, ".")
	if err := rd.describe(ctx, "SELECT * FROM "+from, from); err != nil {
		return err
	}
	list := make([]string, len(rd.columns))
	for i, c := range rd.columns {
		list[i] = "NULL"
		if slices.Contains(rd.keep, i) {
			list[i] = query.Name(c.name)
		}
	}
	key, err := rd.primaryKey(ctx, from)
	if err != nil {
		return err
	}
	rd.sql = "SELECT " + strings.Join(list, ", ") + " FROM " + from
	if rd.sorted = len(key) == 0; !rd.sorted {
		rd.sql += " ORDER BY " + strings.Join(key, ", ")
	}
	return nil
}
