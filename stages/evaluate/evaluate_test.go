package evaluate_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

// cases are stages that succeed, one for each kind of report.
func cases(t testing.TB) map[string]pipelinetest.Case {
	three, two, wave := species("Adelie", "Chinstrap", "Gentoo"), churn(), sine()
	return map[string]pipelinetest.Case{
		"multiclass": {
			Kind: evaluate.Kind(),
			With: `{title: Penguins, slices: [island], require: {accuracy: ">= 0.8", log_loss: < baseline, "recall[Gentoo]": "> 0.5", train.accuracy: ">= 0.5 * baseline"}}`,
			Inputs: map[string][]byte{"model": encode(t, three), "data": drawClouds(120, 3, .42, "data").dataset(t, three),
				"train": drawClouds(240, 3, .4, "train").dataset(t, three), "validation": drawClouds(60, 3, .4, "validation").dataset(t, three)},
		},
		"binary": {
			Kind:   evaluate.Kind(),
			With:   `{slices: [island, body_mass_g], metrics: [accuracy, roc_auc, f1, brier, log_loss, average_precision, ece, mcc]}`,
			Inputs: map[string][]byte{"model": encode(t, two), "data": drawClouds(600, 2, .9, "data").dataset(t, two)},
		},
		"weighted": {
			Kind:   evaluate.Kind(),
			With:   `{slices: [island], sample_weight: body_mass_g, metrics: [accuracy, macro_f1, roc_auc, weighted_roc_auc, log_loss]}`,
			Inputs: map[string][]byte{"model": encode(t, three), "data": drawClouds(120, 3, .42, "data").dataset(t, three)},
		},
		"regression": {
			Kind: evaluate.Kind(),
			With: `{title: A sine wave, require: {rmse: "< 0.2", outside.rmse: "< 0.5 * baseline"}}`,
			Inputs: map[string][]byte{"model": encode(t, wave), "data": sineData(t, 200, -3, 3, .1, "data"),
				"train": sineData(t, 400, -3, 3, .1, "train"), "outside": sineData(t, 150, -7, 7, .1, "outside")},
		},
	}
}

func TestConform(t *testing.T) {
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) { pipelinetest.Conform(t, c) })
	}
}

// TestGolden compares the documents with those that are checked in. The report
// is compared without its style sheet.
func TestGolden(t *testing.T) {
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			r, err := pipelinetest.RunErr(t, c)
			var unmet *pipeline.RequirementError
			if err != nil && !errors.As(err, &unmet) {
				t.Fatal(err)
			}
			html := string(r.Outputs["report"])
			golden(t, name+".json", string(r.Outputs["metrics"]))
			golden(t, name+".html", regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(html, "<style></style>"))
			golden(t, name+".csv", csv(t, r.Outputs["predictions"], 12))
			checkPage(t, html)
			if dir := os.Getenv("REPORTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(html), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (go test -update rewrites it):\n%.3000s", path, diff)
	}
}

// csv is the first lines of a table.
func csv(t *testing.T, data []byte, lines int) string {
	t.Helper()
	r := tabletest.Open(t, data)
	defer r.Close()
	var b bytes.Buffer
	if err := table.WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(b.String(), "\n")
	return strings.Join(all[:min(len(all), lines)], "")
}

// checkPage tells whether a report is well-formed and stands alone.
func checkPage(t *testing.T, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the report is not well-formed: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "script", "link", "img", "iframe", "object", "base", "form":
			t.Errorf("the report has a <%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			switch name := strings.ToLower(a.Name.Local); {
			case strings.HasPrefix(name, "on"), name == "href", name == "src", name == "style":
				t.Errorf("<%s> has the attribute %s", start.Name.Local, a.Name.Local)
			}
		}
	}
	style, _, _ := strings.Cut(html, "</style>")
	for _, word := range []string{"url(", "@import", "http:", "https:", "@font-face"} {
		if strings.Contains(style, word) {
			t.Errorf("the style sheet has %q", word)
		}
	}
}

// document is what tests look at in the metrics.
type document struct {
	Metrics  map[string]float64
	Datasets []struct {
		Name    string
		Metrics []struct {
			Name      string
			Value     *float64
			Undefined string
			Baselines map[string]float64
			Interval  *struct{ Low, High float64 }
		}
	}
	Slices []struct {
		Column string
		Values []struct {
			Value string
			Rows  int
		}
	}
	Requirements []struct {
		Metric string
		Met    bool
	}
}

func metricsOf(t *testing.T, r pipelinetest.Result) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(r.Outputs["metrics"], &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMetricsAreRecorded(t *testing.T) {
	r, err := pipelinetest.RunErr(t, cases(t)["regression"])
	var unmet *pipeline.RequirementError
	if !errors.As(err, &unmet) {
		t.Fatalf("got error %v, want an unmet requirement", err)
	}
	if len(unmet.Failed) != 1 || !strings.HasPrefix(unmet.Failed[0], "outside.rmse is ") || !strings.Contains(unmet.Failed[0], "required < 0.5 * baseline, which is ") {
		t.Errorf("failed: %q", unmet.Failed)
	}
	d := metricsOf(t, r)
	if diff := cmp.Diff(d.Metrics, r.Metrics); diff != "" {
		t.Errorf("document and recorded metrics differ:\n%s", diff)
	}
	if inside, outside := d.Metrics["rmse"], d.Metrics["outside.rmse"]; inside > .15 || outside < 3*inside {
		t.Errorf("rmse %v, outside.rmse %v", inside, outside)
	}
	html := string(r.Outputs["report"])
	for _, want := range []string{"training range", "1 of 2 requirements met", "Inside the training range", "not met"} {
		if !strings.Contains(html, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

func TestBaselinesComeFromTraining(t *testing.T) {
	m := species("a", "b", "c")
	data := drawClouds(90, 3, .4, "data")
	run := func(extra map[string][]byte) document {
		inputs := map[string][]byte{"model": encode(t, m), "data": data.dataset(t, m)}
		for port, bytes := range extra {
			inputs[port] = bytes
		}
		return metricsOf(t, pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: "metrics: [accuracy, log_loss]", Inputs: inputs}))
	}
	share := func(class int32) float64 {
		n := 0.0
		for _, c := range data.class {
			if c == class {
				n++
			}
		}
		return n / float64(len(data.class))
	}
	// The model remembers class 2 as the most frequent one.
	if got := run(nil).Datasets[0].Metrics[0].Baselines["majority"]; got != share(2) {
		t.Errorf("majority by the model scores %v, want %v", got, share(2))
	}
	// A connected training set, all of class 0, is believed instead.
	train := drawClouds(50, 1, .4, "train")
	if got := run(map[string][]byte{"train": train.dataset(t, m)}).Datasets[0].Metrics[0].Baselines["majority"]; got != share(0) {
		t.Errorf("majority by the training data scores %v, want %v", got, share(0))
	}
}

func TestRowsWithoutATarget(t *testing.T) {
	m := sine()
	data := tabletest.Dataset(t, sineInfo(), "features", []float32{0, 1, 2}, "target", []any{0.0, nil, 0.0})
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), Inputs: map[string][]byte{"model": encode(t, m), "data": data}})
	lines := strings.Split(csv(t, r.Outputs["predictions"], 10), "\n")
	if !strings.HasPrefix(lines[2], ",0.8") || !strings.HasSuffix(lines[2], ",") {
		t.Errorf("row without a target: %q", lines[2])
	}
	if !strings.Contains(string(r.Outputs["metrics"]), `"compared": 2`) {
		t.Error("the row was compared")
	}
}

func TestUndefinedMetrics(t *testing.T) {
	m := churn()
	one := clouds{features: []float32{1, 0, -1, 0}, class: []int32{0, 0}, island: []string{"", ""}, mass: []float64{1, 2}}
	r, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: evaluate.Kind(), With: `require: {roc_auc: "> 0.1"}`,
		Inputs: map[string][]byte{"model": encode(t, m), "data": one.dataset(t, m)}})
	var unmet *pipeline.RequirementError
	if !errors.As(err, &unmet) || !strings.Contains(unmet.Failed[0], `roc_auc is undefined (no row is of class "leaves")`) {
		t.Errorf("got error %v", err)
	}
	if _, ok := r.Metrics["roc_auc"]; ok {
		t.Error("roc_auc was recorded")
	}
	if !strings.Contains(r.Log, "roc_auc is undefined") {
		t.Errorf("log: %s", r.Log)
	}
}

func TestSlicesOfManyValuesArePooled(t *testing.T) {
	r := pipelinetest.Run(t, cases(t)["binary"])
	d := metricsOf(t, r)
	for _, s := range d.Slices {
		rows := 0
		for _, v := range s.Values {
			rows += v.Rows
		}
		if rows != 600 || len(s.Values) > 31 {
			t.Errorf("%s: %d rows in %d slices", s.Column, rows, len(s.Values))
		}
	}
	if last := d.Slices[1].Values[30]; !strings.Contains(last.Value, "other values") {
		t.Errorf("last slice %+v", last)
	}
}

// TestHostileNames puts markup and control characters wherever a name goes.
func TestHostileNames(t *testing.T) {
	const title = "</style></title><script>alert('1')</script>\"&"
	const evil = title + "\x01\u009b\ufffe"
	m := species(evil, evil+"2", "c")
	m.Signature.Column = evil
	m.Signature.Features = []string{evil, "onload=\"x\""}
	m.Summary.Optimizer, m.Summary.Device = evil, evil
	c := drawClouds(40, 3, 1, "data")
	c.island[0], c.island[1] = evil, "\xff\xfe<svg onload=x>"
	c.island[1] = strings.ToValidUTF8(c.island[1], "?")
	data := tabletest.Dataset(t, cloudInfo(m), "features", c.features, "target", c.class, title, c.island, "x", c.mass)
	with, err := json.Marshal(map[string]any{"title": title, "slices": []string{title}})
	if err != nil {
		t.Fatal(err)
	}
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: string(with), Inputs: map[string][]byte{"model": encode(t, m), "data": data}})
	html := string(r.Outputs["report"])
	checkPage(t, html)
	if strings.Contains(html, "<script") || strings.Contains(html, "\x01") {
		t.Error("a name was not escaped")
	}
}

func TestErrors(t *testing.T) {
	three, wave := species("a", "b", "c"), sine()
	clouds3 := drawClouds(20, 3, .4, "data").dataset(t, three)
	renamed := species("a", "b", "c")
	renamed.Signature.Features = []string{"bill_depth_mm", "bill_length_mm"}
	other := species("a", "b", "c")
	other.Signature.Features = []string{"bill_length_mm", "mass"}
	classes := species("a", "b", "d")
	scaled := sine()
	scaled.Signature.Scale = 2
	named := sine()
	named.Signature.Column = "share"
	vast := sine()
	vast.Params[2].Data[0] = math.MaxFloat32
	bare := sineInfo()
	wild := tabletest.Dataset(t, bare, "features", []float32{1, 3e38}, "target", []float64{1, 1})
	gaps := sineInfo()
	gaps.Inputs = slices.Clone(gaps.Inputs)
	gaps.Inputs[0].Features = []table.Feature{{Name: "x", Column: "x", Missing: true}}
	holes := tabletest.Dataset(t, gaps, "features", []float32{1, float32(math.NaN())}, "target", []float64{1, 1})
	for _, c := range []struct {
		name, with string
		model      *nn.Model
		data       []byte
		want, hint string
	}{
		{"order of features", "", renamed, clouds3, `feature 1 is "bill_length_mm", the model has "bill_depth_mm" there`, "preprocess"},
		{"other features", "", other, clouds3, `missing "mass", unknown "bill_depth_mm"`, "preprocess"},
		{"other classes", "", classes, clouds3, `the classes are "a", "b", "c", those of the model "a", "b", "d"`, ""},
		{"other task", "", wave, clouds3, `missing "x"`, ""},
		{"other target", "", named, sineData(t, 5, 0, 1, 0, "data"), `that of the model "share"`, "preprocess"},
		{"other scaling", "", scaled, sineData(t, 5, 0, 1, 0, "data"), "scaled differently", ""},
		{"no target", "", wave, tabletest.Dataset(t, bare, "features", []float32{1}), "no target column", "predict"},
		{"no rows", "", wave, tabletest.Dataset(t, bare, "features", []float32{}, "target", []float64{}), "no row with a target", ""},
		{"metric of another task", "metrics: [accuracy]", wave, sineData(t, 5, 0, 1, 0, "data"), "accuracy is not a metric of regression; valid are rmse, mae", ""},
		{"gate of another task", `require: {accuracy: ">= 1"}`, wave, sineData(t, 5, 0, 1, 0, "data"), "accuracy is not a metric of regression", ""},
		{"gate of a data set that is not there", `require: {train.rmse: "< 1"}`, wave, sineData(t, 5, 0, 1, 0, "data"), `no data set is connected as "train"`, "connected are data"},
		{"gate of an unknown class", `require: {"recall[z]": "> 0"}`, three, clouds3, `no class "z"; its classes are "a", "b", "c"`, ""},
		{"slice that was not kept", "slices: [sex]", three, clouds3, `"sex" is not among the kept columns`, "keep"},
		{"column of predictions is taken", "", wave, tabletest.Dataset(t, bare, "features", []float32{1}, "target", []float64{1}, "predicted", []float64{1}), `two columns are named "predicted"`, "prefix"},
		{"no model", "", nil, clouds3, "model: ", ""},
		{"missing numbers", "", wave, holes, `a network takes no missing numbers, and 1 of 1 features may be missing, such as "x"`, "preprocess"},
		{"output beyond numbers", "", vast, wild, "the output of the model is", "outside of the training range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := []byte("no model")
			if c.model != nil {
				model = encode(t, c.model)
			}
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: evaluate.Kind(), With: c.with, Inputs: map[string][]byte{"model": model, "data": c.data}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want %q", err, c.want)
			}
			if !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("hint %q, want %q", diag.HintOf(err), c.hint)
			}
		})
	}
}
