package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
)

// Pictures are pictures side by side, each with others of the same thing and with what
// is to be said of it.
type Pictures struct {
	Title   string `json:"title,omitempty"`
	Caption string `json:"caption,omitempty"`
	Scale   *Scale `json:"scale,omitempty"` // of the colours in them
	Items   []Shot `json:"items"`
}

// A Shot is a picture, or several that show the same in different ways.
type Shot struct {
	Told
	Pictures []Picture `json:"pictures"`
}

// Told is what is said of a picture or a passage.
type Told struct {
	Title string `json:"title"`
	Note  string `json:"note,omitempty"` // behind the title
	Text  string `json:"text,omitempty"` // below it
}

// A Picture is a small one, whose pixels are drawn as squares.
type Picture struct {
	Label  string `json:"label"` // what it shows, for those who cannot see it
	Width  int    `json:"width"`
	Height int    `json:"height"`
	PNG    []byte `json:"png"`
}

// What a picture of a page may be at most: a page stays one that can be sent around.
const (
	mostSide  = 512       // pixels
	mostBytes = 256 << 10 // of a PNG
)

// NewPicture encodes an image.
func NewPicture(label string, img image.Image) (Picture, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, img); err != nil {
		return Picture{}, fmt.Errorf("picture: %w", err)
	}
	size := img.Bounds().Size()
	return Picture{Label: label, Width: size.X, Height: size.Y, PNG: b.Bytes()}, nil
}

// Form is how the picture stands on the page: as broad or as high as its place, and those that are much
// longer in one direction one below the other, or higher than others.
func (p Picture) Form() string {
	switch {
	case p.Height > 2*p.Width:
		return "tall"
	case p.Height > p.Width:
		return "high"
	case p.Width > 2*p.Height:
		return "line"
	}
	return "broad"
}

// url holds the picture itself.
func (p Picture) url() string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(p.PNG)
}

func (p Picture) check() error {
	if len(p.PNG) > mostBytes {
		return fmt.Errorf("it has %d bytes, at most %d are possible", len(p.PNG), mostBytes)
	}
	c, err := png.DecodeConfig(bytes.NewReader(p.PNG))
	switch {
	case err != nil:
		return err
	case c.Width != p.Width || c.Height != p.Height:
		return fmt.Errorf("it has %d x %d pixels, not %d x %d", c.Width, c.Height, p.Width, p.Height)
	case c.Width > mostSide || c.Height > mostSide:
		return fmt.Errorf("it has %d x %d pixels, at most %d x %d are possible", c.Width, c.Height, mostSide, mostSide)
	}
	return nil
}

// Passages are texts one below the other, in which words are marked.
type Passages struct {
	Title   string    `json:"title,omitempty"`
	Caption string    `json:"caption,omitempty"`
	Scale   *Scale    `json:"scale,omitempty"`
	Items   []Passage `json:"items"`
}

// A Passage is a text with what is to be said of it.
type Passage struct {
	Told
	Words []Word `json:"words"`
}

// A Word is a part of a text, in the colour of its weight.
type Word struct {
	Before string  `json:"before,omitempty"` // what stands before it, unmarked: a space
	Text   string  `json:"text"`
	Weight float64 `json:"weight,omitempty"` // -1 (against) to 1 (for)
	Tip    string  `json:"tip,omitempty"`    // when a word is pointed at that is marked
}

// A Scale says what the two colours of weights mean.
type Scale struct {
	Against string `json:"against"`
	For     string `json:"for"`
}

// shades is how many shades of each colour there are.
const shades = 4

// class is the style of a word; empty: it is not marked.
func (w Word) class() string {
	n := int(math.Ceil(math.Abs(w.Weight)*shades - .5))
	switch {
	case n < 1:
		return ""
	case w.Weight < 0:
		return fmt.Sprintf("against%d", min(n, shades))
	}
	return fmt.Sprintf("for%d", min(n, shades))
}

func (Pictures) kind() string { return "pictures" }
func (Passages) kind() string { return "passages" }

func (p Pictures) check() error {
	for _, item := range p.Items {
		for _, one := range item.Pictures {
			if err := one.check(); err != nil {
				return fmt.Errorf("pictures %q: %q: %w", p.Title, one.Label, err)
			}
		}
	}
	return nil
}

func (p Passages) check() error {
	for _, item := range p.Items {
		for _, w := range item.Words {
			if !(w.Weight >= -1 && w.Weight <= 1) {
				return fmt.Errorf("passages %q: %w", p.Title, errors.New("the weight of a word is not from -1 to 1"))
			}
		}
	}
	return nil
}
