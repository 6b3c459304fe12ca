package sqlite

// #include "select.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/sql"
	"pipe/data/table"
)

// A load brings a table into a session.
type load struct {
	*table.Reader
	Name    string
	columns []arrow.Field
	number  int   // of the table
	places  []int // of the columns in the whole table
}

// mostColumns is what SQLite takes, in a table and in a result.
const (
	mostColumns  = 2000
	fewerColumns = "name those that are needed in place of *, or `engine: duckdb`"
)

// newLoad chooses the columns that a query can read.
func newLoad(query *sql.Statement, t Table, number int) (*load, error) {
	l := &load{Name: t.Name, number: number}
	names, err := query.Columns(t.Name, t.Schema())
	if err != nil {
		return nil, err
	}
	if len(names) > mostColumns {
		return nil, &sql.Error{At: query.Find(t.Name), Msg: fmt.Sprintf("%d columns of %s, and SQLite takes %d", len(names), t.Name, mostColumns), Todo: fewerColumns}
	}
	for _, name := range names {
		at, err := table.Column(t.Schema(), name)
		if err != nil {
			return nil, err
		}
		l.columns, l.places = append(l.columns, t.Schema().Field(at)), append(l.places, at)
	}
	l.Reader, err = t.Select(names...)
	return l, err
}

// affinity is what SQLite is to make of values of a class: nothing but what they are.
func affinity(c table.Class) string {
	switch c {
	case table.ClassWhole, table.ClassBool:
		return "INTEGER"
	case table.ClassReal:
		return "REAL"
	}
	return "TEXT"
}

// create is the statement that makes the table. The type of a column says which one it
// is, and so a column of the result that is one of them.
func (l *load) create() string {
	var columns []string
	for i, f := range l.columns {
		columns = append(columns, fmt.Sprintf(`%s "%s %d:%d"`, sql.Name(f.Name), affinity(table.ClassOf(f.Type)), l.number, l.places[i]))
	}
	if len(columns) == 0 {
		columns = []string{`"?"`}
	}
	return "CREATE TABLE " + sql.Name(l.Name) + " (" + strings.Join(columns, ", ") + ")"
}

// run reads the table.
func (l *load) run(ctx context.Context, s *session, progress func(rows int64)) error {
	places := strings.TrimSuffix(strings.Repeat("?, ", len(l.columns)), ", ")
	if places == "" {
		places = "NULL"
	}
	stmt, err := s.prepare("INSERT INTO "+sql.Name(l.Name)+" VALUES ("+places+")", nil)
	if err != nil {
		return err
	}
	defer C.sql_finalize(stmt)
	if err := s.exec("BEGIN"); err != nil {
		return err
	}
	rows := int64(0)
	if len(l.columns) == 0 { // it has rows all the same
		if err := l.insert(s, stmt, nil, l.NumRows(), 0); err != nil {
			return err
		}
	} else {
		for rec, err := range l.Batches() {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = l.insert(s, stmt, rec.Columns(), rec.NumRows(), rows)
			}
			if err != nil {
				return err
			}
			rows += rec.NumRows()
			progress(rows)
		}
	}
	return s.exec("COMMIT")
}

// insert adds the rows of a batch.
func (l *load) insert(s *session, stmt *C.sqlite3_stmt, columns []arrow.Array, rows, before int64) error {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list := make([]C.sql_column, max(len(columns), 1))
	pinner.Pin(&list[0])
	for i, arr := range columns {
		if err := describe(&list[i], arr, &pinner); err != nil {
			return fmt.Errorf("column %q: %w", l.columns[i].Name, err)
		}
	}
	var row C.int64_t
	var column C.int
	rc := C.sql_insert(s.s, stmt, &list[0], C.int(len(columns)), C.int64_t(rows), &row, &column)
	switch {
	case rc == ok:
		return nil
	case rc == tooBig && column >= 0:
		return diag.WithHint(fmt.Errorf("row %d, column %q: a whole number beyond 64 bits with a sign, or a text too large for SQLite", before+int64(row)+1, l.columns[column].Name),
			"`engine: duckdb` has all numbers of uint64; or leave the column out")
	}
	return s.failure(int(rc), nil)
}

var errLayout = errors.New("values of a type that SQL does not know")

// describe says where the values of a column are, for C.
func describe(c *C.sql_column, arr arrow.Array, pinner *runtime.Pinner) error {
	bytes := func(b []byte) unsafe.Pointer {
		if len(b) == 0 {
			return nil
		}
		pinner.Pin(&b[0])
		return unsafe.Pointer(&b[0])
	}
	data := arr.Data()
	if valid := data.Buffers()[0]; arr.NullN() > 0 && valid != nil {
		c.valid = (*C.uint8_t)(bytes(valid.Bytes()))
	}
	c.start = C.int64_t(data.Offset())
	switch a := arr.(type) {
	case *array.Boolean:
		c.form = C.SQL_BOOL
	case *array.Int8:
		c.form = C.SQL_INT8
	case *array.Int16:
		c.form = C.SQL_INT16
	case *array.Int32:
		c.form = C.SQL_INT32
	case *array.Int64:
		c.form = C.SQL_INT64
	case *array.Uint8:
		c.form = C.SQL_UINT8
	case *array.Uint16:
		c.form = C.SQL_UINT16
	case *array.Uint32:
		c.form = C.SQL_UINT32
	case *array.Uint64:
		c.form = C.SQL_UINT64
	case *array.Float32:
		c.form = C.SQL_FLOAT32
	case *array.Float64:
		c.form = C.SQL_FLOAT64
	case *array.String:
		c.form = C.SQL_TEXT
		c.offsets = (*C.int32_t)(bytes(data.Buffers()[1].Bytes()))
		if values := data.Buffers()[2]; values != nil {
			c.values = bytes(values.Bytes())
		}
		return nil
	case *array.Date32, *array.Timestamp, *array.Time64:
		texts, offsets, err := timeTexts(a)
		if err != nil {
			return err
		}
		c.form, c.values = C.SQL_TEXT, bytes(texts)
		pinner.Pin(&offsets[0])
		c.offsets = (*C.int32_t)(unsafe.Pointer(&offsets[0]))
		c.valid, c.start = nil, 0
		if arr.NullN() > 0 {
			valid := make([]byte, (arr.Len()+7)/8)
			for i := range arr.Len() {
				if arr.IsValid(i) {
					valid[i/8] |= 1 << (i % 8)
				}
			}
			c.valid = (*C.uint8_t)(bytes(valid))
		}
		return nil
	default:
		return errLayout
	}
	if values := data.Buffers()[1]; values != nil {
		c.values = bytes(values.Bytes())
	}
	return nil
}
