package occlusion

import (
	"math"

	"pipe/data/tensor"
)

// MostPatches is in how many places a picture is hidden at most.
const MostPatches = 196

// A Grid is the places of a picture in which a patch is laid over it, one for each cell: a
// cell is Step pixels broad and high, but for those at the right and lower edge, and a patch hides it and
// as much around it.
type Grid struct {
	Height, Width int // of the picture
	Step          int
	Rows, Cols    int
}

// NewGrid has the smallest cells that are not more than MostPatches.
func NewGrid(height, width int) Grid {
	over := func(n, step int) int { return (n + step - 1) / step }
	step := max(1, int(math.Sqrt(float64(height)/MostPatches*float64(width))))
	for over(height, step)*over(width, step) > MostPatches {
		step++
	}
	return Grid{height, width, step, over(height, step), over(width, step)}
}

// Cells is their number.
func (g Grid) Cells() int { return g.Rows * g.Cols }

// Patch is the pixels that are hidden of a cell: from the first to before the last.
func (g Grid) Patch(cell int) (y0, y1, x0, x1 int) {
	y, x := cell/g.Cols*g.Step, cell%g.Cols*g.Step
	return max(0, y-g.Step), min(g.Height, y+2*g.Step), max(0, x-g.Step), min(g.Width, x+2*g.Step)
}

// Place is what is hidden of a cell, in words.
func (g Grid) Place(cell int) string {
	if g.Cells() == 1 {
		return "the picture"
	}
	third := func(i, n int, names [3]string) string {
		if n == 1 {
			return ""
		}
		return names[(2*i+1)*3/(2*n)]
	}
	y := third(cell/g.Cols, g.Rows, [3]string{"top", "", "bottom"})
	x := third(cell%g.Cols, g.Cols, [3]string{"left", "", "right"})
	switch {
	case y == "" && x == "":
		return "the patch in the middle"
	case y == "" || x == "":
		return "the patch at the " + y + x
	}
	return "the patch at the " + y + " " + x
}

// Picture asks about a row of which one patch after the other of a picture, the input
// with that number, is replaced by that of usual. shape is its channels, height and width.
func (p *Prober) Picture(row []tensor.Rows, input int, shape []int, usual tensor.Rows, class int) ([]Answer, error) {
	g := NewGrid(shape[1], shape[2])
	return p.Ask(g.Cells(), func(int) int { return class }, func(cell int, into []tensor.Rows) {
		at := into[input].Len()
		p.Copy(row, into)
		y0, y1, x0, x1 := g.Patch(cell)
		for c := range shape[0] {
			for y := y0; y < y1; y++ {
				from := (c*shape[1] + y) * shape[2]
				overwrite(&into[input], at, &usual, from+x0, from+x1)
			}
		}
	})
}

// overwrite copies elements to the same place behind at.
func overwrite(into *tensor.Rows, at int, of *tensor.Rows, from, to int) {
	switch {
	case into.U8 != nil:
		copy(into.U8[at+from:at+to], of.U8[from:to])
	case into.I32 != nil:
		copy(into.I32[at+from:at+to], of.I32[from:to])
	default:
		copy(into.F32[at+from:at+to], of.F32[from:to])
	}
}

// A Mean is the mean of rows of a fixed width, element by element, in the type of the rows. What is no number
// is left out; an element of none is 0.
type Mean struct {
	of    tensor.Type
	sums  []float64
	count []int32
}

// NewMean is that of no rows yet.
func NewMean(of tensor.Type, width int) *Mean {
	return &Mean{of, make([]float64, width), make([]int32, width)}
}

// Add adds n rows.
func (m *Mean) Add(rows *tensor.Rows, n int) {
	width := len(m.sums)
	for i := range n {
		for j := range width {
			if v := rows.At(i*width + j); v-v == 0 {
				m.sums[j] += v
				m.count[j]++
			}
		}
	}
}

// Rows is a row of the means.
func (m *Mean) Rows() (row tensor.Rows) {
	row.Grow(m.of, len(m.sums))
	for j, sum := range m.sums {
		v := sum / float64(max(1, m.count[j]))
		if m.of == tensor.U8 {
			row.U8[j] = uint8(math.Round(v))
		} else {
			row.F32[j] = float32(v)
		}
	}
	return row
}

// Flat is a row in which each of some channels has its mean everywhere.
func (m *Mean) Flat(channels int) tensor.Rows {
	size := len(m.sums) / channels
	flat := NewMean(m.of, len(m.sums))
	for from := 0; from < len(m.sums); from += size {
		sum, count := 0.0, int32(0)
		for j := from; j < from+size; j++ {
			sum, count = sum+m.sums[j], count+m.count[j]
		}
		for j := from; j < from+size; j++ {
			flat.sums[j], flat.count[j] = sum, count
		}
	}
	return flat.Rows()
}
