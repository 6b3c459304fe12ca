package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/report"
	"pipe/data/report/chart"
)

var update = flag.Bool("update", false, "rewrite the expected pages")

// whole is a page with one of each, whose names are all the given one.
func whole(name string) *report.Page {
	nan := math.NaN()
	gauge := &chart.Gauge{Label: name, Value: .9, Low: nan, High: nan, Mark: .5, To: 1}
	plot := &chart.Plot{Label: name, X: chart.Axis{Title: name, Min: 0, Max: 10}, Y: chart.Axis{Title: name, Tight: true}, Marks: []chart.Mark{
		chart.Span{Name: name, From: 1, To: 4}, chart.Span{From: nan, To: 3},
		chart.Line{Name: name, Class: name, X: []float64{0, 1, 2}, Y: []float64{1, nan, 1. / 3}, Step: true, Dash: true, Tip: name},
		chart.Dots{Name: name, Class: "c2", X: []float64{1}, Y: []float64{2}, Tips: []string{name}, Radius: 4},
		chart.Bars{Name: name, Class: "c3", Low: []float64{0}, High: []float64{1}, Y: []float64{3}, Tips: []string{name}},
		chart.Rule{Note: name, At: 1, Horizontal: true},
	}}
	matrix := &chart.Matrix{Label: name, RowTitle: name, ColTitle: name, Rows: []string{name}, Cols: []string{name, "b"},
		Shade: []chart.Numbers{{.5, nan}}, Text: [][]string{{"1", name}}, Tips: [][]string{{name, ""}}}
	table := report.Table{Title: name, Caption: name, Wide: true,
		Columns: []report.Column{{Name: name}, {Name: "n", Note: name, Number: true}},
		Rows:    [][]report.Cell{{{Text: name, Doc: name}, {Text: "1", Tone: report.Strong, Gauge: gauge}}, {{Text: "a"}, {Text: "b", Spark: &chart.Spark{Label: name, Counts: []int64{1, 0, 3}, Max: 3, To: 4}}}}}
	facts := report.Facts{Title: name, Facts: []report.Fact{{name, name}}}
	told := report.Told{Title: name, Note: name, Text: name}
	tags := report.Tags{Title: name, Tags: []string{name, "b"}, More: 3}
	return &report.Page{
		Title: name, Subtitle: name,
		Headline: []report.Highlight{{Name: name, Doc: name, Value: name, Gauge: gauge, Facts: []report.Fact{{name, name}}}, {Name: "bare", Value: "1", Gauge: &chart.Gauge{Value: nan, Low: nan, High: nan, Mark: nan, To: 1}}},
		Checks:   []report.Check{{true, name}, {false, name}},
		Sections: []report.Section{
			{Title: name, Lead: name, Table: &table, Notes: []string{name}},
			{Title: "Boxes", Blocks: report.Blocks{
				report.Figure{Title: name, Caption: name, Plot: plot, Wide: true}, report.Figure{Title: name, Caption: name, Matrix: matrix},
				table, facts, tags, report.Group{Blocks: report.Blocks{report.Table{}, tags, facts}},
				report.Pictures{Title: name, Caption: name, Scale: &report.Scale{Against: name, For: name}, Items: []report.Shot{{Told: told, Pictures: []report.Picture{dot(name, 2, 1), dot(name, 1, 2)}}}},
				report.Passages{Title: name, Caption: name, Scale: &report.Scale{Against: name, For: name}, Items: []report.Passage{{Told: told, Words: []report.Word{
					{Text: name, Weight: 1, Tip: name}, {Before: " ", Text: name, Tip: name}, {Before: name, Text: name, Weight: -.3}}}}},
				report.Fold{Title: name, Note: name, Open: true, Notes: []string{name}, Blocks: report.Blocks{table, tags, facts}}, report.Fold{Title: name},
			}},
		},
		Origin: []report.Fact{{name, name}},
	}
}

// dot is a picture of that size.
func dot(label string, width, height int) report.Picture {
	p, err := report.NewPicture(label, image.NewGray(image.Rect(0, 0, width, height)))
	if err != nil {
		panic(err)
	}
	return p
}

func html(t *testing.T, p *report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func document(t *testing.T, p *report.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	p := whole("A name")
	before, rest, _ := strings.Cut(html(t, p), "<style>")
	_, after, _ := strings.Cut(rest, "</style>")
	for name, got := range map[string]string{"page.html": before + "<style></style>" + after, "page.json": string(document(t, p))} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s differs (go test ./data/report -update rewrites it):\n%.2000s", path, diff)
		}
	}
}

// What is read from the JSON of a page is the page: it gives the same HTML.
func TestJSONIsThePage(t *testing.T) {
	for _, p := range []*report.Page{{}, whole("A name"), whole(evil)} {
		data := document(t, p)
		again, err := report.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(html(t, p), html(t, again)); diff != "" {
			t.Errorf("the HTML differs:\n%.2000s", diff)
		}
		if diff := cmp.Diff(string(data), string(document(t, again))); diff != "" {
			t.Errorf("the JSON differs:\n%.2000s", diff)
		}
	}
}

const evil = "</style></title><script>alert('1')</script>\"&{{.}}\x01\u009b\ufffe"

// TestHostileNames puts markup and control characters wherever a text goes.
func TestHostileNames(t *testing.T) {
	page := html(t, whole(evil))
	if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
		t.Error("a number that is not finite was drawn")
	}
	if strings.Contains(page, "<script") || strings.ContainsAny(page, "\x01\u009b\ufffe") {
		t.Error("a name was not escaped")
	}
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || a.Name.Local == "href" || a.Name.Local == "src" && !strings.HasPrefix(a.Value, "data:image/png;base64,iVBOR") {
					t.Errorf("<%s> has the attribute %s", e.Name.Local, a.Name.Local)
				}
			}
		}
	}
	if data := document(t, whole(evil)); bytes.Contains(data, []byte("<")) {
		t.Error("the JSON cannot stand in a page of HTML")
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	in := func(blocks ...report.Block) *report.Page {
		return &report.Page{Sections: []report.Section{{Title: "S", Blocks: blocks}}}
	}
	two := []report.Column{{Name: "a"}, {Name: "b"}}
	for want, p := range map[string]*report.Page{
		`section "S": figure "F": want a plot or a matrix`:           in(report.Figure{Title: "F"}),
		`figure "": mark 1: lists that belong together`:              in(report.Figure{Plot: &chart.Plot{Marks: []chart.Mark{chart.Line{X: []float64{1}}}}}),
		`figure "": lists that belong together`:                      in(report.Figure{Matrix: &chart.Matrix{Rows: []string{"a"}}}),
		`figure "": the size or a range is not finite`:               in(report.Figure{Plot: &chart.Plot{Width: math.Inf(1)}}),
		`table "": row 1 has 1 cells in 2 columns`:                   in(report.Table{Columns: two, Rows: [][]report.Cell{{{}}}}),
		`table "": "loud" is no tone: strong or quiet`:               in(report.Table{Columns: two, Rows: [][]report.Cell{{{}, {Tone: "loud"}}}}),
		`pictures "P": "": png: invalid format`:                      in(report.Pictures{Title: "P", Items: []report.Shot{{Pictures: []report.Picture{{PNG: []byte("<svg onload=")}}}}}),
		`pictures "": "": it has 1 x 2 pixels, not 7 x 2`:            in(report.Pictures{Items: []report.Shot{{Pictures: []report.Picture{{PNG: dot("", 1, 2).PNG, Width: 7, Height: 2}}}}}),
		`pictures "": "l": it has 600 x 1 pixels, at most 512 x 512`: in(report.Pictures{Items: []report.Shot{{Pictures: []report.Picture{dot("l", 600, 1)}}}}),
		`pictures "": "": it has 300000 bytes, at most`:              in(report.Pictures{Items: []report.Shot{{Pictures: []report.Picture{{PNG: make([]byte, 300000)}}}}}),
		`passages "W": the weight of a word is not from -1 to 1`:     in(report.Passages{Title: "W", Items: []report.Passage{{Words: []report.Word{{Weight: math.NaN()}}}}}),
		`section "S": a fold holds no pictures`:                      in(report.Fold{Blocks: report.Blocks{report.Pictures{}}}),
		`section "S": a group holds no figure`:                       in(report.Group{Blocks: report.Blocks{report.Figure{}}}),
		`section "S": a group holds no group`:                        in(report.Group{Blocks: report.Blocks{report.Group{}}}),
		`section "S": a fold holds no fold`:                          in(report.Fold{Blocks: report.Blocks{report.Fold{}}}),
		`the range of a spark is not finite`:                         in(report.Table{Columns: two[:1], Rows: [][]report.Cell{{{Spark: &chart.Spark{To: math.Inf(1)}}}}}),
	} {
		var b bytes.Buffer
		if err := p.WriteHTML(&b); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("HTML: got error %v and %d bytes, want %q", err, b.Len(), want)
		}
		if err := p.WriteJSON(&b); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("JSON: got error %v and %d bytes, want %q", err, b.Len(), want)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "unexpected end", `{}`: `the format is "", not "pipe.report"`,
		`{"format": "pipe.report", "version": 2}`:                                                                    "version 2 is not known",
		`{"format": "pipe.report", "version": 1, "sections": [{"blocks": [{}]}]}`:                                    "block 1 is none of figure, table",
		`{"format": "pipe.report", "version": 1, "sections": [{"blocks": [{"figure": {"plot": {"marks": [{}]}}}]}]}`: "mark 1 is none of line, dots",
		`{"format": "pipe.report", "version": 1, "sections": [{"blocks": [{"figure": {}}]}]}`:                        "want a plot or a matrix",
		`{"format": "pipe.report", "version": 1, "sections": [{"table": {"rows": [[{}]]}}]}`:                         "row 1 has 1 cells in 0 columns",
	} {
		if _, err := report.Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", text, err, want)
		}
	}
}

// Only a page with pictures may load any, and it has them within.
func TestOnlyOwnPictures(t *testing.T) {
	for page, want := range map[*report.Page]bool{whole("A name"): true, {Title: "img"}: false} {
		if got := strings.Contains(html(t, page), "img-src data:;"); got != want {
			t.Errorf("pictures allowed: %v, want %v", got, want)
		}
	}
}

// TestAppend: what is added to a page is what the page would have had.
func TestAppend(t *testing.T) {
	origin := []report.Fact{{"Run", evil}, {"Date", "today"}}
	whole := whole("A name")
	whole.Origin = origin
	boxes := &whole.Sections[1]
	pictures := slices.IndexFunc(boxes.Blocks, func(b report.Block) bool { _, is := b.(report.Pictures); return is })
	if err := report.Append(io.Discard, strings.NewReader(""), 0, whole.Sections, nil); err == nil || !strings.Contains(err.Error(), "pictures cannot be added") {
		t.Errorf("pictures were added to a page that may not load any: %v", err)
	}
	boxes.Blocks = slices.Delete(boxes.Blocks, pictures, pictures+1)
	bare := *whole
	bare.Origin, bare.Sections = nil, whole.Sections[:1]
	with := func(page string) string {
		var b bytes.Buffer
		if err := report.Append(&b, strings.NewReader(page), int64(len(page)), whole.Sections[1:], origin); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if diff := cmp.Diff(html(t, whole), with(html(t, &bare))); diff != "" {
		t.Errorf("a page with its sections differs from one that they were added to:\n%.2000s", diff)
	}
	for _, page := range []string{"", "no page", strings.Repeat("x", 10_000), "</body>" + strings.Repeat("x", 10_000)} {
		if got := with(page); got != page {
			t.Errorf("%.20q became %.60q", page, got)
		}
	}
	if got := with("<main>their own</main></body>"); !strings.HasPrefix(got, "<main>their own</main><footer") || strings.Contains(got, "<section") {
		t.Errorf("the page of somebody else became %s", got)
	}
	bad := []report.Section{{Blocks: report.Blocks{report.Figure{}}}}
	var b bytes.Buffer
	if err := report.Append(&b, strings.NewReader(""), 0, bad, nil); err == nil || b.Len() > 0 {
		t.Errorf("a section that cannot be written: error %v, %d bytes", err, b.Len())
	}
}
