package picture

import (
	"errors"
	"fmt"
	"sync"

	"pipe/base/random"
	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

// Augment says how far pictures are changed at random each time that training sees
// them. All that is not named is left as it is.
type Augment struct {
	Flip       *Flip   `yaml:"flip" doc:"Mirror pictures. Not where left and right, or above and below, mean something, as in digits and letters."`
	Shift      int     `yaml:"shift" default:"0" min:"0" max:"16384" doc:"Move by up to so many pixels, along each side by itself: a random crop out of a picture with a border of that width."`
	Rotate     float64 `yaml:"rotate" default:"0" min:"0" max:"180" doc:"Turn around the middle by up to so many degrees, either way."`
	Zoom       float64 `yaml:"zoom" default:"0" min:"0" max:"0.9" doc:"Enlarge or shrink around the middle by up to this share: 0.1 is 0.9 to 1.1 times."`
	Border     Border  `yaml:"border" default:"zero" doc:"What there is beyond the edge of a picture: zeros, the nearest pixel, or the picture in a mirror."`
	Brightness float64 `yaml:"brightness" default:"0" min:"0" max:"1" doc:"Add up to this share of the range of levels, or take it away."`
	Contrast   float64 `yaml:"contrast" default:"0" min:"0" max:"1" doc:"Move levels away from the mean of their picture, or closer to it, by up to this share of their distance."`
	Noise      float64 `yaml:"noise" default:"0" min:"0" max:"1" doc:"Standard deviation of noise in each level, as a share of the range of levels."`
	CutOut     *CutOut `yaml:"cut_out" doc:"Make a square of a picture 0, so that no single part of it decides."`
	Share      float64 `yaml:"share" default:"1" above:"0" max:"1" doc:"Share of the pictures that are changed at all."`
}

// Flip mirrors pictures.
type Flip struct {
	Along       string  `yaml:"along" short:"true" required:"true" enum:"horizontal,vertical,both" doc:"Whether left and right change places (horizontal), above and below (vertical), or each of the two (both)."`
	Probability float64 `yaml:"probability" default:"0.5" above:"0" max:"1" doc:"Of each of them."`
}

// CutOut makes squares 0.
type CutOut struct {
	Size        int     `yaml:"size" short:"true" required:"true" min:"1" max:"16384" doc:"Side of the square in pixels. Its middle is anywhere in the picture, so that it may reach beyond the edge."`
	Probability float64 `yaml:"probability" default:"1" above:"0" max:"1" doc:"Of a picture to lose a square."`
}

// Validate finds an augmentation that changes nothing.
func (a *Augment) Validate() error {
	if a.Flip == nil && a.CutOut == nil && a.Shift == 0 && a.Rotate == 0 && a.Zoom == 0 && a.Brightness == 0 && a.Contrast == 0 && a.Noise == 0 {
		return &settings.FieldError{Err: errors.New("it changes nothing"), Todo: "say what may change, as in `augment: {shift: 2, rotate: 10}`, or leave it out"}
	}
	return nil
}

// Fits says whether something can be left of pictures of a size.
func (a *Augment) Fits(height, width int) error {
	if a.Shift >= min(height, width) {
		return fmt.Errorf("a shift of %d pixels moves pictures of %d x %d (height x width) out of sight", a.Shift, height, width)
	}
	if a.CutOut != nil && a.CutOut.Size >= max(height, width) {
		return fmt.Errorf("a square of %d pixels that is cut out leaves nothing of pictures of %d x %d (height x width)", a.CutOut.Size, height, width)
	}
	return nil
}

// An Augmenter changes the pictures among the inputs of rows. All pictures of a row
// are changed in the same way, as far as they have the same size. What becomes of a row
// follows from the seed, the epoch and the number of the row: not from the batch that
// it is in, from the rows before it, or from the number of threads.
type Augmenter struct {
	How     Augment
	Seed    uint64
	Threads int     `json:"-"`
	Shapes  [][]int // of each input: channels, height, width of pictures; nil: it is left alone
}

// least is how many levels are worth a goroutine.
const least = 1 << 14

// Augment changes what the inputs hold of rows, in the order of the rows.
func (a *Augmenter) Augment(epoch int, rows []int, inputs []tensor.Rows) {
	levels := 0
	for _, shape := range a.Shapes {
		if shape != nil {
			levels += len(rows) * tensor.Width(shape)
		}
	}
	n := min(max(1, a.Threads), len(rows), max(1, levels/least))
	share := (len(rows) + n - 1) / n
	var work sync.WaitGroup
	for from := share; from < len(rows); from += share {
		work.Go(func() { a.some(epoch, rows, from, min(from+share, len(rows)), inputs) })
	}
	a.some(epoch, rows, 0, min(share, len(rows)), inputs)
	work.Wait()
}

// some changes the rows at some places of a batch.
func (a *Augmenter) some(epoch int, rows []int, from, to int, inputs []tensor.Rows) {
	draws := random.New(a.Seed, "augment", uint64(epoch))
	noise := random.New(a.Seed, "augment.noise", uint64(epoch))
	var bytes changer[uint8]
	var floats changer[float32]
	for i, shape := range a.Shapes {
		if shape == nil {
			continue
		}
		width := tensor.Width(shape)
		for at := from; at < to; at++ {
			c, changed := a.How.draw(draws, uint64(rows[at]))
			if !changed {
				continue
			}
			dots := grain(noise.Uint64(uint64(rows[at])))
			if in := &inputs[i]; in.U8 != nil {
				bytes.change(&c, in.U8[at*width:(at+1)*width], shape, dots, byteLevels{})
			} else if in.F32 != nil {
				floats.change(&c, in.F32[at*width:(at+1)*width], shape, dots, floatLevels{})
			}
		}
	}
}

// A change is what becomes of one picture.
type change struct {
	flipX, flipY bool
	shiftY       int
	shiftX       int
	angle        float64 // degrees
	zoom         float64
	border       Border
	brightness   float64 // share of the range
	contrast     float64 // factor
	noise        float64 // share of the range
	cut          int     // side of the square; 0: none
	cutY, cutX   float64 // its middle, as shares of the sides
}

// The numbers that are drawn for a row.
const (
	drawShare = iota
	drawFlipX
	drawFlipY
	drawShiftY
	drawShiftX
	drawAngle
	drawZoom
	drawBrightness
	drawContrast
	drawCut
	drawCutY
	drawCutX

	drawn = 16 // room for more, which then leave these as they are
)

// draw says what becomes of a row, if it is changed at all.
func (a *Augment) draw(s random.Stream, row uint64) (c change, changed bool) {
	at := func(k uint64) float64 { return s.Float64(row*drawn + k) }
	around := func(k uint64, reach float64) float64 { // -reach to reach
		if reach == 0 {
			return 0
		}
		return float64((2*at(k) - 1) * reach)
	}
	if a.Share < 1 && at(drawShare) >= a.Share {
		return c, false
	}
	if f := a.Flip; f != nil {
		c.flipX = f.Along != "vertical" && at(drawFlipX) < f.Probability
		c.flipY = f.Along != "horizontal" && at(drawFlipY) < f.Probability
	}
	if a.Shift > 0 {
		c.shiftY = s.IntN(row*drawn+drawShiftY, 2*a.Shift+1) - a.Shift
		c.shiftX = s.IntN(row*drawn+drawShiftX, 2*a.Shift+1) - a.Shift
	}
	c.angle, c.zoom, c.border = around(drawAngle, a.Rotate), 1+around(drawZoom, a.Zoom), a.Border
	c.brightness, c.contrast, c.noise = around(drawBrightness, a.Brightness), 1+around(drawContrast, a.Contrast), a.Noise
	if o := a.CutOut; o != nil && at(drawCut) < o.Probability {
		c.cut, c.cutY, c.cutX = o.Size, at(drawCutY), at(drawCutX)
	}
	return c, true
}
