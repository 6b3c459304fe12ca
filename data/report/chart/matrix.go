package chart

import (
	"math"
	"unicode/utf8"
)

// A Matrix is a table of shaded cells, such as a confusion matrix.
type Matrix struct {
	Label    string     `json:"label"`
	RowTitle string     `json:"row_title"`
	ColTitle string     `json:"column_title"`
	Rows     []string   `json:"rows"`
	Cols     []string   `json:"columns"`
	Shade    []Numbers  `json:"shade"` // 0 to 1
	Text     [][]string `json:"text"`  // in the cells; left out where they are too many to read
	Tips     [][]string `json:"tips"`
}

// SVG draws the matrix as one <svg> element.
func (m *Matrix) SVG() string {
	const longest = 14                           // characters of a name
	widest := utf8.RuneCountInString(m.RowTitle) // it stands above the names
	for _, r := range m.Rows {
		widest = max(widest, utf8.RuneCountInString(clip(r, longest)))
	}
	n := max(len(m.Rows), len(m.Cols), 1)
	cell := min(max(360/float64(n), 14), 84)
	left := edge + charWidth*float64(widest) + 4
	colWidth := 0
	for _, c := range m.Cols {
		colWidth = max(colWidth, utf8.RuneCountInString(clip(c, longest)))
	}
	// Names of columns stand upright where they would touch each other.
	upright := charWidth*float64(colWidth)+8 > cell
	head := lineHeight
	if upright {
		head = charWidth*float64(colWidth) + 6
	}
	top := head + lineHeight + 2
	titled := lineHeight
	width := left + cell*float64(len(m.Cols)) + edge
	height := top + titled + cell*float64(len(m.Rows)) + edge
	// A picture fills its column on the page: a small matrix must not be blown up.
	width = max(width, 440)

	f := &frame{}
	open(f, width, height, m.Label)
	text(f, "title", left, fontSize, "", m.ColTitle)
	text(f, "title", 0, top+fontSize, "", m.RowTitle)
	top += titled
	for j, c := range m.Cols {
		x := left + cell*(float64(j)+.5)
		if upright {
			begin(f, "text", "key", "x", x, "y", top-8, "transform", "rotate(-90 "+num(x+4)+" "+num(top-8)+")")
			f.WriteString("><title>" + Escape(c) + "</title>" + Escape(clip(c, longest)) + "</text>")
		} else {
			text(f, "key", x, top-8, "middle", clip(c, longest))
		}
	}
	for i, r := range m.Rows {
		y := top + cell*float64(i)
		if cell >= 12 {
			text(f, "key", left-8, y+cell/2+4, "end", clip(r, longest))
		}
		for j := range m.Cols {
			m.cell(f, i, j, left+cell*float64(j), y, cell)
		}
	}
	f.WriteString("</svg>")
	return f.String()
}

func (m *Matrix) cell(f *frame, i, j int, x, y, size float64) {
	shade := m.Shade[i][j]
	if !finite(shade) {
		shade = 0
	}
	shade = min(max(shade, 0), 1)
	f.WriteString(`<g class="cell">`)
	element(f, "rect", "ground", "x", x+1, "y", y+1, "width", size-2, "height", size-2, "rx", 3)
	// A root makes small shares visible.
	begin(f, "rect", "heat", "x", x+1, "y", y+1, "width", size-2, "height", size-2, "rx", 3)
	f.WriteString(` fill-opacity="` + plain(math.Sqrt(shade)*.96, 3, true) + `"/>`)
	if s := m.Text[i][j]; charWidth*float64(utf8.RuneCountInString(s)) < size-4 {
		class := "value"
		if math.Sqrt(shade) > .55 {
			class = "value on"
		}
		text(f, class, x+size/2, y+size/2+4.5, "middle", s)
	}
	f.WriteString("<title>" + Escape(m.Tips[i][j]) + "</title></g>")
}

// clip shortens a name to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
