package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/nn"
)

// title is what a method is called.
func title(name string) string {
	switch name {
	case "ets":
		return "ETS"
	case "theta":
		return "Theta"
	}
	return strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "_", " ")
}

// page is the report.
func (r *run) page() *report.Page {
	p := &report.Page{Title: r.Title, Subtitle: r.subtitle(), Headline: r.headline()}
	if p.Title == "" {
		p.Title = "Forecast of " + r.Target
	}
	for _, v := range r.verdicts {
		p.Checks = append(p.Checks, report.Check{Met: v.met, Text: v.sentence()})
	}
	p.Sections = []report.Section{r.comparison(), r.examples(), r.ahead(), r.errors()}
	return p
}

func (r *run) subtitle() string {
	n, origins := 0, 0
	for i := range r.subjects {
		if r.methods[0].of[i].Points != nil {
			n++
			origins += len(r.origins[i].test)
		}
	}
	text := fmt.Sprintf("%s, %d steps of %s ahead, from %d origins since %s", title(r.model.Method), r.Horizon, r.Step.Text, origins, r.clock.Text(r.test-1))
	if n > 1 {
		text += fmt.Sprintf(" in %d series", n)
	}
	return text
}

// show writes a value for people.
func (r *run) show(j int, v value) string {
	switch {
	case v.undefined != "":
		return "not defined"
	case strings.HasPrefix(r.measures[j].name, "coverage"):
		return chart.Percentage(v.value, 1)
	}
	return chart.Digits(v.value, 4)
}

func (r *run) headline() (list []report.Highlight) {
	for j, m := range r.measures {
		if m.least > 0 || m.name != "mase" && m.name != "mae" && !strings.HasPrefix(m.name, "coverage") {
			continue
		}
		h := report.Highlight{Name: m.title, Doc: m.doc, Value: r.show(j, r.methods[0].total[j])}
		if best := r.bestBaseline(j); best != nil {
			h.Facts = append(h.Facts, report.Fact{Name: title(best.name), Value: r.show(j, best.total[j])})
		}
		list = append(list, h)
	}
	return list
}

// bestBaseline is the baseline with the best value, nil if none has one. Of coverage none is the best.
func (r *run) bestBaseline(j int) (best *method) {
	if r.measures[j].goal != metric.Down {
		return nil
	}
	for _, m := range r.methods[1:] {
		if m.total[j].undefined == "" && (best == nil || m.total[j].value < best.total[j].value) {
			best = m
		}
	}
	return best
}

// main is the measure that methods are compared by: mase, or mae where there are no scales.
func (r *run) main() int {
	if r.methods[0].total[0].undefined == "" {
		return 0
	}
	return slices.IndexFunc(r.measures, func(m measure) bool { return m.name == "mae" })
}

// verdictOn says in words whether the model is better than a baseline.
func (r *run) verdictOn(p *pair) string {
	name := title(p.method.name)
	switch i := p.interval; {
	case p.err != nil:
		return fmt.Sprintf("Whether the model is better than %s cannot be told: %v.", name, p.err)
	case i.Low > 0:
		return fmt.Sprintf("The model is better than %s: its error is less by %s (95%% interval %s to %s).", name, chart.Digits(i.Mean, 3), chart.Digits(i.Low, 3), chart.Digits(i.High, 3))
	case i.High < 0:
		return fmt.Sprintf("The model is worse than %s: its error is more by %s (95%% interval %s to %s). Take that instead.", name, chart.Digits(-i.Mean, 3), chart.Digits(-i.High, 3), chart.Digits(-i.Low, 3))
	default:
		return fmt.Sprintf("The model is no better than %s, as far as these origins can tell: the difference is %s (95%% interval %s to %s).", name, chart.Digits(i.Mean, 3), chart.Digits(i.Low, 3), chart.Digits(i.High, 3))
	}
}

// comparison is the table of all methods.
func (r *run) comparison() report.Section {
	s := report.Section{Title: "Beside other methods", Notes: r.notes}
	main := r.main()
	if best := r.bestBaseline(main); best != nil {
		leads := []string{}
		for i := range r.against { // the simplest one first
			if p := &r.against[i]; i == 0 || p.method == best {
				leads = append(leads, r.verdictOn(p))
			}
		}
		s.Lead = strings.Join(leads, " ")
	}
	t := &report.Table{Columns: []report.Column{{Name: "Method"}}, Wide: true}
	columns := r.shown(main)
	for i, j := range columns {
		if t.Columns = append(t.Columns, report.Column{Name: r.measures[j].title, Number: true}); i == 0 {
			t.Columns = append(t.Columns, report.Column{Name: "more than the model", Note: "95% interval", Number: true})
		}
	}
	order := slices.Clone(r.methods)
	slices.SortStableFunc(order, func(a, b *method) int {
		x, y := a.total[main], b.total[main]
		return cmp.Or(cmp.Compare(len(x.undefined), len(y.undefined)), cmp.Compare(x.value, y.value))
	})
	for _, m := range order {
		row := []report.Cell{{Text: title(m.name)}}
		if m == r.methods[0] {
			row[0] = report.Cell{Text: title(m.name) + "\u00a0(the\u00a0model)", Tone: report.Strong}
		}
		if m.lacks > 0 {
			row[0].Text += fmt.Sprintf(", without %d series", m.lacks)
			row[0].Doc = m.why
		}
		text := "–"
		for _, p := range r.against {
			if p.method == m && p.err == nil {
				text = fmt.Sprintf("%s (%s to %s)", chart.Digits(p.interval.Mean, 3), chart.Digits(p.interval.Low, 3), chart.Digits(p.interval.High, 3))
			}
		}
		for i, j := range columns {
			if row = append(row, report.Cell{Text: r.show(j, m.total[j]), Doc: m.total[j].undefined}); i == 0 {
				row = append(row, report.Cell{Text: text})
			}
		}
		t.Rows = append(t.Rows, row)
	}
	s.Notes = append(s.Notes, fmt.Sprintf("Means over all origins and steps, and then over series. MASE and RMSSE are errors in units of the error of the seasonal naive forecast (%d steps before) in training.", r.Season))
	s.Table = t
	if len(r.against) > 0 && r.against[0].err == nil {
		s.Notes = append(s.Notes, fmt.Sprintf("Intervals of differences are of the mean error at each origin, by the circular block bootstrap with blocks of %d origins.", r.against[0].interval.Block))
	}
	if n := r.Model.Network; n != nil {
		s.Blocks = append(s.Blocks, r.networkFacts(n))
	}
	return s
}

// shown are the measures in the table of methods: that by which they are compared first, and of intervals the coverage of all
// levels, and the rest of the highest.
func (r *run) shown(main int) []int {
	top := ""
	if len(r.Intervals) > 0 {
		top = suffix(slices.Max(r.Intervals))
	}
	list := []int{main}
	for j, m := range r.measures {
		interval := strings.HasPrefix(m.name, "width") || strings.HasPrefix(m.name, "pinball")
		if j != main && (!interval || strings.HasSuffix(m.name, top)) {
			list = append(list, j)
		}
	}
	return list
}

// networkFacts says how the network sees series, and how it was trained.
func (r *run) networkFacts(n *Network) report.Facts {
	net := n.network(r.Stage)
	f := report.Facts{Title: "Network", Facts: []report.Fact{
		{Name: "Sees", Value: fmt.Sprintf("the last %d steps", net.Lookback)},
		{Name: "Learns what is left by", Value: strings.ReplaceAll(net.Base, "_", " ")},
		{Name: "Parameters", Value: chart.Count(int64(r.summary.Parameters))},
		{Name: "Epochs", Value: fmt.Sprintf("%d, the best of %d on the validation part", r.summary.BestEpoch, r.summary.EpochsRun)},
	}}
	for _, l := range n.Layers {
		if l.TCN != nil {
			f.Facts = append(f.Facts, report.Fact{Name: "Receptive field", Value: fmt.Sprintf("%d steps", l.TCN.Sees())})
		}
	}
	var layers []string
	for _, l := range slices.Concat(net.Layers, []nn.Layer{}, net.Head) {
		layers = append(layers, l.String())
	}
	f.Facts = append(f.Facts, report.Fact{Name: "Layers", Value: strings.Join(layers, ", ")})
	return f
}

// at is an origin of a series.
type at struct {
	subject, origin int // of its test
	err             float64
}

// worst are origins by their error, the largest first.
func (r *run) worst() (list []at) {
	m := r.methods[0]
	for i := range m.of {
		if m.of[i].Points == nil {
			continue
		}
		by := r.scales[i].Absolute
		if r.main() != 0 || r.scales[i].err != nil || by == 0 {
			by = 1
		}
		s, o := &r.subjects[i], &r.origins[i]
		for k, from := range o.test {
			sum, n := 0.0, 0
			for h := range r.Horizon {
				if e := math.Abs(actual(s, from+h) - m.of[i].Points[m.of[i].early+k][h]); e == e {
					sum += e
					n++
				}
			}
			if n > 0 {
				list = append(list, at{i, k, sum / float64(n) / by})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b at) int { return cmp.Compare(b.err, a.err) })
	return list
}

// when is where a step of a series is in time.
func (r *run) when(a at) string {
	s := &r.subjects[a.subject]
	text := r.clock.Text(s.First + int64(r.origins[a.subject].test[a.origin]) - 1)
	if s.Name != "" {
		text = diag.Shorten(s.Name) + ", " + text
	}
	return text
}

// examples are the last origins, and the worst one.
func (r *run) examples() report.Section {
	s := report.Section{Title: "What was forecast", Lead: "History up to an origin, the forecast with its interval, and what came."}
	m := r.methods[0]
	shown := 0
	for i := range m.of {
		if m.of[i].Points == nil || shown == 2 {
			continue
		}
		shown++
		n := len(r.origins[i].test)
		s.Blocks = append(s.Blocks, r.picture(at{subject: i, origin: n - 1}, "Last origin"))
		if before := n - 1 - (r.Horizon+r.Test.Every-1)/r.Test.Every; shown == 1 && before >= 0 {
			s.Blocks = append(s.Blocks, r.picture(at{subject: i, origin: before}, "Before that"))
		}
	}
	if list := r.worst(); len(list) > 0 {
		s.Blocks = append(s.Blocks, r.picture(list[0], "Worst origin"))
	}
	return s
}

// picture draws an origin.
func (r *run) picture(a at, name string) report.Figure {
	s, o, one := &r.subjects[a.subject], &r.origins[a.subject], &r.methods[0].of[a.subject]
	from := o.test[a.origin]
	row := one.early + a.origin
	history := min(from, max(2*r.Horizon, min(2*r.Season, 10*r.Horizon)))
	line := func(first int, values []float64) (x, y chart.Numbers) {
		for i, v := range values {
			x, y = append(x, float64(first+i)), append(y, v)
		}
		return x, y
	}
	end := min(from+r.Horizon, len(s.Series.Values))
	plot := &chart.Plot{Label: fmt.Sprintf("Values and forecast of %s from %s on", r.Target, r.when(a)), X: chart.Axis{Title: "steps from the origin", Whole: true, Tight: true}, Y: chart.Axis{Title: r.Target}}
	x, y := line(1-history, s.Series.Values[from-history:end])
	plot.Marks = append(plot.Marks, chart.Line{Name: "actual", Class: "guide", X: x, Y: y})
	if n := len(r.Intervals); n > 0 {
		l := 0
		for i, level := range r.Intervals {
			if level > r.Intervals[l] {
				l = i
			}
		}
		label := chart.Percentage(r.Intervals[l], 0) + " interval"
		for _, side := range [][]float64{one.lower[l][row], one.upper[l][row]} {
			x, y := line(1, side)
			plot.Marks = append(plot.Marks, chart.Line{Name: label, Class: chart.Series(1), X: x, Y: y, Dash: true})
			label = ""
		}
	}
	x, y = line(1, one.Points[row])
	plot.Marks = append(plot.Marks, chart.Line{Name: "forecast", Class: chart.Series(0), X: x, Y: y}, chart.Rule{At: 0, Note: "origin"})
	return report.Figure{Title: name, Caption: r.when(a), Plot: plot}
}

// ahead is errors and coverage by step ahead.
func (r *run) ahead() report.Section {
	s := report.Section{Title: "By step ahead"}
	main := r.main()
	plot := &chart.Plot{Label: r.measures[main].title + " of each method by step ahead", X: chart.Axis{Title: "steps ahead", Whole: true, Tight: true}, Y: chart.Axis{Title: r.measures[main].title, Zero: true}}
	for i, m := range r.methods {
		l := chart.Line{Name: title(m.name), Class: chart.Series(i), Dash: i > 0}
		for h, v := range m.steps {
			l.X, l.Y = append(l.X, float64(h+1)), append(l.Y, v[main].value)
		}
		plot.Marks = append(plot.Marks, l)
	}
	s.Blocks = append(s.Blocks, report.Figure{Title: "Error", Caption: r.measures[main].doc, Plot: plot})
	if len(r.Intervals) == 0 {
		return s
	}
	plot = &chart.Plot{Label: "Coverage of the intervals by step ahead", X: chart.Axis{Title: "steps ahead", Whole: true, Tight: true}, Y: chart.Axis{Max: 1, Percent: true}}
	least, where := math.Inf(1), 0
	var top float64
	n := 0
	for j, m := range r.measures {
		if m.least > 0 || !strings.HasPrefix(m.name, "coverage") {
			continue
		}
		level := r.Intervals[n]
		l := chart.Line{Name: m.title, Class: chart.Series(n)}
		for h, v := range r.methods[0].steps {
			l.X, l.Y = append(l.X, float64(h+1)), append(l.Y, v[j].value)
			if level >= top && (v[j].value < least || level > top) {
				least, where, top = v[j].value, h+1, level
			}
		}
		plot.Marks = append(plot.Marks, l, chart.Rule{At: level, Horizontal: true})
		n++
	}
	s.Blocks = append(s.Blocks, report.Figure{Title: "Coverage", Caption: "share of the values within the intervals of the model", Plot: plot})
	if !math.IsInf(least, 0) && !math.IsNaN(least) {
		s.Lead = fmt.Sprintf("Intervals of %s cover the least %d steps ahead: %s.", chart.Percentage(top, 0), where, chart.Percentage(least, 1))
	}
	return s
}

const (
	mostLags  = 40
	mostWorst = 10
)

// errors are what is left in the errors: their autocorrelation, and where they are largest.
func (r *run) errors() report.Section {
	s := report.Section{Title: "What is left"}
	lags, n := r.autocorrelation()
	if len(lags) > 0 {
		plot := &chart.Plot{Label: "Autocorrelation of the errors one step ahead", X: chart.Axis{Title: "origins apart", Whole: true}, Y: chart.Axis{Min: -1, Max: 1}}
		var b chart.Bars
		b.Class = chart.Series(0)
		outside := 0
		bound := 1.96 / math.Sqrt(float64(n))
		for k, v := range lags {
			b.Low, b.High, b.Y = append(b.Low, float64(k+1)-.4), append(b.High, float64(k+1)+.4), append(b.Y, v)
			if math.Abs(v) > bound {
				outside++
			}
		}
		plot.Marks = chart.Marks{b, chart.Rule{At: bound, Horizontal: true}, chart.Rule{At: -bound, Horizontal: true}}
		s.Blocks = append(s.Blocks, report.Figure{Title: "Autocorrelation", Caption: "of the errors one step ahead, from origin to origin; within the lines it is what noise has", Plot: plot})
		switch {
		case outside*20 > 2*len(lags):
			s.Lead = fmt.Sprintf("The errors one step ahead are not noise: %d of %d autocorrelations are outside of what noise has, so that there is something left to learn.", outside, len(lags))
		default:
			s.Lead = "The errors one step ahead look like noise."
		}
	}
	t := report.Table{Title: "Worst origins", Columns: []report.Column{{Name: "Origin"}, {Name: r.measures[r.main()].title, Number: true}}}
	list := r.worst()
	for _, a := range list[:min(len(list), mostWorst)] {
		t.Rows = append(t.Rows, report.Texts(r.when(a), chart.Digits(a.err, 3)))
	}
	s.Blocks = append(s.Blocks, t)
	return s
}

// autocorrelation is that of the errors one step ahead, the mean over series, and how many errors there are in the
// longest.
func (r *run) autocorrelation() (lags []float64, n int) {
	var sums, counts [mostLags]float64
	for i := range r.methods[0].of {
		if r.methods[0].of[i].Points == nil {
			continue
		}
		p := r.pairs(r.methods[0], i, 0)
		mean, known := 0.0, 0
		e := make([]float64, len(p.actual))
		for j := range e {
			if e[j] = p.actual[j] - p.points[j]; e[j] == e[j] {
				mean += e[j]
				known++
			}
		}
		if known < 8 {
			continue
		}
		n = max(n, known)
		mean /= float64(known)
		total := 0.0
		for j := range e {
			if e[j] -= mean; e[j] == e[j] {
				total += float64(e[j] * e[j])
			}
		}
		for k := 1; k <= min(mostLags, known/4) && total > 0; k++ {
			sum := 0.0
			for j := k; j < len(e); j++ {
				if v := float64(e[j] * e[j-k]); v == v {
					sum += v
				}
			}
			sums[k-1] += sum / total
			counts[k-1]++
		}
	}
	for k := range sums {
		if counts[k] == 0 {
			break
		}
		lags = append(lags, sums[k]/counts[k])
	}
	return lags, n
}
