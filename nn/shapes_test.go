package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/random"
)

// specOf reads layers in the form of model files.
func specOf(t testing.TB, inputs int, text string) Spec {
	t.Helper()
	s := Spec{Inputs: inputs, Outputs: 2}
	if err := json.Unmarshal([]byte(text), &s.Layers); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// describe writes a network with one node in a line: path, shape, window,
// lengths, parameters.
func describe(s *Shapes) string {
	var b strings.Builder
	s.Walk(func(n *Node) {
		fmt.Fprintf(&b, "%s %s %v", n.Path, n.Kind, n.Out)
		if w := n.Window; w != nil {
			fmt.Fprintf(&b, " window%v/%v/%v+%v%v", w.Kernel, w.Stride, w.Dilation, w.Before, w.After)
		}
		if n.Lengths != "" {
			fmt.Fprintf(&b, " as long as %s", n.Lengths)
		}
		for _, p := range n.Params {
			fmt.Fprintf(&b, " %s%v", strings.TrimPrefix(p.Name, n.Path+"."), p.Shape)
		}
		fmt.Fprintf(&b, " %.0f\n", n.Flops)
	})
	return b.String()
}

const (
	conv2  = `{"conv2d":{"filters":%d,"kernel":[3,3],"stride":[%d,%d],"dilation":[1,1],"padding":"%s","groups":1,"activation":"relu"}}`
	conv1  = `{"conv1d":{"filters":5,"kernel":3,"stride":%d,"dilation":2,"padding":"%s","groups":1,"activation":"linear"}}`
	embed  = `{"embedding":{"vocabulary":10,"dimensions":4,"padding":0}}`
	gruAll = `{"gru":{"units":3,"layers":2,"bidirectional":true,"return":"sequence"}}`
)

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		inputs       int
		layers, want string
	}{
		"as before": {3, `[{"dense":{"units":4,"activation":"relu"}},{"dropout":{"rate":0.5}}]`, `
layers.0 dense (4) weight(3, 4) bias(4) 28
layers.1 dropout (4) 0
output dense (2) weight(4, 2) bias(2) 18
`},
		"images": {75, `[{"reshape":{"dims":[3,5,5]}},` + fmt.Sprintf(conv2, 4, 2, 1, "same") +
			`,{"batch_norm":{"momentum":0.1,"epsilon":1e-5}},{"max_pool":{"size":[2,2],"stride":[2,2],"padding":[1,0]}},{"global_pool":{"kind":"max"}}]`, `
layers.0 reshape (3, 5, 5) 0
layers.1 conv2d (4, 3, 5) window[3 3]/[2 1]/[1 1]+[1 1][1 1] weight(4, 3, 3, 3) bias(4) 3300
layers.2 batch_norm (4, 3, 5) scale(4) shift(4) running_mean(4) running_variance(4) 120
layers.3 max_pool (4, 2, 2) window[2 2]/[2 2]/[1 1]+[1 0][1 0] 64
layers.4 global_pool (4) 16
output dense (2) weight(4, 2) bias(2) 18
`},
		"residuals": {32, `[{"reshape":{"dims":[2,4,4]}},{"residual":{"layers":[` + fmt.Sprintf(conv2, 3, 2, 2, "same") + `]}},{"flatten":{}},` +
			`{"residual":{"layers":[{"dense":{"units":12,"activation":"tanh"}}]}},{"residual":{"layers":[{"dense":{"units":1,"activation":"tanh"}}]}}]`, `
layers.0 reshape (2, 4, 4) 0
layers.1 residual (3, 2, 2) 516
layers.1.0 conv2d (3, 2, 2) window[3 3]/[2 2]/[1 1]+[1 1][1 1] weight(3, 2, 3, 3) bias(3) 444
layers.1.projection conv2d (3, 2, 2) window[1 1]/[2 2]/[1 1]+[0 0][0 0] weight(3, 2, 1, 1) bias(3) 60
layers.2 flatten (12) 0
layers.3 residual (12) 312
layers.3.0 dense (12) weight(12, 12) bias(12) 300
layers.4 residual (1) 51
layers.4.0 dense (1) weight(12, 1) bias(1) 25
layers.4.projection dense (1) weight(12, 1) bias(1) 25
output dense (2) weight(1, 2) bias(2) 6
`},
		"lengths": {6, `[` + embed + `,{"position":{"kind":"learned"}},` + fmt.Sprintf(conv1, 1, "causal") + `,` + gruAll + `,{"time_pool":{"kind":"last"}}]`, `
layers.0 embedding (6, 4) as long as layers.0 weight(10, 4) 0
layers.1 position (6, 4) as long as layers.0 weight(6, 4) 24
layers.2 conv1d (6, 5) window[3 1]/[1 1]/[2 1]+[4 0][0 0] as long as layers.0 weight(5, 4, 3) bias(5) 750
layers.3 gru (6, 6) as long as layers.0 0.forward.weight_input(5, 9) 0.forward.weight_hidden(3, 9) 0.forward.bias_input(9) ` +
			`0.forward.bias_hidden(9) 0.backward.weight_input(5, 9) 0.backward.weight_hidden(3, 9) 0.backward.bias_input(9) 0.backward.bias_hidden(9) ` +
			`1.forward.weight_input(6, 9) 1.forward.weight_hidden(3, 9) 1.forward.bias_input(9) 1.forward.bias_hidden(9) ` +
			`1.backward.weight_input(6, 9) 1.backward.weight_hidden(3, 9) 1.backward.bias_input(9) 1.backward.bias_hidden(9) 4320
layers.4 time_pool (6) 36
output dense (2) weight(6, 2) bias(2) 26
`},
		"lengths end": {6, `[{"concat":{"branches":[[` + embed + `],[` + embed + `]]}},` + fmt.Sprintf(conv1, 2, "same") + `,{"flatten":{}}]`, `
layers.0 concat (6, 8) 0
layers.0.0.0 embedding (6, 4) as long as layers.0.0.0 weight(10, 4) 0
layers.0.1.0 embedding (6, 4) as long as layers.0.1.0 weight(10, 4) 0
layers.1 conv1d (3, 5) window[3 1]/[2 1]/[2 1]+[2 0][2 0] weight(5, 8, 3) bias(5) 735
layers.2 flatten (15) 0
output dense (2) weight(15, 2) bias(2) 62
`},
		"transformer": {6, `[` + embed + `,{"transformer":{"heads":2,"feed_forward":8,"dropout":0.1,"activation":"gelu","norm":"pre","layers":1}},{"time_pool":{"kind":"mean"}}]`, `
layers.0 embedding (6, 4) as long as layers.0 weight(10, 4) 0
layers.1 transformer (6, 4) as long as layers.0 3240
layers.1.0 residual (6, 4) as long as layers.0 1992
layers.1.0.0 layer_norm (6, 4) as long as layers.0 scale(4) shift(4) 192
layers.1.0.1 attention (6, 4) as long as layers.0 query.weight(4, 4) query.bias(4) key.weight(4, 4) key.bias(4) value.weight(4, 4) value.bias(4) out.weight(4, 4) out.bias(4) 1776
layers.1.0.2 dropout (6, 4) as long as layers.0 0
layers.1.1 residual (6, 4) as long as layers.0 1056
layers.1.1.0 layer_norm (6, 4) as long as layers.0 scale(4) shift(4) 192
layers.1.1.1 dense (6, 8) as long as layers.0 weight(4, 8) bias(8) 432
layers.1.1.2 dropout (6, 8) as long as layers.0 0
layers.1.1.3 dense (6, 4) as long as layers.0 weight(8, 4) bias(4) 408
layers.1.1.4 dropout (6, 4) as long as layers.0 0
layers.1.2 layer_norm (6, 4) as long as layers.0 scale(4) shift(4) 192
layers.2 time_pool (4) 24
output dense (2) weight(4, 2) bias(2) 18
`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := specOf(t, c.inputs, c.layers).Shapes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), describe(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is drawn for weights follows from what is behind them.
func TestActivationBehind(t *testing.T) {
	s := Spec{Inputs: 3, Outputs: 1, Layers: Expand([]Layer{NewLayer("mlp", &MLP{Units: []int{4}, Activation: ReLU, BatchNorm: true, Dropout: 0.1})}, "")}
	s.Layers = append(s.Layers, dense(2, Linear), NewLayer("dropout", &Dropout{0.5}), dense(2, Tanh))
	var got []Activation
	for _, p := range s.params() {
		if p.Role == Weight {
			got = append(got, p.Activation)
		}
	}
	if !slices.Equal(got, []Activation{ReLU, Linear, Tanh, Linear}) {
		t.Errorf("activations %v", got)
	}
}

// simple is a model of windows: it counts the places one by one.
func simple(n, k, stride, dilation, before, after int) int {
	count := 0
	for at := -before; at+dilation*(k-1) < n+after; at += stride {
		count++
	}
	return count
}

// Random convolutions and pooling have as many outputs as there are places for
// their windows, ceil(n/stride) with same and causal padding, and all strides of
// residual projections match.
func TestWindowsAreThoseOfASimpleModel(t *testing.T) {
	r := random.New(3, "windows", 0)
	draw := func(i uint64, from, to int) int { return from + r.IntN(i, to-from+1) }
	for i := range uint64(3000) {
		n, k, stride, dilation := draw(8*i, 1, 20), draw(8*i+1, 1, 6), draw(8*i+2, 1, 5), draw(8*i+3, 1, 4)
		padding := []Padding{Same, Causal, Valid, "1", "3"}[draw(8*i+4, 0, 4)]
		s := Spec{Inputs: n * 2, Outputs: 1, Layers: []Layer{
			NewLayer("reshape", &Reshape{Dims: []int{n, 2}}),
			NewLayer("conv1d", &Conv1D{Filters: 3, Kernel: k, Stride: stride, Dilation: dilation, Padding: padding, Groups: 1, Activation: Linear}),
			NewLayer("flatten", &Flatten{}),
		}}
		before, after, _ := padding.around(k, dilation)
		want := simple(n, k, stride, dilation, before, after)
		if padding == Same || padding == Causal {
			if w := (n + stride - 1) / stride; want != w {
				t.Fatalf("%v of %d with stride %d: %d outputs, want %d", padding, n, stride, want, w)
			}
		}
		shapes, err := s.Shapes()
		switch {
		case want == 0 && err == nil, want > 0 && err != nil:
			t.Fatalf("%+v: want %d outputs, got %v", *s.Layers[1].Conv1D, want, err)
		case err == nil && !slices.Equal(shapes.Nodes[1].Out, Shape{want, 3}):
			t.Fatalf("%+v of %d: got %v, want %d", *s.Layers[1].Conv1D, n, shapes.Nodes[1].Out, want)
		}
		m, found := draw(8*i+5, 1, n), false
		for j := 1; j <= n; j++ {
			found = found || simple(n, 1, j, 1, 0, 0) == m
		}
		if stride, ok := strideOf(n, m); ok != found || ok && simple(n, 1, stride, 1, 0, 0) != m {
			t.Fatalf("stride from %d to %d: %d, %v", n, m, stride, ok)
		}
	}
}

func TestWrongSpecs(t *testing.T) {
	deep := dense(1, Linear)
	for range maxDepth {
		deep = NewLayer("residual", &Residual{Layers: []Layer{deep}})
	}
	many := NewLayer("concat", &Concat{Branches: slices.Repeat([][]Layer{nil}, maxLayers)})
	blocks := func(n int) []Layer {
		x := NewLayer("transformer", &Transformer{Heads: 1, FeedForward: 1, Activation: GELU, Norm: "pre", Layers: n})
		return append([]Layer{NewLayer("reshape", &Reshape{Dims: []int{-1, 1}})}, append(slices.Repeat([]Layer{x}, 20), NewLayer("flatten", &Flatten{}))...)
	}
	huge := NewLayer("reshape", &Reshape{Dims: []int{math.MaxInt, math.MaxInt, math.MaxInt}})
	for name, c := range map[string]struct {
		layers []Layer
		want   string
	}{
		"depth":             {[]Layer{deep}, "nested more than 8 levels deep"},
		"count":             {slices.Repeat([]Layer{dense(1, Linear)}, maxLayers+1), "more than 1000 layers"},
		"branches":          {[]Layer{many, many}, "more than 1000 layers"},
		"blocks":            {blocks(100), "more than 10000 layers"},
		"overflow":          {[]Layer{huge}, "want 1 to"},
		"values":            {[]Layer{NewLayer("reshape", &Reshape{Dims: []int{6, 1}}), dense(1<<20, Linear), NewLayer("residual", &Residual{Layers: []Layer{dense(1<<20, Linear)}})}, "more than 2147483647 numbers"},
		"no kind":           {[]Layer{{}}, "exactly one kind of layer, not 0"},
		"two kinds":         {[]Layer{{Values: Values{Dropout: &Dropout{}}, Structure: Structure{Flatten: &Flatten{}}}}, "exactly one kind of layer, not 2"},
		"NaN":               {[]Layer{NewLayer("dropout", &Dropout{math.NaN()})}, "rate NaN"},
		"infinite momentum": {[]Layer{NewLayer("batch_norm", &BatchNorm{Momentum: math.Inf(1), Epsilon: 1})}, "momentum +Inf"},
		"empty residual":    {[]Layer{NewLayer("residual", &Residual{})}, "has no layers"},
		"stride 0":          {[]Layer{NewLayer("reshape", &Reshape{Dims: []int{1, 2, 3}}), NewLayer("conv2d", &Conv2D{Filters: 1, Kernel: Pair{1, 1}, Padding: Same, Groups: 1, Dilation: Pair{1, 1}, Activation: Linear})}, "stride 0"},
		"padding":           {[]Layer{NewLayer("reshape", &Reshape{Dims: []int{1, 2, 3}}), NewLayer("conv2d", &Conv2D{Filters: 1, Kernel: Pair{1, 1}, Stride: Pair{1, 1}, Padding: "-1", Groups: 1, Dilation: Pair{1, 1}, Activation: Linear})}, `wrong padding "-1"`},
		"projection":        {[]Layer{NewLayer("reshape", &Reshape{Dims: []int{6, 1}}), NewLayer("residual", &Residual{Layers: []Layer{NewLayer("reshape", &Reshape{Dims: []int{2, 3}}), NewLayer("reshape", &Reshape{Dims: []int{5, -1}})}})}, "wants a multiple of 5 values"},
		"no projection":     {[]Layer{NewLayer("reshape", &Reshape{Dims: []int{2, 3}}), NewLayer("residual", &Residual{Layers: []Layer{NewLayer("reshape", &Reshape{Dims: []int{3, 2}})}})}, "turns (2, 3) into (3, 2)"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Spec{Inputs: 6, Layers: c.layers, Outputs: 1}.Validate()
			var e *LayerError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// Whatever a Spec says, it is refused or has bounded shapes; what is valid for
// known features is not refused without them, and is the same after JSON.
func FuzzSpec(f *testing.F) {
	for _, text := range []string{
		`[{"dense":{"units":4,"activation":"relu"}},{"dropout":{"rate":0.5}}]`,
		`[{"reshape":{"dims":[1,2,3]}},` + fmt.Sprintf(conv2, 4, 2, 1, "same") + `,{"average_pool":{"size":[1,2],"stride":[1,1],"padding":[0,1]}},{"group_norm":{"groups":2,"epsilon":1}},{"flatten":{}}]`,
		`[` + embed + `,{"position":{"kind":"learned"}},` + fmt.Sprintf(conv1, 1, "causal") + `,` + gruAll + `,{"rms_norm":{"epsilon":0.1}},{"time_pool":{"kind":"last"}}]`,
		`[` + embed + `,{"transformer":{"heads":2,"feed_forward":8,"dropout":0.1,"activation":"gelu","norm":"post","layers":9}},{"attention":{"heads":1,"key_dimensions":7}},{"lstm":{"units":3,"layers":1,"return":"last"}}]`,
		`[{"concat":{"branches":[[],[{"residual":{"layers":[{"dense":{"units":9,"activation":"elu"}},{"activation":{"kind":"elu","alpha":2}}]}}]]}},{"layer_norm":{"epsilon":1}}]`,
		`[` + gruAll + `,{"gru":{"units":3,"layers":1,"return":"last"}}]`,
		`[` + fmt.Sprintf(conv2, 4, 2, 1, "same") + `,{"global_pool":{"kind":"max"}}]`,
		`[` + fmt.Sprintf(conv2, 4, 1, 1, "same") + `,{"residual":{"layers":[` + fmt.Sprintf(conv2, 8, 2, 2, "same") + `]}},{"global_pool":{"kind":"max"}}]`,
		`[{"reshape":{"dims":[9223372036854775807,-1]}},{"lstm":{"units":9223372036854775807,"layers":99,"return":"sequence"}}]`,
	} {
		f.Add(text, 6)
	}
	f.Fuzz(func(t *testing.T, text string, inputs int) {
		s := Spec{Inputs: inputs, Outputs: 2}
		if json.Unmarshal([]byte(text), &s.Layers) != nil {
			return
		}
		early := CheckLayers(s.Layers)
		for _, row := range []Shape{{inputs, 3}, {3, inputs, 5}} { // as the only input of a data set
			only := Spec{Branches: []Branch{{Input: "only", Shape: row}}, Layers: s.Layers, Outputs: 2}
			if _, err := only.Shapes(); err == nil && early != nil {
				t.Errorf("refused without the shape %v: %v", row, early)
			}
		}
		shapes, err := s.Shapes()
		if err != nil {
			var e *LayerError
			if !errors.As(err, &e) {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if early != nil {
			t.Errorf("refused without the number of features: %v", early)
		}
		total := 0
		shapes.Walk(func(n *Node) {
			if size := n.Out.Size(); size < 1 || size > maxValues {
				t.Errorf("%s has shape %v", n.Path, n.Out)
			}
			if !(n.Flops >= 0) || math.IsInf(n.Flops, 0) {
				t.Errorf("%s takes %v operations", n.Path, n.Flops)
			}
			for _, p := range n.Params {
				total += p.Size()
				if p.Size() < 1 || p.IsWeight() && (p.FanIn < 1 || p.FanOut < 1) {
					t.Errorf("parameter %+v", p)
				}
			}
		})
		if total != shapes.Parameters+shapes.Buffers || total > maxParams {
			t.Errorf("%d numbers, counted %d and %d", total, shapes.Parameters, shapes.Buffers)
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again Spec
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		got, err := again.Shapes()
		if err != nil || describe(got) != describe(shapes) {
			t.Errorf("after JSON: %v", err)
		}
	})
}
