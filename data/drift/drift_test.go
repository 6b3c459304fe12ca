package drift

import (
	"math"
	"testing"

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
	m, ok, err := Between(t.Context(), Means{Threads: 2}, tabletest.Open(t, tabletest.Table(t, "x", a)), tabletest.Open(t, tabletest.Table(t, "x", b)), "x")
	if err != nil {
		t.Fatal(err)
	}
	return m, ok
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
	for _, c := range []struct {
		name string
		a, b any
		ok   bool
	}{
		{"texts that differ", ids, ids, false},
		{"few texts that differ", ids[:5], ids[:5], true},
		{"number and text", []float64{1}, []string{"a"}, false},
		{"whole and decimal", []int64{1, 2}, []float64{1, 2}, true},
		{"no rows", []float64{}, []float64{1}, false},
		{"nothing there", table.NewArray([]float64{0, 0}, []bool{false, false}), []float64{1, 2}, true},
		{"constant", []float64{3, 3, 3}, []float64{3, 3}, true},
		{"infinite", []float64{1, math.Inf(1)}, []float64{math.Inf(-1), 1}, true},
		{"truth", []bool{true, false}, []bool{true, true}, true},
	} {
		m, ok := between(t, c.a, c.b)
		if ok != c.ok || math.IsNaN(m.PSI) || math.IsNaN(m.JS) || math.IsNaN(m.KS) {
			t.Errorf("%s: %+v, %v", c.name, m, ok)
		}
	}
}
