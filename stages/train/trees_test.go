package train

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
	"pipe/stages/predict"
	"pipe/trees"
)

const few = "rounds: 12\nmin_rows: 5\nmax_leaves: 6\nlearning_rate: 0.3\n"

func TestTreesConform(t *testing.T) {
	for _, target := range []table.Target{species, sex, mass} {
		with := few + "row_fraction: 0.8\ncolumn_fraction: 0.5\n"
		if target.Task == task.Binary {
			with += "threshold: {best: f1}\n"
		}
		pipelinetest.Conform(t, pipelinetest.Case{Kind: TreesKind(), With: with, Inputs: inputs(t, target), Seed: 5})
	}
}

// Trees are measured, and predict, as networks do.
func TestTreesAreModels(t *testing.T) {
	for _, target := range []table.Target{species, sex, mass} {
		data := inputs(t, target)
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: TreesKind(), With: few, Inputs: data, Seed: 5})
		if r.Metrics["best_round"] < 1 || r.Metrics["best_round"] > 12 {
			t.Errorf("%s: metrics %v", target.Task, r.Metrics)
		}
		model := r.Outputs["model"]
		if _, err := trees.ReadModel(bytes.NewReader(model), int64(len(model))); err != nil {
			t.Fatal(err)
		}
		scored := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), Inputs: map[string][]byte{"model": model, "data": data["validation"], "train": data["train"]}})
		if !bytes.Contains(scored.Outputs["report"], []byte("What the trees go by")) {
			t.Errorf("%s: the report does not say what the trees go by", target.Task)
		}
		better := map[task.Kind]string{task.Multiclass: "accuracy", task.Binary: "accuracy", task.Regression: "r2"}[target.Task]
		if v := scored.Metrics[better]; v < .6 {
			t.Errorf("%s: %s is %v", target.Task, better, v)
		}
		pipelinetest.Run(t, pipelinetest.Case{Kind: predict.Kind(), Inputs: map[string][]byte{"model": model, "data": data["validation"]}})
	}
}

// Ids are categories: what they say does not go by their order.
func TestTreesOfIDs(t *testing.T) {
	info := table.DatasetInfo{
		Inputs: []table.Input{
			{Name: "place", Kind: table.Tokens, Type: tensor.I32, Shape: []int{1}, Size: 40},
			{Name: "features", Kind: table.Features, Type: tensor.F32, Shape: []int{1}, Features: []table.Feature{{Name: "size", Column: "size"}}},
		},
		Targets: []table.Target{{Column: "y", Task: task.Regression, Scale: 1}},
	}
	noise := random.New(3, "ids", 0)
	var ids []int32
	var size []float32
	var y []float64
	for i := range 2000 {
		id := noise.IntN(uint64(2*i), 40)
		ids, size, y = append(ids, int32(id)), append(size, float32(noise.Float64(uint64(2*i+1)))), append(y, float64(id*7%40%2))
	}
	data := tabletest.Dataset(t, info, "place", ids, "features", size, "target", y)
	model := pipelinetest.Run(t, pipelinetest.Case{Kind: TreesKind(), With: "rounds: 1\nlearning_rate: 1\nmax_leaves: 2\n", Inputs: map[string][]byte{"train": data}}).Outputs["model"]
	scored := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), Inputs: map[string][]byte{"model": model, "data": data}})
	if r2 := scored.Metrics["r2"]; r2 < .999 {
		t.Errorf("one split of the ids explains %v of what follows from them alone", r2)
	}
}

func TestTreesMistakes(t *testing.T) {
	for with, want := range map[string]string{
		"quantile: 0.9":      "loss quantile alone",
		"loss: hinge":        "hinge",
		"categories: [a, a]": "there twice",
		"categories: [a]\nmonotone: {a: increasing}": "no order",
		"monotone: {a: up}":                          "up",
		"rounds: 0":                                  "rounds",
		"class_weights: balanced\nbalance: weights":  "already",
		"balance: {by: none, prior: train}":          "put back",
	} {
		if _, err := pipeline.DecodeStage(TreesKind(), with); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", with, err, want)
		}
	}
	s, err := pipeline.DecodeStage(TreesKind(), "loss: cross_entropy\nmonotone: {a: increasing}\nthreshold: 0.3\nsample_weight: w\n")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.(*Trees).Foresee(map[string]pipeline.Facts{"train": {Tasks: []task.Kind{task.Regression}, Keep: []string{"v"}}})
	for _, want := range []string{"cross_entropy is for classification", "it is for two classes", "not among the kept"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("foreseen is %v, want %q", err, want)
		}
	}
	for with, want := range map[string]string{"categories: [z]": "no feature", "threshold: {best: f1}": "validation"} {
		data := inputs(t, sex)
		if strings.HasPrefix(with, "threshold") {
			delete(data, "validation")
		}
		if _, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: TreesKind(), With: with, Inputs: data}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", with, err, want)
		}
	}
}

// Names with * stand for features, but for those that are monotone, and classes are balanced as
// they are for networks.
func TestTreesSettings(t *testing.T) {
	model := func(with string) *trees.Model {
		t.Helper()
		out := pipelinetest.Run(t, pipelinetest.Case{Kind: TreesKind(), With: few + with, Inputs: whole(t), Seed: 5}).Outputs["model"]
		m, err := trees.ReadModel(bytes.NewReader(out), int64(len(out)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for with, want := range map[string]string{
		"categories: ['k_*']\n":                                    "k_1 k_2",
		"categories: ['*']\n":                                      "k_1 k_2 other",
		"categories: ['*', other]\n":                               "k_1 k_2 other",
		"categories: ['*']\nmonotone: {other: increasing}\n":       "k_1 k_2",
		"categories: [other]\nclass_weights: {weights: {no: 2}}\n": "other",
	} {
		var got []string
		for _, c := range model(with).Columns {
			if c.Category {
				got = append(got, c.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s are %v, want %s", with, got, want)
		}
	}
	if b := model("balance: {by: oversample, prior: train}\n").Summary.Balance; b == nil || !b.Prior || b.Sampled[0] != b.Sampled[1] {
		t.Errorf("the summary says %v of how classes are balanced", b)
	}
	for with, want := range map[string]string{
		"categories: ['z*']\n":                   "no feature fits",
		"class_weights: {weights: {maybe: 2}}\n": "none of the classes",
	} {
		if _, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: TreesKind(), With: few + with, Inputs: whole(t)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", with, err, want)
		}
	}
}

// whole are rows of whole numbers, and classes of which one is rare.
func whole(t *testing.T) map[string][]byte {
	info := table.FlatDataset([]table.Feature{{Name: "k_1", Column: "k_1"}, {Name: "k_2", Column: "k_2"}, {Name: "other", Column: "other"}},
		&table.Target{Column: "y", Task: task.Binary, Classes: []string{"no", "yes"}})
	s := random.New(1, "whole", 0)
	var x []float32
	var y []int32
	for i := range 300 {
		for k := range 3 {
			x = append(x, float32(s.IntN(uint64(4*i+k), 7)))
		}
		y = append(y, 0)
		if x[3*i] > 4 && s.Float64(uint64(4*i+3)) < .8 {
			y[i] = 1
		}
	}
	return map[string][]byte{"train": tabletest.Dataset(t, info, "features", x, "target", y)}
}

// Several targets are learned beside each other, numbers or labels, each as if it were alone.
func TestTreesOfSeveralTargets(t *testing.T) {
	info := table.FlatDataset([]table.Feature{{Name: "a", Column: "a", Missing: true}, {Name: "b", Column: "b"}}, nil)
	s := random.New(1, "several", 0)
	var x []float32
	var numbers [2][]float64
	var labels [2][]int32
	for i := range 600 {
		a, b := s.Float64(uint64(3*i)), s.Float64(uint64(3*i+1))
		x = append(x, float32(a), float32(b))
		if i%5 == 0 {
			x[2*i], a = float32(math.NaN()), 2
		}
		for k, v := range [2]float64{a + b, 100 - 50*a*b} {
			numbers[k] = append(numbers[k], v)
			labels[k] = append(labels[k], int32(btoi(v > []float64{1, 80}[k])))
		}
	}
	for _, c := range []struct {
		task   task.Kind
		values [2]any
		metric string
	}{{task.Regression, [2]any{numbers[0], numbers[1]}, "r2"}, {task.Binary, [2]any{labels[0], labels[1]}, "accuracy"}} {
		info := info
		for _, name := range []string{"p", "q"} {
			target := table.Target{Column: name, Task: c.task, Scale: 1}
			if c.task == task.Binary {
				target.Classes = []string{"no", "yes"}
			}
			info.Targets = append(info.Targets, target)
		}
		data := tabletest.Dataset(t, info, "features", x, "target.p", c.values[0], "target.q", c.values[1])
		model := pipelinetest.Run(t, pipelinetest.Case{Kind: TreesKind(), With: "rounds: 60\n", Inputs: map[string][]byte{"train": data}}).Outputs["model"]
		scored := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), Inputs: map[string][]byte{"model": model, "data": data}})
		for name, v := range scored.Metrics {
			if strings.Contains(name, c.metric) && v < .9 {
				t.Errorf("%s: %s is %v", c.task, name, v)
			}
		}
		if len(scored.Metrics) == 0 {
			t.Errorf("%s: nothing was measured", c.task)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
