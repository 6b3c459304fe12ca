package csv

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// TestOtherKindsOfFiles: what is no CSV is called what it is, with a way out.
func TestOtherKindsOfFiles(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("a,b\n1,2\n")); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	rec, err := table.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil), table.NewArray([]int64{1}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, data, want, hint string }{
		{"gzip", packed.String(), "compressed with gzip", "gzip -dk"},
		{"zip", "PK\x03\x04\x14\x00\x00\x00\x08\x00data.csv", "a zip archive", "unzip"},
		{"xlsx", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00[Content_Types].xml", "an Excel workbook", "format: excel"},
		{"xlsx of another writer", "PK\x03\x04\x14\x00\x00\x00\x08\x00xl/worksheets/sheet1.xml", "an Excel workbook", "format: excel"},
		{"xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old form", "read_excel"},
		{"parquet", "PAR1\x15\x04", "a Parquet file", "set format: parquet"},
		{"arrow", string(tabletest.Bytes(t, rec)), "an Arrow file", "set format: arrow"},
		{"object", "{\"a\": 1}\n", "JSON", "format: json"},
		{"objects", "\n[\n  {\"a\": 1}\n]\n", "JSON", "format: json"},
		{"lists", "\xef\xbb\xbf[[1, 2], [3, 4]]", "JSON", "format: json"},
		{"sqlite", "SQLite format 3\x00\x10\x00", "an SQLite database", "set format: sqlite"},
		{"page", "<!DOCTYPE html>\n", "an HTML page", "download"},
	} {
		_, err := read(t, usual(), c.data, block.Usual, 1)
		if want := "in.csv is " + c.want + ", not CSV"; err == nil || err.Error() != want || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%s: got %v, hint %q", c.name, err, diag.HintOf(err))
		}
	}
	for _, csv := range []string{"{,b\n1,2\n", "[1],b\n1,2\n", "<a>,b\n1,2\n", "PK,b\n1,2\n", "BZ,h\n1,2\n", "a\n1\n"} {
		if _, err := read(t, usual(), csv, block.Usual, 1); err != nil {
			t.Errorf("%q: %v", csv, err)
		}
	}
}
