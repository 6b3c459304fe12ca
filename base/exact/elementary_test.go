package exact

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// On a machine whose compiler fuses nothing the functions are those of the
// standard library to the last bits.
func TestElementaryFunctionsAgreeWithTheStandardLibrary(t *testing.T) {
	special := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, math.Inf(1), math.Inf(-1), math.NaN(), 1e300, -1e300, 1e-300, 1 << 29, 1e22, math.Pi, 2}
	near := func(name string, x, y, got, want, ulps float64) {
		t.Helper()
		if got == want && math.Signbit(got) == math.Signbit(want) || got != got && want != want {
			return
		}
		if d := math.Abs(got - want); !(d <= ulps*(math.Nextafter(math.Abs(want), math.Inf(1))-math.Abs(want))) {
			t.Errorf("%s(%v, %v) = %v, want %v", name, x, y, got, want)
		}
	}
	for _, f := range []struct {
		name      string
		ours, std func(float64) float64
		max, ulps float64
	}{
		{"exp", ExpUlp, math.Exp, 750, 2}, {"log2", Log2, math.Log2, 1e300, 8}, {"log10", Log10, math.Log10, 1e300, 8},
		{"sin", Sin, math.Sin, 1e20, 1}, {"sin near 0", Sin, math.Sin, 10, 1}, {"cos", Cos, math.Cos, 1e20, 1}, {"cos near 0", Cos, math.Cos, 10, 1},
		{"tan", Tan, math.Tan, 1e20, 1}, {"tan near 0", Tan, math.Tan, 10, 1}, {"atan", Atan, math.Atan, 10, 1}, {"asin", Asin, math.Asin, 1, 1}, {"acos", Acos, math.Acos, 1, 1},
	} {
		for _, x := range special {
			near(f.name, x, 0, f.ours(x), f.std(x), f.ulps)
		}
		rapid.Check(t, func(r *rapid.T) {
			x := rapid.Float64Range(-f.max, f.max).Draw(r, "x")
			near(f.name, x, 0, f.ours(x), f.std(x), f.ulps)
		})
	}
	for _, f := range []struct {
		name      string
		ours, std func(x, y float64) float64
		ulps      float64
	}{{"pow", Pow, math.Pow, 64}, {"atan2", Atan2, math.Atan2, 1}} {
		for _, x := range special {
			for _, y := range special {
				near(f.name, x, y, f.ours(x, y), f.std(x, y), f.ulps)
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			x, y := rapid.Float64Range(-100, 100).Draw(r, "x"), rapid.Float64Range(-100, 100).Draw(r, "y")
			if rapid.Bool().Draw(r, "whole") {
				y = math.Trunc(y)
			}
			near(f.name, x, y, f.ours(x, y), f.std(x, y), f.ulps)
		})
	}
	for i := -22; i <= 22; i++ {
		if got := Log10(math.Pow10(i)); got != float64(i) {
			t.Errorf("log10(1e%d) = %v", i, got)
		}
	}
	if got := ExpUlp(1); got != math.E {
		t.Errorf("exp(1) = %v", got)
	}
}
