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
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage/batch"
)

// A DB is an open lineage database. Its methods may be called from several
// goroutines.
type DB struct {
	path string
	access
	now  func() time.Time
	self Owner
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
			return nil, diag.WithHint(errors.New("there is no lineage database yet"), "run a pipeline first: `pipe run FILE`")
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
		err = diag.WithHint(ErrUnmade, "run a pipeline: `pipe run FILE` completes it")
	case version < SchemaVersion:
		err = &oldError{diag.WithHint(
			fmt.Errorf("the database has version %d of the schema, this pipe needs %d", version, SchemaVersion),
			"whoever may write to the store migrates it, with any command")}
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
		return nil, diag.WithHint(fmt.Errorf("%s is on a network file system (%s), where SQLite loses data", filepath.Dir(path), name),
			"put the store on a local disk, for example with `--store /var/tmp/pipe`")
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
	if version != SchemaVersion {
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
	if err := batch.Register(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.dsn)
	if err != nil || c.trace == nil {
		return conn, err
	}
	return tracedConn{conn.(*sqlite3.SQLiteConn), c.trace}, nil
}

// ReadOnly reports whether the database was opened to be read.
func (d *DB) ReadOnly() bool { return d.w == nil }

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
