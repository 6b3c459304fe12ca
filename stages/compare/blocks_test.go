package compare

import (
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/pipeline/pipelinetest"
)

// TestPairedInBlocks: rows that evaluate draws in blocks are drawn in blocks, since intervals of each by
// itself would be too narrow.
func TestPairedInBlocks(t *testing.T) {
	inputs, better, worse := folds(t, 3, false)
	for port, data := range inputs {
		if strings.HasPrefix(port, "metrics") {
			inputs[port] = []byte(strings.Replace(string(data), "{", `{"blocks":12,`, 1))
		}
	}
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: "by: roc_auc", Inputs: inputs})
	doc := written(t, r)
	o, list := metric.Drawing{Threads: 2, Block: 12}, metric.All().Named("accuracy", "roc_auc")
	apart, err := o.Differences(t.Context(), better, []metric.Sample{worse}, list)
	if err != nil {
		t.Fatal(err)
	}
	own, err := o.Intervals(t.Context(), better, list)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range apart[0] {
		if got := doc.Variants[1].Pooled[d.Name].Behind; got == nil || *got != (pairedDocument{d.Value, d.Interval.Low, d.Interval.High}) {
			t.Errorf("%s is behind by %+v, want %+v of %+v", d.Name, got, d, d.Interval)
		}
		if got := doc.Variants[0].Pooled[d.Name]; got.Low == nil || *got.Low != own[i].Low || *got.High != own[i].High {
			t.Errorf("%s is %+v, want %+v", d.Name, got, own[i])
		}
	}
	if !strings.Contains(string(r.Outputs["report"]), "blocks of 12 rows") {
		t.Error("the report does not say it")
	}
}
