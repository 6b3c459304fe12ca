package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"pipe/data/tensor"
)

// InputRows reads an input of single rows of a data set, in any order, without
// holding more than was asked for: the file stays where it is, and what of it is
// in memory is the business of the system's page cache. It is for one goroutine
// at a time.
type InputRows struct {
	src    io.ReaderAt
	name   string
	of     tensor.Type
	width  int // elements of a row; tensor.Ragged
	step   int // elements that a ragged row has a multiple of
	table  *Reader
	places []place
	ends   []byte // memory for offsets
	spans  []span // of rows
	told   bool   // the file is told by Foresee what will be asked for
}

// A place is where the elements of a batch lie in the file, and of ragged ones
// where the offsets of their rows are.
type place struct {
	start, offsets int64
	elements       int64
}

// InputRows finds where an input is. Bytes that are no data set give an error
// here or when they are read, never numbers of another place.
func (d *Dataset) InputRows(input int) (r *InputRows, err error) {
	defer recoverDamage(&err)
	in := &d.Info.Inputs[input]
	r = &InputRows{src: d.src, name: in.Name, of: in.Type, width: in.Width(), step: 1, table: d.Reader, places: make([]place, len(d.batches))}
	if in.Ragged() {
		r.width, r.step = tensor.Ragged, in.Width()
	}
	for i, at := range d.batches {
		h, err := d.header(i)
		if err != nil {
			return nil, fmt.Errorf("table: batch %d: %w", i, err)
		}
		// Inputs come first. Each has the validity of its lists, of ragged ones
		// their offsets, and the validity of the elements, before the elements.
		nodes := h.nodes
		for k := range input + 1 {
			if h.nodes = nodes[2*k:]; d.Info.Inputs[k].Ragged() {
				h.buffers = h.buffers[1:]
			}
			if k < input {
				h.buffers = h.buffers[3:]
			}
		}
		body := at.offset + at.header
		values, p := h.buffers[2], place{}
		p.start, p.elements = body+values.offset, h.nodes[1].rows
		if r.width == tensor.Ragged {
			offsets := h.buffers[0]
			if p.offsets = body + offsets.offset; offsets.size < 4*(h.rows+1) {
				p.elements = -1
			}
		} else if p.elements != h.rows*int64(r.width) {
			p.elements = -1
		}
		if h.nodes[0].nulls != 0 || h.nodes[1].nulls != 0 || p.elements < 0 || values.size/int64(r.of.Size()) < p.elements {
			return nil, fmt.Errorf("table: batch %d: %w", i, fmt.Errorf("%s are missing", in.Name))
		}
		r.places[i] = p
	}
	return r, nil
}

// Len is the number of rows.
func (r *InputRows) Len() int { return int(r.table.NumRows()) }

// Foresee tells a file that can begin to read what will be asked for of rows that
// will soon be gathered, so that it is busy with many at a time. Of ragged rows it is
// told where they end.
func (r *InputRows) Foresee(rows []int) error {
	file, ok := r.table.src.(foreseer)
	if !ok {
		return nil
	}
	r.told = true
	size := int64(r.of.Size()) * int64(r.width)
	return r.runs(rows, func(p *place, at int64, n int) error {
		if r.width == tensor.Ragged {
			file.WillNeed(p.offsets+4*at, 4*int64(n+1))
		} else {
			file.WillNeed(p.start+size*at, size*int64(n))
		}
		return nil
	})
}

// Gather adds rows, counted from 0, to dst, one behind the other. Rows that are
// side by side in the file are read together, and a file that can begin to read
// what will be asked for is told of all of them first, as far as it was not before.
func (r *InputRows) Gather(rows []int, dst *tensor.Rows) error {
	tell := func(span) {}
	if file, ok := r.table.src.(foreseer); ok && (!r.told || r.width == tensor.Ragged) {
		tell = func(s span) { file.WillNeed(s.offset, s.size) }
	}
	r.spans = r.spans[:0]
	first := dst.Len()
	elements, size := int64(first), int64(r.of.Size())
	if r.width == tensor.Ragged {
		_ = r.runs(rows, func(p *place, at int64, n int) error {
			tell(span{p.offsets + 4*at, 4 * int64(n+1)})
			return nil
		})
	}
	err := r.runs(rows, func(p *place, at int64, n int) error {
		from, to := at*int64(r.width), (at+int64(n))*int64(r.width)
		if r.width == tensor.Ragged {
			var err error
			if from, to, err = r.offsets(p, at, n, elements, dst); err != nil {
				return err
			}
		}
		s := span{p.start + size*from, size * (to - from)}
		if n < len(rows) {
			tell(s)
		}
		r.spans = append(r.spans, s)
		elements += to - from
		return nil
	})
	if err != nil {
		return err
	}
	dst.Grow(r.of, int(elements)-first)
	raw := bytesIn32(dst, first)
	for _, s := range r.spans {
		if err := readFull(r.src, raw[:s.size], s.offset); err != nil {
			return fmt.Errorf("table: read %d rows of %s: %w", len(rows), r.name, err)
		}
		raw = raw[s.size:]
	}
	return nil
}

// A foreseer is a file that can begin to read what will be asked for.
type foreseer interface{ WillNeed(off, n int64) }

// runs finds where rows are, those together that are side by side.
func (r *InputRows) runs(rows []int, use func(p *place, at int64, n int) error) error {
	for len(rows) > 0 {
		first, n := int64(rows[0]), 1
		if first < 0 || first >= r.table.NumRows() {
			return fmt.Errorf("table: there is no row %d of %d", first+1, r.table.NumRows())
		}
		batch, at := r.table.BatchOf(first)
		for end := r.table.starts[batch+1]; n < len(rows) && int64(rows[n]) == first+int64(n) && first+int64(n) < end; {
			n++
		}
		if err := use(&r.places[batch], int64(at), n); err != nil {
			return fmt.Errorf("table: read row %d: %w", first+1, err)
		}
		rows = rows[n:]
	}
	return nil
}

// offsets finds where ragged rows lie, and adds where they end in dst, which has a
// number of elements before them.
func (r *InputRows) offsets(p *place, at int64, n int, have int64, dst *tensor.Rows) (from, to int64, err error) {
	if cap(r.ends) < 4*(n+1) {
		r.ends = make([]byte, 4*(n+1))
	}
	raw := r.ends[:4*(n+1)]
	if err := readFull(r.src, raw, p.offsets+4*at); err != nil {
		return 0, 0, err
	}
	from = int64(int32(binary.LittleEndian.Uint32(raw)))
	to = from
	for i := range n {
		end := int64(int32(binary.LittleEndian.Uint32(raw[4*(i+1):])))
		if from < 0 || end < to || end > p.elements || end-to > maxListed {
			return 0, 0, errOutside
		}
		if (end-to)%int64(r.step) != 0 {
			return 0, 0, fmt.Errorf("%s has %d elements in row %d of the batch, want a multiple of %d", r.name, end-to, at+int64(i)+1, r.step)
		}
		to = end
		dst.Ends = append(dst.Ends, int(have+to-from))
	}
	return from, to, nil
}

func readFull(src io.ReaderAt, raw []byte, at int64) error {
	if got, err := src.ReadAt(raw, at); got < len(raw) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

// bytesIn32 views the elements from one on as bytes in the order of the machine.
func bytesIn32(r *tensor.Rows, from int) []byte {
	switch {
	case r.U8 != nil:
		return r.U8[from:]
	case r.I32 != nil:
		return viewed(r.I32[from:])
	}
	return viewed(r.F32[from:])
}

func viewed[E float32 | int32](list []E) []byte {
	if len(list) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), 4*len(list))
}

// Longest is the number of steps of the longest row of a ragged input, 1 if all
// are empty. It reads where rows end, not what they hold.
func (r *InputRows) Longest() (int, error) {
	longest := int64(1)
	for i := range r.places {
		n := r.table.starts[i+1] - r.table.starts[i]
		var ends tensor.Rows
		if _, _, err := r.offsets(&r.places[i], 0, int(n), 0, &ends); err != nil {
			return 0, fmt.Errorf("table: batch %d: %w", i, err)
		}
		from := 0
		for _, end := range ends.Ends {
			longest = max(longest, int64(end-from)/int64(r.step))
			from = end
		}
	}
	return int(longest), nil
}

// Steps are the numbers of steps of the longest rows of the ragged inputs, 0 for
// others.
func (d *Dataset) Steps() ([]int, error) {
	steps := make([]int, len(d.Info.Inputs))
	for i := range steps {
		if !d.Info.Inputs[i].Ragged() {
			continue
		}
		r, err := d.InputRows(i)
		if err != nil {
			return nil, err
		}
		if steps[i], err = r.Longest(); err != nil {
			return nil, err
		}
	}
	return steps, nil
}
