package optim

import (
	"math"
	"testing"

	"pipe/base/random"
)

func TestInitializersHaveTheirVariance(t *testing.T) {
	const rows, cols = 300, 200
	fan := Fan{300, 200}
	for r, want := range map[Initializer]float64{
		HeUniform: 2.0 / 300, HeNormal: 2.0 / 300, GlorotUniform: 2.0 / 500, GlorotNormal: 2.0 / 500, LeCunUniform: 1.0 / 300, LeCunNormal: 1.0 / 300,
		Orthogonal: 1.0 / 300,
	} {
		w := make([]float32, rows*cols)
		r.Draw(w, rows, fan, random.New(3, "init", 0))
		mean, square, most := 0.0, 0.0, 0.0
		for _, v := range w {
			mean += float64(v) / float64(len(w))
			square += float64(v) * float64(v) / float64(len(w))
			most = max(most, math.Abs(float64(v)))
		}
		// Four standard errors of a normal distribution.
		if root := math.Sqrt(float64(len(w))); math.Abs(mean) > 4*math.Sqrt(want)/root || math.Abs(square-want) > 4*math.Sqrt2*want/root {
			t.Errorf("%s: mean %v, variance %v, want %v", r, mean, square, want)
		}
		if limit := math.Sqrt(3 * want); (r == HeUniform || r == GlorotUniform || r == LeCunUniform) != (most <= limit*(1+1e-6)) {
			t.Errorf("%s: greatest %v, a uniform distribution ends at %v", r, most, limit)
		}
		again := make([]float32, len(w))
		r.Draw(again, rows, fan, random.New(3, "init", 0))
		for i := range w {
			if w[i] != again[i] {
				t.Fatalf("%s: drawn twice, number %d is %v and %v", r, i, w[i], again[i])
			}
		}
	}
}

func TestOrthogonal(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {5, 5}, {3, 17}, {17, 3}, {64, 64}} {
		rows, cols := size[0], size[1]
		w := make([]float32, rows*cols)
		Orthogonal.Draw(w, rows, Fan{rows, cols}, random.New(5, "init", 0))
		n, long, stepI, stepJ := rows, cols, cols, 1
		if rows > cols {
			n, long, stepI, stepJ = cols, rows, 1, cols
		}
		for i := range n {
			for j := range n {
				sum := 0.0
				for k := range long {
					sum += float64(w[i*stepI+k*stepJ]) * float64(w[j*stepI+k*stepJ])
				}
				if i == j {
					sum--
				}
				if math.Abs(sum) > 1e-6 {
					t.Errorf("%v: product of %d and %d is off by %v", size, i, j, sum)
				}
			}
		}
	}
	// The bits are those of every machine.
	w := make([]float32, 9)
	Orthogonal.Draw(w, 3, Fan{3, 3}, random.New(5, "init", 0))
	if got := math.Float32bits(w[8]); got != 0x3f4bb329 {
		t.Errorf("the bits of a number are %#x", got)
	}
}
