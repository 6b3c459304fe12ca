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
			continue
		}
		got, lines := strings.Split(m.text, "\n"), strings.Split(string(want), "\n")
		i := 0
		for i < min(len(got), len(lines))-1 && got[i] == lines[i] {
			i++
		}
		t.Errorf("%s, line %d, is now\n%s\nnot\n%s\nIf that is meant: go test ./nn/xla -run TestModule -update", file, i+1, got[i], lines[i])
	}
}
