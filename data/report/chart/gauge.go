package chart

// A Gauge is a small picture of one value beside a number: a dot with its
// interval on a common scale, and a stroke at what it is compared with.
type Gauge struct {
	Label     string
	Value     float64
	Low, High float64 // the interval; NaN: none
	Mark      float64 // to compare with; NaN: none
	From, To  float64 // the scale
}

// SVG draws the gauge as one <svg> element of 120 x 16 units.
func (g *Gauge) SVG() string {
	const width, height, middle = 120.0, 16.0, 8.0
	s := Axis{Min: g.From, Max: g.To}
	f := &frame{x: s.scale(newExtent(), 5), left: 5, right: width - 5}
	begin(f, "svg", "chart gauge", "role", "img", "viewBox", "0 0 "+num(width)+" "+num(height), "aria-label", g.Label)
	f.WriteString(">")
	element(f, "line", "rail", "x1", f.left, "y1", middle, "x2", f.right, "y2", middle)
	if finite(g.Mark) {
		element(f, "line", "mark", "x1", f.px(g.Mark), "y1", middle-5, "x2", f.px(g.Mark), "y2", middle+5)
	}
	if finite(g.Low) && finite(g.High) {
		element(f, "line", "band c1", "x1", f.px(g.Low), "y1", middle, "x2", f.px(g.High), "y2", middle)
	}
	if finite(g.Value) {
		element(f, "circle", "dot c1", "cx", f.px(g.Value), "cy", middle, "r", 4.0)
	}
	f.WriteString("</svg>")
	return f.String()
}
