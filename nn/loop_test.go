package nn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

// A mirror is a small network that needs nothing of a Spec: it learns the
// negative of its target. Its loss is a sum of squares over the batch.
type mirror struct {
	inputs, hidden int
	dropout        float64
}

func (a mirror) numbers() *numbers {
	m := &numbers{}
	add := func(name string, size int, scale float32, weight bool) {
		s := random.New(1, name, 0)
		m.params = append(m.params, tensorAt{name, len(m.flat), size, true, weight})
		for i := range size {
			m.flat = append(m.flat, scale*(s.Float32(uint64(i))-0.5))
		}
	}
	add("first.weight", a.inputs*a.hidden, 1, true)
	add("first.bias", a.hidden, 0, false)
	add("second.weight", a.hidden, 1, true)
	add("second.bias", 1, 0, false)
	return m
}

func (a mirror) wire(g *graph.Graph, m *numbers, rows int, training bool) (*wiring, error) {
	x := g.Input("x", rows, a.inputs)
	w := &wiring{x: []givenNode{{values: x}}}
	param := func(i int, shape ...int) *graph.Node {
		n := g.Param(m.params[i].name, shape...)
		w.params = append(w.params, n)
		return n
	}
	g.Scope("first")
	h := g.Dense(x, param(0, a.inputs, a.hidden), param(1, a.hidden), graph.Activation{Kind: graph.Tanh})
	w.layers = append(w.layers, layerNode{"first", h})
	if training && a.dropout > 0 {
		h = g.Apply(graph.Dropout{Rate: a.dropout, Key: random.New(5, "dropout", 0).Key()}, h)
	}
	g.Scope("second")
	w.output = g.Dense(h, param(2, a.hidden, 1), param(3, 1), graph.Activation{})
	if training {
		w.layers = append(w.layers, layerNode{"second", w.output})
		w.y, w.weight = g.Input("y", rows, 1), g.Input("weight", rows)
		g.Scope("loss")
		w.loss = g.SumSquares(g.Add(w.output, w.y))
	}
	return w, g.Err()
}

// line is rows of a smooth function with noise.
func line(rows, inputs int) *Data {
	s := random.New(2, "line", uint64(rows))
	d := &Data{Rows: rows}
	for i := range rows {
		sum := 0.0
		for j := range inputs {
			v := s.Normal(uint64(i*inputs + j))
			d.Features = append(d.Features, float32(v))
			sum += v * float64(j%3-1)
		}
		d.Target = append(d.Target, math.Tanh(sum)+0.1*s.Normal(uint64(i+1_000_000)))
	}
	return d
}

// A trial is a training of a mirror.
type trial struct {
	net               mirror
	train, validation Source
	cfg               Config
}

func newTrial() trial {
	return trial{net: mirror{inputs: 5, hidden: 7, dropout: 0.1}, train: line(107, 5), validation: line(40, 5), cfg: Config{
		Optimizer: Adam{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-4},
		Epochs:    4, BatchSize: 16, Shuffle: true, Seed: 3, Threads: 1,
	}}
}

func (c trial) trainer(t testing.TB) *trainer {
	t.Helper()
	sig := &Signature{Column: "y", Task: task.Regression, Scale: 1}
	for i := range c.net.inputs {
		sig.Features = append(sig.Features, fmt.Sprint("x", i))
	}
	tr := &trainer{cfg: c.cfg, sig: sig, vocabularies: []int{0}, arch: c.net, work: "test", numbers: c.net.numbers(),
		rowLoss: func(z, y []float32) float64 { return float64(z[0]+y[0]) * float64(z[0]+y[0]) }}
	t.Cleanup(func() {
		if err := tr.close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := tr.read(c.train, c.validation); err != nil {
		t.Fatal(err)
	}
	if err := tr.prepare(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// run trains and gives all that comes out as text.
func (c trial) run(t testing.TB, ctx context.Context) (string, error) {
	t.Helper()
	var told strings.Builder
	c.cfg.OnEpoch = func(e Epoch) { fmt.Fprintln(&told, e) }
	tr := c.trainer(t)
	tr.resume()
	err := tr.fit(ctx)
	r, failed := tr.result()
	if failed != nil {
		t.Fatal(failed)
	}
	return fmt.Sprintf("%v\n%v best %d run %d stopped %v\n", told.String(), hashOf(r.flat), tr.at.Best, tr.at.Run, tr.at.Stopped), err
}

func hashOf(v []float32) string {
	var b bytes.Buffer
	writeFloats(&b, v)
	s := random.New(0, b.String(), 0)
	return fmt.Sprintf("%x", s.Key())
}

func (c trial) mustRun(t testing.TB) string {
	t.Helper()
	text, err := c.run(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// variants are trainings with different things to remember.
func variants() map[string]trial {
	list := map[string]trial{}
	add := func(name string, change func(*trial)) {
		c := newTrial()
		change(&c)
		list[name] = c
	}
	add("adam", func(*trial) {})
	add("momentum, accumulated, clipped", func(c *trial) {
		c.cfg.Optimizer = SGD{LearningRate: 1e-4, Momentum: 0.9}
		c.cfg.Accumulate, c.cfg.ClipNorm, c.cfg.ClipValue, c.cfg.L1 = 3, 0.5, 0.3, 1e-4
		c.cfg.DecayWeights = true
	})
	add("average, cosine", func(c *trial) { c.cfg.Average, c.cfg.Schedule = 0.9, Cosine{Warmup: 1, Final: 0.1} })
	add("plateau, early stopping", func(c *trial) {
		c.cfg.Optimizer = Adam{LearningRate: 0.2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
		c.cfg.Schedule, c.cfg.Epochs = Plateau{Factor: 0.5, Patience: 0}, 12
		c.cfg.EarlyStopping = &EarlyStopping{Monitor: "validation.loss", Patience: 3}
	})
	add("lion, in order, no validation", func(c *trial) {
		c.cfg.Optimizer, c.cfg.Shuffle, c.validation = Lion{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.99}, false, nil
	})
	add("streamed", func(c *trial) { c.train = slowly{c.train.(*Data)} })
	return list
}

// slowly is a Source that is not in memory, as far as the loop knows.
type slowly struct{ d *Data }

func (s slowly) Len() int { return s.d.Len() }
func (s slowly) Gather(rows []int, into *Batch) error {
	return s.d.Gather(rows, into)
}

func TestLoopLearns(t *testing.T) {
	for name, c := range variants() {
		c.cfg.Epochs = 30
		var first, last Epoch
		c.cfg.OnEpoch = func(e Epoch) {
			if last = e; e.Number == 1 {
				first = e
			}
		}
		tr := c.trainer(t)
		if err := tr.fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !(last.Values[0].Value < first.Values[0].Value) {
			t.Errorf("%s: the loss went from %v to %v", name, first.Values[0].Value, last.Values[0].Value)
		}
		var names []string
		for _, v := range last.Norms {
			names = append(names, v.Name)
			if v.Name != "learning_rate.factor" && !(v.Value > 0) {
				t.Errorf("%s: %v", name, v)
			}
		}
		if want := "learning_rate.factor activation_rms.first activation_rms.second gradient_norm.first.weight gradient_norm.first.bias " +
			"gradient_norm.second.weight gradient_norm.second.bias"; strings.Join(names, " ") != want {
			t.Errorf("%s: norms %v", name, names)
		}
	}
}

// A training that ends after any step and goes on from its checkpoint gives the
// same to the bit.
func TestLoopGoesOn(t *testing.T) {
	for name, c := range variants() {
		t.Run(name, func(t *testing.T) {
			offers := 0
			c.cfg.Checkpoint = func(func(io.Writer) error) { offers++ }
			want := c.mustRun(t)
			for _, n := range []int{1, 2, 8, offers / 2, offers - 1, offers} {
				ctx, cancel := context.WithCancel(t.Context())
				var saved bytes.Buffer
				seen := 0
				first := c
				first.cfg.Checkpoint = func(save func(io.Writer) error) {
					if seen++; seen == n {
						if err := save(&saved); err != nil {
							t.Error(err)
						}
						cancel()
					}
				}
				if _, err := first.run(t, ctx); err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				cancel()
				second := c
				second.cfg.Threads = 3
				second.cfg.Checkpoint = nil
				second.cfg.Resume = bytes.NewReader(saved.Bytes())
				second.cfg.OnAnew = func(why error) { t.Error(why) }
				if got := second.mustRun(t); got != want {
					t.Errorf("from offer %d of %d on: got\n%swant\n%s", n, offers, got, want)
				}
				if n == 8 {
					refuses(t, c, saved.Bytes(), want)
				}
			}
		})
	}
}

// refuses checks that checkpoints that make no sense change nothing.
func refuses(t *testing.T, c trial, saved []byte, want string) {
	other := bytes.Replace(saved, []byte(`"Work":"test"`), []byte(`"Work":"rest"`), 1)
	for _, bad := range [][]byte{nil, saved[:3], saved[:100], saved[:len(saved)-1], append(slices.Clone(saved), 0), other} {
		told := false
		c.cfg.Resume, c.cfg.OnAnew = bytes.NewReader(bad), func(error) { told = true }
		c.cfg.Checkpoint = nil
		if got := c.mustRun(t); got != want || !told {
			t.Errorf("a checkpoint of %d bytes, %d are right: told %v, another result %v", len(bad), len(saved), told, got != want)
		}
	}
}

// The same bits after 200 steps on any number of threads and with any kernels.
func TestLoopIsDeterministic(t *testing.T) {
	c := newTrial()
	c.net, c.train, c.validation = mirror{inputs: 60, hidden: 150, dropout: 0.2}, line(5000, 60), nil
	c.cfg.Epochs, c.cfg.BatchSize, c.cfg.Average = 2, 50, 0.99
	want := ""
	for _, table := range append(kernel.Tables(), kernel.Reference()) {
		for _, threads := range []int{1, 2, 3, 5} {
			if table.Name == kernel.Reference().Name && (threads > 1 || testing.Short()) {
				continue
			}
			c.cfg.Backend, c.cfg.Threads = cpu.On(table), threads
			got := c.mustRun(t)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s, %d threads: got\n%swant\n%s", table.Name, threads, got, want)
			}
		}
	}
}

func TestLoopStopsAtNumbersThatAreNotFinite(t *testing.T) {
	c := newTrial()
	c.cfg.Optimizer = SGD{LearningRate: 1e25}
	tr := c.trainer(t)
	before := slices.Clone(tr.numbers.flat)
	err := tr.fit(t.Context())
	var d *DivergedError
	if !errors.As(err, &d) || d.Epoch != 1 || d.Step != 2 || d.Layer != "second" && d.Layer != "loss" || d.Tensor == "" {
		t.Fatalf("got %v", err)
	}
	if slices.Equal(before, tr.numbers.flat) || !allFiniteFloats(tr.numbers.flat) {
		t.Error("the parameters are not those of the step before")
	}
	// Gradients too large to be squared, with a loss that is finite.
	c = newTrial()
	data := *line(107, 5)
	data.Weights = slices.Repeat([]float32{1}, 107)
	c.train = &data
	tr = c.trainer(t)
	for i := range tr.numbers.params[2].of(tr.numbers.flat) {
		tr.numbers.params[2].of(tr.numbers.flat)[i] = 3e18
	}
	if err := tr.fit(t.Context()); !errors.As(err, &d) || d.Step != 1 {
		t.Errorf("got %v", err)
	}
}

func allFiniteFloats(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return x-x != 0 })
}

// Rows of weight 0 teach nothing, and a batch of them is no step.
func TestLoopOfUnweightedRows(t *testing.T) {
	c := newTrial()
	d := line(16, 5)
	d.Weights = make([]float32, 16)
	d.Weights[0] = 1
	c.train, c.validation, c.cfg.Shuffle, c.cfg.BatchSize = d, nil, false, 8
	tr := c.trainer(t)
	if err := tr.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestLoopSourceThatFails(t *testing.T) {
	before := runtime.NumGoroutine()
	c := newTrial()
	c.train = &failing{slowly{line(107, 5)}, 12}
	if _, err := c.run(t, t.Context()); err == nil || err.Error() != "the training data: no disk" {
		t.Errorf("got %v", err)
	}
	waitForGoroutines(t, before)
}

// failing fails when it is asked for the n-th time.
type failing struct {
	slowly
	n int
}

func (f *failing) Gather(rows []int, into *Batch) error {
	if f.n--; f.n == 0 {
		return errors.New("no disk")
	}
	return f.slowly.Gather(rows, into)
}

func waitForGoroutines(t *testing.T, before int) {
	t.Helper()
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 1e6 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}

func TestLoopAllocatesNothing(t *testing.T) {
	for name, c := range variants() {
		c.cfg.Epochs = 1 << 20
		c.cfg.Checkpoint = func(func(io.Writer) error) {}
		c.train = line(1<<13, 5)
		tr := c.trainer(t)
		tr.cfg.Shuffle = false
		tr.feed.start(order{rows: tr.train.rows}, 0)
		if n := testing.AllocsPerRun(100, func() {
			if err := tr.step(); err != nil {
				t.Fatal(err)
			}
			tr.offer()
		}); n != 0 {
			t.Errorf("%s: %v allocations in a step", name, n)
		}
	}
}

func BenchmarkLoopStep(b *testing.B) {
	for _, size := range []struct {
		name                 string
		rows, inputs, hidden int
	}{{"tiny 16-64-1, b32", 32, 16, 64}, {"784-512-1, b256", 256, 784, 512}} {
		c := newTrial()
		c.net = mirror{inputs: size.inputs, hidden: size.hidden}
		c.train, c.validation = line(4*size.rows, size.inputs), nil
		c.cfg.BatchSize, c.cfg.Threads = size.rows, 0
		tr := c.trainer(b)
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			o := order{rows: tr.train.rows}
			for b.Loop() {
				if tr.at.Row >= tr.train.rows || tr.at.Row == 0 {
					tr.feed.stop()
					tr.at.Row = 0
					tr.feed.start(o, 0)
				}
				if err := tr.step(); err != nil {
					b.Fatal(err)
				}
			}
			tr.feed.stop()
		})
	}
}
