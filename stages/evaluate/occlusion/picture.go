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

// Mean is the mean of n rows of a fixed width, element by element, in the type of the rows. What is no number
// is left out; an element of none is 0.
func Mean(rows *tensor.Rows, n, width int) tensor.Rows {
	var mean tensor.Rows
	of := tensor.F32
	if rows.U8 != nil {
		of = tensor.U8
	}
	mean.Grow(of, width)
	for j := range width {
		sum, count := 0.0, 0
		for i := range n {
			if v := rows.At(i*width + j); v-v == 0 {
				sum, count = sum+v, count+1
			}
		}
		v := sum / float64(max(1, count))
		if of == tensor.U8 {
			mean.U8[j] = uint8(math.Round(v))
		} else {
			mean.F32[j] = float32(v)
		}
	}
	return mean
}
