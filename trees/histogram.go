package trees

import "math"

// A cell is what rows of a bin come to: the sum of their first derivatives, and in one number
// that of their second derivatives and how many they are. All are whole numbers, so that their
// sums, and differences of sums, are exact.
type cell struct {
	g  int64
	hn uint64 // second derivatives above the lowest countBits bits
}

const (
	countBits = 27
	hessBits  = 64 - countBits
	maxRows   = 1<<countBits - 1
	binStride = 256
)

func (c *cell) add(d *cell)     { c.g += d.g; c.hn += d.hn }
func (c cell) less(d cell) cell { return cell{c.g - d.g, c.hn - d.hn} }
func (c *cell) n() int          { return int(c.hn & maxRows) }

// units are what derivatives are counted in: powers of two.
type units struct{ g, h float64 }

// unitsFor are such that no sum over n rows runs over.
func unitsFor(mostG, mostH float64, n int) units {
	unit := func(most float64, bits int) float64 {
		_, x := math.Frexp(most * float64(n))
		return math.Ldexp(1, max(x-bits, -1000))
	}
	return units{unit(mostG, 62), unit(mostH, hessBits-1)}
}

func (u *units) cell(g, h float64) cell {
	return cell{int64(g / u.g), uint64(h/u.h+.5)<<countBits | 1}
}

// sums are the derivatives of a cell.
func (u *units) sums(c cell) (g, h float64) {
	return float64(c.g) * u.g, float64(c.hn>>countBits) * u.h
}

// A histogram has binStride cells for each column.
type histogram []cell

func (h histogram) column(i int) *[binStride]cell {
	return (*[binStride]cell)(h[i*binStride:])
}

// fill adds up the cells of rows, which are in their order, by the bins of a column.
func (h histogram) fill(i, bins int, column []uint8, rows []int32, cells []cell) {
	of := h.column(i)
	clear(of[:bins])
	cells = cells[:len(rows)]
	for j, r := range rows {
		c, d := &of[column[r]], &cells[j]
		c.g += d.g
		c.hn += d.hn
	}
}

// subtract takes another histogram from that of a column.
func (h histogram) subtract(i, bins int, other histogram) {
	a, b := h.column(i), other.column(i)
	for j := range bins {
		a[j].g -= b[j].g
		a[j].hn -= b[j].hn
	}
}
