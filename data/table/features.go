package table

import (
	"errors"
	"fmt"
	"io"
)

// FeatureRows reads the features of single rows of a data set, in any order,
// without holding more than was asked for: the file stays where it is, and what
// of it is in memory is the business of the system's page cache.
type FeatureRows struct {
	src    io.ReaderAt
	width  int
	rows   int64
	starts []int64 // of the features of each batch
}

// FeatureRows finds where the features are. Bytes that are no features give an
// error here or when they are read, never numbers of another place.
func (d *Dataset) FeatureRows() (f *FeatureRows, err error) {
	defer recoverDamage(&err)
	f = &FeatureRows{src: d.src, width: len(d.Info.Features), rows: d.rows, starts: make([]int64, len(d.batches))}
	for i, at := range d.batches {
		h, err := d.header(i)
		if err != nil {
			return nil, fmt.Errorf("table: batch %d: %w", i, err)
		}
		// The features come first: the validity of the vectors, which have none,
		// that of their elements, and the elements.
		values := h.buffers[2]
		if h.nodes[1].nulls != 0 || h.nodes[0].nulls != 0 || values.size < 4*h.rows*int64(f.width) {
			return nil, fmt.Errorf("table: batch %d: %w", i, errors.New("features are missing"))
		}
		f.starts[i] = at.offset + at.header + values.offset
	}
	return f, nil
}

// Len is the number of rows.
func (f *FeatureRows) Len() int { return int(f.rows) }

// Gather copies the features of rows, counted from 0, one behind the other. Rows
// that are side by side in the file are read together.
func (f *FeatureRows) Gather(rows []int, dst []float32) error {
	for len(rows) > 0 {
		first, n := int64(rows[0]), 1
		if first < 0 || first >= f.rows {
			return fmt.Errorf("table: there is no row %d of %d", first+1, f.rows)
		}
		batch, at := first/BatchRows, first%BatchRows
		for n < len(rows) && int64(rows[n]) == first+int64(n) && at+int64(n) < BatchRows && first+int64(n) < f.rows {
			n++
		}
		raw := bytesOf(dst[:n*f.width])
		if got, err := f.src.ReadAt(raw, f.starts[batch]+4*at*int64(f.width)); got < len(raw) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("table: read row %d: %w", first+1, err)
		}
		rows, dst = rows[n:], dst[n*f.width:]
	}
	return nil
}
