package nn

import (
	"fmt"
	"math"

	"pipe/random"
)

// An Initializer says how weights are drawn before training. The empty one is
// InitAuto.
type Initializer string

// The initialisers. With n inputs and m outputs of a product, and a variance of
// k/n or k/(n+m), the uniform ones draw from ±sqrt(3 k/n) or ±sqrt(3 k/(n+m)).
const (
	// InitAuto is HeUniform before relu and its like, uniform in ±1/sqrt(units)
	// in recurrent layers as in PyTorch, else GlorotUniform.
	InitAuto      Initializer = "auto"
	HeUniform     Initializer = "he_uniform"     // 2/n: He et al., "Delving Deep into Rectifiers", 2015
	HeNormal      Initializer = "he_normal"      // 2/n
	GlorotUniform Initializer = "glorot_uniform" // 2/(n+m): Glorot and Bengio, 2010
	GlorotNormal  Initializer = "glorot_normal"  // 2/(n+m)
	LeCunUniform  Initializer = "lecun_uniform"  // 1/n: LeCun et al., "Efficient BackProp", 1998
	LeCunNormal   Initializer = "lecun_normal"   // 1/n
)

func (r Initializer) validate() error {
	switch r {
	case "", InitAuto, HeUniform, HeNormal, GlorotUniform, GlorotNormal, LeCunUniform, LeCunNormal:
		return nil
	}
	return fmt.Errorf("unknown initializer %.20q", string(r))
}

// rectifies says whether a passes what is above 0 and little else.
func (a Activation) rectifies() bool {
	switch a {
	case ReLU, LeakyReLU, ELU, GELU, SiLU:
		return true
	}
	return false
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
	case Weight, Recurrent:
		p.draw(dst, seed, rule)
	}
}

func (p *ParamShape) draw(dst []float32, seed uint64, rule Initializer) {
	if rule == "" || rule == InitAuto {
		switch {
		case p.Gates > 0:
			p.uniform(dst, seed, 1/math.Sqrt(float64(p.FanOut)))
			return
		case p.Activation.rectifies():
			rule = HeUniform
		default:
			rule = GlorotUniform
		}
	}
	k, fan := 1.0, float64(p.FanIn)
	switch rule {
	case HeUniform, HeNormal:
		k = 2
	case GlorotUniform, GlorotNormal:
		k, fan = 2, float64(p.FanIn+p.FanOut)
	}
	switch rule {
	case HeNormal, GlorotNormal, LeCunNormal:
		stream, deviation := p.stream(seed), math.Sqrt(k/fan)
		for j := range dst {
			dst[j] = float32(deviation * stream.Normal(uint64(j)))
		}
	default:
		p.uniform(dst, seed, math.Sqrt(3*k/fan))
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
