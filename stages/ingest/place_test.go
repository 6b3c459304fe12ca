package ingest

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

func compress(t *testing.T, packing, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if packing == "zstd" {
		enc, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = enc
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A compressed file gives the table of what it holds, whatever its name: the name
// says the format, and the bytes say how they are compressed.
func TestCompressed(t *testing.T) {
	var large strings.Builder
	large.WriteString("n,word\n")
	for i := range 500_000 {
		fmt.Fprintf(&large, "%d,w%d\n", i, i%7)
	}
	for _, tt := range []struct{ name, text string }{
		{"data.csv", "a,b\n1,x\n2,y\n"},
		{"data.jsonl", `{"a": 1, "b": "x"}` + "\n"},
		{"large.csv", large.String()},
	} {
		plain := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: " + tt.name, Inputs: map[string][]byte{"path": []byte(tt.text)}})
		for packing, ending := range map[string]string{"gzip": ".gz", "zstd": ".zst"} {
			packed := compress(t, packing, tt.text)
			for _, name := range []string{tt.name + ending, tt.name} {
				r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: " + name, Inputs: map[string][]byte{"path": packed}})
				if !bytes.Equal(r.Outputs["table"], plain.Outputs["table"]) {
					t.Errorf("%s in %s: another table", tt.name, name)
				}
				if !strings.Contains(r.Log, "packing="+packing) {
					t.Errorf("the log does not say that it is packed: %s", r.Log)
				}
			}
		}
	}
}

func TestCompressedRefused(t *testing.T) {
	text := "a\n" + strings.Repeat("1\n", 100_000)
	for _, tt := range []struct {
		with, want, hint string
		data             []byte
	}{
		{"path: x.csv.gz\nunpack_limit: 100kB", "more than 100000 bytes come out of its", "unpack_limit", compress(t, "gzip", text)},
		{"path: x.csv.gz", "the gzip data end too early, at byte 60", "download it again", compress(t, "gzip", text)[:60]},
		{"path: x.csv.gz", "is empty", "", compress(t, "gzip", "")},
		{"path: x.csv.gz", `x.csv.gz:2: row 1`, "", compress(t, "gzip", "a,b\n1\n")},
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: tt.with, Inputs: map[string][]byte{"path": tt.data}})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(diag.HintOf(err), tt.hint) {
			t.Errorf("%s: %v; hint %s", tt.with, err, diag.HintOf(err))
		}
	}
}

// A folder, a pattern and a list are one table, as if the files were one.
func TestManyFiles(t *testing.T) {
	tables := func(c pipelinetest.Case) string {
		t.Helper()
		c.Kind = Kind(nil)
		r := pipelinetest.Run(t, c)
		return show(t, r.Outputs["table"]) + string(r.Outputs["schema"])
	}
	whole := tables(pipelinetest.Case{With: "path: all.csv", Inputs: map[string][]byte{
		"path": []byte("n,f,s,e,d\n1,1,007,,2024-01-01\n2,2.5,x,,2024-01-02\n,3,NA,7,2024-01-03\n")}})
	parts := fstest.MapFS{
		"2024-01.csv": {Data: []byte("n,f,s,e,d\n1,1,007,,2024-01-01\n")},
		"2024-02.csv": {Data: []byte("f,n,e,s,d\n2.5,2,,x,2024-01-02\n")}, // in another order
		"b/03.csv.gz": {Data: compress(t, "gzip", "n,f,s,e,d\n,3,NA,7,2024-01-03\n")},
	}
	for _, with := range []string{"path: data/", "path: 'data/**/*'"} {
		if diff := cmp.Diff(whole, tables(pipelinetest.Case{With: with, Dirs: map[string]fstest.MapFS{"path": parts}})); diff != "" {
			t.Errorf("%s: %s", with, diff)
		}
	}
	listed := pipelinetest.Case{With: "paths: [b/, a.csv]\nfile_column: source",
		Inputs: map[string][]byte{"paths/a.csv": []byte("x\n1\n")},
		Dirs:   map[string]fstest.MapFS{"paths/b": {"c/d.csv": {Data: []byte("x\n2\n3\n")}, "e.csv": {Data: []byte("x\nword\n")}}}}
	if got := tables(listed); !strings.Contains(got, `"x" string, inferred`) || !strings.Contains(got, "1,a.csv\n2,b/c/d.csv\n3,b/c/d.csv\nword,b/e.csv\n") {
		t.Errorf("listed: %s", got)
	}
	lines := tables(pipelinetest.Case{With: "path: logs/\nfile_column: log", Dirs: map[string]fstest.MapFS{"path": {
		"1.jsonl": {Data: []byte("{\"a\": 1}\n{\"a\": 2, \"b\": true}\n")},
		"2.jsonl": {Data: []byte("{\"c\": \"x\", \"a\": 2.5}\n")},
	}}})
	if !strings.Contains(lines, "1,,,1.jsonl\n2,true,,1.jsonl\n2.5,,x,2.jsonl\n") {
		t.Errorf("JSON Lines: %s", lines)
	}
}

func TestManyFilesRefused(t *testing.T) {
	csv := func(texts ...string) fstest.MapFS {
		files := fstest.MapFS{}
		for i, text := range texts {
			files[fmt.Sprintf("%d.csv", i)] = &fstest.MapFile{Data: []byte(text)}
		}
		return files
	}
	for _, tt := range []struct {
		with, want string
		files      fstest.MapFS
	}{
		{"path: d/", `d/1.csv has no column "b", which d/0.csv has`, csv("a,b\n1,2\n", "a\n1\n")},
		{"path: d/", `d/0.csv has no column "c", which d/1.csv has`, csv("a,b\n1,2\n", "a,b,c\n1,2,3\n")},
		{"path: d/", `d/1.csv:3: row 2: 3 fields, want 2`, csv("a,b\n1,2\n", "a,b\n1,2\n1,2,3\n")},
		{"path: d/\ncolumns: {a: int64}", `d/1.csv:2: row 1, column "a"`, csv("a\n1\n", "a\nx\n")},
		{"path: d/", `d/1.csv has a header but no rows`, csv("a\n1\n", "a\n")},
		{"path: d/\nfile_column: a", `file_column: d/0.csv has a column "a" already`, csv("a\n1\n", "a\n2\n")},
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: tt.with, Dirs: map[string]fstest.MapFS{"path": tt.files}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

// However a file is cut into files, the table is the same, and so is its schema but
// for the place of the first misfit, and the delimiter that is found.
func TestCutIntoFiles(t *testing.T) {
	cells := []string{"1", "0", "-7", "007", "2.10", "1e3", "true", "2024-01-02", "", `""`, "NA", `"NA"`, "word", "99999999999999999999", "1,5"}
	rapid.Check(t, func(rt *rapid.T) {
		var lines []string
		for range rapid.IntRange(1, 12).Draw(rt, "rows") {
			var fields []string
			for range 2 {
				fields = append(fields, rapid.SampledFrom(cells).Draw(rt, "cell"))
			}
			lines = append(lines, strings.Join(fields, ";"))
		}
		const header = "a;b"
		in := defaults()
		if rapid.Bool().Draw(rt, "expect") {
			in.Expect = settings.Map[string]{{Key: "a", Value: "int64"}, {Key: "b", Value: "bool"}}
		}
		whole, types, dates := readRows(t, rt, in, header+"\n"+strings.Join(lines, "\n")+"\n")
		var files []*source.File
		for i := 0; i < len(lines); {
			n := rapid.IntRange(1, len(lines)-i).Draw(rt, "part")
			text := header + "\n" + strings.Join(lines[i:i+n], "\n") + "\n"
			files = append(files, &source.File{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: fmt.Sprint(len(files))})
			i += n
		}
		text := header + "\n" + strings.Join(lines, "\n") + "\n"
		one := []*source.File{{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "one"}}
		out, found, detected := together(t, rt, in, files)
		_, foundInOne, detectedInOne := together(t, rt, in, one)
		if diff := cmp.Diff(foundInOne, found) + cmp.Diff(detectedInOne, detected); diff != "" {
			rt.Fatalf("%s\n%s", text, diff)
		}
		again, typesAgain, datesAgain := rowsOf(t, rt, out)
		if diff := cmp.Diff(types, typesAgain) + cmp.Diff(dates, datesAgain) + cmp.Diff(whole, again); diff != "" {
			rt.Fatalf("%s\n%s", strings.Join(lines, "\n"), diff)
		}
	})
}

// together reads files as one table, and gives what was found in it without the place
// of misfits.
func together(t *testing.T, rt *rapid.T, in *Ingest, files []*source.File) (table []byte, found []cell.Found, detected map[string]any) {
	rows, err := (&source.Together{Reader: &in.Reader}).Open(t.Context(), source.Inputs{Files: files, Contract: in.contract(), Threads: 2})
	if err != nil {
		rt.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		rt.Fatal(err)
	}
	found = rows.(source.Finder).Found()
	for i := range found {
		if m := found[i].Misfits; m != nil {
			if (m.File != "") != (len(files) > 1) {
				rt.Fatalf("a misfit of %d files is in %q", len(files), m.File)
			}
			m.Line, m.File = 0, ""
		}
	}
	return out.Bytes(), found, rows.(source.Detector).Detected()
}

// Pictures of a folder are read all by one reader, more of them than are open at once.
func TestManyPictures(t *testing.T) {
	files := fstest.MapFS{}
	for i := range mostOpen + 6 {
		m := image.NewGray(image.Rect(0, 0, 3, 2))
		m.Pix[0] = byte(i)
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprintf("%s/%03d.png", []string{"cat", "dog"}[i%2], i)] = &fstest.MapFile{Data: b.Bytes()}
	}
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: photos/", Dirs: map[string]fstest.MapFS{"path": files}})
	rows, _, _ := rowsOf(t, t, r.Outputs["table"])
	if len(rows) != len(files) || !strings.Contains(rows[1], "cat/002.png") || !strings.Contains(rows[1], "cat") {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	files["README.txt"] = &fstest.MapFile{Data: []byte("Pictures of cats, and dogs\n\nlicence: CC0\n")}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: "path: photos/", Dirs: map[string]fstest.MapFS{"path": files}})
	if err == nil || !strings.Contains(err.Error(), "README.txt would be read as CSV, and ") || !strings.Contains(diag.HintOf(err), "labels.csv") {
		t.Errorf("a note among pictures: %v (%s)", err, diag.HintOf(err))
	}
}
