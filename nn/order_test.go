package nn

import (
	"math"
	"slices"
	"testing"

	"pipe/base/random"
)

func TestOrderIsAPermutation(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 7, 100, listedRows, listedRows + 1, 1 << 17, 200003} {
		for epoch := range 3 {
			o := shuffled(5, epoch, rows, nil)
			seen := make([]bool, rows)
			batch := make([]int, 1000)
			total := 0
			for from := 0; from < rows; from += len(batch) {
				n := o.take(batch, from)
				for _, r := range batch[:n] {
					if r < 0 || r >= rows || seen[r] {
						t.Fatalf("%d rows, epoch %d: row %d is taken twice or is none", rows, epoch, r)
					}
					seen[r] = true
				}
				total += n
			}
			if total != rows {
				t.Errorf("%d rows: %d were taken", rows, total)
			}
		}
	}
	plain := order{rows: 5}
	batch := make([]int, 4)
	if n := plain.take(batch, 3); n != 2 || batch[0] != 3 || batch[1] != 4 {
		t.Errorf("rows as they are: %v", batch[:n])
	}
}

// Every n has its permutation, also those of few bits.
func TestFeistelOfAnySize(t *testing.T) {
	for n := uint64(1); n < 600; n++ {
		f := newFeistel(n, random.New(n, "test", 0))
		seen := make([]bool, n)
		for i := range n {
			to := f.at(i)
			if seen[to] {
				t.Fatalf("n=%d: %d twice", n, to)
			}
			seen[to] = true
		}
	}
}

// Orders differ by seed and epoch, are the same again, and are near to random:
// rows land anywhere, and neighbours do not stay neighbours.
func TestOrderIsRandom(t *testing.T) {
	const rows = 100_000
	take := func(seed uint64, epoch int) []int {
		list := make([]int, rows)
		o := shuffled(seed, epoch, rows, nil)
		o.take(list, 0)
		return list
	}
	a := take(1, 1)
	if !slices.Equal(a, take(1, 1)) {
		t.Error("the same order is another one")
	}
	for _, b := range [][]int{take(2, 1), take(1, 2)} {
		same := 0
		for i := range a {
			if a[i] == b[i] {
				same++
			}
		}
		if same > 12 { // one is expected
			t.Errorf("%d rows are at the same place", same)
		}
	}
	const bins = 100 // of places by rows: 10 in each cell
	var cells [bins * bins]int
	near := 0
	for i, r := range a {
		cells[i*bins/rows*bins+r*bins/rows]++
		if i > 0 && (a[i-1]-r == 1 || r-a[i-1] == 1) {
			near++
		}
	}
	chi := 0.0
	for _, n := range cells {
		chi += float64((n-10)*(n-10)) / 10
	}
	// of (bins-1)² degrees of freedom; a permutation fixes the sums of both sides
	df := float64((bins - 1) * (bins - 1))
	if z := (chi - df) / math.Sqrt(2*df); math.Abs(z) > 4 {
		t.Errorf("places are not uniform: chi² %v, %.1f standard deviations off", chi, z)
	}
	if near > 12 {
		t.Errorf("%d neighbours stayed neighbours", near)
	}
}

func BenchmarkOrder(b *testing.B) {
	batch := make([]int, 256)
	o := shuffled(1, 1, 1_000_000_000, nil)
	for b.Loop() {
		o.take(batch, 12345)
	}
}
