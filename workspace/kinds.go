package workspace

import "pipe/pipeline"

// Kinds are the kinds of stages that a pipeline can use.
type Kinds struct {
	Kinds []Kind `json:"kinds"`
}

// A Kind is a kind of stage with its ports.
type Kind struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Summary string `json:"summary"`
	Inputs  []Port `json:"inputs"`
	Outputs []Port `json:"outputs"`
}

// A Port is an input or an output of a kind.
type Port struct {
	Name     string            `json:"name"`
	Type     pipeline.PortType `json:"type"`
	Optional bool              `json:"optional,omitempty"`
}

// Kinds lists the kinds of stages.
func (h *Host) Kinds() *Kinds {
	ports := func(list []pipeline.Port) []Port {
		out := []Port{}
		for _, p := range list {
			out = append(out, Port{p.Name, p.Type, p.Optional})
		}
		return out
	}
	kinds := &Kinds{[]Kind{}}
	for _, k := range h.Registry().Kinds() {
		kinds.Kinds = append(kinds.Kinds, Kind{k.Name, k.Version, k.Summary(), ports(k.Inputs), ports(k.Outputs)})
	}
	return kinds
}
