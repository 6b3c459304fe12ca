package sqlite

// #cgo CFLAGS: -std=gnu11 -O2
// #cgo LDFLAGS: -lm
// #cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
// #include <stdlib.h>
// #include "select.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // SQLite itself

	"pipe/base/diag"
	"pipe/data/sql"
	"pipe/pipeline/settings"
)

// Codes of SQLite.
const (
	ok        = 0
	failed    = 1
	noMemory  = 7
	tooBig    = 18
	forbidden = 23
)

// Version is that of SQLite.
func Version() string { return C.GoString(C.sql_version()) }

// functions are those that a query may call: they give the same each time, on any
// machine.
var functions = strings.Fields(`
abs avg ceil ceiling char coalesce concat concat_ws count cume_dist date datetime dense_rank first_value floor format glob group_concat
hex if ifnull iif instr json json_array json_array_length json_each json_error_position json_extract json_group_array json_group_object
json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_tree json_type json_valid julianday lag
last_value lead length like likelihood likely lower ltrim max min nth_value ntile nullif octet_length percent_rank printf quote rank
replace round row_number rtrim sign sqrt strftime string_agg substr substring sum time timediff total trim trunc typeof unicode unistr
unixepoch unlikely upper -> ->>`)

// generators are the tables that functions give.
var generators = []string{"json_each", "json_tree"}

// A session is a database.
type session struct {
	s      *C.sql_session
	memory int64
	disk   int64
	calm   func()           // ends the watch over the context
	lists  []unsafe.Pointer // for free
	names  []string         // of the tables
	tables **C.char
	calls  **C.char
	sure   bool // the last failure is one whatever columns the tables have
}

// open makes an empty database. It ends what it does when ctx does.
func open(ctx context.Context, dir string, memory, disk int64) (*session, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &session{memory: memory, disk: disk}
	name := C.CString(dir)
	defer C.free(unsafe.Pointer(name))
	if rc := C.sql_open(name, C.int64_t(memory), C.int64_t(disk), &s.s); rc != ok {
		return nil, fmt.Errorf("SQLite cannot begin (code %d)", int(rc))
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.sql_stop(s.s)
		close(stopped)
	})
	s.calm = func() {
		if !stop() {
			<-stopped
		}
	}
	const kinds = 8 // of memory: pages of tables, of indexes, of groups, and several sorters
	for _, pragma := range []string{"page_size = 8192", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "temp_store = FILE",
		fmt.Sprintf("cache_size = -%d", memory/kinds>>10), fmt.Sprintf("temp.cache_size = -%d", memory/kinds>>10)} {
		if err := s.exec("PRAGMA " + pragma); err != nil {
			s.close()
			return nil, err
		}
	}
	s.calls = s.list(functions)
	return s, nil
}

// close gives everything back.
func (s *session) close() {
	s.calm()
	C.sql_close(s.s)
	for _, p := range s.lists {
		C.free(p)
	}
}

// list makes an array of C, with a NULL at its end, that lives as long as the session.
func (s *session) list(names []string) **C.char {
	size := C.size_t(unsafe.Sizeof((*C.char)(nil)))
	array := C.calloc(C.size_t(len(names)+1), size)
	s.lists = append(s.lists, array)
	for i, name := range names {
		c := C.CString(name)
		s.lists = append(s.lists, unsafe.Pointer(c))
		unsafe.Slice((**C.char)(array), len(names)+1)[i] = c
	}
	return (**C.char)(array)
}

func (s *session) exec(text string) error {
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	if rc := C.sql_exec(s.s, c); rc != ok {
		return s.failure(int(rc), nil)
	}
	return nil
}

// restrict allows nothing but to read the tables; none lifts it.
func (s *session) restrict(tables []string) {
	if tables != nil {
		s.names, s.tables = tables, s.list(append(tables[:len(tables):len(tables)], generators...))
	}
	C.sql_restrict(s.s, s.tables, s.calls)
}

// free lifts what restrict does.
func (s *session) free() { C.sql_restrict(s.s, nil, nil) }

// prepare compiles a statement, which the caller finalizes. query is the text that
// people have written, which this one begins as; nil if they have not.
func (s *session) prepare(text string, query *sql.Statement) (*C.sqlite3_stmt, error) {
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	var stmt *C.sqlite3_stmt
	var tail C.int
	if rc := C.sql_prepare(s.s, c, &stmt, &tail); rc != ok {
		return nil, s.failure(int(rc), query)
	}
	return stmt, nil
}

// failure says what went wrong. Of what is wrong with a query it is an *sql.Error.
func (s *session) failure(code int, query *sql.Statement) error {
	why, message := C.sql_why(s.s), C.GoString(C.sql_message(s.s))
	amount := func(n int64) string { return settings.Bytes(n).String() }
	switch {
	case why&C.SQL_STOPPED != 0:
		return context.Canceled
	case why&C.SQL_CLOCK != 0:
		return diag.WithHint(errors.New("the query asks for the time of now, which is another one in each run"), "write the time itself, or a parameter of the pipeline: '${day}'")
	case why&C.SQL_ZONE != 0:
		return diag.WithHint(errors.New("the query asks for the time zone of the machine: the modifiers localtime and utc give other times on another one"), "shift the time by what is meant, such as '+2 hours'")
	case why&C.SQL_MEMORY != 0:
		return diag.WithHint(fmt.Errorf("the query takes more than %s of memory", amount(s.memory)), "give it more with `memory_limit`, or make its values smaller: only single values and rows have to fit")
	case why&C.SQL_DISK != 0:
		return diag.WithHint(fmt.Errorf("the tables and what is made of them take more than %s on the disk", amount(s.disk)), "give it more with `disk_limit`, read fewer columns, or look for a join that gives all pairs")
	case why&C.SQL_BROKEN != 0:
		return fmt.Errorf("a temporary file of SQLite cannot be written or read: %s", message)
	case code&0xff == noMemory:
		return errors.New("SQLite has no memory left for a row")
	case code&0xff == tooBig:
		return diag.WithHint(errors.New("a text of the query has more than 16 MiB"), "make it smaller, or `engine: duckdb`")
	}
	if query == nil {
		return fmt.Errorf("SQLite: %s", message)
	}
	return s.explain(message, int(C.sql_offset(s.s)), C.GoString(C.sql_denied(s.s)), query)
}

// surely begin the messages of SQLite that are right whatever columns the tables have.
var surely = []string{`near "`, "incomplete input", "unrecognized token", "no such function", "wrong number of arguments", "ORDER BY clause should come",
	"LIMIT clause should come", "unknown join type", "no such collation", "Expression tree is too large", "too many", "parser stack overflow"}

// lacking is the error about a table that is none.
func (s *session) lacking(name string, at int) error {
	todo := "the tables are the inputs of the stage: " + strings.Join(s.names, ", ")
	if near, ok := diag.Nearest(name, s.names); ok {
		todo = fmt.Sprintf("did you mean %q?", near)
	} else if len(s.names) == 0 {
		todo = "write `inputs: {" + name + ": STAGE}`"
	}
	return &sql.Error{At: at, Msg: fmt.Sprintf("there is no table %q", name), Todo: todo}
}

// explain makes people's words of a message about a query.
func (s *session) explain(message string, at int, denied string, query *sql.Statement) error {
	if at >= len(query.Text) {
		at = -1
	}
	find := func(name string) int {
		if found := query.Find(name); found >= 0 {
			return found
		}
		return at
	}
	s.sure = true
	what, name, _ := strings.Cut(denied, ":")
	switch {
	case what == "function":
		return &sql.Error{At: find(name), Msg: fmt.Sprintf("the function %s is not allowed: a query sees only its tables, and gives the same each time", name),
			Todo: "docs/sql.md lists what there is"}
	case what == "table":
		return &sql.Error{At: find(name), Msg: fmt.Sprintf("%s cannot be read: a query sees only its inputs", name), Todo: "name the table in `inputs`"}
	case what != "":
		return &sql.Error{At: 0, Msg: "a query only reads: SELECT is allowed, and nothing else"}
	}
	if name, ok := strings.CutPrefix(message, "no such table: "); ok {
		name = strings.TrimPrefix(name, "main.")
		return s.lacking(name, find(name))
	}
	s.sure = slices.ContainsFunc(surely, func(start string) bool { return strings.HasPrefix(message, start) })
	if name, ok := strings.CutPrefix(message, "no such column: "); ok {
		bare := name[strings.LastIndexByte(name, '.')+1:]
		if quoted, _, isText := strings.Cut(name, " - should this be a string literal"); isText {
			text := strings.Trim(quoted, `"`)
			return &sql.Error{At: find(text), Msg: fmt.Sprintf("there is no column %q", text), Todo: fmt.Sprintf("a text stands in single quotes: '%s'", text)}
		}
		if at < 0 {
			at = find(bare)
		}
		return &sql.Error{At: at, Msg: fmt.Sprintf("there is no column %q", name)}
	}
	for _, start := range []string{"no such collation sequence: ", "no such index: ", "no such window: ", "circular reference: "} {
		if name, ok := strings.CutPrefix(message, start); ok && at < 0 {
			at = find(name)
		}
	}
	todo := ""
	if strings.HasPrefix(message, "no such function") {
		todo = "docs/sql.md lists what there is; logarithms and the like are in the stage `derive`"
	}
	if strings.HasPrefix(message, "too many columns") || strings.HasPrefix(message, "too many terms in ORDER BY") { // it is ordered by all
		todo = fewerColumns
	}
	return &sql.Error{At: at, Msg: message, Todo: todo}
}
