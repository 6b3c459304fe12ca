package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/zstd"

	"pipe/base/diag"
)

// ForeignVersion is raised when the same foreign bytes would give another table.
const ForeignVersion = 4

// A Foreign reads Arrow as other programs write it, IPC files and streams: in
// batches of any size, with types that a table does not have, compressed or
// not. It trusts nothing that it reads. It is not Arrow's own reader, which
// allocates what a damaged file says before it looks at how long the file is.
//
// Only what is needed of a batch is in memory: a chunk of rows, or the whole
// batch where it is compressed.
type Foreign struct {
	src    io.ReaderAt
	size   int64
	blocks *footerBlocks // of a file; nil for a stream, whose messages follow one another
	start  int64         // of the messages of a stream after the schema
	fields []*foreignField
	schema *arrow.Schema // of the table
	dicts  map[int64]*dictionary
	rows   int64
	zstd   *zstd.Decoder  // nil until it is needed
	budget int64          // bytes that the chunk or batch at hand may still become
	others map[int64]bool // dictionaries of columns that are left out
	lent   bool           // a batch is with who asked for it
	gaps   bool           // lists may be missing
}

// A dictionary has values that columns refer to by index.
type dictionary struct {
	field  *foreignField
	values *column
}

// OpenForeign reads the schema of an Arrow IPC file or stream. The error says
// which column cannot be taken, and has a hint.
func OpenForeign(r io.ReaderAt, size int64) (f *Foreign, err error) {
	return OpenForeignColumns(r, size, func([]string) (func(column int) bool, error) { return func(int) bool { return true }, nil })
}

// OpenForeignColumns is OpenForeign for some columns: keep is told the names of all,
// and says of each whether it is kept. What is not is not read, and may have any type.
func OpenForeignColumns(r io.ReaderAt, size int64, keep func(names []string) (func(column int) bool, error)) (f *Foreign, err error) {
	defer recoverDamage(&err)
	f = &Foreign{src: r, dicts: map[int64]*dictionary{}, others: map[int64]bool{}}
	return f, f.open(size, keep)
}

// Schema is that of the table that WriteTable writes: types that a table does
// not have become the nearest that it has.
func (f *Foreign) Schema() *arrow.Schema { return f.schema }

// Local says whether the timestamps of a column of the schema are in no zone. The table
// takes them for UTC.
func (f *Foreign) Local(column string) bool {
	return slices.ContainsFunc(f.fields, func(c *foreignField) bool { return c.name == column && c.out == nil && c.cast.local })
}

// WriteTable writes a table. It is called once. warn is told, once for a column,
// what was lost.
func (f *Foreign) WriteTable(ctx context.Context, w io.Writer, warn func(string)) error {
	out, err := NewWriter(w, f.schema)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := f.Each(ctx, out.Write); err != nil {
		return err
	}
	f.Losses(warn)
	return out.Close()
}

// AllowGaps lets lists of any length be missing in what Each gives, as no table has them: null, or
// with a number that is null or that no list of a table has.
func (f *Foreign) AllowGaps() { f.gaps = true }

// Each calls use with all rows in batches, which are good until it returns.
func (f *Foreign) Each(ctx context.Context, use func(arrow.RecordBatch) error) (err error) {
	f.rows = 0
	for _, c := range f.fields {
		c.lost = 0
	}
	for _, d := range f.dicts {
		d.values = nil
	}
	defer func() {
		if f.zstd != nil {
			f.zstd.Close()
			f.zstd = nil
		}
		if f.lent {
			return // what happens there is no damage here
		}
		if p := recover(); p != nil {
			err = damage("%v", p)
		}
	}()
	return f.readAll(ctx, use)
}

// Losses tells warn, once for a column, what was lost by reading.
func (f *Foreign) Losses(warn func(string)) {
	for _, c := range f.fields {
		if c.lost > 0 {
			warn(fmt.Sprintf("column %q: %d of its values: %s", c.name, c.lost, c.cast.loss))
		}
	}
}

// IsArrow says whether bytes are the beginning of an Arrow file or stream.
func IsArrow(start []byte) bool {
	return strings.HasPrefix(string(start), magic) || len(start) >= 4 && little.Uint32(start) == continuation
}

// continuation begins each message.
const continuation = 0xffffffff

// The types of messages.
const (
	schemaMessage     = 1
	dictionaryMessage = 2
	batchMessage      = 3
)

var errNotArrow = errors.New("not an Arrow file or stream, or only a part of one")

// footerBlocks says where the messages of a file are.
type footerBlocks struct{ dictionaries, batches []span }

// open finds out where the messages are, and reads the schema.
func (f *Foreign) open(size int64, keep func(names []string) (func(column int) bool, error)) error {
	f.size = size
	start, err := readBytes(f.src, span{0, min(size, 8)})
	if err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(string(start), parquetMagic):
		return diag.WithHint(errors.New("a Parquet file, not an Arrow file or stream"), "write Arrow: to_feather in pandas, write_ipc in Polars")
	case len(start) < 8 || !IsArrow(start):
		return errNotArrow
	case string(start[:len(magic)]) == magic:
		return f.readFooter(keep)
	}
	m, err := f.message(span{0, size})
	if err != nil {
		return err
	}
	if m == nil || m.kind != schemaMessage || m.body.size > 0 {
		return damage("it does not begin with a schema")
	}
	f.start = m.next
	return f.readSchema(m.header, keep)
}

func damage(format string, args ...any) error {
	return fmt.Errorf("damaged Arrow file: "+format, args...)
}

func (f *Foreign) readFooter(keep func(names []string) (func(column int) bool, error)) error {
	if f.size < 8+endSize {
		return errNotArrow
	}
	end, err := readBytes(f.src, span{f.size - endSize, endSize})
	if err != nil {
		return err
	}
	length := int64(little.Uint32(end))
	if string(end[4:]) != magic || length < 4 || length > f.size-8-endSize {
		return errNotArrow
	}
	footer, err := readBytes(f.src, span{f.size - endSize - length, length})
	if err != nil {
		return err
	}
	root := flatRoot(footer)
	schema, ok := root.table(1)
	if !ok {
		return damage("it has no schema")
	}
	// Blocks that lie over one another could add up to the square of the size.
	left := f.size
	list := func(number int) (blocks []span, err error) {
		start, n := root.vector(number, 24)
		for i := range n {
			b := footer[start+24*i:]
			s := span{int64(little.Uint64(b)), 0}
			header, body := int64(int32(little.Uint32(b[8:]))), int64(little.Uint64(b[16:]))
			if s.offset < 0 || header < 8 || body < 0 || header > left || body > left-header || s.offset > f.size-header-body {
				return nil, damage("batch %d is not where it is said to be", i)
			}
			s.size = header + body
			left -= s.size
			blocks = append(blocks, s)
		}
		return blocks, nil
	}
	f.blocks = &footerBlocks{}
	if f.blocks.dictionaries, err = list(2); err != nil {
		return err
	}
	if f.blocks.batches, err = list(3); err != nil {
		return err
	}
	return f.readSchema(schema, keep)
}

// A message is a header, which is in memory, and a body, which is not.
type message struct {
	kind   byte
	header flatTable
	body   span
	next   int64
}

// message reads the header of the message that a piece of the file begins with;
// nil at the end.
func (f *Foreign) message(in span) (*message, error) {
	if in.size == 0 {
		return nil, nil // a stream may end without saying so
	}
	if in.size < 8 {
		return nil, damage("it ends in a message")
	}
	start, err := readBytes(f.src, span{in.offset, 8})
	if err != nil {
		return nil, err
	}
	if little.Uint32(start) != continuation {
		return nil, damage("there is no message at byte %d", in.offset)
	}
	size := int64(little.Uint32(start[4:]))
	if size == 0 {
		return nil, nil
	}
	if size > in.size-8 {
		return nil, damage("it ends in a message")
	}
	buf, err := readBytes(f.src, span{in.offset + 8, size})
	if err != nil {
		return nil, err
	}
	root := flatRoot(buf)
	m := &message{kind: root.byte(1), body: span{in.offset + 8 + size, root.int64(3)}}
	if m.header, _ = root.table(2); m.header.buf == nil {
		return nil, damage("an empty message")
	}
	if m.body.size < 0 || m.body.size > in.size-8-size {
		return nil, damage("it ends in a batch")
	}
	m.next = m.body.offset + m.body.size
	return m, nil
}

// readSchema finds for each column the type that it will have.
func (f *Foreign) readSchema(schema flatTable, keep func(names []string) (func(column int) bool, error)) error {
	if schema.short(0) != 0 {
		return diag.WithHint(errors.New("its numbers are big-endian"), "write it on a machine that is not, or as CSV")
	}
	var fields []arrow.Field
	texts := metadataSize(schema, 2)
	seen := map[string]bool{}
	_, dataset := schema.metadata(2)[DatasetKey]
	var names []string
	for _, t := range schema.tables(1) {
		// Texts that lie over one another could add up to the square of the size.
		if texts += textSize(t, 0) + metadataSize(t, 6); texts > len(schema.buf) {
			return damage("metadata overlaps")
		}
		name := t.text(0)
		if seen[name] {
			return diag.WithHint(fmt.Errorf("two columns are named %q", name), "give one of them another name")
		}
		seen[name] = true
		names = append(names, name)
	}
	kept, err := keep(names)
	if err != nil {
		return err
	}
	for i, t := range schema.tables(1) {
		name := names[i]
		if !kept(i) {
			if err := f.leaveOut(t, 0); err != nil {
				return fmt.Errorf("column %q: %w", name, err)
			}
			f.fields = append(f.fields, &foreignField{name: name, out: &t})
			continue
		}
		c, err := newForeignField(name, t, dataset)
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		if len(t.tables(5)) > 0 && c.cast.layout != vectors && c.cast.layout != ragged {
			return damage("column %q has parts, which type %s has not", name, c.cast.name)
		}
		f.fields = append(f.fields, c)
		meta := t.metadata(6)
		fields = append(fields, arrow.Field{Name: name, Type: c.cast.to, Nullable: true, Metadata: arrow.MetadataFrom(meta)})
		if c.coded {
			if f.dicts[c.dict] != nil && f.dicts[c.dict].field.cast.name != c.cast.name {
				return damage("column %q has the dictionary of another type", name)
			}
			f.dicts[c.dict] = &dictionary{field: c}
		}
	}
	meta := arrow.MetadataFrom(schema.metadata(2))
	f.schema, err = canonical(arrow.NewSchema(fields, &meta))
	return err
}

// Forget leaves out metadata of the file.
func (f *Foreign) Forget(key string) {
	meta := f.schema.Metadata().ToMap()
	if _, ok := meta[key]; !ok {
		return
	}
	delete(meta, key)
	without := arrow.MetadataFrom(meta)
	f.schema = arrow.NewSchema(f.schema.Fields(), &without)
}

// metadata gives those pairs that are ours. What other programs note, such as
// their version, would make equal tables unequal.
func (t flatTable) metadata(number int) map[string]string {
	m := map[string]string{}
	for _, pair := range t.tables(number) {
		if key := pair.text(0); strings.HasPrefix(key, "pipe.") {
			m[key] = pair.text(1)
		}
	}
	return m
}

func (t flatTable) text(number int) string {
	start, n := t.vector(number, 1)
	return string(t.buf[start : start+n])
}

func (t flatTable) short(number int) int { return t.shortOr(number, 0) }

func (t flatTable) shortOr(number, absent int) int {
	if pos := t.field(number); pos > 0 {
		return int(int16(little.Uint16(t.buf[pos:])))
	}
	return absent
}

func (t flatTable) int32Or(number, absent int) int {
	if pos := t.field(number); pos > 0 {
		return int(int32(little.Uint32(t.buf[pos:])))
	}
	return absent
}

// readAll writes all batches. The dictionaries of a file may stand anywhere in
// it, those of a stream before their use.
func (f *Foreign) readAll(ctx context.Context, use func(arrow.RecordBatch) error) error {
	batches := 0
	take := func(m *message) error {
		switch m.kind {
		case dictionaryMessage:
			return f.define(m)
		case batchMessage:
			if err := f.readBatch(ctx, use, m); err != nil {
				return fmt.Errorf("batch %d: %w", batches, err)
			}
			batches++
			return nil
		}
		return damage("a message of type %d", m.kind)
	}
	if f.blocks == nil {
		for at := f.start; ; {
			m, err := f.message(span{at, f.size - at})
			if m == nil || err != nil {
				return err
			}
			if err := take(m); err != nil {
				return err
			}
			at = m.next
		}
	}
	for _, b := range slices.Concat(f.blocks.dictionaries, f.blocks.batches) {
		m, err := f.message(b)
		if err != nil {
			return err
		}
		if m == nil {
			return damage("an empty message")
		}
		if err := take(m); err != nil {
			return err
		}
	}
	return nil
}
