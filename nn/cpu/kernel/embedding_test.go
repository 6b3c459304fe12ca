package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

func TestEmbedding(t *testing.T) {
	const scale = 1.5
	for _, s := range [][3]int{{1, 1, 1}, {7, 3, 5}, {40, 17, 9}, {300, 33, 64}} {
		k, v, d := s[0], s[1], s[2]
		for _, padding := range []int{-1, 0, v - 1} {
			ids, table, dy := numbers(1, k), numbers(2, v*d), numbers(3, k*d)
			for i := range ids { // most ids are few, some are not in the table
				ids[i] = float32(math.Floor(float64(ids[i]*ids[i])*float64(v+2))) - 1
			}
			ids[k/2] = float32(math.NaN())
			ids[k-1] = 1e30
			fwd := (&trial{in: [][]float32{ids, table}, out: []int{k * d},
				build: one(Embed, tasksOf(k, 3), EmbedArgs{Span: Span{N: int64(k), Per: 3}, D: int64(d), Rows: int64(v), Scale: scale}, 0, 1, 100)}).check(t)
			bwd := (&trial{in: [][]float32{ids, dy}, out: []int{v * d}, build: func(_ *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
				order, start := temp(k), temp(v+1)
				return []Instr{
					call(EmbedSort, 1, EmbedSortArgs{IDs: int64(k), Rows: int64(v)}, in[0], order, start),
					call(EmbedGrad, tasksOf(v, 4), EmbedGradArgs{Span: Span{N: int64(v), Per: 4}, D: int64(d), Padding: int64(padding), Scale: scale}, order, start, in[1], out[0]),
				}
			}}).check(t)
			want, dtable := make([]float64, k*d), make([]float64, v*d)
			for i, id := range ids {
				row := max(0, min(v-1, int(max(-1, min(id, 1e6)))))
				if id != id {
					row = 0
				}
				for j := range d {
					want[i*d+j] = scale * float64(table[row*d+j])
					if row != padding {
						dtable[row*d+j] += scale * float64(dy[i*d+j])
					}
				}
			}
			near(t, fmt.Sprint(s, " out"), fwd[0], want, 2e-5)
			near(t, fmt.Sprint(s, padding, " dtable"), bwd[0], dtable, 2e-5)
		}
	}
}

func TestPositionsAndLengths(t *testing.T) {
	for _, k := range sizes {
		const n = 5
		x, row := numbers(1, n*k), numbers(2, k)
		got := (&trial{in: [][]float32{x, row}, out: []int{n * k},
			build: one(AddRows, tasksOf(n, 2), RowsArgs{Span: Span{N: n, Per: 2}, K: int64(k)}, 0, 1, 100)}).check(t)[0]
		if got[n*k-1] != x[n*k-1]+row[k-1] {
			t.Errorf("the last sum is %v", got[n*k-1])
		}
		ids, want := make([]float32, n*k), make([]float64, n)
		for i := range n {
			want[i] = float64(min(i, k)) // the first has none
			for j := range int(want[i]) {
				ids[i*k+j] = float32(j % 2) // with ids in between that are 0, unless at the end
			}
			if want[i] > 0 {
				ids[i*k+int(want[i])-1] = 3
			}
		}
		mask := make([]float64, n*k)
		for i := range mask {
			if i/k != 1 && float64(i%k) < want[i/k] {
				mask[i] = 1
			}
		}
		lengths := []float32{float32(want[0]), float32(want[1]), float32(want[2]), float32(want[3]), float32(want[4])}
		near(t, "mask", (&trial{in: [][]float32{lengths, {1, 0, 0.5, 1, 2}}, out: []int{n * k},
			build: one(StepMask, tasksOf(n, 2), RowsArgs{Span: Span{N: n, Per: 2}, K: int64(k)}, 0, 1, 100)}).check(t)[0], mask, 2e-5)
		near(t, "lengths", (&trial{in: [][]float32{ids}, out: []int{n},
			build: one(IDLengths, tasksOf(n, 2), IDLengthsArgs{Span: Span{N: n, Per: 2}, T: int64(k)}, 0, 100)}).check(t)[0], want, 2e-5)
	}
}

func TestTimePooling(t *testing.T) {
	for _, d := range sizes {
		for kind := TimeMean; kind <= TimeMax; kind++ {
			for _, with := range []int{-1, 1} {
				const n, steps = 4, 5
				x, dy := numbers(1, n*steps*d), numbers(2, n*d)
				x[2*d] = x[3*d] // equals
				lengths := []float32{steps, 3, 0, 1}
				args := TimePoolArgs{Span: Span{N: n, Per: 3}, T: steps, D: int64(d), Kind: kind}
				out, at := []int{n * d, n * d}, 101
				if kind != TimeMax {
					out, at = out[:1], -1
				}
				fwd := (&trial{in: [][]float32{x, lengths}, out: out, build: one(TimePool, 2, args, 0, 100, with, at)}).check(t)
				in := append([][]float32{dy, lengths}, fwd[1:]...)
				if at > 0 {
					at = 2
				}
				bwd := (&trial{in: in, out: []int{n * steps * d}, build: one(TimePoolGrad, 2, args, 0, 100, with, at)}).check(t)
				y, dx := make([]float64, n*d), make([]float64, n*steps*d)
				for k := range n * d {
					length, top := steps, -1
					if with > 0 {
						length = int(lengths[k/d])
					}
					value := func(step int) float64 { return float64(x[(k/d*steps+step)*d+k%d]) }
					for step := range length {
						switch {
						case kind == TimeMean:
							y[k] += value(step) / float64(length)
							dx[(k/d*steps+step)*d+k%d] = float64(dy[k]) / float64(length)
						case kind == TimeLast || top < 0 || value(step) > value(top):
							top = step
						}
					}
					if top >= 0 {
						y[k] = value(top)
						dx[(k/d*steps+top)*d+k%d] = float64(dy[k])
					}
				}
				near(t, fmt.Sprint(d, kind, " y"), fwd[0], y, 2e-5)
				near(t, fmt.Sprint(d, kind, " dx"), bwd[0], dx, 2e-5)
			}
		}
	}
}
