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

func TestSumKeepsInfinity(t *testing.T) {
	var s exact.Sum
	for _, x := range []float64{1, math.Inf(1), 2} {
		s.Add(x)
	}
	if got := s.Value(); !math.IsInf(got, 1) {
		t.Errorf("got %v, want infinity", got)
	}
	if s.Add(math.Inf(-1)); s.Value() == s.Value() {
		t.Errorf("got %v, want NaN", s.Value())
	}
}
