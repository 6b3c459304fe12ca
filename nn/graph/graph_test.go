package graph_test

import (
	"strings"
	"testing"

	"pipe/nn/graph"
)

// A graph needs nothing but this package.
func TestAGraphIsBuiltDifferentiatedAndPrinted(t *testing.T) {
	g := graph.New()
	x, y, weight := g.Input("x", 2, 3), g.Input("y", 2), g.Input("weight", 2)
	w, b := g.Param("w", 3, 1), g.Param("b", 1)
	g.Scope("layers.0")
	z := g.Dense(x, w, b, graph.Activation{Kind: graph.Tanh})
	g.Scope("loss")
	loss := g.Loss(graph.Loss{Kind: graph.MSE}, z, y, weight)
	grads, err := g.Grad(loss, w, b)
	if err != nil {
		t.Fatal(err)
	}
	g.Scope("step")
	for i, p := range []*graph.Node{w, b} {
		sum := g.State("gradient of "+p.Name(), p.Shape()...)
		g.Assign(sum, grads[i])
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	const want = `input x[2 3]
input y[2]
input weight[2]
param w[3 1]
param b[1]
state gradient of w[3 1]
state gradient of b[1]
%6[2 1] = Dense{Act:{Kind:tanh Alpha:0}}(x, w, b)  # layers.0
%7[], %8[1] = Loss{Kind:mse Delta:0 Quantile:0 Smoothing:0 Gamma:0 Alpha:0}(%6, y, weight)  # loss
%9[] = Constant{Value:1 Size:0}()
%10[2 1] = LossGrad{Loss:{Kind:mse Delta:0 Quantile:0 Smoothing:0 Gamma:0 Alpha:0}}(%6, y, weight, %8, -, %9)  # loss
%11[2 1] = OutputGrad{Act:{Kind:tanh Alpha:0}}(%6, %10)  # layers.0
%12[3 1] = DenseGradWeight(x, %11)  # layers.0
%13[1] = DenseGradBias(%11)  # layers.0
%15[3 1] = Assign(gradient of w, %12)  # step
%17[1] = Assign(gradient of b, %13)  # step
`
	if got := g.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Operators are values: equal ones are equal, and each says what it is.
func TestOperatorsAreValues(t *testing.T) {
	var a, b graph.Op = graph.Dropout{Rate: 0.5, Key: 1}, graph.Dropout{Rate: 0.5, Key: 1}
	if a != b || a == graph.Op(graph.Dropout{Rate: 0.5, Key: 2}) {
		t.Error("operators with equal attributes differ, or others do not")
	}
	g := graph.New()
	switch o := g.Dense(g.Input("x", 2, 3), g.Param("w", 3, 1), nil, graph.Activation{Kind: graph.GELU}).Call().Op.(type) {
	case graph.Activate:
		if o.Act.Kind != graph.GELU {
			t.Errorf("the activation is %v", o)
		}
	default:
		t.Errorf("the last operator is %T", o)
	}
}

// double is an operator of somebody else.
type double struct{}

func (double) Name() string                                  { return "double" }
func (double) Infer(in []graph.Shape) ([]graph.Shape, error) { return in[:1], nil }
func (double) Grad(g *graph.Graph, _ *graph.Call, dy *graph.Node) []*graph.Node {
	return []*graph.Node{g.Apply(double{}, dy)}
}

func TestAnOperatorOfSomebodyElse(t *testing.T) {
	g := graph.New()
	x := g.Param("x", 2)
	grads, err := g.Grad(g.SumSquares(g.Apply(double{}, x)), x)
	if err != nil {
		t.Fatal(err)
	}
	if op := grads[0].Call().Op; op != graph.Op(double{}) {
		t.Errorf("the gradient is a %T", op)
	}
	if g.Apply(double{}, g.Input("y", 0)); g.Err() == nil || !strings.Contains(g.Err().Error(), "input y: shape [0]") {
		t.Errorf("got error %v", g.Err())
	}
}
