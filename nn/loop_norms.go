package nn

import "math"

// record keeps the norms of the step that was measured: of the gradient of each
// parameter before L1 and clipping, and the root mean
// square of what each layer puts out. Gradients that vanish from layer to layer
// show there.
func (t *trainer) record(scale float64) {
	var list []Value
	for i, l := range t.probed.layers {
		n := float64(l.node.Shape().Size())
		list = add(list, "activation_rms."+l.name, math.Sqrt(float64(t.layers[i])/n))
	}
	for i, s := range t.squares {
		list = add(list, "gradient_norm."+t.numbers.trainedName(i), math.Sqrt(float64(s))*scale)
	}
	t.at.Norms = append(t.at.Norms[:t.at.Epoch-1], list)
}

// firstNorms are those of the weights, from the first layer to the last, in the first epoch.
func (t *trainer) firstNorms() []Norm {
	var list []Norm
	layer := 0
	for i := range t.store.specs {
		p := &t.store.specs[i]
		if !p.IsWeight() {
			continue
		}
		layer++
		for _, v := range t.at.Norms[0] {
			if v.Name == "gradient_norm."+p.Name {
				list = append(list, Norm{layer, p.Name, v.Value})
			}
		}
	}
	return list
}

// add leaves out what is no number: it could not be written down.
func add(list []Value, name string, v float64) []Value {
	if finite(v) {
		list = append(list, Value{name, v})
	}
	return list
}
