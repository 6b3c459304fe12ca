package lineage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"

	"pipe/artifacts"
	"pipe/base/infile"
)

// A DB is an open lineage database. Its methods may be called from several
// goroutines.
type DB struct {
	path string
	access
	now  func() time.Time
	self owner
	at   func(point string) // see Options; may be nil

	claims Claims // may be nil
	held   struct {
		once  sync.Once
		claim *artifacts.Claim
	}

	w *sql.DB // one connection, for what writes; nil if opened read-only
	r *sql.DB // read-only connections
	q *sql.DB // read-only connections that allow nothing but SELECT

	recent recent
}

// Open opens the database at path (".pipe/lineage.db") for reading and
// writing, makes or migrates it if need be, and interrupts the runs whose
// process is gone.
func Open(path string) (*DB, error) {
	return open(context.Background(), path, time.Now)
}

func open(ctx context.Context, path string, now func() time.Time) (*DB, error) {
	return openWith(ctx, path, Options{Now: now})
}

// Options say how a database works.
type Options struct {
	// Claims, if set, tell whether the process that holds a run is alive where
	// it cannot be looked at, in another container.
	Claims Claims

	// The rest is for tests.
	Now      func() time.Time   // the clock; nil is that of the machine
	MaxPages int                // a bound on the size of the file, like a full disk; 0 is none
	At       func(point string) // called at each named point of what writes; nil is not called
	Trace    func(stmt string)  // called with each statement of what reads; nil is not called
}

// OpenWith is Open with options.
func OpenWith(path string, opt Options) (*DB, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return openWith(context.Background(), path, opt)
}

func openWith(ctx context.Context, path string, opt Options) (_ *DB, err error) {
	defer func() { err = wrap("open", path, err) }()
	if err := makeFile(path); err != nil {
		return nil, err
	}
	d, err := newDB(path, access{path: path}, opt)
	if err != nil {
		return nil, err
	}
	d.at, d.claims = opt.At, opt.Claims
	d.w = sql.OpenDB(connector{hook: writer(opt.MaxPages), dsn: d.dsn("rwc", "_txlock=immediate&_cache_size=-65536&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1")})
	d.w.SetMaxOpenConns(1)
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(d.notShared(err), d.Close())
	}
	return d, nil
}

// OpenReadOnly opens an existing database for the methods that only read; the
// others fail. It changes nothing; runs whose process is gone are shown as
// interrupted all the same. Of a database of an earlier version it gives an
// error that IsOld.
func OpenReadOnly(path string) (*DB, error) { return OpenReadOnlyWith(path, Options{}) }

// OpenReadOnlyWith is OpenReadOnly with the Claims and the Trace of options.
func OpenReadOnlyWith(path string, opt Options) (_ *DB, err error) {
	defer func() { err = wrap("open", path, err) }()
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &hintError{err: errors.New("there is no lineage database yet"), hint: "run a pipeline first: `pipe run FILE`"}
		}
		return nil, err
	}
	how, err := accessTo(path)
	if err != nil {
		return nil, err
	}
	d, err := newDB(path, how, opt)
	if err != nil {
		return nil, errors.Join(err, how.close())
	}
	d.claims = opt.Claims
	version, err := schemaVersion(context.Background(), d.r)
	if needsRollback(err) {
		if err = d.rollBack(); err == nil {
			version, err = schemaVersion(context.Background(), d.r)
		}
	}
	for wait := time.Millisecond; err == nil && version == 0 && wait < time.Second; wait *= 2 {
		time.Sleep(wait) // another process may be about to make it
		version, err = schemaVersion(context.Background(), d.r)
	}
	switch {
	case err != nil:
	case version == 0:
		err = &hintError{ErrUnmade, "run a pipeline: `pipe run FILE` completes it"}
	case version < newestVersion:
		err = &oldError{hintError{
			err:  fmt.Errorf("the database has version %d of the schema, this pipe needs %d", version, newestVersion),
			hint: "whoever may write to the store migrates it, with any command",
		}}
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// needsRollback says that a process died while it made the database: before
// the switch to the write-ahead log, changes are undone from a journal, and
// that takes a connection that may write.
func needsRollback(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrReadonly
}

// rollBack undoes what a dead process has begun.
func (d *DB) rollBack() (err error) {
	w := sql.OpenDB(connector{dsn: d.dsn("rw", "")})
	defer func() { err = errors.Join(err, w.Close()) }()
	var tables int
	return w.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables)
}

func newDB(path string, how access, opt Options) (*DB, error) {
	if name := networkFS(filepath.Dir(path)); name != "" {
		return nil, &hintError{
			err:  fmt.Errorf("%s is on a network file system (%s), where SQLite loses data", filepath.Dir(path), name),
			hint: "put the store on a local disk, for example with `--store /var/tmp/pipe`",
		}
	}
	// SQLite takes a file that has not even a header for a new database.
	if info, err := os.Stat(path); err == nil {
		if err := infile.Check(path, info); err != nil {
			return nil, err // SQLite would wait for the other end of a named pipe
		}
		if info.Size() > 0 && info.Size() < headerSize {
			return nil, sqlite3.Error{Code: sqlite3.ErrNotADB}
		}
	}
	self, err := currentOwner()
	if err != nil {
		return nil, err
	}
	d := &DB{path: path, access: how, now: opt.Now, self: self}
	if d.now == nil {
		d.now = time.Now
	}
	d.r = sql.OpenDB(connector{dsn: d.dsn("ro", "_query_only=1"+how.options), trace: opt.Trace})
	d.r.SetMaxOpenConns(max(2, runtime.GOMAXPROCS(0)))
	d.r.SetMaxIdleConns(max(2, runtime.GOMAXPROCS(0)))
	d.q = sql.OpenDB(connector{dsn: d.dsn("ro", "_query_only=1"+how.options), hook: onlySelect, trace: opt.Trace})
	d.q.SetMaxIdleConns(1)
	return d, nil
}

// dsn makes the address of a connection. The path is escaped because SQLite
// would read a "?" in it as the begin of options. SQLite's own mutexes are off:
// database/sql lets one goroutine at a time use a connection.
func (d *DB) dsn(mode, options string) string {
	return fmt.Sprintf("file:%s?mode=%s&_busy_timeout=%d&_mutex=no&_stmt_cache_size=64&%s",
		(&url.URL{Path: filepath.ToSlash(d.access.path)}).EscapedPath(), mode, busyTimeout.Milliseconds(), options)
}

// busyTimeout is how long a writer waits for others. SQLite does not queue them:
// among sixteen busy processes one may have to try for seconds.
const busyTimeout = time.Minute

// headerSize is the size of the header of a SQLite file.
const headerSize = 100

// start brings the schema up to date and reaps. On a database that is up to
// date, without a run, it reads two rows and writes nothing.
func (d *DB) start(ctx context.Context) error {
	version, err := d.firstRead(ctx)
	if err != nil {
		return err
	}
	d.passed("lineage.opened")
	if version != newestVersion {
		if err := d.migrate(ctx); err != nil {
			return err
		}
	}
	return d.reap(ctx)
}

// opened is the connection that opening the database has made. A question on which
// the whole command hangs goes to it: for another one SQLite reads the whole
// schema once more, which is a fifth of the time of a run that does nothing.
func (d *DB) opened() *sql.DB {
	if d.w != nil {
		return d.w
	}
	return d.r
}

// firstRead makes the write connection and reads the schema version. A switch
// to WAL, which a new database needs, fails at once if another process is
// doing the same: SQLite does not wait there, so it is tried again.
func (d *DB) firstRead(ctx context.Context) (int, error) {
	deadline := d.now().Add(busyTimeout)
	for {
		version, err := schemaVersion(ctx, d.w)
		var e sqlite3.Error
		if !errors.As(err, &e) || e.Code != sqlite3.ErrBusy || d.now().After(deadline) {
			return version, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Close closes all connections.
func (d *DB) Close() error {
	errs := []error{d.q.Close(), d.r.Close()}
	if d.w != nil {
		// Last, so that it removes the write-ahead log.
		d.passed("lineage.checkpoint.before")
		errs = append(errs, d.w.Close())
		d.passed("lineage.checkpoint.after")
	}
	d.release()
	errs = append(errs, d.access.close())
	return errors.Join(errs...)
}

// connector opens SQLite connections without a globally registered driver.
type connector struct {
	dsn  string
	hook func(*sqlite3.SQLiteConn) error

	trace func(stmt string) // may be nil
}

func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{ConnectHook: c.hook} }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	if err := registerBatch(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.dsn)
	if err != nil || c.trace == nil {
		return conn, err
	}
	return tracedConn{conn.(*sqlite3.SQLiteConn), c.trace}, nil
}

// How much of a transaction survives a loss of power.
type durability int

const (
	durable durability = iota // all of it, once it is committed
	relaxed                   // all of it or nothing
)

// ReadOnly reports whether the database was opened to be read.
func (d *DB) ReadOnly() bool { return d.w == nil }

// update runs fn in a write transaction. It waits for other writers, and once
// it has begun it does not stop half-way when ctx ends, because everything
// that is written is small and worth keeping.
func (d *DB) update(ctx context.Context, how durability, op string, fn func(*tx) error) (err error) {
	defer func() { err = wrap(op, d.path, err) }()
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
	if how == relaxed {
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
		fn = func(t *tx) error {
			err := inner(t)
			d.at("lineage." + name + ".written")
			return err
		}
	}
	if err := fn(&tx{ctx, sqlTx}); err != nil {
		return errors.Join(err, sqlTx.Rollback())
	}
	return sqlTx.Commit()
}

// passed tells a test how far this is.
func (d *DB) passed(point string) {
	if d.at != nil {
		d.at(point)
	}
}

// writer sets up a connection that writes. What a statement needs for its own
// undoing, and the rows that INSERT ... SELECT copies, stay in memory instead of
// a temporary file. maxPages bounds the size of the database, 0 does not.
func writer(maxPages int) func(*sqlite3.SQLiteConn) error {
	pragmas := "PRAGMA temp_store = MEMORY"
	if maxPages > 0 {
		pragmas += fmt.Sprintf("; PRAGMA max_page_count = %d", maxPages)
	}
	return func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec(pragmas, nil)
		return err
	}
}

// A tx is a write transaction.
type tx struct {
	ctx context.Context
	*sql.Tx
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// insert runs "before VALUES (?, ...), ... after" for rows of width arguments
// and returns how many rows it changed. Statements take up to 64 rows, in few
// different sizes so that they stay prepared.
func (t *tx) insert(before, after string, width int, args []any) (changed int64, err error) {
	row := "(?" + strings.Repeat(", ?", width-1) + ")"
	for size := 64; len(args) > 0; {
		if len(args) < size*width {
			size /= 4
			continue
		}
		n, err := t.exec(before+"VALUES "+row+strings.Repeat(", "+row, size-1)+after, args[:size*width]...)
		if err != nil {
			return 0, err
		}
		changed += n
		args = args[size*width:]
	}
	return changed, nil
}

// row reads one row.
func (t *tx) row(query string, args ...any) *sql.Row {
	return t.QueryRowContext(t.ctx, query, args...)
}

// collect reads all rows of a query with scan.
func collect[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) (list []T, err error) {
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

// nullable is a text that is NULL in the database if it is empty.
func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
