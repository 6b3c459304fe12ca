package linear

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"pipe/data/tensor"
)

// A design is rows as a linear model sees them: numbers, and columns of which most are 0.
type design struct {
	rows    int
	columns int
	width   int       // of the numbers, which are the first columns
	numbers []float32 // rows x width, standardised

	// Of each row the columns that are not 0, and the same by column.
	ends   []int
	at     []int32
	values []float32

	byColumn []entry
	from     []int // of each such column, and the end
}

// An entry is what a row has in a column.
type entry struct {
	row   int32
	value float32
}

func (d *design) reset(p *plan) {
	d.rows, d.columns, d.width = 0, p.columns, p.numbers
	d.numbers, d.ends, d.at, d.values = d.numbers[:0], d.ends[:0], d.at[:0], d.values[:0]
}

// add takes n rows of each input.
func (d *design) add(p *plan, inputs []tensor.Rows, n int) error {
	if len(inputs) != len(p.inputs) {
		return fmt.Errorf("there are %d inputs, and the model has %d", len(inputs), len(p.inputs))
	}
	for i := range inputs {
		if in := &p.inputs[i]; in.Sparse == 0 && inputs[i].Len() != n*in.Shape.Size() || in.Sparse > 0 && len(inputs[i].Ends) != n {
			return fmt.Errorf("there are %d values of %s for %d rows of shape %v", inputs[i].Len(), in.Name, n, in.Shape)
		}
	}
	first := len(d.numbers)
	d.numbers = slices.Grow(d.numbers, n*d.width)[:first+n*d.width]
	for r := range n {
		row := d.numbers[first+r*d.width : first+(r+1)*d.width]
		element := 0
		for i := range inputs {
			in := &p.inputs[i]
			if in.Sparse > 0 {
				from, to := inputs[i].Row(r, 2)
				for at := from; at+1 < to; at += 2 {
					column := inputs[i].F32[at]
					if !(column >= 0 && column < float32(in.Sparse)) {
						return fmt.Errorf("row %d of %s has a value at %v, and its vectors have %d elements", d.rows+r+1, in.Name, column, in.Sparse)
					}
					d.put(p.sparse[i]+int(column), inputs[i].F32[at+1])
				}
				continue
			}
			size := in.Shape.Size()
			for j := range size {
				e := &p.elements[element]
				v := inputs[i].At(r*size + j)
				if !e.Category {
					row[p.places[element]] = e.standard(v)
				} else if at, known := e.category(v); known {
					d.put(p.places[element]+at, 1)
				}
				element++
			}
		}
		d.ends = append(d.ends, len(d.at))
	}
	d.rows += n
	return nil
}

func (d *design) put(column int, v float32) {
	d.at, d.values = append(d.at, int32(column)), append(d.values, v)
}

// standard is a number as the model sees it: in standard deviations from the mean of training.
// One that is missing is the mean.
func (e *Element) standard(v float64) float32 {
	if v != v {
		return 0
	}
	z := float32((v - e.Mean) * e.Scale)
	if z-z != 0 {
		return 0
	}
	return z
}

func (e *Element) category(v float64) (at int, known bool) {
	if v != math.Trunc(v) || !(math.Abs(v) <= maxCategory) {
		return 0, false
	}
	return slices.BinarySearch(e.Categories, int32(v))
}

// index makes the columns that margins do not need.
func (d *design) index() {
	d.from = make([]int, d.columns-d.width+1)
	for _, c := range d.at {
		d.from[int(c)-d.width+1]++
	}
	for i := 1; i < len(d.from); i++ {
		d.from[i] += d.from[i-1]
	}
	next := slices.Clone(d.from)
	d.byColumn = make([]entry, len(d.at))
	row := 0
	for i, c := range d.at {
		for d.ends[row] <= i {
			row++
		}
		d.byColumn[next[int(c)-d.width]] = entry{int32(row), d.values[i]}
		next[int(c)-d.width]++
	}
}

// span is how many rows, or columns, are a piece of work.
const span = 64

// margins are, of each row, the outputs: weights are those of the columns of an output, and
// what it begins with, output by output.
func (d *design) margins(weights []float64, outputs int, z []float64, threads int) {
	each := d.columns + 1
	pieces(threads, d.rows, span, func(from, to int) {
		for r := from; r < to; r++ {
			row := d.numbers[r*d.width : (r+1)*d.width]
			start, end := 0, d.ends[r]
			if r > 0 {
				start = d.ends[r-1]
			}
			for k := range outputs {
				w := weights[k*each : (k+1)*each]
				sum := w[d.columns] + dot(w[:d.width], row)
				for i := start; i < end; i++ {
					sum += float64(w[d.at[i]] * float64(d.values[i]))
				}
				z[r*outputs+k] = sum
			}
		}
	})
}

// dot is a sum of products, in an order that is always the same.
func dot(w []float64, x []float32) float64 {
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		w, x := w[i:i+4:i+4], x[i:i+4:i+4]
		a += float64(w[0] * float64(x[0]))
		b += float64(w[1] * float64(x[1]))
		c += float64(w[2] * float64(x[2]))
		d += float64(w[3] * float64(x[3]))
	}
	for ; i < len(x); i++ {
		a += float64(w[i] * float64(x[i]))
	}
	return a + b + (c + d)
}

// gradient is how the sum over rows of what margins lead to changes with the weights, if it
// changes with the margins as slopes say. Each weight has its sum in the order of rows.
func (d *design) gradient(slopes []float64, outputs int, g []float64, threads int) {
	each := d.columns + 1
	pieces(threads, d.width, span, func(from, to int) {
		for k := range outputs {
			clear(g[k*each+from : k*each+to])
		}
		for r := range d.rows {
			x := d.numbers[r*d.width+from : r*d.width+to]
			for k := range outputs {
				s := slopes[r*outputs+k]
				if s == 0 {
					continue
				}
				own := g[k*each+from : k*each+to]
				for i, v := range x {
					own[i] += float64(s * float64(v))
				}
			}
		}
	})
	pieces(threads, d.columns-d.width, span, func(from, to int) {
		for k := range outputs {
			for c := from; c < to; c++ {
				sum := 0.
				for _, e := range d.byColumn[d.from[c]:d.from[c+1]] {
					sum += float64(slopes[int(e.row)*outputs+k] * float64(e.value))
				}
				g[k*each+d.width+c] = sum
			}
		}
	})
	for k := range outputs {
		sum := 0.
		for r := range d.rows {
			sum += slopes[r*outputs+k]
		}
		g[k*each+d.columns] = sum
	}
}

// pieces does n things in pieces of a size, on so many threads. Which of them does which
// must not matter.
func pieces(threads, n, size int, do func(from, to int)) {
	count := (n + size - 1) / size
	if threads = min(threads, count); threads <= 1 {
		for i := range count {
			do(i*size, min((i+1)*size, n))
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range threads {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				do(i*size, min((i+1)*size, n))
			}
		})
	}
	wait.Wait()
}
