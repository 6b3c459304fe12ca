package nn

import "fmt"

// Convolutions and pooling.

func (l *Conv2D) infer(s *step) error {
	if l.Padding == Causal {
		return s.wrong("padding", "use same, valid or a number", "has causal padding, which is for conv1d")
	}
	if err := s.wants(3); err != nil {
		return err
	}
	in := s.in.shape
	return s.conv(conv{l.Filters, in[0], [2]int{in[1], in[2]}, l.Kernel, l.Stride, l.Dilation, l.Padding, l.Groups, l.Activation, !l.NoBias})
}

func (l *Conv1D) infer(s *step) error {
	if err := s.wants(2); err != nil {
		return err
	}
	in := s.in.shape
	return s.conv(conv{l.Filters, in[1], [2]int{in[0], 1}, [2]int{l.Kernel, 1}, [2]int{l.Stride, 1}, [2]int{l.Dilation, 1},
		l.Padding, l.Groups, l.Activation, !l.NoBias})
}

// A conv is a convolution of height and width, of sequences time and 1.
type conv struct {
	filters, channels        int
	size                     [2]int // of the input
	kernel, stride, dilation [2]int
	padding                  Padding
	groups                   int
	act                      Activation
	bias                     bool
}

func (s *step) conv(c conv) error {
	if err := s.between("filters", c.filters, 1, maxWidth); err != nil {
		return err
	}
	if err := s.between("groups", c.groups, 1, maxWidth); err != nil {
		return err
	}
	if err := s.pointwise(c.act); err != nil {
		return err
	}
	if c.filters%c.groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide %d filters into %d groups", c.filters, c.groups)
	}
	if c.channels != Unknown && c.channels%c.groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide the %d channels that it gets into %d groups", c.channels, c.groups)
	}
	w := &Window{Kernel: c.kernel, Stride: c.stride, Dilation: c.dilation}
	for i := range 2 {
		if err := s.checkWindow("kernel", c.kernel[i], c.stride[i], c.dilation[i]); err != nil {
			return err
		}
		if i == 1 && len(s.in.shape) == 2 {
			continue // sequences have no width to pad
		}
		var err error
		if w.Before[i], w.After[i], err = c.padding.around(c.kernel[i], c.dilation[i]); err != nil {
			return s.wrong("padding", "", "has a wrong %v", err)
		}
	}
	out, err := s.slide("kernel", c.size, w)
	if err != nil {
		return err
	}
	inner := c.channels
	if inner != Unknown {
		inner /= c.groups
	}
	area := c.kernel[0] * c.kernel[1]
	shape := Shape{c.filters, inner, c.kernel[0], c.kernel[1]}
	s.out.shape = Shape{c.filters, out[0], out[1]}
	if len(s.in.shape) == 2 {
		shape = Shape{c.filters, inner, c.kernel[0]}
		s.out.shape = Shape{out[0], c.filters}
		if c.stride[0] != 1 || c.padding != Same && c.padding != Causal {
			s.out.lengths = ""
		}
	}
	s.weight("weight", Weight, times(inner, area), c.filters*area, s.behind(c.act), shape...)
	if c.bias {
		s.param("bias", Bias, c.filters)
	}
	s.Flops = 2*count(s.out.shape.Size(), inner, area) + count(s.out.shape.Size())
	return nil
}

func (s *step) checkWindow(setting string, size, stride, dilation int) error {
	if err := s.between(setting, size, 1, maxWindow); err != nil {
		return err
	}
	if err := s.between("stride", stride, 1, maxWindow); err != nil {
		return err
	}
	return s.between("dilation", dilation, 1, maxWindow)
}

// slide sets the window of the layer and gives the size of its output.
func (s *step) slide(setting string, in [2]int, w *Window) (out [2]int, err error) {
	for i := range 2 {
		if in[i] == Unknown {
			out[i] = Unknown
			continue
		}
		reach := (w.Kernel[i]-1)*w.Dilation[i] + 1
		room := in[i] + w.Before[i] + w.After[i]
		if reach > room {
			what := [2]string{"height", "width"}[i]
			if len(s.in.shape) == 2 {
				what = "length"
			}
			padded := ""
			if room > in[i] {
				padded = fmt.Sprintf(", with padding %d", room)
			}
			return out, s.wrong(setting, "make it smaller, add padding, or leave out a pooling before it",
				"reaches over %d values, but the %s of its input %s is %d%s", reach, what, s.in.shape, in[i], padded)
		}
		out[i] = (room-reach)/w.Stride[i] + 1
	}
	s.Window = w
	return out, nil
}

func (l *Pool) infer(s *step) error {
	if err := s.wants(2, 3); err != nil {
		return err
	}
	w := &Window{Kernel: l.Size, Stride: l.Stride, Dilation: [2]int{1, 1}, Before: l.Padding, After: l.Padding}
	size := [2]int{}
	if in := s.in.shape; len(in) == 3 {
		size = [2]int{in[1], in[2]}
	} else {
		w.Kernel[1], w.Stride[1], w.Before[1], w.After[1] = 1, 1, 0, 0
		size = [2]int{in[0], 1}
	}
	for i := range 2 {
		if err := s.checkWindow("size", l.Size[i], l.Stride[i], 1); err != nil {
			return err
		}
		if err := s.between("padding", l.Padding[i], 0, maxWindow); err != nil {
			return err
		}
		if 2*l.Padding[i] > l.Size[i] {
			return s.wrong("padding", "", "has padding %d: want at most half of its size %d", l.Padding[i], l.Size[i])
		}
	}
	out, err := s.slide("size", size, w)
	if err != nil {
		return err
	}
	s.out.shape = Shape{s.in.shape[0], out[0], out[1]}
	if len(s.in.shape) == 2 {
		s.out = flow{shape: Shape{out[0], s.in.shape[1]}}
	}
	s.Flops = count(s.out.shape.Size(), w.Kernel[0]*w.Kernel[1])
	return nil
}

func (l *GlobalPool) infer(s *step) error {
	if len(s.in.shape) == 2 {
		return s.wrong("", "use time_pool", "wants an image (channels, height, width), but gets %s", s.in.shape.named())
	}
	if err := s.wants(3); err != nil {
		return err
	}
	s.Flops = count(s.in.shape.Size())
	s.out.shape = s.in.shape[:1:1]
	return s.oneOf("kind", l.Kind, "average", "max")
}
