package images

import (
	"image"
	"image/color"

	"pipe/data/picture"
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
		p.levels[i] = picture.Gray(r, g, b)
		return
	}
	p.levels[i], p.levels[size+i], p.levels[2*size+i] = r, g, b
}

// sized makes the picture of another size: stretched to it, or with its proportions, cut
// before or surrounded by zeros after.
func (p planes) sized(height, width int, fit string) planes {
	out := planes{p.channels, height, width, nil}
	wide := int64(p.width)*int64(height) > int64(p.height)*int64(width)
	h, w := height, width
	switch {
	case fit != cut && fit != surround:
	case fit == cut && wide:
		p = p.middle(p.height, min(p.width, share(p.height, width, height)))
	case fit == cut:
		p = p.middle(min(p.height, share(p.width, height, width)), p.width)
	case wide:
		h = min(h, share(p.height, width, p.width))
	default:
		w = min(w, share(p.width, height, p.height))
	}
	out.levels = picture.NewResize(p.height, p.width, h, w, false).Bytes(nil, p.levels)
	if h != height || w != width {
		out.levels = picture.Framed(nil, out.levels, h, w, picture.Middle(h, w, height, width), picture.Zero, 0)
	}
	return out
}

// middle is the middle of the picture, in a smaller size.
func (p planes) middle(height, width int) planes {
	return planes{p.channels, height, width, picture.Framed(nil, p.levels, p.height, p.width, picture.Middle(p.height, p.width, height, width), picture.Zero, 0)}
}

// share is n a/b, rounded, but 1 at least.
func share(n, a, b int) int { return max(1, int((2*int64(n)*int64(a)+int64(b))/(2*int64(b)))) }
