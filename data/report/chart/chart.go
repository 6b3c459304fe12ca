// Package chart draws small, calm SVG charts for pages: lines, points, bars
// and bands over two axes, and matrices of cells.
//
// A chart is text without a colour or a font of its own. Elements carry
// classes, and CSS (embedded here) maps them to custom properties that the
// page sets, so that one picture follows light, dark and print. The bytes are
// a pure function of the values: coordinates have one decimal, nothing is
// measured, timed or drawn at random.
package chart

import (
	_ "embed"
	"html"
	"math"
	"strconv"
	"strings"
)

// CSS is the style sheet of the charts. It reads the custom properties
// --ink, --muted, --grid, --surface and --c1 to --c8 of the page.
//
//go:embed chart.css
var CSS string

// Colors is the number of series colours, c1 to c8.
const Colors = 8

// Series is the class of the i-th series. Beyond Colors it starts again.
func Series(i int) string { return "c" + strconv.Itoa(i%Colors+1) }

// A Plot is marks over two axes.
type Plot struct {
	Label  string  `json:"label"`            // says in a sentence what the picture shows, for those who cannot see it
	Width  float64 `json:"width,omitempty"`  // user units, which are CSS pixels at full size; 0: 480
	Height float64 `json:"height,omitempty"` // 0: 320
	X      Axis    `json:"x"`
	Y      Axis    `json:"y"`
	Marks  Marks   `json:"marks"` // drawn in order, the last on top
}

// An Axis maps values to a side of the plot. With Min == Max its range comes
// from the marks.
type Axis struct {
	Title   string  `json:"title,omitempty"`
	Min     float64 `json:"min,omitempty"`
	Max     float64 `json:"max,omitempty"`
	Log     bool    `json:"log,omitempty"`     // decades; only if every value is positive
	Zero    bool    `json:"zero,omitempty"`    // the range holds 0, whatever the marks are
	Tight   bool    `json:"tight,omitempty"`   // the range ends at the marks, not at round numbers
	Whole   bool    `json:"whole,omitempty"`   // ticks at whole numbers only
	Percent bool    `json:"percent,omitempty"` // 0.25 is written 25%
}

// Marks are what a plot draws, in order.
type Marks []Mark

// A Mark is something to draw: Line, Dots, Bars, Span or Rule.
type Mark interface {
	check() error // why it cannot be drawn
	extend(x, y *extent)
	draw(f *frame)
	key() (name, class, shape string)
}

// An extent is the range of the finite values that it has seen.
type extent struct{ lo, hi float64 }

func newExtent() extent { return extent{math.Inf(1), math.Inf(-1)} }

func (e *extent) add(values ...float64) {
	for _, v := range values {
		if finite(v) {
			e.lo, e.hi = min(e.lo, v), max(e.hi, v)
		}
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// A frame is the drawing area while marks are drawn: SVG text so far, and the
// mapping from values to coordinates.
type frame struct {
	strings.Builder
	x, y                     scale
	left, top, right, bottom float64
}

func (f *frame) px(v float64) float64 { return f.left + f.x.at(v)*(f.right-f.left) }
func (f *frame) py(v float64) float64 { return f.bottom - f.y.at(v)*(f.bottom-f.top) }

// Sizes that the layout is made of, in user units.
const (
	fontSize   = 12.0
	charWidth  = 6.3 // of an average character at fontSize; text cannot be measured here
	lineHeight = 18.0
	edge       = 8.0
)

// SVG draws the plot as one <svg> element.
func (p *Plot) SVG() string {
	f := p.frame()
	for _, m := range p.Marks {
		m.draw(f)
	}
	f.WriteString("</svg>")
	return f.String()
}

// frame lays the plot out, and draws what is around the marks.
func (p *Plot) frame() *frame {
	width, height := p.Width, p.Height
	if width == 0 {
		width = 480
	}
	if height == 0 {
		height = 320
	}
	ex, ey := newExtent(), newExtent()
	for _, m := range p.Marks {
		m.extend(&ex, &ey)
	}
	f := &frame{x: p.X.scale(ex, 7), y: p.Y.scale(ey, 6)}
	f.left = edge + charWidth*float64(f.y.widest())
	f.right = width - max(edge*2, charWidth*float64(f.x.lastWidth())/2+2)
	f.bottom = height - lineHeight - 6
	if p.X.Title != "" {
		f.bottom -= lineHeight
	}
	open(f, width, height, p.Label)
	f.top = p.legend(f, width)
	if p.Y.Title != "" {
		text(f, "title", 0, f.top+fontSize, "", p.Y.Title)
		f.top += lineHeight + 4
	}
	f.top += edge
	p.axes(f)
	return f
}

// legend writes one row (or more) of names over the plot, if two marks or more
// have one, and gives its height.
func (p *Plot) legend(f *frame, width float64) float64 {
	type entry struct{ name, class, shape string }
	var entries []entry
	for _, m := range p.Marks {
		if name, class, shape := m.key(); name != "" {
			entries = append(entries, entry{name, class, shape})
		}
	}
	if len(entries) < 2 {
		return 0
	}
	x, y := 0.0, 0.0
	for _, e := range entries {
		e.name = shortened(e.name, width-22)
		w := 22 + wide(e.name) + 14
		if x > 0 && x+w > width {
			x, y = 0, y+lineHeight
		}
		middle := y + lineHeight/2
		switch e.shape {
		case "dot":
			element(f, "circle", "dot "+e.class, "cx", x+8, "cy", middle, "r", 3.5)
		case "area":
			element(f, "rect", e.class, "x", x+1, "y", middle-5, "width", 14, "height", 10)
		default:
			element(f, "line", e.shape+" "+e.class, "x1", x, "y1", middle, "x2", x+16, "y2", middle)
		}
		text(f, "key", x+22, middle+4, "", e.name)
		x += w
	}
	return y + lineHeight + 4
}

// wide estimates how wide a text is at fontSize, by the widths of DejaVu Sans,
// which is the widest of the fonts that pages are shown in.
func wide(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlI.,:;'|!()[]/\\ ftr-", r):
			w += 4.6
		case strings.ContainsRune("mwMW@%+=<>~#", r):
			w += 10.8
		case r >= 'A' && r <= 'Z':
			w += 8.6
		case r > 0x2e80: // Chinese and the like are as wide as they are high
			w += fontSize
		default:
			w += 7.5
		}
	}
	return w
}

// shortened is a text cut so that it is no wider than room.
func shortened(s string, room float64) string {
	if wide(s) <= room {
		return s
	}
	room -= wide("…")
	for i, r := range s {
		if room -= wide(string(r)); room < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// axes draws the grid, the tick labels and the title of the x axis.
func (p *Plot) axes(f *frame) {
	for i, t := range f.y.ticks {
		y := f.py(t)
		element(f, "line", "grid", "x1", f.left, "y1", y, "x2", f.right, "y2", y)
		text(f, "tick", f.left-6, y+4, "end", f.y.labels[i])
	}
	element(f, "line", "axis", "x1", f.left, "y1", f.bottom, "x2", f.right, "y2", f.bottom)
	for i, t := range f.x.ticks {
		x := f.px(t)
		element(f, "line", "axis", "x1", x, "y1", f.bottom, "x2", x, "y2", f.bottom+4)
		text(f, "tick", x, f.bottom+lineHeight, "middle", f.x.labels[i])
	}
	if p.X.Title != "" {
		text(f, "title", (f.left+f.right)/2, f.bottom+2*lineHeight, "middle", p.X.Title)
	}
}

func open(f *frame, width, height float64, label string) {
	f.WriteString(`<svg class="chart" role="img" viewBox="0 0 ` + num(width) + ` ` + num(height) + `" aria-label="` + Escape(label) + `">`)
}

// element writes an empty element; rest is pairs of attribute name and number.
func element(f *frame, name, class string, rest ...any) {
	begin(f, name, class, rest...)
	f.WriteString("/>")
}

// tipped writes an element that shows a text when it is pointed at.
func tipped(f *frame, name, class, tip string, rest ...any) {
	begin(f, name, class, rest...)
	if tip == "" {
		f.WriteString("/>")
		return
	}
	f.WriteString("><title>" + Escape(tip) + "</title></" + name + ">")
}

func begin(f *frame, name, class string, rest ...any) {
	f.WriteString("<" + name)
	if class != "" {
		f.WriteString(` class="` + Escape(class) + `"`)
	}
	for i := 0; i+1 < len(rest); i += 2 {
		f.WriteString(" " + rest[i].(string) + `="`)
		switch v := rest[i+1].(type) {
		case float64:
			f.WriteString(num(v))
		case int:
			f.WriteString(strconv.Itoa(v))
		case string:
			f.WriteString(Escape(v))
		}
		f.WriteString(`"`)
	}
}

// text writes a text; anchor is "" (start), "middle" or "end".
func text(f *frame, class string, x, y float64, anchor, s string) {
	rest := []any{"x", x, "y", y}
	if anchor != "" {
		rest = append(rest, "text-anchor", anchor)
	}
	begin(f, "text", class, rest...)
	f.WriteString(">" + Escape(s) + "</text>")
}

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// Escape makes any text safe inside an element or an attribute, and leaves out
// what XML cannot hold.
func Escape(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return html.EscapeString(s)
}
