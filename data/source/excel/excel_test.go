package excel

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

var update = flag.Bool("update", false, "rewrite the expectations")

// read makes a table of a workbook, and shows it with what is said of it.
func read(t testing.TB, in Reader, name string, data []byte, contract cell.Contract) string {
	t.Helper()
	rows, err := in.Open(t.Context(), source.Inputs{
		Files:    []*source.File{{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: name}},
		Contract: contract,
	})
	if err != nil {
		return fmt.Sprintf("error %v\nhint %s\n", err, diag.HintOf(err))
	}
	defer rows.Close()
	var out, said, shown bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		t.Fatalf("reading failed after it looked at all values: %v", err)
	}
	rows.Report(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	r := tabletest.Open(t, out.Bytes())
	for _, f := range r.Schema().Fields() {
		fmt.Fprintf(&shown, "# %q %s\n", f.Name, table.TypeName(f.Type))
	}
	if err := table.WriteCSV(&shown, r); err != nil {
		t.Fatal(err)
	}
	return shown.String() + said.String()
}

// TestWorkbooks reads workbooks that programs have written, see testdata/make.py.
func TestWorkbooks(t *testing.T) {
	var got strings.Builder
	for _, c := range []struct {
		file string
		in   Reader
		with cell.Contract
	}{
		{"openpyxl", Reader{Header: true}, cell.Contract{}},
		{"openpyxl", Reader{Header: true, Range: "A1:C3"}, cell.Contract{Keep: []string{"day", "id"}}},
		{"openpyxl", Reader{Range: "B2:$E"}, cell.Contract{}},
		{"openpyxl", Reader{Range: "A2:B5", Names: []string{"n", "text"}}, cell.Contract{}},
		{"openpyxl", Reader{Header: true, Sheet: "second SHEET", Range: "B4"}, cell.Contract{}},
		{"openpyxl", Reader{Header: true, Sheet: "second SHEET", Range: "E4"}, cell.Contract{}},
		{"openpyxl", Reader{Header: true, Sheet: "Fist"}, cell.Contract{}},
		{"openpyxl", Reader{Header: true}, cell.Contract{Declared: []cell.Typed{{Name: "price", Type: cell.Int64}, {Name: "name", Type: cell.Bool}}}},
		{"openpyxl", Reader{Header: true, Names: []string{"share"}}, cell.Contract{}},
		{"xlsxwriter", Reader{Header: true}, cell.Contract{}},
		{"shared", Reader{Header: true}, cell.Contract{}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", c.file+".xlsx"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "== %s sheet %q range %q names %q keep %q\n%s", c.file, c.in.Sheet, c.in.Range, c.in.Names, c.with.Keep,
			read(t, c.in, c.file+".xlsx", data, c.with))
	}
	golden := filepath.Join("testdata", "want.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s\nrewrite with: go test ./data/source/excel -update", diff)
	}
}

// workbook makes a workbook of one sheet.
func workbook(t testing.TB, sheet, shared, styles string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", "<Types/>"},
		{"_rels/.rels", `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<x:workbook xmlns:x="m" xmlns:r="n"><x:sheets><x:sheet name="S" sheetId="1" r:id="s1"/></x:sheets></x:workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="s2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="s3" Type="x/styles" Target="styles.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet}, {"xl/sharedStrings.xml", "<sst>" + shared + "</sst>"}, {"xl/styles.xml", "<styleSheet>" + styles + "</styleSheet>"},
	} {
		f, err := w.Create(part[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(part[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCells: cells of every kind, without their places too.
func TestCells(t *testing.T) {
	for _, c := range []struct{ sheet, shared, want string }{
		{`<row><c t="s"><v>0</v></c><c><v>1</v></c></row><row><c t="s"><v>1</v></c><c t="e"><v>#REF!</v></c></row>`, "<si><t>a_x000A_b</t></si><si><r><t>x</t></r><rPh><t>no</t></rPh><r><t>y</t></r></si>",
			"# \"A\" string\n# \"B\" int64\nA,B\n\"a\nb\",1\nxy,\n"},
		{`<row r="7"><c r="C7" t="str"><f>1</f><v>x</v></c></row>`, "", "# \"A\" string\n# \"B\" string\n# \"C\" string\nA,B,C\n,,x\n"},
		{`<row><c t="b"><v>1</v></c><c t="d"><v>2024-01-02T03:04:05</v></c></row>`, "", "# \"A\" bool\n# \"B\" timestamp\nA,B\ntrue,2024-01-02T03:04:05Z\n"},
		{`<row><c t="inlineStr"><is><t>1</t></is></c><c><v></v></c><c><v>2</v></c></row>`, "", "# \"A\" string\n# \"B\" string\n# \"C\" int64\nA,B,C\n1,,2\n"},
		{`<row r="2"/><row r="1"/>`, "", "error w.xlsx: xl/worksheets/sheet1.xml: row 1 comes after row 2"},
		{`<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>`, "", "error w.xlsx: xl/worksheets/sheet1.xml: cell A1 comes after B"},
		{`<row><c t="s"><v>5</v></c></row>`, "<si/>", "there is no text \"5\""},
		{`<row r="1048577"/>`, "", "row \"1048577\""},
		{`<row><c r="XFE1"><v>1</v></c></row>`, "", "cell \"XFE1\""},
		{`<row><c><v>1</v x`, "", "XML syntax error"},
		{`<row/>`, "", "error w.xlsx: sheet \"S\" has no rows"},
		{`<row><c><v>&lol;</v></c></row>`, "", "invalid character entity"},
	} {
		got := read(t, Reader{}, "w.xlsx", workbook(t, "<worksheet><sheetData>"+c.sheet+"</sheetData></worksheet>", c.shared, ""), cell.Contract{})
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.sheet, got, c.want)
		}
	}
}

// TestDates: what a number is shown as says what it is.
func TestDates(t *testing.T) {
	for code, want := range map[string]format{
		"General": plain, "0.00": plain, "yyyy\\-mm\\-dd": date, "d/m/yy": date, "mmm yyyy": date, "h:mm": clock, "mm:ss.0": clock, "[h]:mm:ss": plain, "[mm]:ss": plain,
		`"day "0`: plain, "[$-409]d mmm yyyy h:mm AM/PM;@": dateTime, "[Red]0;[Blue]-0": plain, "#,##0 \"days\"": plain, "mmmm": date, "dd.mm.yyyy hh:mm": dateTime, "_-* #,##0_-": plain,
	} {
		if got := formatOf(code); got != want {
			t.Errorf("%q is %d, want %d", code, got, want)
		}
	}
	w := &Workbook{epoch: -25569}
	for _, c := range []struct {
		number string
		format format
		want   string
	}{
		{"1", date, "1900-01-01"}, {"59", date, "1900-02-28"}, {"60", date, "60"}, {"61", date, "1900-03-01"}, {"45293", date, "2024-01-02"}, {"45293.5", date, "2024-01-02 12:00:00"},
		{"45293.999999999", dateTime, "2024-01-03 00:00:00"}, {"0.5", clock, "12:00:00"}, {"0", date, "0"}, {"-1", date, "-1"}, {"2958465", date, "9999-12-31"}, {"2958466", date, "2958466"}, {"x", date, "x"},
		{"45293.0000115741", dateTime, "2024-01-02 00:00:01"}, {"1.25", clock, "1900-01-01 06:00:00"},
	} {
		got, ok := w.appendTime(nil, c.format, []byte(c.number))
		if string(got) != c.want || ok != (c.want != c.number) {
			t.Errorf("%s as %d is %s, %v, want %s", c.number, c.format, got, ok, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "A1:C9": "", "a:c": "", "$B$3": "", "3:9": "", "B3:C": "", "C1:A9": "range: ", "A": "range: ", "A1:": "range: ", "A0": "range: ", "XFE1": "range: ", "A1:9": "range: ", "A+1": "range: ",
	} {
		err := (&Reader{Range: text}).Validate()
		if fmt.Sprint(err) != "<nil>" && want == "" || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestHostile: a small file that holds much is an error, or is read without it
// being in memory.
func TestHostile(t *testing.T) {
	wide := `<row r="1"><c r="XFD1"><v>1</v></c></row>` + strings.Repeat(`<row><c><v>1</v></c></row>`, 1<<16)
	for name, c := range map[string][2]string{
		"one text":  {"<row><c><v>" + strings.Repeat("1", maxToken+1<<20) + "</v></c></row>", "more than 16 MiB"},
		"many gaps": {wide, "nearly all values are missing"},
		"no book":   {"", "has no rows"},
	} {
		got := read(t, Reader{}, "w.xlsx", workbook(t, "<worksheet><sheetData>"+c[0]+"</sheetData></worksheet>", "", ""), cell.Contract{})
		if !strings.Contains(got, c[1]) {
			t.Errorf("%s: %.300s", name, got)
		}
	}
	for data, want := range map[string]string{
		"PK\x03\x04xx": "is no workbook", "\xd0\xcf\x11\xe0": "before 2007", "": "is empty",
		string(workbook(t, "", "", ""))[:900]: "is no workbook",
	} {
		if got := read(t, Reader{}, "w.xlsx", []byte(data), cell.Contract{}); !strings.Contains(got, want) {
			t.Errorf("%.20q: %s", data, got)
		}
	}
}

// FuzzSheet: whatever the XML of a sheet is, it is a table or an error.
func FuzzSheet(f *testing.F) {
	f.Add([]byte(`<row r="1"><c r="A1" t="s" s="1"><v>0</v></c></row><row><c s="1"><v>45000.5</v></c></row>`), []byte("<si><t>a</t></si>"), `<numFmt numFmtId="170" formatCode="d/m"/><cellXfs><xf/><xf numFmtId="170"/></cellXfs>`)
	f.Fuzz(func(t *testing.T, sheet, shared []byte, styles string) {
		data := workbook(t, "<worksheet><sheetData>"+string(sheet)+"</sheetData></worksheet>", string(shared), styles)
		read(t, Reader{Header: len(sheet)%2 == 0}, "w.xlsx", data, cell.Contract{})
	})
}

// FuzzWorkbook: whatever a file is, it is a table or an error.
func FuzzWorkbook(f *testing.F) {
	for _, name := range []string{"openpyxl", "shared"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".xlsx"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { read(t, Reader{Header: true}, "w.xlsx", data, cell.Contract{}) })
}

// TestNoRows: a sheet may have no rows, if that is said, and its columns are those of
// the header or of names.
func TestNoRows(t *testing.T) {
	for _, c := range []struct{ name, sheet, types string }{
		{"header", `<row><c t="inlineStr"><is><t>x</t></is></c></row>`, "x:string"},
		{"named", ``, "a:string b:string"},
		{"neither", ``, ""},
	} {
		data := workbook(t, "<worksheet><sheetData>"+c.sheet+"</sheetData></worksheet>", "", "")
		r := &Reader{Header: true}
		if c.name == "named" {
			r.Names = []string{"a", "b"}
		}
		in := source.Inputs{Empty: true, Files: []*source.File{{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "w.xlsx"}}}
		made, err := sourcetest.Read(t, r, in)
		if c.types == "" {
			if err == nil || diag.HintOf(err) != "names: lists the columns" {
				t.Errorf("%s: %v (%s)", c.name, err, diag.HintOf(err))
			}
			continue
		}
		if err != nil || made.Types != c.types || !strings.Contains(made.Said, "there are no rows") {
			t.Errorf("%s: %+v, %v", c.name, made, err)
		}
	}
}
