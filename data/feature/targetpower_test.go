package feature

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pipe/data/power"
	"pipe/data/task"
)

// A target is learned in the power, and predictions are taken out of it again, as
// TransformedTargetRegressor does with PowerTransformer, whose exponents have six digits.
func TestPowersOfTargetsAreThoseOfScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/powers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name         string
		Kind         task.TransformKind
		Y, Z, Scaled []float64
		Want         []*float64
		Exponent     float64
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) < 9 {
		t.Fatalf("powers.json has %d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var y, x []any
			for i, v := range c.Y {
				y, x = append(y, v), append(x, float64(i))
			}
			spec := Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y", Transform: &task.Transform{Kind: c.Kind}}}
			tr, err := ReadTransform(strings.NewReader(string(written(t, fit(t, spec, col{"x", x}, col{"y", y})))), All())
			if err != nil {
				t.Fatal(err)
			}
			target := tr.Info().Target()
			near := func(what string, got, want float64) {
				t.Helper()
				if math.Abs(got-want) > 2e-6*max(1, math.Abs(want)) {
					t.Errorf("%s is %v, want %v", what, got, want)
				}
			}
			near("the exponent", target.Transform.Lambda, c.Exponent)
			for i, v := range c.Y {
				near("the scaled target", (target.Transform.Apply(v)-target.Center)/target.Scale, c.Scaled[i])
			}
			for i, z := range c.Z {
				if got := target.Transform.Invert(z*target.Scale + target.Center); c.Want[i] != nil {
					near("what is predicted", got, *c.Want[i])
				} else if got != target.Transform.Low && got != target.Transform.High {
					t.Errorf("%v stands for %v, where no number does", z, got)
				}
			}
		})
	}
	spec := Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y", Transform: &task.Transform{Kind: task.BoxCox}}}
	_, err = Fit(t.Context(), spec, tableOf(t, record(t, col{"x", []any{1.0, 2.0, 3.0}}, col{"y", []any{1.0, 0.0, 4.0}})), All(), Resources{})
	if err == nil || !strings.Contains(err.Error(), `column "y", row 2: 0: the target has no box_cox`) {
		t.Errorf("a target of 0: %v", err)
	}
}

// A target far from 0 keeps the digits by which its numbers differ, as a feature does:
// of 1000 to 1010 the power 43 is beyond all squares, and of a million the power -300 is 0.
func TestPowersOfTargetsFarFrom0(t *testing.T) {
	for _, kind := range []task.TransformKind{task.YeoJohnson, task.BoxCox} {
		for _, at := range []float64{10, 1e3, 1e5, 1e6, 1e9, -1e6} {
			if at < 0 && kind == task.BoxCox {
				continue
			}
			var x, y []any
			for i := range 60 {
				v := at + math.Sin(float64(i*i)) + float64(i%7)*float64(i%7)/20
				x, y = append(x, v), append(y, v)
			}
			chain := []Step{{Kind: "scale", Setting: &Scale{Method: Power, Family: power.Family(kind)}}}
			spec := Spec{Features: []Column{{Name: "x", Chain: chain}}, Target: &Target{Column: "y", Transform: &task.Transform{Kind: kind}}}
			tr := fit(t, spec, col{"x", x}, col{"y", y})
			target := tr.Info().Target()
			if err := target.Transform.Check(); err != nil {
				t.Fatal(err)
			}
			scaled := tr.columns[0].steps[0].Fitted.(powering)
			for _, v := range y {
				v := v.(float64)
				z := (target.Transform.Apply(v) - target.Center) / target.Scale
				if want := (scaled.At(v) - scaled.Center) / scaled.Scale; math.Abs(z-want) > 1e-6 {
					t.Errorf("%s of %v is learned as %v, and a feature is %v", kind, v, z, want)
				}
				if got := target.Transform.Invert(z*target.Scale + target.Center); math.Abs(got-v) > 1e-9+1e-15*math.Abs(at)*4 {
					t.Errorf("%s of %v comes back as %v", kind, v, got)
				}
			}
		}
	}
}
