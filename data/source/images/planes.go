package images

import (
	"image"
	"image/color"
	"math"
)

// planes are the levels of a picture: those of one channel behind those of another.
type planes struct {
	channels, height, width int
	levels                  []byte
}

// isGray says whether a picture has no colours, as its file is made.
func isGray(m image.Image) bool {
	switch m := m.(type) {
	case *image.Gray, *image.Gray16:
		return true
	case *image.Paletted:
		for _, c := range m.Palette {
			if r, g, b := rgb(c); r != g || g != b {
				return false
			}
		}
		return true
	}
	return false
}

// rgb gives the levels of a colour, whatever its transparency.
func rgb(c color.Color) (r, g, b uint8) {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return n.R, n.G, n.B
}

// planesOf gives the levels of a picture in one channel or three.
func planesOf(m image.Image, channels int) planes {
	at := m.Bounds()
	p := planes{channels: channels, height: at.Dy(), width: at.Dx()}
	size := p.height * p.width
	p.levels = make([]byte, channels*size)
	i := 0
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			switch m := m.(type) {
			case *image.Gray:
				p.set(i, size, m.GrayAt(x, y).Y)
			case *image.YCbCr:
				c := m.YCbCrAt(x, y)
				r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
				p.setColor(i, size, r, g, b)
			case *image.NRGBA:
				c := m.NRGBAAt(x, y)
				p.setColor(i, size, c.R, c.G, c.B)
			case *image.RGBA: // PNG without transparency
				c := m.RGBAAt(x, y)
				p.setColor(i, size, c.R, c.G, c.B)
			default:
				r, g, b := rgb(m.At(x, y))
				p.setColor(i, size, r, g, b)
			}
			i++
		}
	}
	return p
}

func (p *planes) set(i, size int, level uint8) {
	for c := range p.channels {
		p.levels[c*size+i] = level
	}
}

// setColor sets a pixel. A gray level is what the eye sees of the colour (ITU-R 601).
func (p *planes) setColor(i, size int, r, g, b uint8) {
	if p.channels == 1 {
		p.levels[i] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
		return
	}
	p.levels[i], p.levels[size+i], p.levels[2*size+i] = r, g, b
}

// scaled makes the picture of another size, each level of which is a mean of those that
// it covers, or that lie around it: with a triangle as weights, as wide as two pixels of
// the smaller picture. All sums are of integers.
func (p planes) scaled(height, width int) planes {
	across, down := weights(p.width, width), weights(p.height, height)
	between := make([]byte, p.channels*p.height*width)
	for row := range p.channels * p.height {
		for x, w := range across {
			between[row*width+x] = w.mean(p.levels[row*p.width:], 1)
		}
	}
	out := planes{p.channels, height, width, make([]byte, p.channels*height*width)}
	for c := range p.channels {
		for y, w := range down {
			for x := range width {
				out.levels[(c*height+y)*width+x] = w.mean(between[c*p.height*width+x:], width)
			}
		}
	}
	return out
}

// A window is the weights of levels side by side, which add up to one.
type window struct {
	from    int
	weights []int64
}

const one = 1 << 20

func (w *window) mean(levels []byte, stride int) byte {
	sum := int64(one / 2)
	for i, k := range w.weights {
		sum += k * int64(levels[(w.from+i)*stride])
	}
	return byte(sum / one)
}

// weights are those of each level of a line of n that becomes one of m.
func weights(n, m int) []window {
	list := make([]window, m)
	scale := float64(n) / float64(m)
	reach := max(scale, 1)
	for i := range list {
		center := float64((float64(i)+0.5)*scale) - 0.5
		from, to := max(0, int(math.Ceil(center-reach))), min(n-1, int(math.Floor(center+reach)))
		raw, sum := make([]float64, to-from+1), 0.0
		for k := range raw {
			raw[k] = max(0, 1-math.Abs(float64(from+k)-center)/reach)
			sum += raw[k]
		}
		w := window{from, make([]int64, len(raw))}
		left, largest := int64(one), 0
		for k, v := range raw {
			w.weights[k] = int64(math.Round(float64(v/sum) * one))
			left -= w.weights[k]
			if w.weights[k] > w.weights[largest] {
				largest = k
			}
		}
		w.weights[largest] += left
		list[i] = w
	}
	return list
}
