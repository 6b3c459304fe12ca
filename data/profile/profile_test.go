package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func of(t *testing.T, data []byte) []Column {
	t.Helper()
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	columns, err := Of(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

func TestSmall(t *testing.T) {
	got := of(t, tabletest.Table(t,
		"n", []any{int64(1), int64(2), int64(2), nil, int64(5)},
		"x", []float64{-1, 0, math.NaN(), 4, 1},
		"s", []any{"ä", "bcd", "ä", nil, ""},
		"b", []bool{true, false, true, true, false},
	))
	quantiles := func(values ...float64) (list []Quantile) {
		for i, share := range []float64{.01, .05, .25, .5, .75, .95, .99} {
			list = append(list, Quantile{share, values[i]})
		}
		return list
	}
	counts := func(at map[int]int64) []int64 {
		list := make([]int64, bins)
		for i, n := range at {
			list[i] = n
		}
		return list
	}
	want := []Column{
		{Values: 4, Distinct: &Distinct{N: 3}, Top: []Count{{"2", 2}, {"1", 1}, {"5", 1}}, Numbers: &Numbers{Mean: 2.5, Deviation: 1.4999999999999998,
			Quantiles: quantiles(1, 1, 1, 2, 2, 5, 5), Histogram: &Histogram{1, 6, []int64{1, 2, 0, 0, 1}}}},
		{Values: 4, Distinct: &Distinct{N: 4}, Top: []Count{{"-1", 1}, {"0", 1}, {"1", 1}, {"4", 1}}, Numbers: &Numbers{Mean: 1, Deviation: math.Sqrt(3.5),
			Quantiles: quantiles(-1, -1, -1, 0, 1, 4, 4), Histogram: &Histogram{-1, 4, counts(map[int]int64{0: 1, 4: 1, 8: 1, 19: 1})}}},
		{Values: 4, Distinct: &Distinct{N: 3}, Top: []Count{{"ä", 2}, {"", 1}, {"bcd", 1}}, Lengths: &Lengths{0, 1.25, 3}},
		{Values: 5, Distinct: &Distinct{N: 2}, Top: []Count{{"true", 3}, {"false", 2}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoValues(t *testing.T) {
	got := of(t, tabletest.Table(t, "x", []float64{}, "s", []string{}))
	if got[0].Numbers != nil || got[1].Lengths != nil || got[0].Distinct.N != 0 {
		t.Errorf("%+v", got)
	}
	if _, err := json.Marshal(of(t, tabletest.Table(t, "x", []float64{math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.NaN()}))); err != nil {
		t.Error(err)
	}
}

// TestMany: what is estimated of many values is near what is so.
func TestMany(t *testing.T) {
	const n = 300_000
	random := rand.New(rand.NewPCG(1, 2))
	x, id := make([]float64, n), make([]string, n)
	for i := range x {
		x[i] = math.Exp(random.NormFloat64())
		id[i] = fmt.Sprint("id", i)
		if i%3 == 0 {
			id[i] = "often"
		}
	}
	data := tabletest.Table(t, "x", x, "id", id, "rising", func() []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = int64(i)
		}
		return v
	}())
	got := of(t, data)
	sorted := slices.Sorted(slices.Values(x))
	for _, q := range got[0].Numbers.Quantiles {
		at, _ := slices.BinarySearch(sorted, q.Value)
		if share := float64(at) / n; math.Abs(share-q.Share) > .005 {
			t.Errorf("the quantile %v is one of %v", q.Share, share)
		}
	}
	for _, q := range got[2].Numbers.Quantiles {
		if math.Abs(q.Value/n-q.Share) > .005 {
			t.Errorf("the quantile %v of rising numbers is %v of %d", q.Share, q.Value, n)
		}
	}
	var counted int64
	for _, c := range got[0].Numbers.Histogram.Count {
		counted += c
	}
	if counted != n || !got[0].Numbers.Estimate {
		t.Errorf("the histogram has %d of %d values, estimate %v", counted, n, got[0].Numbers.Estimate)
	}
	d := got[1].Distinct
	if want := float64(n) * 2 / 3; !d.Estimate || math.Abs(float64(d.N)/want-1) > .1 {
		t.Errorf("%d different values, want about %v", d.N, want)
	}
	if top := got[1].Top; len(top) != 1 || top[0] != (Count{"often", n / 3}) {
		t.Errorf("the most frequent are %v", top)
	}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	if diff := cmp.Diff(got, of(t, data)); diff != "" {
		t.Errorf("with one thread: %s", diff)
	}
}

// TestBatchesDoNotMatter gives the same rows in batches of other sizes.
func TestBatchesDoNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 20_000)
	for i := range values {
		values[i] = math.Floor(random.ExpFloat64()*100) / 7
	}
	var want Column
	for _, size := range []int{len(values), 1, 777} {
		g := gathererFor(table.NewArray(values[:1], nil).DataType())
		for from := 0; from < len(values); from += size {
			g.add(table.NewArray(values[from:min(len(values), from+size)], nil))
		}
		if got := g.column(); want.Numbers == nil {
			want = got
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("batches of %d: %s", size, diff)
		}
	}
}

// TestManyColumns: columns are gathered a few at a time, each as if it were alone.
func TestManyColumns(t *testing.T) {
	var all []any
	for i := range 2*together + 3 {
		values := make([]int64, 20)
		for row := range values {
			values[row] = int64(row * i % 7)
		}
		all = append(all, fmt.Sprint("c", i), values)
	}
	got := of(t, tabletest.Table(t, all...))
	for i := range got {
		if diff := cmp.Diff(of(t, tabletest.Table(t, all[2*i:2*i+2]...))[0], got[i]); diff != "" {
			t.Errorf("column %d: %s", i, diff)
		}
	}
}

func TestSort(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, capacity} {
		list := []float64{0, -1, math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324}[:min(n, 6)]
		for len(list) < n {
			list = append(list, random.NormFloat64()*math.Pow(10, float64(random.IntN(9)-4)))
		}
		want := slices.Sorted(slices.Values(list))
		new(sketch).sort(list)
		if !slices.Equal(want, list) {
			t.Errorf("%d numbers are not in order", n)
		}
	}
}

// TestWholeBins: whole numbers that are there equally often have bars of one height,
// whatever their range.
func TestWholeBins(t *testing.T) {
	for n := 2; n < 300; n += 7 {
		values := make([]int64, 2*n)
		for i := range values {
			values[i] = int64(i%n) - 50
		}
		h := of(t, tabletest.Table(t, "x", values))[0].Numbers.Histogram
		whole := h.Count[:len(h.Count)-1] // the last bin may have fewer
		if len(h.Count) > bins || slices.Min(whole) != slices.Max(whole) || h.Count[len(whole)] > whole[0] || h.Count[len(whole)] == 0 || h.Max < float64(n-50) {
			t.Errorf("%d numbers: %+v", n, h)
		}
	}
}
