package nn

import (
	"slices"
	"strings"
	"testing"
)

// A residual MLP adds what goes into a layer where it is as wide as what comes out, and a model
// keeps the gradients of its layers if it is told to.
func TestResidualLayersAndNorms(t *testing.T) {
	spec, sig, train, _, cfg := threeClasses()
	spec.Layers = Expand([]Layer{NewLayer("mlp", &MLP{Units: []int{8, 8, 8, 4}, Activation: ReLU, Residual: true, BatchNorm: true})}, "")
	var kinds []string
	for _, l := range spec.Layers {
		kinds = append(kinds, l.Kind())
	}
	if got, want := strings.Join(kinds, " "), "dense batch_norm activation residual residual dense batch_norm activation"; got != want {
		t.Errorf("layers %s, want %s", got, want)
	}
	cfg.Epochs = 2
	if m := trainModel(t, spec, sig, train, nil, cfg); m.Summary.Norms != nil {
		t.Error("norms that nobody asked for")
	}
	var first []Value
	cfg.OnEpoch = func(e Epoch) {
		if e.Number == 1 {
			first = e.Norms
		}
	}
	cfg.KeepNorms = true
	norms := trainModel(t, spec, sig, train, nil, cfg).Summary.Norms
	if len(norms) != 5 || norms[0].Layer != 1 || norms[4].Layer != 5 || !strings.HasPrefix(norms[4].Parameter, "output") {
		t.Fatalf("norms %v", norms)
	}
	if !slices.Contains(first, Value{"gradient_norm." + norms[1].Parameter, norms[1].Value}) {
		t.Errorf("%v is not among %v", norms[1], first)
	}
}
