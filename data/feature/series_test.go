package feature

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/tensor"
)

// seriesOf is a record of a column of lists, which shows a series or does not say so.
func seriesOf(t testing.TB, values []float32, shape []int, shown bool) arrow.RecordBatch {
	t.Helper()
	column := table.NewVectors(values, tensor.Width(shape))
	field := table.WithShape(arrow.Field{Name: "recent", Type: column.DataType()}, shape)
	if shown {
		field = table.WithShown(field, table.Series)
	}
	rec, err := table.NewRecord(arrow.NewSchema([]arrow.Field{field}, nil), column)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// Each value of a step has mean 0 and deviation 1 over all steps of all rows, and the
// transform that is stored makes the same.
func TestSeriesIsScaledByValue(t *testing.T) {
	rec := seriesOf(t, []float32{1, 1e6, 2, 1e6, 3, 1e6, 4, 1e6}, []int{2, 2}, true)
	for _, c := range []Column{{Name: "recent"}, {Name: "recent", Chain: []Step{{"series", &Series{Scale: "standard"}}}}} {
		tr, err := Fit(t.Context(), Spec{Features: []Column{c}}, tableOf(t, rec), All(), Resources{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		want := []table.Input{{Name: "recent", Kind: table.Series, Type: tensor.F32, Shape: []int{2, 2}, Features: []table.Feature{{Name: "recent", Column: "recent"}}}}
		if diff := cmp.Diff(want, tr.Info().Inputs); diff != "" {
			t.Fatal(diff)
		}
		if tr, err = ReadTransform(strings.NewReader(string(written(t, tr))), All()); err != nil {
			t.Fatal(err)
		}
		out, err := tr.Apply(rec, false)
		if err != nil {
			t.Fatal(err)
		}
		d := float32(math.Sqrt(1.25))
		if diff := cmp.Diff([]float32{-1.5 / d, 0, -0.5 / d, 0, 0.5 / d, 0, 1.5 / d, 0}, table.Vectors(out.Column(0)), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSeriesOfListsThatDoNotSayIt(t *testing.T) {
	rec := seriesOf(t, []float32{1, 2, 3, 4, 5, 6}, []int{6}, false)
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "recent", Chain: []Step{{"series", &Series{Scale: "none", Values: 2}}}}}}, tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	if in := tr.Info().Inputs[0]; !cmp.Equal(in.Shape, []int{3, 2}) {
		t.Errorf("shape is %v", in.Shape)
	}
	out, err := tr.Apply(rec, false)
	if err != nil || !cmp.Equal(table.Vectors(out.Column(0)), []float32{1, 2, 3, 4, 5, 6}) {
		t.Errorf("made %v, %v", out, err)
	}
	for _, tt := range []struct {
		values int
		rec    arrow.RecordBatch
		want   string
	}{
		{4, rec, "6 elements are no steps of 4 values"},
		{0, seriesOf(t, make([]float32, 8), []int{2, 2, 2}, false), "a series has steps of values"},
		{0, tabletest.Record(t, "recent", []float64{1}), "lists"},
	} {
		_, err := Fit(t.Context(), Spec{Features: []Column{{Name: "recent", Chain: []Step{{"series", &Series{Values: tt.values}}}}}}, tableOf(t, tt.rec), All(), Resources{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
