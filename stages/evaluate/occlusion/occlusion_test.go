package occlusion_test

import (
	"image/color"
	"math"
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
	mean := occlusion.Mean(&tensor.Rows{F32: []float32{1, nan, 3, nan}}, 2, 2)
	if mean.F32[0] != 2 || mean.F32[1] != 0 {
		t.Errorf("the mean is %v", mean.F32)
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
	if top, bottom := got.NRGBAAt(0, 0), got.NRGBAAt(size.X-1, size.Y-1); size.X > 96 || size.Y > 96 || top.R != 200 || bottom.R != 0 {
		t.Errorf("%v pixels, the first %v, the last %v", size, top, bottom)
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
	if size := drawn.Rect.Size(); size.X > 96 || size.Y > 96 {
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
