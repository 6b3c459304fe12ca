package nn

import (
	"math"

	"pipe/base/random"
	"pipe/nn/graph"
	"pipe/nn/optim"
)

// An Initializer says how weights are drawn before training: InitAuto, or one of
// package optim.
type Initializer = optim.Initializer

// InitAuto, and the empty one, is he_uniform before relu and its like, uniform
// in ±1/sqrt(units) in recurrent layers as in PyTorch, else glorot_uniform.
const InitAuto = optim.Auto

func checkInitializer(r Initializer) error {
	if r == "" {
		return nil
	}
	return r.Validate()
}

// init fills dst with the value of the parameter before training. It depends on
// the name, the shape and the fans of the parameter, not on other parameters.
// Biases are 0, but for the forget gate of an lstm, which is 1 (Jozefowicz et
// al., "An Empirical Exploration of Recurrent Network Architectures", 2015).
// Embeddings have variance 1 as in PyTorch, learned positions 0.02².
func (p *ParamShape) init(dst []float32, seed uint64, rule Initializer) {
	clear(dst)
	switch p.Role {
	case Gain, RunningVariance:
		fill(dst, 1)
	case GateBias:
		h := len(dst) / 4
		fill(dst[h:2*h], 1)
	case Table:
		p.uniform(dst, seed, math.Sqrt(3))
	case Positions:
		p.uniform(dst, seed, 0.02*math.Sqrt(3))
	case Weight, StateWeight:
		p.draw(dst, seed, rule)
	}
}

func (p *ParamShape) draw(dst []float32, seed uint64, rule Initializer) {
	switch in, both := float64(p.FanIn), float64(p.FanIn+p.FanOut); {
	case rule != "" && rule != InitAuto:
		rule.Draw(dst, p.Shape[0], optim.Fan{In: p.FanIn, Out: p.FanOut}, p.stream(seed))
	case p.Gates > 0:
		p.uniform(dst, seed, 1/math.Sqrt(float64(p.FanOut)))
	case graph.Function(p.Activation).Rectifies():
		p.uniform(dst, seed, math.Sqrt(6/in))
	default:
		p.uniform(dst, seed, math.Sqrt(6/both))
	}
}

func (p *ParamShape) stream(seed uint64) random.Stream { return random.New(seed, "init."+p.Name, 0) }

func (p *ParamShape) uniform(dst []float32, seed uint64, limit float64) {
	stream, l := p.stream(seed), float32(limit)
	for j := range dst {
		dst[j] = l * (2*stream.Float32(uint64(j)) - 1)
	}
}

func fill(dst []float32, v float32) {
	for j := range dst {
		dst[j] = v
	}
}
