package table

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/klauspost/compress/zstd"

	"pipe/data/tensor"
)

// Arrow's own package for Parquet needs gRPC, Thrift and three compressions. To
// write the few types of a table takes little of the format: plain values in
// pages of version 1, a row group for each batch, compressed with Zstandard.

// The numbers of the format.
const (
	parquetMagic = "PAR1"

	parquetBool   = 0
	parquetInt32  = 1
	parquetInt64  = 2
	parquetFloat  = 4
	parquetDouble = 5
	parquetBytes  = 6

	parquetRequired = 0
	parquetOptional = 1
	parquetRepeated = 2

	convertedUTF8            = 0 // no type has 0, which is that of text alone
	convertedList            = 3
	convertedDate            = 6
	convertedTimeMicros      = 8
	convertedTimestampMicros = 10
	convertedUint8           = 11 // then 16, 32 and 64 bits
	convertedInt8            = 15

	logicalString    = 1
	logicalList      = 3
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10

	unitMicros = 2
	unitNanos  = 3

	encodingPlain = 0
	encodingRLE   = 3
	codecZstd     = 6
)

// parquetPage is the size in bytes from which on a page is written.
const parquetPage = 1 << 20

// usualLength is the number of elements of a ragged row for which pages are cut.
const usualLength = 1024

// WriteParquet writes a table as a Parquet file. Lists become lists of
// float, int32 or uint8; the metadata of the table goes with it. The same table gives the same bytes.
func WriteParquet(w io.Writer, r *Reader) error {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	defer enc.Close()
	p := &parquetWriter{w: w, schema: r.Schema(), zstd: enc}
	p.write([]byte(parquetMagic))
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		p.group(rec)
		if p.err != nil {
			break
		}
	}
	p.finish(r.NumRows())
	if p.err != nil {
		return fmt.Errorf("write parquet: %w", p.err)
	}
	return nil
}

type parquetWriter struct {
	w      io.Writer
	at     int64
	err    error // the first
	schema *arrow.Schema
	zstd   *zstd.Encoder
	groups []parquetGroup

	values, levels, page []byte // kept for their memory
}

type parquetGroup struct {
	chunks []parquetChunk
	rows   int64
}

// A parquetChunk is where a column of a row group lies.
type parquetChunk struct{ offset, values, plain, packed int64 }

func (p *parquetWriter) write(b []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
	p.at += int64(len(b))
}

func (p *parquetWriter) group(rec arrow.RecordBatch) {
	g := parquetGroup{rows: rec.NumRows()}
	for _, col := range rec.Columns() {
		c := parquetChunk{offset: p.at}
		if _, _, ok := ListOf(col.DataType()); ok {
			p.lists(&c, col)
		} else {
			p.column(&c, col)
		}
		g.chunks = append(g.chunks, c)
	}
	p.groups = append(p.groups, g)
}

// column writes the pages of a column that may hold nulls.
func (p *parquetWriter) column(c *parquetChunk, col arrow.Array) {
	from := 0
	p.values = p.values[:0]
	bits := 0 // of a bool column
	var raw []byte
	size := 0 // of a value in it
	if t, ok := col.DataType().(arrow.FixedWidthDataType); ok && t.Bytes() > 0 {
		size = t.Bytes()
		raw = col.Data().Buffers()[1].Bytes()[col.Data().Offset()*size:]
	}
	signed := arrow.IsSignedInteger(col.DataType().ID())
	for i := range col.Len() {
		if col.IsValid(i) {
			switch a := col.(type) {
			case *array.Boolean:
				if bits%8 == 0 {
					p.values = append(p.values, 0)
				}
				if a.Value(i) {
					p.values[bits/8] |= 1 << (bits % 8)
				}
				bits++
			case *array.String:
				p.values = little.AppendUint32(p.values, uint32(len(a.Value(i))))
				p.values = append(p.values, a.Value(i)...)
			default:
				p.values = append(p.values, raw[i*size:(i+1)*size]...)
				for k := size; k < 4; k++ { // no number takes less
					p.values = append(p.values, extension(p.values[len(p.values)-1], signed))
				}
			}
		}
		if i+1 < col.Len() && len(p.values) < parquetPage {
			continue
		}
		p.levels = appendLevels(p.levels[:0], i+1-from, func(k int) bool { return col.IsValid(from + k) })
		p.data(c, i+1-from)
		from, bits, p.values = i+1, 0, p.values[:0]
	}
}

// extension is the byte that makes a number longer whose last one is given.
func extension(last byte, signed bool) byte {
	if signed && last&0x80 != 0 {
		return 0xff
	}
	return 0
}

// lists writes the pages of a column of lists.
func (p *parquetWriter) lists(c *parquetChunk, col arrow.Array) {
	_, width, _ := ListOf(col.DataType())
	all, _ := Lists(col)
	each := max(1, parquetPage/4/max(width, 1))
	if width == tensor.Ragged {
		each = parquetPage / 4 / usualLength
	}
	var more, full []bool // of each element, and of each empty list
	for from := 0; from < col.Len(); from += each {
		more, full = more[:0], full[:0]
		first, last := 0, 0
		for i := from; i < min(from+each, col.Len()); i++ {
			start, end := all.Row(i, width)
			if i == from {
				first = start
			}
			last = end
			for k := range max(1, end-start) {
				more, full = append(more, k > 0), append(full, end > start)
			}
		}
		p.values = p.values[:0]
		switch values := all.Slice(first, last); {
		case values.U8 != nil:
			for _, v := range values.U8 {
				p.values = little.AppendUint32(p.values, uint32(v))
			}
		case values.I32 != nil:
			p.values = append(p.values, viewed(values.I32)...)
		default:
			p.values = append(p.values, viewed(values.F32)...)
		}
		p.levels = appendLevels(p.levels[:0], len(more), func(k int) bool { return more[k] })
		p.levels = appendLevels(p.levels, len(full), func(k int) bool { return full[k] })
		p.data(c, len(more))
	}
}

// appendLevels adds n levels of one bit, in their hybrid of runs and packed bits.
func appendLevels(b []byte, n int, bit func(int) bool) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	same := 1
	for same < n && bit(same) == bit(0) {
		same++
	}
	if same == n {
		b = binary.AppendUvarint(b, uint64(n)<<1)
		b = append(b, 0)
		if bit(0) {
			b[len(b)-1] = 1
		}
	} else {
		b = binary.AppendUvarint(b, uint64((n+7)/8)<<1|1)
		for k := range n {
			if k%8 == 0 {
				b = append(b, 0)
			}
			if bit(k) {
				b[len(b)-1] |= 1 << (k % 8)
			}
		}
	}
	little.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// data writes the levels and the values as a page.
func (p *parquetWriter) data(c *parquetChunk, n int) {
	plain := append(p.levels, p.values...)
	p.levels = plain
	p.page = p.zstd.EncodeAll(plain, p.page[:0])
	var h thrift
	h.int32(1, 0) // a data page
	h.int32(2, len(plain))
	h.int32(3, len(p.page))
	h.begin(5)
	h.int32(1, n)
	h.int32(2, encodingPlain)
	h.int32(3, encodingRLE)
	h.int32(4, encodingRLE)
	h.end()
	h.end()
	c.values += int64(n)
	c.plain += int64(len(h.b) + len(plain))
	c.packed += int64(len(h.b) + len(p.page))
	p.write(h.b)
	p.write(p.page)
}

// finish writes the footer.
func (p *parquetWriter) finish(rows int64) {
	var t thrift
	t.int32(1, 1)
	elements := 1
	for _, f := range p.schema.Fields() {
		elements++
		if _, _, ok := ListOf(f.Type); ok {
			elements += 2
		}
	}
	t.list(2, elements, thriftStruct)
	t.nested()
	t.text(4, "schema")
	t.int32(5, p.schema.NumFields())
	t.end()
	for _, f := range p.schema.Fields() {
		t.element(f)
	}
	t.int64(3, rows)
	t.list(4, len(p.groups), thriftStruct)
	for _, g := range p.groups {
		p.groupInfo(&t, g)
	}
	p.metadata(&t)
	t.text(6, "pipe")
	t.end()
	p.write(t.b)
	p.write(little.AppendUint32(nil, uint32(len(t.b))))
	p.write([]byte(parquetMagic))
	if len(t.b) > math.MaxInt32 && p.err == nil {
		p.err = fmt.Errorf("a footer of %d bytes", len(t.b))
	}
}

func (p *parquetWriter) metadata(t *thrift) {
	meta := p.schema.Metadata().ToMap()
	if len(meta) == 0 {
		return
	}
	t.list(5, len(meta), thriftStruct)
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		t.nested()
		t.text(1, key)
		t.text(2, meta[key])
		t.end()
	}
}

func (p *parquetWriter) groupInfo(t *thrift, g parquetGroup) {
	t.nested()
	t.list(1, len(g.chunks), thriftStruct)
	total := int64(0)
	for i, c := range g.chunks {
		f := p.schema.Field(i)
		path := []string{f.Name}
		if _, _, ok := ListOf(f.Type); ok {
			path = append(path, "list", "element")
		}
		physical := parquetFormOf(f.Type).physical
		total += c.plain
		t.nested()
		t.int64(2, c.offset)
		t.begin(3)
		t.int32(1, physical)
		t.list(2, 2, thriftInt32)
		t.zigzag(encodingPlain)
		t.zigzag(encodingRLE)
		t.list(3, len(path), thriftBinary)
		for _, name := range path {
			t.bytes(name)
		}
		t.int32(4, codecZstd)
		t.int64(5, c.values)
		t.int64(6, c.plain)
		t.int64(7, c.packed)
		t.int64(9, c.offset)
		t.end()
		t.end()
	}
	t.int64(2, total)
	t.int64(3, g.rows)
	t.end()
}

// A parquetForm is what values of a type are in a file. What is 0 is not said.
type parquetForm struct {
	physical  int
	converted int
	logical   int
	unit      int  // of times
	bits      int  // of whole numbers
	signed    bool // of whole numbers
}

// String names the type as Parquet does.
func (f parquetForm) String() string {
	name := map[int]string{parquetBool: "BOOLEAN", parquetInt32: "INT32", parquetInt64: "INT64", parquetFloat: "FLOAT", parquetDouble: "DOUBLE", parquetBytes: "BYTE_ARRAY"}[f.physical]
	unit := map[int]string{unitMicros: "MICROS", unitNanos: "NANOS"}[f.unit]
	switch f.logical {
	case logicalString:
		name += ", STRING"
	case logicalDate:
		name += ", DATE"
	case logicalTime:
		name += ", TIME(" + unit + ")"
	case logicalTimestamp:
		name += ", TIMESTAMP(" + unit + ")"
	case logicalInteger:
		name += fmt.Sprintf(", INTEGER(%d, %t)", f.bits, f.signed)
	}
	return name
}

// parquetWhole is the form of whole numbers that the physical type does not tell.
func parquetWhole(bits int, signed bool) parquetForm {
	f := parquetForm{physical: parquetInt32, converted: convertedUint8, logical: logicalInteger, bits: bits, signed: signed}
	if signed {
		f.converted = convertedInt8
	}
	if bits == 64 {
		f.physical = parquetInt64
	}
	for n := 8; n < bits; n *= 2 {
		f.converted++
	}
	return f
}

// parquetFormOf is the form of the values of a type, or of the elements of a list.
func parquetFormOf(t arrow.DataType) parquetForm {
	if s := scalarOf(t); s != nil {
		return s.parquet
	}
	switch of, _, _ := ListOf(t); of {
	case tensor.U8:
		return parquetWhole(8, false)
	case tensor.I32:
		return parquetForm{physical: parquetInt32}
	}
	return parquetForm{physical: parquetFloat}
}

// element describes a column.
func (t *thrift) element(f arrow.Field) {
	form := parquetFormOf(f.Type)
	t.nested()
	if _, _, ok := ListOf(f.Type); ok {
		t.int32(3, parquetRequired)
		t.text(4, f.Name)
		t.int32(5, 1)
		t.int32(6, convertedList)
		t.begin(10)
		t.begin(logicalList)
		t.end()
		t.end()
		t.end()
		t.nested()
		t.int32(3, parquetRepeated)
		t.text(4, "list")
		t.int32(5, 1)
		t.end()
		t.nested()
		t.int32(1, form.physical)
		t.int32(3, parquetRequired)
		t.text(4, "element")
		t.meaning(form)
		t.end()
		return
	}
	t.int32(1, form.physical)
	t.int32(3, parquetOptional)
	t.text(4, f.Name)
	t.meaning(form)
	t.end()
}

// meaning says what values of a form stand for, where the physical type does not.
func (t *thrift) meaning(form parquetForm) {
	if form.converted > 0 || form.logical == logicalString {
		t.int32(6, form.converted)
	}
	if form.logical > 0 {
		t.begin(10)
		t.begin(form.logical)
		if form.unit > 0 {
			t.truth(1, true) // adjusted to UTC
			t.begin(2)
			t.begin(form.unit)
			t.end()
			t.end()
		}
		if form.bits > 0 {
			t.byte(1, byte(form.bits))
			t.truth(2, form.signed)
		}
		t.end()
		t.end()
	}
}
