package table

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/tensor"
)

// CSV is how a table is written as CSV.
type CSV struct {
	Delimiter byte
	Null      string // in place of a missing value
}

// WriteCSV writes a table as CSV with commas.
func WriteCSV(w io.Writer, r *Reader) error { return CSV{Delimiter: ','}.Write(w, r) }

// Write writes a table as CSV (RFC 4180, but with LF): a header, numbers in
// the shortest form that reads back the same, dates as 2006-01-02, timestamps
// as 2006-01-02T15:04:05Z, times of day as 15:04:05. A vector becomes one field for each element, named
// as in the DatasetInfo or else NAME[0], NAME[1] and so on, and a list of any
// length one field with JSON. A null is an empty
// field, in a table of one column a blank line; an empty text is in quotes.
func (c CSV) Write(w io.Writer, r *Reader) error {
	out := bufio.NewWriterSize(w, 1<<16)
	line := c.appendHeader(nil, r.Schema())
	if _, err := out.Write(line); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		for row := range int(rec.NumRows()) {
			line = line[:0]
			for _, col := range rec.Columns() {
				line = c.appendField(line, col, row)
				line = append(line, c.Delimiter)
			}
			line[len(line)-1] = '\n'
			if _, err := out.Write(line); err != nil {
				return fmt.Errorf("write csv: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (c CSV) appendHeader(line []byte, s *arrow.Schema) []byte {
	info, _ := DatasetInfoOf(s)
	for _, f := range s.Fields() {
		_, width, ok := ListOf(f.Type)
		if !ok || width == tensor.Ragged {
			line = append(c.appendText(line, f.Name), c.Delimiter)
			continue
		}
		features := featuresOf(info, f.Name)
		for i := range width {
			name := fmt.Sprintf("%s[%d]", f.Name, i)
			if i < len(features) {
				name = features[i].Name
			}
			line = append(c.appendText(line, name), c.Delimiter)
		}
	}
	line[len(line)-1] = '\n'
	return line
}

func (c CSV) appendField(line []byte, col arrow.Array, row int) []byte {
	switch a := col.(type) {
	case *array.String:
		if a.IsNull(row) {
			return append(line, c.Null...)
		}
		return c.appendText(line, a.Value(row))
	case *array.FixedSizeList:
		elements, _ := listAt(a, row)
		for i := range elements.Len() {
			if i > 0 {
				line = append(line, c.Delimiter)
			}
			line = elements.text(line, i)
		}
		return line
	case *array.List:
		text, _ := appendJSONField(nil, a, row)
		return c.appendText(line, string(text))
	default:
		if col.IsNull(row) {
			return append(line, c.Null...)
		}
		return appendValue(line, col, row)
	}
}

// appendText adds text, in quotes where a reader could take it for something
// else: empty, with special characters, or with blanks at an end.
func (c CSV) appendText(line []byte, s string) []byte {
	bare := strings.Trim(s, " \t")
	if len(s) > 0 && len(bare) == len(s) && s != c.Null && strings.IndexByte(s, c.Delimiter) < 0 && !strings.ContainsAny(s, ",\"\r\n") {
		return append(line, s...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(s, `"`, `""`)...)
	return append(line, '"')
}
