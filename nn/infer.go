package nn

import "math"

// The layers of any shape. Operations are counted as in most papers: a product
// and its sum are two, a function of one value is one.

func (l *Dense) infer(s *step) error {
	if s.Path != "output" || l.Units != Unknown {
		if err := s.between("units", l.Units, 1, maxWidth); err != nil {
			return err
		}
	}
	if err := s.known(l.Activation); err != nil {
		return err
	}
	if err := s.wants(1, 2); err != nil {
		return err
	}
	s.dense("", l.Units, !l.NoBias, s.behind(l.Activation))
	return nil
}

// dense is x W + b of the last axis.
func (s *step) dense(prefix string, units int, bias bool, act Activation) {
	in := s.in.shape
	width := in[len(in)-1]
	s.out.shape = append(in[:len(in)-1:len(in)-1], units)
	s.weight(prefix+"weight", Weight, width, units, act, width, units)
	if bias {
		s.param(prefix+"bias", Bias, units)
	}
	s.Flops += 2*count(in.Size(), units) + count(s.out.shape.Size())
}

func (l *Activate) infer(s *step) error {
	if err := s.known(l.Kind); err != nil {
		return err
	}
	if math.IsNaN(l.Alpha) || math.IsInf(l.Alpha, 0) || l.Kind.Alpha() == 0 && l.Alpha != 0 || l.Kind == ELU && l.Alpha <= 0 {
		return s.wrong("alpha", "alpha is the slope of leaky_relu, or the scale of elu, above 0", "%s cannot have alpha %v", l.Kind, l.Alpha)
	}
	if l.Kind == Softmax && len(s.in.shape) == 3 {
		return s.wrong("", "flatten them, or pool them first", "softmax is of features or of the steps of a sequence, but it gets %s", s.in.shape.named())
	}
	s.Flops = count(s.in.shape.Size())
	return s.same()
}

func (l *Dropout) infer(s *step) error {
	s.out.shape = s.in.shape
	return s.rate("rate", l.Rate)
}

func (l *SpatialDropout) infer(s *step) error {
	if err := s.wants(3); err != nil {
		return err
	}
	s.out.shape = s.in.shape
	return s.rate("rate", l.Rate)
}

// channels is the number of channels of an image, else of the last axis.
func (s Shape) channels() int {
	if len(s) == 3 {
		return s[0]
	}
	return s[len(s)-1]
}

func (s *step) norm(shift bool) {
	c := s.in.shape.channels()
	s.param("scale", Gain, c)
	if shift {
		s.param("shift", Shift, c)
	}
	s.Flops = 8 * count(s.in.shape.Size())
	s.out.shape = s.in.shape
}

func (l *BatchNorm) infer(s *step) error {
	if !(l.Momentum > 0 && l.Momentum <= 1) {
		return s.wrong("momentum", "", "has momentum %v: want more than 0, at most 1", l.Momentum)
	}
	s.norm(true)
	s.Flops /= 4 // once the statistics are there
	s.param("running_mean", RunningMean, s.in.shape.channels())
	s.param("running_variance", RunningVariance, s.in.shape.channels())
	return s.epsilon(l.Epsilon)
}

const normOfImages = "of images, `group_norm: 1` normalises all values together, and batch_norm each channel"

func (l *LayerNorm) infer(s *step) error {
	if len(s.in.shape) == 3 {
		return s.wrong("", normOfImages, "wants features or a sequence, but gets %s", s.in.shape.named())
	}
	s.norm(true)
	return s.epsilon(l.Epsilon)
}

func (l *RMSNorm) infer(s *step) error {
	if len(s.in.shape) == 3 {
		return s.wrong("", normOfImages, "wants features or a sequence, but gets %s", s.in.shape.named())
	}
	s.norm(false)
	return s.epsilon(l.Epsilon)
}

func (l *GroupNorm) infer(s *step) error {
	c := s.in.shape.channels()
	if err := s.between("groups", l.Groups, 1, maxWidth); err != nil {
		return err
	}
	if c != Unknown && c%l.Groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide %d channels into %d groups", c, l.Groups)
	}
	s.norm(true)
	return s.epsilon(l.Epsilon)
}

func (l *Flatten) infer(s *step) error {
	s.out = flow{shape: Shape{s.in.shape.Size()}, raw: s.in.raw}
	return nil
}

func (l *Reshape) infer(s *step) error {
	if len(l.Dims) < 1 || len(l.Dims) > 3 {
		return s.wrong("dims", "write [steps, values] or [channels, height, width]", "has %d dimensions: want 1 to 3", len(l.Dims))
	}
	open, known := -1, Shape{}
	for i, d := range l.Dims {
		switch {
		case d == Unknown && open >= 0:
			return s.wrong("dims", "", "has -1 twice: only one dimension can follow from the others")
		case d == Unknown:
			open = i
		case d < 1 || d > maxValues:
			return s.wrong("dims", "", "has the dimension %d: want 1 to %d", d, maxValues)
		default:
			known = append(known, d)
		}
	}
	out := append(Shape{}, l.Dims...)
	have, want := s.in.shape.Size(), checkedSize(known)
	switch {
	case have == Unknown: // as many as it takes
	case open < 0 && int64(have) != want:
		return s.wrong("dims", s.featuresHint(), "to %s wants %d values, but gets %s, which are %d", out, want, s.in.shape, have)
	case open >= 0 && int64(have)%want != 0:
		return s.wrong("dims", s.featuresHint(), "to %s wants a multiple of %d values, but gets %s, which are %d", out, want, s.in.shape, have)
	case open >= 0:
		out[open] = have / int(want)
	}
	s.out = flow{shape: out, raw: s.in.raw}
	return nil
}

func (s *step) featuresHint() string {
	if s.in.raw {
		return "its values are the features of the data set: make the product of the dimensions their number"
	}
	return "make the product of the dimensions equal to the number of values"
}

func (l *Residual) infer(s *step) error {
	if len(l.Layers) == 0 {
		return s.wrong("layers", "", "has no layers")
	}
	inner, out, err := s.list(s.Path, l.Layers, s.in)
	if err != nil {
		return err
	}
	s.Inner = [][]Node{inner}
	s.out = out
	s.out.raw = false
	for i := range inner {
		s.Flops += inner[i].Flops
	}
	s.Flops += count(out.shape.Size())
	return s.project(out)
}

// project finds the projection of a residual.
func (s *step) project(out flow) error {
	in, to := s.in.shape, out.shape
	equal := len(in) == len(to)
	for i := 0; equal && i < len(in); i++ {
		equal = mayEqual(in[i], to[i])
	}
	if equal {
		return nil
	}
	l, ok := projection(in, to)
	if !ok {
		return s.wrong("layers", "let its layers keep the shape, or divide it by a stride",
			"turns %s into %s, and no projection of its input can be added to that", in, to)
	}
	p, _, err := s.layer(s.Path+".projection", l, s.in, nil)
	if err != nil {
		return err
	}
	s.Projection = &p
	s.Flops += p.Flops
	return nil
}

func projection(in, to Shape) (l Layer, ok bool) {
	switch {
	case len(in) != len(to) || to.Size() == Unknown || in.Size() == Unknown:
		return l, false
	case len(in) == 3:
		h, okH := strideOf(in[1], to[1])
		w, okW := strideOf(in[2], to[2])
		l.Conv2D = &Conv2D{Filters: to[0], Kernel: [2]int{1, 1}, Stride: [2]int{h, w}, Dilation: [2]int{1, 1},
			Padding: Valid, Groups: 1, Activation: Linear}
		return l, okH && okW
	case len(in) == 2 && in[0] != to[0]:
		t, ok := strideOf(in[0], to[0])
		l.Conv1D = &Conv1D{Filters: to[1], Kernel: 1, Stride: t, Dilation: 1, Padding: Valid, Groups: 1, Activation: Linear}
		return l, ok
	}
	l.Dense = &Dense{Units: to[len(to)-1], Activation: Linear}
	return l, true
}

// strideOf is the smallest stride with which n inputs give m outputs.
func strideOf(n, m int) (int, bool) {
	if m > n {
		return 0, false
	}
	stride := (n-1)/m + 1 // the smallest s with (n-1)/s < m
	return stride, (n-1)/stride+1 == m && stride <= maxWindow
}

func (l *Concat) infer(s *step) error {
	if len(l.Branches) < 2 {
		return s.wrong("branches", "write a list of lists of layers", "has %d branches: want at least 2", len(l.Branches))
	}
	for i, branch := range l.Branches {
		nodes, out, err := s.list(child(s.Path, i), branch, s.in)
		if err != nil {
			return err
		}
		s.Inner = append(s.Inner, nodes)
		for j := range nodes {
			s.Flops += nodes[j].Flops
		}
		if i == 0 {
			s.out = out
			s.out.shape = append(Shape{}, out.shape...)
			continue
		}
		was := s.out.shape
		if !s.out.join(out) {
			return s.wrong("branches", "all branches must agree, but for channels of images and the last axis of others",
				"cannot join %s of branch %d with %s", out.shape, i+1, was)
		}
	}
	s.out.raw = false
	return nil
}

// join adds what another branch gives: the channels of images, which come first,
// else the last axis. It says whether that is possible.
func (f *flow) join(other flow) bool {
	if !f.shape.joins(other.shape) {
		return false
	}
	axis := len(other.shape) - 1
	if axis == 2 {
		axis = 0
	}
	for j, d := range other.shape {
		switch {
		case j == axis:
			f.shape[j] = plus(f.shape[j], d)
		case f.shape[j] == Unknown:
			f.shape[j] = d
		}
	}
	if f.lengths != other.lengths {
		f.lengths = ""
	}
	f.raw = false
	return true
}

// joins says whether two shapes can be joined by channels.
func (s Shape) joins(t Shape) bool {
	switch {
	case len(s) != len(t):
		return false
	case len(s) == 3:
		return mayEqual(s[1], t[1]) && mayEqual(s[2], t[2])
	case len(s) == 2:
		return mayEqual(s[0], t[0])
	}
	return true
}
