package exact

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The functions are close to those of the standard library, and as float32
// nearly always the same number.
func TestFunctionsAgreeWithTheStandardLibrary(t *testing.T) {
	for _, f := range []struct {
		name       string
		ours, std  func(float64) float64
		min, max   float64
		relative   float64
		tinyOutput float64 // below it, absolute errors count
	}{
		{"exp", Exp, math.Exp, -745, 709, 1e-12, 1e-300},
		{"exp near 0", Exp, math.Exp, -1, 1, 1e-13, 0},
		{"log", Log, math.Log, 1e-300, 1e300, 1e-14, 1e-15},
		{"log near 1", Log, math.Log, 0.5, 2, 1e-14, 1e-15},
		{"log1p", Log1p, math.Log1p, 0, 1, 1e-14, 1e-300},
		{"log1p of any x", Log1p, math.Log1p, -1 + 1e-9, 1e308, 1e-14, 1e-300},
		{"log1p below 0", Log1p, math.Log1p, -1 + 1e-15, 0, 1e-14, 1e-300},
		{"logistic", Logistic, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -700, 700, 1e-12, 0},
	} {
		rapid.Check(t, func(t *rapid.T) {
			x := rapid.Float64Range(f.min, f.max).Draw(t, "x")
			got, want := f.ours(x), f.std(x)
			if math.Abs(got-want) > f.relative*max(math.Abs(want), f.tinyOutput) {
				t.Errorf("%s(%v) = %v, want %v", f.name, x, got, want)
			}
		})
	}
}

func TestFunctionsAtTheEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"exp(0)", Exp(0), 1},
		{"exp(inf)", Exp(inf), inf},
		{"exp(-inf)", Exp(-inf), 0},
		{"exp(710)", Exp(710), inf},
		{"exp(-746)", Exp(-746), 0},
		{"exp(nan)", Exp(nan), nan},
		{"log(1)", Log(1), 0},
		{"log(0)", Log(0), -inf},
		{"log(-1)", Log(-1), nan},
		{"log(inf)", Log(inf), inf},
		{"log(nan)", Log(nan), nan},
		{"log1p(1e-300)", Log1p(1e-300), 1e-300},
		{"log1p(1e308)", Log1p(1e308), math.Log1p(1e308)},
		{"log1p(-1)", Log1p(-1), -inf},
		{"log1p(-2)", Log1p(-2), nan},
		{"log1p(inf)", Log1p(inf), inf},
		{"log1p(nan)", Log1p(nan), nan},
		{"logistic(inf)", Logistic(inf), 1},
		{"logistic(-inf)", Logistic(-inf), 0},
		{"logistic(nan)", Logistic(nan), nan},
	} {
		if c.got != c.want && !(c.got != c.got && c.want != c.want) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestSoftmax(t *testing.T) {
	p := make([]float64, 3)
	Softmax(p, []float32{1000, 1000, -1000}) // would overflow if taken literally
	if p[0] != 0.5 || p[1] != 0.5 || p[2] != 0 {
		t.Errorf("softmax is %v", p)
	}
	Softmax(p, []float32{0, float32(math.NaN()), 1})
	if p[0] == p[0] {
		t.Errorf("softmax hides a NaN: %v", p)
	}
}
