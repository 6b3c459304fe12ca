package source

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// A Rejecter is Rows that may leave out what cannot be read, if they are told to.
type Rejecter interface {
	// Rejected are the first records that were left out, once all rows have been
	// read.
	Rejected() []Rejected
}

// A Rejected is a record that was left out.
type Rejected struct {
	File   string // empty if there is one only
	Line   int64  // of the file, counted from 1
	Text   string // its beginning
	Reason string
}

// RejectedTable is a table of what was left out, which the caller releases.
func RejectedTable(list []Rejected) (arrow.RecordBatch, error) {
	var files []string
	if slices.ContainsFunc(list, func(r Rejected) bool { return r.File != "" }) {
		for _, r := range list {
			files = append(files, r.File)
		}
	}
	lines := make([]int64, len(list))
	texts, reasons := make([]string, len(list)), make([]string, len(list))
	for i, r := range list {
		lines[i], texts[i], reasons[i] = r.Line, r.Text, r.Reason
	}
	fields := []arrow.Field{
		{Name: "line", Type: arrow.PrimitiveTypes.Int64},
		{Name: "text", Type: arrow.BinaryTypes.String},
		{Name: "reason", Type: arrow.BinaryTypes.String},
	}
	columns := []arrow.Array{table.NewArray(lines, nil), table.NewArray(texts, nil), table.NewArray(reasons, nil)}
	if files != nil {
		fields = append(fields, arrow.Field{Name: "file", Type: arrow.BinaryTypes.String})
		columns = append(columns, table.NewArray(files, nil))
	}
	return table.NewRecord(arrow.NewSchema(fields, nil), columns...)
}
