package forecast

import (
	"errors"
	"fmt"
	"slices"

	"pipe/data/relation"
	"pipe/data/timeline"
	"pipe/forecast"
	"pipe/forecaster"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Stage is the configuration of the stage, and the stage.
type Stage struct {
	Time       string                            `yaml:"time" required:"true" doc:"The column that says which row is before which: a timestamp, a date, or a whole number."`
	Step       settings.Scalar                   `yaml:"step" required:"true" doc:"How long a step is: 15m, 1h, 1d, 1w, 1mo, or a whole number if time holds such."`
	Gaps       string                            `yaml:"gaps" default:"error" enum:"error,missing,fill" doc:"What a step without a row is: an error; a step whose values are missing; or, with fill, one with the last values before it. With fill, values that are missing before the last one are filled so, too, and count as measured."`
	Target     string                            `yaml:"target" required:"true" doc:"The column of numbers that is forecast. Steps behind its last value are those ahead."`
	By         []string                          `yaml:"by" single:"true" doc:"Columns: rows with equal values are a series of their own."`
	Season     int                               `yaml:"season" default:"1" min:"1" max:"100000" doc:"Steps of a period: 12 for months, 24 or 168 for hours. 1 is none. The scale of MASE, seasonal_naive, ets, theta and ridge go by it."`
	Horizon    int                               `yaml:"horizon" required:"true" min:"1" max:"10000" doc:"How many steps ahead are forecast from each origin, all of them."`
	Past       []string                          `yaml:"past" single:"true" doc:"Columns of numbers that are known up to the origin: ridge and networks see their last values."`
	Known      []string                          `yaml:"known" single:"true" doc:"Columns of numbers, or of true and false, that are known for the steps ahead, too, such as holidays: ridge and networks see them."`
	Static     []string                          `yaml:"static" single:"true" doc:"Columns with one value in each series, numbers or labels: networks see them."`
	Calendar   []timeline.Period                 `yaml:"calendar" single:"true" doc:"Two waves, each a sine and a cosine, of where in a year, quarter, month, week, day or hour a step is, known ahead: ridge and networks see them."`
	Test       Test                              `yaml:"test" required:"true" doc:"The last steps, from whose origins forecasts are made and judged. Training is all before."`
	Validation int                               `yaml:"validation" default:"0" min:"0" max:"100000000" doc:"Steps before the test by which a network chooses its best epoch, and from whose forecasts the first intervals come: what made these has seen no step of them. 0 is as many as the test has, and as intervals need, at most a fifth of those before it."`
	Model      Model                             `yaml:"model" required:"true" doc:"What is fitted, judged and kept."`
	Baselines  []Baseline                        `yaml:"baselines" default:"[naive, seasonal_naive, drift, ets, theta, ridge]" doc:"Methods that are shown beside. [] is none."`
	Intervals  []float64                         `yaml:"intervals" default:"[0.8, 0.9]" doc:"Shares of the actual values that intervals around the forecasts are to cover."`
	Require    settings.Map[pipeline.Comparison] `yaml:"require" doc:"Conditions on metrics of the model, such as mase: \"<= 0.4\" or coverage_90: \">= 0.85\". A name may begin with a baseline: ridge.mase."`
	Title      string                            `yaml:"title" max:"200" doc:"Heading of the report. If absent, the target."`
}

// Test is which origins forecasts are judged from.
type Test struct {
	Steps int `yaml:"steps" short:"true" required:"true" min:"1" max:"100000000" doc:"How many steps at the end of the longest series are the test."`
	Every int `yaml:"every" default:"1" min:"1" max:"1000000" doc:"Steps from one origin to the next: 24 of hourly steps is one each day."`
}

// A Baseline is a method that is shown beside the model.
type Baseline string

// Enum implements settings.Enum.
func (Baseline) Enum() []string { return forecast.Methods() }

// Model is a choice of what forecasts.
type Model struct {
	settings.OneOf
	Naive         *struct{} `yaml:"naive" doc:"The last value."`
	SeasonalNaive *struct{} `yaml:"seasonal_naive" doc:"The value of the same step of the last period."`
	Drift         *struct{} `yaml:"drift" doc:"The line from the first value of the series to the last goes on."`
	ETS           *ETS      `yaml:"ets" doc:"Exponential smoothing with additive errors."`
	Theta         *struct{} `yaml:"theta" doc:"The theta method."`
	Ridge         *Ridge    `yaml:"ridge" doc:"Linear regression on the last values less their mean, one for each step ahead, with past and known columns and the calendar."`
	Network       *Network  `yaml:"network" doc:"A network for all series together."`
}

// ETS is the form of exponential smoothing.
type ETS struct {
	Trend    string `yaml:"trend" default:"auto" enum:"auto,none,additive,damped" doc:"The trend; auto takes the one of the lowest AICc."`
	Seasonal string `yaml:"seasonal" default:"auto" enum:"auto,none,additive" doc:"The season; likewise."`
}

// Ridge is what the regression sees.
type Ridge struct {
	Lags     int     `yaml:"lags" short:"true" default:"0" min:"0" max:"10000" doc:"Last values of the target. 0 is three periods of a season of up to 52 steps, else two, and at least 24."`
	PastLags int     `yaml:"past_lags" default:"0" min:"0" max:"10000" doc:"Last values of each past column. 0 is a period, at most 24."`
	Penalty  float64 `yaml:"penalty" default:"1" min:"1e-9" max:"1e18" doc:"Of the squares of the coefficients."`
}

// Network is a network with its training.
type Network struct {
	Layers    []nn.Layer        `yaml:"layers" single:"true" required:"true" max:"1000" doc:"What the window of the last steps passes through, a sequence (steps, values): the target, past, known and calendar. A preset does by itself: mlp, lstm, gru, tcn, transformer. Before mlp the window is flattened, before transformer (steps: 48, units: 32, of as many steps as the window) they get the size of its units and where they are, and what is a sequence at the end gives its last step."`
	Head      []nn.Layer        `yaml:"head" single:"true" max:"1000" doc:"Layers behind those, once what is known of the steps ahead, and static columns, are beside what came out."`
	Lookback  int               `yaml:"lookback" default:"0" min:"0" max:"100000" doc:"Steps of the window. 0 is two periods, and at least 24."`
	Base      string            `yaml:"base" default:"none" enum:"none,naive,seasonal_naive,drift,ets,theta,ridge" doc:"Learn what a method leaves: the network is added to its forecast, which it sees, too."`
	Center    string            `yaml:"center" default:"last" enum:"last,mean,none" doc:"What is taken from the target in each window, so that a trend is no matter: its last value, or its mean."`
	Scale     string            `yaml:"scale" default:"series" enum:"series,window" doc:"What it is divided by: the scale of MASE of its series in training, or the standard deviation of the window."`
	Quantiles []float64         `yaml:"quantiles" max:"99" doc:"Learn these quantiles of each step, too, by the pinball loss: intervals are then made of them. [0.05, 0.1, 0.9, 0.95] is for intervals of 0.8 and 0.9."`
	Loss      nn.Loss           `yaml:"loss" default:"mae" doc:"What is minimised of the forecast itself, in the scale: mse, mae, huber or pinball."`
	Optimizer nn.Optimizer      `yaml:"optimizer" default:"adam" doc:"How weights follow from gradients."`
	Schedule  nn.Schedule       `yaml:"learning_rate_schedule" default:"constant" doc:"How the learning rate changes in the course of training."`
	Epochs    int               `yaml:"epochs" default:"50" min:"1" max:"1000000" doc:"Passes over the windows, at most."`
	BatchSize int               `yaml:"batch_size" default:"64" min:"1" max:"1048576" doc:"Windows for each step of the optimizer."`
	Stride    int               `yaml:"stride" default:"1" min:"1" max:"1000000" doc:"Steps from one window of training to the next."`
	ClipNorm  float64           `yaml:"clip_norm" default:"0" min:"0" doc:"Scale gradients down to this norm. 0 is no limit."`
	EMA       float64           `yaml:"ema" default:"0" min:"0" below:"1" doc:"Decay of an exponential moving average of the weights, which the model has. 0 is none."`
	Stopping  *nn.EarlyStopping `yaml:"early_stopping" doc:"When to end before all epochs are run."`
}

// Validate finds layers that do not fit, and losses of classes.
func (n *Network) Validate() error {
	var errs []error
	if !slices.IsSortedFunc(n.Quantiles, func(a, b float64) int {
		if a < b {
			return -1
		}
		return 1
	}) {
		errs = append(errs, &settings.FieldError{Field: "quantiles", Err: errors.New("they are not in order"), Todo: "write them from the lowest on, each once"})
	}
	for _, q := range n.Quantiles {
		if !(q > 0 && q < 1) {
			errs = append(errs, settings.FieldErrorf("quantiles", "%v is no quantile: those are between 0 and 1", q))
		}
	}
	switch n.Loss.Name() {
	case "auto", "mse", "mae", "huber", "pinball":
	default:
		errs = append(errs, &settings.FieldError{Field: "loss", Err: fmt.Errorf("%s is not of numbers of any size", n.Loss.Name()), Todo: "use mae, mse, huber or pinball"})
	}
	return errors.Join(errs...)
}

// Validate finds what is wrong whatever the table is.
func (s *Stage) Validate() error {
	var errs []error
	seen := map[string]string{s.Time: "time"}
	for _, l := range []struct {
		field string
		names []string
	}{{"target", []string{s.Target}}, {"by", s.By}, {"past", s.Past}, {"known", s.Known}, {"static", s.Static}} {
		for _, name := range l.names {
			if before, ok := seen[name]; ok && !(l.field == "static" && before == "by") {
				errs = append(errs, settings.FieldErrorf(l.field, "%q is in %s already", name, before))
			}
			seen[name] = l.field
		}
	}
	for _, f := range outputFields(nil, nil, s.Intervals) {
		if slices.Contains(s.By, f.Name) {
			errs = append(errs, &settings.FieldError{Field: "by", Err: fmt.Errorf("%q is the name of a column of the forecasts", f.Name), Todo: fmt.Sprintf("give it another one with a derive stage: `columns: {series: %s}`", f.Name)})
		}
	}
	for i, p := range s.Calendar {
		if slices.Contains(s.Calendar[:i], p) {
			errs = append(errs, settings.FieldErrorf("calendar", "%q is there twice", p))
		}
	}
	for i, b := range s.Baselines {
		if slices.Contains(s.Baselines[:i], b) {
			errs = append(errs, settings.FieldErrorf("baselines", "%q is there twice", b))
		}
	}
	for i, v := range s.Intervals {
		same := func(other float64) bool { return suffix(other) == suffix(v) }
		if !(v > 0 && v < 1) || slices.ContainsFunc(s.Intervals[:i], same) {
			errs = append(errs, settings.FieldErrorf("intervals", "%v is there twice, or not between 0 and 1", v))
		}
	}
	if s.Test.Steps < s.Horizon {
		errs = append(errs, &settings.FieldError{Field: "test", Err: fmt.Errorf("%d steps have no origin with %d steps behind it", s.Test.Steps, s.Horizon), Todo: "make the test as long as the horizon, at least"})
	}
	if n := s.Model.Network; n != nil {
		net := n.network(s)
		if t := n.Layers[0].Transformer; t != nil && t.Steps != 0 && t.Steps != net.Lookback {
			errs = append(errs, &settings.FieldError{Field: "model.network.layers", Err: fmt.Errorf("the transformer is of %d steps, and the window has %d", t.Steps, net.Lookback), Todo: "write the same number under `lookback`"})
		}
		if err := net.Check(s.plan()); err != nil {
			errs = append(errs, placed(err))
		}
	}
	for _, e := range s.Require {
		if err := s.knows(e.Key); err != nil {
			errs = append(errs, &settings.FieldError{Field: "require", Err: err, Todo: "write a metric of the model, such as mase or coverage_90, or of a baseline: ridge.mase"})
		}
	}
	return errors.Join(errs...)
}

// placed turns an error about a layer into one about the setting that it was written as.
func placed(err error) error {
	e := (*nn.LayerError)(nil)
	if !errors.As(err, &e) {
		return &settings.FieldError{Field: "model.network", Err: err}
	}
	if e.Path == nn.BranchPath(0) {
		return e.Placed(layersSetting)
	}
	return e.Placed(headSetting)
}

const (
	layersSetting = "model.network.layers"
	headSetting   = "model.network.head"
)

// plan is what is forecast.
func (s *Stage) plan() *forecaster.Plan {
	return &forecaster.Plan{Time: s.Time, Step: s.Step.Text, Gaps: relation.Gaps(s.Gaps), Target: s.Target, By: s.By, Season: s.Season,
		Horizon: s.Horizon, Past: s.Past, Known: s.Known, Static: s.Static, Calendar: s.Calendar}
}

// name is what the model is called.
func (m *Model) name() string {
	switch {
	case m.Naive != nil:
		return forecast.NaiveName
	case m.SeasonalNaive != nil:
		return forecast.SeasonalNaiveName
	case m.Drift != nil:
		return forecast.DriftName
	case m.ETS != nil:
		return forecast.ETSName
	case m.Theta != nil:
		return forecast.ThetaName
	case m.Ridge != nil:
		return forecast.RidgeName
	}
	return networkName
}

const networkName = "network"

// method is the model in the terms of package forecast, if it is no network.
func (s *Stage) method() forecast.Method {
	m := forecast.Method{Name: s.Model.name(), Season: s.Season, Steps: s.Horizon}
	if e := s.Model.ETS; e != nil {
		m.ETS = forecast.ETSForm{Trend: e.Trend, Seasonal: e.Seasonal}
	}
	if r := s.Model.Ridge; r != nil {
		m.Ridge = forecast.RidgeForm{Lags: r.Lags, PastLags: r.PastLags, Penalty: r.Penalty}
	}
	return m
}

// network is how the network sees series, with the layers that presets stand for.
func (n *Network) network(s *Stage) forecaster.Network {
	lookback := n.Lookback
	if lookback == 0 {
		lookback = max(24, 2*s.Season)
	}
	base := n.Base
	if base == "" {
		base = forecaster.NoBase
	}
	net := forecaster.Network{Lookback: lookback, Base: base, Center: n.Center, Scale: n.Scale, Quantiles: n.Quantiles, Stride: n.Stride}
	return net.WithLayers(s.plan(), n.Layers, layersSetting, n.Head, headSetting)
}

// config is how it is trained.
func (n *Network) config(seed uint64, threads int) nn.Config {
	return nn.Config{Loss: n.Loss, Optimizer: n.Optimizer.Rule(), Schedule: n.Schedule.Factor(), Epochs: n.Epochs, BatchSize: n.BatchSize, Shuffle: true,
		ClipNorm: n.ClipNorm, Average: n.EMA, EarlyStopping: n.Stopping, Seed: seed, Threads: threads}
}
