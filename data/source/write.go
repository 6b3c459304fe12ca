package source

import (
	"context"
	"io"

	"pipe/data/table"
)

// Read is what became of data.
type Read struct {
	Rows    int64
	Missing int64 // values of all columns
}

// An Output is what a table is written to. Reset drops what was written.
type Output interface {
	io.Writer
	Reset()
}

// Write makes a table of all rows, which stay open.
func Write(ctx context.Context, out Output, rows Rows) (Read, error) {
	for {
		read, err := write(ctx, out, rows)
		if err != ErrRetyped {
			return read, err
		}
		out.Reset()
	}
}

func write(ctx context.Context, out Output, rows Rows) (read Read, err error) {
	first := rows.Schema()
	w, err := table.NewWriter(out, first)
	if err != nil {
		return Read{}, err
	}
	defer w.Discard()
	for rec, err := range rows.Batches(ctx) {
		if err != nil {
			return Read{}, err
		}
		if err := w.Write(rec); err != nil {
			return Read{}, err
		}
		for _, column := range rec.Columns() {
			read.Missing += int64(column.NullN())
		}
	}
	read.Rows = w.Rows()
	if last := rows.Schema(); last != first {
		if err := w.Describe(last); err != nil {
			return Read{}, err
		}
	}
	return read, w.Close()
}
