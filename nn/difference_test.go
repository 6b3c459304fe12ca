package nn

import (
	"math"
	"testing"
)

func TestFirstDifference(t *testing.T) {
	model := func(change func(*Model)) *Model {
		m := &Model{Params: []Param{
			{Name: "0.weight", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
			{Name: "0.bias", Shape: []int{3}, Data: []float32{0, 0, 0}},
		}}
		change(m)
		return m
	}
	for _, c := range []struct {
		change func(*Model)
		want   string
	}{
		{func(*Model) {}, ""},
		{func(m *Model) { m.Summary.Rows = 7 }, ""},
		{func(m *Model) { m.Params[0].Data[5] = math.Nextafter32(6, 7) }, "tensor 0.weight, element [1 2]: 6 -> 6.0000005"},
		{func(m *Model) { m.Params[1].Data[1] = float32(math.Copysign(0, -1)) }, "tensor 0.bias, element [1]: 0 -> -0"},
		{func(m *Model) { m.Params[1].Shape = []int{1, 3} }, "tensor 1: 0.bias[3] -> 0.bias[1 3]"},
		{func(m *Model) { m.Params = m.Params[:1] }, "tensor 0.bias is gone"},
	} {
		if got := FirstDifference(model(func(*Model) {}), model(c.change)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
