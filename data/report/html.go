package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"

	"pipe/data/report/chart"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// templates are those of page.html.
func templates() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"css":   func() template.CSS { return template.CSS(pageCSS + chart.CSS) },
		"plain": plain,
		"svg":   func(c interface{ SVG() string }) template.HTML { return template.HTML(c.SVG()) },
		"kind":  func(b Block) string { return b.kind() },
		"class": func(t Table, column int, c Cell) string { return t.class(column, c) },
		"met":   met,
	}).Parse(pageHTML))
}

// WriteHTML writes the page as one HTML document that needs no network.
func (p *Page) WriteHTML(w io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	var b bytes.Buffer // a page is written whole or not at all
	if err := templates().ExecuteTemplate(&b, "page", p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// plain makes text safe for XML as well as for HTML: the template escapes
// markup but lets control characters through.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// class is the style of a cell.
func (t Table) class(column int, c Cell) string {
	class := string(c.Tone)
	if t.Columns[column].Number {
		class = strings.TrimSpace("n " + class)
	}
	return class
}

func met(checks []Check) (n int) {
	for _, c := range checks {
		if c.Met {
			n++
		}
	}
	return n
}

// tailOfPage is how far from its end the body of a page may end.
const tailOfPage = 4 << 10

// AddOrigin copies a page of HTML and says at the end of its body where it comes
// from. What is no such page, as a command may have written it, is copied as it
// is.
func AddOrigin(w io.Writer, page io.ReaderAt, size int64, origin []Fact) error {
	tail := make([]byte, min(size, tailOfPage))
	if _, err := page.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	end := size
	at := bytes.LastIndex(tail, []byte("</body>"))
	if at >= 0 {
		end = size - int64(len(tail)) + int64(at)
	}
	if _, err := io.Copy(w, io.NewSectionReader(page, 0, end)); err != nil || at < 0 {
		return err
	}
	if err := templates().ExecuteTemplate(w, "origin", origin); err != nil {
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(page, end, size-end))
	return err
}
