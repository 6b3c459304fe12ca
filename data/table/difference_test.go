package table

import (
	"bytes"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// written writes records of some columns as a table and opens it.
func written(t *testing.T, schema *arrow.Schema, columns ...arrow.Array) *Reader {
	t.Helper()
	rec, err := NewRecord(schema, columns...)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := NewWriter(&b, schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFirstDifference(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Float64}, {Name: "v", Type: VectorType(2)},
	}, nil)
	make2 := func(schema *arrow.Schema, n []float64, valid []bool, v []float32) *Reader {
		return written(t, schema, NewArray(n, valid), NewVectors(v, 2))
	}
	many := make([]float64, mostBatchRows+3)
	vectors := make([]float32, 2*len(many))
	late := append([]float64{}, many...)
	late[mostBatchRows+1] = math.Copysign(0, -1)
	base := make2(schema, []float64{1, 2, 3}, nil, []float32{1, 2, 3, 4, 5, 6})
	for _, c := range []struct {
		name string
		a, b *Reader
		want string
	}{
		{"same", base, make2(schema, []float64{1, 2, 3}, nil, []float32{1, 2, 3, 4, 5, 6}), ""},
		{"number", base, make2(schema, []float64{1, 2, 3.5}, nil, []float32{1, 2, 3, 4, 5, 6}), `column "n", row 3: 3 -> 3.5`},
		{"vector before number", base, make2(schema, []float64{1, 2, 9}, nil, []float32{1, 2, 3, 0.25, 5, 6}), `column "v", element 1, row 2: 4 -> 0.25`},
		{"missing", base, make2(schema, []float64{1, 2, 3}, []bool{true, false, true}, []float32{1, 2, 3, 4, 5, 6}), `column "n", row 2: 2 -> (missing)`},
		{"rows", base, make2(schema, []float64{1, 2}, nil, []float32{1, 2, 3, 4}), `number of rows: 3 -> 2`},
		{"second batch", make2(schema, many, nil, vectors), make2(schema, late, nil, vectors), `column "n", row 65538: 0 -> -0`},
		{"name", base, make2(arrow.NewSchema([]arrow.Field{{Name: "m", Type: arrow.PrimitiveTypes.Float64}, {Name: "v", Type: VectorType(2)}}, nil),
			[]float64{1, 2, 3}, nil, []float32{1, 2, 3, 4, 5, 6}), `column 1: "n" float64 -> "m" float64`},
		{"metadata", base, make2(arrow.NewSchema([]arrow.Field{WithRole(schema.Field(0), RoleID), schema.Field(1)}, nil),
			[]float64{1, 2, 3}, nil, []float32{1, 2, 3, 4, 5, 6}), `column "n", metadata "pipe.role": "" -> "id"`},
	} {
		got, err := FirstDifference(c.a, c.b)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}
