package drift

import (
	"errors"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// lcg draws numbers from 0 to 1 as a script in another language can.
func lcg(n int, x int64) []float64 {
	out := make([]float64, n)
	for i := range out {
		x = (x*1103515245 + 12345) % (1 << 31)
		out[i] = float64(x) / (1 << 31)
	}
	return out
}

func between(t testing.TB, a, b any) (Move, bool) {
	t.Helper()
	m, why := compare(t, a, b)
	return m, why == ""
}

// compare also says why columns are not compared.
func compare(t testing.TB, a, b any) (m Move, why string) {
	t.Helper()
	m, err := Between(t.Context(), Means{Threads: 2}, tabletest.Open(t, tabletest.Table(t, "x", a)), tabletest.Open(t, tabletest.Table(t, "x", b)), "x")
	var not *Incomparable
	if errors.As(err, &not) {
		return m, not.Why
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, ""
}

func near(t testing.TB, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The figures are those of SciPy 1.17: ks_2samp, jensenshannon with base 2, and the sum
// for the stability index written out in NumPy.
func TestNumbersAreThoseOfScipy(t *testing.T) {
	a, b := lcg(1000, 1), lcg(700, 2)
	for i := range b {
		b[i] = math.Pow(b[i], 1.3)
	}
	m, ok := between(t, a, b)
	if !ok || !m.Numbers {
		t.Fatalf("%+v", m)
	}
	near(t, "ks", m.KS, 0.12628571428571428)
	near(t, "js", m.JS, 0.12345940215232724)
	near(t, "psi", m.PSI, 0.08411279506861087)
}

func repeat(counts map[string]int, order ...string) (list []string) {
	for _, name := range order {
		for range counts[name] {
			list = append(list, name)
		}
	}
	return list
}

func TestCategoriesAreThoseOfScipy(t *testing.T) {
	a := repeat(map[string]int{"a": 50, "b": 30, "c": 20}, "a", "b", "c")
	b := repeat(map[string]int{"a": 10, "b": 30, "c": 40, "d": 15}, "d", "a", "b", "c")
	valid := make([]bool, 100)
	for i := range 95 {
		valid[i] = true
	}
	m, ok := between(t, a, table.NewArray(append(b, make([]string, 5)...), valid))
	if !ok || m.Numbers {
		t.Fatalf("%+v", m)
	}
	near(t, "js", m.JS, 0.47906630364610997)
	near(t, "psi", m.PSI, 1.3652756034667815)
	near(t, "unseen", m.Unseen, 0.15)
	if m.Why != `; "d" was not there` {
		t.Error(m.Why)
	}
}

// A column has not moved from itself, whatever the order of its rows and the number of
// them, and KS is what its definition says.
func TestMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 40).Draw(rt, "a")
		b := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 40).Draw(rt, "b")
		if m, _ := between(t, a, append(append([]float64{}, a...), a...)); m.KS != 0 || m.JS > 1e-7 {
			rt.Fatalf("%+v", m)
		}
		want := 0.0
		for _, x := range append(append([]float64{}, a...), b...) {
			var fa, fb float64
			for _, v := range a {
				if v <= x {
					fa++
				}
			}
			for _, v := range b {
				if v <= x {
					fb++
				}
			}
			want = max(want, math.Abs(fa/float64(len(a))-fb/float64(len(b))))
		}
		m, _ := between(t, a, b)
		if math.Abs(m.KS-want) > 1e-15 || m.PSI < 0 || m.JS < 0 || m.JS > 1+1e-12 {
			rt.Fatalf("%+v, want ks %v", m, want)
		}
	})
}

// What is not compared is passed over, and edges are no error.
func TestKindsOfColumns(t *testing.T) {
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	nanos := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"})
	nanos.Append(1)
	for _, c := range []struct {
		name string
		a, b any
		why  string
	}{
		{"texts that differ", ids, ids, "most of its values are different, as those of identifiers are"},
		{"few texts that differ", ids[:5], ids[:5], ""},
		{"number and text", []float64{1}, []string{"a"}, "it is string, and float64 in the reference"},
		{"whole and decimal", []int64{1, 2}, []float64{1, 2}, ""},
		{"dates and numbers", []arrow.Date32{1}, []int64{1}, "it is int64, and date in the reference"},
		{"dates and times", []arrow.Date32{1}, []arrow.Timestamp{1}, "it is timestamp, and date in the reference"},
		{"times of other units", nanos.NewArray(), []arrow.Timestamp{1}, "it is timestamp, and timestamp[ns] in the reference"},
		{"no rows", []float64{}, []float64{1}, "the reference has no rows"},
		{"no rows now", []float64{1}, []float64{}, "the table has no rows"},
		{"nothing there", table.NewArray([]float64{0, 0}, []bool{false, false}), []float64{1, 2}, ""},
		{"constant", []float64{3, 3, 3}, []float64{3, 3}, ""},
		{"infinite", []float64{1, math.Inf(1)}, []float64{math.Inf(-1), 1}, ""},
		{"truth", []bool{true, false}, []bool{true, true}, ""},
	} {
		m, why := compare(t, c.a, c.b)
		if why != c.why || math.IsNaN(m.PSI) || math.IsNaN(m.JS) || math.IsNaN(m.KS) {
			t.Errorf("%s: %+v, %q, want %q", c.name, m, why, c.why)
		}
	}
}
