package exact_test

import (
	"math"
	"testing"

	"pipe/base/exact"
)

func TestSumKeepsDigits(t *testing.T) {
	var s exact.Sum
	for range 1000 {
		for _, x := range []float64{1e16, 1, -1e16, 1e-3} {
			s.Add(x)
		}
	}
	if got, want := s.Value(), 1001.0; math.Abs(got-want) > 1e-9 {
		t.Errorf("got %v, want %v", got, want)
	}
}
