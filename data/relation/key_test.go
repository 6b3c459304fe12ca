package relation

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// compareRows compares two values of a column, missing ones last and NaN before them.
func compareRows(col arrow.Array, a, b int) int {
	if an, bn := col.IsNull(a), col.IsNull(b); an || bn {
		return cmp.Compare(b2i(an), b2i(bn))
	}
	switch c := col.(type) {
	case *array.String:
		return strings.Compare(c.Value(a), c.Value(b))
	case *array.Int16:
		return cmp.Compare(c.Value(a), c.Value(b))
	case *array.Uint64:
		return cmp.Compare(c.Value(a), c.Value(b))
	case *array.Boolean:
		return cmp.Compare(b2i(c.Value(a)), b2i(c.Value(b)))
	case *array.Date32:
		return cmp.Compare(c.Value(a), c.Value(b))
	case *array.Timestamp:
		return cmp.Compare(c.Value(a), c.Value(b))
	case *array.Float64:
		x, y := c.Value(a), c.Value(b)
		if an, bn := x != x, y != y; an || bn {
			return cmp.Compare(b2i(an), b2i(bn))
		}
		return cmp.Compare(x+0, y+0)
	}
	panic("relation: a type that the test does not have")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Keys are in the order of the values that they hold, and are made of them and back.
func TestKeysKeepOrder(t *testing.T) {
	nanos := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "rows")
		valid := func(name string) []bool {
			return rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, false}), n, n).Draw(t, name)
		}
		rec := tabletest.Record(t,
			"text", table.NewArray(rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "a\x00", "a\x00\x00", "a\x00\x01", "a\x01", "ab", "é"}), n, n).Draw(t, "text"), valid("tv")),
			"small", table.NewArray(rapid.SliceOfN(rapid.Int16Range(-2, 2), n, n).Draw(t, "small"), valid("sv")),
			"large", table.NewArray(rapid.SliceOfN(rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}), n, n).Draw(t, "large"), valid("lv")),
			"flag", table.NewArray(rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "flag"), valid("fv")),
			"real", table.NewArray(rapid.SliceOfN(rapid.SampledFrom([]float64{math.Copysign(0, -1), 0, -1, 1, math.Inf(1), math.Inf(-1), math.NaN(), 1e-300}), n, n).Draw(t, "real"), valid("rv")),
			"day", table.NewArray(rapid.SliceOfN(rapid.SampledFrom([]arrow.Date32{-1, 0, 1}), n, n).Draw(t, "day"), nil),
			"time", timesOf(nanos, rapid.SliceOfN(rapid.SampledFrom([]int64{math.MinInt64, -1001, -1000, -1, 0, 999, 1000, math.MaxInt64}), n, n).Draw(t, "time"), allValid(n)))
		names := table.Names(rec.Schema())
		keys, err := NewKeys(rec.Schema(), names...)
		if err != nil {
			t.Fatal(err)
		}
		e := keys.Encode(rec)
		list := make([][]byte, n)
		for a := range n {
			list[a] = e.key(a)
			for b := range n {
				want := 0
				for _, c := range rec.Columns() {
					want = cmp.Or(want, compareRows(c, a, b))
				}
				if got := bytes.Compare(e.key(a), e.key(b)); got != want {
					t.Fatalf("keys of rows %d and %d compare as %d, want %d", a, b, got, want)
				}
			}
		}
		again, err := table.NewRecord(rec.Schema(), keys.Decode(list)...)
		if err != nil {
			t.Fatal(err)
		}
		back := keys.Encode(again)
		for row := range n {
			if !bytes.Equal(back.key(row), list[row]) {
				t.Fatalf("row %d comes back as %q, want %q", row, back.key(row), list[row])
			}
		}
		tabletest.Rows(t, tabletest.Bytes(t, again))
	})
}

func allValid(n int) []bool {
	valid := make([]bool, n)
	for i := range valid {
		valid[i] = true
	}
	return valid
}

// Times of both precisions are equal as keys where they are the same time.
func TestKeysOfTwoPrecisions(t *testing.T) {
	nanos := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	fine := tabletest.Record(t, "time", timesOf(nanos, []int64{-1000, 5000, 5001}, allValid(3)))
	coarse := tabletest.Record(t, "time", []arrow.Timestamp{-1, 5})
	a, err := NewKeys(fine.Schema(), "time")
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewKeys(coarse.Schema(), "time")
	if err != nil {
		t.Fatal(err)
	}
	if i := match(a, b); i >= 0 {
		t.Fatalf("column %d does not match", i)
	}
	x, y := a.Encode(fine), b.Encode(coarse)
	if !bytes.Equal(x.key(0), y.key(0)) || !bytes.Equal(x.key(1), y.key(1)) || bytes.Equal(x.key(2), y.key(1)) {
		t.Error("equal times have different keys, or other way round")
	}
}

// An index finds what was added, whatever the lengths of the keys are.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		h := newHasher()
		want := map[string]int32{}
		for _, key := range rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange(0, 3), 0, 4), 0, 200).Draw(t, "keys") {
			id, known := want[string(key)]
			if !known {
				id = int32(len(want))
				if got := x.find(key, h.hash(key)); got != -1 {
					t.Fatalf("found %d of %q, which is not there", got, key)
				}
				want[string(key)] = id
			}
			if got, added := x.add(key, h.hash(key)); got != id || added == known {
				t.Fatalf("%q is %d (%v), want %d", key, got, added, id)
			}
		}
		for key, id := range want {
			if got := x.find([]byte(key), h.hash([]byte(key))); got != id || string(x.key(id)) != key {
				t.Fatalf("%q is %d, want %d", key, got, id)
			}
		}
	})
}
