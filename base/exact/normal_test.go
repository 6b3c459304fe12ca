package exact

import (
	"math"
	"testing"
)

// The reference is scipy.special.ndtri.
func TestNormalQuantile(t *testing.T) {
	for p, want := range map[float64]float64{
		0.5: 0, 0.75: 0.6744897501960817, 0.975: 1.959963984540054, 0.001: -3.090232306167813,
		1e-7: -5.1993375821928165, 1e-7 - 0x1p-52: -5.199337582605575, 1e-300: -37.0470962993612, 0.9999999: 5.199337582290661,
	} {
		if got := NormalQuantile(p); math.Abs(got-want) > 1e-14*math.Abs(want) {
			t.Errorf("of %v it is %v, want %v", p, got, want)
		}
	}
	for p := 0x1p-20; p < 1; p += 0x1p-10 {
		if got, want := NormalQuantile(p), math.Sqrt2*math.Erfinv(2*p-1); math.Abs(got-want) > 1e-12 {
			t.Errorf("of %v it is %v, want %v", p, got, want)
		}
	}
	for _, p := range []float64{-1, 1.5, math.NaN()} {
		if got := NormalQuantile(p); got == got {
			t.Errorf("of %v it is %v", p, got)
		}
	}
	if !math.IsInf(NormalQuantile(0), -1) || !math.IsInf(NormalQuantile(1), 1) {
		t.Error("the ends are finite")
	}
}
