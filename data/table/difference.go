package table

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// FirstDifference says where two tables begin to differ, in words: the first
// row that is not the same and in it the first column, with both values; or
// what differs in columns, number of rows or metadata. It is empty if nothing
// does. Rows count from 1.
func FirstDifference(a, b *Reader) (string, error) {
	if text := columnDifference(a.Schema(), b.Schema()); text != "" {
		return text, nil
	}
	if text, err := cellsDifference(a, b); text != "" || err != nil {
		return text, err
	}
	if a.NumRows() != b.NumRows() {
		return fmt.Sprintf("number of rows: %d -> %d", a.NumRows(), b.NumRows()), nil
	}
	for i := range a.Schema().NumFields() {
		f, g := a.Schema().Field(i), b.Schema().Field(i)
		if text := metadataDifference(f.Metadata, g.Metadata); text != "" {
			return fmt.Sprintf("column %s, metadata %s", strconv.Quote(f.Name), text), nil
		}
	}
	if text := metadataDifference(a.Schema().Metadata(), b.Schema().Metadata()); text != "" {
		return "metadata " + text, nil
	}
	return "", nil
}

// cellsDifference compares the rows that both tables have, whose batches may end in
// different places.
func cellsDifference(a, b *Reader) (string, error) {
	rows := min(a.NumRows(), b.NumRows())
	var x, y arrow.RecordBatch
	for row := int64(0); row < rows; {
		i, atA := a.BatchOf(row)
		j, atB := b.BatchOf(row)
		var err error
		if x == nil || atA == 0 {
			if x, err = a.Batch(i); err != nil {
				return "", err
			}
		}
		if y == nil || atB == 0 {
			if y, err = b.Batch(j); err != nil {
				return "", err
			}
		}
		n := min(x.NumRows()-int64(atA), y.NumRows()-int64(atB))
		v, w := x.NewSlice(int64(atA), int64(atA)+n), y.NewSlice(int64(atB), int64(atB)+n)
		if col, at := firstCell(v, w); at >= 0 {
			return fmt.Sprintf("column %s, row %d: %s", columnName(v, w, col, at), row+int64(at)+1,
				cellDifference(v.Column(col), w.Column(col), at)), nil
		}
		row += n
	}
	return "", nil
}

// columnDifference compares names, types and order of the columns.
func columnDifference(a, b *arrow.Schema) string {
	text := func(s *arrow.Schema, i int) string {
		if i >= s.NumFields() {
			return "(none)"
		}
		return strconv.Quote(s.Field(i).Name) + " " + TypeName(s.Field(i).Type)
	}
	for i := range max(a.NumFields(), b.NumFields()) {
		if was, is := text(a, i), text(b, i); was != is {
			return fmt.Sprintf("column %d: %s -> %s", i+1, was, is)
		}
	}
	return ""
}

// firstCell finds the first row of two batches with the same columns that
// differs, and in it the first column; row is -1 if there is none. Rows that
// only one of them has are not looked at.
func firstCell(a, b arrow.RecordBatch) (col, row int) {
	rows := int(min(a.NumRows(), b.NumRows()))
	row = -1
	for c := range int(a.NumCols()) {
		for r := range rows {
			if !sameCell(a.Column(c), b.Column(c), r) {
				col, row, rows = c, r, r
				break
			}
		}
	}
	return col, row
}

func sameCell(a, b arrow.Array, row int) bool {
	if a.IsNull(row) || b.IsNull(row) {
		return a.IsNull(row) == b.IsNull(row)
	}
	return string(CSV{Delimiter: ','}.appendField(nil, a, row)) == string(CSV{Delimiter: ','}.appendField(nil, b, row))
}

// columnName adds the feature to the name of a column of vectors.
func columnName(x, y arrow.RecordBatch, col, row int) string {
	name := strconv.Quote(x.ColumnName(col))
	element := firstElement(x.Column(col), y.Column(col), row)
	if element < 0 {
		return name
	}
	info, _ := DatasetInfoOf(x.Schema())
	if features := featuresOf(info, x.ColumnName(col)); element < len(features) {
		return fmt.Sprintf("%s, feature %s", name, strconv.Quote(features[element].Name))
	}
	return fmt.Sprintf("%s, element %d", name, element)
}

// firstElement is the index of the first element of a vector that differs, -1
// if the columns hold no vectors.
func firstElement(a, b arrow.Array, row int) int {
	x, y := vectorAt(a, row), vectorAt(b, row)
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i
		}
	}
	return -1
}

// vectorAt gives the elements of a vector as text, none if it is no vector.
func vectorAt(arr arrow.Array, row int) []string {
	if arr.DataType().ID() != arrow.FIXED_SIZE_LIST {
		return nil
	}
	elements, _ := listAt(arr, row)
	var list []string
	for i := range elements.Len() {
		list = append(list, string(elements.text(nil, i)))
	}
	return list
}

func cellDifference(a, b arrow.Array, row int) string {
	if i := firstElement(a, b, row); i >= 0 {
		return vectorAt(a, row)[i] + " -> " + vectorAt(b, row)[i]
	}
	return cellText(a, row) + " -> " + cellText(b, row)
}

func cellText(arr arrow.Array, row int) string {
	if arr.IsNull(row) {
		return "(missing)"
	}
	text := string(CSV{Delimiter: ','}.appendField(nil, arr, row))
	if _, ok := arr.(*array.String); ok {
		return strconv.Quote(arr.(*array.String).Value(row))
	}
	return text
}

func metadataDifference(a, b arrow.Metadata) string {
	was, is := a.ToMap(), b.ToMap()
	keys := slices.Concat(a.Keys(), b.Keys())
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if was[k] != is[k] {
			return fmt.Sprintf("%s: %q -> %q", strconv.Quote(k), was[k], is[k])
		}
	}
	return ""
}
