package source

import (
	"bytes"
	"fmt"

	"pipe/base/diag"
)

// A fileKind is a kind of file that people give to a reader of text.
type fileKind struct {
	magic string // at the beginning of the file
	name  string
	hint  string
}

const (
	hintExcel  = "save it as .xlsx in the spreadsheet program, or convert it in an exec stage with Python: pandas.read_excel(...).to_csv(..., index=False)"
	hintFormat = "set format: %s, or give the file its usual ending"
	hintPandas = "convert it in an exec stage, for example with Python: pandas.%s(...).to_csv(..., index=False)"
)

var fileKinds = []fileKind{
	{"\x1f\x8b", "compressed with gzip", "unpack it: gzip -dk FILE"},
	{"BZh", "compressed with bzip2", "unpack it: bzip2 -dk FILE"},
	{"\xfd7zXZ\x00", "compressed with xz", "unpack it: xz -dk FILE"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it: zstd -d FILE"},
	{"PK\x03\x04", "a zip archive", "unpack it: unzip FILE"},
	{"PAR1", "a Parquet file", fmt.Sprintf(hintFormat, "parquet")},
	{"ARROW1", "an Arrow file", fmt.Sprintf(hintFormat, "arrow")},
	{"\xff\xff\xff\xff", "an Arrow stream", fmt.Sprintf(hintFormat, "arrow")},
	{"FEA1", "a Feather file", fmt.Sprintf(hintPandas, "read_feather")},
	{"\xd0\xcf\x11\xe0", "an Excel workbook of the old form", hintExcel},
	{"\x89HDF", "an HDF5 file", fmt.Sprintf(hintPandas, "read_hdf")},
	{"SQLite format 3\x00", "an SQLite database", fmt.Sprintf(hintFormat, "sqlite")},
	{"\x93NUMPY", "an array of numpy", "write it as CSV: numpy.savetxt(..., delimiter=',')"},
	{"%PDF", "a PDF", "copy its table into a CSV file"},
	{"<!DOCTYPE html", "an HTML page", "it may be what a failed download left: look at it in a browser"},
	{"<html", "an HTML page", "it may be what a failed download left: look at it in a browser"},
	{"<?xml", "XML", fmt.Sprintf(hintPandas, "read_xml")},
}

// Start is how much of a file is looked at to tell what it is.
const Start = 2048

// BOM may be at the beginning of a file of text.
var BOM = []byte("\xef\xbb\xbf")

// NotOf says that a file whose beginning is start is no text, of the format with
// the title or any other, if it can be told.
func NotOf(title, file string, start []byte) error {
	for _, k := range fileKinds {
		if !bytes.HasPrefix(start, []byte(k.magic)) {
			continue
		}
		if k.magic == "PK\x03\x04" && (bytes.Contains(start, []byte("[Content_Types].xml")) || bytes.Contains(start, []byte("xl/"))) {
			k.name, k.hint = "an Excel workbook", "set format: excel"
		}
		return diag.WithHint(fmt.Errorf("%s is %s, not %s", file, k.name, title), k.hint)
	}
	if IsUTF16(start) {
		return diag.WithHint(fmt.Errorf("%s is UTF-16, not UTF-8", file),
			"save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8")
	}
	return nil
}

// IsUTF16 tells UTF-16: it looks for a byte order mark, or for two characters of ASCII with the
// low byte first.
func IsUTF16(start []byte) bool {
	return bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) ||
		len(start) >= 4 && start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0
}

// IsJSON says whether a text begins with an object, or with a list of objects,
// lists or texts.
func IsJSON(start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, BOM), " \t\r\n")
	if len(start) == 0 {
		return false
	}
	rest := bytes.TrimLeft(start[1:], " \t\r\n")
	switch {
	case len(rest) == 0:
		return false
	case start[0] == '{':
		return rest[0] == '"' || rest[0] == '}'
	}
	return start[0] == '[' && (rest[0] == '{' || rest[0] == '[' || rest[0] == '"')
}
