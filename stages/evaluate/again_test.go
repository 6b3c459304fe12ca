package evaluate_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// with is rows behind others.
func (c clouds) with(o clouds) clouds {
	return clouds{append(c.features[:len(c.features):len(c.features)], o.features...), append(c.class[:len(c.class):len(c.class)], o.class...),
		append(c.island[:len(c.island):len(c.island)], o.island...), append(c.mass[:len(c.mass):len(c.mass)], o.mass...)}
}

// first is the first rows.
func (c clouds) first(n int) clouds {
	return clouds{c.features[:2*n], c.class[:n], c.island[:n], c.mass[:n]}
}

// Rows of data that the model has learned from are counted, whatever was carried along with
// them, and the metrics without them are those of the others alone.
func TestRowsOfTrainInData(t *testing.T) {
	m := species("Adelie", "Chinstrap", "Gentoo")
	train, other := drawClouds(240, 3, .4, "train"), drawClouds(60, 3, .9, "data")
	known := train.first(30)
	known.island = drawClouds(30, 3, 1, "elsewhere").island
	run := func(data clouds, with string) (doc struct {
		Metrics map[string]float64
		InTrain *struct {
			Rows    int
			Share   float64
			Without map[string]float64
		} `json:"rows_in_train"`
	}, r pipelinetest.Result) {
		t.Helper()
		r = pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: with,
			Inputs: map[string][]byte{"model": encode(t, m), "data": data.dataset(t, m), "train": train.dataset(t, m)}})
		if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
			t.Fatal(err)
		}
		return doc, r
	}
	alone, r := run(other, `{}`)
	if alone.InTrain == nil || alone.InTrain.Rows != 0 || !strings.Contains(string(r.Outputs["report"]), "No row of data is a row of train") || strings.Contains(r.Log, "rows of train") {
		t.Errorf("of other rows: %+v, %s", alone.InTrain, r.Log)
	}
	mixed, r := run(known.with(other), `{}`)
	if in := mixed.InTrain; in == nil || in.Rows != 30 || math.Abs(in.Share-1./3) > 1e-15 {
		t.Fatalf("of 30 rows of train and 60 others: %+v", in)
	}
	for name, v := range mixed.InTrain.Without {
		if v != alone.Metrics[name] {
			t.Errorf("%s without them is %v, and of the others %v", name, v, alone.Metrics[name])
		}
	}
	if !strings.Contains(r.Log, "WARN") || !strings.Contains(r.Log, "30 of 90 rows of data (33.3%) are rows of train") {
		t.Errorf("the log says %s", r.Log)
	}
	if !strings.Contains(string(r.Outputs["report"]), "Rows that the model has learned from") {
		t.Error("the report says nothing of them")
	}
	all, r := run(train, `{allow: [repeated_rows]}`)
	if in := all.InTrain; in == nil || in.Rows != 240 || len(in.Without) != 0 || strings.Contains(r.Log, "WARN") {
		t.Errorf("of train itself, which is allowed: %+v, %s", in, r.Log)
	}
}
