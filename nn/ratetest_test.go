package nn

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
)

// The rate that is found is one with which training goes well, and far from
// those with which it does nothing or explodes, for optimizers whose usual rates
// lie far apart.
func TestFoundRateTrains(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	for _, o := range []Rule{SGD{LearningRate: 1}, SGD{LearningRate: 1, Momentum: 0.9}, adam, Lion{LearningRate: 1, Beta1: 0.9, Beta2: 0.99}} {
		cfg.Optimizer = o
		c, err := FindRate{From: 1e-6, To: 10, Steps: 200}.Find(t.Context(), spec, sig, train, cfg)
		if err != nil {
			t.Fatalf("%v: %v", o, err)
		}
		if !slices.IsSorted(c.Rates) || len(c.Rates) != len(c.Losses) || c.Rates[0] != 1e-6 {
			t.Errorf("%v: rates %v", o, c.Rates)
		}
		loss := func(rate float64) float64 {
			cfg := cfg
			cfg.Epochs, cfg.Optimizer = 3, o.WithRate(rate)
			m, err := Train(t.Context(), spec, sig, train, nil, cfg)
			if err != nil {
				return math.Inf(1)
			}
			curve, _ := m.Summary.Curve("train.loss")
			return curve[2]
		}
		best, slow, fast := loss(c.Best), loss(c.Best/300), loss(c.Best*300)
		if !(best < 0.7*slow && best < fast) {
			t.Errorf("%v: the loss is %v with the rate %v, %v with 1/300 and %v with 300 times that", o, best, c.Best, slow, fast)
		}
	}
}

// What it sees depends on nothing but the data, the settings and the seed.
func TestRateCurveIsReproducible(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	test := FindRate{From: 1e-5, To: 1, Steps: 60}
	var want *RateCurve
	for _, table := range kernel.Tables() {
		for threads := 1; threads <= 2; threads++ {
			cfg.Backend, cfg.Threads = cpu.On(table), threads
			c, err := test.Find(t.Context(), spec, sig, train, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = c
			}
			if c.Best != want.Best || !slices.Equal(c.Losses, want.Losses) {
				t.Errorf("%v, %d threads: found %v, not %v", table, threads, c.Best, want.Best)
			}
		}
	}
}

// A search leaves nothing behind: training is as it would be without.
func TestSearchChangesNothing(t *testing.T) {
	spec, sig, train, validation, cfg := threeClasses()
	want := encode(t, trainModel(t, spec, sig, train, &validation, cfg))
	if _, err := (FindRate{From: 1e-5, To: 1, Steps: 60}).Find(t.Context(), spec, sig, train, cfg); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, trainModel(t, spec, sig, train, &validation, cfg)), want) {
		t.Error("training after a search gives another model")
	}
}

func TestNoRateIsFound(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	for name, test := range map[string]struct {
		test FindRate
		want string
	}{
		"falling":  {FindRate{From: 1, To: 0.1, Steps: 50}, "must be more than from"},
		"short":    {FindRate{From: 0.1, To: 1, Steps: 5}, "too few"},
		"too high": {FindRate{From: 1e6, To: 1e8, Steps: 50}, "falls at no learning rate"},
	} {
		_, err := test.test.Find(t.Context(), spec, sig, train, cfg)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v", name, err)
		}
		if no, ok := errors.AsType[*NoRateError](err); ok && no.Hint() == "" {
			t.Errorf("%s: no hint", name)
		}
	}
}
