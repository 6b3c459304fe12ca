package nn

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// FirstDifference names the first tensor of two models that differs, and in it
// the first element with both values. It is empty if all tensors are the same,
// bit by bit; what else the models hold is not looked at.
func FirstDifference(a, b *Model) string {
	for i := range max(len(a.Params), len(b.Params)) {
		switch {
		case i >= len(a.Params):
			return fmt.Sprintf("tensor %s is new", b.Params[i].Name)
		case i >= len(b.Params):
			return fmt.Sprintf("tensor %s is gone", a.Params[i].Name)
		}
		p, q := a.Params[i], b.Params[i]
		if p.Name != q.Name || !slices.Equal(p.Shape, q.Shape) {
			return fmt.Sprintf("tensor %d: %s%v -> %s%v", i, p.Name, p.Shape, q.Name, q.Shape)
		}
		for j := range p.Data {
			if x, y := p.Data[j], q.Data[j]; math.Float32bits(x) != math.Float32bits(y) {
				return fmt.Sprintf("tensor %s, element %v: %s -> %s", p.Name, position(p.Shape, j), float(x), float(y))
			}
		}
	}
	return ""
}

// Distance is how far the numbers of two models of one network are apart, as a share
// of the size of those of the first: |a - b| / |a|.
func Distance(a, b *Model) float64 {
	apart, size := 0.0, 0.0
	for i := range min(len(a.Params), len(b.Params)) {
		for j, x := range a.Params[i].Data[:min(len(a.Params[i].Data), len(b.Params[i].Data))] {
			d := float64(x) - float64(b.Params[i].Data[j])
			apart += d * d
			size += float64(x) * float64(x)
		}
	}
	if apart == 0 {
		return 0
	}
	return math.Sqrt(apart / max(size, math.SmallestNonzeroFloat64))
}

// position is the index along each axis of element i of a row-major tensor.
func position(shape []int, i int) []int {
	at := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return at
}

// float writes a value so that different ones differ.
func float(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
