package feature_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// The transform of the tutorial is learned, stored, read and applied like those
// of All, in a chain with them.
func TestTutorial(t *testing.T) {
	kinds := append(feature.All(), binsKind())
	spec := feature.Spec{Features: []feature.Column{{Name: "age", Chain: []feature.Step{
		{Kind: "impute", Setting: &feature.Impute{Median: &feature.GroupFill{}}},
		{Kind: "bins", Setting: &bins{Count: 4}},
	}}}}
	learned, err := feature.Fit(t.Context(), spec, tabletest.Open(t, tabletest.Table(t, "age", []any{1.0, 2.0, 3.0, nil, 5.0, 60.0, 7.0, 8.0})), kinds, feature.Resources{})
	if err != nil {
		t.Fatal(err)
	}
	var stored bytes.Buffer
	if _, err := learned.WriteTo(&stored); err != nil {
		t.Fatal(err)
	}
	read, err := feature.ReadTransform(bytes.NewReader(stored.Bytes()), kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []*feature.Transform{learned, read} {
		later, err := tr.Apply(tabletest.Record(t, "age", []any{-4.0, 3.5, nil, 100.0}), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float32{0, 1, 1, 3}, table.Vectors(later.Column(0))); diff != "" {
			t.Errorf("%s\n%s", diff, stored.String())
		}
	}
	if _, err := feature.ReadTransform(bytes.NewReader(stored.Bytes()), feature.All()); err == nil || !strings.Contains(err.Error(), `there is no transform "bins"`) {
		t.Errorf("without the kind: %v", err)
	}
	hostile := strings.Replace(stored.String(), `"edges": [`, `"edges": [99, `, 1)
	if _, err := feature.ReadTransform(strings.NewReader(hostile), kinds); err == nil || !strings.Contains(err.Error(), "not in order") {
		t.Errorf("hostile edges: %v", err)
	}
	var s bins
	if err := settings.DecodeFile("bins", []byte("count: 1\n"), &s); err == nil || !strings.Contains(err.Error(), "count must be >= 2") && !strings.Contains(err.Error(), ">= 2") {
		t.Errorf("too few bins: %v", err)
	}
}
