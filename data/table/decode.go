package table

import (
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Select is a reader of the named columns of the same table, in the order of the
// names. It reads nothing of the others. The metadata of the schema is kept.
func (r *Reader) Select(names ...string) (*Reader, error) {
	selected := *r
	selected.columns = make([]int, len(names))
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		at, err := Column(r.schema, name)
		if err != nil {
			return nil, err
		}
		fields[i] = r.schema.Field(at)
		if selected.columns[i] = at; r.columns != nil {
			selected.columns[i] = r.columns[at]
		}
	}
	meta := r.schema.Metadata()
	selected.schema = arrow.NewSchema(fields, &meta)
	return &selected, nil
}

// As gives the columns of a schema alone, which are some of those of the table, with the
// metadata of that schema.
func (r *Reader) As(schema *arrow.Schema) (*Reader, error) {
	selected, err := r.Select(Names(schema)...)
	if err != nil {
		return nil, err
	}
	meta := schema.Metadata()
	selected.schema = arrow.NewSchema(selected.schema.Fields(), &meta)
	return selected, nil
}

// A columnPart is where the nodes and buffers of a column are in a header.
type columnPart struct{ node, nodes, buffer, buffers int }

// parts divides a header among the columns of the file.
func (h *batchHeader) parts(file *arrow.Schema) ([]columnPart, error) {
	list := make([]columnPart, file.NumFields())
	var at columnPart
	for i, f := range file.Fields() {
		at.nodes, at.buffers = 1, 2
		switch f.Type.ID() {
		case arrow.STRING:
			at.buffers = 3
		case arrow.FIXED_SIZE_LIST:
			at.nodes, at.buffers = 2, 3
		case arrow.LIST:
			at.nodes, at.buffers = 2, 4
		}
		list[i] = at
		at.node += at.nodes
		at.buffer += at.buffers
	}
	switch {
	case at.node < len(h.nodes) || at.buffer < len(h.buffers):
		return nil, errors.New("more columns than in the schema")
	case at.node > len(h.nodes) || at.buffer > len(h.buffers):
		return nil, errors.New("fewer columns than in the schema")
	}
	return list, nil
}

// A body is what was read of the body of a batch, in the order of the file.
type body []piece

type piece struct {
	span
	data  []byte
	spare *memory.Buffer // that it goes back to; nil if nobody waits for it
}

// smallGap is how many bytes that nobody asked for are read along, in place of
// another call.
const smallGap = 64 << 10

// readBody reads the buffers that are asked for, which may be in any order.
func (r *Reader) readBody(start int64, buffers []span) (body, error) {
	slices.SortFunc(buffers, func(a, b span) int { return int(min(1, max(-1, a.offset-b.offset))) })
	var pieces body
	for _, s := range buffers {
		last := len(pieces) - 1
		switch {
		case s.size == 0:
		case last >= 0 && s.offset <= pieces[last].offset+pieces[last].size+smallGap:
			pieces[last].size = max(pieces[last].size, s.offset+s.size-pieces[last].offset)
		default:
			pieces = append(pieces, piece{span: s})
		}
	}
	for i := range pieces {
		p := &pieces[i]
		if r.spare == nil {
			p.data = make([]byte, p.size)
		} else {
			p.data = r.spare.Allocate(int(p.size))
			p.spare = memory.NewBufferWithAllocator(p.data, r.spare)
		}
		if err := readInto(p.data, r.src, start+p.offset); err != nil {
			pieces.release()
			return nil, err
		}
	}
	return pieces, nil
}

// release gives back the memory, once no array lies over it.
func (b body) release() {
	for _, p := range b {
		if p.spare != nil {
			p.spare.Release()
		}
	}
}

// buffer gives a buffer that was asked for.
func (b body) buffer(s span) *memory.Buffer {
	if s.size == 0 {
		return memory.NewBufferBytes(nil)
	}
	i, found := slices.BinarySearchFunc(b, s.offset, func(p piece, at int64) int { return int(min(1, max(-1, p.offset-at))) })
	if !found {
		i--
	}
	from := s.offset - b[i].offset
	if b[i].spare == nil {
		return memory.NewBufferBytes(b[i].data[from : from+s.size : from+s.size])
	}
	return memory.SliceBuffer(b[i].spare, int(from), int(s.size))
}

// decode makes arrays that lie over the body of a batch.
func (r *Reader) decode(i int) (arrow.RecordBatch, error) {
	h, err := r.header(i)
	if err != nil {
		return nil, err
	}
	parts, err := h.parts(r.file)
	if err != nil {
		return nil, err
	}
	if r.columns != nil {
		all := parts
		parts = make([]columnPart, len(r.columns))
		for k, at := range r.columns {
			parts[k] = all[at]
		}
	}
	var buffers []span
	for _, p := range parts {
		buffers = append(buffers, h.buffers[p.buffer:p.buffer+p.buffers]...)
	}
	body, err := r.readBody(r.batches[i].offset+r.batches[i].header, buffers)
	if err != nil {
		return nil, err
	}
	defer body.release()
	columns := make([]arrow.Array, 0, len(parts))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for k, f := range r.schema.Fields() {
		p := parts[k]
		of := batchHeader{nodes: h.nodes[p.node : p.node+p.nodes], buffers: h.buffers[p.buffer : p.buffer+p.buffers]}
		data := of.array(f.Type, body)
		err := checkData(data)
		if err == nil && int64(data.Len()) != h.rows {
			err = fmt.Errorf("%d rows, want %d", data.Len(), h.rows)
		}
		if err != nil {
			data.Release()
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		columns = append(columns, array.MakeFromData(data))
		data.Release()
	}
	return array.NewRecordBatch(r.schema, columns, h.rows), nil
}
