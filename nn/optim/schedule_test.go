package optim

import (
	"encoding/json"
	"math"
	"testing"
)

func TestSchedulesAgreeWithPyTorch(t *testing.T) {
	want := readOracle(t).Schedules
	for name, s := range map[string]Factor{
		"constant": Constant{}, "constant, warm-up": Constant{1.5}, "step": StepDecay{2, 0.3}, "exponential": Exponential{0.7},
		"cosine": Cosine{0, 0.1}, "cosine, warm-up": Cosine{1.5, 0}, "one_cycle": OneCycle{0.3},
	} {
		if len(want[name]) != 21 {
			t.Errorf("%s: no values", name)
		}
		for step, v := range want[name] {
			if got := s.At(Progress{step, 3, 7}); math.Abs(got-v) > 1e-12 {
				t.Errorf("%v at step %d: %v, PyTorch has %v", s, step, got, v)
			}
		}
	}
}

func TestPlateauAgreesWithPyTorch(t *testing.T) {
	o := readOracle(t)
	s := Plateau{Factor: 0.3, Patience: 2, MinDelta: 0.1, Min: 0.01}
	now := s.Start()
	for i, v := range o.Curve {
		now = s.Observe(now, v)
		if math.Abs(now.Factor-o.Plateau[i]) > 1e-15 {
			t.Errorf("after epoch %d: %v, PyTorch has %v", i+1, now.Factor, o.Plateau[i])
		}
		text, err := json.Marshal(now) // a checkpoint
		if err != nil {
			t.Fatal(err)
		}
		now = PlateauState{}
		if err := json.Unmarshal(text, &now); err != nil {
			t.Fatal(err)
		}
	}
	if s.At(Progress{1, 1, 1}) != 1 {
		t.Error("a plateau is no function of the step")
	}
}

// Whatever the sizes, factors are numbers from 0 to 1, and get to their ends.
func TestSchedulesOfAllSizes(t *testing.T) {
	for steps := 1; steps < 5; steps++ {
		for epochs := 1; epochs < 5; epochs++ {
			for _, s := range []Factor{Constant{}, Constant{0.3}, Constant{9}, StepDecay{1, 0.5}, Exponential{1}, Cosine{}, Cosine{0.5, 0.5}, Cosine{9, 1},
				OneCycle{1e-9}, OneCycle{0.3}, OneCycle{1 - 1e-9}} {
				for step := range steps*epochs + 2 {
					if v := s.At(Progress{step, steps, epochs}); !(v >= 0 && v <= 1) {
						t.Errorf("%v of %d epochs of %d steps: %v at step %d", s, epochs, steps, v, step)
					}
				}
			}
		}
	}
	for x, want := range map[float64]float64{0: 1, 0.5: 0, 1: -1, 0.25: math.Sqrt2 / 2} {
		if got := cosPi(x); math.Abs(got-want) > 1e-15 {
			t.Errorf("cosPi(%v) = %v", x, got)
		}
	}
}
