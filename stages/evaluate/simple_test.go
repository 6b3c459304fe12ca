package evaluate_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

type simpleDocument struct {
	Metrics   map[string]float64
	Baselines []struct {
		Name    string
		Why     string
		Rows    int
		Metrics []struct {
			Name              string
			Other, Difference float64
			Interval          *struct{ Low, High float64 }
		}
	}
	Requirements []struct {
		Metric       string
		Value, Limit float64
		Met          bool
	}
}

func simple(t *testing.T, inputs map[string][]byte, with string) (simpleDocument, pipelinetest.Result) {
	t.Helper()
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: with, Inputs: inputs})
	var doc simpleDocument
	if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
		t.Fatal(err)
	}
	return doc, r
}

// A model that follows a curve is better than a line and worse than none of what is there; one
// of a line is no better than a line.
func TestSimpleModels(t *testing.T) {
	wave := sine()
	inputs := map[string][]byte{"model": encode(t, wave), "data": sineData(t, 300, -3, 3, .1, "data"), "train": sineData(t, 400, -3, 3, .1, "train")}
	doc, r := simple(t, inputs, `{metrics: [mae, r2], require: {mae: "< 0.5 * linear", r2: "> trees", rmse: "< min(linear, trees)"}}`)
	if len(doc.Baselines) != 2 || doc.Baselines[0].Name != "linear" || doc.Baselines[1].Name != "trees" {
		t.Fatalf("the simple models are %+v", doc.Baselines)
	}
	for _, b := range doc.Baselines {
		if b.Rows != 400 || len(b.Metrics) != 2 {
			t.Fatalf("%+v", b)
		}
		for _, m := range b.Metrics {
			if math.Abs(doc.Metrics[m.Name]-m.Other-m.Difference) > 1e-12 || m.Interval == nil || m.Interval.Low > m.Difference || m.Interval.High < m.Difference {
				t.Errorf("%s against %s: %+v", m.Name, b.Name, m)
			}
		}
		if m := b.Metrics[0]; m.Interval.High >= 0 {
			t.Errorf("the mae of a curve is not certainly lower than that of %s: %+v", b.Name, m)
		}
	}
	for _, q := range doc.Requirements {
		if !q.Met {
			t.Errorf("%+v", q)
		}
	}
	if strings.Contains(r.Log, "WARN") || !strings.Contains(r.Log, "the model is better than a linear model: MAE is") || !strings.Contains(string(r.Outputs["report"]), "The model is better than a linear model") {
		t.Errorf("the log is %s", r.Log)
	}

	// A line through the middle, learned badly.
	line := *wave
	line.Params[2].Data = make([]float32, len(wave.Params[2].Data))
	line.Params[2].Data[0] = .3
	inputs["model"] = encode(t, &line)
	doc, r = simple(t, inputs, `{metrics: [mae]}`)
	if !strings.Contains(r.Log, "WARN") || !strings.Contains(r.Log, "than") || !strings.Contains(string(r.Outputs["report"]), "<h2>Against simple models</h2>") {
		t.Errorf("of a line the log is %s", r.Log)
	}
	// Nothing of it if it is not wanted.
	doc, r = simple(t, inputs, `{metrics: [mae], baselines: none}`)
	if doc.Baselines != nil || strings.Contains(string(r.Outputs["report"]), "simple models") || strings.Contains(r.Log, "WARN") {
		t.Errorf("with none: %+v, %s", doc.Baselines, r.Log)
	}
	doc, _ = simple(t, inputs, `{metrics: [mae], baselines: trees}`)
	if len(doc.Baselines) != 1 || doc.Baselines[0].Name != "trees" {
		t.Errorf("with trees: %+v", doc.Baselines)
	}
}

// A linear model is not compared with one, and what compares with it says why there is none.
func TestSimpleModelOfItsOwnKind(t *testing.T) {
	m := species("Adelie", "Chinstrap", "Gentoo")
	doc, r := simple(t, map[string][]byte{"model": encode(t, m), "data": drawClouds(120, 3, .42, "data").dataset(t, m), "train": drawClouds(240, 3, .4, "train").dataset(t, m)}, `{}`)
	if doc.Baselines[0].Why == "" || doc.Baselines[0].Metrics != nil || doc.Baselines[1].Rows != 240 {
		t.Errorf("%+v", doc.Baselines)
	}
	if !strings.Contains(string(r.Outputs["report"]), "There is no linear model: the model is of that kind itself.") {
		t.Error("the report does not say why there is no linear model")
	}
}

// Blocks that are too long for the rows leave no interval, and that is said; how long they are is
// recorded, for who draws the rows again.
func TestTooLongBlocks(t *testing.T) {
	m := sine()
	inputs := map[string][]byte{"model": encode(t, m), "data": sineData(t, 300, -3, 3, .1, "data")}
	for with, want := range map[string]string{`{blocks: 61}`: "300 rows are fewer than 5 blocks of 61", `{blocks: 60}`: "", `{blocks: 1}`: "", `{}`: ""} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: with, Inputs: inputs})
		var doc struct{ Blocks int }
		if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(r.Log, "there are no intervals: "+want); said != (want != "") || strings.Contains(string(r.Outputs["report"]), "There are no intervals") != said {
			t.Errorf("with %s: %s", with, r.Log)
		}
		if (doc.Blocks > 0) != strings.Contains(with, "6") {
			t.Errorf("with %s blocks are %d", with, doc.Blocks)
		}
	}
}

// Where most rows of data are rows of train nothing is said of which model is better.
func TestNoVerdictOfKnownRows(t *testing.T) {
	m := sine()
	data := sineData(t, 300, -3, 3, .1, "data")
	_, r := simple(t, map[string][]byte{"model": encode(t, m), "data": data, "train": data}, `{metrics: [mae]}`)
	if strings.Contains(r.Log, "better") || !strings.Contains(string(r.Outputs["report"]), "Which is better is not said: most rows of data are rows of train") {
		t.Errorf("the log is %s", r.Log)
	}
}
