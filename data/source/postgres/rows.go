package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/query"
	"pipe/data/table"
	"pipe/data/tensor"
)

const (
	// batchRows bounds the rows of a batch, batchBytes the bytes of its values: a row
	// that brings it there is the last.
	batchRows  = 16384
	batchBytes = 8 << 20
)

// read yields all rows as they come from the server.
func (rd *reading) read(ctx context.Context, yield func(columns ...arrow.Array) bool) error {
	d, err := rd.conn.Prepare(ctx, "", rd.ordered(), nil)
	if err != nil {
		return wrap(rd.data, err)
	}
	if len(d.Fields) != len(rd.columns) {
		return fmt.Errorf("%s: it has %d columns now, and had %d", rd.data, len(d.Fields), len(rd.columns))
	}
	const text, native = 0, 1
	formats := make([]int16, len(rd.columns))
	for i, c := range rd.columns {
		if formats[i] = text; c.binary {
			formats[i] = native
		}
	}
	result := rd.conn.ExecPrepared(ctx, "", nil, nil, formats)
	builders := make([]*builder, len(rd.columns))
	begin := func() {
		for _, i := range rd.keep {
			builders[i] = newBuilder(&rd.columns[i])
		}
	}
	flush := func() bool {
		arrays := make([]arrow.Array, len(rd.columns))
		for _, i := range rd.keep {
			arrays[i] = builders[i].array()
		}
		return yield(arrays...)
	}
	begin()
	row, n, bytes := int64(0), 0, 0
	var failed error
	for result.NextRow() {
		row++
		values := result.Values()
		for _, i := range rd.keep {
			if failed = builders[i].add(values[i]); failed != nil {
				failed = rd.place(row, &rd.columns[i], failed)
				break
			}
			bytes += len(values[i])
		}
		if failed != nil {
			break
		}
		if n++; n < batchRows && bytes < batchBytes {
			continue
		}
		if !flush() {
			return nil // closing the session ends the query
		}
		begin()
		n, bytes = 0, 0
	}
	if failed != nil {
		return failed
	}
	if _, err := result.Close(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return wrap(rd.data, err)
	}
	if n > 0 {
		flush()
	}
	return nil
}

// ordered is the query with an order, by all columns if it has none. Text is compared
// byte by byte, as no two databases agree on letters.
func (rd *reading) ordered() string {
	if !rd.sorted {
		return rd.sql
	}
	var by []string
	for _, i := range rd.keep {
		name := query.Name(rd.columns[i].name)
		if rd.columns[i].to.ID() == arrow.STRING && !rd.columns[i].numeric {
			name += `::text COLLATE "C"`
		}
		by = append(by, name)
	}
	return "SELECT * FROM (" + rd.sql + "\n) AS q ORDER BY " + strings.Join(by, ", ")
}

// A builder gathers values of a column.
type builder struct {
	*column
	rows  int
	valid []byte // bitmap
	nulls bool
	fixed []byte
	text  []byte
	ends  []int32 // of texts
	list  tensor.Rows
}

func newBuilder(c *column) *builder {
	b := &builder{column: c}
	if c.to.ID() == arrow.STRING {
		b.ends = []int32{0}
	}
	return b
}

// add adds a value, nil for NULL.
func (b *builder) add(v []byte) error {
	if b.rows%8 == 0 {
		b.valid = append(b.valid, 0)
	}
	row := b.rows
	b.rows++
	if v != nil {
		b.valid[row/8] |= 1 << (row % 8)
		return b.put(b, v)
	}
	b.nulls = true
	switch {
	case b.size > 0:
		b.fixed = append(b.fixed, make([]byte, b.size)...)
	case b.ends != nil:
		b.ends = append(b.ends, int32(len(b.text)))
	default:
		return diag.WithHint(errors.New("NULL, and a list cannot be missing"), "give an empty one in a query: coalesce(name, '{}')")
	}
	return nil
}

func (b *builder) array() arrow.Array {
	valid := b.valid
	if !b.nulls {
		valid = nil
	}
	switch b.to.ID() {
	case arrow.STRING:
		return table.NewTextArray(b.ends, b.text, valid)
	case arrow.LIST:
		return table.NewLists(b.of, b.list, tensor.Ragged)
	case arrow.BOOL:
		packed := make([]byte, len(b.valid))
		for i, v := range b.fixed {
			packed[i/8] |= v << (i % 8)
		}
		return table.NewFixedArray(b.to, b.rows, packed, valid)
	}
	return table.NewFixedArray(b.to, b.rows, b.fixed, valid)
}

var big, little = binary.BigEndian, binary.LittleEndian

var errLength = errors.New("PostgreSQL gave a value of another length than its type has")

func putText(b *builder, v []byte) error {
	b.text = append(b.text, v...)
	if len(b.text) > math.MaxInt32 {
		return errors.New("a text of more than 2 GiB")
	}
	b.ends = append(b.ends, int32(len(b.text)))
	return nil
}

func putBool(b *builder, v []byte) error {
	if len(v) != 1 {
		return errLength
	}
	b.fixed = append(b.fixed, v[0]&1)
	return nil
}

// putBytes turns the bytes of a number round.
func putBytes[T uint16 | uint32 | uint64](b *builder, v []byte) error {
	if len(v) != b.size {
		return errLength
	}
	for i := range v {
		b.fixed = append(b.fixed, v[len(v)-1-i])
	}
	return nil
}

var errInfinite = diag.WithHint(errors.New("infinity is no day or time of a table"), "make it NULL in a query: nullif(name, 'infinity')")

func putDate(b *builder, v []byte) error {
	if len(v) != 4 {
		return errLength
	}
	const since1970 = 10957 // to the year 2000, with which PostgreSQL begins
	days := int32(big.Uint32(v))
	if days == math.MaxInt32 || days == math.MinInt32 {
		return errInfinite
	}
	b.fixed = little.AppendUint32(b.fixed, uint32(days+since1970))
	return nil
}

func putTimestamp(b *builder, v []byte) error {
	if len(v) != 8 {
		return errLength
	}
	const since1970 = 946_684_800_000_000
	micros := int64(big.Uint64(v))
	if micros == math.MaxInt64 || micros == math.MinInt64 {
		return errInfinite
	}
	if micros > math.MaxInt64-since1970 {
		return errors.New("a timestamp outside of the years that a table can hold")
	}
	b.fixed = little.AppendUint64(b.fixed, uint64(micros+since1970))
	return nil
}

func putTime(b *builder, v []byte) error {
	if len(v) != 8 {
		return errLength
	}
	micros := int64(big.Uint64(v))
	if micros < 0 || micros >= 24*60*60*1e6 {
		return errors.New("24:00:00 is no time of a day in a table")
	}
	b.fixed = little.AppendUint64(b.fixed, uint64(micros))
	return nil
}

// putWhole and putReal are given numbers as text.
func putWhole(b *builder, v []byte) error {
	whole, rest, _ := strings.Cut(string(v), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(rest, "0") != "" {
		return fmt.Errorf("%.40q is no whole number of 64 bits", v)
	}
	b.fixed = little.AppendUint64(b.fixed, uint64(n))
	return nil
}

func putReal(b *builder, v []byte) error {
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return fmt.Errorf("%.40q is no number", v)
	}
	b.fixed = little.AppendUint64(b.fixed, math.Float64bits(x))
	return nil
}

// putList reads an array of numbers: its dimensions, then each element after its
// length.
func putList(b *builder, v []byte) error {
	const head = 12
	if len(v) < head {
		return errLength
	}
	dimensions, of := big.Uint32(v), big.Uint32(v[8:])
	v = v[head:]
	switch {
	case dimensions == 0:
		b.list.Ends = append(b.list.Ends, max(len(b.list.I32), len(b.list.F32)))
		return nil
	case dimensions > 1:
		return diag.WithHint(errors.New("an array of several dimensions"), "a list has one: unnest it in a query")
	case len(v) < 8:
		return errLength
	}
	n := int(big.Uint32(v))
	v = v[8:]
	for range n {
		if len(v) < 4 {
			return errLength
		}
		size := int32(big.Uint32(v))
		v = v[4:]
		switch {
		case size < 0:
			return diag.WithHint(errors.New("NULL in an array, and a list has a number in each place"), "take it out in a query: array_remove(name, NULL)")
		case int(size) > len(v):
			return errLength
		case b.of == tensor.I32 && of == oidInt2 && size == 2:
			b.list.I32 = append(b.list.I32, int32(int16(big.Uint16(v))))
		case b.of == tensor.I32 && of == oidInt4 && size == 4:
			b.list.I32 = append(b.list.I32, int32(big.Uint32(v)))
		case b.of == tensor.F32 && of == oidFloat4 && size == 4:
			b.list.F32 = append(b.list.F32, math.Float32frombits(big.Uint32(v)))
		default:
			return errLength
		}
		v = v[size:]
	}
	b.list.Ends = append(b.list.Ends, max(len(b.list.I32), len(b.list.F32)))
	return nil
}
