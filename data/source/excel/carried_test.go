package excel

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
)

// grid is a sheet with the cells of lines of CSV.
func grid(text string) string {
	var b strings.Builder
	b.WriteString("<worksheet><sheetData>")
	for r, line := range strings.Split(text, "\n") {
		fmt.Fprintf(&b, `<row r="%d">`, r+1)
		for c, v := range strings.Split(line, ",") {
			at := columnName(c) + strconv.Itoa(r+1)
			if _, err := strconv.ParseFloat(v, 64); err == nil {
				fmt.Fprintf(&b, `<c r="%s"><v>%s</v></c>`, at, v)
			} else if v != "" {
				fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, at, v)
			}
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData></worksheet>")
	return b.String()
}

// TestCarried: a range, names and a header that other data were read with leave no row
// of a sheet out, and what would be is an error with what to set.
func TestCarried(t *testing.T) {
	types := cell.Contract{
		Expected: []cell.Typed{{Name: "a", Type: cell.Float64}, {Name: "b", Type: cell.Float64}, {Name: "y", Type: cell.String}},
		Optional: []string{"y"},
	}
	known := []string{"a", "b", "y"}
	const head = "a,b\n"
	for _, c := range []struct {
		name, sheet string
		in          Reader
		rows        int
		types, err  string
	}{
		{"header", head + "1,2\n3,4", Reader{Header: true}, 2, "a:float64 b:float64", ""},
		{"no header", "1,2\n3,4", Reader{Header: true}, 2, "a:float64 b:float64", ""},
		{"no header and all columns", "1,2,u\n3,4,v", Reader{Header: true}, 2, "a:float64 b:float64 y:string", ""},
		{"no header and too many columns", "1,2,3,4\n3,4,5,6", Reader{Header: true}, 1, "1:string 2:string 3:string 4:string", ""},
		{"names and no header", "1,2\n3,4", Reader{Header: true, Names: known}, 2, "a:float64 b:float64", ""},
		{"names and their header", "b,a\n3,4", Reader{Header: true, Names: known}, 1, "b:float64 a:float64", ""},
		{"names and another header", "u,v\n3,4", Reader{Header: true, Names: known}, 1, "a:float64 b:float64 y:string", ""},
		{"header, and none in the others", "b,a\n3,4", Reader{Names: known}, 1, "b:float64 a:float64", ""},
		{"below the range", head + "1,2\n3,4\n5,6", Reader{Header: true, Range: "A1:B3"}, 0, "",
			`row 4 has values, and range: A1:B3, which the other data were read with, would leave it out|set format: {excel: {range: "A1:B4"}}, or range: "A1:B3" if it is right here, too`},
		{"beside the range", head + "1,2\n3,4\n,,x", Reader{Header: true, Range: "A1:B3"}, 2, "a:float64 b:float64", ""},
		{"lines above the range", "exported,x\n" + head + "1,2", Reader{Header: true, Range: "A2"}, 1, "a:float64 b:float64", ""},
		{"header above the range", head + "1,2\n3,4", Reader{Header: true, Range: "A2"}, 0, "",
			`row 1 has the names of the columns, and range: A2|set format: {excel: {range: "A1"}}`},
		{"rows above the range", "1,2\n3,4\n5,6", Reader{Sheet: "S", Header: true, Range: "A3", Names: known}, 0, "",
			`row 1 has values of the columns, and range: A3|set format: {excel: {sheet: "S", range: "A1"}}`},
		{"the header that is skipped", "a,b,y\n1,2,u", Reader{Range: "A2", Names: known}, 1, "a:float64 b:float64 y:string", ""},
	} {
		data := workbook(t, grid(c.sheet), "", "")
		made, err := sourcetest.Read(t, &c.in, source.Inputs{Carried: true, Contract: types,
			Files: []*source.File{{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "w.xlsx"}}})
		if want, hint, _ := strings.Cut(c.err, "|"); err != nil && (c.err == "" || !strings.Contains(err.Error(), want) || !strings.Contains(diag.HintOf(err), hint)) {
			t.Errorf("%s: %v (%s)", c.name, err, diag.HintOf(err))
		} else if err == nil && (c.err != "" || made.Types != c.types || strings.Count(made.CSV, "\n") != c.rows+1) {
			t.Errorf("%s: %+v, want %d of %s, %s", c.name, made, c.rows, c.types, c.err)
		}
	}
}
