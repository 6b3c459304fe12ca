package tables_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/report"
	"pipe/data/report/tables"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// of is what can be shown of columns with their values.
func of(t *testing.T, columns ...any) *format.Table {
	t.Helper()
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(tabletest.Table(t, columns...)); err != nil {
		t.Fatal(err)
	}
	id, _, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	v, err := format.Profile(t.Context(), s, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// page is a fold as HTML, which is checked to be sound in JSON, too.
func page(t *testing.T, f report.Fold) string {
	t.Helper()
	p := &report.Page{Sections: []report.Section{{Blocks: report.Blocks{f}}}}
	var html, json bytes.Buffer
	if err := p.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteJSON(&json); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Read(json.Bytes()); err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(` d="[^"]*[NI]`).Match(html.Bytes()) {
		t.Error("a number that is not finite was drawn")
	}
	_, body, _ := strings.Cut(html.String(), "</summary>")
	return body
}

func TestFold(t *testing.T) {
	v := of(t, "n", []any{int64(1), int64(2), int64(2), nil, int64(5), int64(9)}, "none", []any{nil, nil, nil, nil, nil, nil},
		"same", []any{"x", "x", "x", "x", "x", " x"}, "id", []string{"a1", "a2", "a3", "a4", "a5", "a6"}, "flag", []bool{true, true, true, false, false, true})
	v.Found = []byte(`{"delimiter": ";", "skip": 2}`)
	v.Columns[3].Doubt = "its values are odd"
	v.Columns[0].Written = "%d"
	f := (&tables.Table{
		Name: "load.table", Table: v, Warnings: []tables.Warning{{"one", "do this"}, {Text: strings.Repeat("long ", 200)}},
		Schema: &format.SchemaView{Schema: &schema.Schema{Columns: []schema.Column{{Name: "n", Type: cell.Int64, Words: settings.Map[int64]{{Key: "NA", Value: 2}}}}}},
	}).Fold()
	if !f.Open || f.Title != "load.table" || f.Note != "6 rows, 5 columns, 7 missing values, 2 warnings" {
		t.Errorf("%+v", f)
	}
	body := page(t, f)
	for _, want := range []string{
		`Found out of the file: delimiter: &#34;;&#34;, skip: 2`, "<li>one. Hint: do this</li>", "long long…</li>",
		"<td>n</td>", "1 (17%)", "6 (100%)", "x 83%, &#34; x&#34; 17%", "true 67%, false 33%", "its values are odd", "written as %d; &#34;NA&#34; (2)",
		`aria-label="n from 1 to 9"`, "mean 3.8, standard deviation 2.926, 5% below 1",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
}

// TestBounds: many columns and long texts make a page of bounded size, in which
// nothing of the values is more than text.
func TestBounds(t *testing.T) {
	var columns []any
	for i := range 1000 {
		x := make([]float64, 50)
		for row := range x {
			x[row] = math.Sin(float64(row * i))
		}
		columns = append(columns, fmt.Sprint("hostile <script> \x1b[31m", i, strings.Repeat("x", 1000)), x)
	}
	long := make([]string, 50)
	for i := range long {
		long[i] = strings.Repeat("<script>", 5000) + fmt.Sprint(i%3)
	}
	columns[1] = long
	v := of(t, columns...)
	f := (&tables.Table{Name: "wide", Table: v, Missed: "Look elsewhere."}).Fold()
	if f.Open {
		t.Error("a wide table is open")
	}
	body := page(t, f)
	if len(body) > 400_000 || strings.Contains(body, "<script") || strings.Contains(body, "\x1b") {
		t.Errorf("the page has %d bytes", len(body))
	}
	if !strings.Contains(body, "800 columns are not shown. Look elsewhere.") {
		t.Error("the page does not say what it leaves out")
	}
	body = page(t, tables.Parts("parts", []tables.Part{{"a", v}, {"b", v}}))
	if len(body) > 500_000 || !strings.Contains(body, "800 columns are not shown.") {
		t.Errorf("the page of parts has %d bytes", len(body))
	}
}

func TestParts(t *testing.T) {
	few := of(t, "x", []any{1., 2., 3., 4., nil}, "s", []string{"a", "a", "b", "b", "b"}, "no", []any{nil, nil, nil, nil, nil})
	many := of(t, "x", []any{11., 12., 13., 14., 15., 16.}, "s", []string{"a", "a", "a", "b", "b", "b"}, "no", []any{nil, nil, nil, nil, nil, nil})
	f := tables.Parts("split", []tables.Part{{"test", few}, {"train", many}})
	if f.Note != "train 6, test 5 rows" {
		t.Error(f.Note)
	}
	rows := f.Blocks[0].(report.Table).Rows
	if a, b := rows[0][2], rows[0][3]; a.Spark.From != 1 || a.Spark.To != 16 || b.Spark.From != 1 || b.Spark.To != 16 || a.Text != "median 13" || b.Text != "median 2 · 1 missing" {
		t.Errorf("x: %+v %+v", a, b)
	}
	if a, b := rows[1][2].Text, rows[1][3].Text; a != "a 50%, b 50%" || b != "b 60%, a 40%" {
		t.Errorf("s: %s, %s", a, b)
	}
	page(t, f)
	page(t, tables.Parts("none", []tables.Part{{"a", of(t, "x", []float64{})}, {"b", of(t, "x", []float64{math.Inf(1), math.NaN()})}}))
}
