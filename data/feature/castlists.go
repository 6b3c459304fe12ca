package feature

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/tensor"
)

// lists gives the elements of a column of lists, in the type of training. A row has failed
// whose list has another length than those of training, where all had the same, or an
// element that is none of their type.
func (rd reading) lists(arr arrow.Array, out *Out) (tensor.Rows, error) {
	fitted, want, _ := table.ListNamed(rd.fitted)
	rows, ok := table.Lists(arr)
	of, width, _ := table.ListOf(arr.DataType())
	switch texts, written := arr.(*array.String); {
	case written:
		rows, width = rd.writtenLists(texts, fitted, out), tensor.Ragged
	case !ok && arr.NullN() == arr.Len():
		rows, width = tensor.Rows{Ends: make([]int, arr.Len())}, tensor.Ragged
		for row := range arr.Len() {
			noList(row, out)
		}
	case !ok:
		return rows, &SpecError{Column: rd.column, Msg: fmt.Sprintf("it is %s, but the transform was fitted on %s", table.TypeName(arr.DataType()), rd.fitted),
			Fix: "its rows must have lists of numbers, as those of training"}
	case of != fitted:
		rows = asElements(&rows, arr.Len(), width, fitted, out)
	}
	switch {
	case width == want:
		return rows, nil
	case want == tensor.Ragged:
		rows.Ends = make([]int, arr.Len())
		for i := range rows.Ends {
			rows.Ends[i] = (i + 1) * width
		}
		return rows, nil
	}
	fix := "make it as long where the table is made"
	if fitted == tensor.U8 {
		fix += "; pictures may have any size if `resize` comes first in the chain, or if `format: {images: {size: [64, 64]}}` of the ingest stage scales them"
	}
	for row := range arr.Len() {
		if from, to := rows.Row(row, width); to-from != want {
			out.Fail(row, OtherLength, fmt.Sprintf("the list has %d elements, and those of training have %d", to-from, want), fix)
		}
	}
	return rows.Resized(fitted, arr.Len(), width, want), nil
}

func noList(row int, out *Out) {
	out.Fail(row, Absent, string(Absent), "write a list there, as the rows of training have one")
}

// writtenLists reads lists that are written in texts. What is none is an empty one.
func (rd reading) writtenLists(a *array.String, of tensor.Type, out *Out) tensor.Rows {
	rows := tensor.Rows{Ends: make([]int, a.Len())}
	for row := range a.Len() {
		if a.IsNull(row) || strings.Trim(a.Value(row), " \t") == "" {
			noList(row, out)
		} else if elements, why := cell.ParseList(a.Value(row), of); why != "" {
			out.Fail(row, NoList, fmt.Sprintf("%s is no list as those of training: %s", shortQuote(a.Value(row)), why), "write numbers in brackets, [0.5, 2]")
		} else {
			at := rows.Len()
			rows.Grow(of, len(elements))
			for i, v := range elements {
				setElement(&rows, of, at+i, v)
			}
		}
		rows.Ends[row] = rows.Len()
	}
	return rows
}

// asElements makes elements of a type of those of another.
func asElements(rows *tensor.Rows, n, width int, of tensor.Type, out *Out) tensor.Rows {
	to := tensor.Rows{Ends: rows.Ends}
	to.Grow(of, rows.Len())
	for row := range n {
		from, end := rows.Row(row, width)
		for i := from; i < end; i++ {
			v := rows.At(i)
			if of != tensor.F32 && !isElement(v, of) {
				out.Fail(row, NoList, fmt.Sprintf("element %d of the list is %v, and those of training are %s", i-from+1, v, elementsOf(of)), "mend it where the table is made")
				continue
			}
			setElement(&to, of, i, v)
		}
	}
	return to
}

// isElement says whether a number is a whole one of a type.
func isElement(v float64, of tensor.Type) bool {
	least, most := float64(math.MinInt32), float64(math.MaxInt32)
	if of == tensor.U8 {
		least, most = 0, math.MaxUint8
	}
	return v == math.Trunc(v) && v >= least && v <= most
}

func elementsOf(of tensor.Type) string {
	if of == tensor.U8 {
		return "whole numbers from 0 to 255"
	}
	return "whole numbers of 32 bits"
}

func setElement(rows *tensor.Rows, of tensor.Type, i int, v float64) {
	switch of {
	case tensor.U8:
		rows.U8[i] = uint8(v)
	case tensor.I32:
		rows.I32[i] = int32(v)
	default:
		rows.F32[i] = float32(v)
	}
}
