package feature

import (
	"encoding/json"
	"errors"

	"pipe/data/picture"
)

func resizeKind() Kind {
	return Kind{
		Name:    "resize",
		Version: 1,
		Doc:     "Pictures of another size, bit for bit as Pillow makes them: with bilinear means over as many pixels as become one, or of the nearest pixel.",
		Takes:   Lists,
		New:     func() Setting { return new(Resize) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[resized](state)
			if err != nil {
				return nil, err
			}
			if len(f.Size) != 2 || sides("size", f.Size) != nil {
				return nil, errors.New("this is no size")
			}
			return f, f.check()
		},
	}
}

// A Resize makes pictures of another size.
type Resize struct {
	Size   []int  `yaml:"size" short:"true" required:"true" min:"2" max:"2" doc:"[height, width] in pixels. Pictures of other proportions are stretched."`
	Method string `yaml:"method" default:"bilinear" enum:"bilinear,nearest" doc:"Means of the pixels around, or the nearest one, which is for pictures whose levels are ids."`
}

// Validate finds sizes that are none.
func (s *Resize) Validate() error { return sides("size", s.Size) }

// Fit implements Setting.
func (s *Resize) Fit(in *Input) (Fitter, error) {
	f := resized{Size: s.Size, Nearest: s.Method == "nearest"}
	var err error
	if f.pictureFrame, err = in.pictures(); err != nil {
		return nil, err
	}
	return Fixed(f), f.made(in, f.shape())
}

// resized is how pictures become larger or smaller.
type resized struct {
	pictureFrame
	Size    []int `json:"size"`
	Nearest bool  `json:"nearest,omitempty"`
}

func (f resized) shape() []int { return []int{f.Shape[0], f.Size[0], f.Size[1]} }

// Outputs implements Fitted.
func (resized) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f resized) Apply(v *Values, _ *Out) {
	r := picture.NewResize(f.Shape[1], f.Shape[2], f.Size[0], f.Size[1], f.Nearest)
	f.remade(v, f.shape(), r.Bytes, r.Floats)
}
