package export

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/all"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

func TestConform(t *testing.T) {
	for _, with := range []string{"", "format: csv\ncompress: gzip", "format: jsonl", "format: arrow"} {
		pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(), With: with, Inputs: map[string][]byte{"data": example(t)}})
	}
}

func example(t *testing.T) []byte {
	return tabletest.Table(t, "n", []any{int64(1), nil, int64(-3)}, "x", []any{0.1, math.Inf(1), nil}, "s", []any{"a;b", "NA", nil}, "b", []any{true, nil, false})
}

// TestFormats: what is written is read back as it was, but for what the format
// does not have.
func TestFormats(t *testing.T) {
	const usual = "n,x,s,b\n1,0.1,a;b,true\n,+Inf,NA,\n-3,,,false\n"
	for _, c := range []struct{ with, text, back, log string }{
		{"format: csv", usual, usual, ""},
		{"format: csv\ndelimiter: ;\nmissing: NA", "n;x;s;b\n1;0.1;\"a;b\";true\nNA;+Inf;\"NA\";NA\n-3;NA;NA;false\n", "", ""},
		{"format: csv\ndelimiter: '\\t'", strings.ReplaceAll(usual, ",", "\t"), "", ""},
		{"format: csv\ncompress: gzip", usual, "", ""},
		{"format: jsonl", "{\"n\":1,\"x\":0.1,\"s\":\"a;b\",\"b\":true}\n{\"n\":null,\"x\":null,\"s\":\"NA\",\"b\":null}\n{\"n\":-3,\"x\":null,\"s\":null,\"b\":false}\n",
			strings.Replace(usual, "+Inf", "", 1), "1 values are NaN or infinite"},
		{"", "", usual, ""},
		{"format: arrow", string(example(t)), "", ""},
	} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: c.with, Inputs: map[string][]byte{"data": example(t)}})
		got := r.Outputs["file"]
		if strings.Contains(c.with, "gzip") {
			z, err := gzip.NewReader(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			if got, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if c.text != "" && string(got) != c.text {
			t.Errorf("%s: got %q, want %q", c.with, got, c.text)
		}
		if !strings.Contains(r.Log, c.log) {
			t.Errorf("%s: log %s", c.with, r.Log)
		}
		if c.back != "" {
			if back := readBack(t, got, r.Log); back != c.back {
				t.Errorf("%s: read back as %q, want %q", c.with, back, c.back)
			}
		}
	}
}

// readBack reads a file as ingest does, and gives it as CSV.
func readBack(t *testing.T, data []byte, name string) string {
	t.Helper()
	file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "file"}
	kind, err := source.For(all.Kinds(), file)
	if err != nil {
		t.Fatal(err)
	}
	reader := kind.New()
	if kind.Name == "csv" {
		return string(data)
	}
	rows, err := reader.Open(t.Context(), source.Inputs{Files: []*source.File{file}, Threads: 1, Contract: cell.Contract{}})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		t.Fatal(err)
	}
	var csv strings.Builder
	if err := table.WriteCSV(&csv, tabletest.Open(t, out.Bytes())); err != nil {
		t.Fatal(err)
	}
	return csv.String()
}

func TestMistakes(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		stage Stage
		want  string
	}{
		{Stage{Format: "parquet", Delimiter: text(";")}, "delimiter: it is a setting of csv, and the format is parquet"},
		{Stage{Format: "csv", Delimiter: text("::")}, `delimiter: "::" is not a delimiter`},
		{Stage{Format: "csv", Missing: text("a,b")}, `missing: "a,b" is not a text for a missing value`},
		{Stage{Format: "arrow", Compress: "gzip"}, "compress: a file of the format arrow is not compressed as a whole"},
	} {
		if err := c.stage.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %s", c.stage, err, c.want)
		}
	}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), Inputs: map[string][]byte{"data": []byte("a,b\n1,2\n")}})
	if err == nil || !strings.Contains(err.Error(), "the input data: ") || diag.HintOf(err) != "only a table or a data set can be exported" {
		t.Errorf("of a file that is no table: %v", err)
	}
}
