package report

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"slices"
	"strings"

	"pipe/data/report/chart"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// foldCSS is beside the first, in each section with folds: one can be added to a
// page that was written before there were any.
//
//go:embed fold.css
var foldCSS string

// explainCSS is likewise that of pictures and passages.
//
//go:embed explain.css
var explainCSS string

// templates are those of page.html.
func templates() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"css":   func() template.CSS { return template.CSS(pageCSS + chart.CSS) },
		"plain": plain,
		"svg":   func(c interface{ SVG() string }) template.HTML { return template.HTML(c.SVG()) },
		"kind":  func(b Block) string { return b.kind() },
		"class": func(t Table, column int, c Cell) string { return t.class(column, c) },
		"met":   met,
		"more":  func(s Section) template.CSS { return template.CSS(s.css()) },
		"shows": (*Page).shows,
		"data":  func(p Picture) template.URL { return template.URL(p.url()) },
		"mark":  Word.class,
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

// css is the style of what not all pages have.
func (s *Section) css() (css string) {
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(s.Blocks, func(b Block) bool { return slices.Contains(kinds, b.kind()) })
	}
	if has("fold") {
		css += foldCSS
	}
	if has("pictures", "passages") {
		css += explainCSS
	}
	return css
}

// shows says whether there are pictures: only such a page may load any, of which
// none is outside of it.
func (p *Page) shows() bool {
	return slices.ContainsFunc(p.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.kind() == "pictures" })
	})
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

// Append copies a page of HTML that WriteHTML has written, and adds sections to it
// and, at the end of its body, where it comes from. Of another page of HTML, as a
// command may have written it, only that is said; what is none is copied as it is.
func Append(w io.Writer, page io.ReaderAt, size int64, sections []Section, origin []Fact) error {
	added := Page{Sections: sections}
	if err := added.check(); err != nil {
		return err
	}
	if added.shows() {
		return errors.New("pictures cannot be added to a page: it says at its beginning whether it has any")
	}
	tail := make([]byte, min(size, tailOfPage))
	if _, err := page.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	begin := size - int64(len(tail)) // of the tail
	body := bytes.LastIndex(tail, []byte("</body>"))
	main := bytes.LastIndex(tail, []byte("\n</main>\n</body>"))
	var done int64
	copyTo := func(end int64) error {
		_, err := io.Copy(w, io.NewSectionReader(page, done, end-done))
		done = end
		return err
	}
	t := templates()
	if main >= 0 {
		if err := copyTo(begin + int64(main)); err != nil {
			return err
		}
		for _, s := range sections {
			if err := t.ExecuteTemplate(w, "section", s); err != nil {
				return err
			}
		}
	}
	if body >= 0 {
		if err := copyTo(begin + int64(body)); err != nil {
			return err
		}
		if err := t.ExecuteTemplate(w, "origin", origin); err != nil {
			return err
		}
	}
	return copyTo(size)
}
