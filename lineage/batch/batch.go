// Package batch gets many rows out of SQLite in one value.
package batch

// #cgo CFLAGS: -std=c11 -O2
// #cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
// #include "batch.h"
import "C"

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strings"
	"unsafe"

	"github.com/mattn/go-sqlite3"
)

// A Batch is many rows of SQLite in one value. A row that comes by itself costs
// some 2 us on its way through the driver and database/sql, ten times what
// SQLite needs to find it. So where a question is about hundreds of thousands of
// rows, the aggregate function pipe_batch, in C, packs them:
//
//	SELECT pipe_batch(e.id, e.stage) FROM executions e WHERE e.id BETWEEN ? AND ?
//
// Values are integers, texts or NULL, up to 16 a row. A batch is one row after
// the other: Next goes on, Int and Text tell what is in a column. It and its
// texts last as long as the call that takes it, unless it is kept.
type Batch struct {
	rows    []byte // a slot of 4 bytes for each value
	pool    string // what is larger, and texts behind their length
	columns int
	row     []byte // the one that is told about
	damaged bool
}

// Register makes pipe_batch known to the connections that are opened from
// now on, and makes their plans independent of the arguments of a statement
// (SQLITE_DBCONFIG_ENABLE_QPSG, which the driver has no option for), so that one
// that was prepared stays so. To do it again does nothing.
func Register() error {
	if code := C.batch_register(); code != 0 {
		return sqlite3.Error{Code: sqlite3.ErrNo(code)}
	}
	return nil
}

// Read runs a query with pipe_batch as its only column, and gives what comes
// to take.
func Read(ctx context.Context, db *sql.DB, take func(*Batch) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return err
		}
		if data == nil {
			continue
		}
		b, err := newBatch(data)
		if err != nil {
			return err
		}
		if err := take(b); err != nil {
			return err
		}
		if b.damaged {
			return errBatch
		}
	}
	return rows.Err()
}

const (
	slot  = 4       // bytes
	large = 1 << 31 // marks an integer in the pool
)

var errBatch = errors.New("a batch of rows is damaged")

func newBatch(data []byte) (*Batch, error) {
	if len(data) < 2*slot {
		return nil, errBatch
	}
	end := data[len(data)-2*slot:]
	columns, slots := int64(binary.NativeEndian.Uint32(end)), int64(binary.NativeEndian.Uint32(end[slot:]))
	data = data[:len(data)-2*slot]
	if columns == 0 || slots*slot > int64(len(data)) || slots%columns != 0 {
		return nil, errBatch
	}
	pool := data[slots*slot:]
	return &Batch{rows: data[:slots*slot], pool: unsafe.String(unsafe.SliceData(pool), len(pool)), columns: int(columns)}, nil
}

// Keep returns a batch that lasts, with the rows that have not been told.
func (b *Batch) Keep() *Batch {
	return &Batch{rows: bytes.Clone(b.rows), pool: strings.Clone(b.pool), columns: b.columns}
}

// Next goes on to the next row.
func (b *Batch) Next() bool {
	n := b.columns * slot
	if len(b.rows) < n {
		return false
	}
	b.row, b.rows = b.rows[:n], b.rows[n:]
	return true
}

// Int returns the integer in a column; NULL is 0.
func (b *Batch) Int(column int) int64 {
	v := b.Value(column)
	if v < large {
		return int64(v)
	}
	bytes := b.part(v&^large, 8)
	if bytes == "" {
		return 0
	}
	return int64(binary.NativeEndian.Uint64([]byte(bytes)))
}

// Value is the same for texts of a column that are equal and follow one
// another.
func (b *Batch) Value(column int) uint32 { return binary.NativeEndian.Uint32(b.row[column*slot:]) }

// Text returns the text in a column; NULL is empty.
func (b *Batch) Text(column int) string {
	at := b.Value(column)
	length := b.part(at, slot)
	if length == "" {
		return ""
	}
	return b.part(at+slot, binary.NativeEndian.Uint32([]byte(length)))
}

// part returns bytes of the pool.
func (b *Batch) part(begin, length uint32) string {
	if uint64(begin)+uint64(length) > uint64(len(b.pool)) {
		b.damaged = true
		return ""
	}
	return b.pool[begin : begin+length]
}
