package feature

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/picture"
	"pipe/data/table"
	"pipe/data/tensor"
)

// A pictureFrame is how the lists of a column are pictures, as a transform is given them.
type pictureFrame struct {
	Type         tensor.Type `json:"type"`
	Shape        []int       `json:"shape"`                   // channels, height, width
	ChannelsLast bool        `json:"channels_last,omitempty"` // in the lists
	Listed       []int       `json:"listed,omitempty"`        // what the table says of them, where the chain says something else
}

// maxChannels is what a dimension has at most that is one of channels.
const maxChannels = 4

// maxSide is what a side of a picture has at most.
const maxSide = 1 << 14

// A reshaper is a Fitted of lists that makes lists of another shape of them.
type reshaper interface{ shape() []int }

// framed says how the lists of a column with a shape are pictures.
func framed(in *Input, shape []int, write string) (pictureFrame, error) {
	width := tensor.Width(in.Shape)
	switch {
	case in.Shape[0] == tensor.Ragged:
		return pictureFrame{}, in.Errorf("chain", "make all pictures of one size where the table is made: `format: {images: {size: [64, 64]}}` of the ingest stage, if they are files", "its rows have different numbers of elements")
	case in.Of == tensor.I32:
		todo := fmt.Sprintf("levels are of type uint8 or float32: write `columns: {%q: \"u8[]\"}` in the ingest stage if they are 0 to 255, else `f32[]`", in.Name)
		if len(shape) > 1 { // which a column with another type does not have any more
			todo += fmt.Sprintf(", and `[image: [%s]]` here", strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]"))
		}
		return pictureFrame{}, in.Errorf("chain", todo, "its elements are integers of 32 bits, which are no levels")
	case len(shape) != 2 && len(shape) != 3:
		return pictureFrame{}, in.Errorf("chain", write, "nothing says the height and the width of its %d elements", width)
	case !slices.Equal(shape, in.Shape) && tensor.Width(shape) != width:
		return pictureFrame{}, in.Errorf("chain", write, "the shape %v has %d elements, and a row has %d", shape, tensor.Width(shape), width)
	}
	f := frameOf(in.Of, shape)
	if said, ok := saidOf(in.Of, in.Shape, f); ok && (!slices.Equal(said.Shape, f.Shape) || said.ChannelsLast != f.ChannelsLast) {
		f.Listed = slices.Clone(in.Shape)
	}
	return f, nil
}

// frameOf is framed for two or three dimensions.
func frameOf(of tensor.Type, shape []int) pictureFrame {
	f := pictureFrame{Type: of, Shape: slices.Clone(shape)}
	switch {
	case len(shape) == 2:
		f.Shape = slices.Insert(f.Shape, 0, 1)
	case shape[0] > maxChannels && shape[2] <= maxChannels:
		f.Shape, f.ChannelsLast = []int{shape[2], shape[0], shape[1]}, true
	}
	return f
}

// A resizer is a transform of pictures that can be applied to those of another size than
// it was learned for.
type resizer interface {
	reshaper
	// of is the same for other pictures. done says that what comes of them is what came of
	// those of training.
	of(f pictureFrame) (same Fitted, done bool)
	frame() pictureFrame
}

// A framer is a transform of pictures.
type framer interface {
	frame() pictureFrame
	// laid is the same for pictures whose levels lie otherwise.
	laid(channelsLast bool) Fitted
}

func (f pictureFrame) frame() pictureFrame { return f }

func (f resized) laid(channelsLast bool) Fitted { f.ChannelsLast = channelsLast; return f }
func (f gray) laid(channelsLast bool) Fitted    { f.ChannelsLast = channelsLast; return f }
func (f cropped) laid(channelsLast bool) Fitted { f.ChannelsLast = channelsLast; return f }
func (f padded) laid(channelsLast bool) Fitted  { f.ChannelsLast = channelsLast; return f }
func (f image) laid(channelsLast bool) Fitted   { f.ChannelsLast = channelsLast; return f }

func (f resized) of(other pictureFrame) (Fitted, bool) {
	f.pictureFrame = other
	return f, true
}

func (f gray) of(other pictureFrame) (Fitted, bool) {
	f.pictureFrame = other
	return f, false
}

// sized is the column for a table whose pictures may have another size than those of
// training, which does not matter if they are resized first. It is an error if as many
// levels are other pictures, which would be taken for those of training.
func (c *column) sized(field arrow.Field) (column, error) {
	of, shape, ok := table.ShapeOf(field)
	if c.form != Lists || !ok || len(c.steps) == 0 {
		return *c, nil
	}
	if f, ok := c.steps[0].Fitted.(framer); ok && of == tensor.U8 && f.frame().Type == tensor.F32 {
		return *c, &SpecError{Column: c.Name, Msg: "its levels are bytes, and those of training were decimal numbers, which may have had another range",
			Fix: "write them as those of training were, in NumPy x.astype(\"float32\"), divided by 255 if white was 1"}
	}
	if len(shape) != 2 && len(shape) != 3 {
		return *c, nil
	}
	if other := c.resized(of, shape); other != nil {
		other.Type = table.TypeName(field.Type)
		return *other, nil
	}
	first, ok := c.steps[0].Fitted.(framer)
	if !ok {
		return *c, nil
	}
	was := first.frame()
	is, said := saidOf(of, shape, was)
	switch {
	case !said || tensor.Width(was.Shape) != tensor.Width(is.Shape) /* of which each row says so */, was.Listed != nil && slices.Equal(was.Listed, shape):
		return *c, nil
	case !slices.Equal(was.Shape, is.Shape) || was.Listed != nil:
		return *c, &SpecError{Column: c.Name, Msg: fmt.Sprintf("its pictures have %s, and those of training %s", is.size(), was.size()),
			Fix: "make them as large where the table is made; pictures may have any size if `resize` comes first in the chain, or if `format: {images: {size: [64, 64]}}` of the ingest stage scales them"}
	case was.ChannelsLast == is.ChannelsLast:
		return *c, nil
	}
	other := *c
	other.steps = slices.Clone(c.steps)
	other.steps[0].Fitted = first.laid(is.ChannelsLast)
	if len(other.steps) == 1 {
		other.whole, _ = other.steps[0].Fitted.(Whole)
	}
	return other, nil
}

// resized is the column for pictures of any size; nil if its chain does not resize them.
func (c *column) resized(of tensor.Type, shape []int) *column {
	steps := slices.Clone(c.steps)
	for i := range steps {
		r, ok := steps[i].Fitted.(resizer)
		if !ok {
			return nil
		}
		f := frameOf(of, shape)
		if was := r.frame(); f.Type != was.Type || f.Shape[0] != was.Shape[0] || tooMany(f.Shape) {
			return nil
		}
		same, done := r.of(f)
		steps[i].Fitted, shape = same, same.(reshaper).shape()
		if done {
			other := *c
			other.steps = steps
			return &other
		}
	}
	return nil
}

// saidOf is how the lists of a column are pictures where it says so itself. Two numbers
// may be lines of levels as well, of which `image` of the chain makes pictures with colours.
func saidOf(of tensor.Type, shape []int, chain pictureFrame) (f pictureFrame, said bool) {
	if len(shape) != 3 && (len(shape) != 2 || chain.Shape[0] > 1) {
		return f, false
	}
	return frameOf(of, shape), true
}

// size says how large pictures are.
func (f pictureFrame) size() string {
	s := fmt.Sprintf("%d x %d pixels (height x width)", f.Shape[1], f.Shape[2])
	if f.Shape[0] > 1 {
		s += fmt.Sprintf(" of %d channels", f.Shape[0])
	}
	return s
}

// pictures is framed for a step that is followed by others.
func (in *Input) pictures() (pictureFrame, error) {
	return framed(in, in.Shape, "make lists of rows of pixels where the table is made, as IDX, NumPy and picture files have them")
}

func (f *pictureFrame) check() error {
	if f.Type != tensor.U8 && f.Type != tensor.F32 || len(f.Shape) != 3 || slices.Min(f.Shape) < 1 || slices.Max(f.Shape) > table.MostListed || tooMany(f.Shape) {
		return errors.New("these are no pictures")
	}
	return nil
}

// tooMany says whether a row cannot have so many levels.
func tooMany(shape []int) bool {
	return int64(shape[1])*int64(shape[2]) > table.MostListed || int64(shape[0])*int64(shape[1])*int64(shape[2]) > table.MostListed
}

// levels are those of the pictures of some rows, channel by channel; none if they are no
// such pictures.
func (f *pictureFrame) levels(v *Values) tensor.Rows {
	if v.Lists.Len() != v.Len()*tensor.Width(f.Shape) {
		return tensor.Rows{}
	}
	if !f.ChannelsLast {
		return v.Lists
	}
	if v.Lists.U8 != nil {
		return tensor.Rows{U8: channelsFirst(v.Lists.U8, f.Shape)}
	}
	return tensor.Rows{F32: channelsFirst(v.Lists.F32, f.Shape)}
}

// remade gives rows other levels, as many as a shape has for each.
func (f *pictureFrame) remade(v *Values, shape []int, bytes func(dst, in []uint8) []uint8, floats func(dst, in []float32) []float32) {
	in := f.levels(v)
	n := v.Len() * tensor.Width(shape)
	switch {
	case in.U8 != nil:
		v.Lists = tensor.Rows{U8: bytes(make([]uint8, 0, n), in.U8)}
	case in.F32 != nil:
		v.Lists = tensor.Rows{F32: floats(make([]float32, 0, n), in.F32)}
	default:
		v.Lists = tensor.Rows{}
	}
}

// sides checks the height and the width of pictures that are to be made.
func sides(setting string, size []int) error {
	for _, n := range size {
		if n < 1 || n > maxSide {
			return AtField(&SpecError{Setting: setting, Msg: fmt.Sprintf("%d is no side of a picture, want 1 to %d", n, maxSide)})
		}
	}
	return nil
}

// made checks what a transform makes of pictures.
func (f *pictureFrame) made(in *Input, shape []int) error {
	if tooMany(shape) {
		return in.Errorf("chain", "make them smaller", "pictures of %d x %d x %d levels (channels, height, width) are too large, at most %d are possible", shape[0], shape[1], shape[2], table.MostListed)
	}
	return nil
}

// framing gives a part of each picture, or more than it.
func (f *pictureFrame) framing(v *Values, part picture.Frame, border picture.Border, level float64) {
	height, width := f.Shape[1], f.Shape[2]
	f.remade(v, []int{f.Shape[0], part.Height, part.Width},
		func(dst, in []uint8) []uint8 {
			return picture.Framed(dst, in, height, width, part, border, uint8(level))
		},
		func(dst, in []float32) []float32 {
			return picture.Framed(dst, in, height, width, part, border, float32(level))
		})
}
