package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
)

type meaning = metric.Meaning

const (
	// mostVariants is how many variants a chart shows, and mostCases how many cases a table.
	mostVariants = 50
	mostCases    = 200
	mostMetrics  = 3
	mostTogether = 3 // metrics of all rows
)

// show writes a value of the metric that decides.
func (r *results) show(v float64) string { return showOf(r.def, v) }

func showOf(def *metric.Def, v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case def != nil && def.Unit == metric.Share:
		return chart.Percentage(v, 1)
	case def != nil && def.Goal == metric.Up:
		return chart.Decimals(v, 3)
	}
	return chart.Digits(v, 3)
}

// page is what the report says.
func (r *results) page(title string) *report.Page {
	best := r.best()
	s := best.stats[r.by]
	p := &report.Page{Title: title}
	if title == "" {
		p.Title = strings.TrimSpace(r.target + " by " + r.by)
	}
	cases := 0
	for _, v := range r.variants {
		cases += len(v.cases)
	}
	p.Subtitle = fmt.Sprintf("%s of %s, %s", plural(cases, "case"), plural(len(r.variants), "variant"), r.repeated())
	p.Headline = []report.Highlight{
		r.bestHighlight(),
		{Name: r.by, Value: r.show(s.mean), Doc: "mean over its cases", Facts: []report.Fact{{Name: "range", Value: r.show(s.min) + "\u2009–\u2009" + r.show(s.max)}, {Name: "standard deviation", Value: r.show(s.std)}}},
	}
	for _, v := range r.verdicts {
		p.Checks = append(p.Checks, report.Check{Met: v.met, Text: v.sentence()})
	}
	p.Sections = []report.Section{r.variantSection()}
	if len(best.pooled) > 0 {
		p.Sections = append(p.Sections, r.togetherSection())
	}
	for _, s := range []*report.Section{r.learningSection(), r.gradientSection()} {
		if s != nil {
			p.Sections = append(p.Sections, *s)
		}
	}
	p.Sections = append(p.Sections, r.caseSection())
	return p
}

// longName is from how many bytes on the name of a variant is taken apart.
const longName = 20

// bestHighlight names the best variant, one with a long name by its values.
func (r *results) bestHighlight() report.Highlight {
	best := r.best()
	h := report.Highlight{Name: "best", Value: best.name(), Doc: "the variant with the best mean of " + r.by}
	if len(h.Value) < longName {
		return h
	}
	h.Value = "1 of " + chart.Count(int64(len(r.variants)))
	for _, v := range best.of {
		h.Facts = append(h.Facts, report.Fact{Name: v.Axis, Value: v.Label})
	}
	return h
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return chart.Count(int64(n)) + " " + what
}

func (r *results) repeated() string {
	var axes []string
	for _, axis := range r.over {
		if slices.ContainsFunc(r.variants, func(v *variant) bool { _, ok := v.cases[0].name.Get(axis); return ok }) {
			axes = append(axes, axis)
		}
	}
	if len(axes) == 0 {
		return "each once"
	}
	return "over " + strings.Join(axes, " and ")
}

// variantSection has a row for each variant, and a chart of their ranges.
func (r *results) variantSection() report.Section {
	t := &report.Table{Columns: []report.Column{{Name: "", Number: true}, {Name: "variant"}, {Name: "cases", Number: true},
		{Name: r.by, Note: "mean", Number: true}, {Name: "± std", Number: true}, {Name: "range", Number: true}, {Name: "behind", Number: true}, {Name: "worse in", Number: true}}}
	var others []string
	for _, m := range r.metrics {
		if m != r.by && len(others) < mostMetrics {
			others = append(others, m)
			t.Columns = append(t.Columns, report.Column{Name: m, Note: "mean", Number: true})
		}
	}
	for i, v := range r.variants {
		tone := report.Normal
		if i == 0 {
			tone = report.Strong
		}
		s := v.stats[r.by]
		behind, worse := "", ""
		if v.against != nil {
			behind, worse = r.show(v.against.mean), fmt.Sprintf("%d of %d", v.against.better, v.against.n)
		}
		if o := v.origins; o != nil {
			behind += " (" + r.show(-o.High) + "\u2009–\u2009" + r.show(-o.Low) + ")"
		}
		row := report.Texts(strconv.Itoa(i+1), v.name(), chart.Count(int64(s.n)), r.show(s.mean), r.show(s.std), r.show(s.min)+"\u2009–\u2009"+r.show(s.max), behind, worse)
		row[1].Tone, row[3].Tone = tone, tone
		for _, m := range others {
			def := known(lastPart(m))
			row = append(row, report.Cell{Text: showOf(def, v.stats[m].mean)})
		}
		t.Rows = append(t.Rows, row)
	}
	lead := "The best mean first. Behind is by how much the first is better, as the mean over the cases that have the same seed and fold."
	if slices.ContainsFunc(r.variants, func(v *variant) bool { return v.origins != nil }) {
		lead += " In brackets is the 95% interval of by how much it errs less at the same origins, of which blocks are drawn together: it may be chance where 0 is inside."
	}
	return report.Section{Title: "Variants", Lead: lead, Table: t, Notes: r.notes, Blocks: append(r.axisFigures(), r.ranges())}
}

// togetherSection has metrics of the rows of all cases, as of one evaluation.
func (r *results) togetherSection() report.Section {
	t := &report.Table{Columns: []report.Column{{Name: "", Number: true}, {Name: "variant"}, {Name: "rows", Number: true}}}
	var shown []string
	for _, m := range append([]string{r.by}, r.metrics...) {
		if _, ok := r.best().pooled[m]; ok && !slices.Contains(shown, m) && len(shown) < mostTogether {
			shown = append(shown, m)
		}
	}
	paired := slices.ContainsFunc(r.variants, func(v *variant) bool { return v.paired != nil })
	for i, m := range shown {
		t.Columns = append(t.Columns, report.Column{Name: m, Number: true})
		if paired && i == 0 {
			t.Columns = append(t.Columns, report.Column{Name: "behind", Number: true})
		}
	}
	for i, v := range r.variants {
		row := report.Texts(strconv.Itoa(i+1), v.name(), chart.Count(int64(v.rows)))
		for j, m := range shown {
			def, _ := metric.All().Find(m)
			row = append(row, togetherCell(def, v.pooled, m))
			if paired && j == 0 {
				row = append(row, behindCell(def, v.behind(m)))
			}
		}
		if i == 0 {
			row[1].Tone, row[3].Tone = report.Strong, report.Strong
		}
		t.Rows = append(t.Rows, row)
	}
	lead := "The rows of all cases of a variant, measured as those of one evaluation, with 95% confidence intervals: where rows are there several times, as with several seeds, they are drawn with all that was predicted of them."
	if paired {
		lead += " Behind is by how much the first is better on the same rows, which are resampled together: it may be chance where 0 is inside of the interval."
	}
	if r.blocks > 1 {
		lead += fmt.Sprintf(" As in the evaluations, blocks of %d rows that follow each other are drawn together.", r.blocks)
	}
	return report.Section{Title: "All rows", Lead: lead, Table: t}
}

// togetherCell is a metric of all rows with its interval.
func togetherCell(def *metric.Def, values map[string]pooled, m string) report.Cell {
	p, ok := values[m]
	if !ok {
		return report.Cell{Text: "–"}
	}
	c := report.Cell{Text: showOf(def, p.value)}
	if p.interval != nil {
		c.Text += " (" + showOf(def, p.interval.Low) + "\u2009–\u2009" + showOf(def, p.interval.High) + ")"
	}
	return c
}

// behindCell is by how much the best variant is better, with the interval of that.
func behindCell(def *metric.Def, d *metric.Difference) report.Cell {
	if d == nil {
		return report.Cell{}
	}
	low, high, _ := d.Gain()
	c := report.Cell{Text: showOf(def, d.Goal.Gain(d.Value, 0)) + " (" + showOf(def, low) + "\u2009–\u2009" + showOf(def, high) + ")", Doc: "it may be chance"}
	if low > 0 {
		c.Tone, c.Doc = report.Strong, "more than chance"
	}
	return c
}

// ranges is a chart with each case as a dot, and lines from the worst to the best.
func (r *results) ranges() report.Figure {
	share := r.def != nil && r.def.Unit == metric.Share
	plot := &chart.Plot{Width: 980, Height: 320, X: chart.Axis{Title: "variant, as numbered in the table", Whole: true, Min: 0.5, Max: float64(min(len(r.variants), mostVariants)) + 0.5},
		Y: chart.Axis{Title: r.by, Percent: share}}
	var all, means chart.Dots
	for i, v := range r.variants[:min(len(r.variants), mostVariants)] {
		x := float64(i + 1)
		s := v.stats[r.by]
		plot.Marks = append(plot.Marks, chart.Line{Class: chart.Series(0), X: chart.Numbers{x, x}, Y: chart.Numbers{s.min, s.max}})
		for _, c := range v.cases {
			all.X, all.Y = append(all.X, x), append(all.Y, c.values[r.by])
			all.Tips = append(all.Tips, c.name.String()+": "+r.show(c.values[r.by]))
		}
		means.X, means.Y, means.Tips = append(means.X, x), append(means.Y, s.mean), append(means.Tips, v.name()+": "+r.show(s.mean)+" on average")
	}
	all.Name, all.Class = "case", chart.Series(0)
	means.Name, means.Class, means.Radius = "mean", chart.Series(1), 5
	plot.Marks = append(plot.Marks, all, means)
	plot.Label = fmt.Sprintf("%s of the cases of %s; the best mean is %s, of %s", r.by, plural(len(r.variants), "variant"), r.show(r.best().stats[r.by].mean), r.best().name())
	caption := "Each case, the range of each variant, and its mean."
	if len(r.variants) > mostVariants {
		caption += fmt.Sprintf(" The first %d variants.", mostVariants)
	}
	return report.Figure{Title: r.by + " by variant", Caption: caption, Plot: plot, Wide: true}
}

// caseSection lists the cases.
func (r *results) caseSection() report.Section {
	t := report.Table{Columns: []report.Column{{Name: "case"}, {Name: "rows", Number: true}}}
	metrics := r.metrics[:min(len(r.metrics), mostMetrics+1)]
	for _, m := range metrics {
		t.Columns = append(t.Columns, report.Column{Name: m, Number: true})
	}
	left := 0
	for _, v := range r.variants {
		for _, c := range v.cases {
			if len(t.Rows) == mostCases {
				left++
				continue
			}
			name := c.name.String()
			if name == "" {
				name = "the only one"
			}
			row := report.Texts(name, chart.Count(int64(c.rows)))
			for _, m := range metrics {
				def := known(lastPart(m))
				row = append(row, report.Cell{Text: showOf(def, c.values[m])})
			}
			t.Rows = append(t.Rows, row)
		}
	}
	fold := report.Fold{Title: "Cases", Open: len(t.Rows) <= 20, Blocks: report.Blocks{t}}
	if left > 0 {
		fold.Notes = []string{fmt.Sprintf("%d more are in the metrics.", left)}
	}
	return report.Section{Title: "Cases", Lead: "What was measured of each.", Blocks: report.Blocks{fold}}
}
