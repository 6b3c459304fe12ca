package feature

import (
	"encoding/json"
	"errors"

	"pipe/data/picture"
)

func grayscaleKind() Kind {
	return Kind{
		Name:    "grayscale",
		Version: 1,
		Doc:     "Gray levels of coloured pictures, as the eye sees them (ITU-R 601: 0.299 red, 0.587 green, 0.114 blue) and as Pillow rounds them.",
		Takes:   Lists,
		New:     func() Setting { return new(Grayscale) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[gray](state)
			if err != nil {
				return nil, err
			}
			if err := f.check(); err != nil {
				return nil, err
			}
			if f.Shape[0] < 3 || f.Shape[0] > maxChannels {
				return nil, errors.New("these are no colours")
			}
			return f, nil
		},
	}
}

// A Grayscale makes gray levels of colours.
type Grayscale struct{}

// Fit implements Setting.
func (*Grayscale) Fit(in *Input) (Fitter, error) {
	var f gray
	var err error
	if f.pictureFrame, err = in.pictures(); err != nil {
		return nil, err
	}
	if c := f.Shape[0]; c < 3 || c > maxChannels {
		return nil, in.Errorf("chain", "remove `grayscale`", "its pictures have %d channels, and colours have three: red, green and blue, or four with transparency", c)
	}
	return Fixed(f), nil
}

// gray makes one channel of three, and leaves out a fourth.
type gray struct{ pictureFrame }

func (f gray) shape() []int { return []int{1, f.Shape[1], f.Shape[2]} }

// Outputs implements Fitted.
func (gray) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f gray) Apply(v *Values, _ *Out) {
	channels, size := f.Shape[0], f.Shape[1]*f.Shape[2]
	f.remade(v, f.shape(),
		func(dst, in []uint8) []uint8 { return picture.Grays(dst, in, channels, size) },
		func(dst, in []float32) []float32 { return picture.GrayFloats(dst, in, channels, size) })
}
