package nn

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
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
		"too high": {FindRate{From: 1e6, To: 1e8, Steps: 50}, "falls at none between"},
		"too low":  {FindRate{From: 1e-9, To: 1e-6, Steps: 50}, "no learning rate found"},
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

// noisy is a few rows with a little in them: the slope of the first losses says nothing.
func noisy(rows int, signal float64) Data {
	s := random.New(5, "noisy", uint64(rows))
	d := Data{Rows: rows}
	for i := range rows {
		for j := range 6 {
			d.Features = append(d.Features, float32(s.Normal(uint64(7*i+j))))
		}
		class := 0.0
		if signal*float64(d.Features[6*i]-d.Features[6*i+1])+2*s.Normal(uint64(7*i+6)) > 0 {
			class = 1
		}
		d.Target = append(d.Target, class)
	}
	return d
}

// On few and noisy rows there is a rate that learns, or none that is told.
func TestRateOfNoisyRows(t *testing.T) {
	spec := Spec{Inputs: 6, Layers: layers(Dense{Units: 32, Activation: ReLU}, Dense{Units: 32, Activation: ReLU}), Outputs: 1}
	sig := signatureOf(task.Binary, 6, 1)
	for seed := range uint64(10) {
		cfg := Config{Optimizer: adam, Epochs: 20, BatchSize: 32, Shuffle: true, Seed: seed}
		c, err := FindRate{From: 1e-6, To: 1, Steps: 50}.Find(t.Context(), spec, sig, noisy(97, 1), cfg)
		if err != nil {
			if _, ok := errors.AsType[*NoRateError](err); !ok {
				t.Error(err)
			}
			continue
		}
		if c.Best < 1e-3 || c.Best > 0.3 {
			t.Errorf("seed %d: found %v, tried %v", seed, c.Best, c.Tried)
		}
		if !slices.IsSortedFunc(c.Tried, func(a, b TriedRate) int { return cmp.Compare(a.Rate, b.Rate) }) {
			t.Errorf("tried %v", c.Tried)
		}
	}
}

// All trainings of a search begin alike, whatever was before: one that diverged, gradients that
// were added up, memory of the optimizer.
func TestSearchBeginsAgain(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	for _, accumulate := range []int{1, 3} {
		cfg.Accumulate, cfg.bare, cfg.Schedule = accumulate, true, level(0.01)
		tr, _, err := newTrainer(spec, sig, train, nil, cfg)
		if err != nil {
			t.Fatal(err)
		}
		f := newRateFinder(FindRate{From: 1e-6, To: 1, Steps: 40}, tr)
		if err := f.remember(); err != nil {
			t.Fatal(err)
		}
		first, err := f.losses(t.Context(), level(0.01))
		if err != nil || len(first) != 40 {
			t.Fatal(first, err)
		}
		if diverged, err := f.losses(t.Context(), level(1e300)); err != nil || len(diverged) == 40 {
			t.Fatal(diverged, err)
		}
		if again, err := f.losses(t.Context(), level(0.01)); err != nil || !slices.Equal(again, first) {
			t.Errorf("accumulate %d: %v, then %v, %v", accumulate, first, again, err)
		}
		if err := tr.close(); err != nil {
			t.Error(err)
		}
	}
}
