package table

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

func TestSchemaChanges(t *testing.T) {
	number, text := arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String
	plain := func(fields ...arrow.Field) *arrow.Schema { return arrow.NewSchema(fields, nil) }
	a := plain(arrow.Field{Name: "a", Type: number}, arrow.Field{Name: "b", Type: text}, arrow.Field{Name: "c", Type: text})
	b := plain(arrow.Field{Name: "c", Type: number}, arrow.Field{Name: "a", Type: number}, arrow.Field{Name: "d", Type: text})
	if diff := cmp.Diff([]ColumnChange{{"b", "string", ""}, {"c", "string", "float64"}, {"d", "", "string"}}, SchemaChanges(a, b)); diff != "" {
		t.Error(diff)
	}
	if got := SchemaChanges(a, a); len(got) > 0 {
		t.Error(got)
	}
	dataset := func(names ...string) *arrow.Schema {
		var features []Feature
		for _, n := range names {
			features = append(features, Feature{Name: n, Column: n})
		}
		s, err := DatasetSchema(FlatDataset(features, nil), false, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if diff := cmp.Diff([]ColumnChange{{"feature y", "float", ""}, {"feature z", "", "float"}}, SchemaChanges(dataset("x", "y"), dataset("x", "z"))); diff != "" {
		t.Error(diff)
	}
}
