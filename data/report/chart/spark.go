package chart

import (
	"errors"
	"strings"
)

// A Spark is a histogram as small as a word: counts in bins of equal width between
// two values, on a scale that several may share.
type Spark struct {
	Label  string  `json:"label"`
	Counts []int64 `json:"counts"`
	Min    float64 `json:"min"` // where the first bin begins
	Max    float64 `json:"max"` // where the last one ends
	From   float64 `json:"from"`
	To     float64 `json:"to"`
}

// SVG draws the spark as one <svg> element of 120 x 24 units.
func (s *Spark) SVG() string {
	const width, height, least = 120.0, 24.0, 1.0
	f := &frame{x: scale{lo: s.From, hi: s.To}, left: 0, right: width}
	begin(f, "svg", "chart spark", "role", "img", "viewBox", "0 0 "+num(width)+" "+num(height), "aria-label", s.Label)
	f.WriteString(">")
	element(f, "line", "axis", "x1", 0.0, "y1", height, "x2", width, "y2", height)
	most := int64(1)
	for _, n := range s.Counts {
		most = max(most, n)
	}
	var path strings.Builder
	step := s.Max/float64(len(s.Counts)) - s.Min/float64(len(s.Counts))
	for i, n := range s.Counts {
		if n <= 0 {
			continue
		}
		left, right := 0.0, width
		if s.From < s.To {
			left, right = f.px(s.Min+step*float64(i)), f.px(s.Min+step*float64(i+1))
		}
		if right-left > 3 {
			right -= 1 // to tell bars apart
		}
		top := height - max(least, (height-2)*float64(n)/float64(most))
		path.WriteString("M" + num(left) + " " + num(height) + "V" + num(top) + "H" + num(max(right, left+least)) + "V" + num(height) + "z")
	}
	element(f, "path", "c1", "d", path.String())
	f.WriteString("</svg>")
	return f.String()
}

// Check says why the spark cannot be drawn or written.
func (s *Spark) Check() error {
	for _, v := range []float64{s.Min, s.Max, s.From, s.To} {
		if !finite(v) {
			return errors.New("the range of a spark is not finite")
		}
	}
	return nil
}
