package xla

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pipe/base/random"
	"pipe/nn/backend"
	"pipe/nn/cpu"
	"pipe/nn/graph"
	"pipe/nn/xla/xlatest"
)

// numbers makes n values in [-1, 1).
func numbers(purpose string, n int) []float32 {
	s := random.New(1, purpose, 0)
	v := make([]float32, n)
	for i := range v {
		v[i] = 2*s.Float32(uint64(i)) - 1
	}
	return v
}

// A testGraph is a graph with data for its leaves.
type testGraph struct {
	*graph.Graph
	data   map[*graph.Node][]float32
	parts  map[*graph.Node][]int // sizes of those that leaves consist of
	states []*graph.Node
}

func newTestGraph() *testGraph {
	return &testGraph{Graph: graph.New(), data: map[*graph.Node][]float32{}, parts: map[*graph.Node][]int{}}
}

func (g *testGraph) Input(name string, data []float32, shape ...int) *graph.Node {
	return g.with(g.Graph.Input(name, shape...), data)
}

func (g *testGraph) Param(name string, data []float32, shape ...int) *graph.Node {
	return g.with(g.Graph.Param(name, shape...), data)
}

// State makes a leaf whose value after the runs is compared too.
func (g *testGraph) State(name string, data []float32, shape ...int) *graph.Node {
	n := g.with(g.Graph.State(name, shape...), data)
	g.states = append(g.states, n)
	return n
}

func (g *testGraph) with(n *graph.Node, data []float32) *graph.Node {
	if n != nil && n.Shape().Size() != len(data) {
		panic(fmt.Sprintf("%v has %d numbers", n, len(data)))
	}
	g.data[n] = data
	return n
}

// weighted makes a loss of a node that treats its elements differently.
func weighted(g *testGraph, x *graph.Node) *graph.Node {
	if g.Err() != nil {
		return nil
	}
	n := x.Shape().Size()
	return g.SumSquares(g.Add(g.Reshape(x, n), g.Input("weights", numbers("weights", n), n)))
}

// A model is a function that builds a graph: params are what to differentiate the
// loss with respect to; nil: nothing is differentiated, and the loss is compared,
// whatever its shape.
type model func(g *testGraph) (loss *graph.Node, params []*graph.Node)

type cases map[string]model

// A built is a model with its gradient.
type built struct {
	*testGraph
	name string
	keep []*graph.Node
}

func (c cases) build(t *testing.T) []*built {
	t.Helper()
	var list []*built
	for _, name := range slices.Sorted(maps.Keys(c)) {
		b := &built{newTestGraph(), name, nil}
		loss, params := c[name](b.testGraph)
		if err := b.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b.keep = []*graph.Node{loss}
		if params != nil {
			grads, err := b.Grad(loss, params...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b.keep = append(b.keep, grads...)
		}
		list = append(list, b)
	}
	return list
}

// places puts the leaves of a graph into variables of a backend.
func (b *built) places(on backend.Backend) map[*graph.Node]backend.Place {
	places := map[*graph.Node]backend.Place{}
	for _, n := range b.Leaves() {
		places[n] = backend.Place{Variable: on.Variable(slices.Clone(b.data[n]), b.parts[n]...)}
	}
	return places
}

// read is what is kept, and then the states.
func (b *built) read(t *testing.T, p backend.Program, places map[*graph.Node]backend.Place) [][]float32 {
	t.Helper()
	var list [][]float32
	for _, n := range b.keep {
		v := make([]float32, n.Shape().Size())
		if err := p.Read(n, v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	for _, n := range b.states {
		v := make([]float32, n.Shape().Size())
		if err := places[n].Variable.Read(v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// testSteps are the steps that models are run at.
var testSteps = []uint64{3, 1 << 33}

// check compiles all cases as one module and holds loss, gradients and states
// against those of nn/cpu.
func check(t *testing.T, c cases) { t.Helper(); c.compare(t, Options{}, 1e-5) }

// checkNarrow is check with activations of bfloat16.
func checkNarrow(t *testing.T, c cases) {
	t.Helper()
	c.compare(t, Options{Precision: BFloat16}, 3e-2)
}

// compare is against with nn/cpu.
func (c cases) compare(t *testing.T, o Options, tolerance float64, batches ...string) {
	t.Helper()
	c.against(t, o, tolerance, onCPU, batches...)
}

// against holds what the device gives against what an oracle says: of what is kept,
// and of the states. Leaves with the names of batches are divided among devices.
func (c cases) against(t *testing.T, o Options, tolerance float64, oracle func(t *testing.T, b *built) [][]float32, batches ...string) {
	t.Helper()
	models := c.build(t)
	for _, b := range models { // also without a plugin
		if err := lowered(b.Graph); err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
	}
	d := open(t, o)
	var parts []backend.Part
	for _, b := range models {
		places := b.places(d)
		for n, p := range places {
			p.Batch = slices.Contains(batches, n.Name())
			places[n] = p
		}
		parts = append(parts, backend.Part{Graph: b.Graph, Keep: b.keep, Places: places})
	}
	p, err := d.Join(parts, backend.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, step := range testSteps {
		if err := p.Run(step); err != nil {
			t.Fatal(err)
		}
	}
	for i, b := range models {
		b.near(t, b.read(t, p, parts[i].Places), oracle(t, b), tolerance)
	}
}

// onCPU is what nn/cpu gives.
func onCPU(t *testing.T, b *built) [][]float32 {
	t.Helper()
	on := cpu.New()
	places := b.places(on)
	p, err := on.Compile(b.Graph, b.keep, backend.Options{Threads: 1, Places: places})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, step := range testSteps {
		if err := p.Run(step); err != nil {
			t.Fatal(err)
		}
	}
	return b.read(t, p, places)
}

// near holds results against those that should be.
func (b *built) near(t *testing.T, got, all [][]float32, tolerance float64) {
	t.Helper()
	for k, want := range all {
		what := "loss"
		switch {
		case k >= len(b.keep):
			what = fmt.Sprintf("state %v", b.states[k-len(b.keep)])
		case k > 0:
			what = fmt.Sprintf("gradient %d", k)
		}
		largest := 0.0
		for _, v := range want {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest == 0 && k > 0 && k < len(b.keep) {
			t.Errorf("%s: %s is 0 everywhere, which shows nothing", b.name, what)
		}
		for i, v := range want {
			if d := math.Abs(float64(got[k][i]) - float64(v)); !(d <= tolerance*largest) {
				t.Errorf("%s: %s[%d] is %v, not %v", b.name, what, i, got[k][i], v)
				break
			}
		}
	}
}

func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(context.Background(), xlatest.Plugin(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// lowered says whether there is a recipe for each operator of a graph; else it is a
// *RecipeError.
func lowered(g *graph.Graph) error {
	_, err := (&Device{o: Options{Precision: Float32, Devices: 1}}).build([]backend.Part{{Graph: g}}, backend.JoinOptions{})
	var r *RecipeError
	if errors.As(err, &r) {
		return r // without the name of a device, which there is none of
	}
	return err
}
