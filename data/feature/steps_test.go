package feature

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

// written decodes a chain as it is written in a file.
func writtenChain(t testing.TB, chain string) []Step {
	t.Helper()
	var s struct {
		Chain []Step `yaml:"chain" doc:"The chain."`
	}
	if err := settings.DecodeFile("chain", []byte("chain: ["+chain+"]\n"), &s); err != nil {
		t.Fatal(err)
	}
	return s.Chain
}

// tolerance is how much the values of a chain may differ, relative to 1 and to
// themselves. What scikit-learn finds of an exponent has half the digits of a float64.
func tolerance(chain string) float64 {
	switch {
	case strings.Contains(chain, "power"):
		return 1e-6
	case strings.Contains(chain, "normal"):
		return 1e-9
	}
	return 1e-12
}

func TestStepsAreThoseOfScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name, Chain string
			Train, Rows []any
			Want        [][]*float64
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Cases) < 150 {
		t.Fatalf("steps.json has %d cases: %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			tr := fit(t, Spec{Features: []Column{chained("x", writtenChain(t, c.Chain)...)}}, col{"x", c.Train})
			s := tr.columns[0].steps[0]
			for i, row := range c.Rows {
				x := math.NaN()
				if v, ok := row.(float64); ok {
					x = v
				}
				v := Values{Numbers: []float64{x}, rows: 1}
				out := Out{rows: 1, vectors: make([]float32, len(c.Want[i])), stride: len(c.Want[i])}
				s.run(&v, &out)
				got := v.Numbers
				if len(s.Outputs()) > 0 {
					got = nil
					for _, x := range out.vectors {
						got = append(got, float64(x))
					}
				}
				if len(s.Outputs()) > 0 && len(s.Outputs()) != len(c.Want[i]) || out.fails != nil {
					t.Fatalf("row %d (%v): %d features, want %d; %v", i, row, len(s.Outputs()), len(c.Want[i]), out.fails)
				}
				for j, want := range c.Want[i] {
					if want == nil {
						if got[j] == got[j] {
							t.Errorf("row %d: a missing value is %v", i, got[j])
						}
					} else if d := math.Abs(got[j] - *want); !(d <= tolerance(c.Chain)*max(1, math.Abs(*want))) {
						t.Errorf("row %d (%v): got %v, want %v, by %+v", i, row, got[j], *want, s.Fitted)
					}
				}
			}
		})
	}
}

// What has no counterpart in scikit-learn, by numpy 2.4.
func TestStepsByHand(t *testing.T) {
	train := []any{1.0, 2.0, 3.0, 4.0, 100.0, nil, -50.0}
	for chain, want := range map[string][]float32{
		"outliers, impute: {constant: 0}":                                               {1, 2, 3, 4, 7.5, 0, -2.5},
		"outliers: {width: 30}, impute: {constant: 0}":                                  {1, 2, 3, 4, 78.75, 0, -50},
		"outliers: {become: missing}, impute: {constant: 0}":                            {1, 2, 3, 4, 0, 0, 0},
		"outliers: {rule: quantile, lower: 0.1, upper: 0.9}, impute: {constant: 0}":     {1, 2, 3, 4, 52, 0, -24.5},
		"outliers: {rule: z_score, width: 1}, impute: {constant: 0}":                    {1, 2, 3, 4, 54.590731, 0, -34.590731},
		"impute: {constant: 0}, clip: {min: 0}, log: {offset: 1, base: 2}":              {1, 1.5849625, 2, 2.3219280, 6.6582112, 0, 0},
		"impute: {constant: 7}, clip: {min: 1}, log: 10":                                {0, 0.30103, 0.47712126, 0.60206, 2, 0.845098, 0},
		"impute: {constant: 0}, pow: 2":                                                 {1, 4, 9, 16, 10000, 0, 2500},
		"impute: {constant: 16}, clip: {min: 1}, pow: 0.5":                              {1, 1.4142135, 1.7320508, 2, 10, 4, 1},
		"impute: {constant: 25}, round: -1":                                             {0, 0, 0, 0, 100, 20, -50},
		"impute: {constant: 2.675}, pow: -1, round: 2":                                  {1, 0.5, 0.33, 0.25, 0.01, 0.37, -0.02},
		"bin: {edges: [2, 50], output: ordinal}, impute: {constant: 9}, clip: {max: 5}": {0, 1, 1, 1, 2, 5, 0},
	} {
		tr := fit(t, Spec{Features: []Column{chained("x", writtenChain(t, chain)...)}}, col{"x", train})
		for i, v := range apply(t, tr, col{"x", train}) {
			if math.Abs(float64(v[0]-want[i])) > 1e-5*math.Max(1, math.Abs(float64(want[i]))) {
				t.Errorf("%s of %v is %v, want %v", chain, train[i], v[0], want[i])
			}
		}
	}
	tr := fit(t, Spec{Features: []Column{chained("x", writtenChain(t, "bin: {edges: [2, 50]}")...)}}, col{"x", train})
	if got, want := strings.Join(names(tr), " "), "x=(-inf, 2) x=[2, 50) x=[50, inf) x=<missing>"; got != want {
		t.Errorf("the features are %s, want %s", got, want)
	}
	if got := apply(t, tr, col{"x", []any{nil, 2.0}}); got[0][3] != 1 || got[1][1] != 1 || got[1][3] != 0 {
		t.Errorf("a missing value and 2 are in %v", got)
	}
}

// The short form knows the scales of the chain, and what it has no words for is
// stored as a chain.
func TestCurvesInShort(t *testing.T) {
	x := col{"x", []any{1.0, 2.0, 3.5, 20.0, nil, 7.0}}
	for _, s := range []Scaling{Quantile, Power} {
		c := Column{Name: "x", Impute: by(Median), Scale: s}
		short, long := fit(t, Spec{Features: []Column{c}}, x), fit(t, Spec{Features: []Column{asChain(c)}}, x)
		if string(written(t, short)) != string(written(t, long)) {
			t.Errorf("%s: the short form is stored as\n%s\nnot\n%s", s, written(t, short), written(t, long))
		}
		again, err := ReadTransform(strings.NewReader(string(written(t, short))), All())
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range apply(t, again, x) {
			if v[0] != apply(t, short, x)[i][0] {
				t.Errorf("%s, row %d: what was read gives %v", s, i, v)
			}
		}
		if err := (Target{Column: "y", Scale: s}).Validate(); err == nil {
			t.Errorf("a target has the scale %s", s)
		}
	}
}

// A state that somebody has made up is refused, rather than applied.
func TestHostileSteps(t *testing.T) {
	for kind, states := range map[string][]string{
		"scale": {`{"scaling":"quantile","output":"uniform","quantiles":[]}`, `{"scaling":"quantile","output":"uniform","quantiles":[2,1]}`,
			`{"scaling":"quantile","output":"other","quantiles":[1]}`, `{"scaling":"power","family":"box_cox","lambda":1,"center":0,"scale":1}`,
			`{"scaling":"power","family":"yeo_johnson","lambda":1,"center":0,"scale":0}`, `{"scaling":"other","center":0,"scale":1}`, `[]`},
		"bin":      {`{"output":"one_hot","edges":[2,2]}`, `{"output":"ordinal","edges":[],"missing":true}`, `{"edges":[1]}`},
		"outliers": {`{"become":"clip","min":2,"max":1}`, `{"min":1,"max":2}`},
		"log":      {`{"base":1}`, `{"base":-2}`},
		"pow":      {`{"exponent":0}`},
		"round":    {`{"digits":99}`},
	} {
		k, err := kindOf(All(), kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range states {
			if _, err := k.Read(1, json.RawMessage(state)); err == nil {
				t.Errorf("%s reads %s", kind, state)
			}
		}
	}
}
