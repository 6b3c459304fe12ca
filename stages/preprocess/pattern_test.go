package preprocess

import (
	"log/slog"
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
		spec, err := s.expanded(schema, slog.New(slog.DiscardHandler))
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

// What a pattern leaves out, or does not stand for, is told.
func TestTellPatterns(t *testing.T) {
	var fields []arrow.Field
	for _, name := range []string{"*", "p_1", "id", "p_2", "y"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
	}
	for _, tt := range []struct{ features, keep, drop, want string }{
		{"p_*", "p_2", "", `level=INFO msg="columns in keep are no features" of=p_* columns=p_2 `},
		{"p_* p_2", "p_2", "", ""},
		{"p_*", "p_2 id", "p_2*", ""},
		{"p_*", "id", "", ""},
		{"p_*", "p_1 p_2", "", `no column is left for the pattern "p_*" without those in keep, p_1, p_2`},
		{"type:text", "id", "", `no column is left for "type:text"` + "\n"},
		{"*", "", "", `level=WARN msg="features: \"*\" is the column of that name, and stands for no others"`},
		{"p_1", "", "*", `level=WARN msg="drop: \"*\" is the column of that name, and stands for no others"`},
	} {
		s := &Preprocess{Target: &TargetSetting{Column: "y", Task: "auto", Scale: "auto"}, Keep: strings.Fields(tt.keep), Drop: strings.Fields(tt.drop)}
		for _, name := range strings.Fields(tt.features) {
			s.Features = append(s.Features, settings.Entry[FeatureSetting]{Key: name, Value: FeatureSetting{Scale: "auto"}})
		}
		var log strings.Builder
		_, err := s.expanded(arrow.NewSchema(fields, nil), slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			log.WriteString(err.Error() + "\n")
		}
		if got := log.String(); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

func TestTypes(t *testing.T) {
	text, real, whole := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: text}, {Name: "r", Type: real}, {Name: "n", Type: whole}, {Name: "yes", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32}, {Name: "r2", Type: real}, {Name: "b", Type: text}, {Name: "y", Type: whole}}, nil)
	for _, tt := range []struct{ features, drop, want string }{
		{"type:number", "", "r n r2"},
		{"r2 type:number type:text", "", "r2 r n a b"},
		{"type:bool type:date", "", "yes day"},
		{"type:number *", "type:date b", "r n r2 a yes"},
		{"*", "type:text r*", "n yes day"},
		{"type:list", "", `no column is left for "type:list"`},
		{"*", "nobody", `"nobody"`},
		{"*", "*", "no column is left"},
	} {
		s := &Preprocess{Target: &TargetSetting{Column: "y", Task: "auto", Scale: "auto"}, Drop: strings.Fields(tt.drop)}
		for _, name := range strings.Fields(tt.features) {
			s.Features = append(s.Features, settings.Entry[FeatureSetting]{Key: name, Value: FeatureSetting{Scale: "auto"}})
		}
		spec, err := s.expanded(schema, slog.New(slog.DiscardHandler))
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", tt.features, err)
			}
			continue
		}
		var got []string
		for _, c := range spec.Features {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s without %s: got %v, want %s", tt.features, tt.drop, got, tt.want)
		}
	}
}

// What goes with no column of a type is found in the file.
func TestTypesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"features: {type:nummer: {}}":                   `there is no type of columns "nummer"`,
		"features: {type:text: {scale: standard}}":      "it holds text, which has no scale",
		"features: {type:timestamp: {encode: ordinal}}": "the step `date` makes features",
		"features: {type:number: [one_hot, log1p]}":     "nothing can follow one_hot",
		"features: {type:date: [log1p]}":                "log1p takes numbers",
		"features: {\"*\": {}}\ndrop: [type:nummer]":    `there is no type of columns "nummer"`,
		"features: {a: {}}\ndrop: [a]":                  `"a" is dropped and a feature`,
		"features: {\"*\": {}}\ndrop: [a]\nkeep: [a]":   `"a" is dropped and kept`,
		"features: {type:number: [impute: median, scale: power], type:timestamp: [date], type:bool: {}, type:date: [date], type:list: {}}": "",
	} {
		var s Preprocess
		err := settings.DecodeFile("features", []byte(text), &s)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
