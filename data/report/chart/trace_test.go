package chart

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A line that is traced is drawn, and written, as the whole line would be.
func TestTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 20, 499, 500, 501, 3000, 20_000}).Draw(t, "points")
		levels := float64(rapid.SampledFrom([]int{5, 400, 100_000}).Draw(t, "levels"))
		seed := rapid.Float64Range(.1, .9).Draw(t, "seed")
		back := rapid.Bool().Draw(t, "back")
		walk := func(to func(x, y float64)) {
			for i := range n {
				x, y := float64(i)/float64(n), math.Mod(float64(i)*seed, 1)
				if back && i == n/2 {
					x = 0
				}
				to(math.Floor(x*levels)/levels, math.Floor(y*levels)/levels)
			}
		}
		unit := Axis{Min: 0, Max: 1}
		l := Line{Name: "line", Class: "c1"}
		plot := Plot{X: unit, Y: unit, Marks: Marks{Line{Name: "other", Class: "guide", X: Numbers{0, 1}, Y: Numbers{0, 1}}, l}}
		traced, whole := plot, plot
		line := plot.Trace(l, walk)
		traced.Marks = Marks{plot.Marks[0], line}
		walk(func(x, y float64) { l.X, l.Y = append(l.X, x), append(l.Y, y) })
		whole.Marks = Marks{plot.Marks[0], l}
		if !back && len(line.X) > 4*1000 {
			t.Fatalf("%d points are held", len(line.X))
		}
		if diff := cmp.Diff(whole.SVG(), traced.SVG()); diff != "" {
			t.Fatal(diff)
		}
		a, err := json.Marshal(&whole)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(&traced)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(a), string(b)); diff != "" {
			t.Fatal(diff)
		}
	})
}
