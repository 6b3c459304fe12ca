package forecast

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/timeline"
	"pipe/forecast"
	"pipe/forecaster"
	"pipe/nn"
	"pipe/pipeline"
)

// mostForecasts bounds the numbers of all forecasts, which are in memory at once.
const mostForecasts = 200_000_000

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	series, err := s.read(ctx, env)
	if err != nil {
		return err
	}
	r := &run{Stage: s, env: env, plan: s.plan(), clock: series.Clock}
	if err := r.prepare(series); err != nil {
		return err
	}
	if err := r.forecast(ctx); err != nil {
		return err
	}
	if err := r.measure(ctx); err != nil {
		return err
	}
	if err := r.write(ctx); err != nil {
		return err
	}
	return r.unmet()
}

// read reads the series of the table.
func (s *Stage) read(ctx context.Context, env pipeline.Env) (*timeline.Series, error) {
	in, err := env.Open(tablePort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t, err := table.Open(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer t.Close()
	series, err := timeline.Read(ctx, t, s.plan().Spec(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return series, nil
}

// A run is the stage at work.
type run struct {
	*Stage
	env   pipeline.Env
	plan  *forecaster.Plan
	clock timeline.Clock

	subjects []forecaster.Subject
	origins  []origins // of each subject
	// train is the step behind what a fit for the first intervals sees, test the one behind training.
	train, test, end int64
	notes            []string

	scales   []scale
	measures []measure

	model   *forecaster.Model
	summary *nn.Summary // of the network
	methods []*method   // the model first

	verdicts []verdict
	against  []pair // each baseline
}

// origins are those of a series, counted as its steps are.
type origins struct {
	before, test []int
}

// A method is one that forecasts, with what it has forecast.
type method struct {
	name  string
	of    []rolled // of each subject; no points: it has none
	lacks int      // subjects with origins that it cannot forecast
	why   string   // the first of them

	total   []value   // of all measures
	steps   [][]value // by step ahead
	origins []float64 // the mean error at each origin of the test, in scales if there are any
}

// rolled is what was forecast of a series from all its origins.
type rolled struct {
	forecaster.Forecasts
	early        int           // origins before the test, which come first
	lower, upper [][][]float64 // by level, origin and step
	intervals    []*forecast.Conformal
	seen         bool // the first intervals are of errors of a fit that has seen the outcomes
}

// prepare finds the origins.
func (r *run) prepare(series *timeline.Series) error {
	var empty []string
	var err error
	if r.subjects, empty, err = r.plan.Subjects(series); err != nil {
		return err
	}
	r.tell("without any value of "+diag.Quote(r.Target), empty)
	r.end = math.MinInt64
	first := int64(math.MaxInt64)
	gaps := 0
	for i := range r.subjects {
		s := &r.subjects[i]
		r.end, first = max(r.end, s.End()), min(first, s.First)
		gaps += s.Gaps
	}
	if gaps > 0 {
		r.note("%d values of %s are missing: they count in no figure, and forecasts are made as if the value before had stayed", gaps, r.Target)
	}
	r.test = r.end - int64(r.Test.Steps)
	validation := int64(r.Validation)
	if validation == 0 {
		validation = min(max(int64(r.Test.Steps), int64(r.Horizon)+r.enough()), (r.test-first)/5)
	}
	if r.train = r.test - max(0, validation); r.train-first < 2 {
		return diag.WithHint(fmt.Errorf("test: of %d steps %d of test and %d of validation leave %d for training", r.end-first, r.Test.Steps, max(0, validation), max(0, r.train-first)), "make them shorter, or give more rows")
	}
	var untested, late []string
	every := int64(r.Test.Every)
	apart := r.closer(validation)
	cells := 0
	for i := range r.subjects {
		s := &r.subjects[i]
		var o origins
		for at := r.test - validation/apart*apart; at < r.test; at += apart {
			if at > s.First && at < s.End() {
				o.before = append(o.before, int(at-s.First))
			}
		}
		for at := r.test; at+int64(r.Horizon) <= s.End(); at += every {
			if at > s.First {
				o.test = append(o.test, int(at-s.First))
			}
		}
		switch {
		case s.First >= r.test:
			late = append(late, s.Name)
			o = origins{}
		case len(o.test) == 0:
			untested = append(untested, s.Name)
		}
		cells += (len(o.before) + len(o.test)) * r.Horizon
		r.origins = append(r.origins, o)
	}
	r.tell("begin in the test, so that there is nothing to learn from", late)
	r.tell(fmt.Sprintf("end before there are %d steps behind the first origin of the test, %s", r.Horizon, r.clock.Text(r.test-1)), untested)
	if len(untested)+len(late) == len(r.subjects) {
		return diag.WithHint(errors.New("no series has values before the test and behind an origin in it"), "look at `test`, `horizon`, and the gaps of the table")
	}
	if cells*(1+len(r.Baselines))*(1+2*len(r.Intervals)) > mostForecasts {
		return diag.WithHint(fmt.Errorf("there would be %d forecasts of each method, more than are possible in memory", cells), "make the test shorter, or raise `every`")
	}
	return nil
}

// closer is how many steps apart the origins of the validation part are: as those of the test, so that errors of
// the same hour come together, but closer where too few would be there for intervals.
func (r *run) closer(validation int64) int64 {
	every, enough := int64(r.Test.Every), r.enough()
	if validation < 1 || validation/every >= enough {
		return every
	}
	return max(1, min(every, validation/min(enough, validation)))
}

// enough is how many errors make good intervals of all levels: twice those that are needed for one.
func (r *run) enough() int64 {
	enough := int64(1)
	for _, level := range r.Intervals {
		enough = max(enough, int64(math.Ceil(min(2/(1-level), 1e9))))
	}
	return enough
}

// note says something in the log and in the report.
func (r *run) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.notes = append(r.notes, text)
	r.env.Log().Warn(text)
}

// tell is a note about some series.
func (r *run) tell(what string, names []string) {
	const most = 5
	if len(names) == 0 {
		return
	}
	text := ""
	for i, n := range names[:min(len(names), most)] {
		if n == "" {
			continue
		}
		if i > 0 {
			text += "; "
		}
		text += diag.Shorten(n)
	}
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	if text != "" {
		text = ": " + text
	}
	r.note("%d of %d series %s%s", len(names), len(r.subjects)+btoi(len(r.subjects) == 0), what, text)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// forecast fits the model and the baselines, and rolls them over all origins.
func (r *run) forecast(ctx context.Context) error {
	r.model = &forecaster.Model{Plan: *r.plan, Clock: r.clock, Method: r.Model.name(), Levels: r.Intervals, Intervals: map[string][]*forecast.Conformal{}}
	before, after, err := r.fitModel(ctx)
	if err != nil {
		return err
	}
	m, err := r.roll(ctx, r.model.Method, before, after, true)
	if err != nil {
		return err
	}
	for i := range m.of {
		if list := m.of[i].intervals; list != nil {
			r.model.Intervals[forecaster.KeyOf(r.subjects[i].Key)] = list
		}
	}
	r.methods = append(r.methods, m)
	for _, b := range r.Baselines {
		if string(b) == r.model.Method || b == forecast.SeasonalNaiveName && r.Season == 1 {
			continue // that is the model, or naive
		}
		method := forecast.Method{Name: string(b), Season: r.Season, Steps: r.Horizon}
		before, after, err := r.fit(ctx, method)
		if err == nil {
			m, err = r.roll(ctx, string(b), before, after, false)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.note("the baseline %s is not shown: %v", b, err)
			continue
		}
		r.methods = append(r.methods, m)
	}
	return nil
}

// fitModel fits the model to what is before the validation part, and to what is before the test.
func (r *run) fitModel(ctx context.Context) (before, after forecaster.Engine, err error) {
	n := r.Model.Network
	if n == nil {
		before, after, err = r.fit(ctx, r.method())
		if err == nil {
			r.model.Classical = after.(*forecaster.Classical)
		}
		return before, after, err
	}
	net, cfg := n.network(r.Stage), n.config(r.env.Seed(), r.env.Threads())
	cfg.OnEpoch = func(e nn.Epoch) {
		for _, v := range e.Values {
			r.env.Point(v.Name, int64(e.Number), v.Value)
		}
		r.env.Progress(int64(e.Number), int64(2*e.Of))
	}
	first, err := forecaster.FitNetwork(ctx, r.plan, net, r.subjects, forecaster.Fitting{Before: r.train, Validation: r.test, Config: cfg})
	if err != nil {
		return nil, nil, placed(err)
	}
	r.summary = &first.Model.Summary
	r.env.Log().Info("trained without the validation part", "until", r.clock.Text(r.train-1), "epochs", r.summary.EpochsRun, "best", r.summary.BestEpoch)
	cfg.Epochs, cfg.EarlyStopping = r.summary.BestEpoch, nil
	cfg.OnEpoch = func(e nn.Epoch) { r.env.Progress(int64(n.Epochs+e.Number), int64(n.Epochs+e.Of)) }
	last, err := forecaster.FitNetwork(ctx, r.plan, net, r.subjects, forecaster.Fitting{Before: r.test, Config: cfg})
	if err != nil {
		return nil, nil, placed(err)
	}
	r.env.Log().Info("trained on all before the test", "until", r.clock.Text(r.test-1), "epochs", last.Model.Summary.EpochsRun)
	r.model.Network = last
	return first, last, nil
}

// fit fits a method of package forecast twice.
func (r *run) fit(ctx context.Context, m forecast.Method) (before, after forecaster.Engine, err error) {
	after, err = forecaster.FitClassical(ctx, m, r.subjects, r.test, r.env.Threads())
	if err != nil {
		return nil, nil, err
	}
	if before, err = forecaster.FitClassical(ctx, m, r.subjects, r.train, r.env.Threads()); err != nil {
		return after, after, ctx.Err() // too short without the validation part: the intervals begin with errors of the fit itself
	}
	return before, after, nil
}

// roll forecasts all series from all origins, and makes the intervals. Series that the method lacks something for
// are told of the model.
func (r *run) roll(ctx context.Context, name string, before, after forecaster.Engine, model bool) (*method, error) {
	m := &method{name: name, of: make([]rolled, len(r.subjects))}
	errs := make([]error, len(r.subjects))
	err := forecaster.Each(ctx, r.env.Threads(), len(r.subjects), func(i int) {
		errs[i] = r.rollOne(ctx, &m.of[i], &r.subjects[i], &r.origins[i], before, after)
	})
	if err != nil {
		return nil, err
	}
	var lacking []string
	for i, err := range errs {
		lack := (*forecaster.LackError)(nil)
		switch {
		case errors.As(err, &lack):
			m.of[i] = rolled{}
			if lacking = append(lacking, r.subjects[i].Name); m.why == "" {
				m.why = lack.Lack
			}
		case err != nil:
			return nil, err
		}
	}
	var seen []string
	for i := range m.of {
		if m.of[i].seen {
			seen = append(seen, r.subjects[i].Name)
		}
	}
	if model {
		r.tell("are too short for a fit without the validation part, so that the first intervals are too narrow: they are of errors of a fit that has seen what came", seen)
	}
	if m.lacks = len(lacking); m.lacks > 0 {
		if !slices.ContainsFunc(m.of, func(one rolled) bool { return one.Points != nil }) {
			return nil, fmt.Errorf("%s cannot forecast: %s", name, m.why)
		}
		if model {
			r.tell("are forecast by no "+name+" ("+m.why+")", lacking)
		}
	}
	return m, nil
}

func (r *run) rollOne(ctx context.Context, to *rolled, s *forecaster.Subject, o *origins, before, after forecaster.Engine) error {
	if len(o.test) == 0 {
		return nil
	}
	f, err := after.Roll(ctx, s, o.test, r.Horizon)
	if err != nil {
		return err
	}
	early := slices.Clone(o.before)
	if len(early) > 0 {
		to.seen = before == after
		first, err := before.Roll(ctx, s, early, r.Horizon)
		if lack := (*forecaster.LackError)(nil); errors.As(err, &lack) {
			// It is too short without the validation part.
			early = slices.DeleteFunc(early, func(at int) bool { return at < after.First(s) })
			if len(early) > 0 {
				to.seen = true
				first, err = after.Roll(ctx, s, early, r.Horizon)
			} else {
				first, err = forecaster.Forecasts{}, nil
			}
		}
		if err != nil {
			return err
		}
		f.Points = slices.Concat(first.Points, f.Points)
		if f.Quantiles != nil {
			f.Quantiles = slices.Concat(first.Quantiles, f.Quantiles)
		}
	}
	to.Forecasts = f
	net, _ := after.(*forecaster.FittedNetwork)
	all := slices.Concat(early, o.test)
	to.early = len(early)
	for _, level := range r.Intervals {
		c, err := forecast.NewConformal(level, forecast.DefaultWindow, forecast.DefaultRate, r.Horizon)
		if err != nil {
			return err
		}
		// What is learned is the error of the middle, in widths.
		middles, widths := make([][]float64, len(all)), make([][]float64, len(all))
		errors, zeros := make([][]float64, len(all)), make([][]float64, len(all))
		for i, at := range all {
			middles[i], widths[i] = forecaster.Shape(net, f, i, level)
			errors[i], zeros[i] = make([]float64, r.Horizon), make([]float64, r.Horizon)
			for h := range r.Horizon {
				errors[i][h] = (actual(s, at+h) - middles[i][h]) / widths[i][h]
			}
		}
		half := c.Roll(forecast.Rolled{Origins: all, Forecast: zeros, Actual: errors})
		lower, upper := make([][]float64, len(all)), make([][]float64, len(all))
		for i := range all {
			lower[i], upper[i] = make([]float64, r.Horizon), make([]float64, r.Horizon)
			for h := range r.Horizon {
				by := float64(half[i][h] * widths[i][h])
				lower[i][h], upper[i][h] = middles[i][h]-by, middles[i][h]+by
			}
		}
		to.lower, to.upper, to.intervals = append(to.lower, lower), append(to.upper, upper), append(to.intervals, c)
	}
	for i := range all {
		bands := make([]forecaster.Band, len(r.Intervals))
		for l := range bands {
			bands[l] = forecaster.Band{Lower: to.lower[l][i], Upper: to.upper[l][i]}
		}
		forecaster.Nest(r.Intervals, bands)
	}
	return nil
}

// actual is the value of a step, NaN where there is none.
func actual(s *forecaster.Subject, step int) float64 {
	if step >= len(s.Series.Values) {
		return math.NaN()
	}
	return s.Series.Values[step]
}
