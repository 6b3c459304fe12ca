package evaluate_test

import (
	"math"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// A column counts where what is usual of it changes the answer: of a category the features are hidden together,
// and nothing changes where it is the most frequent one.
func TestColumnsThatCount(t *testing.T) {
	m := churn()
	m.Signature.Features = []string{"age", "kind=a", "kind=b", "kind=c"}
	m.Params = linear([]float32{0, -3, -3, 3}, []float32{0})
	m.Spec.Inputs = 4
	m.Summary.Features = nil
	features := []table.Feature{{Name: "age", Column: "age"}, {Name: "kind=a", Column: "kind"}, {Name: "kind=b", Column: "kind"}, {Name: "kind=c", Column: "kind"}}
	info := table.FlatDataset(features, &table.Target{Column: "churn", Task: task.Binary, Classes: m.Signature.Classes, Scale: 1})
	noise := random.New(1, "kinds", 0)
	var rows []float32
	var class []int32
	kinds := []int{1, 1, 2, 3} // a is the most frequent
	for i := range 40 {
		row := []float32{float32(noise.Normal(uint64(i))), 0, 0, 0}
		row[kinds[i%4]] = 1
		rows = append(rows, row...)
		class = append(class, int32(i%5/4))
	}
	stage := pipelinetest.Case{Kind: evaluate.Kind(), With: `{}`, Inputs: map[string][]byte{"model": encode(t, m), "data": tabletest.Dataset(t, info, "features", rows, "target", class)}}
	r := pipelinetest.Run(t, stage)
	list := explanations(t, r)
	if len(list) != 2*40 {
		t.Errorf("%d parts are explained, want two of each row", len(list))
	}
	for _, e := range list {
		kind := kinds[(int(number(t, e["row"]))-1)%4]
		want := 0.0
		if e["part"] == "kind" && kind == 3 {
			want = 1/(1+math.Exp(-3)) - 1/(1+math.Exp(3)) // it becomes kind a
		}
		if fall := number(t, e["fall"]); math.Abs(fall-want) > 1e-6 {
			t.Errorf("without %s the probability falls by %v in a row of kind %d, want %v", e["part"], fall, kind, want)
		}
	}
	page := string(r.Outputs["report"])
	for _, want := range []string{"Columns that moved most", "kind &#43;90.5"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if strings.Contains(page, "age &#43;") || strings.Contains(page, "age −") {
		t.Error("a column that changes nothing is said to count")
	}
	pipelinetest.Conform(t, stage)
}
