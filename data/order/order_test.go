package order

import (
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the numbers are, in whatever runs they come and however few of them
// memory holds, a column says of them what sorting them would.
func TestColumnIsSortedColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-3, 3), rapid.Map(rapid.IntRange(-4, 4), func(i int) float64 { return float64(i) / 2 }))
		store := NewStore(rapid.SampledFrom([]int64{0, 500, 1 << 20}).Draw(t, "memory"), nil)
		defer store.Close()
		store.piece = rapid.Int64Range(1, 50).Draw(t, "piece")
		c := store.NewColumn()
		var all []float64
		for range rapid.IntRange(1, 20).Draw(t, "runs") {
			values := rapid.SliceOfN(number, 0, 60).Draw(t, "run")
			if err := c.Add(Sort(append(values, math.NaN()))); err != nil {
				t.Fatal(err)
			}
			all = append(all, values...)
		}
		slices.Sort(all)
		if int(c.Len()) != len(all) {
			t.Fatalf("%d numbers, want %d", c.Len(), len(all))
		}
		for i, want := range all {
			if got, err := c.At(int64(i)); got != want || err != nil {
				t.Fatalf("%v at %d (%v), want %v", got, i, err, want)
			}
		}
		x := number.Draw(t, "x")
		want, _ := slices.BinarySearch(all, x)
		if got, err := c.Below(x); int(got) != want || err != nil {
			t.Fatalf("%d below %v (%v), want %d", got, x, err, want)
		}
		if len(all) == 0 {
			return
		}
		mode, most := 0.0, 0
		for i := 0; i < len(all); {
			n := 1
			for i+n < len(all) && all[i+n] == all[i] {
				n++
			}
			if n > most {
				mode, most = all[i], n
			}
			i += n
		}
		if got, n, err := c.Mode(); got != mode || int(n) != most || err != nil {
			t.Fatalf("mode %v, %d times (%v), want %v, %d times", got, n, err, mode, most)
		}
	})
}

// Both visits what is in one column or the other, however it is cut into pieces.
func TestBothCountsKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := NewStore(rapid.SampledFrom([]int64{0, 500, 1 << 20}).Draw(t, "memory"), nil)
		defer store.Close()
		store.piece = rapid.Int64Range(1, 50).Draw(t, "piece")
		want := make(map[uint64][2]int64)
		columns := []*Column{store.NewColumn(), store.NewColumn()}
		for range rapid.IntRange(0, 10).Draw(t, "runs") {
			in := rapid.IntRange(0, 1).Draw(t, "in")
			keys := rapid.SliceOfN(rapid.Uint64Range(0, 30), 0, 60).Draw(t, "keys")
			for _, k := range keys {
				n := want[k]
				n[in]++
				want[k] = n
			}
			if err := columns[in].Add(SortKeys(keys)); err != nil {
				t.Fatal(err)
			}
		}
		got, last := make(map[uint64][2]int64), int64(-1)
		err := Both(columns[0], columns[1], func(key uint64, inA, inB int64) {
			if int64(key) <= last {
				t.Fatalf("%d after %d", key, last)
			}
			got[key], last = [2]int64{inA, inB}, int64(key)
		})
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%v (%v), want %v", got, err, want)
		}
	})
}

func TestSortManyKeys(t *testing.T) {
	for _, spread := range []uint64{1, 1 << 20, 1 << 40, math.MaxUint64} {
		keys := make([]uint64, 10*fewKeys)
		x := uint64(1)
		for i := range keys {
			x = x*6364136223846793005 + 1442695040888963407
			keys[i] = x ^ x>>29
			if spread != math.MaxUint64 {
				keys[i] %= spread
			}
		}
		want := slices.Sorted(slices.Values(keys))
		if got, _ := sortDigits(keys, make([]uint64, len(keys))); !slices.Equal(got, want) {
			t.Errorf("keys below %d are not in order", spread)
		}
	}
}

// The bound of memory is for all columns together, and what one gives back is there
// for the next.
func TestMemoryIsBounded(t *testing.T) {
	store := NewStore(100, func() (string, error) { return t.TempDir(), nil })
	defer store.Close()
	a, b := store.NewColumn(), store.NewColumn()
	for range 3 {
		for _, c := range []*Column{a, b} {
			if err := c.Add(Sort([]float64{3, 1, 2})); err != nil {
				t.Fatal(err)
			}
		}
	}
	if store.held != 72 || store.size != 72 || len(a.runs) != 1 {
		t.Errorf("%d bytes in memory and %d in the file, in %d runs, want 72, 72 and 1", store.held, store.size, len(a.runs))
	}
	if a.Free(); store.held != 72 {
		t.Errorf("%d bytes in memory after a column was freed that has none there, want 72", store.held)
	}
	if x, err := b.At(8); x != 3 || err != nil {
		t.Errorf("the last number is %v (%v), want 3", x, err)
	}
}

// Within leaves out what Sort would have before and behind.
func TestWithinIsPartOfSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom([]float64{math.NaN(), math.Copysign(math.NaN(), -1), math.Inf(-1), -3, -1, 0, 0.5, 2, 2.5, math.Inf(1)}), 0, 40).Draw(t, "values")
		low, high := rapid.Float64Range(-4, 2).Draw(t, "low"), rapid.Float64Range(2, 4).Draw(t, "high")
		all := Sort(values)
		var s Sorter
		s.Sort([]float64{7, 8, 9})
		run, before, missing := s.Within(values, Key(low), Key(high))
		from, _ := slices.BinarySearch(all, Key(low))
		to, _ := slices.BinarySearch(all, Key(high)+1)
		if !slices.Equal(run, all[from:to]) || int(before) != from || int(missing) != len(values)-len(all) {
			t.Fatalf("%v, %d before, %d missing, want %v", run, before, missing, all[from:to])
		}
	})
}

func BenchmarkSort(b *testing.B) {
	values := make([]float64, 1<<16)
	for i := range values {
		values[i] = float64(i*7919%10007) / 3
	}
	b.SetBytes(int64(8 * len(values)))
	for b.Loop() {
		Sort(values)
	}
}
