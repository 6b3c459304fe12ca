package relation

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/base/exact"
	"pipe/data/table"
)

// A Statistic is what is said of the values of a column in a group.
type Statistic string

// The statistics. Missing values are left out, but by First and Last; NaN is left out
// as well by Min, Max, Median and Quantile.
const (
	Count         Statistic = "count"          // of rows, or of values if there is a column
	CountDistinct Statistic = "count_distinct" // different values
	Sum           Statistic = "sum"
	Mean          Statistic = "mean"
	Min           Statistic = "min"
	Max           Statistic = "max"
	Std           Statistic = "std"
	Var           Statistic = "var"
	Median        Statistic = "median"
	Quantile      Statistic = "quantile"
	First         Statistic = "first"
	Last          Statistic = "last"
	Any           Statistic = "any"
	All           Statistic = "all"
	Mode          Statistic = "mode" // the most frequent value, the least of several
)

// A Measure is a column of statistics.
type Measure struct {
	Name      string    `json:"-"`
	Statistic Statistic `json:"statistic"`
	Column    string    `json:"column,omitempty"`   // empty for Count of rows
	Quantile  float64   `json:"quantile,omitempty"` // from 0 to 1
	DDoF      int       `json:"ddof,omitempty"`     // Std, Var: what is taken off the number of values to divide by
}

// A measuring is a measure of a certain column.
type measuring struct {
	Measure
	column int // in records, -1: none
	keys   *Keys
	out    arrow.Field
	begin  func(m *measuring) state
	what   wants
}

// A state is what is known of a column in the groups of a part.
type state interface {
	grow(n int)
	add(values any, rows []int, groups []int32)
	// result gives the statistic of groups, in that order. wrong is the place in the
	// order of a group for which there is none, -1 if all have one.
	result(order []int32) (column arrow.Array, wrong int, err error)
	size() int64
}

// Wants are what a state is to be given of a column.
type wants uint8

const (
	needArray wants = iota // the column as it is; nil if there is none
	needReals              // reals
	needKeys               // hashedKeys
)

// reals are numbers, NaN where one is missing or none.
type reals []float64

// hashedKeys are values as keys.
type hashedKeys struct {
	*Encoded
	hashes []uint64
}

var forNumbers = []table.Class{table.ClassWhole, table.ClassReal, table.ClassBool}

// newMeasuring checks that a column of a schema has a statistic.
func newMeasuring(schema *arrow.Schema, m Measure, scratch Scratch) (*measuring, error) {
	g := &measuring{Measure: m, column: -1}
	var f arrow.Field
	if m.Column != "" {
		at, err := table.Column(schema, m.Column)
		if err != nil {
			return nil, err
		}
		g.column, f = at, schema.Field(at)
	}
	class := table.ClassOther
	if m.Column != "" {
		class = table.ClassOf(f.Type)
	}
	allowed := func(classes ...table.Class) error {
		if slices.Contains(classes, class) {
			return nil
		}
		hint := "count, count_distinct, min, max, first, last and mode do for any column but lists"
		if class == table.ClassText {
			hint = fmt.Sprintf("if these are numbers, read them as such: `columns: {%s: float64}` of the ingest stage", m.Column)
		}
		return diag.WithHint(fmt.Errorf("column %q is %s, which has no %s", m.Column, table.TypeName(f.Type), m.Statistic), hint)
	}
	comparable := []table.Class{table.ClassText, table.ClassWhole, table.ClassReal, table.ClassBool, table.ClassDate, table.ClassTimestamp, table.ClassTime}
	number := arrow.Field{Name: m.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
	whole := arrow.Field{Name: m.Name, Type: arrow.PrimitiveTypes.Int64, Nullable: true}
	same := arrow.Field{Name: m.Name, Type: f.Type, Nullable: true, Metadata: f.Metadata}
	var err error
	switch m.Statistic {
	case Count:
		g.out, g.begin = whole, func(*measuring) state { return new(countState) }
	case CountDistinct, Mode:
		if err = allowed(comparable...); err != nil {
			break
		}
		if g.keys, err = NewKeys(schema, m.Column); err != nil {
			break
		}
		g.what, g.out = needKeys, whole
		if m.Statistic == Mode {
			g.out = same
		}
		mode := m.Statistic == Mode
		g.begin = func(g *measuring) state { return &distinctState{keys: g.keys, mode: mode, hasher: newHasher()} }
	case Sum:
		err = allowed(forNumbers...)
		switch {
		case class == table.ClassReal:
			g.what, g.out, g.begin = needArray, number, func(*measuring) state { return new(realSum) }
		case class == table.ClassWhole && f.Type.ID() == arrow.UINT64:
			whole.Type = f.Type
			fallthrough
		default:
			g.out, g.begin = whole, func(g *measuring) state { return &wholeSum{of: g.Column, t: g.out.Type} }
		}
	case Mean:
		err = allowed(forNumbers...)
		g.out, g.begin = number, func(*measuring) state { return &wholeSum{mean: true} }
		if class == table.ClassReal {
			g.begin = func(*measuring) state { return &realSum{mean: true} }
		}
	case Std, Var:
		err = allowed(forNumbers...)
		g.out, g.begin = number, func(g *measuring) state { return &varState{ddof: g.DDoF, root: g.Statistic == Std} }
	case Median, Quantile:
		err = allowed(forNumbers...)
		at := m.Quantile
		if m.Statistic == Median {
			at = 0.5
		}
		g.what, g.out, g.begin = needReals, number, func(*measuring) state { return &quantileState{at: at, scratch: scratch} }
	case Min, Max:
		err = allowed(comparable...)
		greatest := m.Statistic == Max
		g.out, g.begin = same, func(g *measuring) state { return newExtreme(g.out.Type, greatest) }
	case First, Last:
		err = allowed(comparable...)
		last := m.Statistic == Last
		g.out, g.begin = same, func(g *measuring) state { return &edgeState{last: last, cells: newCells(g.out.Type)} }
	case Any, All:
		err = allowed(table.ClassBool)
		g.out = arrow.Field{Name: m.Name, Type: arrow.FixedWidthTypes.Boolean, Nullable: true}
		all := m.Statistic == All
		g.begin = func(*measuring) state { return &flagState{all: all} }
	default:
		err = fmt.Errorf("there is no statistic %q", m.Statistic)
	}
	return g, err
}

// prepare makes of a record what the state is given.
func (g *measuring) prepare(rec arrow.RecordBatch, h hasher) any {
	if g.column < 0 {
		return nil
	}
	col := rec.Column(g.column)
	switch g.what {
	case needReals:
		values, valid, _ := table.Floats(col) // numbers all
		out := slices.Clone(values)
		for i, ok := range valid {
			if !ok {
				out[i] = math.NaN()
			}
		}
		return reals(out)
	case needKeys:
		e := g.keys.Encode(rec)
		hashes := make([]uint64, rec.NumRows())
		for row := range hashes {
			hashes[row] = h.hash(e.key(row))
		}
		return hashedKeys{e, hashes}
	}
	return col
}

// countState counts rows, or values.
type countState struct{ n []int64 }

func (s *countState) grow(n int) { s.n = grown(s.n, n) }

func (s *countState) add(values any, rows []int, groups []int32) {
	col, _ := values.(arrow.Array)
	if col == nil || col.NullN() == 0 {
		for _, g := range groups {
			s.n[g]++
		}
		return
	}
	for i, g := range groups {
		if col.IsValid(rows[i]) {
			s.n[g]++
		}
	}
}

func (s *countState) result(order []int32) (arrow.Array, int, error) {
	return table.NewArray(ordered(s.n, order), nil), -1, nil
}

func (s *countState) size() int64 { return int64(8 * cap(s.n)) }

// grown gives a slice n elements.
func grown[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return append(s, make([]T, n-len(s))...)
}

func ordered[T any](values []T, order []int32) []T {
	out := make([]T, len(order))
	for i, at := range order {
		out[i] = values[at]
	}
	return out
}

// wholeSum adds whole numbers exactly, with 128 bits.
type wholeSum struct {
	of   string
	t    arrow.DataType
	mean bool
	sums []sum128
}

type sum128 struct {
	high int64
	low  uint64
	n    int64
}

func (s *sum128) add(v int64) {
	low, carry := bits.Add64(s.low, uint64(v), 0)
	s.low = low
	s.high += v>>63 + int64(carry)
	s.n++
}

func (s *wholeSum) grow(n int) { s.sums = grown(s.sums, n) }

func (s *wholeSum) add(values any, rows []int, groups []int32) {
	col := values.(arrow.Array)
	nulls := col.NullN() > 0
	value := wholeAt(col)
	large, _ := col.(*array.Uint64)
	for i, g := range groups {
		if nulls && col.IsNull(rows[i]) {
			continue
		}
		t := &s.sums[g]
		t.add(value(rows[i]))
		if large != nil && large.Value(rows[i]) > math.MaxInt64 {
			t.high++ // it was taken for 2^64 less
		}
	}
}

// wholeAt gives the values of a column of whole numbers or of true and false.
func wholeAt(col arrow.Array) func(row int) int64 {
	switch a := col.(type) {
	case *array.Boolean:
		return func(row int) int64 {
			if a.Value(row) {
				return 1
			}
			return 0
		}
	case *array.Uint64:
		return func(row int) int64 { return int64(a.Value(row)) }
	}
	values := wholes(col)
	return func(row int) int64 { return values[row] }
}

func (s *wholeSum) result(order []int32) (arrow.Array, int, error) {
	if s.mean {
		means, valid := make([]float64, len(order)), make([]bool, len(order))
		for i, at := range order {
			t := s.sums[at]
			if valid[i] = t.n > 0; valid[i] {
				means[i] = (float64(t.high)*0x1p64 + float64(t.low)) / float64(t.n)
				if t.high == int64(t.low)>>63 { // as most are
					means[i] = float64(int64(t.low)) / float64(t.n)
				}
			}
		}
		return table.NewArray(means, valid), -1, nil
	}
	sums := make([]uint64, len(order))
	unsigned := s.t.ID() == arrow.UINT64
	for i, at := range order {
		t := s.sums[at]
		if unsigned && t.high != 0 || !unsigned && t.high != int64(t.low)>>63 {
			return nil, i, diag.WithHint(fmt.Errorf("the sum of column %q does not fit into %s", s.of, table.TypeName(s.t)), "take the mean, or read the column as float64")
		}
		sums[i] = t.low
	}
	if unsigned {
		return table.NewArray(sums, nil), -1, nil
	}
	return table.NewArray(converted[int64](sums), nil), -1, nil
}

func (s *wholeSum) size() int64 { return int64(24 * cap(s.sums)) }

// realSum adds decimal numbers in the order of the rows.
type realSum struct {
	mean bool
	sums []exact.Sum
	n    []int64
}

func (s *realSum) grow(n int) { s.sums, s.n = grown(s.sums, n), grown(s.n, n) }

func (s *realSum) add(values any, rows []int, groups []int32) {
	col := values.(arrow.Array)
	nulls := col.NullN() > 0
	value := realAt(col)
	for i, g := range groups {
		if nulls && col.IsNull(rows[i]) {
			continue
		}
		s.sums[g].Add(value(rows[i]))
		s.n[g]++
	}
}

// realAt gives the values of a column of numbers, or of true and false.
func realAt(col arrow.Array) func(row int) float64 {
	switch a := col.(type) {
	case *array.Float64:
		values := a.Values()
		return func(row int) float64 { return values[row] }
	case *array.Float32:
		values := a.Values()
		return func(row int) float64 { return float64(values[row]) }
	case *array.Uint64:
		return func(row int) float64 { return float64(a.Value(row)) }
	}
	value := wholeAt(col)
	return func(row int) float64 { return float64(value(row)) }
}

func (s *realSum) result(order []int32) (arrow.Array, int, error) {
	sums := make([]float64, len(order))
	var valid []bool
	if s.mean {
		valid = make([]bool, len(order))
	}
	for i, at := range order {
		sums[i] = s.sums[at].Value()
		if s.mean {
			if valid[i] = s.n[at] > 0; valid[i] {
				sums[i] /= float64(s.n[at])
			}
		}
	}
	return table.NewArray(sums, valid), -1, nil
}

func (s *realSum) size() int64 { return int64(16*cap(s.sums) + 8*cap(s.n)) }

// varState follows the mean and the squares around it (Welford 1962).
type varState struct {
	ddof int
	root bool
	of   []moments
}

type moments struct {
	n          int64
	mean, more float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.more += float64(d * (x - m.mean))
}

func (s *varState) grow(n int) { s.of = grown(s.of, n) }

func (s *varState) add(values any, rows []int, groups []int32) {
	col := values.(arrow.Array)
	nulls := col.NullN() > 0
	value := realAt(col)
	for i, g := range groups {
		if !nulls || col.IsValid(rows[i]) {
			s.of[g].add(value(rows[i]))
		}
	}
}

func (s *varState) result(order []int32) (arrow.Array, int, error) {
	out, valid := make([]float64, len(order)), make([]bool, len(order))
	for i, at := range order {
		m := s.of[at]
		if valid[i] = m.n > int64(s.ddof); !valid[i] {
			continue
		}
		out[i] = m.more / float64(m.n-int64(s.ddof))
		if s.root {
			out[i] = math.Sqrt(out[i])
		}
	}
	return table.NewArray(out, valid), -1, nil
}

func (s *varState) size() int64 { return int64(24 * cap(s.of)) }

// flagState is whether any value is true, or all are.
type flagState struct {
	all   bool
	other []bool // whether a value is there that decides
}

func (s *flagState) grow(n int) { s.other = grown(s.other, n) }

func (s *flagState) add(values any, rows []int, groups []int32) {
	col := values.(*array.Boolean)
	for i, g := range groups {
		if col.IsValid(rows[i]) && col.Value(rows[i]) != s.all {
			s.other[g] = true
		}
	}
}

func (s *flagState) result(order []int32) (arrow.Array, int, error) {
	out := make([]bool, len(order))
	for i, at := range order {
		out[i] = s.other[at] != s.all
	}
	return table.NewArray(out, nil), -1, nil
}

func (s *flagState) size() int64 { return int64(cap(s.other)) }
