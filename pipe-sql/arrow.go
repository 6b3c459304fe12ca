//go:build duckdb_arrow

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2"
)

// pageRows is how many rows of the result are in memory at a time: those of a group of
// DuckDB's files.
const pageRows = 122880

// load brings a table in, or only its columns without a row. Rows keep their order.
func (s *session) load(ctx context.Context, t Table, empty bool) error {
	f, err := os.Open(t.File)
	if err != nil {
		return err
	}
	defer f.Close()
	in, err := ipc.NewFileReader(f)
	if err != nil {
		return err
	}
	defer in.Close()
	places := make([]int, len(t.Columns))
	fields := make([]arrow.Field, len(t.Columns))
	for i, name := range t.Columns {
		found := in.Schema().FieldIndices(name)
		if len(found) == 0 {
			return fmt.Errorf("there is no column %q", name)
		}
		places[i], fields[i] = found[0], arrow.Field{Name: name, Type: plain(in.Schema().Field(found[0]).Type), Nullable: true}
	}
	if len(fields) == 0 {
		fields = []arrow.Field{{Name: "?", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}}
	}
	schema := arrow.NewSchema(fields, nil)
	reader := &reader{in: in, schema: schema, places: places}
	if empty {
		reader.at = in.NumRecords()
	}
	a, err := duckdb.NewArrowFromConn(s.conn)
	if err != nil {
		return err
	}
	const view = "?in"
	release, err := a.RegisterView(reader, view)
	if err != nil {
		return err
	}
	defer release()
	if err := s.exec(ctx, "CREATE OR REPLACE TABLE "+name(t.Name)+" AS SELECT * FROM "+name(view)); err != nil {
		return err
	}
	return errors.Join(s.exec(ctx, "DROP VIEW "+name(view)), reader.Err())
}

// A reader gives some columns of a file to DuckDB, which calls it from C: an iterator
// of Go could not be taken along there.
type reader struct {
	in      *ipc.FileReader
	schema  *arrow.Schema
	places  []int // of the columns in the file; none for rows without columns
	at      int   // number of the next batch
	current arrow.RecordBatch
	err     error
}

func (r *reader) Retain()                        {}
func (r *reader) Release()                       {}
func (r *reader) Schema() *arrow.Schema          { return r.schema }
func (r *reader) Err() error                     { return r.err }
func (r *reader) RecordBatch() arrow.RecordBatch { return r.current }
func (r *reader) Record() arrow.RecordBatch      { return r.current }

func (r *reader) Next() bool {
	if r.err != nil || r.at >= r.in.NumRecords() {
		return false
	}
	rec, err := r.in.RecordBatchAt(r.at)
	r.at++
	if err != nil {
		r.err = err
		return false
	}
	columns := make([]arrow.Array, r.schema.NumFields())
	for i := range columns {
		if len(r.places) == 0 {
			columns[i] = array.MakeArrayOfNull(memory.DefaultAllocator, r.schema.Field(i).Type, int(rec.NumRows()))
			continue
		}
		columns[i] = incoming(rec.Column(r.places[i]), r.schema.Field(i).Type)
	}
	r.current = array.NewRecordBatch(r.schema, columns, rec.NumRows())
	return true
}

// plain is a type as SQL has it: without a time zone, which for tables is always UTC.
func plain(t arrow.DataType) arrow.DataType {
	if at, ok := t.(*arrow.TimestampType); ok {
		return &arrow.TimestampType{Unit: at.Unit}
	}
	return t
}

// incoming is a column for DuckDB: NaN is missing, as it is in SQLite.
func incoming(arr arrow.Array, as arrow.DataType) arrow.Array {
	if a := withoutNaN(arr); a != nil {
		return a
	}
	data := arr.Data()
	return array.MakeFromData(array.NewData(as, data.Len(), data.Buffers(), data.Children(), data.NullN(), data.Offset()))
}

// withoutNaN is a column of decimal numbers with nulls for NaN; nil if it has none.
func withoutNaN(arr arrow.Array) arrow.Array {
	switch a := arr.(type) {
	case *array.Float64:
		return hide(a, a.Float64Values(), array.NewFloat64Builder(memory.DefaultAllocator))
	case *array.Float32:
		return hide(a, a.Float32Values(), array.NewFloat32Builder(memory.DefaultAllocator))
	}
	return nil
}

func hide[T float32 | float64](arr arrow.Array, values []T, b interface {
	AppendValues([]T, []bool)
	NewArray() arrow.Array
}) arrow.Array {
	valid, any := make([]bool, len(values)), false
	for i, v := range values {
		valid[i] = arr.IsValid(i) && v == v
		any = any || arr.IsValid(i) && v != v
	}
	if !any {
		return nil
	}
	b.AppendValues(values, valid)
	return b.NewArray()
}

// write writes the columns that all selects of the result to an Arrow file, a page at a time.
func (s *session) write(ctx context.Context, path, all string) (rows int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	a, err := duckdb.NewArrowFromConn(s.conn)
	if err != nil {
		return 0, err
	}
	var out *ipc.FileWriter
	for done := false; !done; {
		from := rows
		in, err := a.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %[2]s WHERE %[2]s.rowid >= %[3]d AND %[2]s.rowid < %[4]d ORDER BY %[2]s.rowid", all, resultTable, from, from+pageRows))
		if err != nil {
			return 0, err
		}
		if out == nil {
			if out, err = ipc.NewFileWriter(f, ipc.WithSchema(outgoingSchema(in.Schema()))); err != nil {
				return 0, err
			}
		}
		for in.Next() {
			rec, err := outgoing(in.RecordBatch(), rows)
			if err == nil {
				err = out.Write(rec)
				rows += rec.NumRows()
				rec.Release()
			}
			if err != nil {
				in.Release()
				return 0, err
			}
		}
		err = in.Err()
		in.Release()
		if err != nil {
			return 0, err
		}
		done = rows-from < pageRows
	}
	return rows, out.Close()
}

// outgoingSchema has the types that pipe knows for those that DuckDB computes with:
// whole numbers of 128 bits are int64, decimal numbers with digits float64.
func outgoingSchema(s *arrow.Schema) *arrow.Schema {
	fields := s.Fields()
	for i, f := range fields {
		if d, ok := f.Type.(arrow.DecimalType); ok {
			fields[i].Type = arrow.PrimitiveTypes.Float64
			if d.GetScale() == 0 {
				fields[i].Type = arrow.PrimitiveTypes.Int64
			}
		}
		fields[i].Metadata = arrow.Metadata{}
	}
	return arrow.NewSchema(fields, nil)
}

func outgoing(rec arrow.RecordBatch, row int64) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, rec.NumCols())
	for i, arr := range rec.Columns() {
		switch a := arr.(type) {
		case *array.Decimal128, *array.Decimal64, *array.Decimal32:
			made, err := numbers(a, row, rec.ColumnName(i))
			if err != nil {
				return nil, err
			}
			columns[i] = made
		default:
			if columns[i] = withoutNaN(arr); columns[i] == nil {
				columns[i] = arr
			}
		}
	}
	return array.NewRecordBatch(outgoingSchema(rec.Schema()), columns, rec.NumRows()), nil
}

// numbers makes numbers of decimals: each is the nearest one, and a whole one is exact.
func numbers(arr arrow.Array, row int64, column string) (arrow.Array, error) {
	scale := arr.DataType().(arrow.DecimalType).GetScale()
	whole, real := array.NewInt64Builder(memory.DefaultAllocator), array.NewFloat64Builder(memory.DefaultAllocator)
	for i := range arr.Len() {
		if arr.IsNull(i) {
			whole.AppendNull()
			real.AppendNull()
			continue
		}
		v := bigOf(arr, i)
		if scale == 0 {
			if !v.IsInt64() {
				return nil, &Problem{Message: fmt.Sprintf("row %d of the result, column %q: %s does not fit into int64", row+int64(i)+1, column, v),
					Hint: "make a decimal number or a text of it: CAST(... AS DOUBLE)", At: -1}
			}
			whole.Append(v.Int64())
			continue
		}
		f, err := strconv.ParseFloat(v.String()+"e-"+strconv.Itoa(int(scale)), 64)
		if err != nil || math.IsInf(f, 0) {
			return nil, fmt.Errorf("column %q: %s", column, v)
		}
		real.Append(f)
	}
	if scale == 0 {
		return whole.NewArray(), nil
	}
	return real.NewArray(), nil
}

func bigOf(arr arrow.Array, i int) *big.Int {
	switch a := arr.(type) {
	case *array.Decimal128:
		return a.Value(i).BigInt()
	case *array.Decimal64:
		return big.NewInt(int64(a.Value(i)))
	case *array.Decimal32:
		return big.NewInt(int64(a.Value(i)))
	}
	v, _ := new(big.Int).SetString(strings.TrimSpace(arr.ValueStr(i)), 10)
	return v
}
