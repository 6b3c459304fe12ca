package evaluate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// The predictions of another model on the same rows give the difference of each metric.
func TestAgainst(t *testing.T) {
	better, worse := churn(), churn()
	worse.Params[0].Data[0] = -worse.Params[0].Data[0] / 8
	better.Signature.Threshold, worse.Signature.Threshold = .4, .7
	data := drawClouds(300, 2, .9, "data").dataset(t, better)
	measure := func(model []byte, against []byte) pipelinetest.Result {
		inputs := map[string][]byte{"model": model, "data": data}
		if against != nil {
			inputs["against"] = against
		}
		return pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "{metrics: [accuracy, log_loss, roc_auc, mcc]}", Inputs: inputs})
	}
	other := measure(encode(t, worse), nil)
	r := measure(encode(t, better), other.Outputs["predictions"])
	var doc struct {
		Against []struct {
			Name              string
			Other, Difference float64
			Interval          struct{ Low, High float64 }
		}
	}
	if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Against) != 4 {
		t.Fatalf("%d metrics are compared", len(doc.Against))
	}
	for _, a := range doc.Against {
		if d := r.Metrics[a.Name] - other.Metrics[a.Name]; a.Other != other.Metrics[a.Name] || a.Difference != d || a.Interval.Low > d || a.Interval.High < d || a.Interval.Low == a.Interval.High {
			t.Errorf("%+v, want %v - %v", a, r.Metrics[a.Name], other.Metrics[a.Name])
		}
	}
	if html := string(r.Outputs["report"]); !strings.Contains(html, "Against another model") || !strings.Contains(html, "this model") {
		t.Error("the report does not compare")
	}
	same := measure(encode(t, worse), other.Outputs["predictions"])
	if err := json.Unmarshal(same.Outputs["metrics"], &doc); err != nil {
		t.Fatal(err)
	}
	for _, a := range doc.Against {
		if a.Difference != 0 || a.Interval.Low != 0 || a.Interval.High != 0 {
			t.Errorf("against itself: %+v", a)
		}
	}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "{}", Inputs: map[string][]byte{"model": encode(t, better),
		"data": drawClouds(300, 2, .9, "later").dataset(t, better), "against": other.Outputs["predictions"]}})
	if err == nil || !strings.Contains(err.Error(), "not of the same rows") || diag.HintOf(err) == "" {
		t.Errorf("of other rows: got error %v", err)
	}
}
