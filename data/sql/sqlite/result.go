package sqlite

// #include "select.h"
import "C"

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/sql"
	"pipe/data/table"
)

// Sizes of the pieces in which rows go from SQLite to a table.
const (
	blockRows  = 4096
	blockBytes = 8 << 20
	mostCells  = 1 << 20 // of a block
)

// Kinds of values, by the numbers of SQLite.
const (
	kindInt  = 1
	kindReal = 2
	kindText = 3
	kindBlob = 4
	kindNull = 5
)

// A spool holds the rows of a result in a file until all of them are known, and so the
// types of their columns: SQLite has types of values, but none of columns.
type spool struct {
	f       *os.File
	rows    int64
	columns int
	seen    []C.sql_seen
}

// collect takes all rows.
func (s *session) collect(ctx context.Context, stmt *C.sqlite3_stmt, dir string, columns int, query *sql.Statement) (*spool, error) {
	f, err := os.Create(filepath.Join(dir, "result"))
	if err != nil {
		return nil, err
	}
	sp := &spool{f: f, columns: columns, seen: make([]C.sql_seen, columns)}
	if err := s.fill(ctx, sp, stmt, query); err != nil {
		sp.close()
		return nil, err
	}
	return sp, nil
}

func (s *session) fill(ctx context.Context, sp *spool, stmt *C.sqlite3_stmt, query *sql.Statement) error {
	for i := range sp.seen {
		seen := &sp.seen[i]
		for k := range seen.first {
			seen.first[k] = -1
		}
		seen.wide, seen.coarse, seen.least, seen.greatest = -1, -1, math.MaxInt64, math.MinInt64
	}
	var rows C.sql_rows
	defer C.sql_rows_free(&rows)
	most := max(1, min(blockRows, mostCells/sp.columns))
	if rc := C.sql_rows_make(&rows, C.int64_t(sp.columns), C.int64_t(most)); rc != ok {
		return s.failure(int(rc), query)
	}
	w, size := bufio.NewWriterSize(sp.f, 1<<20), int64(0)
	for rows.more = 1; rows.more != 0; {
		if rc := C.sql_fetch(s.s, stmt, blockBytes, C.int64_t(sp.rows), &rows, &sp.seen[0]); rc != ok {
			return s.failure(int(rc), query)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		sp.rows += int64(rows.rows)
		cells := int(rows.rows) * sp.columns
		var head [16]byte
		binary.NativeEndian.PutUint64(head[:], uint64(rows.rows))
		binary.NativeEndian.PutUint64(head[8:], uint64(rows.used))
		for _, part := range [][]byte{head[:], view(unsafe.Pointer(rows.kinds), cells), view(unsafe.Pointer(rows.bits), 8*cells), view(unsafe.Pointer(rows.pool), int(rows.used))} {
			size += int64(len(part))
			if size > s.disk-int64(C.sql_written(s.s)) {
				return diag.WithHint(errors.New("the result and the tables take more than is allowed on the disk"), "give it more with `disk_limit`, or look for a join that gives all pairs")
			}
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	if C.sql_why(s.s) != 0 { // such as the clock, of which a function makes NULL
		return s.failure(failed, query)
	}
	return w.Flush()
}

func view(p unsafe.Pointer, n int) []byte { return unsafe.Slice((*byte)(p), n) }

func (sp *spool) close() error { return errors.Join(sp.f.Close(), os.Remove(sp.f.Name())) }

// decide finds the types of the columns.
func (r *Result) decide(names, declared []string, tables []Table, types []cell.Typed) error {
	var fields []arrow.Field
	for i, name := range names {
		var origin Origin
		f := arrow.Field{Name: name, Nullable: true}
		if _, place, ok := strings.Cut(declared[i], " "); ok {
			var number, column int
			if _, err := fmt.Sscanf(place, "%d:%d", &number, &column); err == nil {
				of := tables[number].Schema().Field(column)
				origin, f.Type = Origin{tables[number].Name, of.Name}, of.Type
			}
		}
		r.from = append(r.from, origin)
		seen := &r.spool.seen[i]
		asked := false
		for _, t := range types {
			if t.Name == name {
				f.Type, asked = t.Type.Arrow(), true
			}
		}
		if !asked && (f.Type == nil || !fits(f.Type, seen)) {
			var err error
			if f.Type, err = inferred(name, seen); err != nil {
				return err
			}
			if seen.first[kindInt]+seen.first[kindReal]+seen.first[kindText] == -3 {
				r.Empty = append(r.Empty, name)
			}
		}
		fields = append(fields, f)
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// fits says whether the values of a column are of the type of the column that it is. They
// are but if a UNION mixes it with others.
func fits(t arrow.DataType, seen *C.sql_seen) bool {
	has := func(kind int) bool { return seen.first[kind] >= 0 }
	if has(kindBlob) {
		return false
	}
	b := sql.NewBuilder(t)
	switch table.ClassOf(t) {
	case table.ClassWhole, table.ClassBool:
		return !has(kindReal) && !has(kindText) && (!has(kindInt) || b.Int(int64(seen.least)) == nil && b.Int(int64(seen.greatest)) == nil)
	case table.ClassReal:
		return !has(kindInt) && !has(kindText) && (t.ID() != arrow.FLOAT32 || seen.coarse < 0)
	}
	return !has(kindInt) && !has(kindReal)
}

// inferred is the type that holds all values.
func inferred(name string, seen *C.sql_seen) (arrow.DataType, error) {
	has := func(kind int) bool { return seen.first[kind] >= 0 }
	number := seen.first[kindInt]
	if number < 0 || has(kindReal) && seen.first[kindReal] < number {
		number = seen.first[kindReal]
	}
	switch {
	case has(kindBlob):
		return nil, diag.WithHint(fmt.Errorf("row %d of the result, column %q: a blob, which no column of a table holds", seen.first[kindBlob]+1, name), "make a text of it: hex(...)")
	case has(kindText) && number >= 0:
		return nil, diag.WithHint(fmt.Errorf("column %q of the result has a number in row %d, and a text in row %d", name, number+1, seen.first[kindText]+1),
			"make one of it in the query: CAST(... AS TEXT) or CAST(... AS REAL)")
	case has(kindReal) && has(kindInt) && seen.wide >= 0:
		return nil, diag.WithHint(fmt.Errorf("column %q of the result has decimal numbers, and in row %d a whole number that is not exact as one", name, seen.wide+1),
			"make one of it in the query: CAST(... AS REAL) or CAST(... AS INTEGER)")
	case has(kindReal):
		return arrow.PrimitiveTypes.Float64, nil
	case has(kindInt):
		return arrow.PrimitiveTypes.Int64, nil
	}
	return arrow.BinaryTypes.String, nil
}

// Schema is that of the result, without metadata.
func (r *Result) Schema() *arrow.Schema { return r.schema }

// From lists the columns of tables that the columns of the result are.
func (r *Result) From() []Origin { return r.from }

// NumRows is how many rows there are.
func (r *Result) NumRows() int64 { return r.spool.rows }

// Close gives the file of the rows back.
func (r *Result) Close() error { return r.spool.close() }

// Each gives all rows in batches. It may be called once.
func (r *Result) Each(ctx context.Context, use func(arrow.RecordBatch) error) error {
	if _, err := r.spool.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(r.spool.f, 1<<20)
	builders := make([]*sql.Builder, r.spool.columns)
	for i, f := range r.schema.Fields() {
		builders[i] = sql.NewBuilder(f.Type)
	}
	for at := int64(0); at < r.spool.rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := r.block(in, builders, at)
		if err != nil {
			return err
		}
		columns := make([]arrow.Array, len(builders))
		for i, b := range builders {
			columns[i] = b.Array()
		}
		rec, err := table.NewRecord(r.schema, columns...)
		if err != nil {
			return err
		}
		err = use(rec)
		rec.Release()
		if err != nil {
			return err
		}
		at += rows
	}
	return nil
}

// block reads one piece of the spool.
func (r *Result) block(in io.Reader, builders []*sql.Builder, at int64) (int64, error) {
	var head [16]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, err
	}
	rows, used := int64(binary.NativeEndian.Uint64(head[:])), int64(binary.NativeEndian.Uint64(head[8:]))
	cells := rows * int64(len(builders))
	data := make([]byte, 9*cells+used)
	if _, err := io.ReadFull(in, data); err != nil {
		return 0, err
	}
	kinds, bits, pool := data[:cells], data[cells:9*cells], data[9*cells:]
	for i, b := range builders {
		for row := range rows {
			cell := row*int64(len(builders)) + int64(i)
			v := binary.NativeEndian.Uint64(bits[8*cell:])
			var err error
			switch kinds[cell] {
			case kindInt:
				err = b.Int(int64(v))
			case kindReal:
				err = b.Real(math.Float64frombits(v))
			case kindText:
				begin := v >> 32
				err = b.Text(pool[begin : begin+v&math.MaxUint32])
			case kindNull:
				b.Null()
			default:
				err = errors.New("a blob")
			}
			if err != nil {
				return 0, diag.WithHint(fmt.Errorf("row %d of the result, column %q: %w", at+row+1, r.schema.Field(i).Name, err), diag.HintOf(err))
			}
		}
	}
	return rows, nil
}
