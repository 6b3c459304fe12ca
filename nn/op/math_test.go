package op

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
		{"log1p", log1p, math.Log1p, 0, 1, 1e-14, 1e-300},
		{"tanh", tanh, math.Tanh, -20, 20, 1e-11, 0},
		{"tanh near 0", tanh, math.Tanh, -0.1, 0.1, 1e-11, 0},
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
		{"log1p(1e-300)", log1p(1e-300), 1e-300},
		{"tanh(inf)", tanh(inf), 1},
		{"tanh(-inf)", tanh(-inf), -1},
		{"tanh(0)", tanh(0), 0},
		{"tanh(nan)", tanh(nan), nan},
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

// Extreme logits have finite losses, and a NaN is never hidden.
func TestLossAtTheEdges(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		loss   Loss
		z      []float32
		target float32
		want   float64
	}{
		{SoftmaxCrossEntropy, []float32{3e38, -3e38}, 0, 0},
		{SoftmaxCrossEntropy, []float32{1000, 0}, 1, 1000},
		{SoftmaxCrossEntropy, []float32{0, 0}, 2, math.NaN()},
		{SoftmaxCrossEntropy, []float32{0, nan}, 0, math.NaN()},
		{SigmoidCrossEntropy, []float32{1000}, 0, 1000},
		{SigmoidCrossEntropy, []float32{1000}, 1, 0},
		{SigmoidCrossEntropy, []float32{-1000}, 1, 1000},
		{SigmoidCrossEntropy, []float32{0}, 1, math.Ln2},
		{SigmoidCrossEntropy, []float32{nan}, 1, math.NaN()},
		{MSE, []float32{3}, 1, 4},
		{MAE, []float32{3}, 5, 2},
		{Huber, []float32{3}, 2, 0.5},
		{Huber, []float32{3}, 2.5, 0.125},
		{Huber, []float32{-3}, 2, 4.5},
		{Huber, []float32{nan}, 2, math.NaN()},
	} {
		got := c.loss.Row(c.z, c.target)
		if math.Abs(got-c.want) > 1e-12 || (got != got) != (c.want != c.want) {
			t.Errorf("%s of %v, target %v: got %v, want %v", c.loss, c.z, c.target, got, c.want)
		}
	}
}
