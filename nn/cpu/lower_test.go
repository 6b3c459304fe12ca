package cpu

import (
	"slices"
	"strings"
	"testing"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

func TestEveryFunctionHasAKernel(t *testing.T) {
	for _, f := range graph.Functions() {
		if activation(graph.Activation{Kind: f}) < 0 {
			t.Errorf("no kernel for %s", f)
		}
	}
}

// strange is an operator that no backend knows.
type strange struct{ graph.SumSquares }

func TestAnUnknownOperatorIsNamed(t *testing.T) {
	g := graph.New()
	g.Scope("layers.3")
	y := g.Apply(strange{}, g.Input("x", 2))
	_, err := New().Compile(g, []*graph.Node{y}, backend.Options{})
	if err == nil || !strings.Contains(err.Error(), ": layers.3: sum of squares: no kernel for cpu.strange") {
		t.Errorf("got error %v", err)
	}
}

// States change in place: a value that is made for one is made there, unless
// something looks for the old one afterwards; and what an update gives can be
// updated again.
func TestStates(t *testing.T) {
	g := graph.New()
	x, w, one := g.Input("x", 3), g.Input("w", 1), g.Input("one", 1)
	a, b, c, sum := g.State("a", 3), g.State("b", 3), g.State("c", 3), g.State("sum", 3)
	double := g.Add(x, x)
	g.Assign(a, double)     // made in a
	g.Assign(c, double)     // copied
	moved := g.Add(b, x)    // reads b
	late := g.Add(moved, b) // after what becomes of b was made
	now := g.Assign(b, moved)
	old := g.Apply(graph.Accumulate{}, sum, x, w)
	g.Assign(old, g.Apply(graph.Constant{Value: 7, Size: 3}))
	mean := g.State("mean", 3)
	g.Apply(graph.Average{}, mean, now, one, w)
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	cpu := New()
	memory := map[*graph.Node][]float32{a: make([]float32, 3), b: {1, 2, 3}, c: make([]float32, 3), sum: {1, 1, 1}, mean: {4, 4, 4}}
	o := backend.Options{Threads: 1, Places: map[*graph.Node]backend.Place{}}
	for n, data := range memory {
		o.Places[n] = backend.Place{Variable: cpu.Variable(data)}
	}
	p, err := cpu.Compile(g, []*graph.Node{late}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Write(x, []float32{10, 20, 30})
	p.Write(w, []float32{2})
	p.Write(one, []float32{1})
	if err := p.Run(0); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 3)
	if p.Read(late, got); !slices.Equal(got, []float32{12, 24, 36}) {
		t.Errorf("late is %v", got)
	}
	for n, want := range map[*graph.Node][]float32{a: {20, 40, 60}, b: {11, 22, 33}, c: {20, 40, 60}, sum: {7, 7, 7}, mean: {26, 48, 70}} {
		if !slices.Equal(memory[n], want) {
			t.Errorf("%v is %v, want %v", n, memory[n], want)
		}
	}
	// What was there before an update may not be read after it.
	if g.Add(a, x); g.Err() == nil || !strings.Contains(g.Err().Error(), "was updated before") {
		t.Errorf("got error %v", g.Err())
	}
	g = graph.New()
	if g.Assign(g.Input("x", 3), g.Input("y", 3)); g.Err() == nil || !strings.Contains(g.Err().Error(), "no state") {
		t.Errorf("an input was updated: error %v", g.Err())
	}
}
