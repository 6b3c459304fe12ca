package xla_test

import (
	"errors"
	"slices"
	"testing"

	"pipe/nn"
	"pipe/nn/xla"
)

// sketches drafts the programs of a training with batches of 16.
func sketches(t *testing.T, o xla.Options, change func(*training)) (*xla.Draft, *nn.Workload) {
	t.Helper()
	c := mlp()
	c.spec.Layers = layers(dense(8, nn.Tanh), dense(5, nn.ReLU))
	c.cfg.Average, c.cfg.ClipNorm = 0, 0
	change(&c)
	d := xla.NewDraft(o)
	c.cfg.Backend = d
	w, err := nn.NewWorkload(c.spec, c.sig, 160, 16, c.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, w
}

func step(w *nn.Workload) *xla.Sketch {
	i := slices.IndexFunc(w.Passes, func(p nn.Pass) bool { return p.Whole })
	return w.Passes[i].Program.(*xla.Sketch)
}

// A draft counts what a step takes: of three products forward, as many for the
// gradients of weights, and one less for those of inputs; and results for as long as
// they are needed.
func TestDraft(t *testing.T) {
	const rows, parameters = 16, 6*8 + 8 + 8*5 + 5 + 5*3 + 3
	d, w := sketches(t, xla.Options{}, func(*training) {})
	s := step(w)
	forward := 2. * rows * (6*8 + 8*5 + 5*3)
	if want := 3*forward - 2*rows*6*8; s.Flops() != want {
		t.Errorf("a step has %v operations, not %v", s.Flops(), want)
	}
	products, pieces, names := 0., 0, []string{}
	for _, o := range s.Operations {
		products += o.Products
		pieces += o.Pieces
		names = append(names, o.Name)
		if o.Moved <= 0 || o.Windows != 0 {
			t.Errorf("%+v", o)
		}
	}
	if products != s.Flops() || pieces <= len(s.Operations) || slices.Contains(names, "assign") {
		t.Errorf("%v operations in %d pieces of %v", products, pieces, names)
	}
	if s.Gradients > 4*parameters || s.Working < s.Gradients || s.Working < 4*parameters || len(s.Layers) == 0 {
		t.Errorf("%d bytes of results, %d of gradients of %d parameters, of layers %v", s.Working, s.Gradients, parameters, s.Layers)
	}
	// Parameters and two moments; rows of a batch with target and weight for a step,
	// those alone for each measurement; and whether training has halted.
	if want := int64(4 * (3*parameters + rows*8 + 160*6 + rows*6 + 1)); d.Held() != want {
		t.Errorf("%d bytes are held, not %d", d.Held(), want)
	}
	var sum int64
	for _, l := range s.Layers {
		sum += l.Bytes
	}
	if sum+s.Gradients != s.Working {
		t.Errorf("layers have %d bytes and gradients %d, all together %d", sum, s.Gradients, s.Working)
	}
	if err := s.Run(1); err == nil {
		t.Error("a sketch runs")
	}
}

// Numbers of bfloat16 are half as large, but for parameters.
func TestDraftOfPrecision(t *testing.T) {
	wide := func(c *training) { c.spec.Layers, c.cfg.BatchSize = layers(dense(64, nn.Tanh), dense(64, nn.Tanh)), 64 }
	_, w := sketches(t, xla.Options{}, wide)
	full := step(w)
	_, w = sketches(t, xla.Options{Precision: xla.BFloat16}, wide)
	half := step(w)
	if got, want := half.Working-half.Gradients, (full.Working-full.Gradients)/2; got > want+want/4 || got < want-want/4 {
		t.Errorf("results take %d bytes in bfloat16, %d in float32", half.Working-half.Gradients, full.Working-full.Gradients)
	}
}

// What is made element by element for others of that kind is not kept.
func TestDraftFuses(t *testing.T) {
	_, w := sketches(t, xla.Options{}, func(*training) {})
	plain := step(w)
	_, w = sketches(t, xla.Options{}, func(c *training) {
		c.spec.Layers = layers(dense(8, nn.Tanh), nn.NewLayer("activation", &nn.Activate{Kind: nn.ReLU}), nn.NewLayer("activation", &nn.Activate{Kind: nn.Tanh}), dense(5, nn.ReLU))
	})
	if more := step(w).Working - plain.Working; more > 4*16*8 {
		t.Errorf("two activations more take %d bytes, which is more than one of them is large", more)
	}
}

// Nothing is on a device that is not there.
func TestDraftWithoutRoom(t *testing.T) {
	d := xla.NewDraft(xla.Options{})
	if d.Room() != 0 {
		t.Error("a draft has room for data")
	}
	if _, err := d.Order(3); err == nil {
		t.Error("a draft keeps an order of rows")
	}
	if _, err := xla.NewCompiler("/nowhere.so"); err == nil {
		t.Error("there is a compiler nowhere")
	}
}

// A device says how much memory a drafted program takes.
func TestMemoryOfDraft(t *testing.T) {
	d := open(t, xla.Options{Deterministic: true})
	_, w := sketches(t, xla.Options{Deterministic: true}, func(*training) {})
	bytes, err := d.Memory(step(w).Text())
	if err != nil || bytes < 100 || bytes > 1<<20 {
		t.Errorf("a step takes %d bytes (%v)", bytes, err)
	}
	if _, err := d.Memory("module {"); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("what is no module is compiled: %v", err)
	}
}
