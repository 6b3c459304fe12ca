package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Select gives the named columns of a record in the order of the names,
// without copying. The metadata of the schema is kept.
func Select(rec arrow.RecordBatch, names []string) (arrow.RecordBatch, error) {
	fields := make([]arrow.Field, len(names))
	columns := make([]arrow.Array, len(names))
	for i, name := range names {
		at, err := Column(rec.Schema(), name)
		if err != nil {
			return nil, err
		}
		fields[i], columns[i] = rec.Schema().Field(at), rec.Column(at)
	}
	meta := rec.Schema().Metadata()
	return array.NewRecordBatch(arrow.NewSchema(fields, &meta), columns, rec.NumRows()), nil
}

// Bytes is what the memory under a record takes.
func Bytes(rec arrow.RecordBatch) (n int64) {
	for _, c := range rec.Columns() {
		n += bytesUnder(c.Data())
	}
	return n
}

func bytesUnder(data arrow.ArrayData) (n int64) {
	for _, b := range data.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, child := range data.Children() {
		n += bytesUnder(child)
	}
	return n
}

// ReadAll reads a whole table into one record: as much memory as the file
// has bytes, and one batch more while it is read. A string column with more
// than 2 GiB of text is an error; read such a table by batches.
func ReadAll(r *Reader) (arrow.RecordBatch, error) {
	columns := newColumns(r.schema)
	for rec, err := range r.Batches() {
		if err != nil {
			return nil, err
		}
		for i, c := range columns {
			if err := c.appendRange(rec.Column(i), 0, int(rec.NumRows())); err != nil {
				return nil, fmt.Errorf("table: column %q: %w", rec.ColumnName(i), err)
			}
		}
	}
	return recordOf(r.schema, columns), nil
}

func newColumns(schema *arrow.Schema) []*column {
	columns := make([]*column, schema.NumFields())
	for i, f := range schema.Fields() {
		columns[i] = newColumn(f.Type)
	}
	return columns
}

// recordOf makes a record of columns, with which it shares memory.
func recordOf(schema *arrow.Schema, columns []*column) arrow.RecordBatch {
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = c.array()
		defer arrays[i].Release()
	}
	return array.NewRecordBatch(schema, arrays, int64(columns[0].rows))
}
