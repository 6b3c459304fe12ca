package format

import (
	"context"
	"encoding/json"
	"fmt"

	"pipe/artifacts"
	"pipe/data/task"
	"pipe/estimator"
	"pipe/nn"
	"pipe/pipeline"
)

// models are trained networks and trees with their signature, see estimator.Model.
func models() Format {
	return Format{
		Type: pipeline.Model, Ending: ".safetensors", Structured: true, Difference: modelDifference,
		View: func(ctx context.Context, store *artifacts.Store, id artifacts.ID, _ int) (View, error) {
			return readModel(ctx, store, id)
		},
	}
}

// A Network is what there is to say of a model.
type Network struct {
	Buffers    int       `json:"buffers"` // running statistics
	Bytes      int       `json:"bytes"`
	Flops      float64   `json:"flops_per_row"`
	Inputs     int       `json:"inputs"`
	Named      []Input   `json:"named_inputs,omitempty"` // none of a network of features alone
	Layers     []Layer   `json:"layers"`                 // in network order, those within others behind them
	Outputs    int       `json:"outputs"`
	Parameters int       `json:"parameters"`         // trained numbers
	Positive   *string   `json:"positive,omitempty"` // class of a binary model
	RowBytes   int       `json:"row_bytes"`          // of the outputs of all layers for one row
	Task       task.Kind `json:"task"`
	Threshold  *float64  `json:"threshold,omitempty"` // of the probability of the positive class
	Device     string    `json:"device,omitempty"`    // that it was trained on; empty is the CPU

	Target  string     `json:"-"` // column that is predicted
	Classes []string   `json:"-"`
	Cut     *nn.Chosen `json:"-"` // how the threshold was found, if on the validation data
}

// An Input is one of several inputs of a network.
type Input struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"` // f32, u8 or i32
	Shape  nn.Shape `json:"shape"`
	Ragged bool     `json:"ragged,omitempty"` // rows have up to so many steps
}

// A Layer is one layer of a network.
type Layer struct {
	Path       string  `json:"path"`
	Kind       string  `json:"kind"`
	Layer      string  `json:"layer"` // with its settings
	Output     []int   `json:"output"`
	Lengths    string  `json:"lengths,omitempty"` // path of the embedding whose padding is left out, or of the input that says how long rows are
	Parameters int     `json:"parameters"`        // trained numbers of its own
	Buffers    int     `json:"buffers"`           // running statistics
	Bytes      int     `json:"bytes"`             // of both
	RowBytes   int     `json:"row_bytes"`         // of its output for one row
	Flops      float64 `json:"flops_per_row"`     // with those of the layers within
	Depth      int     `json:"-"`
}

// Name implements View.
func (*Network) Name() string { return "network" }

// readModel reads a model of the store.
func readModel(ctx context.Context, store *artifacts.Store, id artifacts.ID) (View, error) {
	f, err := store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if series, err := readForecaster(f); err != nil || series != nil {
		if err != nil {
			return nil, err
		}
		return ForecasterOf(series)
	}
	m, err := estimator.Read(f, f.Size())
	if err != nil {
		return nil, err
	}
	if m.Trees != nil {
		return TreesOf(m.Trees), nil
	}
	return NetworkOf(m.Network)
}

// NetworkOf describes a model.
func NetworkOf(m *nn.Model) (*Network, error) {
	shapes, err := m.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	inputs := m.Spec.Inputs
	for _, b := range m.Spec.Branches {
		inputs += b.Shape.Size()
	}
	var layers []Layer
	for _, b := range shapes.Branches {
		layers = append(layers, layersOf(b, 0)...)
	}
	var named []Input
	for _, in := range m.Signature.Inputs {
		named = append(named, Input{in.Name, string(in.Type), in.Shape, in.Ragged})
	}
	n := &Network{Inputs: inputs, Named: named, Outputs: m.Spec.Outputs, Task: m.Signature.Task, Layers: append(layers, layersOf(shapes.Nodes, 0)...),
		Parameters: shapes.Parameters, Buffers: shapes.Buffers, Bytes: 4 * (shapes.Parameters + shapes.Buffers), Flops: shapes.Flops,
		Target: m.Signature.Column, Classes: m.Signature.Classes, Cut: m.Summary.Threshold, Device: m.Summary.Device}
	shapes.Walk(func(l *nn.Node) {
		if l.Kind != "transformer" { // it is nothing but its inner layers and has no output of its own
			n.RowBytes += 4 * l.Out.Size()
		}
	})
	if m.Signature.Task == task.Binary {
		threshold := m.Signature.Cut()
		n.Positive, n.Threshold = &m.Signature.Classes[1], &threshold
	}
	return n, nil
}

// layersOf lists layers in network order, those within others behind them.
func layersOf(nodes []nn.Node, depth int) []Layer {
	var rows []Layer
	add := func(n *nn.Node) {
		r := Layer{Path: n.Path, Kind: n.Kind, Layer: n.Layer.String(), Output: n.Out, Lengths: n.Lengths,
			RowBytes: 4 * n.Out.Size(), Flops: n.Flops, Depth: depth}
		for i := range n.Params {
			if p := &n.Params[i]; p.Trained() {
				r.Parameters += p.Size()
			} else {
				r.Buffers += p.Size()
			}
		}
		r.Bytes = 4 * (r.Parameters + r.Buffers)
		rows = append(rows, r)
	}
	for i := range nodes {
		n := &nodes[i]
		add(n)
		for _, inner := range n.Inner {
			rows = append(rows, layersOf(inner, depth+1)...)
		}
		if n.Projection != nil {
			rows = append(rows, layersOf([]nn.Node{*n.Projection}, depth+1)...)
		}
	}
	return rows
}

func modelDifference(was, is *artifacts.File) (string, error) {
	a, err := readForecaster(was)
	if err != nil {
		return "", err
	}
	b, err := readForecaster(is)
	if err != nil {
		return "", err
	}
	if a != nil && b != nil {
		return forecasterDifference(a, b)
	} else if a != nil || b != nil {
		return "one forecasts series, the other is of rows", nil
	}
	x, err := estimator.Read(was, was.Size())
	if err != nil {
		return "", err
	}
	y, err := estimator.Read(is, is.Size())
	if err != nil {
		return "", err
	}
	switch {
	case x.Trees != nil && y.Trees != nil:
		return treesDifference(x.Trees, y.Trees)
	case x.Trees != nil || y.Trees != nil:
		return "one is a network, the other is made of trees", nil
	}
	return networkDifference(x.Network, y.Network)
}

func networkDifference(a, b *nn.Model) (string, error) {
	if text := nn.FirstDifference(a, b); text != "" {
		if d := nn.Distance(a, b); d > 0 {
			text += fmt.Sprintf("; all numbers together differ by %.2g of their size", d)
		}
		return text, nil
	}
	document := func(m *nn.Model) ([]byte, error) {
		return json.Marshal(map[string]any{"network": m.Spec, "signature": m.Signature, "summary": m.Summary})
	}
	return firstChangeOf(a, b, document)
}
