package picture

import (
	"math"
	"slices"
)

// A Level is one number of a picture: of a byte, or as it is.
type Level interface{ uint8 | float32 }

// A Resize makes planes of levels of another size, as Pillow and torchvision do with
// antialias: to the bit.
//
// Bilinear: level i of n that become m is the mean of the levels j around the point c = (i + 1/2) n/m,
// each with the weight 1 - |j + 1/2 - c| / r where that is above 0, divided by their sum; r is n/m, but 1
// at least. So what becomes smaller is smoothed. Lines come first, then columns, or, as in Pillow
// since 13, the other way where the height loses more than twice as many as the width; between the
// two bytes are rounded. Their weights have 22 bits.
//
// Nearest: it is the level in which c lies.
type Resize struct {
	height, width int // before
	across, down  []window
	downFirst     bool
	between       any // memory of levels
}

// NewResize is for planes of a size that become those of another one.
func NewResize(height, width, toHeight, toWidth int, nearest bool) *Resize {
	weights := triangles
	if nearest {
		weights = nearests
	}
	return &Resize{height: height, width: width, across: weights(width, toWidth), down: weights(height, toHeight),
		downFirst: height-toHeight > max(0, 2*(width-toWidth))}
}

// A window is the weights of levels side by side, which add up to one.
type window struct {
	from    int
	weights []float64
	fixed   []int32 // the same in parts of one; nil: the level is taken as it is
}

const (
	oneBits = 22
	one     = 1 << oneBits
)

// triangles are the windows of a line of n that becomes one of m.
func triangles(n, m int) []window {
	list := make([]window, m)
	if n == m {
		return nearests(n, m)
	}
	scale := float64(n) / float64(m)
	reach := max(scale, 1)
	shrink := 1 / reach
	for i := range list {
		center := float64((float64(i) + 0.5) * scale)
		from, to := max(0, int(center-reach+0.5)), min(n, int(center+reach+0.5))
		w := window{from, make([]float64, to-from), make([]int32, to-from)}
		sum := 0.0
		for k := range w.weights {
			w.weights[k] = max(0, 1-math.Abs(float64((float64(k+from)-center+0.5)*shrink)))
			sum += w.weights[k]
		}
		for k := range w.weights {
			w.weights[k] /= sum
			w.fixed[k] = int32(0.5 + float64(w.weights[k]*one))
		}
		list[i] = w
	}
	return list
}

// nearests are windows of a single level.
func nearests(n, m int) []window {
	list := make([]window, m)
	step := float64(n) / float64(m)
	at := float64(step * 0.5)
	for i := range list {
		list[i] = window{from: min(int(at), n-1)}
		at += step
	}
	return list
}

// Bytes adds to dst what becomes of planes, one behind the other.
func (r *Resize) Bytes(dst, planes []uint8) []uint8 {
	return resized(r, dst, planes, func(w *window, line []uint8, stride int) uint8 {
		if w.fixed == nil {
			return line[w.from*stride]
		}
		sum := int64(one / 2)
		at := w.from * stride
		for _, k := range w.fixed {
			sum += int64(k) * int64(line[at])
			at += stride
		}
		return uint8(min(max(sum>>oneBits, 0), 255))
	})
}

// Floats is Bytes of other levels. They are sums in float64.
func (r *Resize) Floats(dst, planes []float32) []float32 {
	return resized(r, dst, planes, func(w *window, line []float32, stride int) float32 {
		if w.fixed == nil {
			return line[w.from*stride]
		}
		sum, at := 0.0, w.from*stride
		for _, k := range w.weights {
			sum += float64(float64(line[at]) * k)
			at += stride
		}
		return float32(sum)
	})
}

func resized[E Level](r *Resize, dst, planes []E, mean func(w *window, line []E, stride int) E) []E {
	height, width := r.height, len(r.across) // between the passes
	if r.downFirst {
		height, width = len(r.down), r.width
	}
	between, _ := r.between.([]E)
	if len(between) < height*width {
		between = make([]E, height*width)
		r.between = between
	}
	between = between[:height*width]
	for size := r.height * r.width; len(planes) >= size; planes = planes[size:] {
		n := len(dst)
		dst = slices.Grow(dst, len(r.down)*len(r.across))[:n+len(r.down)*len(r.across)]
		if r.downFirst {
			columns(between, planes[:size], r.down, r.width, mean)
			lines(dst[n:], between, r.across, r.width, mean)
		} else {
			lines(between, planes[:size], r.across, r.width, mean)
			columns(dst[n:], between, r.down, width, mean)
		}
	}
	return dst
}

// lines makes of each line of levels one by windows.
func lines[E Level](dst, src []E, across []window, width int, mean func(w *window, line []E, stride int) E) {
	for ; len(src) > 0; src, dst = src[width:], dst[len(across):] {
		for x := range across {
			dst[x] = mean(&across[x], src[:width], 1)
		}
	}
}

// columns makes of each column of levels one by windows.
func columns[E Level](dst, src []E, down []window, width int, mean func(w *window, line []E, stride int) E) {
	for y := range down {
		for x := range width {
			dst[y*width+x] = mean(&down[y], src[x:], width)
		}
	}
}
