package linear_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/linear"
	"pipe/nn"
)

// rows are a Source in memory.
type rows struct {
	inputs  []tensor.Rows
	widths  []int
	targets [][]float64
	weights []float64
}

func (r *rows) Len() int { return len(r.targets[0]) }

func (r *rows) Gather(list []int, into *nn.Batch) error {
	for i := range into.Inputs {
		into.Inputs[i].Take(&r.inputs[i], list, r.widths[i])
	}
	for _, row := range list {
		for j := range into.Targets {
			into.Targets[j] = append(into.Targets[j], r.targets[j][row])
		}
		w := 1.
		if r.weights != nil {
			w = r.weights[row]
		}
		into.Weights = append(into.Weights, float32(w))
	}
	return nil
}

// tableOf makes rows of numbers, and a sparse vector beside them unless that is nil.
func tableOf(x, sparse [][]float64, y, weights []float64) (*rows, []nn.Input) {
	r := &rows{inputs: make([]tensor.Rows, 1), widths: []int{len(x[0])}, targets: [][]float64{y}, weights: weights}
	for _, row := range x {
		for _, v := range row {
			r.inputs[0].F32 = append(r.inputs[0].F32, float32(v))
		}
	}
	inputs := []nn.Input{{Name: "x", Type: tensor.F32, Shape: nn.Shape{len(x[0])}}}
	if sparse != nil {
		s := tensor.Rows{}
		for _, row := range sparse {
			for j, v := range row {
				if v != 0 {
					s.F32 = append(s.F32, float32(j), float32(v))
				}
			}
			s.Ends = append(s.Ends, len(s.F32))
		}
		r.inputs, r.widths = append(r.inputs, s), append(r.widths, 2)
		inputs = append(inputs, nn.Input{Name: "words", Type: tensor.F32, Shape: nn.Shape{len(sparse[0]), 2}, Ragged: true, Sparse: len(sparse[0])})
	}
	return r, inputs
}

func signature(t task.Kind, inputs []nn.Input, classes int) nn.Signature {
	sig := nn.Signature{Inputs: inputs, Column: "y", Task: t, Scale: 1}
	if t != task.Regression {
		sig.Scale = 1
		for i := range classes {
			sig.Classes = append(sig.Classes, fmt.Sprint("c", i))
		}
	}
	return sig
}

func predict(t testing.TB, m *linear.Model, r *rows) []float64 {
	t.Helper()
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	said, err := p.Predict(r.inputs, r.Len())
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestReference compares with Ridge and LogisticRegression of scikit-learn.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name            string
		Task            task.Kind
		X, Said, Sparse [][]float64
		Y, Weights      []float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			r, inputs := tableOf(c.X, c.Sparse, c.Y, c.Weights)
			m, err := linear.Train(t.Context(), signature(c.Task, inputs, max(2, len(c.Said[0]))), r, linear.Config{L2: 1, Rounds: 1000, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			said := predict(t, m, r)
			for i, row := range c.Said {
				for j, want := range row {
					if got := said[i*len(row)+j]; math.Abs(got-want) > 2e-4*max(1, math.Abs(want)*1e-3) {
						t.Fatalf("row %d: %v, scikit-learn says %v (after %d rounds)", i+1, got, want, m.Rounds)
					}
				}
			}
		})
	}
}

// The same bits on any number of threads, and after the model was written and read.
func TestSameBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, width := rapid.IntRange(1, 300).Draw(t, "rows"), rapid.IntRange(1, 130).Draw(t, "columns")
		classes := rapid.IntRange(1, 4).Draw(t, "classes")
		kind := []task.Kind{task.Regression, task.Binary, task.Multiclass, task.Multiclass}[classes-1]
		next := rapid.Uint64().Draw(t, "seed")
		number := func() float64 {
			next = next*6364136223846793005 + 1442695040888963407
			return float64(int32(next>>32)) / (1 << 28)
		}
		x, sparse, y := make([][]float64, n), make([][]float64, n), make([]float64, n)
		for i := range x {
			x[i], sparse[i] = make([]float64, width), make([]float64, 70)
			for j := range x[i] {
				x[i][j] = number()
			}
			sparse[i][i%70] = 1
			if y[i] = number() + x[i][width-1]; kind != task.Regression {
				y[i] = float64(int(math.Abs(y[i])*10) % max(2, classes))
			}
			if number() > 6 {
				x[i][0] = math.NaN()
			}
		}
		r, inputs := tableOf(x, sparse, y, nil)
		sig := signature(kind, inputs, max(2, classes))
		var first []float64
		for _, threads := range []int{1, 2, 5} {
			m, err := linear.Train(context.Background(), sig, r, linear.Config{L2: 1, Rounds: 30, Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			back := new(linear.Model)
			if err := json.Unmarshal(text, back); err != nil {
				t.Fatal(err)
			}
			p, err := back.NewPredictor()
			if err != nil {
				t.Fatal(err)
			}
			said, err := p.Predict(r.inputs, n)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = said
			}
			for i := range said {
				if math.Float64bits(said[i]) != math.Float64bits(first[i]) || math.IsNaN(said[i]) {
					t.Fatalf("on %d threads value %d is %v, on one %v", threads, i, said[i], first[i])
				}
			}
		}
	})
}

// Categories have a weight each: their numbers have no order.
func TestCategories(t *testing.T) {
	var x [][]float64
	var y []float64
	level := []float64{5, -3, 9, 0}
	for i := range 400 {
		x = append(x, []float64{float64(i % 4), float64(i % 7)})
		y = append(y, level[i%4])
	}
	r, inputs := tableOf(x, nil, y, nil)
	inputs[0].Features = []string{"kind", "noise"}
	m, err := linear.Train(t.Context(), signature(task.Regression, inputs, 0), r, linear.Config{L2: 1, Rounds: 200, Categories: []string{"kind"}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range predict(t, m, r) {
		if math.Abs(v-y[i]) > .1 {
			t.Fatalf("of category %v it says %v, and not %v", x[i][0], v, y[i])
		}
	}
	said := predict(t, m, &rows{inputs: []tensor.Rows{{F32: []float32{77, 0, float32(math.NaN()), 0}}}, targets: [][]float64{{0, 0}}})
	if said[0] != said[1] || math.Abs(said[0]-2.75) > 1 {
		t.Errorf("of a category that is not known it says %v, and of none %v", said[0], said[1])
	}
}

// What cannot be learned from says why, and a document that is no model is refused.
func TestUnfit(t *testing.T) {
	r, inputs := tableOf([][]float64{{1}, {2}}, nil, []float64{1, 2}, nil)
	inputs[0].Ragged, inputs[0].Shape = true, nn.Shape{3, 1}
	_, err := linear.Train(t.Context(), signature(task.Regression, inputs, 0), r, linear.Config{L2: 1, Rounds: 10, Threads: 1})
	if unfit, ok := err.(*linear.UnfitError); !ok || !strings.Contains(unfit.Error(), "different lengths") {
		t.Errorf("rows of different lengths: %v", err)
	}
	_, inputs = tableOf([][]float64{{1}, {2}}, nil, []float64{1, 2}, nil)
	m, err := linear.Train(t.Context(), signature(task.Regression, inputs, 0), r, linear.Config{L2: 1, Rounds: 10, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, harm := range map[string]func(m *linear.Model){
		"weights":   func(m *linear.Model) { m.Weights = m.Weights[1:] },
		"no number": func(m *linear.Model) { m.Weights = []float64{1, math.Inf(1)} },
		"elements":  func(m *linear.Model) { m.Elements = nil },
		"unsorted":  func(m *linear.Model) { m.Elements = []linear.Element{{Category: true, Categories: []int32{2, 1}}} },
	} {
		bad := *m
		harm(&bad)
		if _, err := bad.NewPredictor(); err == nil {
			t.Errorf("%s: it is taken for a model", name)
		}
	}
	if _, err := linear.Train(t.Context(), signature(task.Regression, inputs, 0), &rows{inputs: r.inputs, widths: r.widths, targets: r.targets, weights: []float64{0, 0}}, linear.Config{}); err == nil {
		t.Error("rows without weight are learned from")
	}
}
