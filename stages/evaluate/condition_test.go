package evaluate

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func TestCondition(t *testing.T) {
	for _, c := range []struct {
		text, form   string
		value, limit float64
		holds        bool
	}{
		{">= 0.95", ">= 0.95", .95, .95, true},
		{">=0.95", ">= 0.95", .9499, .95, false},
		{" > 1e-3 ", "> 0.001", .001, .001, false},
		{"< 5", "< 5", 4, 5, true},
		{"<= -1", "<= -1", -1, -1, true},
		{"== 1", "== 1", 1, 1, true},
		{"<baseline", "< baseline", 1, 2, true},
		{"<= 0.5*baseline", "<= 0.5 * baseline", 3, 1, false},
		{"> 1 * baseline", "> baseline", 3, 1, true},
		{">= baseline + 0.02", ">= baseline + 0.02", 3, 2, true},
		{"<  min(0.5*baseline, 4)", "< min(0.5*baseline, 4)", 3, 1, false},
		{">  linear", "> linear", 3, 2, true},
		{"<= 0.9 * trees", "<= 0.9 * trees", 3, 2, false},
		{"> max(linear, trees)", "> max(linear, trees)", 3, 2, true},
		{">= 1 - 0.05", ">= 1 - 0.05", 0.96, 0.95, true},
	} {
		var got Condition
		if err := got.UnmarshalText([]byte(c.text)); err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got.String() != c.form {
			t.Errorf("%q is written %q, want %q", c.text, got, c.form)
		}
		if got.Holds(c.value, c.limit) != c.holds {
			t.Errorf("%v %s with limit %v: want %v", c.value, c.text, c.limit, c.holds)
		}
	}
	for _, text := range []string{"", "0.95", ">=", "=> 1", ">= NaN", "> Inf", "> one", "< 2 baseline", "< * baseline", "> 0x", "!= 1", "> 1 2", "> rmse", "> 1 / 0", "> baseline == 1", "> 'a'"} {
		var c Condition
		err := c.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is read as %q", text, c)
		} else if diag.HintOf(err) == "" {
			t.Errorf("%q: no hint with %v", text, err)
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, text := range []string{">= 0.95", "< baseline", "<= 0.5 * baseline", "> 2 * linear", "== -1e300", "> 1_0", ">"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c Condition
		if c.UnmarshalText([]byte(text)) != nil {
			return
		}
		var again Condition
		if err := again.UnmarshalText([]byte(c.String())); err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%q is written %q, which reads as %q (%v)", text, c, again, err)
		}
	})
}

func TestTargets(t *testing.T) {
	for _, c := range []struct{ key, dataset, metric, err string }{
		{"rmse", "data", "rmse", ""},
		{"outside.rmse", "outside", "rmse", ""},
		{"recall[a.b]", "data", "recall[a.b]", ""},
		{"train.f1[yes]", "train", "f1[yes]", ""},
		{"acuracy", "", "", "there is no metric"},
		{"accuracy[yes]", "", "", "of a single class there are precision[...], recall[...]"},
		{"recall[yes", "", "", "of a single class there are precision[...], recall[...]"},
		{"data.rmse", "", "", "write rmse"},
		{"", "", "", "there is no metric"},
	} {
		got, err := parseTarget(metric.All(), c.key)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: got error %v, want %q", c.key, err, c.err)
			}
		case err != nil:
			t.Errorf("%q: %v", c.key, err)
		case got.dataset != c.dataset || got.metric.Name != c.metric:
			t.Errorf("%q is %+v", c.key, got)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ with, want string }{
		{`metrics: [acuracy]`, `did you mean`},
		{`metrics: [rmse, rmse]`, "rmse is there twice"},
		{`slices: [a, b, a]`, `"a" is there twice`},
		{`require: {acuracy: ">= 1"}`, `there is no metric "acuracy"`},
		{`require: {accuracy: 0.95}`, "a condition begins with"},
	} {
		_, err := pipeline.DecodeStage(Kind(), c.with)
		if err == nil {
			t.Errorf("%s: no error", c.with)
			continue
		}
		text := err.Error()
		if list, ok := err.(diag.List); ok {
			var b strings.Builder
			list.Render(&b, false)
			text = b.String()
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: got %s, want %q", c.with, text, c.want)
		}
	}
}

// A gate may ask for what the stage records, whatever the task turns out to be.
func TestCheckMetric(t *testing.T) {
	listed, bare := &Stage{known: metric.All(), Metrics: []MetricName{"macro_f1", "accuracy"}, Require: settings.Map[Condition]{{Key: "recall[Gentoo]"}}}, &Stage{known: metric.All()}
	inputs := map[string]pipeline.Facts{"data": {}, "model": {}, "train": {}}
	for _, c := range []struct {
		stage *Stage
		name  string
		want  string // in the error; empty for none
	}{
		{listed, "accuracy", ""},
		{listed, "train.macro_f1", ""},
		{listed, "recall[Gentoo]", ""},
		{listed, "log_loss", "does not compute log_loss"},
		{listed, "acuracy", `there is no metric "acuracy"`},
		{listed, "test.accuracy", `no data set is connected as "test"`},
		{listed, "model.accuracy", `no data set is connected as "model"`},
		{bare, "rmse", ""},
		{bare, "accuracy", ""},
		{bare, "smape", "does not compute smape"},
		{bare, "recall[yes]", "does not compute recall[yes]"},
	} {
		err := c.stage.CheckMetric(c.name, inputs)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || diag.HintOf(err) == "") {
			t.Errorf("%s: error is %v, want %q and a hint", c.name, err, c.want)
		}
	}
	if got := listed.MainMetrics(); !slices.Equal(got, []string{"macro_f1"}) {
		t.Errorf("main metrics %v", got)
	}
	if got := new(Stage).MainMetrics(); !slices.Equal(got, []string{"accuracy", "rmse", "r2", "macro_f1"}) {
		t.Errorf("main metrics %v", got)
	}
}

// Every metric but one has a goal, by each name that it is recorded by.
func TestMetricGoals(t *testing.T) {
	s := &Stage{known: metric.All()}
	for _, def := range s.known {
		for _, recorded := range []string{def.Name, "train." + def.Name} {
			if got, err := s.MetricGoal(recorded); got != def.Goal || got == metric.None && def.Name != "selection_rate" || err != nil {
				t.Errorf("%s: goal %q, defined as %q (%v)", recorded, got, def.Goal, err)
			}
		}
	}
	for recorded, class := range map[string]string{"recall[a.b]": "a.b", "train.f1[rmse]": "rmse", "train.f1": "yes", "train.macro_f1": ""} {
		of, err := parseTarget(s.known, recorded)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := of.metric.Meaning([]string{"no", "yes"}), (metric.Meaning{Goal: metric.Up, Class: class}); got != want {
			t.Errorf("%s: %+v", recorded, got)
		}
	}
}
