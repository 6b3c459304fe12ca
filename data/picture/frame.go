package picture

// A Border is what there is beyond the edge of a picture.
type Border string

// The borders.
const (
	Zero   Border = "zero"   // a level, 0 if nothing else is said
	Edge   Border = "edge"   // the nearest one
	Mirror Border = "mirror" // those inside, in a mirror at the edge
)

// Enum implements settings.Enum.
func (Border) Enum() []string { return []string{string(Zero), string(Edge), string(Mirror)} }

// at is the place of n that stands for place i, -1 where there is nothing.
func (b Border) at(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	switch b {
	case Edge:
		return min(max(i, 0), n-1)
	case Mirror: // ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ...
		i %= 2 * n
		if i < 0 {
			i += 2 * n
		}
		return min(i, 2*n-1-i)
	}
	return -1
}

// A Frame is a part of a picture, or one that reaches beyond it.
type Frame struct {
	Top    int `json:"top"` // below 0 it is beyond the edge
	Left   int `json:"left"`
	Height int `json:"height"`
	Width  int `json:"width"`
}

// Middle is the frame of a size in the middle of a picture, as torchvision has it: where
// there is no middle, an even number of pixels is left out before it.
func Middle(height, width, toHeight, toWidth int) Frame {
	return Frame{half(height - toHeight), half(width - toWidth), toHeight, toWidth}
}

// half is n/2: of what is cut off to even, and of what is put around as much before as
// behind, or a pixel less.
func half(n int) int {
	if n > 0 && n&3 == 3 {
		return n/2 + 1
	}
	return n / 2
}

// Framed adds to dst what planes of a size have in a frame, and beyond the edge a level or
// what a border says.
func Framed[E Level](dst, planes []E, height, width int, f Frame, b Border, level E) []E {
	for size := height * width; len(planes) >= size; planes = planes[size:] {
		for y := range f.Height {
			from := b.at(f.Top+y, height)
			for x := range f.Width {
				if at := b.at(f.Left+x, width); from >= 0 && at >= 0 {
					dst = append(dst, planes[from*width+at])
				} else {
					dst = append(dst, level)
				}
			}
		}
	}
	return dst
}

// Gray is the level that the eye sees of a colour (ITU-R 601), as Pillow rounds it.
func Gray(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// Grays adds to dst the planes of gray levels of pictures with a plane of size levels for
// each of red, green and blue; what is behind them, as transparency, is left out.
func Grays(dst, pictures []uint8, channels, size int) []uint8 {
	for ; len(pictures) >= channels*size; pictures = pictures[channels*size:] {
		for i := range size {
			dst = append(dst, Gray(pictures[i], pictures[size+i], pictures[2*size+i]))
		}
	}
	return dst
}

// GrayFloats is Grays of other levels.
func GrayFloats(dst, pictures []float32, channels, size int) []float32 {
	for ; len(pictures) >= channels*size; pictures = pictures[channels*size:] {
		for i := range size {
			r, g, b := float64(pictures[i]), float64(pictures[size+i]), float64(pictures[2*size+i])
			dst = append(dst, float32(float64(0.299*r)+float64(0.587*g)+float64(0.114*b)))
		}
	}
	return dst
}
