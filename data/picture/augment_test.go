package picture

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/base/random"
	"pipe/data/tensor"
)

// planes are levels of pictures that were made up.
func planes(seed uint64, n int) []uint8 {
	s := random.New(seed, "test", 0)
	list := make([]uint8, n)
	for i := range list {
		list[i] = uint8(s.Uint64(uint64(i)))
	}
	return list
}

func floatsOf(list []uint8) []float32 {
	out := make([]float32, len(list))
	for i, v := range list {
		out[i] = float32(v) / 255
	}
	return out
}

// A change of few pixels is what one would draw by hand.
func TestChange(t *testing.T) {
	in := []uint8{1, 2, 3, 4, 5, 6} // 2 x 3
	for _, c := range []struct {
		name  string
		how   change
		shape []int
		want  []uint8
	}{
		{"as it is", change{}, []int{1, 2, 3}, []uint8{1, 2, 3, 4, 5, 6}},
		{"left and right", change{flipX: true}, []int{1, 2, 3}, []uint8{3, 2, 1, 6, 5, 4}},
		{"above and below", change{flipY: true}, []int{1, 2, 3}, []uint8{4, 5, 6, 1, 2, 3}},
		{"moved down and right", change{shiftY: 1, shiftX: 1}, []int{1, 2, 3}, []uint8{0, 0, 0, 0, 1, 2}},
		{"moved up and left over the edge", change{shiftY: -1, shiftX: -2, border: Edge}, []int{1, 2, 3}, []uint8{6, 6, 6, 6, 6, 6}},
		{"moved in a mirror", change{shiftX: 2, border: Mirror}, []int{1, 2, 3}, []uint8{2, 1, 1, 5, 4, 4}},
		{"moved beyond a mirror", change{shiftX: 7, border: Mirror}, []int{1, 1, 6}, []uint8{6, 6, 5, 4, 3, 2}},
		{"mirrored, then moved", change{flipX: true, shiftX: 1}, []int{1, 2, 3}, []uint8{0, 3, 2, 0, 6, 5}},
		{"channels", change{flipX: true}, []int{2, 1, 3}, []uint8{3, 2, 1, 6, 5, 4}},
		{"upside down", change{angle: 180}, []int{1, 2, 3}, []uint8{6, 5, 4, 3, 2, 1}},
		{"half as large", change{zoom: 0.5}, []int{1, 1, 6}, []uint8{0, 1, 3, 5, 3, 0}},
		{"brighter", change{brightness: 0.1}, []int{1, 2, 3}, []uint8{27, 28, 29, 30, 31, 32}},
		{"without contrast", change{contrast: math.SmallestNonzeroFloat64}, []int{1, 2, 3}, []uint8{4, 4, 4, 4, 4, 4}},
		{"cut out", change{cut: 2, cutY: 0, cutX: 0.99}, []int{1, 2, 3}, []uint8{1, 0, 0, 4, 5, 6}},
		{"all cut out", change{cut: 100}, []int{1, 2, 3}, []uint8{0, 0, 0, 0, 0, 0}},
	} {
		if c.how.zoom == 0 {
			c.how.zoom = 1
		}
		if c.how.contrast == 0 {
			c.how.contrast = 1
		}
		if c.how.border == "" {
			c.how.border = Zero
		}
		got := slices.Clone(in)
		new(changer[uint8]).change(&c.how, got, c.shape, 0, byteLevels{})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// To turn a square by 90 degrees moves each pixel to the place of another, whatever
// else moves them; and float32 gives what bytes give.
func TestTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "side")
		c := change{angle: 90 * float64(rapid.IntRange(-2, 2).Draw(t, "quarters")), zoom: 1, contrast: 1, flipX: rapid.Bool().Draw(t, "x"), flipY: rapid.Bool().Draw(t, "y"),
			shiftY: rapid.IntRange(-3, 3).Draw(t, "down"), shiftX: rapid.IntRange(-3, 3).Draw(t, "right"), border: rapid.SampledFrom([]Border{Zero, Edge, Mirror}).Draw(t, "border")}
		in := planes(rapid.Uint64().Draw(t, "seed"), n*n)
		want := slices.Clone(in)
		move(&change{flipX: c.flipX, flipY: c.flipY}, want, in, n, n)
		for range (int(c.angle)/90 + 4) % 4 { // against the clock
			before := slices.Clone(want)
			for y := range n {
				for x := range n {
					want[(n-1-x)*n+y] = before[y*n+x]
				}
			}
		}
		moved := slices.Clone(want)
		move(&change{shiftY: c.shiftY, shiftX: c.shiftX, border: c.border}, moved, want, n, n)
		got, floats := slices.Clone(in), floatsOf(in)
		new(changer[uint8]).change(&c, got, []int{1, n, n}, 0, byteLevels{})
		if !slices.Equal(got, moved) {
			t.Fatalf("%+v of\n%v is\n%v, want\n%v", c, in, got, moved)
		}
		new(changer[float32]).change(&c, floats, []int{1, n, n}, 0, floatLevels{})
		if !slices.Equal(floats, floatsOf(moved)) {
			t.Fatalf("%+v as float32 is\n%v, want\n%v", c, floats, floatsOf(moved))
		}
	})
}

// What becomes of a row does not depend on the rows beside it or on threads, only on
// the seed, the epoch and the row.
func TestAugmentByRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		how := Augment{Shift: rapid.IntRange(0, 9).Draw(t, "shift"), Rotate: rapid.Float64Range(0, 180).Draw(t, "rotate"), Zoom: rapid.Float64Range(0, 0.9).Draw(t, "zoom"),
			Border: rapid.SampledFrom([]Border{Zero, Edge, Mirror}).Draw(t, "border"), Brightness: rapid.Float64Range(0, 1).Draw(t, "brightness"),
			Contrast: rapid.Float64Range(0, 1).Draw(t, "contrast"), Noise: rapid.Float64Range(0, 1).Draw(t, "noise"), Share: rapid.SampledFrom([]float64{0.5, 1}).Draw(t, "share"),
			Flip: &Flip{Along: rapid.SampledFrom([]string{"horizontal", "vertical", "both"}).Draw(t, "flip"), Probability: 0.5}, CutOut: &CutOut{Size: rapid.IntRange(1, 9).Draw(t, "cut"), Probability: 0.7}}
		shape := []int{rapid.IntRange(1, 3).Draw(t, "channels"), rapid.IntRange(1, 40).Draw(t, "height"), rapid.IntRange(1, 40).Draw(t, "width")}
		rows := rapid.SliceOfN(rapid.IntRange(0, 1<<40), 1, 40).Draw(t, "rows")
		width := tensor.Width(shape)
		epoch := rapid.IntRange(1, 1000).Draw(t, "epoch")
		a := Augmenter{How: how, Seed: rapid.Uint64().Draw(t, "seed"), Shapes: [][]int{nil, shape, shape}}
		of := func(threads int, rows []int) []tensor.Rows {
			var in []tensor.Rows
			for range 3 {
				in = append(in, tensor.Rows{})
			}
			for _, r := range rows {
				levels := planes(uint64(r), width)
				in[0].F32 = append(in[0].F32, float32(r))
				in[1].U8 = append(in[1].U8, levels...)
				in[2].F32 = append(in[2].F32, floatsOf(levels)...)
			}
			a.Threads = threads
			a.Augment(epoch, rows, in)
			return in
		}
		all := of(rapid.IntRange(0, 5).Draw(t, "threads"), rows)
		for i, r := range rows {
			one := of(1, []int{r})
			for k, w := range []int{1, width, width} {
				if s := all[k].Slice(i*w, (i+1)*w); fmt.Sprint(s) != fmt.Sprint(one[k]) {
					t.Fatalf("input %d of row %d is %v in a batch, and %v alone", k, r, s, one[k])
				}
			}
			if one[0].F32[0] != float32(r) {
				t.Fatalf("what is no picture became %v", one[0].F32)
			}
		}
	})
}

// Epochs, seeds and rows give other pictures; half of them are left alone by a share of
// a half; noise is as strong as asked for.
func TestAugmentDiffers(t *testing.T) {
	a := Augmenter{How: Augment{Noise: 0.1, Share: 0.5}, Seed: 1, Threads: 2, Shapes: [][]int{{1, 64, 64}}}
	const rows, width = 200, 64 * 64
	list := make([]int, rows)
	for i := range list {
		list[i] = i
	}
	gray := func() []tensor.Rows { return []tensor.Rows{{F32: slices.Repeat([]float32{0.5}, rows*width)}} }
	one, two := gray(), gray()
	a.Augment(1, list, one)
	a.Augment(2, list, two)
	alone, sum, squares, most := 0, 0.0, 0.0, 0.0
	for i := range list {
		row := one[0].F32[i*width : (i+1)*width]
		if slices.Max(row) == 0.5 {
			alone++
			continue
		}
		if slices.Equal(row, two[0].F32[i*width:(i+1)*width]) {
			t.Errorf("row %d is the same in two epochs", i)
		}
		for _, v := range row {
			x := (float64(v) - 0.5) / 0.1
			sum, squares, most = sum+x, squares+x*x, max(most, math.Abs(x))
		}
	}
	if alone < 75 || alone > 125 {
		t.Errorf("%d of %d are left alone", alone, rows)
	}
	n := float64((rows - alone) * width)
	if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.01 || math.Abs(deviation-1) > 0.01 || most < 3.5 {
		t.Errorf("noise has mean %v, deviation %v and at most %v", mean, deviation, most)
	}
}

func BenchmarkAugment(b *testing.B) {
	for _, c := range []struct {
		name string
		how  Augment
	}{
		{"move", Augment{Shift: 2, Flip: &Flip{Along: "horizontal", Probability: 0.5}, Share: 1}},
		{"turn", Augment{Shift: 2, Rotate: 10, Zoom: 0.1, Share: 1}},
		{"levels", Augment{Brightness: 0.2, Contrast: 0.2, Share: 1}},
		{"noise", Augment{Noise: 0.1, Share: 1}},
	} {
		for _, shape := range [][]int{{1, 28, 28}, {3, 224, 224}} {
			b.Run(fmt.Sprint(c.name, shape), func(b *testing.B) {
				const n = 32
				rows := make([]int, n)
				in := []tensor.Rows{{U8: planes(1, n*tensor.Width(shape))}}
				a := Augmenter{How: c.how, Threads: 1, Shapes: [][]int{shape}}
				for i := 0; b.Loop(); i++ {
					for k := range rows {
						rows[k] = i*n + k
					}
					a.Augment(1, rows, in)
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "pictures/s")
			})
		}
	}
}
