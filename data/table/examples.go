package table

import (
	"fmt"
	"io"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/tensor"
)

// A Dataset reads a data set.
type Dataset struct {
	*Reader
	Info DatasetInfo
}

// Examples are rows of a data set as Go slices.
type Examples struct {
	Rows    int
	Inputs  []tensor.Rows     // as Info.Inputs
	Targets []Labels          // as Info.Targets; none without the columns
	Kept    arrow.RecordBatch // the kept columns, nil if there are none
}

// Labels are the values of a target.
type Labels struct {
	Classes []int32   // classification: index into the classes of the target
	Values  []float64 // regression: original units
	Valid   []bool    // whether a row has a target, which is 0 if not; nil if all have
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

// HasTarget says whether the data set has the columns of its targets.
func (d *Dataset) HasTarget() bool {
	return d.Info.labelled(Names(d.schema))
}

// Load reads all rows, which stay in memory. Kept is released by the caller, or left to
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

// StreamLabels reads the rows batch by batch, but for the inputs: nothing of them is
// read. What it yields is as with Stream.
func (d *Dataset) StreamLabels() iter.Seq2[*Examples, error] {
	return func(yield func(*Examples, error) bool) {
		names := Names(d.schema)[len(d.Info.Inputs):]
		if len(names) == 0 {
			yield(&Examples{Rows: int(d.NumRows())}, nil)
			return
		}
		rest, err := d.Select(names...)
		if err != nil {
			yield(nil, err)
			return
		}
		var row int64
		for rec, err := range rest.Batches() {
			if err != nil {
				yield(nil, err)
				return
			}
			ex := &Examples{Rows: int(rec.NumRows())}
			err = d.labels(ex, rec, 0, row)
			if !yield(ex, err) || err != nil {
				return
			}
			row += rec.NumRows()
		}
	}
}

// examples views a record as slices. row is the number of its first row.
func (d *Dataset) examples(rec arrow.RecordBatch, row int64) (*Examples, error) {
	ex := &Examples{Rows: int(rec.NumRows()), Inputs: make([]tensor.Rows, len(d.Info.Inputs))}
	for i := range ex.Inputs {
		in := &d.Info.Inputs[i]
		ex.Inputs[i], _ = Lists(rec.Column(i))
		for j, end := range ex.Inputs[i].Ends {
			if end%in.Width() != 0 {
				return nil, fmt.Errorf("data set: row %d of %s does not end with a step of %d values", row+int64(j)+1, in.Name, in.Width())
			}
		}
	}
	if err := d.labels(ex, rec, len(ex.Inputs), row); err != nil {
		return nil, err
	}
	return ex, nil
}

// labels views the targets and what was kept, whose columns begin at first.
func (d *Dataset) labels(ex *Examples, rec arrow.RecordBatch, first int, row int64) error {
	kept := first
	if d.HasTarget() {
		ex.Targets = make([]Labels, len(d.Info.Targets))
		for i := range ex.Targets {
			var err error
			if ex.Targets[i], err = d.Info.Targets[i].labels(rec.Column(kept+i), row); err != nil {
				return fmt.Errorf("data set: %w", err)
			}
		}
		kept += len(ex.Targets)
	}
	if len(d.Info.Keep) > 0 {
		var fields []arrow.Field
		for i := kept; i < rec.Schema().NumFields(); i++ {
			fields = append(fields, rec.Schema().Field(i))
		}
		ex.Kept = array.NewRecordBatch(arrow.NewSchema(fields, nil), rec.Columns()[kept:], rec.NumRows())
	}
	return nil
}

// labels views the column of a target. row is the number of its first row.
func (t *Target) labels(col arrow.Array, row int64) (Labels, error) {
	l := Labels{Valid: Valid(col)}
	switch a := col.(type) {
	case *array.Float64:
		l.Values = a.Float64Values()
	case *array.Int32:
		l.Classes = a.Int32Values()
		for i, class := range l.Classes {
			if class < 0 || int(class) >= len(t.Classes) {
				return l, fmt.Errorf("row %d has class %d of %d", row+int64(i)+1, class, len(t.Classes))
			}
		}
	}
	return l, nil
}
