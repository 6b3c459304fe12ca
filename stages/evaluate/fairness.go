package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/data/task"
)

// equalizedOdds is what stands for recall and the false positive rate together, the one
// in which groups are further apart.
const equalizedOdds = "equalized_odds"

// An across is what a condition is about that compares groups of rows: "recall.sex.ratio".
type across struct {
	column string
	by     metric.Spread
	of     metric.List // one metric, or those that equalized odds are of
}

// parseAcross reads METRIC.COLUMN.SPREAD; ok is false if the key is of another form. Of the
// def it is the values.
func parseAcross(known metric.List, key string) (a *across, def *metric.Def, ok bool, err error) {
	dot := strings.LastIndexByte(key, '.')
	if dot < 0 || !slices.Contains(metric.Spreads(), metric.Spread(key[dot+1:])) {
		return nil, nil, false, nil
	}
	name, column := cutMetric(key[:dot])
	if column == "" {
		return nil, nil, false, nil
	}
	a = &across{column: column, by: metric.Spread(key[dot+1:])}
	if name == equalizedOdds {
		if a.by != metric.Apart && a.by != metric.Ratio {
			return nil, nil, true, fmt.Errorf("%s: %s has a %s and a %s alone", key, name, metric.Apart, metric.Ratio)
		}
		a.of = odds(known)
		return a, oddsAcross(known, column, a.by), true, nil
	}
	d, found := known.Find(name)
	if !found {
		return nil, nil, true, unknownMetric(name, append(known.Names(), equalizedOdds))
	}
	a.of = metric.List{d}
	return a, d.Across(column, a.by), true, nil
}

// cutMetric cuts a metric, which may end with a class in brackets, off what is behind it.
func cutMetric(text string) (name, rest string) {
	from := 0
	if open := strings.IndexByte(text, '['); open >= 0 && !strings.Contains(text[:open], ".") {
		if from = strings.Index(text, "]."); from < 0 {
			return text, ""
		}
	}
	dot := strings.IndexByte(text[from:], '.')
	if dot < 0 {
		return text, ""
	}
	return text[:from+dot], text[from+dot+1:]
}

func odds(known metric.List) metric.List { return known.Named("recall", "false_positive_rate") }

func oddsAcross(known metric.List, column string, by metric.Spread) *metric.Def {
	d := *odds(known)[0]
	d.Name, d.Title = equalizedOdds, "Equalized odds"
	return d.Across(column, by)
}

// grouped says that the groups of a column are measured.
func (s *Stage) grouped(column string) bool {
	return slices.Contains(s.Slices, column) || slices.Contains(s.Fairness, column)
}

// columns are those of slices and of fairness, each once.
func (s *Stage) columns() []string {
	list := slices.Clone(s.Slices)
	for _, c := range s.Fairness {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// checkAcross finds a condition on groups that nobody measures, or on a baseline, which
// treats all groups alike.
func (s *Stage) checkAcross(t target, c Condition) error {
	switch {
	case t.across == nil:
		return nil
	case len(c.others) > 0:
		return fmt.Errorf("%s: a baseline says the same of every row, so that there is none of groups", t.key)
	case !s.grouped(t.across.column):
		return diag.WithHint(fmt.Errorf("%s: the groups of %q are not measured", t.key, t.across.column),
			fmt.Sprintf("add `fairness: [%s]`, or %s to slices", t.across.column, t.across.column))
	}
	return nil
}

// spread is how far a metric is apart in the groups of a column of the data.
func (r *results) spread(a *across) (float64, *metric.Interval, error) {
	p := r.data()
	groups := metric.ByGroup(p.sample, p.groups[a.column], a.of)
	var gaps []metric.Gap
	for j, d := range a.of {
		gap, ok := metric.GapOf(groups, j)
		if !ok {
			return 0, nil, metric.Undefinedf("fewer than two groups of %s have a value of %s", a.column, d.Name)
		}
		gaps = append(gaps, gap)
	}
	if len(gaps) == 2 {
		gaps[0] = metric.Odds(gaps[0], gaps[1], a.by)
	}
	return gaps[0].In(a.by)
}

// A fairness is how a model of two classes treats the groups of a column.
type fairness struct {
	column string
	groups []metric.Group // with the metrics of fairnessMetrics
	gaps   []fairnessGap
}

// A fairnessGap is how far groups are apart in one sense.
type fairnessGap struct {
	title, name string     // "Demographic parity", "selection_rate"
	gap         metric.Gap // of the difference
	ratio       metric.Gap // of the ratio: another one, perhaps, of equalized odds
	of          *metric.Def
}

// Places of metrics in the groups of a fairness.
const (
	selectionPlace = iota
	recallPlace
	falsePositivePlace
	actualPlace
)

// fairnessMetrics are what groups are compared by, and what is true of them.
func fairnessMetrics(known metric.List) metric.List {
	return append(known.Named("selection_rate", "recall", "false_positive_rate"), &metric.Def{
		Name: "actual", Title: "Actually positive", Range: metric.Range{Low: 0, High: 1},
		Doc:   "Share of all rows that are of the positive class.",
		Among: func(_, _ bool) bool { return true },
		Cells: func(c metric.Cells) float64 {
			if n := c.TP + c.FP + c.FN + c.TN; n > 0 {
				return (c.TP + c.FN) / n
			}
			return 0
		}})
}

// measureFairness compares the groups of the columns.
func (r *results) measureFairness(columns []string) error {
	if len(columns) > 0 && r.task != task.Binary {
		return diag.WithHint(fmt.Errorf("fairness: groups are compared by how often the positive one of two classes is predicted, and the model is for %s", taskName(r.task)),
			"remove fairness; slices, and conditions such as `accuracy.COLUMN.difference`, compare groups of any model")
	}
	metrics := fairnessMetrics(r.known)
	for _, column := range columns {
		f := fairness{column: column, groups: metric.ByGroup(r.data().sample, r.data().groups[column], metrics)}
		add := func(title string, j int) {
			if gap, ok := metric.GapOf(f.groups, j); ok {
				f.gaps = append(f.gaps, fairnessGap{title: title, name: metrics[j].Name, gap: gap, ratio: gap, of: metrics[j]})
			}
		}
		add("Demographic parity", selectionPlace)
		add("Equal opportunity", recallPlace)
		add("Equal false alarms", falsePositivePlace)
		recall, ok := metric.GapOf(f.groups, recallPlace)
		if other, both := metric.GapOf(f.groups, falsePositivePlace); ok && both {
			f.gaps = append(f.gaps, fairnessGap{title: "Equalized odds", name: equalizedOdds,
				gap: metric.Odds(recall, other, metric.Apart), ratio: metric.Odds(recall, other, metric.Ratio), of: metrics[recallPlace]})
		}
		r.fairness = append(r.fairness, f)
	}
	return nil
}

// recorded are the differences and ratios of a fairness by their names.
func (f *fairness) recorded() (list []named) {
	for _, g := range f.gaps {
		for _, by := range []metric.Spread{metric.Apart, metric.Ratio} {
			of := *g.of
			of.Name = g.name
			def := of.Across(f.column, by)
			gap := g.gap
			if by == metric.Ratio {
				gap = g.ratio
			}
			if v, _, err := gap.In(by); err == nil {
				list = append(list, named{def.Name, metric.Value{Def: def, Value: v}})
			}
		}
	}
	return list
}

// recordsAcross says that a fairness records how far the groups are apart.
func (s *Stage) recordsAcross(a *across) bool {
	names := fairnessMetrics(s.defs())[:actualPlace].Names()
	return (a.by == metric.Apart || a.by == metric.Ratio) && !slices.ContainsFunc(a.of, func(d *metric.Def) bool { return !slices.Contains(names, d.Name) })
}

type fairnessDocument struct {
	Column string          `json:"column"`
	Groups []groupDocument `json:"groups"`
	Gaps   []gapDocument   `json:"gaps"`
}

type groupDocument struct {
	Value  string                  `json:"value"`
	Pooled int                     `json:"pooled,omitempty"` // that many values together
	Rows   int                     `json:"rows"`
	Rates  map[string]rateDocument `json:"rates"` // those that are defined
}

type rateDocument struct {
	Value    float64           `json:"value"`
	Interval *intervalDocument `json:"interval,omitempty"`
}

type gapDocument struct {
	Name       string        `json:"name"` // selection_rate, recall, false_positive_rate or equalized_odds
	Difference *rateDocument `json:"difference"`
	Ratio      *rateDocument `json:"ratio"` // null: 0 in all groups
	Most       string        `json:"most"`  // group with the greatest rate
	Least      string        `json:"least"`
}

func (f *fairness) document() fairnessDocument {
	d := fairnessDocument{Column: f.column}
	for _, g := range f.groups {
		one := groupDocument{Value: g.Name, Pooled: g.Pooled, Rows: g.Rows, Rates: map[string]rateDocument{}}
		for _, v := range g.Values {
			if v.Undefined == "" {
				one.Rates[v.Name] = rateDocument{v.Value.Value, documentOf(v.Interval)}
			}
		}
		d.Groups = append(d.Groups, one)
	}
	for _, g := range f.gaps {
		one := gapDocument{Name: g.name, Most: g.gap.Names[0], Least: g.gap.Names[1]}
		if v, in, err := g.gap.In(metric.Apart); err == nil {
			one.Difference = &rateDocument{v, documentOf(in)}
		}
		if v, in, err := g.ratio.In(metric.Ratio); err == nil {
			one.Ratio = &rateDocument{v, documentOf(in)}
		}
		d.Gaps = append(d.Gaps, one)
	}
	return d
}

// checkColumns finds columns to group by that were not kept.
func (s *Stage) checkColumns(info *table.DatasetInfo) error {
	if err := sliceable("slices", s.Slices, info); err != nil {
		return err
	}
	return sliceable("fairness", s.Fairness, info)
}
