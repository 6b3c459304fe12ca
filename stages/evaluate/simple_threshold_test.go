package evaluate_test

import (
	"strings"
	"testing"

	"pipe/nn"
)

// Simple models have a threshold that was chosen as that of the model was: with one half, boosted
// trees would find few of a rare class, and the model be better for its threshold alone.
func TestThresholdOfSimpleModels(t *testing.T) {
	m := churn()
	data, train := drawClouds(1500, 2, .9, "data").thinned(1, 10), drawClouds(3000, 2, .9, "train").thinned(1, 10)
	inputs := map[string][]byte{"data": data.dataset(t, m), "train": train.dataset(t, m)}
	const with = `{costs: {false_alarm: 1, miss: 20}, metrics: [f1], baselines: trees}`
	measured := func(threshold float64, chosen *nn.Chosen) (cost, f1 float64) {
		t.Helper()
		m.Signature.Threshold, m.Summary.Threshold = threshold, chosen
		inputs["model"] = encode(t, m)
		doc, r := simple(t, inputs, with)
		list := doc.Baselines[0].Metrics
		if len(list) != 2 || list[0].Name != "cost" || list[1].Name != "f1" {
			t.Fatalf("%+v", doc.Baselines)
		}
		if got := strings.Contains(string(r.Outputs["report"]), "Their threshold is chosen as that of this model was"); got != (threshold > 0) {
			t.Errorf("the report speaks of thresholds: %v", got)
		}
		return list[0].Other, list[1].Other
	}
	usual, low := measured(0, nil)
	byCost, _ := measured(.4, &nn.Chosen{Metric: "cost", Value: .3})
	_, byF1 := measured(.4, &nn.Chosen{Metric: "f1", Value: .3})
	given, _ := measured(.04, nil)
	if !(byCost < .8*usual && given < .8*usual && byF1 > 1.05*low) {
		t.Errorf("trees cost %v with one half, %v with what costs say and %v with .04; f1 is %v and %v", usual, byCost, given, low, byF1)
	}
}

// Of data of which a part is known the models are still compared in words; of data that are
// mostly known what has learned them by heart would be best.
func TestSimpleModelsOfKnownRows(t *testing.T) {
	m := churn()
	train := drawClouds(400, 2, .9, "train")
	for known, want := range map[int]bool{60: true, 300: false} {
		data := drawClouds(200, 2, .9, "data")
		data.features, data.class = append(data.features, train.features[:2*known]...), append(data.class, train.class[:known]...)
		data.island, data.mass = append(data.island, train.island[:known]...), append(data.mass, train.mass[:known]...)
		_, r := simple(t, map[string][]byte{"model": encode(t, m), "data": data.dataset(t, m), "train": train.dataset(t, m)}, `{metrics: [log_loss], baselines: trees}`)
		if got := strings.Contains(r.Log, "boosted trees: Log loss is"); got != want {
			t.Errorf("with %d known rows of %d they are compared in words: %v\n%s", known, 200+known, got, r.Log)
		}
	}
}
