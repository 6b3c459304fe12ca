package evaluate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// thinned has one in so many rows of a class.
func (c clouds) thinned(class int32, one int) (t clouds) {
	seen := 0
	for i, k := range c.class {
		if k == class {
			if seen++; seen%one != 0 {
				continue
			}
		}
		t.features = append(t.features, c.features[2*i:2*i+2]...)
		t.class, t.island, t.mass = append(t.class, k), append(t.island, c.island[i]), append(t.mass, c.mass[i])
	}
	return t
}

// The metric that is shown first is one that a guess does not have most of.
func TestHeadline(t *testing.T) {
	three, two, wave := species("Adelie", "Chinstrap", "Gentoo"), churn(), sine()
	few := drawClouds(600, 2, .9, "data")
	for name, c := range map[string]struct {
		model, data []byte
		with        string
		want, why   string
	}{
		"balanced":      {encode(t, three), drawClouds(120, 3, .42, "data").dataset(t, three), `{}`, "accuracy", "about as many rows"},
		"two, balanced": {encode(t, two), few.dataset(t, two), `{}`, "accuracy", "about as many rows"},
		"rare positive": {encode(t, two), few.thinned(1, 10).dataset(t, two), `{}`, "average_precision", "of the rows are leaves, so that an accuracy of 9"},
		"rare negative": {encode(t, two), few.thinned(0, 10).dataset(t, two), `{}`, "balanced_accuracy", "of the rows are stays"},
		"no positive":   {encode(t, two), few.thinned(1, 1000).dataset(t, two), `{}`, "accuracy", "all rows are stays"},
		"rare of three": {encode(t, three), drawClouds(300, 3, .42, "data").thinned(2, 8).dataset(t, three), `{}`, "macro_f1", "Gentoo"},
		"a number":      {encode(t, wave), sineData(t, 200, -3, 3, .1, "data"), `{}`, "rmse", "it is in the unit of y"},
		"asked for":     {encode(t, two), few.thinned(1, 10).dataset(t, two), `{metrics: [log_loss, average_precision]}`, "log_loss", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: c.with, Inputs: map[string][]byte{"model": c.model, "data": c.data}})
			var doc struct{ Headline struct{ Name, Why string } }
			if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
				t.Fatal(err)
			}
			if h := doc.Headline; h.Name != c.want || !strings.Contains(h.Why, c.why) || (h.Why == "") != (c.why == "") {
				t.Errorf("the headline is %s: %s", h.Name, h.Why)
			}
			if says := strings.Contains(string(r.Outputs["report"]), "needs no model"); says != (strings.HasPrefix(name, "rare") || name == "asked for") {
				t.Errorf("that a class is rare is said: %t", says)
			}
			if c.why != "" && !strings.Contains(string(r.Outputs["report"]), c.why) {
				t.Error("the report does not say why")
			}
		})
	}
}
