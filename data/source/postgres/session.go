package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pipe/base/diag"
	"pipe/data/source"
)

// A session is a connection in a transaction that reads.
type session struct {
	conn    *pgconn.PgConn
	secrets []string // what no message may hold
}

const (
	// connectTimeout is how long a server may take to answer at first.
	connectTimeout = 30 * time.Second
	closeTimeout   = 5 * time.Second
)

// connect opens a session. The settings say which environment variables hold what
// is secret.
func connect(ctx context.Context, r *Reader, variable func(name string) (string, bool)) (*session, error) {
	s := &session{}
	value := func(name string) (string, error) {
		if variable != nil {
			if v, ok := variable(name); ok && v != "" {
				s.secrets = append(s.secrets, v)
				return v, nil
			}
		}
		return "", diag.WithHint(fmt.Errorf("the environment variable %s is not set", name), "set it before pipe is started, as in "+name+"=... pipe run")
	}
	text, password := r.URL, ""
	var err error
	if r.ConnectionEnv != "" {
		if text, err = value(r.ConnectionEnv); err != nil {
			return nil, err
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return nil, diag.WithHint(fmt.Errorf("the value of %s is no URL of PostgreSQL", r.ConnectionEnv), "it has the form postgres://user:password@host:5432/database")
		}
		password, _ = u.User.Password()
	}
	if r.PasswordEnv != "" {
		if password, err = value(r.PasswordEnv); err != nil {
			return nil, err
		}
	}
	config, err := pgconn.ParseConfig(text)
	if err != nil {
		// The text of the error may repeat what it could not read.
		return nil, diag.WithHint(errors.New("PostgreSQL: the URL cannot be read"), "write postgres://user@host:5432/database, and encode signs such as @ and / in it: %40, %2F")
	}
	if password != "" {
		config.Password = password
	}
	// The variable PGPASSWORD and the file .pgpass are looked into as well.
	s.secrets = append(s.secrets, password, config.Password, url.QueryEscape(config.Password), url.PathEscape(config.Password))
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name": "pipe", "client_encoding": "UTF8", "timezone": "UTC", "datestyle": "ISO", "intervalstyle": "iso_8601",
		"extra_float_digits": "1", "bytea_output": "hex", "default_transaction_read_only": "on",
	} {
		config.RuntimeParams[name] = value
	}
	if s.conn, err = pgconn.ConnectConfig(ctx, config); err != nil {
		return nil, diag.WithHint(s.hide(fmt.Errorf("PostgreSQL: %w", err)), "are host, port, database, user and password right, and is the server reachable from here?")
	}
	if _, err := s.conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").ReadAll(); err != nil {
		s.close()
		return nil, s.hide(fmt.Errorf("PostgreSQL: %w", err))
	}
	return s, nil
}

// close ends the session. The transaction has nothing to commit.
func (s *session) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.conn.Close(ctx)
}

// hide takes out of an error what is secret.
func (s *session) hide(err error) error {
	if err == nil {
		return nil
	}
	text, hint := err.Error(), diag.HintOf(err)
	clean := func(text string) string {
		for _, secret := range s.secrets {
			if secret != "" {
				text = strings.ReplaceAll(text, secret, "***")
			}
		}
		return text
	}
	if clean(text) == text && clean(hint) == hint {
		return err
	}
	return diag.WithHint(errors.New(clean(text)), clean(hint))
}

// wrap says what an error of the server is about.
func wrap(what string, err error) error {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", what, err)
	}
	text := failed.Message
	if failed.Detail != "" {
		text += ": " + failed.Detail
	}
	return diag.WithHint(fmt.Errorf("%s: PostgreSQL says: %s (%s)", what, text, failed.Code), failed.Hint)
}

// texts asks for rows of text.
func (s *session) texts(ctx context.Context, sql string, args ...string) ([][]string, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	result := s.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	var rows [][]string
	for _, row := range result.Rows {
		var texts []string
		for _, v := range row {
			texts = append(texts, string(v))
		}
		rows = append(rows, texts)
	}
	return rows, nil
}

// primaryKey lists the columns of the primary key of a table, none if it has none.
func (s *session) primaryKey(ctx context.Context, table string) ([]string, error) {
	const sql = `SELECT quote_ident(a.attname) FROM pg_index i
JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) ON true
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1::regclass AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place`
	rows, err := s.texts(ctx, sql, table)
	if err != nil {
		return nil, wrap("table "+table, err)
	}
	var key []string
	for _, row := range rows {
		key = append(key, row[0])
	}
	return key, nil
}

// Opened rows close the session.
type opened struct {
	source.Typed
	rd *reading
}

// Close implements source.Rows.
func (o *opened) Close() error { return errors.Join(o.Typed.Close(), o.rd.close()) }

// Report implements source.Rows.
func (o *opened) Report(log *slog.Logger) {
	if o.rd.sorted {
		log.Warn("nothing says in which order the rows come, so that they were sorted by all columns", "data", o.rd.data,
			"hint", "give the table a primary key, or the query an ORDER BY")
	}
	for _, name := range o.rd.long {
		log.Warn("a column of numeric was read as text, since some values have more digits than a float64 keeps", "column", name,
			"hint", "to count with it, cast it in a query: "+name+"::double precision")
	}
	o.Typed.Report(log)
}
