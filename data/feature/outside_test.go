package feature_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// clock makes two features of a time of day, so that midnight is near to 23:59.
type clock struct{}

func (clock) Fit(*feature.Input) (feature.Fitter, error) { return feature.Fixed(clock{}), nil }

func (clock) Outputs() []feature.Output { return []feature.Output{{Suffix: ".sin"}, {Suffix: ".cos"}} }

func (clock) Apply(v *feature.Values, out *feature.Out) {
	for row := range v.Len() {
		text, ok := v.Text(row)
		var hours, minutes int
		if _, err := fmt.Sscanf(text, "%d:%d", &hours, &minutes); !ok || err != nil {
			out.Fail(row, "the text is no time", fmt.Sprintf("%q is no time", text), "write it as 23:59")
			continue
		}
		sin, cos := math.Sincos(2 * math.Pi * float64(60*hours+minutes) / (24 * 60))
		out.Set(row, 0, float32(sin))
		out.Set(row, 1, float32(cos))
	}
}

// deviation divides by the mean distance from the mean, for which it goes over the
// values twice by itself.
type deviation struct {
	Mean     float64 `json:"mean"`
	Distance float64 `json:"distance"`
}

type deviationFit struct {
	deviation
	pass, n int
}

func (*deviation) Fit(*feature.Input) (feature.Fitter, error) { return new(deviationFit), nil }

func (f *deviationFit) Again() bool {
	if f.pass++; f.pass == 2 {
		f.Mean /= float64(f.n)
	}
	return f.pass <= 2
}

func (f *deviationFit) Add(v *feature.Values) error {
	for _, x := range v.Numbers {
		switch {
		case x != x:
		case f.pass == 1:
			f.n++
			f.Mean += x
		default:
			f.Distance += math.Abs(x-f.Mean) / float64(f.n)
		}
	}
	return nil
}

func (f *deviationFit) Done() (feature.Fitted, error) { return f.deviation, nil }

func (deviation) Outputs() []feature.Output { return nil }

func (d deviation) Apply(v *feature.Values, _ *feature.Out) {
	for row, x := range v.Numbers {
		v.Numbers[row] = (x - d.Mean) / d.Distance
	}
}

func outside() []feature.Kind {
	return append(feature.All(),
		feature.Kind{Name: "clock", Version: 1, Doc: "The time of day.", Takes: feature.Texts, Gives: feature.Features,
			New:  func() feature.Setting { return new(clock) },
			Read: func(_ int, state json.RawMessage) (feature.Fitted, error) { return feature.Decode[clock](state) }},
		feature.Kind{Name: "deviation", Version: 1, Doc: "Distances from the mean.", Takes: feature.Numbers,
			New:  func() feature.Setting { return new(deviation) },
			Read: func(_ int, state json.RawMessage) (feature.Fitted, error) { return feature.Decode[deviation](state) }})
}

// Who is not in the package can make several features of a value, refuse one, and
// go over the table as often as it takes, also behind other transforms.
func TestTransformsFromOutside(t *testing.T) {
	impute := feature.Step{Kind: "impute", Setting: &feature.Impute{Mean: &feature.GroupFill{}}}
	deviate := feature.Step{Kind: "deviation", Setting: new(deviation)}
	spec := feature.Spec{Features: []feature.Column{
		{Name: "at", Chain: []feature.Step{{Kind: "indicator", Setting: new(feature.Indicator)}, {Kind: "clock", Setting: new(clock)}}},
		{Name: "x", Chain: []feature.Step{impute, deviate, {Kind: "scale", Setting: &feature.Scale{Method: feature.MaxAbs}}}},
	}}
	rows := tabletest.Table(t, "at", []any{"00:00", "06:00", "18:00"}, "x", []any{1.0, 5.0, nil})
	tr, err := feature.Fit(t.Context(), spec, tabletest.Open(t, rows), outside(), feature.Resources{})
	if err != nil {
		t.Fatal(err)
	}
	info := tr.Info()
	if diff := cmp.Diff([]string{"at.sin", "at.cos", "at=<missing>", "x"}, info.Names()); diff != "" {
		t.Error(diff)
	}
	later, err := tr.Apply(tabletest.Rows(t, rows), false)
	if err != nil {
		t.Fatal(err)
	}
	got := table.Vectors(later.Column(0))
	for i, want := range []float64{0, 1, 0, -1, 1, 0, 0, 1, -1, 0, 0, 0} {
		if math.Abs(float64(got[i])-want) > 1e-6 {
			t.Errorf("element %d is %v, want %v", i, got[i], want)
		}
	}
	for _, bad := range []any{"noon", nil} {
		_, err = tr.Apply(tabletest.Record(t, "at", []any{"00:00", bad}, "x", []any{1.0, 2.0}), false)
		if err == nil || !strings.Contains(err.Error(), `column "at", row 2:`) || !strings.Contains(err.Error(), "is no time") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	_, err = feature.Fit(t.Context(), feature.Spec{Features: []feature.Column{{Name: "at", Chain: []feature.Step{{Kind: "clock", Setting: new(clock)}, deviate}}}},
		tabletest.Open(t, rows), outside(), feature.Resources{})
	if want := `column "at": nothing can follow clock, which makes features`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = feature.Fit(t.Context(), spec, tabletest.Open(t, tabletest.Table(t, "at", []any{"00:00", "x"}, "x", []any{1.0, 5.0})), outside(), feature.Resources{})
	if err != nil { // the last transform of a chain is not applied while it is learned
		t.Error(err)
	}
}
