package metric_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"pipe/base/random"
	"pipe/data/metric"
)

// The parts of a Brier score are never negative and add up to it; probabilities that say
// only what share of the rows is positive have neither of the two that are of the model.
func TestBrierParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		actual, prob, weights := make([]int32, n), make([]float64, n), make([]float64, n)
		for i := range actual {
			actual[i] = rapid.Int32Range(0, 1).Draw(t, "class")
			prob[i] = float64(rapid.IntRange(0, 8).Draw(t, "p")) / 8
			weights[i] = float64(rapid.IntRange(1, 4).Draw(t, "weight"))
		}
		c, err := metric.NewClasses([]string{"no", "yes"}, actual, prob)
		if err == nil && rapid.Bool().Draw(t, "weighted") {
			c, err = c.Weighted(weights)
		}
		if err != nil {
			t.Fatal(err)
		}
		b := c.BrierParts()
		score := c.Measure(metric.All().Named("brier"), nil)[0].Value
		if sum := b.Uncertainty - b.Discrimination + b.Miscalibration; math.Abs(sum-score) > 1e-12 {
			t.Fatalf("%+v make %v, and the score is %v", b, sum, score)
		}
		if b.Uncertainty < 0 || b.Discrimination < 0 || b.Miscalibration < 0 || b.Discrimination > b.Uncertainty+1e-12 {
			t.Fatalf("%+v", b)
		}
	})
}

// By hand: of .9 and .8 one each, the higher one wrong, so that isotonic regression says one
// half of both; .1 is right.
func TestBrierPartsByHand(t *testing.T) {
	c, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 1, 0, 0}, []float64{.9, .8, .1, .1})
	if err != nil {
		t.Fatal(err)
	}
	b := c.BrierParts()
	want := metric.Brier{Uncertainty: 3. / 16, Discrimination: 3./16 - .5/4, Miscalibration: (.81+.04+.02)/4 - .5/4}
	if math.Abs(b.Uncertainty-want.Uncertainty) > 1e-12 || math.Abs(b.Discrimination-want.Discrimination) > 1e-12 || math.Abs(b.Miscalibration-want.Miscalibration) > 1e-12 {
		t.Errorf("got %+v, want %+v", b, want)
	}
}

// What chance makes of the calibration error is what samples of exactly right probabilities have.
func TestChanceOfCalibration(t *testing.T) {
	const rows, samples = 1500, 60
	noise := random.New(3, "chance", 0)
	prob := make([]float64, rows)
	for i := range prob {
		u := noise.Float64(uint64(i))
		prob[i] = u * u * u
	}
	var sum, usual, high float64
	above := 0
	for s := range samples {
		actual := make([]int32, rows)
		for i, p := range prob {
			if noise.At(uint64(s+1)).Float64(uint64(i)) < p {
				actual[i] = 1
			}
		}
		c, err := metric.NewClasses([]string{"no", "yes"}, actual, prob)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := c.CalibrationError()
		if usual, high = c.Chance(); e > high {
			above++
		}
		sum += e
	}
	if mean := sum / samples; math.Abs(mean-usual) > .1*usual || above > 10 {
		t.Errorf("samples have %v on average, which should be %v; %d of %d are above %v", mean, usual, above, samples, high)
	}
}
