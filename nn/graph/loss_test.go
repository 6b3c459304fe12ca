package graph

import (
	"math"
	"testing"
)

// Extreme logits have finite losses, and a NaN is never hidden.
func TestLossAtTheEdges(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		loss   LossKind
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
		got := Loss{Kind: c.loss}.Row(c.z, []float32{c.target})
		if math.Abs(got-c.want) > 1e-12 || (got != got) != (c.want != c.want) {
			t.Errorf("%s of %v, target %v: got %v, want %v", c.loss, c.z, c.target, got, c.want)
		}
	}
}
