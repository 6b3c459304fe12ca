package source_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
	"pipe/data/tensor"
)

// TestTextsAsLists: texts of a typed format are lists where a contract says so, of a type
// and a length that all rows have.
func TestTextsAsLists(t *testing.T) {
	valid := []bool{true, false}
	for _, c := range []struct {
		name     string
		column   arrow.Array
		want     cell.Type
		expected bool
		made     string // types, or the error
	}{
		{"whole", table.NewArray([]string{"[1, 2]", "[3 4]"}, nil), cell.List, false, "a:i32[2]"},
		{"decimal", table.NewArray([]string{"[1, 2]", "[3, 4.5]"}, nil), cell.List, false, "a:vector[2]"},
		{"named", table.NewArray([]string{"[1, 2]", "[3, 4]"}, nil), cell.ListF32, false, "a:vector[2]"},
		{"levels", table.NewArray([]string{"[1, 2]", "[3]"}, nil), cell.ListU8, false, "a:u8[]"},
		{"large", table.NewArray([]string{"[1, 256]"}, nil), cell.ListU8, false, `row 1, column "a": "[1, 256]" is no list of whole numbers from 0 to 255: element 2 is 256`},
		{"none", table.NewArray([]string{"[1]", "x"}, nil), cell.List, false, `row 2, column "a": "x" is no list of numbers, which stand in brackets`},
		{"missing", table.NewArray([]string{"[1]", ""}, valid), cell.List, false, `row 2, column "a": a list that is missing`},
		{"expected", table.NewArray([]string{"[1]", "[2]"}, nil), cell.List, true, "a:i32[1]"},
		{"not expected", table.NewArray([]string{"[1]", "x"}, nil), cell.List, true, "a:string"},
		{"expected missing", table.NewArray([]string{"[1]", ""}, valid), cell.List, true, "a:string"},
		{"all missing", table.NewArray([]string{"", ""}, []bool{false, false}), cell.List, true, "a:string"},
		{"all missing, named", table.NewArray([]string{"", ""}, []bool{false, false}), cell.ListF32, true, "a:string"},
		{"numbers", table.NewArray([]int64{1, 2}, nil), cell.List, true, "a:string"},
		{"numbers declared", table.NewArray([]int64{1, 2}, nil), cell.List, false, `row 1, column "a": 1 is no list`},
		{"other elements", table.NewLists(tensor.I32, tensor.Rows{I32: []int32{1, 255}}, 1), cell.ListU8, false, "a:u8[1]"},
		{"other, expected", table.NewLists(tensor.I32, tensor.Rows{I32: []int32{1, 256}}, 1), cell.ListU8, true, "a:i32[1]"},
		{"too large", table.NewLists(tensor.I32, tensor.Rows{I32: []int32{1, 256}}, 1), cell.ListU8, false, `row 2, column "a": "[256]" is no list of whole numbers from 0 to 255: element 1 is 256`},
		{"large whole, expected", table.NewArray([]uint64{1, 1 << 63}, nil), cell.Int64, true, "a:uint64"},
		{"decimals, expected", table.NewArray([]float32{1, 1.5}, nil), cell.Int64, true, "a:float32"},
		{"no text", table.NewLists(tensor.I32, tensor.Rows{I32: []int32{1}}, 1), cell.String, false, "has the type i32[1], not string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contract := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(nil, true)}}
			if to := &contract.Declared; c.expected {
				contract.Expected = []cell.Typed{{Name: "a", Type: c.want}}
			} else {
				*to = []cell.Typed{{Name: "a", Type: c.want}}
			}
			made, err := sourcetest.Read(t, typed{func() []arrow.Array { c.column.Retain(); return []arrow.Array{c.column} }}, source.Inputs{Contract: contract, Threads: 1})
			if err != nil {
				made.Types = err.Error()
			}
			if !strings.Contains(made.Types, c.made) {
				t.Errorf("%s, want %s", made.Types, c.made)
			}
		})
	}
}
