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

// units are what derivatives are counted in: powers of two. perG and perH are how many there
// are to 1.
type units struct{ g, h, perG, perH float64 }

// unitsFor are such that no sum over n rows runs over.
func unitsFor(mostG, mostH float64, n int) units {
	unit := func(most float64, bits int) float64 {
		_, x := math.Frexp(most * float64(n))
		return math.Ldexp(1, max(x-bits, -1000))
	}
	u := units{g: unit(mostG, 62), h: unit(mostH, hessBits-1)}
	u.perG, u.perH = 1/u.g, 1/u.h
	return u
}

func (u *units) cell(g, h float64) cell {
	return cell{int64(g * u.perG), uint64(float64(h*u.perH)+.5)<<countBits | 1}
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

// together is how many columns are filled at a time: a row that has the bin of the one before
// waits for its sum, and meanwhile those of the other columns are added up.
const together = 4

// fill adds up the cells of rows, which are in their order, by the bins of some columns.
func (h histogram) fill(list []int, t *table, rows []int32, cells []cell) {
	for _, i := range list {
		clear(h.column(i)[:t.bins[i].count()+1])
	}
	if len(list) == together+1 { // not one alone
		h.fillThree([3]int(list), t.columns, rows, cells)
		list = list[3:]
	}
	for len(list) >= together {
		h.fillFour([together]int(list), t.columns, rows, cells)
		list = list[together:]
	}
	switch len(list) {
	case 3:
		h.fillThree([3]int(list), t.columns, rows, cells)
	case 2:
		h.fillTwo([2]int(list), t.columns, rows, cells)
	case 1:
		h.fillOne(list[0], t.columns, rows, cells)
	}
}

func (h histogram) fillOne(i int, columns [][]uint8, rows []int32, cells []cell) {
	of, column := h.column(i), columns[i]
	cells = cells[:len(rows)]
	for j, r := range rows {
		of[column[r]].add(&cells[j])
	}
}

func (h histogram) fillTwo(at [2]int, columns [][]uint8, rows []int32, cells []cell) {
	h0, h1 := h.column(at[0]), h.column(at[1])
	c0 := columns[at[0]]
	c1 := columns[at[1]][:len(c0)]
	cells = cells[:len(rows)]
	for j, r := range rows {
		d := cells[j]
		h0[c0[r]].add(&d)
		h1[c1[r]].add(&d)
	}
}

func (h histogram) fillThree(at [3]int, columns [][]uint8, rows []int32, cells []cell) {
	h0, h1, h2 := h.column(at[0]), h.column(at[1]), h.column(at[2])
	c0 := columns[at[0]]
	c1, c2 := columns[at[1]][:len(c0)], columns[at[2]][:len(c0)]
	cells = cells[:len(rows)]
	for j, r := range rows {
		d := cells[j]
		h0[c0[r]].add(&d)
		h1[c1[r]].add(&d)
		h2[c2[r]].add(&d)
	}
}

func (h histogram) fillFour(at [together]int, columns [][]uint8, rows []int32, cells []cell) {
	h0, h1, h2, h3 := h.column(at[0]), h.column(at[1]), h.column(at[2]), h.column(at[3])
	c0 := columns[at[0]]
	c1, c2, c3 := columns[at[1]][:len(c0)], columns[at[2]][:len(c0)], columns[at[3]][:len(c0)]
	cells = cells[:len(rows)]
	for j, r := range rows {
		d := cells[j]
		h0[c0[r]].add(&d)
		h1[c1[r]].add(&d)
		h2[c2[r]].add(&d)
		h3[c3[r]].add(&d)
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
