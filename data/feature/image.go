package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

func imageKind() Kind {
	return Kind{
		Name:    "image",
		Version: 1,
		Doc:     "An input of pictures, with the levels as they are; a network takes those of 8 bits as 0 to 1, or normalised.",
		Takes:   Lists,
		Gives:   Features,
		New:     func() Setting { return new(Image) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[image](state)
			if err != nil {
				return nil, err
			}
			return f, f.check() // center and deviation are checked where the data set is described
		},
	}
}

// An Image makes pictures of lists of levels.
type Image struct {
	Shape     []int   `yaml:"shape" short:"true" min:"2" max:"3" doc:"[height, width], or [channels, height, width] or [height, width, channels] with at most 4 channels, for lists that do not say it themselves."`
	Normalise *Levels `yaml:"normalise" added:"true" doc:"Give the network each channel less a center and divided by a deviation. The rows stay what they are, bytes if they were, and the model does it."`
}

// Levels say what the channels of pictures are normalised by.
type Levels struct {
	By        string    `yaml:"by" short:"true" default:"standard" enum:"standard,imagenet,given" doc:"The mean and the deviation of each channel in the training rows (standard), those of ImageNet, which networks that were trained on it want, or those that are given."`
	Center    []float64 `yaml:"center" single:"true" min:"1" max:"4" doc:"A number for each channel, where levels of 8 bits are 0 to 1."`
	Deviation []float64 `yaml:"deviation" single:"true" min:"1" max:"4" doc:"A number for each channel, above 0."`
}

// given is the way to normalise by numbers that are listed.
const given = "given"

// Validate finds sizes that are none.
func (s *Image) Validate() error {
	if i := slices.IndexFunc(s.Shape, func(n int) bool { return n < 1 }); i >= 0 {
		return AtField(&SpecError{Setting: "shape", Msg: fmt.Sprintf("%d is no size", s.Shape[i])})
	}
	return nil
}

// Validate finds numbers that nothing can be normalised by.
func (s *Levels) Validate() error {
	switch listed := s.Center != nil || s.Deviation != nil; {
	case listed && s.By != given:
		return &settings.FieldError{Field: "by", Err: errors.New("center and deviation are either given or found"), Todo: "write `by: given`, or leave them out"}
	case s.By == given && len(s.Center) != len(s.Deviation) || s.By == given && !listed:
		return settings.FieldErrorf("center", "center and deviation are not both given, with a number for each channel")
	}
	for i, d := range s.Deviation {
		if !(d >= leastDeviation && d <= 1/leastDeviation && math.Abs(s.Center[i]) <= 1/leastDeviation) {
			return settings.FieldErrorf("deviation", "levels cannot be normalised by %v and %v", s.Center[i], d)
		}
	}
	return nil
}

// leastDeviation is that of levels that are not all the same.
const leastDeviation = 1e-9

// Fit implements Setting.
func (s *Image) Fit(in *Input) (Fitter, error) {
	shape := in.Shape
	if len(s.Shape) > 0 {
		shape = s.Shape
	}
	f, err := framed(in, shape, "write `[image: [28, 28]]` for 28 by 28 levels, or `[image: [3, 32, 32]]` for three channels")
	if err != nil || s.Normalise == nil {
		return Fixed(image{pictureFrame: f}), err
	}
	out := image{pictureFrame: f}
	switch n := s.Normalise; n.By {
	case "imagenet":
		out.Center, out.Deviation = []float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}
	case given:
		out.Center, out.Deviation = n.Center, n.Deviation
		if len(n.Center) == 1 {
			out.Center, out.Deviation = slices.Repeat(n.Center, f.Shape[0]), slices.Repeat(n.Deviation, f.Shape[0])
		}
	default:
		return newImageFit(in, out), nil
	}
	if len(out.Center) != f.Shape[0] {
		return nil, in.Errorf("chain", "write `normalise: standard`, or a number for each channel", "its pictures have %d channels, and they are to be normalised by %d numbers", f.Shape[0], len(out.Center))
	}
	return Fixed(out), nil
}

// imageFit finds the mean and the deviation of each channel: of bytes by counting them, of
// others in two passes.
type imageFit struct {
	in      *Input
	fitted  image
	pass    int
	counts  [][256]int64
	means   []moments
	spreads []deviations
}

func newImageFit(in *Input, of image) *imageFit {
	n := of.Shape[0]
	return &imageFit{in: in, fitted: of, counts: make([][256]int64, n), means: make([]moments, n), spreads: make([]deviations, n)}
}

// Again implements Passer.
func (f *imageFit) Again() bool {
	f.pass++
	if f.pass == 2 && f.fitted.Type != tensor.U8 {
		for c := range f.spreads {
			if f.means[c].n > 0 {
				f.spreads[c].center = f.means[c].mean()
			}
		}
		return true
	}
	return f.pass == 1
}

// Add implements Passer.
func (f *imageFit) Add(v *Values) error {
	rows := f.fitted.levels(v)
	channels, size := f.fitted.Shape[0], f.fitted.Shape[1]*f.fitted.Shape[2]
	for at := 0; at < rows.Len(); at += size {
		c := at / size % channels
		if rows.U8 != nil {
			counts := &f.counts[c]
			for _, level := range rows.U8[at : at+size] {
				counts[level]++
			}
			continue
		}
		for _, x := range rows.F32[at : at+size] {
			if f.pass == 1 {
				f.means[c].add(float64(x))
			} else {
				f.spreads[c].add(float64(x))
			}
		}
	}
	return nil
}

// Done implements Fitter.
func (f *imageFit) Done() (Fitted, error) {
	for c := range f.counts {
		center, variance := 0.0, 0.0
		if f.fitted.Type == tensor.U8 {
			center, variance = ofCounts(&f.counts[c])
		} else if d := &f.spreads[c]; d.n > 0 {
			center, variance = d.center, d.variance()
		}
		if err := f.in.finite(center, variance); err != nil {
			return nil, err
		}
		deviation := math.Sqrt(variance)
		if deviation < leastDeviation { // all levels are the same
			deviation = 1
		}
		f.fitted.Center, f.fitted.Deviation = append(f.fitted.Center, center), append(f.fitted.Deviation, deviation)
	}
	return f.fitted, nil
}

// ofCounts gives the mean and the variance of levels of 8 bits, as numbers from 0 to 1.
func ofCounts(counts *[256]int64) (mean, variance float64) {
	var n, sum int64
	for level, count := range counts {
		n += count
		sum += int64(level) * count
	}
	if n == 0 {
		return 0, 0
	}
	mean = float64(sum) / float64(n)
	for level, count := range counts {
		d := float64(level) - mean
		variance += float64(float64(d*d) * float64(count))
	}
	return mean / 255, variance / float64(n) / (255 * 255)
}

// image is the levels of pictures as they are, and what a network makes of them.
type image struct {
	pictureFrame
	Center    []float64 `json:"center,omitempty"`
	Deviation []float64 `json:"deviation,omitempty"`
}

// Outputs implements Fitted.
func (image) Outputs() []Output { return nil }

// Apply implements Fitted.
func (image) Apply(*Values, *Out) {}

// Input implements Whole.
func (f image) Input() table.Input {
	return table.Input{Kind: table.Image, Type: f.Type, Shape: f.Shape, Center: f.Center, Deviation: f.Deviation}
}

// Rows implements Whole.
func (f image) Rows(v *Values, out *Out) tensor.Rows {
	checkFinite(v, tensor.Width(f.Shape), out)
	return f.levels(v)
}
