package chart

import (
	"math"
	"strings"
)

// A Line joins points in order. It breaks at values that are not finite.
type Line struct {
	Name  string  `json:"name,omitempty"`  // in the legend; empty: not in it
	Class string  `json:"class,omitempty"` // Series(i), or "guide" for a thin line to compare with
	X     Numbers `json:"x"`
	Y     Numbers `json:"y"`
	Dash  bool    `json:"dash,omitempty"`
	Step  bool    `json:"step,omitempty"` // keep each value until the next point
	Tip   string  `json:"tip,omitempty"`
}

func (l Line) extend(x, y *extent) {
	for i := range l.X {
		if finite(l.X[i]) && finite(l.Y[i]) {
			x.add(l.X[i])
			y.add(l.Y[i])
		}
	}
}

func (l Line) key() (string, string, string) { return l.Name, l.Class, l.style() }

func (l Line) style() string {
	if l.Dash {
		return "line dash"
	}
	return "line"
}

func (l Line) draw(f *frame) {
	var path strings.Builder
	for _, run := range l.runs(f) {
		for i, p := range thin(run) {
			switch {
			case i == 0:
				path.WriteString("M" + num(p.x) + " " + num(p.y))
			case l.Step:
				path.WriteString("H" + num(p.x) + "V" + num(p.y))
			default:
				path.WriteString("L" + num(p.x) + " " + num(p.y))
			}
		}
	}
	if path.Len() > 0 {
		tipped(f, "path", l.style()+" "+l.Class, l.Tip, "d", path.String())
	}
}

// seen is the line without the points that make no difference to the picture.
func (l Line) seen(f *frame) Line {
	if len(l.X) < manyPoints {
		return l
	}
	x, y := make(Numbers, 0, len(l.X)), make(Numbers, 0, len(l.Y))
	for _, run := range l.runs(f) {
		if len(x) > 0 {
			x, y = append(x, math.NaN()), append(y, math.NaN()) // the line breaks
		}
		for _, p := range thin(run) {
			x, y = append(x, l.X[p.at]), append(y, l.Y[p.at])
		}
	}
	l.X, l.Y = x, y
	return l
}

// A point is where a value of a line is drawn.
type point struct {
	x, y float64
	at   int // in the line
}

// runs splits the line at values that cannot be drawn.
func (l Line) runs(f *frame) (runs [][]point) {
	var run []point
	for i := range l.X {
		if !finite(l.X[i]) || !finite(l.Y[i]) || f.y.log && l.Y[i] <= 0 || f.x.log && l.X[i] <= 0 {
			if len(run) > 0 {
				runs = append(runs, run)
			}
			run = nil
			continue
		}
		run = append(run, point{f.px(l.X[i]), f.py(l.Y[i]), i})
	}
	if len(run) > 0 {
		runs = append(runs, run)
	}
	return runs
}

// manyPoints are more than can be told apart.
const manyPoints = 500

// thin keeps, of a line with very many points, the first, lowest, highest and
// last within each half unit, so that the picture stays the same. Lines that
// go back in x are left alone.
func thin(run []point) []point {
	if len(run) < manyPoints {
		return run
	}
	for i := 1; i < len(run); i++ {
		if run[i].x < run[i-1].x {
			return run
		}
	}
	var kept []point
	for i := 0; i < len(run); {
		column := math.Floor(run[i].x * 2)
		first, low, high := i, i, i
		for ; i < len(run) && math.Floor(run[i].x*2) == column; i++ {
			if run[i].y < run[low].y {
				low = i
			}
			if run[i].y > run[high].y {
				high = i
			}
		}
		last := -1
		for _, j := range []int{first, min(low, high), max(low, high), i - 1} {
			if j > last {
				kept = append(kept, run[j])
				last = j
			}
		}
	}
	return kept
}

// Dots are points.
type Dots struct {
	Name   string   `json:"name,omitempty"`
	Class  string   `json:"class,omitempty"`
	X      Numbers  `json:"x"`
	Y      Numbers  `json:"y"`
	Tips   []string `json:"tips,omitempty"`   // one for each point, or none
	Radius float64  `json:"radius,omitempty"` // 0: 2.6
}

func (d Dots) extend(x, y *extent) { Line{X: d.X, Y: d.Y}.extend(x, y) }

func (d Dots) key() (string, string, string) { return d.Name, d.Class, "dot" }

func (d Dots) draw(f *frame) {
	radius := d.Radius
	if radius == 0 {
		radius = 2.6
	}
	f.WriteString(`<g class="dots ` + Escape(d.Class) + `">`)
	for i := range d.X {
		if !finite(d.X[i]) || !finite(d.Y[i]) || f.y.log && d.Y[i] <= 0 || f.x.log && d.X[i] <= 0 {
			continue
		}
		var tip string
		if i < len(d.Tips) {
			tip = d.Tips[i]
		}
		tipped(f, "circle", "", tip, "cx", f.px(d.X[i]), "cy", f.py(d.Y[i]), "r", radius)
	}
	f.WriteString("</g>")
}

// Bars are upright bars from 0 over intervals of x.
type Bars struct {
	Name  string   `json:"name,omitempty"`
	Class string   `json:"class,omitempty"`
	Low   Numbers  `json:"low"`
	High  Numbers  `json:"high"`
	Y     Numbers  `json:"y"`
	Tips  []string `json:"tips,omitempty"`
}

func (b Bars) extend(x, y *extent) {
	x.add(b.Low...)
	x.add(b.High...)
	y.add(b.Y...)
	y.add(0)
}

func (b Bars) key() (string, string, string) { return b.Name, "bar " + b.Class, "area" }

func (b Bars) draw(f *frame) {
	for i, v := range b.Y {
		if !finite(v) || v == 0 {
			continue
		}
		x0, x1 := f.px(b.Low[i]), f.px(b.High[i])
		top, bottom := f.py(max(v, 0)), f.py(min(v, 0))
		gap := min(1, (x1-x0)/8)
		var tip string
		if i < len(b.Tips) {
			tip = b.Tips[i]
		}
		// What is there can be seen, however little it is.
		height := max(bottom-top, 1)
		tipped(f, "rect", "bar "+b.Class, tip, "x", x0+gap, "y", bottom-height, "width", max(x1-x0-2*gap, .5), "height", height)
	}
}

// A Span shades an interval of x over the whole height.
type Span struct {
	Name     string // in the legend
	From, To float64
}

func (s Span) extend(x, _ *extent) { x.add(s.From, s.To) }

func (s Span) key() (string, string, string) { return s.Name, "span", "area" }

func (s Span) draw(f *frame) {
	if math.IsNaN(s.From) || math.IsNaN(s.To) {
		return
	}
	x0, x1 := f.px(s.From), f.px(s.To)
	tipped(f, "rect", "span", s.Name, "x", x0, "y", f.top, "width", max(x1-x0, 1), "height", f.bottom-f.top)
}

// A Rule is a line across the plot with a note at its end.
type Rule struct {
	Note       string
	At         float64
	Horizontal bool
}

func (r Rule) extend(x, y *extent) {
	if r.Horizontal {
		y.add(r.At)
	} else {
		x.add(r.At)
	}
}

func (r Rule) key() (string, string, string) { return "", "", "" }

func (r Rule) draw(f *frame) {
	if !finite(r.At) {
		return
	}
	x, y, anchor := f.right-4, f.py(r.At)-5, "end"
	if r.Horizontal {
		element(f, "line", "rule", "x1", f.left, "y1", y+5, "x2", f.right, "y2", y+5)
	} else {
		x, y = f.px(r.At), f.top+fontSize
		element(f, "line", "rule", "x1", x, "y1", f.top, "x2", x, "y2", f.bottom)
		if x > (f.left+f.right)/2 {
			x -= 5
		} else {
			x, anchor = x+5, ""
		}
	}
	if r.Note != "" {
		text(f, "note", x, y, anchor, r.Note)
	}
}
