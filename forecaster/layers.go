package forecaster

import (
	"pipe/nn"
)

// WithLayers is the network with layers as people write them: presets are taken apart, and what they need to read a
// window, and to end with features, is added. The settings name where they were written.
func (n Network) WithLayers(plan *Plan, layers []nn.Layer, at string, head []nn.Layer, headAt string) Network {
	list := append([]nn.Layer(nil), layers...)
	flat := len(list) > 0 && list[0].MLP != nil
	if len(list) > 0 && list[0].Transformer != nil {
		t := *list[0].Transformer
		t.Steps = n.Lookback
		list[0].Transformer = &t
	}
	n.Layers, n.Head = nn.Expand(list, at), nn.Expand(head, headAt)
	if flat || len(list) == 0 {
		n.Layers = append([]nn.Layer{nn.NewLayer("flatten", &nn.Flatten{})}, n.Layers...)
	}
	ended := n
	ended.Layers = append(append([]nn.Layer(nil), n.Layers...), nn.NewLayer("time_pool", &nn.TimePool{Kind: "last"}))
	if n.Check(plan) != nil && ended.Check(plan) == nil {
		return ended
	}
	return n
}
