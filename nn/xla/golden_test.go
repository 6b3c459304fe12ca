package xla

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/optim"
)

var update = flag.Bool("update", false, "rewrite the modules in testdata from what the code does")

// training is a step of training as the training loop plans it: gradients of a
// batch, and what becomes of the parameters; with a guard. Its gradients are
// scratch memory.
func training(t *testing.T, d *Device) (parts []backend.Part, o backend.JoinOptions) {
	t.Helper()
	const rows, features, hidden, classes, key = 8, 3, 4, 2, 5
	g, places := graph.New(), map[*graph.Node]backend.Place{}
	sizes := []int{features * hidden, hidden, hidden * classes, classes}
	total := 0
	for _, n := range sizes {
		total += n
	}
	variable := func() backend.Variable { return d.Variable(make([]float32, total), sizes...) }
	params, gradients := variable(), variable()
	halt := d.Variable(make([]float32, 1))
	from := 0
	place := func(n *graph.Node, v backend.Variable, from int) *graph.Node {
		places[n] = backend.Place{Variable: v, From: from}
		return n
	}
	var leaves []*graph.Node
	param := func(name string, shape ...int) *graph.Node {
		n := place(g.Param(name, shape...), params, from)
		from += n.Shape().Size()
		leaves = append(leaves, n)
		return n
	}
	batch := func(name string, shape ...int) *graph.Node {
		n := g.Input(name, shape...)
		places[n] = backend.Place{Variable: d.Variable(make([]float32, n.Shape().Size())), Batch: true}
		return n
	}
	x, y, w := batch("rows", rows, features), batch("classes", rows), batch("weights", rows)
	h := g.Dense(x, param("hidden", features, hidden), param("hidden bias", hidden), graph.Activation{Kind: graph.ReLU})
	h = g.Apply(graph.Dropout{Rate: 0.5, Key: key}, h)
	z := g.Dense(h, param("out", hidden, classes), param("out bias", classes), graph.Activation{})
	loss := g.Loss(graph.Loss{Kind: graph.SoftmaxCrossEntropy}, z, y, w)
	grads, err := g.Grad(loss, leaves...)
	if err != nil {
		t.Fatal(err)
	}
	from = 0
	for _, n := range grads {
		g.Assign(place(g.State("gradient", n.Shape()...), gradients, from), n)
		from += n.Shape().Size()
	}

	u, after := graph.New(), map[*graph.Node]backend.Place{}
	rule := optim.Adam{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	step, err := optim.Build(u, rule, optim.Regularization{ClipNorm: 1}, []optim.Range{{Size: total, Decays: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range step.Parts {
		after[p.Param], after[p.Grad] = backend.Place{Variable: params}, backend.Place{Variable: gradients}
		for _, n := range p.Memory {
			after[n] = backend.Place{Variable: variable()}
		}
	}
	parts = []backend.Part{{Graph: g, Keep: []*graph.Node{loss}, Places: places}, {Graph: u, Keep: []*graph.Node{step.Norm}, Places: after}}
	return parts, backend.JoinOptions{Guard: []*graph.Node{loss}, Halt: halt, Scratch: []backend.Variable{gradients}}
}

// The module of a step of training is what it was.
func TestModule(t *testing.T) {
	for name, o := range map[string]Options{
		"step":           {Precision: Float32, Devices: 1},
		"step_bfloat16":  {Precision: BFloat16, Devices: 1},
		"step_2_devices": {Precision: Float32, Devices: 2},
	} {
		d := &Device{o: o}
		parts, join := training(t, d)
		hold(t, d, name, parts, join)
	}
}

// Attention is a call of cuDNN's where it applies, with the operands, layouts and
// configuration that JAX 0.10 lowers its own to.
func TestFusedAttention(t *testing.T) {
	build := func(o graph.Attention, ragged bool) backend.Part {
		g := graph.New()
		const n, steps, width = 2, 16, 32
		x := g.Param("x", n, steps, width)
		var lengths *graph.Node
		if ragged {
			lengths = g.Input("lengths", n)
		}
		q := g.Dense(x, g.Param("w", width, width), nil, graph.Activation{})
		grads, err := g.Grad(g.SumSquares(g.Attention(q, x, x, lengths, o)), x)
		if err != nil {
			t.Fatal(err)
		}
		return backend.Part{Graph: g, Keep: grads}
	}
	fast := Options{Precision: BFloat16, Devices: 1}
	for name, c := range map[string]struct {
		o      Options
		a      graph.Attention
		ragged bool
		calls  int
	}{
		"applies":       {o: fast, a: graph.Attention{Heads: 4, Causal: true}, calls: 2},
		"float32":       {o: Options{Precision: Float32, Devices: 1}, a: graph.Attention{Heads: 4}},
		"deterministic": {o: Options{Precision: BFloat16, Devices: 1, Deterministic: true}, a: graph.Attention{Heads: 4}},
		"switched off":  {o: Options{Precision: BFloat16, Devices: 1, Unfused: true}, a: graph.Attention{Heads: 4}},
		"two devices":   {o: Options{Precision: BFloat16, Devices: 2}, a: graph.Attention{Heads: 4}},
		"narrow heads":  {o: fast, a: graph.Attention{Heads: 8}},
		"dropout":       {o: fast, a: graph.Attention{Heads: 4, Dropout: 0.1}},
		"lengths":       {o: fast, a: graph.Attention{Heads: 4}, ragged: true},
	} {
		d := &Device{o: c.o, name: "cuda"}
		parts := []backend.Part{build(c.a, c.ragged)}
		m, err := d.build(parts, backend.JoinOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(m.text, "custom_call @__cudnn$fmhaSoftmax"); n != c.calls {
			t.Errorf("%s: %d calls, want %d", name, n, c.calls)
		}
		if c.calls > 0 {
			hold(t, d, "attention_cudnn", parts, backend.JoinOptions{})
		}
	}
}

// hold holds a module against its text in testdata.
func hold(t *testing.T, d *Device, name string, parts []backend.Part, join backend.JoinOptions) {
	t.Helper()
	m, err := d.build(parts, join)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".mlir")
	if *update {
		if err := os.WriteFile(file, []byte(m.text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if m.text == string(want) {
		return
	}
	got, lines := strings.Split(m.text, "\n"), strings.Split(string(want), "\n")
	i := 0
	for i < min(len(got), len(lines))-1 && got[i] == lines[i] {
		i++
	}
	t.Errorf("%s, line %d, is now\n%s\nnot\n%s\nIf that is meant: go test ./nn/xla -run '%s' -update", file, i+1, got[i], lines[i], t.Name())
}
