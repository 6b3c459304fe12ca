package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
)

// several has two seeds of a network and of trees, and one linear model, on the same 60 rows,
// as of stages that have names. The network has an axis more.
func several(t *testing.T) map[string][]byte {
	t.Helper()
	inputs := map[string][]byte{}
	var actual []int32
	for i := range 60 {
		actual = append(actual, int32(btoi(guess(i) > 0.5)))
	}
	put := func(c string, noise float64, seed int) {
		var p []float64
		for i, class := range actual {
			p = append(p, (1-noise)*float64(class)+noise*guess(i*3+seed))
		}
		predicted(t, inputs, c, actual, p)
		inputs["models"+c] = []byte("model " + c)
	}
	for seed := 1; seed <= 2; seed++ {
		put(fmt.Sprintf("[model=network,seed=%d,units=8]", seed), 0.6, seed)
		put(fmt.Sprintf("[model=trees,seed=%d]", seed), 0.4, seed+5)
	}
	put("[model=linear]", 0.85, 9)
	return inputs
}

// TestSeveralStages: evaluations of several stages stand side by side, whatever axes each has.
func TestSeveralStages(t *testing.T) {
	c := pipelinetest.Case{Kind: Kind(), With: "by: roc_auc\nrequire: {'roc_auc.ahead[model=linear]': '> 0', 'roc_auc.mean[model=network]': '> roc_auc.mean[model=linear]'}", Inputs: several(t)}
	pipelinetest.Conform(t, c)
	r := pipelinetest.Run(t, c)
	doc := written(t, r)
	if doc.Best != "model=trees" || doc.Notes != nil || len(doc.Variants) != 3 {
		t.Fatalf("%s is the best of %d, notes %q", doc.Best, len(doc.Variants), doc.Notes)
	}
	linear := doc.Variants[2]
	if linear.Variant["model"] != "linear" || linear.Behind == nil || linear.Behind.Cases != 2 || linear.Behind.Better != 2 {
		t.Errorf("%+v, behind %+v", linear, linear.Behind)
	}
	for _, v := range doc.Variants[1:] {
		if b := v.Pooled["roc_auc"].Behind; b == nil || !(b.Low < b.Value && b.Value < b.High) {
			t.Errorf("%v is behind by %+v", v.Variant, b)
		}
	}
	// The best was measured twice, and the linear model once: in effect it is twice, too.
	twice := several(t)
	for _, port := range []string{"metrics", "predictions", "models"} {
		for seed := 1; seed <= 2; seed++ {
			twice[fmt.Sprintf("%s[model=linear,seed=%d]", port, seed)] = twice[port+"[model=linear]"]
		}
		delete(twice, port+"[model=linear]")
	}
	again := written(t, pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: c.With, Inputs: twice})).Variants[2].Pooled["roc_auc"].Behind
	if b := linear.Pooled["roc_auc"].Behind; math.Abs(b.Low-again.Low)+math.Abs(b.High-again.High) > 1e-12 {
		t.Errorf("behind by %+v, and if it is there twice by %+v", b, again)
	}
	if got := string(r.Outputs["model"]); !strings.HasPrefix(got, "model [model=trees,seed=") {
		t.Errorf("the best model is %q", got)
	}
	for _, text := range []string{"over seed", "model=linear"} {
		if !strings.Contains(string(r.Outputs["report"]), text) {
			t.Errorf("the report does not have %q", text)
		}
	}
	// Other rows are no pair, which is said.
	predicted(t, c.Inputs, "[model=linear]", []int32{0, 1, 1, 0}, []float64{0.2, 0.7, 0.4, 0.6})
	c.With = "by: roc_auc"
	doc = written(t, pipelinetest.Run(t, c))
	if len(doc.Notes) != 1 || !strings.Contains(doc.Notes[0], "model=linear and the best were not measured on the same rows") {
		t.Errorf("notes %q", doc.Notes)
	}
}
