package table

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// WriteJSONLines writes a table as one JSON object for each row, with its
// columns in order: numbers in the shortest form that reads back the same, dates
// and times as text, vectors as lists, and a null as null. So is what
// JSON has no number for, NaN and the infinities, and unreal counts these.
func WriteJSONLines(w io.Writer, r *Reader) (unreal int64, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	var names [][]byte
	for i, f := range r.Schema().Fields() {
		start := byte(',')
		if i == 0 {
			start = '{'
		}
		names = append(names, append(appendJSON([]byte{start}, f.Name), ':'))
	}
	var line []byte
	for rec, err := range r.Batches() {
		if err != nil {
			return unreal, err
		}
		for row := range int(rec.NumRows()) {
			line = line[:0]
			for i, col := range rec.Columns() {
				line = append(line, names[i]...)
				var bad int64
				line, bad = appendJSONField(line, col, row)
				unreal += bad
			}
			if _, err := out.Write(append(line, '}', '\n')); err != nil {
				return unreal, fmt.Errorf("write json: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return unreal, fmt.Errorf("write json: %w", err)
	}
	return unreal, nil
}

func appendJSONField(line []byte, col arrow.Array, row int) (_ []byte, unreal int64) {
	if col.IsNull(row) {
		return append(line, "null"...), 0
	}
	number := func(v float64, bits int) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			unreal++
			line = append(line, "null"...)
			return
		}
		line = appendFloat(line, v, bits)
	}
	switch a := col.(type) {
	case *array.String:
		return appendJSON(line, a.Value(row)), 0
	case *array.Float64:
		number(a.Value(row), 64)
	case *array.Float32:
		number(float64(a.Value(row)), 32)
	case *array.FixedSizeList, *array.List:
		elements, _ := listAt(a, row)
		line = append(line, '[')
		for i := range elements.Len() {
			if i > 0 {
				line = append(line, ',')
			}
			number(elements.At(i), elements.bits)
		}
		line = append(line, ']')
	case *array.Date32, *array.Timestamp, *array.Time64:
		line = append(appendValue(append(line, '"'), col, row), '"')
	default:
		line = appendValue(line, col, row)
	}
	return line, unreal
}

// appendJSON adds a text. It is UTF-8, so it can be marshalled.
func appendJSON(line []byte, s string) []byte {
	plain := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= 0x7f }
	if strings.IndexFunc(s, plain) < 0 {
		return append(append(append(line, '"'), s...), '"')
	}
	text, _ := json.Marshal(s)
	return append(line, text...)
}
