package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/data/picture"
	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

func padKind() Kind {
	return Kind{
		Name:    "pad",
		Version: 1,
		Doc:     "Pixels around each picture: of one level, as the nearest pixel, or as in a mirror.",
		Takes:   Lists,
		New:     func() Setting { return new(Pad) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[padded](state)
			if err != nil {
				return nil, err
			}
			if err := f.check(); err != nil {
				return nil, err
			}
			if len(f.By) != 4 || slices.Min(f.By) < 0 || slices.Max(f.By) > maxSide || tooMany(f.shape()) || !slices.Contains(f.Border.Enum(), string(f.Border)) ||
				!(math.Abs(f.Level) <= math.MaxFloat32) || f.Type == tensor.U8 && (f.Level < 0 || f.Level > 255) {
				return nil, errors.New("this is nothing around a picture")
			}
			return f, nil
		},
	}
}

// A Pad puts pixels around pictures.
type Pad struct {
	By     []int          `yaml:"by" short:"true" single:"true" required:"true" min:"1" max:"4" doc:"How many pixels: on all sides, [above and below, left and right], or [above, right, below, left]."`
	Border picture.Border `yaml:"border" default:"zero" doc:"What they are: one level (zero), that of the nearest pixel (edge), or the picture in a mirror (mirror)."`
	Level  float64        `yaml:"level" default:"0" doc:"The level of a border that is zero, of which this is the other name: 255 is white."`
}

// Validate finds what cannot be around a picture.
func (s *Pad) Validate() error {
	if len(s.By) == 3 {
		return settings.FieldErrorf("by", "three numbers say nothing of one of the sides")
	}
	for _, n := range s.By {
		if n < 0 || n > maxSide {
			return AtField(&SpecError{Setting: "by", Msg: fmt.Sprintf("%d is no number of pixels, want 0 to %d", n, maxSide)})
		}
	}
	if s.Level != 0 && s.Border != picture.Zero && s.Border != "" {
		return settings.FieldErrorf("level", "a border that is %s has the levels of the picture", s.Border)
	}
	if !(math.Abs(s.Level) <= math.MaxFloat32) {
		return settings.FieldErrorf("level", "%v is no level", s.Level)
	}
	return nil
}

// Fit implements Setting.
func (s *Pad) Fit(in *Input) (Fitter, error) {
	f := padded{Border: s.Border, Level: s.Level}
	switch by := s.By; len(by) {
	case 1:
		f.By = []int{by[0], by[0], by[0], by[0]}
	case 2:
		f.By = []int{by[0], by[1], by[0], by[1]}
	default:
		f.By = by
	}
	var err error
	if f.pictureFrame, err = in.pictures(); err != nil {
		return nil, err
	}
	if f.Type == tensor.U8 && (f.Level != math.Trunc(f.Level) || f.Level < 0 || f.Level > 255) {
		return nil, in.Errorf("chain", "its levels are whole numbers from 0 to 255", "`pad` has the level %v, which is none of a byte", f.Level)
	}
	return Fixed(f), f.made(in, f.shape())
}

// padded is what is around pictures.
type padded struct {
	pictureFrame
	By     []int          `json:"by"` // above, right, below, left
	Border picture.Border `json:"border"`
	Level  float64        `json:"level,omitempty"`
}

func (f padded) shape() []int {
	return []int{f.Shape[0], f.By[0] + f.Shape[1] + f.By[2], f.By[3] + f.Shape[2] + f.By[1]}
}

// Outputs implements Fitted.
func (padded) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f padded) Apply(v *Values, _ *Out) {
	shape := f.shape()
	f.framing(v, picture.Frame{Top: -f.By[0], Left: -f.By[3], Height: shape[1], Width: shape[2]}, f.Border, f.Level)
}
