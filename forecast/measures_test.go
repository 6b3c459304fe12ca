package forecast_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"pipe/forecast"
)

func TestPinballAgreesWithScikitLearn(t *testing.T) {
	for name, want := range references(t, "pinball", 2) {
		var i int
		var q float64
		fmt.Sscan(name, &i, &q)
		n := 1 + 7*i
		a, f := noise(n, uint32(3*i+1)), noise(n, uint32(5*i+2))
		for k := range a {
			switch i % 3 {
			case 1:
				a[k], f[k] = math.RoundToEven(4*a[k])/4, math.RoundToEven(4*f[k])/4
			case 2:
				a[k], f[k] = a[k]+1e6, f[k]+1e6
			}
		}
		if got, err := forecast.Pinball(a, f, q); err != nil || math.Abs(got-want[0]) > 1e-13 {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want[0])
		}
	}
}

// The measures are compared with those of fractions, which round nothing.
func TestMeasuresAreThoseOfFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		offset := rapid.SampledFrom([]float64{0, 1e6, -1e9}).Draw(t, "offset")
		grain := rapid.SampledFrom([]float64{0.25, 1.0 / 1024}).Draw(t, "grain") // ties, and without; all differences are exact
		number := func(name string) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = offset + grain*float64(rapid.IntRange(-40, 40).Draw(t, name))
			}
			return x
		}
		actual, predicted, train, width := number("actual"), number("forecast"), number("train"), number("width")
		for i := range actual {
			if rapid.IntRange(0, 9).Draw(t, "missing") == 0 {
				actual[i] = math.NaN()
			}
		}
		season := rapid.IntRange(1, 4).Draw(t, "season")
		q := rapid.SampledFrom([]float64{0.25, 0.5, 0.875}).Draw(t, "quantile")

		var abs, squares, pinball, inside, widths []*big.Rat
		lower, upper := make([]float64, n), make([]float64, n)
		for i, a := range actual {
			w := math.Abs(width[i] - offset)
			lower[i], upper[i] = predicted[i]-w, predicted[i]+w
			if math.IsNaN(a) {
				continue
			}
			e := minus(a, predicted[i])
			abs, squares = append(abs, new(big.Rat).Abs(e)), append(squares, new(big.Rat).Mul(e, e))
			by := rat(q)
			if e.Sign() < 0 {
				by = minus(q, 1)
			}
			pinball = append(pinball, new(big.Rat).Mul(e, by))
			in := 0.0
			if rat(lower[i]).Cmp(rat(a)) <= 0 && rat(a).Cmp(rat(upper[i])) <= 0 {
				in = 1
			}
			inside, widths = append(inside, rat(in)), append(widths, minus(upper[i], lower[i]))
		}
		var steps, stepSquares []*big.Rat
		for i := season; i < n; i++ {
			e := minus(train[i], train[i-season])
			steps, stepSquares = append(steps, new(big.Rat).Abs(e)), append(stepSquares, new(big.Rat).Mul(e, e))
		}
		want := func(name string, got float64, err error, of func() (float64, bool)) {
			x, ok := of()
			if ok != (err == nil) || ok && math.Abs(got-x) > 1e-14*math.Abs(x) {
				t.Fatalf("%s: %v, %v; want %v, %v", name, got, err, x, ok)
			}
		}
		mean := func(list []*big.Rat) func() (float64, bool) {
			return func() (float64, bool) { return average(list) }
		}
		got, err := forecast.Pinball(actual, predicted, q)
		want("pinball", got, err, mean(pinball))
		got, err = forecast.Coverage(actual, lower, upper)
		want("coverage", got, err, mean(inside))
		got, err = forecast.Width(actual, lower, upper)
		want("width", got, err, mean(widths))
		scale, err := forecast.ScaleOf(train, season)
		want("scale", scale.Absolute, err, mean(steps))
		if err != nil {
			return
		}
		got, err = forecast.MASE(actual, predicted, scale)
		want("mase", got, err, func() (float64, bool) {
			a, ok := average(abs)
			s, _ := average(steps)
			return a / s, ok && s > 0
		})
		got, err = forecast.RMSSE(actual, predicted, scale)
		want("rmsse", got, err, func() (float64, bool) {
			a, ok := average(squares)
			s, _ := average(stepSquares)
			return math.Sqrt(a) / math.Sqrt(s), ok && s > 0
		})
	})
}

func rat(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }

func minus(a, b float64) *big.Rat { return new(big.Rat).Sub(rat(a), rat(b)) }

func average(list []*big.Rat) (float64, bool) {
	if len(list) == 0 {
		return 0, false
	}
	sum := new(big.Rat)
	for _, x := range list {
		sum.Add(sum, x)
	}
	x, _ := sum.Quo(sum, new(big.Rat).SetInt64(int64(len(list)))).Float64()
	return x, true
}

func TestWhyAMeasureIsNotDefined(t *testing.T) {
	scale, err := forecast.ScaleOf([]float64{1, 2, 1, 2, 1, 2}, 2)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for _, c := range []struct {
		of   func() (float64, error)
		want string
	}{
		{func() (float64, error) { return forecast.MASE([]float64{1}, []float64{2}, scale) }, "the training part repeats itself every 2 steps, so the scale is 0"},
		{func() (float64, error) { return forecast.RMSSE([]float64{nan}, []float64{2}, scale) }, "no actual value is known"},
		{func() (float64, error) { s, err := forecast.ScaleOf([]float64{1, 2}, 2); return s.Absolute, err }, "the training part has 2 steps, and a season 2"},
		{func() (float64, error) {
			s, err := forecast.ScaleOf([]float64{1, nan, nan, 2}, 2)
			return s.Absolute, err
		}, "the training part has no two known values 2 steps apart"},
		{func() (float64, error) { return forecast.Pinball([]float64{1}, []float64{2}, 1) }, "a quantile of 1 is not possible: it lies between 0 and 1"},
		{func() (float64, error) { return forecast.Pinball([]float64{1e308}, []float64{-1e308}, 0.5) }, "an error is too large for a number"},
	} {
		if _, err := c.of(); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
