package optim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/nn/backend"
	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

// An oracle is what PyTorch gives: see testdata/oracle.py.
type oracle struct {
	Optimizers []struct {
		Kind      string
		Settings  json.RawMessage
		L1        float64
		ClipValue float64 `json:"clip_value"`
		ClipNorm  float64 `json:"clip_norm"`
		Begin     []float32
		Grads     [][]float32
		Norms     []float64
		End       []float32
	}
	Schedules map[string][]float64
	Curve     []float64
	Plateau   []float64
}

func readOracle(t testing.TB) (o oracle) {
	t.Helper()
	data, err := os.ReadFile("testdata/oracle.json")
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// decode makes an optimizer of settings.
func decode(t *testing.T, kind string, settings json.RawMessage) Rule {
	read := func(o any) {
		if err := json.Unmarshal(settings, o); err != nil {
			t.Fatal(err)
		}
	}
	switch kind {
	case "sgd":
		var o SGD
		read(&o)
		return o
	case "adam":
		var o Adam
		read(&o)
		return o
	case "adamw":
		var o AdamW
		read(&o)
		return o
	case "rmsprop":
		var o RMSprop
		read(&o)
		return o
	case "adagrad":
		var o Adagrad
		read(&o)
		return o
	}
	var o Lion
	read(&o)
	return o
}

func TestOptimizersAgreeWithPyTorch(t *testing.T) {
	for i, c := range readOracle(t).Optimizers {
		o, reg := decode(t, c.Kind, c.Settings), Regularization{c.L1, c.ClipValue, c.ClipNorm}
		t.Run(fmt.Sprint(i, " ", o, reg), func(t *testing.T) {
			params, grads := slices.Clone(c.Begin), make([]float32, len(c.Begin))
			u, err := newUpdater(o, reg, params, grads, []Range{{0, 11, true}, {11, 6, false}}, kernel.Tables()[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			for step, g := range c.Grads {
				for j := range g { // the scale makes good for it
					grads[j] = 4 * g[j]
				}
				norm := u.Step(step+1, 1, 0.25)
				if reg.ClipNorm > 0 && math.Abs(norm-c.Norms[step]) > 1e-6*norm {
					t.Errorf("step %d: norm %v, PyTorch has %v", step+1, norm, c.Norms[step])
				}
			}
			for j, want := range c.End {
				if math.Abs(float64(params[j]-want)) > 1e-6*max(1, math.Abs(float64(want))) {
					t.Errorf("parameter %d is %v, PyTorch has %v", j, params[j], want)
				}
			}
		})
	}
}

// An updater is a step as a program.
type updater struct {
	s       *Step
	program backend.Program
	memory  [][]float32
	norm    []float32
}

func newUpdater(o Rule, reg Regularization, params, grads []float32, ranges []Range, table *kernel.Table, threads int) (*updater, error) {
	for _, r := range ranges {
		if r.From < 0 || r.Size > len(params)-r.From {
			return nil, errors.New("a range outside of the parameters")
		}
	}
	g := graph.New()
	s, err := Build(g, o, reg, ranges)
	if err != nil {
		return nil, err
	}
	u := &updater{s: s, memory: s.Memory(len(params)), norm: make([]float32, 1)}
	b := cpu.On(table)
	places := map[*graph.Node]backend.Place{}
	var keep []*graph.Node
	if s.Norm != nil {
		keep = append(keep, s.Norm)
	}
	for _, p := range s.Parts {
		places[p.Param] = backend.Place{Variable: b.Variable(params), From: p.From}
		places[p.Grad] = backend.Place{Variable: b.Variable(grads), From: p.From}
		for i, m := range p.Memory {
			if m != nil {
				places[m] = backend.Place{Variable: b.Variable(u.memory[i]), From: p.From}
			}
		}
	}
	u.program, err = b.Compile(g, keep, backend.Options{Threads: threads, Places: places})
	return u, err
}

func (u *updater) Step(t int, factor, scale float64) float64 {
	hyper, before := u.s.Numbers(t, factor, scale)
	u.program.Write(u.s.Hyper, hyper)
	if u.s.Before != nil {
		u.program.Write(u.s.Before, before)
	}
	u.program.Run(0)
	if u.s.Norm != nil {
		u.program.Read(u.s.Norm, u.norm)
	}
	return float64(u.norm[0])
}

func (u *updater) Memory() [][]float32 { return u.memory }
func (u *updater) Close() error        { return u.program.Close() }

// every is one optimizer of each kind, with all options on.
var every = []Rule{
	SGD{0.1, 0.9, true, 0.01}, SGD{LearningRate: 0.1}, Adam{0.01, 0.9, 0.999, 1e-8, 0.01}, AdamW{0.01, 0.9, 0.999, 1e-8, 0.01},
	RMSprop{0.01, 0.9, 1e-8, 0.5, true, 0.01}, Adagrad{0.1, 0.1, 1e-10, 0.01}, Lion{0.01, 0.9, 0.99, 0.1},
}

// run does steps on n parameters, of which some are in no range.
func run(t *testing.T, o Rule, reg Regularization, n int, table *kernel.Table, threads int, restart bool) []float32 {
	t.Helper()
	stream := random.New(1, "run", 0)
	noise := func(step, i int) float32 { return stream.At(uint64(step)).Float32(uint64(i))*2 - 1 }
	params, grads := make([]float32, n), make([]float32, n)
	for i := range params {
		params[i] = noise(0, i)
	}
	ranges := []Range{{0, 17, false}, {17, n / 2, true}, {17 + n/2, 3, true}, {n - 5, 4, false}}
	var u *updater
	start := func() {
		var memory [][]float32
		if u != nil {
			memory = u.Memory()
			u.Close()
		}
		var err error
		if u, err = newUpdater(o, reg, params, grads, ranges, table, threads); err != nil {
			t.Fatal(err)
		}
		for i, m := range memory {
			copy(u.Memory()[i], m)
		}
	}
	start()
	for step := 1; step <= 4; step++ {
		if restart && step == 3 {
			start()
		}
		for i := range grads {
			grads[i] = noise(step, i)
		}
		u.Step(step, 1/float64(step), 0.5)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{n - 1, n - 6, 17 + n/2 + 3} {
		if params[i] != noise(0, i) {
			t.Errorf("%v: parameter %d is in no range and has changed", o, i)
		}
	}
	return params
}

// Tables, numbers of threads and interruptions do not change a bit.
func TestUpdaterIsDeterministic(t *testing.T) {
	for _, o := range every {
		for _, reg := range []Regularization{{}, {ClipNorm: 1}, {0.1, 0.3, 1}} {
			const small, large = 101, 40_003
			want := run(t, o, reg, small, kernel.Reference(), 1, false)
			for _, table := range kernel.Tables() {
				if got := run(t, o, reg, small, table, 1, true); !slices.Equal(got, want) {
					t.Errorf("%v, %v: %v differs from the reference", o, reg, table)
				}
			}
			want = run(t, o, reg, large, kernel.Tables()[0], 1, false)
			for threads := 2; threads <= 3; threads++ {
				if got := run(t, o, reg, large, kernel.Tables()[0], threads, true); !slices.Equal(got, want) {
					t.Errorf("%v, %v: %d threads differ from one", o, reg, threads)
				}
			}
		}
	}
}

func TestUpdaterDoesNotAllocate(t *testing.T) {
	params, grads := make([]float32, 1000), make([]float32, 1000)
	u, err := newUpdater(every[2], Regularization{0.1, 1, 1}, params, grads, []Range{{0, 1000, true}}, kernel.Tables()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if n := testing.AllocsPerRun(100, func() { u.Step(1, 1, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestGradientsThatAreNotFiniteShowInTheNorm(t *testing.T) {
	params, grads := make([]float32, 100), make([]float32, 100)
	u, err := newUpdater(every[0], Regularization{ClipNorm: 1}, params, grads, []Range{{0, 100, true}}, kernel.Tables()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
		grads[70] = float32(bad)
		if norm := u.Step(1, 1, 1); norm-norm == 0 {
			t.Errorf("a gradient of %v has norm %v", bad, norm)
		}
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for want, v := range map[string]interface{ Validate() error }{
		"nesterov: nesterov needs a momentum":                SGD{LearningRate: 1, Nesterov: true},
		"sgd: momentum 1 is not in [0, 1)":                   SGD{LearningRate: 1, Momentum: 1},
		"sgd: learning rate 0 is not a positive number":      SGD{},
		"sgd: weight decay -1 is negative or no number":      SGD{LearningRate: 1, WeightDecay: -1},
		"adam: beta1 NaN is not in [0, 1)":                   Adam{1, nan, 0, 1, 0},
		"adam: beta2 1 is not in [0, 1)":                     Adam{1, 0, 1, 1, 0},
		"adamw: epsilon 0 is not a positive number":          AdamW{1, 0, 0, 0, 0},
		"adam: learning rate +Inf is not a positive number":  Adam{inf, 0, 0, 1, 0},
		"rmsprop: alpha -1 is not in [0, 1)":                 RMSprop{LearningRate: 1, Alpha: -1, Epsilon: 1},
		"rmsprop: momentum 2 is not in [0, 1)":               RMSprop{LearningRate: 1, Epsilon: 1, Momentum: 2},
		"rmsprop: epsilon NaN is not a positive number":      RMSprop{LearningRate: 1, Epsilon: nan},
		"adagrad: initial -1 is negative or no number":       Adagrad{1, -1, 1, 0},
		"adagrad: epsilon 0 is not a positive number":        Adagrad{1, 0, 0, 0},
		"lion: beta2 1 is not in [0, 1)":                     Lion{1, 0, 1, 0},
		"gradients: l1 NaN is negative or no number":         Regularization{L1: nan},
		"gradients: clip value -1 is negative or no number":  Regularization{ClipValue: -1},
		"gradients: clip norm +Inf is negative or no number": Regularization{ClipNorm: inf},
		"constant schedule: warmup is -1: want 0 to 2.147":   Constant{-1},
		"step schedule: every is 0: want at least 1":         StepDecay{0, 0.5},
		"step schedule: factor is 2: want 1e-09 to 1":        StepDecay{1, 2},
		"exponential schedule: factor is 0: want 1e-09 to 1": Exponential{0},
		"cosine schedule: warmup is NaN":                     Cosine{nan, 0},
		"cosine schedule: final is 2: want 0 to 1":           Cosine{0, 2},
		"one_cycle schedule: rise is 0":                      OneCycle{0},
		"reduce_on_plateau schedule: patience is -1":         Plateau{Factor: 0.5, Patience: -1},
		"reduce_on_plateau schedule: factor is 1":            Plateau{Factor: 1},
		"reduce_on_plateau schedule: min is -1":              Plateau{Factor: 0.5, Min: -1},
		"reduce_on_plateau schedule: min_delta is NaN":       Plateau{Factor: 0.5, MinDelta: nan},
		`unknown initializer "he"`:                           Initializer("he"),
	} {
		if err := v.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%#v: %v, want %s", v, err, want)
		}
	}
	for _, v := range every {
		if err := v.Validate(); err != nil {
			t.Error(err)
		}
	}
	p := make([]float32, 10)
	for _, ranges := range [][]Range{{{0, 11, true}}, {{5, 5, true}, {0, 5, true}}, {{0, 5, true}, {4, 5, true}}, {{0, 0, true}}, {{-1, 5, true}}, {{math.MaxInt, 5, true}}} {
		if _, err := newUpdater(every[0], Regularization{}, p, p, ranges, kernel.Tables()[0], 1); err == nil {
			t.Errorf("ranges %v were taken", ranges)
		}
	}
	for _, o := range every {
		if s := o.String(); !strings.Contains(s, "learning_rate=0.") || !strings.HasSuffix(s, ")") {
			t.Error(s)
		}
	}
}

// A step of the parameters of a 784-512-512-10 network.
func BenchmarkUpdater(b *testing.B) {
	const n = 668_672
	params, grads := make([]float32, n), make([]float32, n)
	for i := range params {
		params[i], grads[i] = float32(i%7), float32(i%5)-2
	}
	for _, o := range every {
		for _, reg := range []Regularization{{}, {ClipNorm: 1}} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%T/clip %v/%d threads", o, reg.ClipNorm, threads), func(b *testing.B) {
					u, err := newUpdater(o, reg, params, grads, []Range{{0, n, true}}, kernel.Tables()[0], threads)
					if err != nil {
						b.Fatal(err)
					}
					defer u.Close()
					moved := 3
					for _, m := range u.Memory() {
						if m != nil {
							moved += 2
						}
					}
					b.ReportAllocs()
					for b.Loop() {
						u.Step(1, 1e-6, 1)
					}
					b.ReportMetric(float64(4*n*moved)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
				})
			}
		}
	}
}
