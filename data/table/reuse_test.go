package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// A record keeps its values until it is released, however long that takes, and then
// its memory is used again.
func TestReusingKeepsWhatIsHeld(t *testing.T) {
	const batches, rows = 24, 3000
	text := arrow.Field{Name: "text", Type: arrow.BinaryTypes.String}
	last := arrow.Field{Name: "last", Type: arrow.BinaryTypes.String}
	schema := arrow.NewSchema([]arrow.Field{{Name: "number", Type: arrow.PrimitiveTypes.Int64}, text, {Name: "other", Type: arrow.PrimitiveTypes.Int64}, last}, nil)
	var want []arrow.RecordBatch // of the columns that are read
	var all []arrow.RecordBatch
	for b := range batches {
		numbers, texts, valid := make([]int64, rows), make([]string, rows), make([]bool, rows)
		for i := range numbers {
			numbers[i], texts[i], valid[i] = int64(b*i), fmt.Sprintf("%02d text %06d", b, i*b), i%(b+2) != 0
		}
		rec, err := NewRecord(schema, NewArray(numbers, valid), NewArray(texts, valid), NewArray(numbers, nil), NewArray(texts, nil))
		if err != nil {
			t.Fatal(err)
		}
		selected, err := Select(rec, []string{"last", "number", "text"})
		if err != nil {
			t.Fatal(err)
		}
		all, want = append(all, rec), append(want, selected)
	}
	r := read(t, writeSmall(t, rows, batchBytes, schema, all...)).Reusing()
	selected, err := r.Select("last", "number", "text")
	if err != nil {
		t.Fatal(err)
	}
	var held []arrow.RecordBatch
	release := func() {
		if !array.RecordEqual(held[0], want[0]) {
			t.Errorf("batch %d has other values", batches-len(want))
		}
		held[0].Release()
		held, want = held[1:], want[1:]
	}
	for p, err := range selected.Pieces(rows) {
		if err != nil {
			t.Fatal(err)
		}
		if held = append(held, p.Rows); len(held) == 3 {
			release()
		}
	}
	for len(held) > 0 {
		release()
	}
	if n := len(r.spare.free); n == 0 || n > 8 {
		t.Errorf("memory for %d batches, want that for the few that were there at a time", n)
	}
}

// A piece lies over little memory, however few rows of long texts that is.
func TestPiecesAreBoundedInBytes(t *testing.T) {
	const rows, length = 300, 40 << 10
	texts := make([]string, rows)
	for i := range texts {
		texts[i] = strings.Repeat(string(rune('a'+i%26)), length)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "text", Type: arrow.BinaryTypes.String}}, nil)
	rec, err := NewRecord(schema, NewArray(texts, nil))
	if err != nil {
		t.Fatal(err)
	}
	next := int64(0)
	for p, err := range read(t, write(t, schema, rec)).Pieces(1 << 20) {
		if err != nil {
			t.Fatal(err)
		}
		if n := p.Rows.NumRows(); p.At != next || n*length > pieceBytes {
			t.Errorf("a piece of %d rows, %d bytes, begins at row %d, want %d", n, n*length, p.At, next)
		}
		next += p.Rows.NumRows()
		p.Rows.Release()
	}
	if next != rows {
		t.Errorf("%d rows, want %d", next, rows)
	}
}
