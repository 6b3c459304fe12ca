package metric

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Of rows that are too many to keep an order of, every figure is the same to the bit.
func TestManyRowsAreMeasuredAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, n := rapid.IntRange(2, 4).Draw(t, "classes"), rapid.IntRange(1, 60).Draw(t, "rows")
		levels := rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "levels")
		r := CollectClasses([]string{"a", "b", "c", "d"}[:k], 0)
		actual, predicted := make([]float64, n), make([]float64, n)
		weight, count := make([]float64, n), make([]int32, n)
		most := rapid.IntRange(1, 2).Draw(t, "most")
		for i := range n {
			row, total := make([]float64, k), 0.
			for j := range row {
				row[j] = float64(rapid.IntRange(0, levels).Draw(t, "level")) + 1e-9
				total += row[j]
			}
			for j := range row {
				row[j] /= total
			}
			if k == 2 && rapid.Bool().Draw(t, "paired") {
				row = row[1:]
			}
			r.AddAs(int32(rapid.IntRange(0, k-1).Draw(t, "actual")), int32(rapid.IntRange(0, k-1).Draw(t, "taken")), row...)
			actual[i] = float64(rapid.IntRange(-levels, levels).Draw(t, "value")) / 7
			predicted[i] = float64(rapid.IntRange(-levels, levels).Draw(t, "value")) / 7
			weight[i] = rapid.SampledFrom([]float64{0, .1, 1, 3}).Draw(t, "weight")
			count[i] = int32(rapid.IntRange(0, most).Draw(t, "count"))
		}
		weight[0], count[0] = 1, 1
		c, err := r.Sample()
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		many := *c
		many.rank, many.loss, many.squared, many.order, many.areas = nil, nil, nil, nil, newAreas()
		manyValues := *v
		manyValues.order = nil
		same := func(what string, few, many Sample) {
			for _, count := range [][]int32{nil, count} {
				a, b := few.Measure(All(), count), many.Measure(All(), count)
				for i := range a {
					if a[i].Undefined != b[i].Undefined || math.Float64bits(a[i].Value) != math.Float64bits(b[i].Value) {
						t.Fatalf("%s: %s is %v of many rows, %v of few (counts %v)", what, a[i].Name, b[i].Value, a[i].Value, count)
					}
				}
			}
		}
		same("classes", c, &many)
		same("values", v, &manyValues)
		for j := range c.Names {
			var a, b [][3]float64
			c.ROC(j, func(x, y, at float64) { a = append(a, [3]float64{x, y, at}) })
			many.ROC(j, func(x, y, at float64) { b = append(b, [3]float64{x, y, at}) })
			if !slices.Equal(a, b) {
				t.Fatalf("the ROC curve of many rows is %v, of few %v", b, a)
			}
		}
		weighted, err := c.Weighted(weight)
		if err != nil {
			t.Fatal(err)
		}
		manyWeighted, err := many.Weighted(weight)
		if err != nil {
			t.Fatal(err)
		}
		same("weighted classes", weighted, manyWeighted)
		weightedValues, err := v.Weighted(weight)
		if err != nil {
			t.Fatal(err)
		}
		manyWeightedValues, err := manyValues.Weighted(weight)
		if err != nil {
			t.Fatal(err)
		}
		same("weighted values", weightedValues, manyWeightedValues)

		// A guess, of which there are no rows, is measured as one that is written out.
		prior := slices.Repeat(c.Baselines()[1].Prob, n)
		written, err := NewClasses(c.Names, classesOf(c), prior)
		if err != nil {
			t.Fatal(err)
		}
		guessed, err := weighted.Guessed(c.Baselines()[1])
		if err != nil {
			t.Fatal(err)
		}
		if written, err = written.Weighted(weight); err != nil {
			t.Fatal(err)
		}
		same("guessed classes", written, guessed)
		whole, err := NewValues(actual, slices.Repeat([]float64{.25}, n))
		if err != nil {
			t.Fatal(err)
		}
		value, err := v.Guessed(Baseline{Value: .25})
		if err != nil {
			t.Fatal(err)
		}
		same("guessed values", whole, value)
	})
}

func classesOf(c *Classes) []int32 {
	list := make([]int32, c.Rows())
	for i := range list {
		list[i] = int32(c.Actual(i))
	}
	return list
}

// Pieces give all numbers from the largest, however they are spread.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]uint64{0, 2, 30, math.MaxUint64}).Draw(t, "most")
		keys := rapid.SliceOfN(rapid.Uint64Max(most), 0, 300).Draw(t, "keys")
		skip := rapid.Uint64Max(most).Draw(t, "skipped")
		var got, want []uint64
		fallingKeys(len(keys), func(i int) (uint64, bool) { return keys[i], keys[i] != skip }, func(piece []uint64) bool {
			got = append(got, piece...)
			return true
		})
		for _, k := range keys {
			if k != skip {
				want = append(want, k)
			}
		}
		slices.Sort(want)
		if slices.Reverse(want); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// What is held of each row is its probabilities and two bytes; a guess holds no more, and
// putting rows in order a fraction.
func TestMemoryOfRows(t *testing.T) {
	const rows = 400_000
	held := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := held()
	r := CollectClasses([]string{"a", "b", "c"}, rows)
	for i := range rows {
		p := math.Mod(float64(i)*.618, 1)
		r.Add(int32(i%3), p/2, p/2, 1-p)
	}
	c, err := r.Sample()
	if err != nil {
		t.Fatal(err)
	}
	if each := float64(held()-before) / rows; each > 27 {
		t.Errorf("%.1f bytes for each row of three classes", each)
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	total := stats.TotalAlloc
	guessed, err := c.Guessed(c.Baselines()[1])
	if err != nil {
		t.Fatal(err)
	}
	if guessed.Measure(All(), nil); c.Rows() != rows {
		t.Fatal(c.Rows())
	}
	runtime.ReadMemStats(&stats)
	if each := float64(stats.TotalAlloc-total) / rows; each > 1 {
		t.Errorf("a guess allocates %.1f bytes for each row", each)
	}
	total = stats.TotalAlloc
	c.Measure(All(), nil)
	runtime.ReadMemStats(&stats)
	if each := float64(stats.TotalAlloc-total) / rows / 3; each > 2 {
		t.Errorf("the order of a class allocates %.1f bytes for each row", each)
	}
}
