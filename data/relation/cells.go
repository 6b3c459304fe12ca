package relation

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"pipe/data/order"
	"pipe/data/table"
)

// cells hold one value of a column for each group.
type cells struct {
	t      arrow.DataType
	width  int // of a value in bytes; 0 for bool and text
	valid  []bool
	values []byte
	flags  []bool
	texts  []string
	held   int64 // bytes of texts
}

func newCells(t arrow.DataType) *cells {
	c := &cells{t: t}
	if f, ok := t.(arrow.FixedWidthDataType); ok && t.ID() != arrow.BOOL {
		c.width = f.Bytes()
	}
	return c
}

func (c *cells) grow(n int) {
	c.valid = grown(c.valid, n)
	switch {
	case c.width > 0:
		c.values = grown(c.values, n*c.width)
	case c.t.ID() == arrow.BOOL:
		c.flags = grown(c.flags, n)
	default:
		c.texts = grown(c.texts, n)
	}
}

// set puts the value of a row, or that it is missing, into a group.
func (c *cells) set(group int32, col arrow.Array, row int) {
	c.valid[group] = col.IsValid(row)
	switch a := col.(type) {
	case *array.String:
		text := ""
		if a.IsValid(row) {
			text = strings.Clone(a.Value(row))
		}
		c.held += int64(len(text) - len(c.texts[group]))
		c.texts[group] = text
	case *array.Boolean:
		c.flags[group] = a.IsValid(row) && a.Value(row)
	default:
		to := c.values[int(group)*c.width:][:c.width]
		if col.IsNull(row) {
			clear(to)
			return
		}
		d := col.Data()
		copy(to, d.Buffers()[1].Bytes()[(d.Offset()+row)*c.width:])
	}
}

func (c *cells) column(order []int32) arrow.Array {
	valid := ordered(c.valid, order)
	switch {
	case c.width > 0:
		values := make([]byte, len(order)*c.width)
		for i, at := range order {
			copy(values[i*c.width:][:c.width], c.values[int(at)*c.width:])
		}
		return table.NewFixedArray(c.t, len(order), values, bitsOf(valid))
	case c.t.ID() == arrow.BOOL:
		return table.NewArray(ordered(c.flags, order), valid)
	}
	return table.NewArray(ordered(c.texts, order), valid)
}

// bitsOf is a bitmap; nil if all are set.
func bitsOf(valid []bool) []byte {
	if !slices.Contains(valid, false) {
		return nil
	}
	b := make([]byte, bitutil.BytesForBits(int64(len(valid))))
	for i, ok := range valid {
		if ok {
			bitutil.SetBit(b, i)
		}
	}
	return b
}

func (c *cells) size() int64 {
	return int64(cap(c.valid)+cap(c.values)+cap(c.flags)+16*cap(c.texts)) + c.held
}

// edgeState is the value of the first or the last row, which may be missing.
type edgeState struct {
	last  bool
	cells *cells
	seen  []bool
}

func (s *edgeState) grow(n int) {
	s.seen = grown(s.seen, n)
	s.cells.grow(n)
}

func (s *edgeState) add(values any, rows []int, groups []int32) {
	col := values.(arrow.Array)
	if !s.last {
		for i, g := range groups {
			if !s.seen[g] {
				s.seen[g] = true
				s.cells.set(g, col, rows[i])
			}
		}
		return
	}
	for i := len(groups) - 1; i >= 0; i-- { // the last one first
		if g := groups[i]; !s.seen[g] {
			s.seen[g] = true
			s.cells.set(g, col, rows[i])
		}
	}
	for _, g := range groups {
		s.seen[g] = false
	}
}

func (s *edgeState) result(order []int32) (arrow.Array, int, error) {
	return s.cells.column(order), -1, nil
}

func (s *edgeState) size() int64 { return s.cells.size() + int64(cap(s.seen)) }

// extremeState is the least or the greatest value but NaN.
type extremeState struct {
	greatest bool
	cells    *cells
}

func newExtreme(t arrow.DataType, greatest bool) state {
	return &extremeState{greatest: greatest, cells: newCells(t)}
}

func (s *extremeState) grow(n int) { s.cells.grow(n) }

func (s *extremeState) add(values any, rows []int, groups []int32) {
	col := values.(arrow.Array)
	better, none := s.better(col), nanOf(col)
	for i, g := range groups {
		if row := rows[i]; col.IsValid(row) && !none(row) && (!s.cells.valid[g] || better(row, g)) {
			s.cells.set(g, col, row)
		}
	}
}

// nanOf says of a row whether its value is NaN.
func nanOf(col arrow.Array) func(row int) bool {
	switch col.DataType().ID() {
	case arrow.FLOAT32, arrow.FLOAT64:
		value := realAt(col)
		return func(row int) bool { return math.IsNaN(value(row)) }
	}
	return func(int) bool { return false }
}

// better says whether the value of a row is to replace that of a group.
func (s *extremeState) better(col arrow.Array) func(row int, g int32) bool {
	c := s.cells
	switch a := col.(type) {
	case *array.String:
		return func(row int, g int32) bool { return beats(s.greatest, a.Value(row), c.texts[g]) }
	case *array.Boolean:
		return func(row int, g int32) bool { return a.Value(row) != c.flags[g] && a.Value(row) == s.greatest }
	case *array.Float32:
		return func(row int, g int32) bool {
			return beatsReal(s.greatest, float64(a.Value(row)), float64(math.Float32frombits(binary.LittleEndian.Uint32(c.values[4*g:]))))
		}
	case *array.Float64:
		return func(row int, g int32) bool {
			return beatsReal(s.greatest, a.Value(row), math.Float64frombits(binary.LittleEndian.Uint64(c.values[8*g:])))
		}
	case *array.Uint64:
		return func(row int, g int32) bool {
			return beats(s.greatest, a.Value(row), binary.LittleEndian.Uint64(c.values[8*g:]))
		}
	}
	value := countsOf(col)
	signed := col.DataType().ID() != arrow.UINT8 && col.DataType().ID() != arrow.UINT16 && col.DataType().ID() != arrow.UINT32
	return func(row int, g int32) bool { return beats(s.greatest, value(row), c.whole(g, signed)) }
}

// whole is the value of a group as a whole number.
func (c *cells) whole(g int32, signed bool) int64 {
	b := c.values[int(g)*c.width:]
	switch c.width {
	case 1:
		if signed {
			return int64(int8(b[0]))
		}
		return int64(b[0])
	case 2:
		v := binary.LittleEndian.Uint16(b)
		if signed {
			return int64(int16(v))
		}
		return int64(v)
	case 4:
		v := binary.LittleEndian.Uint32(b)
		if signed {
			return int64(int32(v))
		}
		return int64(v)
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// countsOf gives whole numbers, days and times as such.
func countsOf(col arrow.Array) func(row int) int64 {
	switch a := col.(type) {
	case *array.Date32:
		return func(row int) int64 { return int64(a.Value(row)) }
	case *array.Timestamp:
		return func(row int) int64 { return int64(a.Value(row)) }
	case *array.Time64:
		return func(row int) int64 { return int64(a.Value(row)) }
	}
	return wholeAt(col)
}

func beats[T int64 | uint64 | string](greatest bool, a, b T) bool {
	if greatest {
		return a > b
	}
	return a < b
}

func beatsReal(greatest bool, a, b float64) bool {
	if greatest {
		return a > b
	}
	return a < b
}

func (s *extremeState) result(order []int32) (arrow.Array, int, error) {
	return s.cells.column(order), -1, nil
}

func (s *extremeState) size() int64 { return s.cells.size() }

// distinctState counts the different values of each group.
type distinctState struct {
	keys   *Keys
	mode   bool
	hasher hasher
	pairs  index   // of a group and a value
	counts []int64 // of each pair; only for the mode
	n      []int64 // of each group, how many pairs it has
	key    []byte
}

func (s *distinctState) grow(n int) { s.n = grown(s.n, n) }

func (s *distinctState) add(values any, rows []int, groups []int32) {
	v := values.(hashedKeys)
	for i, g := range groups {
		row := rows[i]
		if v.isMissing(row) {
			continue
		}
		s.key = append(binary.BigEndian.AppendUint32(s.key[:0], uint32(g)), v.key(row)...)
		id, added := s.pairs.add(s.key, s.hasher.hash(s.key))
		if added {
			s.n[g]++
		}
		if s.mode {
			s.counts = grown(s.counts, int(id)+1)
			s.counts[id]++
		}
	}
}

func (s *distinctState) result(order []int32) (arrow.Array, int, error) {
	if !s.mode {
		return table.NewArray(ordered(s.n, order), nil), -1, nil
	}
	best := make([]int32, len(s.n)) // of each group, the pair + 1
	for id := range int32(s.pairs.n) {
		key := s.pairs.key(id)
		g := binary.BigEndian.Uint32(key)
		b := best[g] - 1
		if b < 0 || s.counts[id] > s.counts[b] || s.counts[id] == s.counts[b] && bytes.Compare(key, s.pairs.key(b)) < 0 {
			best[g] = id + 1
		}
	}
	keys := make([][]byte, len(order))
	for i, g := range order {
		if keys[i] = []byte{markMissing}; best[g] > 0 {
			keys[i] = s.pairs.key(best[g] - 1)[4:]
		}
	}
	return s.keys.Decode(keys)[0], -1, nil
}

func (s *distinctState) size() int64 {
	return s.pairs.size() + int64(8*cap(s.counts)+8*cap(s.n))
}

// quantileState holds the numbers of each group, and puts the most of large groups
// aside in order.
type quantileState struct {
	at      float64
	scratch Scratch
	store   *order.Store
	values  [][]float64
	large   map[int32]*order.Column
	held    int64
}

const (
	largeGroup = 1 << 16 // numbers of a group that are held before they are put aside
	asideBytes = 1 << 20 // of numbers that are put aside in memory, for each part
)

func (s *quantileState) grow(n int) {
	s.held += int64(24 * (n - len(s.values)))
	s.values = grown(s.values, n)
}

func (s *quantileState) add(values any, rows []int, groups []int32) {
	numbers := values.(reals)
	for i, g := range groups {
		x := numbers[rows[i]]
		if x != x {
			continue
		}
		before := cap(s.values[g])
		s.values[g] = append(s.values[g], x)
		s.held += int64(8 * (cap(s.values[g]) - before))
	}
}

// settle puts the numbers of large groups aside.
func (s *quantileState) settle(groups []int32) error {
	for _, g := range groups {
		if len(s.values[g]) < largeGroup {
			continue
		}
		if s.store == nil {
			s.store, s.large = order.NewStore(asideBytes, s.scratch), map[int32]*order.Column{}
		}
		if s.large[g] == nil {
			s.large[g] = s.store.NewColumn()
		}
		if err := s.large[g].Add(order.Sort(s.values[g])); err != nil {
			return err
		}
		s.values[g] = s.values[g][:0]
	}
	return nil
}

func (s *quantileState) result(places []int32) (arrow.Array, int, error) {
	out, valid := make([]float64, len(places)), make([]bool, len(places))
	for i, g := range places {
		values, column := s.values[g], s.large[g]
		var err error
		switch {
		case column != nil:
			if len(values) > 0 {
				if err = column.Add(order.Sort(values)); err != nil {
					return nil, -1, err
				}
			}
			valid[i] = true
			out[i], err = quantile(s.at, column.Len(), column.At)
		case len(values) > 0:
			slices.Sort(values)
			valid[i] = true
			out[i], err = quantile(s.at, int64(len(values)), func(i int64) (float64, error) { return values[i], nil })
		}
		if err != nil {
			return nil, -1, err
		}
	}
	if s.store != nil {
		return table.NewArray(out, valid), -1, s.store.Close()
	}
	return table.NewArray(out, valid), -1, nil
}

// quantile lies between the two numbers around its place, in proportion.
func quantile(q float64, n int64, at func(int64) (float64, error)) (float64, error) {
	place := q * float64(n-1)
	below := int64(place)
	x, err := at(below)
	if err != nil || below+1 >= n || place == float64(below) {
		return x, err
	}
	y, err := at(below + 1)
	if x == y {
		return x, err
	}
	rest := place - float64(below)
	return x + float64(rest*(y-x)), err
}

func (s *quantileState) size() int64 { return s.held }
