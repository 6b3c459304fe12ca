package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/names"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// measuredAs is a document as evaluate writes it.
func measuredAs(target string, rows int, values map[string]float64, order ...string) []byte {
	type named struct {
		Name string `json:"name"`
	}
	var list []named
	for _, name := range order {
		list = append(list, named{name})
	}
	data, err := json.Marshal(map[string]any{"format": "pipe.metrics", "version": 1, "target": target, "metrics": values,
		"datasets": []any{map[string]any{"name": "data", "rows": rows, "metrics": list}}})
	if err != nil {
		panic(err)
	}
	return data
}

// example has two networks of three seeds.
func example() map[string][]byte {
	inputs := map[string][]byte{}
	for network, values := range map[string][]float64{"cnn": {0.9, 0.8, 0.85}, "mlp": {0.7, 0.82, 0.6}} {
		for i, v := range values {
			c := fmt.Sprintf("[network=%s,seed=%d]", network, i+1)
			inputs["metrics"+c] = measuredAs("y", 10, map[string]float64{"accuracy": v, "log_loss": 1 - v, "train.accuracy": 1}, "accuracy", "log_loss")
			inputs["models"+c] = []byte("model " + c)
		}
	}
	return inputs
}

func TestConform(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(), Inputs: example()})
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(), With: "by: log_loss\nover: [network]\nrequire: {log_loss.mean: '< 1'}", Inputs: example()})
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(), Inputs: map[string][]byte{"metrics": example()["metrics[network=cnn,seed=1]"]}})
}

func TestBestVariant(t *testing.T) {
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), Inputs: example()})
	want := map[string]float64{
		"accuracy.mean": 0.85, "accuracy.std": 0.05, "accuracy.min": 0.8, "accuracy.max": 0.9,
		"log_loss.mean": 0.15, "log_loss.std": 0.05, "log_loss.min": 0.1, "log_loss.max": 0.2,
		"train.accuracy.mean": 1, "train.accuracy.std": 0, "train.accuracy.min": 1, "train.accuracy.max": 1,
		"accuracy.mean[network=cnn]": 0.85, "accuracy.mean[network=mlp]": 2.12 / 3,
	}
	for name, v := range want {
		if math.Abs(r.Metrics[name]-v) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, r.Metrics[name], v)
		}
	}
	if len(r.Metrics) != len(want) {
		t.Errorf("%d metrics, want %d: %v", len(r.Metrics), len(want), r.Metrics)
	}
	if got := string(r.Outputs["model"]); got != "model [network=cnn,seed=1]" {
		t.Errorf("the best model is %q", got)
	}
	var doc document
	if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
		t.Fatal(err)
	}
	mlp := doc.Variants[1]
	if doc.Best != "network=cnn" || doc.Case != "network=cnn,seed=1" || mlp.Behind == nil || mlp.Behind.Better != 2 || math.Abs(mlp.Behind.Mean-0.43/3) > 1e-12 || math.Abs(mlp.Behind.Min+0.02) > 1e-12 {
		t.Errorf("%+v, behind %+v", doc, mlp.Behind)
	}
	for _, text := range []string{"network=cnn", "85.0%", "80.0%\u2009–\u200990.0%", "2 of 3", "<svg"} {
		if !strings.Contains(string(r.Outputs["report"]), text) {
			t.Errorf("the report does not have %q", text)
		}
	}
	// By another metric and over another axis.
	r = pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: "{by: log_loss, over: [network]}", Inputs: example()})
	if got := r.Metrics["log_loss.mean[seed=2]"]; math.Abs(got-0.19) > 1e-12 {
		t.Errorf("seed 2 has a loss of %v", got)
	}
	if got := string(r.Outputs["model"]); got != "model [network=mlp,seed=2]" {
		t.Errorf("the best model is %q", got)
	}
}

// predicted is a case with what was predicted of rows of two classes, and what evaluate
// has measured of that. The classes are by number, and the probabilities those of b.
func predicted(t *testing.T, inputs map[string][]byte, c string, actual []int32, p []float64) {
	t.Helper()
	kept := slices.Repeat([]any{"b"}, len(p)+1) // predictions of another model
	var kind, said, a, b []any
	var prob []float64
	for i := range p {
		kind, said = append(kind, []string{"a", "b"}[actual[i]]), append(said, []string{"a", "b"}[btoi(p[i] > 0.5)])
		a, b, prob = append(a, 1-p[i]), append(b, p[i]), append(prob, 1-p[i], p[i])
	}
	kind, said, a, b = append(kind, nil), append(said, "a"), append(a, 1.0), append(b, 0.0) // it does not count
	inputs["predictions"+c] = tabletest.Table(t, "old_actual", kept, "old_predicted", kept, "m_actual", kind, "m_predicted", said, "m_p_a", a, "m_p_b", b)
	values := map[string]float64{"train.accuracy": 1}
	for _, v := range classes(t, actual, prob).Measure(metric.All().Named("accuracy", "roc_auc"), nil) {
		values[v.Name] = v.Value
	}
	var doc map[string]any
	if err := json.Unmarshal(measuredAs("y", len(a), values, "accuracy", "roc_auc"), &doc); err != nil {
		t.Fatal(err)
	}
	doc["classes"], doc["task"] = []string{"a", "b"}, "binary"
	doc["datasets"].([]any)[0].(map[string]any)["compared"] = len(p)
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	inputs["metrics"+c] = data
}

func classes(t *testing.T, actual []int32, prob []float64) *metric.Classes {
	t.Helper()
	sample, err := metric.NewClasses([]string{"a", "b"}, actual, prob)
	if err != nil {
		t.Fatal(err)
	}
	return sample
}

// guess is a probability without an order.
func guess(i int) float64 { return float64(i*i*7+i*3)/11*0.37 - math.Floor(float64(i*i*7+i*3)/11*0.37) }

// An axis of numbers has a chart, with a line for each combination of the others.
func TestAxisOfNumbers(t *testing.T) {
	var list []result
	for i, units := range []string{"2", "16", "128"} {
		for _, decay := range []string{"0", "1"} {
			list = append(list, result{name: names.Case{{Axis: "decay", Label: decay}, {Axis: "units", Label: units}}, values: map[string]float64{"log_loss": 0.5 + float64(i), "train.log_loss": 0.1}})
		}
	}
	r := &results{by: "log_loss", goal: metric.Down, metrics: []string{"log_loss", "train.log_loss"}}
	r.group(list)
	figures := r.axisFigures() // two values of decay make no line
	if len(figures) != 1 {
		t.Fatalf("%d figures", len(figures))
	}
	f := figures[0].(report.Figure)
	if f.Title != "log_loss by units" || !f.Plot.X.Log || len(f.Plot.Marks) != 6 {
		t.Errorf("%+v", f)
	}
	line := f.Plot.Marks[0].(chart.Line)
	if line.Name != "decay=0" || !slices.Equal(line.X, chart.Numbers{2, 16, 128}) || !slices.Equal(line.Y, chart.Numbers{0.5, 1.5, 2.5}) {
		t.Errorf("%+v", line)
	}
}

// TestPooled: rows of folds are measured as if one model had predicted them.
func TestPooled(t *testing.T) {
	inputs := map[string][]byte{}
	var actual []int32
	var prob []float64
	for fold := range 3 {
		var some []int32
		var p []float64
		for i := range 5 + fold {
			some, p = append(some, int32(fold+i)%2), append(p, guess(fold*10+i))
			prob = append(prob, 1-p[i], p[i])
		}
		actual = append(actual, some...)
		predicted(t, inputs, fmt.Sprintf("[fold=%d]", fold+1), some, p)
	}
	sample := classes(t, actual, prob)
	list := metric.All().Named("accuracy", "roc_auc")
	c := pipelinetest.Case{Kind: Kind(), With: "require: {roc_auc.pooled: '>= 0'}", Inputs: inputs}
	pipelinetest.Conform(t, c)
	r := pipelinetest.Run(t, c)
	for _, v := range sample.Measure(list, nil) {
		if got := r.Metrics[v.Name+".pooled"]; got != v.Value {
			t.Errorf("%s of all rows is %v, want %v", v.Name, got, v.Value)
		}
	}
	if one := written(t, r).Variants[0]; one.Rows != len(actual) || one.Pooled["accuracy"].Low == nil {
		t.Errorf("%d rows, %+v", one.Rows, one.Pooled)
	}
	// Without the predictions of a case, or with others than were measured, there is no telling.
	for want, change := range map[string]func(map[string][]byte){
		"there are no predictions of the case fold=2":                func(in map[string][]byte) { delete(in, "predictions[fold=2]") },
		"they have 7 rows with a target, and there are metrics of 6": func(in map[string][]byte) { in["predictions[fold=2]"] = in["predictions[fold=3]"] },
		"accuracy is 1 by them, and not": func(in map[string][]byte) {
			other := map[string][]byte{}
			predicted(t, other, "", []int32{0, 0, 0, 1, 1, 1}, []float64{0, 0, 0, 1, 1, 1})
			in["predictions[fold=2]"] = other["predictions"]
		},
	} {
		c.Inputs = maps.Clone(inputs)
		change(c.Inputs)
		if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func written(t *testing.T, r pipelinetest.Result) *document {
	t.Helper()
	var doc document
	if err := json.Unmarshal(r.Outputs["metrics"], &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// folds has two networks with as many folds of 40 rows, of which the second is worse. If
// they are the same rows, each model is measured on one part.
func folds(t *testing.T, many int, same bool) (inputs map[string][]byte, better, worse *metric.Classes) {
	t.Helper()
	inputs = map[string][]byte{}
	var actual []int32
	prob := map[string][]float64{}
	for fold := range many {
		var some []int32
		for i := range 40 {
			row := i
			if !same {
				row += fold * 40
			}
			some = append(some, int32(btoi(guess(row) > 0.5)))
		}
		actual = append(actual, some...)
		for network, noise := range map[string]float64{"cnn": 0.3, "mlp": 0.7} {
			var p []float64
			for i, class := range some {
				p = append(p, (1-noise)*float64(class)+noise*guess(i*3+fold))
				prob[network] = append(prob[network], 1-p[i], p[i])
			}
			predicted(t, inputs, fmt.Sprintf("[fold=%d,network=%s]", fold+1, network), some, p)
		}
	}
	return inputs, classes(t, actual, prob["cnn"]), classes(t, actual, prob["mlp"])
}

// TestPaired: variants are compared on the same rows.
func TestPaired(t *testing.T) {
	inputs, better, worse := folds(t, 3, false)
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: "by: roc_auc", Inputs: inputs})
	doc := written(t, r)
	if doc.Best != "network=cnn" || doc.Notes != nil {
		t.Fatalf("%s is the best, notes %q", doc.Best, doc.Notes)
	}
	want, err := differences(t.Context(), better, worse, metric.All().Named("accuracy", "roc_auc"), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range want {
		got := doc.Variants[1].Pooled[d.Name].Behind
		if d.Value <= 0 || got == nil || *got != (pairedDocument{d.Value, d.Interval.Low, d.Interval.High}) {
			t.Errorf("%s is behind by %+v, want %+v of %+v", d.Name, got, d, d.Interval)
		}
		if doc.Variants[0].Pooled[d.Name].Behind != nil {
			t.Error("the best is behind itself")
		}
	}
	if !strings.Contains(string(r.Outputs["report"]), "chance where 0 is inside") {
		t.Error("the report does not say it")
	}
	// Not where the other has other rows.
	delete(inputs, "metrics[fold=3,network=mlp]")
	doc = written(t, pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: "by: roc_auc", Inputs: inputs}))
	if got := doc.Variants[1].Pooled["roc_auc"]; got.Behind != nil || got.Low == nil {
		t.Errorf("%+v", got)
	}
	if len(doc.Notes) != 1 || !strings.Contains(doc.Notes[0], "network=mlp has 2 of 3") {
		t.Errorf("notes %q", doc.Notes)
	}
}

// TestSameRows: an interval would be too narrow if rows are there once for each fold.
func TestSameRows(t *testing.T) {
	inputs, better, worse := folds(t, 4, true)
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), Inputs: inputs})
	doc := written(t, r)
	of := make([]int32, 160)
	for i := range of {
		of[i] = int32(i % 40)
	}
	var samples []metric.Sample
	for _, c := range []*metric.Classes{better, worse} {
		s, err := metric.NewRepeated(c, of)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, s)
	}
	list := metric.All().Named("accuracy")
	intervals, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), samples[0], list)
	if err != nil {
		t.Fatal(err)
	}
	differences, err := differences(t.Context(), samples[0], samples[1], list, 2)
	if err != nil {
		t.Fatal(err)
	}
	if p := doc.Variants[0].Pooled["accuracy"]; doc.Variants[0].Rows != 160 || p.Low == nil || *p.Low != intervals[0].Low || *p.High != intervals[0].High {
		t.Errorf("%d rows, %+v, want %+v", doc.Variants[0].Rows, p, intervals[0])
	}
	if b := doc.Variants[1].Pooled["accuracy"].Behind; b == nil || b.Low != differences[0].Interval.Low || b.High != differences[0].Interval.High {
		t.Errorf("behind by %+v, want %+v", b, differences[0].Interval)
	}
	// Where the seed is that of the split nobody knows which rows are the same.
	inputs = map[string][]byte{}
	for seed := range 2 {
		var some []int32
		var p []float64
		for i := range 40 {
			some, p = append(some, int32(btoi(guess(seed*40+i) > 0.5))), append(p, guess(i+3))
		}
		predicted(t, inputs, fmt.Sprintf("[seed=%d]", seed), some, p)
	}
	if p := written(t, pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), Inputs: inputs})).Variants[0].Pooled["accuracy"]; p.Low != nil {
		t.Errorf("%+v", p)
	}
	// Parts of sorted classes look alike, and are not the same.
	sorted := []int32{0, 0, 0, 0, 1, 1, 1, 1}
	inputs = map[string][]byte{}
	for fold := range 3 {
		predicted(t, inputs, fmt.Sprintf("[fold=%d]", fold), sorted, []float64{0, 0, guess(fold), 0, 1, 1, 1, 1})
	}
	if p := written(t, pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), Inputs: inputs})).Variants[0].Pooled["accuracy"]; p.Low == nil {
		t.Error("no interval")
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestMistakes(t *testing.T) {
	with := func(change func(map[string][]byte)) map[string][]byte {
		inputs := example()
		change(inputs)
		return inputs
	}
	for name, tt := range map[string]struct {
		with   string
		inputs map[string][]byte
		want   string
	}{
		"unknown metric": {"by: rmse", example(), `6 of 6 cases have no metric "rmse"`},
		"no goal": {"", with(func(in map[string][]byte) {
			for p := range in {
				if strings.HasPrefix(p, "metrics") {
					in[p] = measuredAs("y", 1, map[string]float64{"rows": 1})
				}
			}
		}), `more or less of "rows" is better`},
		"another target": {"", with(func(in map[string][]byte) {
			in["metrics[network=mlp,seed=1]"] = measuredAs("z", 1, map[string]float64{"accuracy": 1})
		}), "predict different columns"},
		"other document": {"", with(func(in map[string][]byte) { in["metrics[network=mlp,seed=1]"] = []byte(`{"a": 1}`) }), "was not made by evaluate"},
		"no JSON":        {"", with(func(in map[string][]byte) { in["metrics[network=mlp,seed=1]"] = []byte(`[`) }), "was not made by evaluate"},
		"a metric is not": {"", with(func(in map[string][]byte) {
			in["metrics[network=mlp,seed=1]"] = measuredAs("y", 1, map[string]float64{"log_loss": 1})
		}), ""},
		"no model":    {"", with(func(in map[string][]byte) { delete(in, "models[network=cnn,seed=1]") }), "there is no model of the best case, network=cnn,seed=1"},
		"no axis":     {"over: [sed]", example(), `the cases have no axis "sed"`},
		"unmet":       {"require: {accuracy.min: '>= 0.81'}", example(), "accuracy.min is 0.8, required >= 0.81"},
		"not there":   {"require: {acuracy.min: '>= 0.81'}", example(), `no case has a metric "acuracy"`},
		"of one case": {"require: {accuracy.std: '< 1'}", map[string][]byte{"metrics": example()["metrics[network=cnn,seed=1]"]}, "accuracy.std is not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: tt.with, Inputs: tt.inputs})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			var gate *pipeline.RequirementError
			if errors.As(err, &gate) != (name == "unmet") {
				t.Errorf("%T", err)
			}
		})
	}
}

// TestStatistics: the numbers are those of the definitions, whatever the order is.
func TestStatistics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 30).Draw(t, "values")
		s := statisticOf(values)
		if s.min != slices.Min(values) || s.max != slices.Max(values) || s.mean < s.min || s.mean > s.max || s.n != len(values) {
			t.Errorf("%+v of %v", s, values)
		}
		if (len(values) == 1) != math.IsNaN(s.std) || s.std < 0 || s.std > (s.max-s.min)*1.0001 {
			t.Errorf("deviation %v of %v", s.std, values)
		}
	})
}

// TestValidate: what can be told before anything is trained.
func TestValidate(t *testing.T) {
	for with, want := range map[string]string{
		"acuracy":        `there is no metric "acuracy"`,
		"train.acuracy":  `there is no metric "acuracy"`,
		"accuracy.mean":  `"accuracy.mean" is no metric of evaluate`,
		"train.log_loss": "", "recall[a.b]": "", "rmse": "", "": "",
	} {
		err := (&Stage{By: with}).Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", with, err, want)
		}
	}
}

// Every recorded name with a goal is one that a gate knows.
func TestGoals(t *testing.T) {
	s := new(Stage)
	for name, want := range map[string]metric.Goal{"accuracy.mean": metric.Up, "train.log_loss.max": metric.Down, "recall[a.b].min": metric.Up, "accuracy.std": "", "accuracy": "", "x.mean": ""} {
		got, err := s.MetricGoal(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: goal %q, %v", name, got, err)
		}
	}
	if diff := cmp.Diff([]string{"metrics", "report", "model"}, namesOf(s.OutputPorts([]string{"metrics[a=1]", "models[a=1]"}))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"metrics", "report"}, namesOf(s.OutputPorts([]string{names.Case{{Axis: "a", Label: "1"}}.Of("metrics")}))); diff != "" {
		t.Error(diff)
	}
}

func namesOf(ports []pipeline.Port) []string {
	var list []string
	for _, p := range ports {
		list = append(list, p.Name)
	}
	return list
}

// Forecasts are compared origin by origin where they are of the same steps, seasons and series, and else it is told.
func TestOriginsOfOtherForecasts(t *testing.T) {
	forecasts := func(mase float64, change map[string]any) []byte {
		losses := make([]float64, 40)
		for i := range losses {
			losses[i] = mase + float64(i*i%7)/100*mase
		}
		doc := map[string]any{"format": "pipe.metrics", "version": 1, "task": "forecast", "target": "y", "metrics": map[string]float64{"mase": mase},
			"datasets": []any{map[string]any{"name": "test", "rows": 120, "compared": 100, "metrics": []any{map[string]string{"name": "mase"}}}},
			"losses":   losses, "first_origin": "2024-01-01", "every": 3, "horizon": 3, "season": 12, "series": 1}
		for key, v := range change {
			doc[key] = v
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, change := range []map[string]any{nil, {"horizon": 2}, {"season": 1}, {"series": 2}, {"every": 2}, {"first_origin": "2024-02-01"},
		{"datasets": []any{map[string]any{"name": "test", "rows": 120, "compared": 90, "metrics": []any{map[string]string{"name": "mase"}}}}}} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: "by: mase", Inputs: map[string][]byte{
			"metrics[model=a]": forecasts(0.5, nil), "metrics[model=b]": forecasts(0.8, change)}})
		told := strings.Contains(string(r.Outputs["report"]), "model=b is not compared origin by origin")
		if told != (change != nil) {
			t.Errorf("%v: that they are not compared is told: %v", change, told)
		}
	}
}

// differences compares two samples.
func differences(ctx context.Context, a, b metric.Sample, list metric.List, threads int) ([]metric.Difference, error) {
	all, err := metric.Drawing{Threads: threads}.Differences(ctx, a, []metric.Sample{b}, list)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}
