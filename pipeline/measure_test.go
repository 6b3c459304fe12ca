package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/pipeline"
)

// replayed describes the plan that measures another model: what each step reads,
// by the texts whose hashes the artifacts are.
func replayed(t *testing.T, yaml, stage string, other pipeline.OtherModel) (string, error) {
	t.Helper()
	plan, err := pipeline.LoadBytes("p.yaml", []byte("pipeline: p\nstages:\n"+yaml), testRegistry(), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[artifacts.ID]string{}
	id := func(text string) artifacts.ID {
		id := artifacts.Sum([]byte(text))
		texts[id] = text
		return id
	}
	id("M")
	for _, name := range []string{"T", "V"} {
		id(name)
	}
	files := func(stage string) map[string]artifacts.ID {
		return map[string]artifacts.ID{"script": id("script of " + stage)}
	}
	again, err := plan.MeasureOther(stage, other, func(r pipeline.Ref) artifacts.ID { return id(r.String()) }, files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range again.Steps {
		fmt.Fprintf(&b, "%s: %s", s.Name, s.Kind.Name)
		for _, e := range s.Inputs {
			from := texts[e.Artifact]
			if e.Artifact.IsZero() {
				from = "-> " + e.From.String()
			}
			fmt.Fprintf(&b, ", %s %s", e.Port, from)
		}
		for _, f := range s.Files {
			fmt.Fprintf(&b, ", %s %s", f.Port, texts[f.Artifact])
		}
		b.WriteByte('\n')
		if again.Step(s.Name) != s || s.Promote != nil {
			t.Errorf("step %s: %+v", s.Name, s)
		}
	}
	return b.String(), nil
}

func TestMeasureOther(t *testing.T) {
	const trained = `  load: {uses: ingest, with: {path: a.csv}}
  split: {uses: split, inputs: {table: load}, with: {parts: {train: 0.7, test: 0.3}}}
  features: {uses: preprocess, inputs: {train: split.train, test: split.test}, with: {target: y}}
  model: {uses: train, inputs: {train: features.train}}
`
	const score = `  score: {uses: evaluate, inputs: {model: model, data: features.test}, with: {metrics: [f1]}, promote: production}
`
	sum := func(text string) artifacts.ID { return artifacts.Sum([]byte(text)) }
	fitted := func(stage, text string) map[string]artifacts.ID { return map[string]artifacts.ID{stage: sum(text)} }
	for _, c := range []struct {
		name   string
		stages string
		other  pipeline.OtherModel
		want   string
		err    string
	}{
		{"the same transform", score, pipeline.OtherModel{Fitted: fitted("features", "features.transform")},
			"score-other: evaluate, data features.test, model M\n", ""},
		{"another transform", score, pipeline.OtherModel{Fitted: fitted("features", "T")},
			"features-test-other: apply, test split.test, transform T\nscore-other: evaluate, data -> features-test-other.test, model M\n", ""},
		{"a stage that was renamed", score, pipeline.OtherModel{Fitted: fitted("prepare", "T")},
			"features-test-other: apply, test split.test, transform T\nscore-other: evaluate, data -> features-test-other.test, model M\n", ""},
		{"no transform on record", score, pipeline.OtherModel{}, "", "the transform behind its training data is not recorded"},
		{"which transform", score, pipeline.OtherModel{Fitted: map[string]artifacts.ID{"a": sum("T"), "b": sum("V")}}, "", "not recorded"},
		{"something in between, twice", `  rotate: {uses: exec, inputs: {d: features.test}, with: {command: x, script: s.sh}}
  score: {uses: exec, inputs: {m: model, a: rotate.out, b: rotate.out, t: features.transform, raw: split.test}, with: {command: judge, script: s.sh}, promote: production}
`, pipeline.OtherModel{Fitted: fitted("features", "T")},
			"features-test-other: apply, test split.test, transform T\n" +
				"rotate-other: exec, d -> features-test-other.test, script script of rotate\n" +
				"score-other: exec, a -> rotate-other.out, b -> rotate-other.out, m M, raw split.test, t T, script script of score\n", ""},
		{"predictions of another model on the rows", `  simple: {uses: train, inputs: {train: features.train}}
  first: {uses: evaluate, inputs: {model: simple, data: features.test}, with: {metrics: [f1]}}
  score: {uses: evaluate, inputs: {model: model, data: features.test, against: first.predictions}, with: {metrics: [f1]}, promote: production}
`, pipeline.OtherModel{Fitted: fitted("features", "T")},
			"features-test-other: apply, test split.test, transform T\n" +
				"score-other: evaluate, against first.predictions, data -> features-test-other.test, model M\n", ""},
		{"a name that is taken", score + "  score-other: {uses: ingest, with: {path: b.csv}}\n", pipeline.OtherModel{Fitted: fitted("features", "features.transform")},
			"score-other-2: evaluate, data features.test, model M\n", ""},
	} {
		c.other.Name, c.other.Model = "other", sum("M")
		got, err := replayed(t, trained+c.stages, "score", c.other)
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v (-want +got)\n%s", c.name, err, diff)
		}
	}
}
