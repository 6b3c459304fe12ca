package runner

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/data/metric"
	"pipe/lineage/registry"
	"pipe/pipeline"
)

func TestJudge(t *testing.T) {
	when := func(list ...string) (p pipeline.Gate) {
		p.To = "production"
		for i := 0; i < len(list); i += 2 {
			c := pipeline.MetricCondition{Metric: list[i]}
			if err := c.Comparison.UnmarshalText([]byte(list[i+1])); err != nil {
				t.Fatal(err)
			}
			p.When, p.By = append(p.When, c), append(p.By, c.Metric)
		}
		return p
	}
	better := func(p pipeline.Gate, by ...string) pipeline.Gate {
		p.BetterThan, p.By = "production", append(p.By, by...)
		p.Goals = map[string]metric.Goal{"accuracy": metric.Up, "f1": metric.Up, "mcc": metric.Up, "rmse": metric.Down}
		return p
	}
	allowed := func(p pipeline.Gate) pipeline.Gate {
		p.OnOtherData = pipeline.AllowOtherData
		return p
	}
	type metrics = map[string]float64
	known := func(data string, m metrics) registry.Measured {
		return registry.Measured{Metrics: m, On: map[string]string{"data": data}}
	}
	id := artifacts.Sum([]byte("rival"))
	rival := func(list ...registry.Measured) *registry.Rival { return &registry.Rival{Model: id, Measured: list} }
	against := "against production (" + id.Short() + "): "
	for _, c := range []struct {
		name  string
		gate  pipeline.Gate
		model metrics
		rival *registry.Rival
		met   string // of each check: y or n
		why   string
	}{
		{"no conditions", when(), metrics{}, nil, "", "the run succeeded, and the gate asks for nothing else"},
		{"met", when("f1", ">= 0.5", "rmse", "< 2"), metrics{"f1": 0.5, "rmse": 1}, nil, "yy", "f1 0.5 >= 0.5; rmse 1 < 2"},
		{"not met", when("f1", ">= 0.5", "rmse", "< 2"), metrics{"f1": 0.499999, "rmse": 1}, nil, "ny", "f1 is 0.499999, wanted >= 0.5"},
		{"not measured", when("f1", ">= 0.5"), metrics{}, nil, "n", "f1 was not measured, wanted >= 0.5"},
		{"the first", better(when("f1", ">= 0.5")), metrics{"f1": 0.6}, nil, "y", "f1 0.6 >= 0.5; nothing had the label production"},
		{"better", better(when("f1", ">= 0.5")), metrics{"f1": 0.6}, rival(known("D", metrics{"f1": 0.55})), "yy",
			"f1 0.6 >= 0.5; " + against + "f1 0.6, better than 0.55"},
		{"lower is better", better(when(), "rmse"), metrics{"rmse": 1}, rival(known("D", metrics{"rmse": 2})), "y", against + "rmse 1, better than 2"},
		{"worse", better(when(), "rmse"), metrics{"rmse": 3}, rival(known("D", metrics{"rmse": 2})), "n", against + "rmse 3, worse than 2"},
		{"the same", better(when(), "f1"), metrics{"f1": 0.6}, rival(known("D", metrics{"f1": 0.6})), "n", against + "f1 0.6, the same"},
		{"the same in one", better(when(), "f1", "mcc"), metrics{"f1": 0.6, "mcc": 1}, rival(known("D", metrics{"f1": 0.6, "mcc": 2})), "n", against + "f1 0.6, the same"},
		{"none worse", better(when("f1", "> 0", "mcc", "> 0")), metrics{"f1": 0.6, "mcc": 2}, rival(known("D", metrics{"f1": 0.6, "mcc": 1})), "yyyy",
			"f1 0.6 > 0; mcc 2 > 0; " + against + "f1 0.6, the same, mcc 2, better than 1"},
		{"one worse", better(when("f1", "> 0", "mcc", "> 0")), metrics{"f1": 0.5, "mcc": 2}, rival(known("D", metrics{"f1": 0.6, "mcc": 1})), "yyny",
			against + "f1 0.5, worse than 0.6, mcc 2, better than 1"},
		{"by the first that there is", better(when(), "accuracy", "rmse"), metrics{"rmse": 1}, rival(known("D", metrics{"rmse": 2})), "y", against + "rmse 1, better than 2"},
		{"other data", better(when(), "f1"), metrics{"f1": 0.6}, rival(known("E", metrics{"f1": 0.5})), "n",
			against + "f1 0.6, the other had 0.5 (measured on other data); it was not measured on the same data: no way; `on_other_data: allow`, written in `promote` beside `when`, compares all the same"},
		{"other data, allowed", allowed(better(when(), "f1")), metrics{"f1": 0.6}, rival(known("E", metrics{"f1": 0.5})), "y",
			against + "f1 0.6, better than 0.5 (measured on other data); it was not measured on the same data: no way"},
		{"nothing on record", better(when(), "f1"), metrics{"f1": 0.6}, rival(known("D", metrics{"mcc": 1})), "n", against + "f1 0.6, not known of the other"},
		{"nothing to compare", better(when(), "f1"), metrics{}, rival(known("D", metrics{"f1": 1})), "n", against + "f1 was not measured"},
	} {
		// What is on data D was measured for the comparison, if it could be.
		fresh := &contest{}
		if c.rival != nil {
			fresh.rival, fresh.err = c.rival.Model, errors.New("no way")
			if list := c.rival.Measured; list[0].On["data"] == "D" {
				fresh.measured, fresh.err = list[0], nil
			}
		}
		checks, why := judge(&c.gate, known("D", c.model), c.rival, fresh)
		var met strings.Builder
		for _, check := range checks {
			met.WriteString(map[bool]string{true: "y", false: "n"}[check.Met])
		}
		if why != c.why || met.String() != c.met {
			t.Errorf("%s: %s, %q\nwant %s, %q", c.name, met.String(), why, c.met, c.why)
		}
	}
}

// A gate on pairs of rows wants a gain that is certain, and compares nothing that is of
// different things.
func TestJudgePairs(t *testing.T) {
	gate := &pipeline.Gate{To: "production", BetterThan: "production", By: []string{"rmse"}, Goals: map[string]metric.Goal{"rmse": metric.Down}, Paired: true,
		OnOtherData: pipeline.AllowOtherData}
	measured := func(v float64) registry.Measured {
		return registry.Measured{Metrics: map[string]float64{"rmse": v}, On: map[string]string{"data": "D"}}
	}
	id := artifacts.Sum([]byte("rival"))
	rival := &registry.Rival{Model: id, Measured: []registry.Measured{measured(2)}}
	for _, c := range []struct {
		contest contest
		met     bool
		why     string
	}{
		{contest{contrasts: map[string]pipeline.Contrast{"rmse": {Low: .5, High: 1.5}}}, true, "rmse 1, better than 2 (better by 0.5 to 1.5, with 95% confidence)"},
		{contest{contrasts: map[string]pipeline.Contrast{"rmse": {Low: -.5, High: 2.5}}}, false, "rmse 1, not certainly better or worse than 2 (better by -0.5 to 2.5, with 95% confidence)"},
		{contest{contrasts: map[string]pipeline.Contrast{"rmse": {Low: -3, High: -1}}}, false, "rmse 1, worse than 2 (worse by 1 to 3, with 95% confidence)"},
		{contest{}, false, "rmse 1, the other had 2, and nobody knows how certain the difference is"},
		{contest{different: errors.New("it predicts weight")}, false, "metrics of the two are not comparable: it predicts weight"},
	} {
		c.contest.rival, c.contest.measured = id, measured(2)
		checks, why := judge(gate, measured(1), rival, &c.contest)
		if want := "against production (" + id.Short() + "): " + c.why; why != want || checks[0].Met != c.met {
			t.Errorf("%v, %q, want %q", checks[0].Met, why, want)
		}
	}
}

// The f1 of one class says nothing about that of another.
func TestJudgeComparesOneClass(t *testing.T) {
	gate := &pipeline.Gate{To: "production", BetterThan: "production", By: []string{"f1"}, Goals: map[string]metric.Goal{"f1": metric.Up},
		OnOtherData: pipeline.AllowOtherData}
	measured := func(f1 float64, class string) registry.Measured {
		m := registry.Measured{Metrics: map[string]float64{"f1": f1}, On: map[string]string{"data": "D"}}
		if class != "" {
			m.Classes = map[string]string{"f1": class}
		}
		return m
	}
	for _, c := range []struct {
		class, other string
		met          bool
		why          string
	}{
		{"failed", "failed", true, "f1 0.9, better than 0.1"},
		{"failed", "ok", false, `f1 0.9, which is about the class "failed"; that of the other is about "ok"`},
		{"failed", "", true, "f1 0.9, better than 0.1"}, // recorded before classes were
	} {
		id := artifacts.Sum([]byte("rival"))
		rival := &registry.Rival{Model: id, Measured: []registry.Measured{measured(0.1, c.other)}}
		for name, contest := range map[string]*contest{
			"measured anew": {rival: id, measured: rival.Measured[0]},
			"on record":     {rival: id, err: errors.New("no way")},
		} {
			checks, why := judge(gate, measured(0.9, c.class), rival, contest)
			if len(checks) != 1 || checks[0].Met != c.met || !strings.Contains(why, c.why) {
				t.Errorf("%s, %q against %q: %+v, %s", name, c.class, c.other, checks, why)
			}
		}
	}
}

// trained is a pipeline with a gate. The model is its seed, and its accuracy
// is written there.
func trained(accuracy float64, further string) string {
	text := strconv.FormatFloat(accuracy, 'g', -1, 64)
	return `  fit: {uses: fit, with: {text: "` + text + `"}}
  score:
    uses: measure
    inputs: {model: fit}
    with: {text: "` + text + `"}
    promote: {to: production, when: {accuracy: ">= 0.5", better_than: production}}
` + further
}

func gateWorld(t *testing.T) *world {
	w := newWorld(t)
	kind := func(name string, out pipeline.PortType, run func(context.Context, *config, pipeline.Env) error) pipeline.Kind {
		return pipeline.Kind{Name: name, Version: 1,
			Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Optional: true}},
			Outputs: []pipeline.Port{{Name: "out", Type: out}},
			New:     func() pipeline.Stage { return &config{run: run} }}
	}
	w.reg = pipeline.NewRegistry(
		kind("fit", pipeline.Model, func(_ context.Context, c *config, env pipeline.Env) error { return copyInputs(env, c.Text) }),
		kind("measure", pipeline.Metrics, func(_ context.Context, c *config, env pipeline.Env) error {
			in, err := env.Open("model")
			if err != nil {
				return err
			}
			defer in.Close()
			text, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			v, err := strconv.ParseFloat(string(text), 64)
			if err != nil {
				return err
			}
			env.Metric("accuracy", v, metric.Meaning{Goal: metric.Up})
			return copyInputs(env, c.Text)
		}),
		kind("gate", pipeline.File, func(_ context.Context, c *config, env pipeline.Env) error {
			if err := copyInputs(env, c.Text); err != nil {
				return err
			}
			return &pipeline.RequirementError{Failed: []string{"no"}}
		}),
	)
	return w
}

func TestRunsPromote(t *testing.T) {
	w := gateWorld(t)
	for _, c := range []struct {
		why      string
		accuracy float64
		further  string
		opt      Options
		fails    bool
		want     []registry.Outcome
		decided  string // events on record
	}{
		{"nobody asks for gates", 0.6, "", Options{}, false, nil, ""},
		{"the first, from the cache", 0.6, "", Options{Gates: true}, false, []registry.Outcome{registry.Promoted}, "promoted"},
		{"nothing new", 0.6, "", Options{Gates: true}, false, []registry.Outcome{registry.Holds}, "promoted"},
		{"the run fails", 0.9, "  last: {uses: gate, inputs: {a: fit}}\n", Options{Gates: true, KeepGoing: true}, true, nil, "promoted"},
		{"below a bound", 0.4, "", Options{Gates: true}, false, []registry.Outcome{registry.Refused}, "promoted refused"},
		{"which stands", 0.4, "", Options{Gates: true}, false, []registry.Outcome{registry.Stands}, "promoted refused"},
		{"better", 0.9, "", Options{Gates: true}, false, []registry.Outcome{registry.Promoted}, "promoted refused promoted"},
		{"only what is before the gate", 0.95, "", Options{Gates: true, Only: "fit"}, false, nil, "promoted refused promoted"},
	} {
		w.events = nil
		plan := w.plan(trained(c.accuracy, c.further))
		if c.opt.Only != "" {
			plan = plan.Upto(c.opt.Only)
		}
		res, err := w.runner.Run(t.Context(), plan, c.opt)
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", c.why, err)
		}
		var got []registry.Outcome
		for _, ev := range w.events {
			if g, ok := ev.(GateJudged); ok {
				got = append(got, g.Decision.Outcome)
				if g.Stage != "score" || g.Label != "production" || g.Decision.Outcome == registry.Promoted && g.Decision.Event.RunID != res.RunID {
					t.Errorf("%s: %+v", c.why, g)
				}
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.why, diff)
		}
		if _, last := w.events[len(w.events)-1].(RunFinished); !last {
			t.Errorf("%s: the last event is %T", c.why, w.events[len(w.events)-1])
		}
		events, err := registry.Events(t.Context(), w.runner.DB, registry.EventFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var decided []string
		for _, ev := range events {
			decided = append(decided, ev.Event)
		}
		if got := strings.Join(decided, " "); got != c.decided {
			t.Errorf("%s: on record is %q, want %q", c.why, got, c.decided)
		}
	}
	held, err := registry.Labels(t.Context(), w.runner.DB, time.Time{})
	if err != nil || len(held) != 1 || held[0].Model != artifacts.Sum([]byte("0.9")) {
		t.Errorf("labels %+v, %v", held, err)
	}
}
