package forecaster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/data/timeline"
	"pipe/forecast"
	"pipe/nn"
)

// What is taken from the values of a window.
const (
	CenterNone = "none"
	CenterLast = "last"
	CenterMean = "mean"
)

// What they are divided by.
const (
	ScaleSeries = "series" // the scale of MASE of the training part
	ScaleWindow = "window" // the deviation of the values of the window
)

// NoBase is where a network forecasts by itself.
const NoBase = "none"

// A Network is how a network sees series.
type Network struct {
	Lookback  int        `json:"lookback"`
	Base      string     `json:"base"` // a method of package forecast: the network learns what it leaves
	Center    string     `json:"center"`
	Scale     string     `json:"scale"`
	Quantiles []float64  `json:"quantiles,omitempty"` // in their order
	Stride    int        `json:"stride"`
	Layers    []nn.Layer `json:"-"` // what the window passes through
	Head      []nn.Layer `json:"-"` // behind what is known of the steps ahead, and of the series, is beside it
}

// A FittedNetwork is a network for all series of a table.
type FittedNetwork struct {
	Network
	Past    []forecast.Standard `json:"past,omitempty"`
	Known   []forecast.Standard `json:"known,omitempty"`
	Static  []Static            `json:"static,omitempty"`
	Scales  map[string]float64  `json:"scales"` // of series in training
	Typical float64             `json:"typical_scale"`
	Bases   *Classical          `json:"bases,omitempty"`

	Model *nn.Model `json:"-"`
	plan  *Plan
}

// A Static is how a column with one value in each series becomes numbers.
type Static struct {
	Standard   *forecast.Standard `json:"standard,omitempty"` // of a number
	Categories []string           `json:"categories,omitempty"`
}

// A Fitting is how a network is fitted.
type Fitting struct {
	Before     int64 // the step behind training
	Validation int64 // steps from Before up to here choose the best epoch; not above Before: there are none
	Config     nn.Config
}

const (
	maxOutputs = 65_536
	mostStatic = 1000 // categories of a column
)

// FitNetwork fits a network to the values of all series before a step. Series that are too short for its base, or
// have no value in training, are left out of the fit.
func FitNetwork(ctx context.Context, plan *Plan, net Network, list []Subject, f Fitting) (*FittedNetwork, error) {
	n := &FittedNetwork{Network: net, plan: plan, Scales: map[string]float64{}}
	if k := plan.Horizon * (1 + len(net.Quantiles)); k > maxOutputs {
		return nil, fmt.Errorf("the network would have %d outputs, at most %d are possible: fewer quantiles, or a shorter horizon", k, maxOutputs)
	}
	if net.Base != NoBase {
		var err error
		m := forecast.Method{Name: net.Base, Season: plan.Season, Steps: plan.Horizon}
		if n.Bases, err = FitClassical(ctx, m, list, f.Before, f.Config.Threads); err != nil {
			return nil, fmt.Errorf("base: %w", err)
		}
	}
	n.standards(list, f.Before)
	if err := n.scales(list, f.Before); err != nil {
		return nil, err
	}
	train, err := n.windows(ctx, list, f.Config.Threads, func(s *Subject) (from, before int) { return 0, int(f.Before - s.First) })
	if err != nil {
		return nil, err
	}
	if train.Len() == 0 {
		return nil, errors.New("no series has a window with a value behind it in the training part: `lookback` or `test` is too long")
	}
	var validation nn.Source
	if f.Validation > f.Before {
		v, err := n.windows(ctx, list, f.Config.Threads, func(s *Subject) (from, before int) {
			return int(f.Before - s.First), int(f.Validation - s.First)
		})
		if err != nil {
			return nil, err
		}
		if v.Len() > 0 {
			validation = v
		}
	}
	spec, sig := n.spec(len(train.series[0].past), len(train.series[0].known), len(train.series[0].static))
	f.Config.Gaps = true
	if validation == nil {
		f.Config.EarlyStopping = nil
	}
	n.Model, err = nn.Train(ctx, spec, sig, train, validation, f.Config)
	return n, err
}

// spec is the network with its inputs and outputs.
func (n *FittedNetwork) spec(past, known, static int) (nn.Spec, nn.Signature) {
	spec := nn.Spec{Layers: n.Head, Outputs: n.plan.Horizon * (1 + len(n.Quantiles))}
	sig := nn.Signature{Column: n.plan.Target, Scale: 1}
	add := func(name string, shape nn.Shape, layers []nn.Layer) {
		sig.Inputs = append(sig.Inputs, nn.Input{Name: name, Type: tensor.F32, Shape: shape})
		if layers == nil {
			layers = []nn.Layer{}
		}
		spec.Branches = append(spec.Branches, nn.Branch{Input: name, Shape: shape, Layers: layers})
	}
	add("window", nn.Shape{n.Lookback, 1 + past + known}, n.Layers)
	if w := n.aheadWidth(known); w > 0 {
		add("ahead", nn.Shape{n.plan.Horizon * w}, nil)
	}
	if static > 0 {
		add("static", nn.Shape{static}, nil)
	}
	for _, q := range append([]float64{0}, n.Quantiles...) {
		for h := range n.plan.Horizon {
			t := nn.Target{Column: fmt.Sprintf("step %d", h+1), Scale: 1, Quantile: q}
			if q > 0 {
				t.Column += fmt.Sprintf(", quantile %v", q)
			}
			sig.Targets = append(sig.Targets, t)
		}
	}
	sig.Task = task.Multioutput
	if len(sig.Targets) == 1 {
		sig.Task, sig.Targets = task.Regression, nil
	}
	if spec.Layers == nil {
		spec.Layers = []nn.Layer{}
	}
	return spec, sig
}

// Check says whether the layers fit each other.
func (n Network) Check(plan *Plan) error {
	one := &FittedNetwork{Network: n, plan: plan}
	known := len(plan.Known) + 2*waves*len(plan.Calendar)
	spec, _ := one.spec(len(plan.Past), known, 0)
	return spec.Validate()
}

// standards learns means and deviations of the columns in the training part.
func (n *FittedNetwork) standards(list []Subject, before int64) {
	column := func(of func(s *Subject) []float64) forecast.Standard {
		var sum, count, squares float64
		visit := func(do func(v float64)) {
			for i := range list {
				s := &list[i]
				values := of(s)
				for _, v := range values[:max(0, min(len(values), int(before-s.First)))] {
					if v == v {
						do(v)
					}
				}
			}
		}
		visit(func(v float64) { sum += v; count++ })
		if count == 0 {
			return forecast.Standard{}
		}
		mean := sum / count
		visit(func(v float64) { squares += float64((v - mean) * (v - mean)) })
		return forecast.Standard{Mean: mean, Scale: math.Sqrt(squares / count)}
	}
	first := &list[0].Series
	for c := range first.Past {
		n.Past = append(n.Past, column(func(s *Subject) []float64 { return s.Series.Past[c] }))
	}
	for c := range first.Known {
		n.Known = append(n.Known, column(func(s *Subject) []float64 { return s.Series.Known[c] }))
	}
	for c := range n.plan.Static {
		n.Static = append(n.Static, staticOf(list, c))
	}
}

func staticOf(list []Subject, c int) Static {
	numbers := true
	var texts []string
	var values []float64
	for i := range list {
		l := list[i].Static[c]
		if !l.Known {
			continue
		}
		numbers = numbers && l.Number == l.Number
		values = append(values, l.Number)
		if !slices.Contains(texts, l.Text) && len(texts) < mostStatic {
			texts = append(texts, l.Text)
		}
	}
	if !numbers || len(values) == 0 {
		sort.Strings(texts)
		return Static{Categories: texts}
	}
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += float64((v-mean)*(v-mean)) / float64(len(values))
	}
	return Static{Standard: &forecast.Standard{Mean: mean, Scale: math.Sqrt(squares)}}
}

// scales learns the scale of each series, and the typical one for series that come later.
func (n *FittedNetwork) scales(list []Subject, before int64) error {
	var all []float64
	for i := range list {
		s := &list[i]
		v := scaleFor(s.Series.Values[:max(0, min(len(s.Series.Values), int(before-s.First)))], n.plan.Season)
		if v > 0 {
			n.Scales[KeyOf(s.Key)] = v
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return errors.New("no series changes in the training part, so that there is nothing for a network to learn")
	}
	slices.Sort(all)
	n.Typical = all[len(all)/2]
	return nil
}

// scaleFor is the scale of MASE, or that of no season where there is none; 0 of constant values.
func scaleFor(values []float64, season int) float64 {
	for _, m := range []int{season, 1} {
		if s, err := forecast.ScaleOf(values, m); err == nil && s.Absolute > 0 {
			return s.Absolute
		}
	}
	return 0
}

// scalesAt are the scales of a series that has none of training, because it was constant there or is new: by
// how many steps are known, that of those, or the typical one while they do not change.
func (n *FittedNetwork) scalesAt(values []float64) []float64 {
	list := make([]float64, len(values)+1)
	var sums, counts [2]float64
	for o := range list {
		list[o] = n.Typical
		for i, m := range []int{1, n.plan.Season} {
			if at := o - 1; at >= m {
				if d := math.Abs(values[at] - values[at-m]); d == d {
					sums[i] += d
					counts[i]++
				}
			}
			if v := sums[i] / counts[i]; v > 0 && finite(v) {
				list[o] = v
			}
		}
	}
	return list
}

// scaleOf is the scale of a series at its end.
func (n *FittedNetwork) scaleOf(s *Subject) float64 {
	if v := n.Scales[KeyOf(s.Key)]; v > 0 {
		return v
	}
	return n.scalesAt(s.Series.Values)[len(s.Series.Values)]
}

// seen is a series as the network sees it.
func (n *FittedNetwork) seen(s *Subject) windowed {
	w := windowed{target: s.Series.Values, filled: slices.Clone(s.Series.Values), scale: n.Scales[KeyOf(s.Key)]}
	timeline.Fill(w.filled, nil)
	if w.scale == 0 {
		w.scales = n.scalesAt(s.Series.Values)
	}
	for c, values := range s.Series.Past {
		w.past = append(w.past, standardised(values, n.Past[c]))
	}
	for c, values := range s.Series.Known {
		w.known = append(w.known, standardised(values, n.Known[c]))
	}
	for c, how := range n.Static {
		l := s.Static[c]
		switch {
		case how.Standard != nil:
			v := float32(0)
			if l.Known && l.Number == l.Number {
				v = standard(l.Number, *how.Standard)
			}
			w.static = append(w.static, v)
		default:
			for _, text := range how.Categories {
				v := float32(0)
				if l.Known && l.Text == text {
					v = 1
				}
				w.static = append(w.static, v)
			}
		}
	}
	return w
}

func standard(v float64, by forecast.Standard) float32 {
	if v -= by.Mean; by.Scale > 0 {
		v /= by.Scale
	}
	return float32(v)
}

// standardised is a column of the mean 0 and the deviation 1 in training. What is missing is the last value
// before it, or the mean.
func standardised(values []float64, by forecast.Standard) []float32 {
	list := make([]float32, len(values))
	last := by.Mean
	for i, v := range values {
		if v == v {
			last = v
		}
		list[i] = standard(last, by)
	}
	return list
}

// windows are those of series with origins from a step on, and targets before another.
func (n *FittedNetwork) windows(ctx context.Context, list []Subject, threads int, part func(s *Subject) (from, before int)) (*windows, error) {
	w := &windows{net: &n.Network, plan: n.plan, series: make([]windowed, len(list)), before: make([]int, len(list))}
	origins := make([][]int, len(list))
	errs := make([]error, len(list))
	err := Each(ctx, threads, len(list), func(i int) {
		s := &list[i]
		w.series[i] = n.seen(s)
		from, before := part(s)
		w.before[i] = min(before, len(s.Series.Values))
		from = max(from, min(n.Lookback, w.before[i]/2), n.First(s))
		for o := from; o < w.before[i]; o += n.Stride {
			if slices.ContainsFunc(s.Series.Values[o:min(o+n.plan.Horizon, w.before[i])], func(v float64) bool { return v == v }) {
				origins[i] = append(origins[i], o)
			}
		}
		if n.Base == NoBase || len(origins[i]) == 0 {
			return
		}
		base, err := n.Bases.Roll(ctx, s, origins[i], n.plan.Horizon)
		if err != nil {
			if lack := (*LackError)(nil); errors.As(err, &lack) {
				origins[i] = nil // it is told where it is to be forecast
				return
			}
			errs[i] = err
			return
		}
		w.series[i].base = based(origins[i], base.Points)
	})
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	for i, list := range origins {
		for _, o := range list {
			w.list = append(w.list, window{int32(i), int32(o)})
		}
	}
	return w, nil
}

func based(origins []int, points [][]float64) map[int][]float64 {
	m := make(map[int][]float64, len(origins))
	for i, o := range origins {
		m[o] = points[i]
	}
	return m
}

// First implements Engine.
func (n *FittedNetwork) First(s *Subject) int {
	if n.Bases != nil {
		return n.Bases.First(s)
	}
	return 1
}

// Roll implements Engine.
func (n *FittedNetwork) Roll(ctx context.Context, s *Subject, origins []int, steps int) (f Forecasts, err error) {
	if steps > n.plan.Horizon {
		return f, fmt.Errorf("the network forecasts %d steps, not %d", n.plan.Horizon, steps)
	}
	w := n.seen(s)
	if n.Base != NoBase {
		base, err := n.Bases.Roll(ctx, s, origins, n.plan.Horizon)
		if err != nil {
			return f, err
		}
		w.base = based(origins, base.Points)
	}
	p, err := n.Model.NewPredictor()
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	const most = 256
	for from := 0; from < len(origins); from += most {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		part := origins[from:min(len(origins), from+most)]
		inputs := make([]tensor.Rows, len(n.Model.Signature.AllInputs()))
		centers, scales := make([]float64, len(part)), make([]float64, len(part))
		for i, o := range part {
			centers[i], scales[i] = n.level(&w, o)
			n.inputs(n.plan, &w, o, centers[i], scales[i], inputs)
		}
		out, err := p.Predict(inputs, len(part))
		if err != nil {
			return f, err
		}
		for i, o := range part {
			row := out[i*p.Outputs() : (i+1)*p.Outputs()]
			for j, v := range row {
				row[j] = n.restored(v, centers[i], scales[i], w.base[o], j%n.plan.Horizon)
			}
			f.Points = append(f.Points, slices.Clone(row[:steps]))
			if len(n.Quantiles) > 0 {
				f.Quantiles = append(f.Quantiles, n.quantiles(row[n.plan.Horizon:], steps))
			}
		}
	}
	return f, nil
}

// quantiles are those of each step in their order: sorted, so that none is above a higher one.
func (n *FittedNetwork) quantiles(row []float64, steps int) [][]float64 {
	list := make([][]float64, steps)
	for h := range list {
		for q := range n.Quantiles {
			list[h] = append(list[h], row[q*n.plan.Horizon+h])
		}
		slices.Sort(list[h])
	}
	return list
}
