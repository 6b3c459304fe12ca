package occlusion_test

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/tensor"
	"pipe/stages/evaluate/occlusion"
)

// The cells of a grid cover a picture, and each patch holds its cell.
func TestGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		height, width := rapid.IntRange(1, 5000).Draw(t, "height"), rapid.IntRange(1, 5000).Draw(t, "width")
		g := occlusion.NewGrid(height, width)
		if g.Cells() < 1 || g.Cells() > occlusion.MostPatches {
			t.Fatalf("%d cells", g.Cells())
		}
		if g.Rows*g.Step < height || (g.Rows-1)*g.Step >= height || g.Cols*g.Step < width || (g.Cols-1)*g.Step >= width {
			t.Fatalf("%+v does not cover the picture", g)
		}
		for cell := range g.Cells() {
			y0, y1, x0, x1 := g.Patch(cell)
			y, x := cell/g.Cols*g.Step, cell%g.Cols*g.Step
			if y0 < 0 || x0 < 0 || y1 > height || x1 > width || y0 > y || y1 < min(height, y+g.Step) || x0 > x || x1 < min(width, x+g.Step) {
				t.Fatalf("the patch of cell %d is %d to %d, %d to %d", cell, y0, y1, x0, x1)
			}
		}
		if height*width <= occlusion.MostPatches && g.Step != 1 {
			t.Fatalf("a small picture has cells of %d pixels", g.Step)
		}
	})
}

func TestDrawWhatIsNoNumber(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	row := tensor.Rows{F32: []float32{nan, 1, 0, inf, -inf, .5}}
	levels := occlusion.LevelsOf(&row)
	got := occlusion.Draw(&row, []int{1, 2, 3}, levels)
	for i, want := range []uint8{0, 255, 0, 255, 0, 128} {
		if c := got.NRGBAAt(i%3, i/3); c != (color.NRGBA{want, want, want, 255}) {
			t.Errorf("pixel %d is %v, want %d", i, c, want)
		}
	}
	none := tensor.Rows{F32: []float32{nan, nan, nan}}
	if c := occlusion.Draw(&none, []int{3, 1, 1}, occlusion.LevelsOf(&none)).NRGBAAt(0, 0); c != (color.NRGBA{0, 0, 0, 255}) {
		t.Errorf("a picture without a number is %v", c)
	}
	m := occlusion.NewMean(tensor.F32, 2)
	m.Add(&tensor.Rows{F32: []float32{1, nan}}, 1)
	m.Add(&tensor.Rows{F32: []float32{3, nan}}, 1)
	if mean := m.Rows(); mean.F32[0] != 2 || mean.F32[1] != 0 {
		t.Errorf("the mean is %v", mean.F32)
	}
}

// The mean of each channel is that of its levels.
func TestMeanOfChannels(t *testing.T) {
	m := occlusion.NewMean(tensor.U8, 4)
	m.Add(&tensor.Rows{U8: []uint8{10, 20, 100, 200, 30, 40, 100, 200}}, 2)
	if flat := m.Flat(2).U8; !slices.Equal(flat, []uint8{25, 25, 150, 150}) {
		t.Errorf("the means are %v", flat)
	}
}

// A few levels that differ from all others are seen, wherever they are.
func TestDrawFewLevels(t *testing.T) {
	const side = 32
	row := tensor.Rows{F32: make([]float32, 1000*side*side)}
	row.F32[5*side+7] = .5
	got := occlusion.Draw(&row, []int{1, side, side}, occlusion.LevelsOf(&row))
	for i := range side * side {
		want := uint8(0)
		if i == 5*side+7 {
			want = 255
		}
		if c := got.NRGBAAt(i%side, i/side); c.R != want {
			t.Fatalf("pixel %d is %v, want %d", i, c, want)
		}
	}
	for i := range row.F32 { // of columns, the last one of each line is another
		if row.F32[i] = 1; i%side == side-1 {
			row.F32[i] = 3
		}
	}
	if l := occlusion.LevelsOf(&row); l != (occlusion.Levels{Low: 1, High: 3}) {
		t.Errorf("the levels of two columns are %v", l)
	}
}

// Places have the words of what is there.
func TestPlace(t *testing.T) {
	for _, c := range []struct {
		height, width, y, x int
		want                string
	}{
		{1, 1, 0, 0, "the picture"}, {9, 9, 4, 4, "the patch in the middle"}, {9, 9, 0, 0, "the patch at the top left"}, {9, 9, 8, 4, "the patch at the bottom"},
		{9, 9, 4, 8, "the patch at the right"}, {1, 9, 0, 8, "the patch at the right"}, {9, 1, 0, 0, "the patch at the top"}, {1, 9, 0, 4, "the patch in the middle"}, {2, 2, 1, 0, "the patch at the bottom left"},
	} {
		g := occlusion.NewGrid(c.height, c.width)
		if got := g.Place(c.y*g.Cols + c.x); got != c.want {
			t.Errorf("row %d and column %d of %d x %d is %s, want %s", c.y, c.x, c.height, c.width, got, c.want)
		}
	}
}

// A large picture is drawn small, with every pixel of it in a place.
func TestDrawLarge(t *testing.T) {
	const side = 4096
	row := tensor.Rows{U8: make([]uint8, side*side)}
	for i := range side * side / 2 {
		row.U8[i] = 200
	}
	got := occlusion.Draw(&row, []int{1, side, side}, occlusion.LevelsOf(&row))
	size := got.Rect.Size()
	if top, bottom := got.NRGBAAt(0, 0), got.NRGBAAt(size.X-1, size.Y-1); size.X*size.Y > 96*96 || top.R != 200 || bottom.R != 0 {
		t.Errorf("%v pixels, the first %v, the last %v", size, top, bottom)
	}
	for _, long := range [][]int{{1, 20, 300}, {1, 100000, 1}, {1, 1, 479}} { // a line is as long as a page has room for
		row := tensor.Rows{U8: make([]uint8, long[1]*long[2])}
		size := occlusion.Draw(&row, long, occlusion.LevelsOf(&row)).Rect.Size()
		if n := max(size.X, size.Y); n < 300 || n > 480 {
			t.Errorf("a picture of %v has %v pixels", long, size)
		}
	}
	if g := occlusion.NewGrid(side, side); g.Cells() != occlusion.MostPatches {
		t.Errorf("%d cells", g.Cells())
	}
}

// The colours of a map are those of the cells, whatever a picture is made smaller by.
func TestOverlay(t *testing.T) {
	row := tensor.Rows{U8: make([]uint8, 300*200)}
	shape := []int{1, 300, 200}
	g := occlusion.NewGrid(300, 200)
	falls := make([]float64, g.Cells())
	falls[0], falls[len(falls)-1] = 1, -1
	drawn := occlusion.Draw(&row, shape, occlusion.Levels{Low: 0, High: 255})
	if size := drawn.Rect.Size(); size.X*size.Y > 96*96 {
		t.Errorf("a picture of the page has %v pixels", size)
	}
	over := occlusion.Overlay(drawn, g, falls, 1)
	first, last, middle := over.NRGBAAt(0, 0), over.NRGBAAt(drawn.Rect.Dx()-1, drawn.Rect.Dy()-1), over.NRGBAAt(30, 30)
	if !(first.R > first.B && last.B > last.R && middle.R == middle.B) {
		t.Errorf("for is %v, against %v, neither %v", first, last, middle)
	}
	flat := occlusion.Overlay(drawn, g, make([]float64, g.Cells()), 0)
	if c := flat.NRGBAAt(0, 0); c.R != c.B {
		t.Errorf("where nothing counts it is %v", c)
	}
}
