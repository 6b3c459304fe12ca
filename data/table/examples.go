package table

import (
	"fmt"
	"io"
	"iter"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A Dataset reads a data set.
type Dataset struct {
	*Reader
	Info DatasetInfo
}

// Examples are rows of a data set as Go slices.
type Examples struct {
	Rows, Width int
	Features    []float32    // Rows x Width, row-major
	Classes     []int32      // classification with a target column: index into Info.Target.Classes
	Targets     []float64    // regression with a target column: original units
	Valid       []bool       // whether a row has a target, which is 0 if not; nil if all have
	Kept        arrow.Record // the kept columns, nil if there are none
}

// OpenDataset opens a table that is a data set.
func OpenDataset(r io.ReaderAt, size int64) (*Dataset, error) {
	tr, err := Open(r, size)
	if err != nil {
		return nil, err
	}
	info, err := DatasetInfoOf(tr.Schema())
	if err != nil {
		tr.Close()
		return nil, err
	}
	return &Dataset{tr, *info}, nil
}

// HasTarget says whether the data set has a target column.
func (d *Dataset) HasTarget() bool {
	return len(d.schema.FieldIndices(TargetColumn)) > 0
}

// Load reads all rows: 4 bytes for each feature of each row, the targets and
// the kept columns stay in memory. Kept is released by the caller, or left to
// the garbage collector.
func (d *Dataset) Load() (*Examples, error) {
	rec, err := ReadAll(d.Reader)
	if err != nil {
		return nil, err
	}
	return d.examples(rec, 0)
}

// Stream reads the rows batch by batch. What it yields is good until the next
// step of the loop. It ends after the first error.
func (d *Dataset) Stream() iter.Seq2[*Examples, error] {
	return func(yield func(*Examples, error) bool) {
		var row int64
		for rec, err := range d.Batches() {
			if err != nil {
				yield(nil, err)
				return
			}
			ex, err := d.examples(rec, row)
			if !yield(ex, err) || err != nil {
				return
			}
			row += rec.NumRows()
		}
	}
}

// examples views a record as slices. row is the number of its first row.
func (d *Dataset) examples(rec arrow.Record, row int64) (*Examples, error) {
	ex := &Examples{
		Rows:     int(rec.NumRows()),
		Width:    len(d.Info.Features),
		Features: Vectors(rec.Column(0)),
	}
	kept := 1
	if d.HasTarget() {
		kept = 2
		col := rec.Column(1)
		ex.Valid = Valid(col)
		switch a := col.(type) {
		case *array.Float64:
			ex.Targets = a.Float64Values()
		case *array.Int32:
			ex.Classes = a.Int32Values()
			for i, class := range ex.Classes {
				if class < 0 || int(class) >= len(d.Info.Target.Classes) {
					return nil, fmt.Errorf("data set: row %d has class %d of %d", row+int64(i)+1, class, len(d.Info.Target.Classes))
				}
			}
		}
	}
	if len(d.Info.Keep) > 0 {
		var fields []arrow.Field
		for i := kept; i < rec.Schema().NumFields(); i++ {
			fields = append(fields, rec.Schema().Field(i))
		}
		ex.Kept = array.NewRecord(arrow.NewSchema(fields, nil), rec.Columns()[kept:], rec.NumRows())
	}
	return ex, nil
}

// Vectors views a vector column as its elements in row-major order. It is not
// copied: the values are good while arr is retained.
func Vectors(arr arrow.Array) []float32 {
	a := arr.(*array.FixedSizeList)
	width := int(a.DataType().(*arrow.FixedSizeListType).Len())
	from := a.Data().Offset() * width
	return a.ListValues().(*array.Float32).Float32Values()[from : from+a.Len()*width]
}
