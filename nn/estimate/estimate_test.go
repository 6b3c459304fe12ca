package estimate

import (
	"errors"
	"math"
	"testing"
	"time"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/nn"
	"pipe/nn/xla"
)

func estimator(t *testing.T, of Training) *Estimator {
	e := NewEstimator(of)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func machine(t *testing.T, name string) Machine {
	t.Helper()
	m, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// GPUs are found by what people, drivers and plugins call them.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{"h100": "H100", "RTX 4090": "RTX4090", "rtx-4090": "RTX4090", "l40S": "L40S", "T4": "T4"} {
		if m, err := Find(name); err != nil || m.Name != want {
			t.Errorf("%q is %s (%v)", name, m.Name, err)
		}
	}
	if _, err := Find("h10"); err == nil || diag.HintOf(err) != `did you mean "H100"?` {
		t.Errorf("%v, hint %q", err, diag.HintOf(err))
	}
	for kind, want := range map[string]string{
		"NVIDIA H200": "H200", "NVIDIA H100 80GB HBM3": "H100", "NVIDIA A100-SXM4-80GB": "A100", "Tesla T4": "T4", "NVIDIA L4": "L4", "NVIDIA L40S": "L40S",
		"NVIDIA GeForce RTX 4090": "RTX4090", "NVIDIA B200": "B200",
		"NVIDIA A100-PCIE-40GB": "", "NVIDIA GeForce RTX 3090": "", "NVIDIA L40": "", "NVIDIA GH200 480GB": "", "cpu": "", "": "",
	} {
		if m, ok := Recognize(kind); m.Name != want || ok != (want != "") {
			t.Errorf("%q is recognised as %q", kind, m.Name)
		}
	}
}

// A ring moves at most twice the gradients, and one GPU exchanges nothing.
func TestExchange(t *testing.T) {
	m := Machine{Link: 100e9}
	if got := m.exchange(1e9, 1); got != 0 {
		t.Errorf("one GPU exchanges for %v", got)
	}
	if got, want := m.exchange(1e9, 4), 60*time.Millisecond+6*hop; got != want { // 2 x 3/4 x 4 GB
		t.Errorf("4 GPUs exchange 1e9 parameters in %v, not %v", got, want)
	}
	stream := random.New(1, "exchange", 0)
	for i := range uint64(200) {
		n, parameters := 2+stream.IntN(2*i, 100), 1+stream.IntN(2*i+1, 1e9)
		got := m.exchange(parameters, n)
		if more := m.exchange(2*parameters, n); more <= got && parameters > 1e3 {
			t.Errorf("%d GPUs exchange %d parameters in %v, twice as many in %v", n, parameters, got, more)
		}
		if more := m.exchange(parameters, n+1); more <= got {
			t.Errorf("%d parameters take %d GPUs %v, one GPU more %v", parameters, n, got, more)
		}
		limit := 8*float64(parameters)/m.Link + float64(2*n-2)*hop.Seconds()
		if got.Seconds() > limit {
			t.Errorf("%d GPUs exchange %d parameters in %v, which is more than twice the gradients", n, parameters, got)
		}
	}
	m.Link = 200e9
	if half := m.exchange(1e9, 4); half >= 60*time.Millisecond {
		t.Errorf("with twice the speed it takes %v", half)
	}
}

// More work takes longer, and a better machine less long.
func TestMonotony(t *testing.T) {
	e := estimator(t, mlp(64, 100, 300, 10))
	h100 := machine(t, "h100")
	var before Plan
	for _, batch := range []int{1, 2, 16, 64, 256, 1024, 4096} {
		p, err := e.On(h100, batch, 1)
		if err != nil {
			t.Fatal(err)
		}
		if batch > 1 && (p.Cost.Step < before.Cost.Step || p.Cost.Epoch > before.Cost.Epoch || p.Memory.Total() < before.Memory.Total()) {
			t.Errorf("batches of %d: %+v\nof %d: %+v", before.Batch, before, batch, p)
		}
		before = p
		for _, better := range []func(*Machine){
			func(m *Machine) { m.Float32 *= 2 },
			func(m *Machine) { m.Bandwidth *= 2 },
			func(m *Machine) { m.Link *= 2 },
		} {
			m := h100
			better(&m)
			for _, gpus := range []int{1, 4} {
				if batch%gpus != 0 {
					continue
				}
				worse, err := e.On(h100, batch, gpus)
				if err != nil {
					t.Fatal(err)
				}
				if q, err := e.On(m, batch, gpus); err != nil || q.Cost.Total > worse.Cost.Total {
					t.Errorf("batches of %d on %d GPUs take %v, on better ones %v (%v)", batch, gpus, worse.Cost.Total, q.Cost.Total, err)
				}
			}
		}
	}
	for _, change := range []func(*Training){
		func(x *Training) { x.Rows *= 2 },
		func(x *Training) { x.Config.Epochs *= 2 },
		func(x *Training) { x.Validation = x.Rows },
		func(x *Training) { x.Deterministic = true },
		func(x *Training) { x.Spec.Layers = append([]nn.Layer{x.Spec.Layers[0]}, x.Spec.Layers...) },
	} {
		more := e.Training
		change(&more)
		p, err := estimator(t, more).On(h100, 64, 1)
		if q, _ := e.On(h100, 64, 1); err != nil || p.Cost.Total <= q.Cost.Total {
			t.Errorf("more work takes %v, not more than %v (%v)", p.Cost.Total, q.Cost.Total, err)
		}
	}
}

// For a deadline there are as many GPUs as it takes, and no more.
func TestDeadline(t *testing.T) {
	e := estimator(t, mlp(4096, 4096, 4096, 4096, 4096, 4096))
	a100 := machine(t, "a100")
	one, err := e.On(a100, 4096, 1)
	if err != nil {
		t.Fatal(err)
	}
	last := maxGPUs
	for _, part := range []float64{0.001, 0.2, 0.3, 0.5, 0.7, 0.9, 1, 10} {
		deadline := times(one.Cost.Total, part)
		p, err := e.Within(a100, 4096, deadline)
		if err != nil {
			t.Fatal(err)
		}
		if p.GPUs > last {
			t.Errorf("%v takes %d GPUs, less time %d", deadline, p.GPUs, last)
		}
		last = p.GPUs
		if p.Efficiency > 1+1e-9 || p.Efficiency <= 0 || p.GPUs == 1 && p.Efficiency != 1 {
			t.Errorf("%d GPUs have an efficiency of %v", p.GPUs, p.Efficiency)
		}
		if p.Cost.Total > deadline {
			if part > 0.01 {
				t.Errorf("%d GPUs take %v, not %v", p.GPUs, p.Cost.Total, deadline)
			}
			continue
		}
		for fewer := 1; fewer < p.GPUs; fewer++ {
			if 4096%fewer != 0 {
				continue
			}
			if q, err := e.On(a100, 4096, fewer); err != nil || q.Cost.Total <= deadline {
				t.Errorf("%d GPUs take %v, which is in time (%v), but it was to be %d", fewer, q.Cost.Total, err, p.GPUs)
			}
		}
	}
	slow := a100
	slow.Link = 1e6
	if p, err := e.On(slow, 4096, 4); err != nil || p.Cost.Step < p.Cost.Exchange || p.Cost.Epoch < time.Duration(e.steps(4096))*p.Cost.Exchange {
		t.Errorf("%d steps with an exchange of %v take %v (%v)", e.steps(4096), p.Cost.Exchange, p.Cost.Epoch, err)
	}
	if p, err := e.Within(a100, 7, time.Nanosecond); err != nil || p.GPUs != 7 && p.GPUs != 1 {
		t.Errorf("batches of 7 rows are shared by %d GPUs (%v)", p.GPUs, err)
	}
}

// What does not fit is said not to, and the batch that is said to fit does.
func TestFits(t *testing.T) {
	x := cnn()
	x.Rows = MaxBatch
	e := estimator(t, x)
	for _, m := range Machines() {
		p, err := e.On(m, 64, 1)
		if err != nil {
			t.Fatal(err)
		}
		for batch, fits := range map[int]bool{p.Largest: true, 4 * p.Largest: p.Largest == MaxBatch} {
			if batch > MaxBatch {
				continue
			}
			if q, err := e.On(m, batch, 1); err != nil || q.Fits != fits {
				t.Errorf("%s: up to %d fit; %d: %v (%v)", m.Name, p.Largest, batch, q.Fits, err)
			}
		}
	}
	small := machine(t, "t4")
	small.Memory = reserved + 1<<20
	if p, err := e.On(small, 64, 1); err != nil || p.Fits || p.Largest != 0 || p.Cost != (Cost{}) {
		t.Errorf("the network fits into a megabyte: %+v (%v)", p, err)
	}
}

// Rows that leave a GPU no room come with each batch, which takes time.
func TestFeed(t *testing.T) {
	e := estimator(t, mlp(64, 1000, 10))
	m := machine(t, "t4")
	m.Memory = 1 << 40
	near, err := e.On(m, 64, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Memory = 3 << 30
	e.Rows = 1 << 20
	far, err := estimator(t, e.Training).On(m, 64, 1)
	if err != nil {
		t.Fatal(err)
	}
	bytes := 4. * (1000 + 2) * 64 // with target and weight
	if want := time.Duration(bytes / (feedShare * m.Feed) * 1e9); near.Memory.Data == 0 || far.Memory.Data != 0 || (far.Cost.Step-near.Cost.Step-want).Abs() > want/50 {
		t.Errorf("a step takes %v with rows of %d bytes, and %v with %d, not %v more", near.Cost.Step, near.Memory.Data, far.Cost.Step, far.Memory.Data, want)
	}
	if batches := float64(e.Rows / 64); far.Cost.Epoch < times(far.Cost.Step, batches) {
		t.Errorf("an epoch takes %v, %v steps of %v do", far.Cost.Epoch, batches, far.Cost.Step)
	}
}

// A GPU without a unit for a precision is as fast as in float32.
func TestPrecisions(t *testing.T) {
	t4, h100 := machine(t, "t4"), machine(t, "h100")
	if t4.peak(xla.BFloat16) != t4.Float32 || h100.peak(xla.TF32) != h100.TF32 || h100.peak(xla.BFloat16) != h100.BFloat16 {
		t.Error("the peak of a precision is not that of its units")
	}
}

// The processor of this machine is measured, and the model held against it.
func TestHere(t *testing.T) {
	x := mlp(16, 10, 8, 3)
	x.Rows, x.Validation, x.Precision = 100, 20, xla.BFloat16
	r, err := estimator(t, x).Answer(t.Context(), Question{Hands: []Hand{{Name: "CPU", Threads: 1, Memory: 1 << 40}}, Measure: time.Millisecond, Batches: []int{16, 50, 200, 200}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Steps != 7 || r.Parameters != 10*8+8+8*3+3 || len(r.Here) != 3 || r.Here[2].Batch != 100 {
		t.Errorf("%+v", r)
	}
	for _, m := range r.Here {
		steps := float64((100 + m.Batch - 1) / m.Batch)
		if m.Step <= 0 || m.Epoch < m.Step*Time(steps) || m.Total != m.Epoch*10 || m.Memory == 0 || m.Modelled <= 0 {
			t.Errorf("%+v", m)
		}
		if math.Abs(float64(m.Modelled/m.Step)-1-m.Error) > 1e-9 {
			t.Errorf("measured %v, modelled %v, error %v", m.Step, m.Modelled, m.Error)
		}
	}
	x.Rows = MaxBatch
	r, err = estimator(t, x).Answer(t.Context(), Question{Hands: []Hand{{Name: "CPU", Memory: 10}}, Measure: time.Hour, Batches: []int{16, MaxBatch}})
	if err != nil || r.Here[0].Fits || r.Here[0].Step != 0 || !r.Here[1].Rough || r.Here[1].Memory < 4*(10+8)*MaxBatch {
		t.Errorf("what does not fit is measured: %+v (%v)", r.Here, err)
	}
}

// What the compiler says takes the place of what the model says.
func TestCompile(t *testing.T) {
	e := estimator(t, mlp(16, 10, 8, 3))
	q := Question{Machines: []Machine{machine(t, "h100")}, Compile: func(m Machine, text string) (int64, error) {
		if m.Name != "H100" || text == "" {
			t.Errorf("%d bytes are compiled for %s", len(text), m.Name)
		}
		return 100e9, nil
	}}
	r, err := e.Answer(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if l := r.There[0]; !l.Compiled || l.Fits || l.Memory < 100e9 {
		t.Errorf("%+v", l)
	}
	failed := errors.New("no")
	q.Compile = func(Machine, string) (int64, error) { return 0, failed }
	if r, err = e.Answer(t.Context(), q); err != nil || r.There[0].Compiled || !r.There[0].Fits || r.There[0].Refused != "no" {
		t.Errorf("what cannot be compiled is not modelled: %+v (%v)", r.There, err)
	}
}
