package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/task"
	"pipe/nn"
	"pipe/workspace"
)

// readModel reads a model of the store.
func readModel(ctx context.Context, ws *workspace.Workspace, id artifacts.ID) (*nn.Model, error) {
	f, err := ws.Store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return nn.ReadModel(f, f.Size())
}

// A layerRow is one layer of a network, as it is shown.
type layerRow struct {
	Path       string  `json:"path"`
	Kind       string  `json:"kind"`
	Layer      string  `json:"layer"` // with its settings
	Output     []int   `json:"output"`
	Lengths    string  `json:"lengths,omitempty"` // path of the embedding whose padding is left out
	Parameters int     `json:"parameters"`        // trained numbers of its own
	Buffers    int     `json:"buffers"`           // running statistics
	Bytes      int     `json:"bytes"`             // of both
	RowBytes   int     `json:"row_bytes"`         // of its output for one row
	Flops      float64 `json:"flops_per_row"`     // with those of the layers within
	depth      int
}

// layerRows lists the layers in network order, those within others behind them.
func layerRows(nodes []nn.Node, depth int) []layerRow {
	var rows []layerRow
	add := func(n *nn.Node) {
		r := layerRow{Path: n.Path, Kind: n.Kind, Layer: n.Layer.String(), Output: n.Out, Lengths: n.Lengths,
			RowBytes: 4 * n.Out.Size(), Flops: n.Flops, depth: depth}
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
			rows = append(rows, layerRows(inner, depth+1)...)
		}
		if n.Projection != nil {
			rows = append(rows, layerRows([]nn.Node{*n.Projection}, depth+1)...)
		}
	}
	return rows
}

// total is the sum over a network. Layers that are nothing but their inner ones
// have no output of their own.
func total(s *nn.Shapes) layerRow {
	t := layerRow{Kind: "total", Parameters: s.Parameters, Buffers: s.Buffers, Bytes: 4 * (s.Parameters + s.Buffers), Flops: s.Flops}
	s.Walk(func(n *nn.Node) {
		if n.Kind != "transformer" {
			t.RowBytes += 4 * n.Out.Size()
		}
	})
	return t
}

func (a *app) showNetwork(m *nn.Model) error {
	shapes, err := m.Spec.Shapes()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n%d features in, %s\n", m.Spec.Inputs, taskText(&m.Signature))
	if m.Signature.Task == task.Binary {
		fmt.Fprintln(a.out, thresholdText(m))
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, r := range layerRows(shapes.Nodes, 0) {
		name := strings.TrimPrefix(r.Path, "layers.")
		rows = append(rows, []string{strings.Repeat("  ", r.depth) + name, r.Layer, nn.Shape(r.Output).String(),
			counted(r.Parameters), byteText(r.Bytes), byteText(r.RowBytes), flopsText(r.Flops)})
	}
	sum := total(shapes)
	rows = append(rows, []string{"total", "", "", counted(sum.Parameters), byteText(sum.Bytes), byteText(sum.RowBytes), flopsText(sum.Flops)})
	if err := writeTable(a.out, []string{"", "LAYER", "OUTPUT", "PARAMETERS", "SIZE", "PER ROW", "FLOPS"}, rows); err != nil {
		return err
	}
	if sum.Buffers > 0 {
		fmt.Fprintf(a.out, "\n%s more numbers are running statistics\n", counted(sum.Buffers))
	}
	return nil
}

func taskText(s *nn.Signature) string {
	if s.Task == task.Regression {
		return "the number " + s.Column + " out"
	}
	return fmt.Sprintf("%d classes of %s out", len(s.Classes), s.Column)
}

// thresholdText says what a binary model takes for the positive class.
func thresholdText(m *nn.Model) string {
	text := fmt.Sprintf("%s is %s above a probability of %.4g", m.Signature.Column, m.Signature.Classes[1], m.Signature.Cut())
	if c := m.Summary.Threshold; c != nil {
		text += fmt.Sprintf(", where %s was best on the validation data: %.4g", c.Metric, c.Value)
	}
	return diag.Visible(text)
}

func byteText(n int) string {
	if n == 0 {
		return ""
	}
	return bytesText(int64(n))
}

// counted is a number with its thousands apart.
func counted(n int) string {
	if n == 0 {
		return ""
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func flopsText(n float64) string {
	if n == 0 {
		return ""
	}
	for _, unit := range []string{"", " k", " M", " G"} {
		if n < 1000 {
			return strconv.FormatFloat(n, 'g', 4, 64) + unit
		}
		n /= 1000
	}
	return strconv.FormatFloat(n, 'g', 4, 64) + " T"
}

func networkJSON(m *nn.Model) any {
	shapes, err := m.Spec.Shapes()
	if err != nil {
		return nil // a model that was read is valid
	}
	sum := total(shapes)
	doc := map[string]any{"inputs": m.Spec.Inputs, "outputs": m.Spec.Outputs, "task": m.Signature.Task, "layers": layerRows(shapes.Nodes, 0),
		"parameters": sum.Parameters, "buffers": sum.Buffers, "bytes": sum.Bytes, "row_bytes": sum.RowBytes, "flops_per_row": sum.Flops}
	if sig := &m.Signature; sig.Task == task.Binary {
		doc["positive"], doc["threshold"] = sig.Classes[1], sig.Cut()
	}
	return doc
}
