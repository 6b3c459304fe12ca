package evaluate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// Rows of weight 0 are as good as not there, in metrics, slices and baselines.
func TestRowsOfNoWeight(t *testing.T) {
	model := species("Adelie", "Chinstrap", "Gentoo")
	all, some := drawClouds(200, 3, .6, "data"), clouds{}
	for i := range all.mass {
		if all.mass[i] = float64(i % 2); i%2 == 1 {
			some.features = append(some.features, all.features[2*i:2*i+2]...)
			some.class, some.island, some.mass = append(some.class, all.class[i]), append(some.island, all.island[i]), append(some.mass, 1)
		}
	}
	measure := func(c clouds, with string) map[string]any {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "{slices: [island]" + with + "}",
			Inputs: map[string][]byte{"model": encode(t, model), "data": c.dataset(t, model), "train": c.dataset(t, model)}})
		var doc struct {
			Metrics  map[string]any
			Datasets []struct {
				Metrics []struct{ Baselines map[string]float64 }
			}
			Slices []struct {
				Values []struct {
					Value   string
					Metrics map[string]float64
				}
			}
		}
		if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
			t.Fatal(err)
		}
		for _, m := range doc.Datasets[0].Metrics {
			for name, v := range m.Baselines {
				doc.Metrics["baseline "+name] = v
			}
		}
		for _, s := range doc.Slices[0].Values {
			for name, v := range s.Metrics {
				doc.Metrics[s.Value+" "+name] = v
			}
		}
		return doc.Metrics
	}
	want := measure(some, "")
	got := measure(all, ", sample_weight: body_mass_g")
	if len(got) < 30 {
		t.Fatalf("only %d values", len(got))
	}
	for name, v := range want {
		if d := v.(float64) - got[name].(float64); d > 1e-12 || d < -1e-12 {
			t.Errorf("%s is %v, without the rows of weight 0 %v", name, got[name], v)
		}
	}
}

func TestWeightMistakes(t *testing.T) {
	wave := sine()
	data := sineData(t, 20, -3, 3, .1, "data")
	for name, c := range map[string]struct{ with, want, hint string }{
		"not kept": {"{sample_weight: w}", `"w" is not among the kept columns`, "keep: [w]"},
		"negative": {"{sample_weight: x}", "x of row 3 is -", "0 leaves the row out"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: evaluate.Kind(), With: c.with, Inputs: map[string][]byte{"model": encode(t, wave), "data": data}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("got error %v (hint: %s), want %q (hint: %q)", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
}

// A metric that has no weighted form says so.
func TestUnweightedMetric(t *testing.T) {
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "{sample_weight: x, metrics: [mae, max_error]}",
		Inputs: map[string][]byte{"model": encode(t, sine()), "data": sineData(t, 20, 0, 3, .1, "data")}})
	if want := "max_error has no weighted form"; !strings.Contains(r.Log, want) || strings.Contains(r.Log, "mae has") {
		t.Errorf("the log is %s, want %q", r.Log, want)
	}
}
