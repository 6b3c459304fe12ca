package relation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/table"
)

// A Direction says where the nearest time is looked for.
type Direction string

// The directions, as seen from a row of the left table.
const (
	Backward Direction = "backward" // the last time that is not later
	Forward  Direction = "forward"  // the first one that is not earlier
	Nearest  Direction = "nearest"  // either, of two that are as near the earlier one
)

// An AsOf joins rows that are near each other by a time or a number, among those
// whose other columns are equal.
type AsOf struct {
	Left      string    `json:"left"` // columns
	Right     string    `json:"right"`
	Direction Direction `json:"direction"`
	Tolerance string    `json:"tolerance,omitempty"` // how far apart they may be: a Span, or a whole number; empty for any
	Apart     bool      `json:"apart,omitempty"`     // equal times do not match
}

// An asOf is such a join of certain columns.
type asOf struct {
	AsOf
	left, right int  // in the records of the names of the Joiner
	nanos       bool // times are held in nanoseconds, not microseconds
	tolerance   int64
}

func newAsOf(j *Joiner, spec AsOf) (*asOf, error) {
	a := &asOf{AsOf: spec, tolerance: math.MaxInt64}
	l, err := table.Column(j.left, spec.Left)
	if err != nil {
		return nil, fmt.Errorf("as_of: left: %w", err)
	}
	r, err := table.Column(j.right, spec.Right)
	if err != nil {
		return nil, fmt.Errorf("as_of: right: %w", err)
	}
	left, right := j.left.Field(l).Type, j.right.Field(r).Type
	for _, side := range []struct {
		name string
		t    arrow.DataType
	}{{spec.Left, left}, {spec.Right, right}} {
		if !inOrder(side.t) {
			return nil, diag.WithHint(fmt.Errorf("as_of: column %q is %s, which has no distances", side.name, table.TypeName(side.t)),
				fmt.Sprintf("read it as a time: `columns: {%s: timestamp}` of the ingest stage; whole numbers and dates do as well", side.name))
		}
	}
	if kind := orderOf(left); kind != orderOf(right) {
		return nil, differentTypes("as_of", Pair{spec.Left, spec.Right}, left, right)
	}
	a.nanos = inNanos(left) || inNanos(right)
	a.left, a.right = need(&j.leftNames, spec.Left), need(&j.rightNames, spec.Right)
	if spec.Tolerance != "" {
		if a.tolerance, err = toleranceOf(spec.Tolerance, orderOf(left) == table.ClassWhole, a.nanos); err != nil {
			return nil, fmt.Errorf("as_of: tolerance: %w", err)
		}
	}
	return a, nil
}

// inOrder says whether values of a type are at distances from each other.
func inOrder(t arrow.DataType) bool {
	c := table.ClassOf(t)
	return c == table.ClassWhole && t.ID() != arrow.UINT64 || c == table.ClassDate || c == table.ClassTimestamp || c == table.ClassTime
}

// orderOf is what values of a type are distances of: a day is its first moment.
func orderOf(t arrow.DataType) table.Class {
	if c := table.ClassOf(t); c != table.ClassDate {
		return c
	}
	return table.ClassTimestamp
}

func toleranceOf(text string, whole, nanos bool) (int64, error) {
	if whole {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, diag.WithHint(fmt.Errorf("%q is no distance of whole numbers, which the columns hold", text), "write a whole number")
		}
		return n, nil
	}
	span, err := ParseSpan(text)
	switch {
	case err != nil:
		return 0, err
	case span.Months > 0:
		return 0, diag.WithHint(fmt.Errorf("%s is not of one length", text), "write days: 30d")
	case nanos:
		return span.Nanos, nil
	}
	return span.Nanos / 1000, nil
}

// instants gives times, or whole numbers, as numbers with distances: times in
// microseconds, or nanoseconds. Those that are beyond the years of nanoseconds are
// before or after all others.
func instants(arr arrow.Array, nanos bool) []int64 {
	out := make([]int64, arr.Len())
	switch a := arr.(type) {
	case *array.Date32:
		for i, v := range a.Values() {
			out[i] = int64(v) * 86400e6
		}
	case *array.Timestamp:
		for i, v := range a.Values() {
			out[i] = int64(v)
		}
	case *array.Time64:
		for i, v := range a.Values() {
			out[i] = int64(v)
		}
	default: // whole numbers
		return wholes(arr)
	}
	if nanos && !inNanos(arr.DataType()) {
		for i, v := range out {
			switch {
			case v > math.MaxInt64/1000:
				out[i] = math.MaxInt64
			case v < math.MinInt64/1000:
				out[i] = math.MinInt64
			default:
				out[i] = 1000 * v
			}
		}
	}
	return out
}

// wholes gives whole numbers of any size but uint64.
func wholes(arr arrow.Array) []int64 {
	switch a := arr.(type) {
	case *array.Int8:
		return converted[int64](a.Values())
	case *array.Int16:
		return converted[int64](a.Values())
	case *array.Int32:
		return converted[int64](a.Values())
	case *array.Uint8:
		return converted[int64](a.Values())
	case *array.Uint16:
		return converted[int64](a.Values())
	case *array.Uint32:
		return converted[int64](a.Values())
	case *array.Int64:
		return a.Values()
	}
	panic("relation: not a column of whole numbers")
}

// sortByTime puts rows of the right table, which have a time each, in order. Those
// of one time stay in the order of the table.
func sortByTime(rows []int32, times []int64) {
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(times[a], times[b]) })
}

// near finds the rows that are nearest to a time among some in order: all of one
// time, or none.
func (a *asOf) near(rows []int32, times []int64, t int64) []int32 {
	at := sort.Search(len(rows), func(i int) bool { return times[rows[i]] >= t })
	after := at
	for after < len(rows) && times[rows[after]] == t {
		after++
	}
	if after > at && !a.Apart {
		return rows[at:after]
	}
	before, later := rows[:at], rows[after:]
	if a.Direction == Forward || a.Direction == Nearest && len(before) == 0 ||
		a.Direction == Nearest && len(later) > 0 && distance(times[later[0]], t) < distance(t, times[before[at-1]]) {
		before = nil
	}
	if a.Direction == Backward || before != nil {
		later = nil
	}
	switch {
	case len(before) > 0:
		last := times[before[at-1]]
		if distance(t, last) > uint64(a.tolerance) {
			return nil
		}
		from := at - 1
		for from > 0 && times[before[from-1]] == last {
			from--
		}
		return before[from:]
	case len(later) > 0:
		first := times[later[0]]
		if distance(first, t) > uint64(a.tolerance) {
			return nil
		}
		to := 1
		for to < len(later) && times[later[to]] == first {
			to++
		}
		return later[:to]
	}
	return nil
}

// distance is a-b, which is not negative.
func distance(a, b int64) uint64 { return uint64(a) - uint64(b) }
