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

// Write makes a table of all rows, which stay open.
func Write(ctx context.Context, out io.Writer, rows Rows) (Read, error) {
	w, err := table.NewWriter(out, rows.Schema())
	if err != nil {
		return Read{}, err
	}
	var read Read
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
	return read, w.Close()
}
