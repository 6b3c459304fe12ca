package evaluate_test

import (
	"bytes"
	"math"
	"testing"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/nn"
)

func encode(t testing.TB, m *nn.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// linear makes the one layer of a network without hidden ones.
func linear(weight, bias []float32) []nn.Param {
	outputs := len(bias)
	return []nn.Param{
		{Name: "output.weight", Shape: []int{len(weight) / outputs, outputs}, Data: weight},
		{Name: "output.bias", Shape: []int{outputs}, Data: bias},
	}
}

// curves are the learning curves of a network that overfits after epoch 12.
func curves(measure string) []nn.Curve {
	c := []nn.Curve{{Name: "train.loss"}, {Name: "train." + measure}, {Name: "validation.loss"}, {Name: "validation." + measure}}
	for e := range 30 {
		x := float64(e)
		train := .08 + .9*math.Exp(-x/5)
		c[0].Values = append(c[0].Values, train)
		c[1].Values = append(c[1].Values, 1-train/2)
		c[2].Values = append(c[2].Values, train+.03+.0004*x*x)
		c[3].Values = append(c[3].Values, 1-train/2-.02)
	}
	return c
}

// clouds are rows around the centres of classes in two dimensions.
type clouds struct {
	features []float32
	class    []int32
	island   []string
	mass     []float64
}

func drawClouds(n, classes int, spread float64, purpose string) clouds {
	var c clouds
	noise := random.New(1, purpose, 0)
	for i := range n {
		k := noise.IntN(uint64(5*n+i), classes)
		angle := 2 * math.Pi * float64(k) / float64(classes)
		c.features = append(c.features,
			float32(math.Cos(angle)+spread*noise.Normal(uint64(2*i))),
			float32(math.Sin(angle)+spread*noise.Normal(uint64(2*i+1))))
		c.class = append(c.class, int32(k))
		c.island = append(c.island, []string{"Biscoe", "Dream", "Torgersen"}[noise.IntN(uint64(6*n+i), 3)])
		c.mass = append(c.mass, math.Round(4000+400*noise.Normal(uint64(8*n+i))))
	}
	return c
}

// species is a model of clouds with three classes or more.
func species(classes ...string) *nn.Model {
	var weight []float32
	k := len(classes)
	for dim := range 2 {
		for j := range k {
			angle := 2 * math.Pi * float64(j) / float64(k)
			weight = append(weight, float32(4*[]float64{math.Cos(angle), math.Sin(angle)}[dim]))
		}
	}
	counts, priors := make([]int, k), make([]float64, k)
	for j := range k {
		counts[j] = 40 + 20*j
		priors[j] = float64(counts[j]) / float64(40*k+10*k*(k-1))
	}
	return &nn.Model{
		Spec:      nn.Spec{Inputs: 2, Outputs: k},
		Signature: nn.Signature{Features: []string{"bill_length_mm", "bill_depth_mm"}, Column: "species", Task: task.Multiclass, Classes: classes, Scale: 1},
		Params:    linear(weight, make([]float32, k)),
		Summary: nn.Summary{Rows: 241, ValidationRows: 51, Parameters: 3 * k, Loss: "cross_entropy", Optimizer: "adam, learning rate 0.01, weight decay 0.0001",
			BatchSize: 32, EpochsRun: 30, BestEpoch: 13, StoppedEarly: true, Curves: curves("accuracy"), ClassCounts: counts, ClassPriors: priors,
			Features: make([]nn.InputRange, 2)},
	}
}

// churn is a binary model of clouds.
func churn() *nn.Model {
	m := species("stays", "leaves")
	m.Spec.Outputs = 1
	m.Signature.Task, m.Signature.Column = task.Binary, "churn"
	m.Params = linear([]float32{-2.5, .3}, []float32{-.1})
	m.Summary.Parameters = 3
	m.Summary.Device = "NVIDIA H200, bfloat16, deterministic"
	return m
}

func cloudInfo(m *nn.Model) table.DatasetInfo {
	var features []table.Feature
	for _, f := range m.Signature.Features {
		features = append(features, table.Feature{Name: f, Column: f})
	}
	return table.FlatDataset(features, &table.Target{Column: m.Signature.Column, Task: m.Signature.Task, Classes: m.Signature.Classes, Scale: 1})
}

func (c clouds) dataset(t testing.TB, m *nn.Model) []byte {
	return tabletest.Dataset(t, cloudInfo(m), "features", c.features, "target", c.class, "island", c.island, "body_mass_g", c.mass)
}

// sine is a network of rectifiers that follows sin(x) from -3 to 3 by straight
// lines between knots, and goes straight on outside of them.
func sine() *nn.Model {
	const knots = 25
	weight, bias, out := make([]float32, knots), make([]float32, knots), make([]float32, knots)
	at := func(i int) float64 { return -3 + 6*float64(i)/knots }
	slope := 0.0
	for i := range knots {
		weight[i], bias[i] = 1, float32(-at(i))
		s := (math.Sin(at(i+1)) - math.Sin(at(i))) / (at(i+1) - at(i))
		out[i] = float32(s - slope)
		slope = s
	}
	return &nn.Model{
		Spec:      nn.Spec{Inputs: 1, Outputs: 1, Layers: []nn.Layer{nn.NewLayer("dense", &nn.Dense{Units: knots, Activation: "relu"})}},
		Signature: nn.Signature{Features: []string{"x"}, Column: "y", Task: task.Regression, Scale: 1},
		Params: []nn.Param{
			{Name: "layers.0.weight", Shape: []int{1, knots}, Data: weight},
			{Name: "layers.0.bias", Shape: []int{knots}, Data: bias},
			{Name: "output.weight", Shape: []int{knots, 1}, Data: out},
			{Name: "output.bias", Shape: []int{1}, Data: []float32{float32(math.Sin(-3))}},
		},
		Summary: nn.Summary{Rows: 400, ValidationRows: 100, Parameters: 3*knots + 1, Loss: "mse", Optimizer: "adam, learning rate 0.003",
			BatchSize: 64, EpochsRun: 30, BestEpoch: 13, Curves: curves("rmse"),
			Target: &nn.Range{Min: -1.2, Max: 1.2, Mean: .01, Median: .02}, Features: []nn.InputRange{{Min: -3, Max: 3}}},
	}
}

func sineInfo() table.DatasetInfo {
	return table.FlatDataset([]table.Feature{{Name: "x", Column: "x"}}, &table.Target{Column: "y", Task: task.Regression, Scale: 1})
}

// sineData is n noisy rows of sin(x) from lo to hi.
func sineData(t testing.TB, n int, lo, hi, noise float64, purpose string) []byte {
	draw := random.New(1, purpose, 0)
	var features []float32
	var xs, ys []float64
	for i := range n {
		x := lo + (hi-lo)*draw.Float64(uint64(4*n+i))
		features = append(features, float32(x))
		xs = append(xs, x)
		ys = append(ys, math.Sin(x)+noise*draw.Normal(uint64(i)))
	}
	return tabletest.Dataset(t, sineInfo(), "features", features, "target", ys, "x", xs)
}
