package feature

import (
	"encoding/json"
	"errors"
	"fmt"

	"pipe/data/picture"
)

func cropKind() Kind {
	return Kind{
		Name:    "crop",
		Version: 1,
		Doc:     "A part of each picture: its middle, or what begins at a pixel.",
		Takes:   Lists,
		New:     func() Setting { return new(Crop) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[cropped](state)
			if err != nil {
				return nil, err
			}
			if err := f.check(); err != nil {
				return nil, err
			}
			if p := f.Part; p.Top < 0 || p.Left < 0 || p.Height < 1 || p.Width < 1 || p.Height > f.Shape[1] || p.Width > f.Shape[2] || p.Top > f.Shape[1]-p.Height || p.Left > f.Shape[2]-p.Width {
				return nil, errors.New("this is no part of a picture")
			}
			return f, nil
		},
	}
}

// A Crop takes a part of pictures.
type Crop struct {
	Size []int `yaml:"size" short:"true" required:"true" min:"2" max:"2" doc:"[height, width] of the part in pixels."`
	At   []int `yaml:"at" min:"2" max:"2" doc:"[top, left]: how many pixels are above the part and left of it. By default it is the middle."`
}

// Validate finds parts that are none.
func (s *Crop) Validate() error {
	for _, n := range s.At {
		if n < 0 || n > maxSide {
			return AtField(&SpecError{Setting: "at", Msg: fmt.Sprintf("%d is no pixel of a picture, want 0 to %d", n, maxSide)})
		}
	}
	return sides("size", s.Size)
}

// Fit implements Setting.
func (s *Crop) Fit(in *Input) (Fitter, error) {
	var f cropped
	var err error
	if f.pictureFrame, err = in.pictures(); err != nil {
		return nil, err
	}
	height, width := f.Shape[1], f.Shape[2]
	f.Part = picture.Middle(height, width, s.Size[0], s.Size[1])
	if s.At != nil {
		f.Part.Top, f.Part.Left = s.At[0], s.At[1]
	}
	if p := f.Part; p.Top < 0 || p.Left < 0 || p.Top+p.Height > height || p.Left+p.Width > width {
		return nil, in.Errorf("chain", "make the part smaller, or put `resize` or `pad` before `crop`", "its pictures have %d x %d pixels (height x width), and the part of %d x %d does not lie in them", height, width, p.Height, p.Width)
	}
	return Fixed(f), nil
}

// cropped is a part of pictures.
type cropped struct {
	pictureFrame
	Part picture.Frame `json:"part"`
}

func (f cropped) shape() []int { return []int{f.Shape[0], f.Part.Height, f.Part.Width} }

// Outputs implements Fitted.
func (cropped) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f cropped) Apply(v *Values, _ *Out) { f.framing(v, f.Part, picture.Zero, 0) }
