package pipeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/artifacts"
	"pipe/base/names"
	"pipe/pipeline"
)

// matrixSource is a pipeline in which a stage has a matrix, and others take data from it.
func matrixSource(matrix, more string) string {
	return `
pipeline: m
seed: 7
stages:
  load: {uses: ingest, with: {path: data.csv}}
  split: {uses: split, inputs: {table: load}, with: {parts: {train: 0.7, test: 0.3}}}
  features: {uses: preprocess, inputs: {train: split.train, test: split.test}, with: {target: y}}
  model:
    uses: train
    matrix: ` + matrix + `
    inputs: {train: features.train}
    with: {epochs: 3, ` + more + `}
  score: {uses: evaluate, inputs: {model: model, data: features.test}, with: {metrics: [accuracy]}}
`
}

// stepsOf lists the cases of a stage.
func stepsOf(plan *pipeline.Plan, stage string) []string {
	var list []string
	for _, s := range plan.Steps {
		if base, c, _ := names.SplitCase(s.Name); base == stage {
			list = append(list, c.String())
		}
	}
	return list
}

func TestMatrixCases(t *testing.T) {
	tests := map[string]struct {
		matrix, with string
		want         []string
	}{
		"product":    {"{seed: [1, 2], hidden: [8, 16]}", "hidden: $matrix.hidden", []string{"hidden=8,seed=1", "hidden=16,seed=1", "hidden=8,seed=2", "hidden=16,seed=2"}},
		"number":     {"{seed: 3}", "", []string{"seed=1", "seed=2", "seed=3"}},
		"range":      {"{seed: {from: 9, to: 11}}", "", []string{"seed=9", "seed=10", "seed=11"}},
		"last seeds": {"{seed: {from: 9223372036854775806, to: 9223372036854775807}}", "", []string{"seed=9223372036854775806", "seed=9223372036854775807"}},
		"name of":    {"{n: {of: nothing}}", "name: $matrix.n", []string{"n=of"}},
		"zip":        {"{seed: [1, 2], hidden: [8, 16], zip: true}", "hidden: $matrix.hidden", []string{"hidden=8,seed=1", "hidden=16,seed=2"}},
		"zip two":    {"{seed: 2, hidden: [8, 16], n: [a, b], zip: [n, hidden]}", `hidden: $matrix.hidden, name: "x-${matrix.n}"`, []string{"hidden=8,n=a,seed=1", "hidden=16,n=b,seed=1", "hidden=8,n=a,seed=2", "hidden=16,n=b,seed=2"}},
		"zip again":  {"{seed: 1, hidden: [8, 8, 16], n: [a, b, c], zip: [n, hidden]}", `hidden: $matrix.hidden, name: "x-${matrix.n}"`, []string{"hidden=8,n=a,seed=1", "hidden=8,n=b,seed=1", "hidden=16,n=c,seed=1"}},
		"list":       {"[{seed: 1, hidden: 8}, {hidden: 16, seed: 2}]", "hidden: $matrix.hidden", []string{"hidden=8,seed=1", "hidden=16,seed=2"}},
		"exclude":    {"{seed: 2, hidden: [8, 16], exclude: {hidden: 8, seed: 2}}", "hidden: $matrix.hidden", []string{"hidden=8,seed=1", "hidden=16,seed=1", "hidden=16,seed=2"}},
		"several":    {"{seed: 3, hidden: [8, 16], exclude: [{hidden: 8}, {seed: 2}]}", "hidden: $matrix.hidden", []string{"hidden=16,seed=1", "hidden=16,seed=3"}},
		"include":    {"{seed: 1, hidden: [8], include: [{hidden: 99, seed: 5}]}", "hidden: $matrix.hidden", []string{"hidden=8,seed=1", "hidden=99,seed=5"}},
		"names":      {"{net: {one: [1], two: [2, 2]}}", "layers: $matrix.net", []string{"net=one", "net=two"}},
		"numbers":    {"{rate: [1e-3, 0.01, 1_0.50]}", "learning_rate: $matrix.rate", []string{"rate=0.001", "rate=0.01", "rate=10.5"}},
		"in a text":  {"{n: [a, b]}", `name: "x-${matrix.n}"`, []string{"n=a", "n=b"}},
		"one":        {"{seed: [4]}", "", []string{"seed=4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := mustLoad(t, matrixSource(tt.matrix, tt.with), pipeline.Options{})
			if diff := cmp.Diff(tt.want, stepsOf(plan, "model")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, stepsOf(plan, "score")); diff != "" {
				t.Errorf("cases are not carried along (-want +got):\n%s", diff)
			}
			for _, s := range plan.Steps {
				for _, e := range s.Inputs {
					if strings.HasPrefix(s.Name, "score[") && e.Port == "model" && strings.Replace(s.Name, "score", "model", 1) != e.From.Stage {
						t.Errorf("%s takes its model from %s", s.Name, e.From)
					}
				}
			}
		})
	}
}

// keysOf gives the keys of a plan by stage, of inputs whose artifacts follow from
// what makes them.
func keysOf(plan *pipeline.Plan) map[string]string {
	made := map[string]artifacts.Key{}
	keys := map[string]string{}
	for _, s := range plan.Steps {
		inputs := fakeInputs(s)
		for _, e := range s.Inputs {
			inputs[e.Port] = artifacts.ID(made[e.From.Stage])
		}
		key, _ := s.Key(inputs, pipeline.Placement{}, nil)
		made[s.Name], keys[s.Name] = key, key.String()
	}
	return keys
}

// TestCaseHasKeyOfStage says that a case is what the stage would be that has its values
// itself: results are shared, whatever they are made for.
func TestCaseHasKeyOfStage(t *testing.T) {
	cases := keysOf(mustLoad(t, matrixSource("{seed: [7, 8], rate: [0.5, 1e-3]}", "learning_rate: $matrix.rate"), pipeline.Options{}))
	for _, rate := range []string{"0.5", "0.001"} {
		for _, seed := range []uint64{7, 8} {
			source := strings.Replace(matrixSource("{}", "learning_rate: "+rate), "    matrix: {}\n", "", 1)
			plan := mustLoad(t, source, pipeline.Options{})
			// The seed of a case is for what is behind the matrix.
			other := mustLoad(t, source, pipeline.Options{Seed: &seed})
			for _, name := range []string{"model", "score"} {
				plan.Step(name).Seed = other.Step(name).Seed
			}
			plain := keysOf(plan)
			for _, name := range []string{"model", "score"} {
				if got := cases[fmt.Sprintf("%s[rate=%s,seed=%d]", name, rate, seed)]; got != plain[name] || got == "" {
					t.Errorf("%s of rate %s and seed %d has the key %s, without a matrix %s", name, rate, seed, got, plain[name])
				}
			}
		}
	}
}

// TestMatrixIsOrderFree says that the order of axes, of values and of cases, and the way
// to write them, change nothing about any of them.
func TestMatrixIsOrderFree(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		axes := map[string][]string{}
		var with []string
		settings := map[string]string{"hidden": "hidden", "rate": "learning_rate", "epochs": "name"}
		for _, axis := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"seed", "hidden", "rate", "epochs"}), 1, 4, rapid.ID).Draw(t, "axes") {
			for _, v := range rapid.SliceOfNDistinct(rapid.IntRange(1, 9), 1, 3, rapid.ID).Draw(t, axis) {
				axes[axis] = append(axes[axis], fmt.Sprint(v))
			}
			if setting, ok := settings[axis]; ok {
				with = append(with, setting+": $matrix."+axis)
			}
		}
		write := func(label string) string {
			var list []string
			for _, axis := range rapid.Permutation(slices.Sorted(maps.Keys(axes))).Draw(t, label) {
				list = append(list, axis+": ["+strings.Join(rapid.Permutation(axes[axis]).Draw(t, label+axis), ", ")+"]")
			}
			return "{" + strings.Join(list, ", ") + "}"
		}
		more := strings.Join(with, ", ")
		plan := mustLoad(tt, matrixSource(write("one"), more), pipeline.Options{})
		want := keysOf(plan)
		if diff := cmp.Diff(want, keysOf(mustLoad(tt, matrixSource(write("other"), more), pipeline.Options{}))); diff != "" {
			t.Errorf("in another order (-want +got):\n%s", diff)
		}
		var listed []string
		for _, c := range rapid.Permutation(stepsOf(plan, "model")).Draw(t, "listed") {
			_, values, _ := names.SplitCase("x[" + c + "]")
			var list []string
			for _, v := range rapid.Permutation(values).Draw(t, c) {
				list = append(list, v.Axis+": "+v.Label)
			}
			listed = append(listed, "{"+strings.Join(list, ", ")+"}")
		}
		if diff := cmp.Diff(want, keysOf(mustLoad(tt, matrixSource("["+strings.Join(listed, ", ")+"]", more), pipeline.Options{}))); diff != "" {
			t.Errorf("as a list of cases (-want +got):\n%s", diff)
		}
	})
}

// TestManyCases: a thousand cases of a long stage are read, and a file whose cases are
// too long together is refused before they fill the memory.
func TestManyCases(t *testing.T) {
	long := func(numbers int) string {
		return matrixSource("{seed: 500, rate: [0.1, 0.2]}", "learning_rate: $matrix.rate, layers: ["+strings.Repeat("16, ", numbers)+"16]")
	}
	if n := len(mustLoad(t, long(200), pipeline.Options{}).Steps); n != 3+2*1000 {
		t.Errorf("%d steps", n)
	}
	if _, err := pipeline.LoadBytes("p.yaml", []byte(long(3_000)), testRegistry(), pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "the file expands to more than") {
		t.Error(err)
	}
}

func TestMatrixCarries(t *testing.T) {
	plan := mustLoad(t, `
pipeline: m
stages:
  load: {uses: ingest, with: {path: data.csv}}
  split: {uses: split, matrix: {share: [0.2, 0.3]}, inputs: {table: load}, with: {parts: {train: 0.5, test: $matrix.share}}}
  features: {uses: preprocess, inputs: {train: split.train, test: split.test}, with: {target: y}}
  model: {uses: train, matrix: {seed: 2}, inputs: {train: features.train}, with: {}}
  score: {uses: evaluate, inputs: {data: features.test, model: model}, with: {metrics: [accuracy]}}
  some: {uses: evaluate, inputs: {data: "features[share=0.2].test", model: "model[share=0.2]"}, with: {metrics: [accuracy]}}
  all: {uses: join, inputs: {score: "score[*].predictions"}}
  by_share: {uses: join, inputs: {score: "score[seed=*].predictions"}}
  after: {uses: exec, needs: [score], with: {command: x}}
`, pipeline.Options{})
	want := map[string][]string{
		"load": {""}, "split": {"share=0.2", "share=0.3"}, "features": {"share=0.2", "share=0.3"},
		"model":    {"seed=1,share=0.2", "seed=1,share=0.3", "seed=2,share=0.2", "seed=2,share=0.3"},
		"score":    {"seed=1,share=0.2", "seed=2,share=0.2", "seed=1,share=0.3", "seed=2,share=0.3"},
		"some":     {"seed=1", "seed=2"},
		"all":      {""},
		"by_share": {"share=0.2", "share=0.3"},
	}
	for stage, cases := range want {
		if diff := cmp.Diff(cases, stepsOf(plan, stage)); diff != "" {
			t.Errorf("cases of %s (-want +got):\n%s", stage, diff)
		}
	}
	edges := func(step string) []string {
		var list []string
		for _, e := range plan.Step(step).Inputs {
			list = append(list, e.Port+" "+e.From.String())
		}
		return list
	}
	for step, want := range map[string][]string{
		"some[seed=2]": {"data features[share=0.2].test", "model model[seed=2,share=0.2].model"},
		"all": {"score[seed=1,share=0.2] score[seed=1,share=0.2].predictions", "score[seed=1,share=0.3] score[seed=1,share=0.3].predictions",
			"score[seed=2,share=0.2] score[seed=2,share=0.2].predictions", "score[seed=2,share=0.3] score[seed=2,share=0.3].predictions"},
		"by_share[share=0.3]": {"score[seed=1] score[seed=1,share=0.3].predictions", "score[seed=2] score[seed=2,share=0.3].predictions"},
	} {
		if diff := cmp.Diff(want, edges(step)); diff != "" {
			t.Errorf("inputs of %s (-want +got):\n%s", step, diff)
		}
	}
	if n := len(plan.Step("after").Needs); n != 4 {
		t.Errorf("a stage waits for %d of 4 cases", n)
	}
	if plan.Step("split[share=0.2]").Seed != plan.Step("split[share=0.3]").Seed {
		t.Error("cases that differ in something else than the seed draw different numbers")
	}
	for name, want := range map[string]int{"model": 4, "model[*]": 4, "model[seed=2]": 2, "model[share=0.2,seed=2]": 1, "model[seed=3]": 0, "model[": 0, "load": 1, "nope": 0} {
		if got := len(plan.Select(name)); got != want {
			t.Errorf("%s selects %d stages, want %d", name, got, want)
		}
	}
}

// comparing has the kinds of the tests, and one that takes several cases.
func comparing() *pipeline.Registry {
	return pipeline.NewRegistry(append(testKinds(), pipeline.Kind{Name: "compare", Version: 1,
		Inputs: []pipeline.Port{{Name: "metrics", Type: pipeline.Metrics, Many: true}, {Name: "models", Type: pipeline.Model, Many: true, Optional: true}},
		New:    func() pipeline.Stage { return &joinStage{} }})...)
}

// severalSource has two stages that are compared, of which the first may have a matrix.
func severalSource(matrix, inputs string) string {
	return `
pipeline: m
params: {first: score}
stages:
  load: {uses: ingest, with: {path: data.csv}}
  split: {uses: split, inputs: {table: load}, with: {parts: {train: 0.7, test: 0.3}}}
  features: {uses: preprocess, inputs: {train: split.train, test: split.test}, with: {target: y}}
  model: {uses: train, ` + matrix + `inputs: {train: features.train}, with: {hidden: 4}}
  other: {uses: train, inputs: {train: features.train}, with: {hidden: 8}}
  score: {uses: evaluate, inputs: {model: model, data: features.test}, with: {metrics: [accuracy]}}
  score_other: {uses: evaluate, inputs: {model: other, data: features.test}, with: {metrics: [accuracy]}}
  compare: {uses: compare, inputs: ` + inputs + `, with: {}}
`
}

// TestSeveralStages: an input that takes many cases takes those of several stages, by names.
func TestSeveralStages(t *testing.T) {
	for _, tt := range []struct {
		matrix, inputs string
		want           []string
	}{
		{"", "{metrics: {a: score, b: score_other}}", []string{"metrics[model=a] score.metrics", "metrics[model=b] score_other.metrics"}},
		{"", "{metrics: {only: $first}}", []string{"metrics[model=only] score.metrics"}},
		{"matrix: {seed: 2}, ", "{metrics: {b: score, a: score_other.metrics}, models: {a: other, b: model}}", []string{
			"metrics[model=a] score_other.metrics", "metrics[model=b,seed=1] score[seed=1].metrics", "metrics[model=b,seed=2] score[seed=2].metrics",
			"models[model=a] other.model", "models[model=b,seed=1] model[seed=1].model", "models[model=b,seed=2] model[seed=2].model"}},
		{"matrix: {seed: 2}, ", `{metrics: {b: "score[seed=2]", a: score_other}}`, []string{"metrics[model=a] score_other.metrics", "metrics[model=b] score[seed=2].metrics"}},
	} {
		plan, err := pipeline.LoadBytes("p.yaml", []byte(severalSource(tt.matrix, tt.inputs)), comparing(), pipeline.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.inputs, err)
			continue
		}
		var got []string
		for _, e := range plan.Step("compare").Inputs {
			got = append(got, e.Port+" "+e.From.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.inputs, diff)
		}
	}
	for _, tt := range [][3]string{
		{"", "{metrics: {}}", `input "metrics" names no stage`},
		{"", "{metrics: {a: [score]}}", `input "metrics" must name a stage, not a list`},
		{"", "{metrics: {a/b: score}}", `the name of one of several inputs cannot be "a/b"`},
		{"", `{metrics: {"": score}}`, `the name of one of several inputs cannot be`},
		{"", "{metrics: {a: scor}}", `there is no stage "scor"`},
		{"", "{metrics: {a: score, a: score_other}}", `duplicate key "a"`},
		{"", "{metrics: {a: score, b: score_other}, models: {a: model, c: other}}", `inputs "metrics" and "models" of stage "compare" have other names: a, b, and a, c`},
		{"", "{metrics: {a: score, b: score_other}, models: model}", `have other names: a, b, and none`},
		{"matrix: {model: [x]}, ", "{metrics: {a: score, b: score_other}}", `stage "score" has an axis model`},
	} {
		_, err := pipeline.LoadBytes("p.yaml", []byte(severalSource(tt[0], tt[1])), comparing(), pipeline.Options{})
		if err == nil || !strings.Contains(err.Error(), tt[2]) {
			t.Errorf("%s: %v, want %q", tt[1], err, tt[2])
		}
	}
	// Others take one.
	source := strings.Replace(severalSource("", "{metrics: score}"), "inputs: {model: other, data", "inputs: {model: {a: other, b: model}, data", 1)
	if _, err := pipeline.LoadBytes("p.yaml", []byte(source), comparing(), pipeline.Options{}); err == nil || !strings.Contains(err.Error(), `input "model" of stage "score_other" takes one artifact, not those of several stages`) {
		t.Error(err)
	}
}
