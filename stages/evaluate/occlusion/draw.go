package occlusion

import (
	"image"
	"image/color"
	"math"
	"slices"

	"pipe/data/tensor"
)

// What a picture of a page has at most.
const (
	mostShown = 96 * 96 // pixels
	mostSide  = 480
)

// Levels are what stands for black and for white in pictures.
type Levels struct{ Low, High float64 }

// LevelsOf are those of bytes, and of other numbers what nearly all of them lie between: a few that are
// far outside would make all others look alike. Where nearly all are the same, the few are what there is to see.
func LevelsOf(rows *tensor.Rows) Levels {
	if rows.U8 != nil {
		return Levels{0, 255}
	}
	const most = 1 << 16 // numbers that are looked at
	step := 1 + rows.Len()/most
	for gcd(step, rows.Len()) > 1 { // else it might be always the same columns
		step++
	}
	var list []float64
	for i := 0; i < rows.Len(); i += step {
		if v := rows.At(i); v-v == 0 {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	if n := len(list); n > 0 && list[n/100] < list[n-1-n/100] {
		return Levels{list[n/100], list[n-1-n/100]}
	}
	all := Levels{math.Inf(1), math.Inf(-1)}
	for i := range rows.Len() {
		if v := rows.At(i); v-v == 0 {
			all.Low, all.High = min(all.Low, v), max(all.High, v)
		}
	}
	return all
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// share is where a level lies from black to white. What is no number is black.
func (l Levels) share(v float64) float64 {
	if !(l.High > l.Low) || !(v > l.Low) {
		return 0
	}
	return min(1, (v-l.Low)/(l.High-l.Low))
}

// Draw draws a picture of channels, height and width: three channels are red, green and blue, and of another
// number the mean is grey. One that is large is drawn smaller.
func Draw(row *tensor.Rows, shape []int, levels Levels) *image.NRGBA {
	height, width := shape[1], shape[2]
	factor := max(1, (max(height, width)+mostSide-1)/mostSide)
	over := func(n int) int { return (n + factor - 1) / factor }
	for over(height)*over(width) > mostShown {
		factor++
	}
	out := image.NewNRGBA(image.Rect(0, 0, over(width), over(height)))
	var channels []float64
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			channels = channels[:0]
			for c := range shape[0] {
				sum, n := 0.0, 0
				for v := y * factor; v < min(height, (y+1)*factor); v++ {
					for u := x * factor; u < min(width, (x+1)*factor); u++ {
						sum, n = sum+levels.share(row.At((c*height+v)*width+u)), n+1
					}
				}
				channels = append(channels, sum/float64(n))
			}
			out.SetNRGBA(x, y, colour(channels))
		}
	}
	return out
}

func colour(channels []float64) color.NRGBA {
	if len(channels) == 3 {
		return color.NRGBA{level(channels[0]), level(channels[1]), level(channels[2]), 255}
	}
	sum := 0.0
	for _, v := range channels {
		sum += v
	}
	grey := level(sum / float64(max(1, len(channels))))
	return color.NRGBA{grey, grey, grey, 255}
}

func level(share float64) uint8 { return uint8(math.Round(255 * share)) }

// The colours of what speaks for a class, and against it. They are told apart by those, too, who see
// red and green alike; package report has them as well.
var (
	speaksFor     = [3]float64{0xe6, 0x85, 0x00}
	speaksAgainst = [3]float64{0x3b, 0x82, 0xc8}
)

// Overlay is a picture that Draw has drawn, in grey, with the falls of the cells of the grid over it: the more of the
// colour the nearer a fall is to most.
func Overlay(drawn *image.NRGBA, g Grid, falls []float64, most float64) *image.NRGBA {
	out := image.NewNRGBA(drawn.Rect)
	size := drawn.Rect.Size()
	for y := range size.Y {
		for x := range size.X {
			// The middle of the pixel, in pixels of the picture itself.
			v, u := (2*y+1)*g.Height/(2*size.Y), (2*x+1)*g.Width/(2*size.X)
			fall := falls[v/g.Step*g.Cols+u/g.Step]
			c := drawn.NRGBAAt(x, y)
			grey := float64(.3*float64(c.R)) + float64(.59*float64(c.G)) + float64(.11*float64(c.B))
			// The colours show on black and on white alike.
			grey = 60 + float64(grey*.65)
			share := 0.0
			if most > 0 {
				share = min(1, math.Abs(fall)/most)
			}
			tint := speaksFor
			if fall < 0 {
				tint = speaksAgainst
			}
			mix := func(i int) uint8 {
				return uint8(math.Round(grey + float64(.75*share*(tint[i]-grey))))
			}
			out.SetNRGBA(x, y, color.NRGBA{mix(0), mix(1), mix(2), 255})
		}
	}
	return out
}
