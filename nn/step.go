package nn

import (
	"fmt"
	"slices"
	"strings"

	"pipe/pipeline/settings"
)

// A step is one layer while it is inferred.
type step struct {
	*inferer
	*Node
	in, out flow
	rest    []Layer
}

// wrong is an error of this layer. A setting may be named.
func (s *step) wrong(setting, todo, format string, args ...any) error {
	return &LayerError{Path: s.Path, Kind: s.Kind, Setting: setting, Text: fmt.Sprintf(format, args...), Todo: todo, from: s.Layer.from}
}

// list infers layers that this one is made of.
func (s *step) list(path string, list []Layer, in flow) ([]Node, flow, error) {
	return s.inferer.list(path, list, in, s.Layer.from.part())
}

// between checks a setting.
func (s *step) between(setting string, value, least, most int) error {
	if value < least || value > most {
		return s.wrong(setting, "", "has %s %d: want %d to %d", setting, value, least, most)
	}
	return nil
}

func (s *step) rate(setting string, rate float64) error {
	if !(rate >= 0 && rate < 1) {
		return s.wrong(setting, "", "has %s %v: want 0 or more and less than 1", setting, rate)
	}
	return nil
}

func (s *step) epsilon(v float64) error {
	if !(v > 0 && v <= 1) {
		return s.wrong("epsilon", "", "has epsilon %v: want more than 0, at most 1", v)
	}
	return nil
}

func (s *step) word(setting string, value settings.Enum) error {
	if text, valid := fmt.Sprint(value), value.Enum(); !slices.Contains(valid, text) {
		return s.wrong(setting, "", "has %s %.20q: want %s", setting, text, strings.Join(valid, " or "))
	}
	return nil
}

func (s *step) known(a Activation) error {
	if !a.Known() {
		return s.wrong("activation", "", "has the unknown activation %.20q", string(a))
	}
	return nil
}

// pointwise refuses activations that are no function of each value by itself.
func (s *step) pointwise(a Activation) error {
	if a == Softmax {
		return s.wrong("activation", "softmax is an activation of dense, and a layer: `activation: softmax`", "cannot have the activation softmax")
	}
	return s.known(a)
}

// same passes the shape on.
func (s *step) same() error {
	s.out.shape = s.in.shape
	return nil
}

// param adds a parameter that is no weight.
func (s *step) param(name string, role Role, shape ...int) {
	s.weight(name, role, 0, 0, Linear, shape...)
}

func (s *step) weight(name string, role Role, fanIn, fanOut int, act Activation, shape ...int) {
	s.Params = append(s.Params, ParamShape{Name: s.Path + "." + name, Shape: shape, Role: role,
		FanIn: fanIn, FanOut: fanOut, Activation: act})
}

// behind is the activation that values pass through next: that of the layer
// itself, or that of a layer behind with nothing but normalisation between.
func (s *step) behind(own Activation) Activation {
	if own != Linear {
		return own
	}
	for _, l := range s.rest {
		switch {
		case l.Activation != nil:
			return l.Activation.Kind
		case l.BatchNorm == nil && l.LayerNorm == nil && l.GroupNorm == nil && l.RMSNorm == nil &&
			l.Dropout == nil && l.SpatialDropout == nil && l.StepDropout == nil:
			return own
		}
	}
	return own
}

// count is a number of operations, 0 if a factor is unknown.
func count(factors ...int) float64 {
	n := 1.0
	for _, f := range factors {
		if f == Unknown {
			return 0
		}
		n *= float64(f)
	}
	return n
}

// times is a product that may be unknown.
func times(a, b int) int {
	if a == Unknown || b == Unknown {
		return Unknown
	}
	return a * b
}

func plus(a, b int) int {
	if a == Unknown || b == Unknown {
		return Unknown
	}
	return a + b
}

// mayEqual says whether two dimensions are equal as far as known.
func mayEqual(a, b int) bool { return a == b || a == Unknown || b == Unknown }

const (
	sequenceHint = "put `reshape: [steps, values]` before it, or an embedding of token ids"
	imageHint    = "put `reshape: [channels, height, width]` before it"
)

// towardsFeatures names layers that make features of a shape.
func towardsFeatures(s Shape) string {
	if len(s) == 2 {
		return "`time_pool: mean` or `flatten`, or `return: last` if it is an lstm or gru,"
	}
	return "`flatten` or `global_pool: average`"
}

// wants checks the rank of the input.
func (s *step) wants(ranks ...int) error {
	if slices.Contains(ranks, len(s.in.shape)) {
		return nil
	}
	want, todo := "", ""
	switch slices.Max(ranks) {
	case 1:
		want, todo = "features", "put "+towardsFeatures(s.in.shape)+" before it"
	case 2:
		want, todo = "a sequence (steps, values)", sequenceHint
		if len(ranks) == 2 {
			want, todo = "features or a sequence", "put "+towardsFeatures(s.in.shape)+" before it"
		}
	case 3:
		want, todo = "an image (channels, height, width)", imageHint
		if len(ranks) == 2 {
			want, todo = "a sequence (steps, values) or an image (channels, height, width)", sequenceHint+"; images: "+imageHint
		}
	}
	return s.wrong("", todo, "wants %s, but gets %s", want, s.in.shape.named())
}
