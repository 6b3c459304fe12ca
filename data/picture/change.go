package picture

import (
	"math"

	"pipe/base/exact"
)

// levels is what can be done with levels of a type.
type levels[E uint8 | float32] interface {
	// mix is the mean of four levels side by side, weighed by how far down and to the
	// right of the first a point is, in parts of fraction.
	mix(a, b, c, d E, down, right int64) E
	// run is mix for points side by side, all of them within a picture.
	run(row, in []E, width int, y, x, stepY, stepX int64)
	// adjust moves levels away from their mean by a factor, and adds a share of the range.
	adjust(list []E, factor, share float64)
	// scatter adds noise with a deviation, a share of the range.
	scatter(list []E, deviation float64, g grain)
}

// A changer has memory for a picture.
type changer[E uint8 | float32] struct{ before []E }

// change changes a picture of a shape: channels, height, width.
func (w *changer[E]) change(c *change, list []E, shape []int, g grain, of levels[E]) {
	height, width := shape[1], shape[2]
	if c.moves() {
		w.before = append(w.before[:0], list...)
		for from := 0; from < len(list); from += height * width {
			plane, before := list[from:from+height*width], w.before[from:from+height*width]
			if c.angle != 0 || c.zoom != 1 {
				turn(c, plane, before, height, width, of)
			} else {
				move(c, plane, before, height, width)
			}
		}
	}
	if c.brightness != 0 || c.contrast != 1 {
		of.adjust(list, c.contrast, c.brightness)
	}
	if c.noise > 0 {
		of.scatter(list, c.noise, g)
	}
	if c.cut > 0 {
		top, left := int(c.cutY*float64(height))-c.cut/2, int(c.cutX*float64(width))-c.cut/2
		for from := 0; from < len(list); from += height * width {
			for y := max(0, top); y < min(height, top+c.cut); y++ {
				row := list[from+y*width : from+(y+1)*width]
				clear(row[max(0, left):max(0, min(width, left+c.cut))])
			}
		}
	}
}

func (c *change) moves() bool {
	return c.flipX || c.flipY || c.shiftY != 0 || c.shiftX != 0 || c.angle != 0 || c.zoom != 1
}

// move flips a plane and moves it by whole pixels.
func move[E uint8 | float32](c *change, out, in []E, height, width int) {
	for y := range height {
		row := out[y*width : (y+1)*width]
		from := c.border.at(y-c.shiftY, height)
		if from < 0 {
			clear(row)
			continue
		}
		if c.flipY {
			from = height - 1 - from
		}
		source := in[from*width : (from+1)*width]
		if !c.flipX && c.border == Zero {
			clear(row)
			if by := c.shiftX; by >= 0 {
				copy(row[min(by, width):], source)
			} else {
				copy(row, source[min(-by, width):])
			}
			continue
		}
		for x := range row {
			at := c.border.at(x-c.shiftX, width)
			switch {
			case at < 0:
				row[x] = 0
			case c.flipX:
				row[x] = source[width-1-at]
			default:
				row[x] = source[at]
			}
		}
	}
}

const (
	fractionBits = 16
	fraction     = 1 << fractionBits // of a pixel
)

// turn flips, enlarges, turns and moves a plane, all in one: each level is the
// bilinear mean of the four around the point that comes to lie there. Points are
// counted in 2^-16 pixels, so that sums of steps are exact.
func turn[E uint8 | float32](c *change, out, in []E, height, width int, of levels[E]) {
	sin, cos := exact.Sin(float64(c.angle*(math.Pi/180)))/c.zoom, exact.Cos(float64(c.angle*(math.Pi/180)))/c.zoom
	// By which the point moves with a step down, and to the right.
	downY, rightY := fixed(cos), fixed(sin)
	downX, rightX := fixed(-sin), fixed(cos)
	middleY, middleX := int64(height-1)*fraction/2, int64(width-1)*fraction/2
	// Twice as many half steps lead from the middle to the first pixel.
	fromY, fromX := int64(-(height-1)-2*c.shiftY), int64(-(width-1)-2*c.shiftX)
	firstY := middleY + (fromY*downY+fromX*rightY)/2
	firstX := middleX + (fromY*downX+fromX*rightX)/2
	if c.flipY {
		firstY, downY, rightY = 2*middleY-firstY, -downY, -rightY
	}
	if c.flipX {
		firstX, downX, rightX = 2*middleX-firstX, -downX, -rightX
	}
	level := func(y, x int) E {
		if y, x = c.border.at(y, height), c.border.at(x, width); y < 0 || x < 0 {
			return 0
		}
		return in[y*width+x]
	}
	for y := range height {
		atY, atX := firstY+int64(y)*downY, firstX+int64(y)*downX
		row := out[y*width : (y+1)*width]
		inside := func(x int) bool { // the picture, with all four
			top, left := (atY+int64(x)*rightY)>>fractionBits, (atX+int64(x)*rightX)>>fractionBits
			return top >= 0 && left >= 0 && top < int64(height-1) && left < int64(width-1)
		}
		from, to := 0, width
		for from < to && !inside(from) {
			from++
		}
		for from < to && !inside(to-1) {
			to--
		}
		of.run(row[from:to], in, width, atY+int64(from)*rightY, atX+int64(from)*rightX, rightY, rightX)
		for x := range row {
			if x >= from && x < to {
				continue
			}
			y, z := atY+int64(x)*rightY, atX+int64(x)*rightX
			top, left := int(y>>fractionBits), int(z>>fractionBits)
			row[x] = 0
			if c.border != Zero || top >= -1 && left >= -1 && top < height && left < width {
				row[x] = of.mix(level(top, left), level(top, left+1), level(top+1, left), level(top+1, left+1), y&(fraction-1), z&(fraction-1))
			}
		}
	}
}

func fixed(x float64) int64 { return int64(math.RoundToEven(x * fraction)) }

// A grain is noise: a number for each level.
type grain uint64

// at is about normal, with mean 0 and deviation 1: the sum of the eight bytes of a
// number by SplitMix64 (Steele, Lea and Flood, 2014), which is as close as levels can
// tell.
func (g grain) at(i int) float64 {
	const lanes = 0x00ff00ff00ff00ff
	v := uint64(g) + uint64(i+1)*0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	v ^= v >> 31
	v = v&lanes + v>>8&lanes                               // four sums of two
	sum := int64(v * 0x0001000100010001 >> 48)             // of all
	return float64(sum-8*255/2) * (1 / 209.02152999054428) // sqrt(8 (256^2 - 1) / 12)
}

// byteLevels are 0 to 255.
type byteLevels struct{}

func (byteLevels) mix(a, b, c, d uint8, down, right int64) uint8 {
	return mixBytes(a, b, c, d, down, right)
}

func (byteLevels) run(row, in []uint8, width int, y, x, stepY, stepX int64) {
	for i := range row {
		at := int(y>>fractionBits)*width + int(x>>fractionBits)
		above, below := in[at:at+2:at+2], in[at+width:at+width+2:at+width+2]
		row[i] = mixBytes(above[0], above[1], below[0], below[1], y&(fraction-1), x&(fraction-1))
		y, x = y+stepY, x+stepX
	}
}

func mixBytes(a, b, c, d uint8, down, right int64) uint8 {
	down, right = down>>4, right>>4 // 12 bits each
	above := int64(a)<<12 + (int64(b)-int64(a))*right
	below := int64(c)<<12 + (int64(d)-int64(c))*right
	return uint8((above<<12 + (below-above)*down + 1<<23) >> 24)
}

func (byteLevels) adjust(list []uint8, factor, share float64) {
	var sum int64
	for _, v := range list {
		sum += int64(v)
	}
	mean := float64(sum) / float64(len(list))
	var table [256]uint8
	for v := range table {
		table[v] = level(float64((float64(v)-mean)*factor) + mean + float64(share*255))
	}
	for i, v := range list {
		list[i] = table[v]
	}
}

func (byteLevels) scatter(list []uint8, deviation float64, g grain) {
	deviation *= 255
	for i, v := range list {
		list[i] = level(float64(v) + float64(deviation*g.at(i)))
	}
}

// level is the nearest one to x.
func level(x float64) uint8 { return uint8(min(max(x+0.5, 0), 255)) }

// floatLevels have the range 1, and may lie anywhere.
type floatLevels struct{}

func (floatLevels) mix(a, b, c, d float32, down, right int64) float32 {
	return mixFloats(a, b, c, d, down, right)
}

func (floatLevels) run(row, in []float32, width int, y, x, stepY, stepX int64) {
	for i := range row {
		at := int(y>>fractionBits)*width + int(x>>fractionBits)
		above, below := in[at:at+2:at+2], in[at+width:at+width+2:at+width+2]
		row[i] = mixFloats(above[0], above[1], below[0], below[1], y&(fraction-1), x&(fraction-1))
		y, x = y+stepY, x+stepX
	}
}

func mixFloats(a, b, c, d float32, down, right int64) float32 {
	y, x := float32(down)*(1./fraction), float32(right)*(1./fraction)
	above, below := a+float32((b-a)*x), c+float32((d-c)*x)
	return above + float32((below-above)*y)
}

func (floatLevels) adjust(list []float32, factor, share float64) {
	sum := 0.0
	for _, v := range list {
		sum += float64(v)
	}
	mean := sum / float64(len(list))
	for i, v := range list {
		list[i] = float32(float64((float64(v)-mean)*factor) + mean + share)
	}
}

func (floatLevels) scatter(list []float32, deviation float64, g grain) {
	for i, v := range list {
		list[i] = float32(float64(v) + float64(deviation*g.at(i)))
	}
}
