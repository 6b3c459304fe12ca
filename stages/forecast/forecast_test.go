package forecast

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/timeline"
	"pipe/forecaster"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// hours makes series of hours with a daily season of 8 steps, a column that says what comes, and gaps.
func hours(t testing.TB, series, n int, change func(station, i int, v float64) any) []byte {
	t.Helper()
	noise := random.New(7, "hours", 0)
	var times []arrow.Timestamp
	var stations, regions []string
	var values, wind []any
	var holiday []bool
	for s := range series {
		for i := range n {
			at := uint64(s*n + i)
			free := i%40 < 8
			v := 20 + 5*float64(s) + float64(i)/50 + 4*math.Sin(2*math.Pi*float64(i)/8) + noise.Float64(at)
			if free {
				v -= 6
			}
			times = append(times, arrow.Timestamp(int64(i)*3600_000_000))
			stations, regions = append(stations, fmt.Sprint("s", s)), append(regions, []string{"north", "south"}[s%2])
			holiday, wind = append(holiday, free), append(wind, noise.Float64(at+1_000_000))
			if change != nil {
				values = append(values, change(s, i, v))
			} else {
				values = append(values, v)
			}
		}
	}
	return tabletest.Table(t, "time", times, "station", stations, "region", regions, "y", values, "wind", wind, "holiday", holiday)
}

const common = `
time: time
step: 1h
target: y
by: [station]
season: 8
horizon: 4
past: [wind]
known: [holiday]
static: [region]
test: {steps: 40, every: 2}
`

const small = "model: {network: {layers: {mlp: [8]}, lookback: 10, epochs: 3, quantiles: [0.05, 0.5, 0.95]}}\n"

func made(t testing.TB, with string, data []byte) pipelinetest.Result {
	t.Helper()
	return pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: with, Seed: 3, Inputs: map[string][]byte{"table": data}})
}

func TestConform(t *testing.T) {
	data := hours(t, 2, 160, func(_, i int, v float64) any {
		if i%13 == 5 {
			return nil
		}
		return v
	})
	for _, model := range []string{"model: ridge\nrequire: {mase: '< 0'}\n", small} {
		pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(), With: common + model + "baselines: [naive, seasonal_naive]\n", Seed: 3, Inputs: map[string][]byte{"table": data}})
	}
}

// The same bits come out on any number of threads, with every preset.
func TestThreads(t *testing.T) {
	data := hours(t, 3, 120, nil)
	for _, layers := range []string{"{gru: 6}", "{lstm: 5}", "{tcn: {filters: 4, blocks: 2}}", "{transformer: {steps: 12, units: 8, heads: 2}}", "[{dense: 4}, flatten]"} {
		with := common + "baselines: [theta, ets]\nmodel: {network: {layers: " + layers + ", head: [{dense: 8}], lookback: 12, epochs: 2, base: seasonal_naive, scale: window, center: mean}}\n"
		var before pipelinetest.Result
		for _, threads := range []int{1, 3} {
			r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(), With: with, Seed: 3, Threads: threads, Inputs: map[string][]byte{"table": data}})
			for name, b := range before.Outputs {
				if !bytes.Equal(b, r.Outputs[name]) {
					t.Errorf("%s: %s differs on %d threads", layers, name, threads)
				}
			}
			before = r
		}
	}
}

// values are a column of the forecasts of a method.
func values(t testing.TB, forecasts []byte, method, column string) []string {
	t.Helper()
	rec := tabletest.Rows(t, forecasts)
	at, err := table.Column(rec.Schema(), column)
	if err != nil {
		t.Fatal(err)
	}
	methods, _, _ := table.Texts(rec.Column(0))
	all, _, _ := table.Texts(rec.Column(at))
	var list []string
	for i, m := range methods {
		if m == method {
			list = append(list, all[i])
		}
	}
	return list
}

// Without a season the value of the last period is the last value.
func TestNaiveIsSeasonalNaiveOfOne(t *testing.T) {
	data := hours(t, 2, 120, nil)
	with := strings.Replace(common, "season: 8", "season: 1", 1) + "baselines: [naive]\nmodel: seasonal_naive\n"
	r := made(t, with, data)
	for _, column := range []string{"predicted", "lower_90", "upper_80"} {
		a, b := values(t, r.Outputs["forecasts"], "naive", column), values(t, r.Outputs["forecasts"], "seasonal_naive", column)
		if len(a) == 0 || strings.Join(a, " ") != strings.Join(b, " ") {
			t.Errorf("%s: %v and %v", column, a, b)
		}
	}
}

// What comes behind an origin changes no forecast from it, and no interval: the values from the middle of the test on
// are others, and forecasts from before stay.
func TestOriginsSeeNothingLater(t *testing.T) {
	const n, changed = 160, 140
	first := hours(t, 2, n, nil)
	second := hours(t, 2, n, func(_, i int, v float64) any {
		if i >= changed {
			return 1000 - 3*v
		}
		return v
	})
	for _, model := range []string{"model: ridge\n", strings.Replace(small, "network: {", "network: {base: ridge, ", 1)} {
		a, b := made(t, common+model, first).Outputs["forecasts"], made(t, common+model, second).Outputs["forecasts"]
		methods := []string{"naive", "seasonal_naive", "drift", "ets", "theta", "ridge"}
		if strings.Contains(model, "network") {
			methods = append(methods, "network")
		}
		for _, m := range methods {
			origins := values(t, a, m, "origin")
			same, other := 0, 0
			for _, column := range []string{"predicted", "lower_80", "upper_90"} {
				x, y := values(t, a, m, column), values(t, b, m, column)
				for i, o := range origins {
					late := o >= "1970-01-06T20:00" // the step before the first that changed, and later
					switch {
					case !late && x[i] != y[i]:
						t.Fatalf("%s: %s of the origin %s is %s, and was %s before values behind it changed", m, column, o, y[i], x[i])
					case !late:
						same++
					case x[i] != y[i]:
						other++
					}
				}
			}
			if same == 0 || other == 0 {
				t.Errorf("%s: %d forecasts before the change, and %d that changed", m, same, other)
			}
		}
	}
}

func metricsOf(t testing.TB, r pipelinetest.Result) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(r.Outputs["metrics"], &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// A network learns what holidays do, which seasonal naive cannot know.
func TestNetworkLearns(t *testing.T) {
	data := hours(t, 3, 400, nil)
	with := common + "baselines: [seasonal_naive]\nmodel: {network: {layers: {mlp: [32]}, lookback: 16, epochs: 40, optimizer: {adam: {learning_rate: 0.003}}}}\n"
	r := made(t, with, data)
	if m, s := r.Metrics["mase"], r.Metrics["seasonal_naive.mase"]; !(m < 0.5*s) {
		t.Errorf("mase of the network is %v, that of seasonal naive %v", m, s)
	}
	if c := r.Metrics["coverage_90"]; c < 0.8 || c > 0.99 {
		t.Errorf("intervals of 0.9 cover %v", c)
	}
	if d := metricsOf(t, r); len(d.Methods) != 2 || d.Methods[1].Behind == nil || !(d.Methods[1].Behind.Low > 0) || d.Series != 3 {
		t.Errorf("document %+v", d)
	}
	for _, text := range []string{"trained without the validation part", "trained on all before the test"} {
		if !strings.Contains(r.Log, text) {
			t.Errorf("the log does not say %q: %s", text, r.Log)
		}
	}
	if page := string(r.Outputs["report"]); !strings.Contains(page, "The model is better than Seasonal naive") {
		t.Error("the report does not say that the model is better")
	}
}

// Series that are constant, short, or begin late are told, and the others forecast.
func TestOddSeries(t *testing.T) {
	const n = 160
	data := hours(t, 5, n, func(s, i int, v float64) any {
		switch {
		case s == 1:
			return 3.0
		case s == 2 && i < n-20, s == 3 && i < n-50, s == 4 && i > n-42:
			return nil
		}
		return v
	})
	r := made(t, common+"model: ridge\n", data)
	d := metricsOf(t, r)
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{
		"station=s1", "no mase", "1 of 5 series begin in the test", "station=s2", "are forecast by no ridge", "station=s3", "station=s4",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("nothing says %q: %s", want, notes)
		}
	}
	if d.Series != 2 {
		t.Errorf("%d series are forecast", d.Series)
	}
}

func TestMistakes(t *testing.T) {
	for with, want := range map[string]string{
		"model: ridge\ntest: 3\n":                                                         "no origin with 4 steps",
		"model: ridge\nrequire: {mas: '< 1'}\n":                                           `no metric "mas"`,
		"model: ridge\nrequire: {drif.mase: '< 1'}\n":                                     `"drif" is none of the baselines`,
		"model: ridge\nrequire: {coverage_95: '< 1'}\n":                                   "coverage_95",
		"model: ridge\nbaselines: [naive, naive]\n":                                       "there twice",
		"model: ridge\nintervals: [0.8, 1]\n":                                             "1 is there twice, or not between",
		"model: ridge\nintervals: [0.8, 0.80000000001]\n":                                 "0.80000000001 is there twice",
		"model: ridge\nby: [origin]\n":                                                    `"origin" is the name of a column of the forecasts`,
		"model: ridge\nby: [station, upper_90]\n":                                         `"upper_90" is the name of a column of the forecasts`,
		"model: ridge\nknown: [y]\n":                                                      `"y" is in target already`,
		"model: {network: {layers: {mlp: [8]}, quantiles: [0.9, 0.1]}}\n":                 "not in order",
		"model: {network: {layers: {mlp: [8]}, loss: poisson}}\n":                         "poisson",
		"model: {network: {layers: [{conv2d: {filters: 3, kernel: 3}}]}}\n":               "conv2d",
		"model: {network: {layers: {mlp: [8]}, head: [{lstm: 3}]}}\n":                     "lstm",
		"model: {network: {layers: {transformer: {steps: 9, units: 8}}, lookback: 12}}\n": "of 9 steps, and the window has 12",
	} {
		text := common
		for _, line := range strings.Split(strings.TrimSpace(with), "\n") { // a key stands in place of the common one
			key, _, _ := strings.Cut(line, ":")
			for _, old := range strings.Split(common, "\n") {
				if strings.HasPrefix(old, key+":") {
					text = strings.Replace(text, old+"\n", "", 1)
				}
			}
		}
		if _, err := pipeline.DecodeStage(Kind(), text+with); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", with, err, want)
		}
	}
	data := hours(t, 2, 100, nil)
	for with, want := range map[string]string{
		strings.Replace(common, "by: [station]\n", "", 1):                                                      "at this step, too",
		strings.Replace(strings.Replace(common, "static: [region]\n", "", 1), "time: time", "time: region", 1): "no order in time",
		strings.Replace(common, "target: y", "target: region", 1):                                              `"region" is in target`,
		strings.Replace(common, "past: [wind]", "past: [winds]", 1):                                            "winds",
		strings.Replace(common, "step: 1h", "step: 2h", 1):                                                     "at no step",
		strings.Replace(common, "step: 1h", "step: 1", 1):                                                      "no length of time",
		strings.Replace(common, "test: {steps: 40", "test: {steps: 99", 1):                                     "for training",
		strings.Replace(common, "static: [region]", "static: [holiday]\nknown: []", 1):                         "static",
	} {
		if strings.Contains(with, "static: [holiday]") {
			with = strings.Replace(with, "known: [holiday]\n", "", 1)
		}
		_, err := pipeline.DecodeStage(Kind(), with+"model: ridge\n")
		if err == nil {
			_, err = pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: with + "model: ridge\n", Inputs: map[string][]byte{"table": data}})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", with, err, want)
		}
	}
}

// A model that was written is read again, and damage is an error.
func TestModelIsReadAgain(t *testing.T) {
	data := hours(t, 2, 120, nil)
	for _, model := range []string{"model: ets\n", small} {
		text := made(t, common+model, data).Outputs["model"]
		m, err := forecaster.Read(bytes.NewReader(text), int64(len(text)))
		if err != nil || !forecaster.Is(text[:forecaster.HeadSize]) {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if _, err := m.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
			t.Errorf("it is written otherwise: %v", err)
		}
		for _, change := range [][2]string{{`"horizon":4`, `"horizon":5`}, {`"version":1`, `"version":2`}, {`"step":"1h"`, `"step":"1x"`}, {`"season":8`, `"season":0`}, {`"level":0.9`, `"level":0.7`}} {
			bad := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(bad, text) {
				t.Errorf("no %s in the model", change[0])
			}
			if _, err := forecaster.Read(bytes.NewReader(bad), int64(len(bad))); err == nil {
				t.Errorf("%s was read", change[1])
			}
		}
	}
}

// Whatever stands in a document, reading it is an error or gives a model that forecasts or says why it does not.
func FuzzRead(f *testing.F) {
	data := hours(f, 2, 80, nil)
	for _, model := range []string{"model: ridge\n", small} {
		with := strings.Replace(common, "steps: 40", "steps: 20", 1) + model + "baselines: []\nintervals: [0.9]\n"
		f.Add(made(f, with, data).Outputs["model"], uint32(0), "1")
	}
	f.Fuzz(func(t *testing.T, text []byte, at uint32, piece string) {
		if len(text) > 0 {
			from := int(at) % len(text)
			text = append(append(append([]byte{}, text[:from]...), piece...), text[min(len(text), from+len(piece)):]...)
		}
		m, err := forecaster.Read(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		rows, err := table.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		series, err := timeline.Read(t.Context(), rows, m.Plan.Spec(), &m.Clock)
		if err != nil {
			return
		}
		subjects, _, err := m.Plan.Subjects(series)
		if err != nil {
			return
		}
		for i := range subjects {
			_, _, _ = m.Next(t.Context(), &subjects[i], min(3, m.Plan.Horizon))
		}
	})
}

// Where origins are far apart, those before the test are closer, so that there are intervals from the first one on.
func TestIntervalsOfFewOrigins(t *testing.T) {
	data := hours(t, 2, 200, nil)
	with := strings.Replace(common, "{steps: 40, every: 2}", "{steps: 40, every: 8}", 1) + "model: seasonal_naive\nbaselines: []\n"
	r := made(t, with, data)
	for i, v := range values(t, r.Outputs["forecasts"], "seasonal_naive", "lower_90") {
		if v == "" {
			t.Fatalf("forecast %d has no interval", i+1)
		}
	}
}
