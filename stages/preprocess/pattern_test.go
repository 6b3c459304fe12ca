package preprocess

import (
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/pipeline/settings"
)

func TestPatterns(t *testing.T) {
	var fields []arrow.Field
	for _, name := range []string{"id", "p_2", "p_10", "p_1", "q_1", "a*", "y", "p_y"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
	}
	schema := arrow.NewSchema(fields, nil)
	for _, tt := range []struct {
		features string // with spaces between them
		want     string // columns, or a part of the error
	}{
		{"p_*", "p_2 p_10 p_1"},         // in the order of the table, without the target and what is kept
		{"p_1 p_*", "p_1 p_2 p_10"},     // what is named is not taken twice
		{"*_1 p_*", "p_1 q_1 p_2 p_10"}, // the first pattern has it
		{"*", "p_2 p_10 p_1 q_1 a*"},
		{"*_1*", "p_10 p_1 q_1"},
		{"a*", "a*"}, // the column of that name
		{"p_*_*", `no column is left for the pattern "p_*_*"`},
		{"p_1* p_1*x", `no column is left`},
	} {
		s := &Preprocess{Target: &TargetSetting{Column: "p_y", Task: "auto", Scale: "auto"}, Keep: []string{"id", "y"}}
		for _, name := range strings.Fields(tt.features) {
			s.Features = append(s.Features, settings.Entry[FeatureSetting]{Key: name, Value: FeatureSetting{Scale: "min_max"}})
		}
		spec, err := s.expanded(schema)
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(diag.HintOf(err), "p_10") {
				t.Errorf("%s: got error %v (hint: %s)", tt.features, err, diag.HintOf(err))
			}
			continue
		}
		var got []string
		for _, c := range spec.Features {
			got = append(got, c.Name)
			if c.Scale != "min_max" {
				t.Errorf("%s: column %s has lost its settings", tt.features, c.Name)
			}
		}
		if !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: got %v, want %s", tt.features, got, tt.want)
		}
	}
}
