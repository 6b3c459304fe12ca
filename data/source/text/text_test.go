package text

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// read reads texts by their names, as CSV.
func read(t testing.TB, in Reader, size int, files ...string) string {
	t.Helper()
	from := source.Inputs{Threads: 2, Block: size, Contract: cell.Contract{}}
	for i := 0; i < len(files); i += 2 {
		from.Files = append(from.Files, &source.File{ReaderAt: strings.NewReader(files[i+1]), Size: int64(len(files[i+1])), Name: "texts/" + files[i], Label: files[i]})
	}
	rows, err := in.Open(t.Context(), from)
	if err != nil {
		return fmt.Sprintf("error %v", err)
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		if err.Error() == "" {
			t.Error("an error without a text")
		}
		return fmt.Sprintf("error %v, hint %s", err, diag.HintOf(err))
	}
	var csv strings.Builder
	if err := table.WriteCSV(&csv, tabletest.Open(t, out.Bytes())); err != nil {
		t.Fatal(err)
	}
	return csv.String()
}

func TestTexts(t *testing.T) {
	lines, files := Reader{Rows: "line", Blank: "keep"}, Reader{Rows: "file", Blank: "keep"}
	skip := Reader{Rows: "line", Blank: "skip"}
	for _, c := range []struct {
		in    Reader
		files []string
		want  string
	}{
		{lines, []string{"a.txt", "one, \r\n\n\"two\"\n"}, "line,text\n1,\"one, \"\n2,\"\"\n3,\"\"\"two\"\"\"\n"},
		{skip, []string{"a.txt", "\xef\xbb\xbfone\n \n\nNA"}, "line,text\n1,one\n4,NA\n"},
		{lines, []string{"x/a.txt", "1\n2\n", "y/b.txt", "", "y/c.txt", "3"}, "file,line,text,label\nx/a.txt,1,1,x\nx/a.txt,2,2,x\ny/c.txt,1,3,y\n"},
		{files, []string{"good/a.txt", "1\n2\n", "bad/b.txt", ""}, "file,text,label\ngood/a.txt,\"1\n2\n\",good\nbad/b.txt,\"\",bad\n"},
		{files, []string{"a.txt", "x"}, "file,text\na.txt,x\n"},
		{lines, []string{"a.txt", "one\nt\xffo\n"}, "error texts/a.txt:2: text that is not UTF-8"},
		{files, []string{"a.txt", "one\n\nt\xffo\n"}, "error texts/a.txt:3: text that is not UTF-8"},
		{lines, []string{"a.txt", ""}, "has no rows"},
		{lines, nil, "error there is nothing to read"},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			if got := read(t, c.in, size, c.files...); got != c.want && (!strings.Contains(c.want, " ") || !strings.Contains(got, c.want)) {
				t.Errorf("%q: got %q, want %q", c.files, got, c.want)
			}
		}
	}
}

// endless is a file of one line that never ends, which is nowhere in memory.
type endless struct{}

func (endless) ReadAt(p []byte, _ int64) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestHostile: a line or a file that does not fit into memory is an error.
func TestHostile(t *testing.T) {
	for rows, want := range map[string]string{"line": "a line of more than 64 MiB", "file": "a row holds at most 64 MiB"} {
		in := Reader{Rows: rows}
		opened, err := in.Open(t.Context(), source.Inputs{Files: []*source.File{{ReaderAt: endless{}, Size: 1 << 40, Name: "a.txt"}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Write(t.Context(), new(bytes.Buffer), opened); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// FuzzText: what is UTF-8 is read as it is, whatever the blocks.
func FuzzText(f *testing.F) {
	f.Add([]byte("a\r\n\nb"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		in := Reader{Rows: []string{"line", "file"}[size%2], Blank: "keep"}
		want := read(t, in, 1<<20, "a", string(data))
		if got := read(t, in, 1+int(size), "a", string(data)); got != want {
			t.Errorf("small blocks give %q, one %q", got, want)
		}
		if utf8.Valid(data) && len(data) > 3 && strings.HasPrefix(want, "error") {
			t.Errorf("%q is %s", data, want)
		}
	})
}
