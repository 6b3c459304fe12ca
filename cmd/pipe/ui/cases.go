package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/lineage"
	"pipe/runner"
)

// ManyCases is from where on the cases of a stage share a line: nobody compares fifty
// lines by eye.
const ManyCases = 10

// AllCases is the name for all cases of a stage, as pipelines have it.
func AllCases(stage string) string { return stage + "[*]" }

// A caseGroup is what is known of the cases of a stage that share a line.
type caseGroup struct {
	total, done, cached, good int
	bad                       lineage.Status // the worst of those that are not good; empty: all are
	begun, ended              time.Time
	metrics                   []metricRange
	warned                    map[string]bool // warnings that were shown, without their numbers
	more                      int             // and how many like them were not
	told                      bool            // the line is on the screen
}

// A metricRange is the least and the greatest value of a metric.
type metricRange struct {
	name     string
	min, max float64
}

// groupsOf finds the stages of many cases.
func groupsOf(stages []string) map[string]*caseGroup {
	groups := make(map[string]*caseGroup)
	for _, stage := range stages {
		base, c, _ := names.SplitCase(stage)
		if len(c) == 0 {
			continue
		}
		if groups[base] == nil {
			groups[base] = &caseGroup{warned: map[string]bool{}}
		}
		groups[base].total++
	}
	for base, g := range groups {
		if g.total <= ManyCases {
			delete(groups, base)
		}
	}
	return groups
}

// group is that of a stage; nil if it has a line of its own.
func (p *progress) group(stage string) *caseGroup {
	base, c, _ := names.SplitCase(stage)
	if len(c) == 0 {
		return nil
	}
	return p.groups[base]
}

// add takes in a case that is over.
func (g *caseGroup) add(ev runner.StageFinished, now time.Time) {
	g.done++
	g.ended = now
	switch ev.Status {
	case lineage.Cached:
		g.cached++
		g.good++
	case lineage.Succeeded:
		g.good++
	default:
		if g.bad == "" || ev.Status == lineage.Failed {
			g.bad = ev.Status
		}
	}
	for _, m := range ev.Metrics {
		if !isOwn(m) {
			continue
		}
		i := slices.IndexFunc(g.metrics, func(r metricRange) bool { return r.name == m.Name })
		if i < 0 {
			g.metrics = append(g.metrics, metricRange{m.Name, m.Value, m.Value})
			continue
		}
		g.metrics[i].min, g.metrics[i].max = min(g.metrics[i].min, m.Value), max(g.metrics[i].max, m.Value)
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

// warns says whether a warning of a case is to be shown: of those that differ in their
// numbers alone, as one about each fold, the first.
func (g *caseGroup) warns(text string) bool {
	text = digits.ReplaceAllString(text, "0")
	if g.warned[text] {
		g.more++
		return false
	}
	g.warned[text] = true
	return true
}

// over says whether nothing more will be known of the cases.
func (g *caseGroup) over() bool { return g.done == g.total }

// line says what came of the cases.
func (g *caseGroup) line(stage string, nameW int) []span {
	base, _, _ := names.SplitCase(stage)
	status := lineage.Succeeded
	took := padLeft(Duration(g.ended.Sub(g.begun)), tookWidth)
	switch {
	case g.bad != "":
		status = g.bad
	case g.cached == g.done || g.begun.IsZero():
		status, took = lineage.Cached, padLeft("cached", tookWidth)
	}
	sign, color := mark(status)
	text := fmt.Sprintf("  %d cases", g.total)
	if g.good < g.total {
		text = fmt.Sprintf("  %d of %d cases", g.good, g.total)
	}
	if g.cached > 0 && g.cached < g.good {
		text += fmt.Sprintf(", %d cached", g.cached)
	}
	if g.more > 0 {
		text += ", " + Plural(g.more, "more warning")
	}
	const most = 6
	for _, m := range g.metrics[:min(len(g.metrics), most)] {
		value := Number(m.min)
		if upper := Number(m.max); upper != value {
			value += "–" + upper
		}
		text += "  " + diag.Visible(m.name) + " " + value
	}
	line := []span{{"", "  "}, {color, sign}, {"", " " + Pad(AllCases(base), nameW) + "  "}}
	if status == lineage.Cached {
		return append(line, span{Dim, took + text})
	}
	return append(line, span{"", took + text})
}

// isOwn says whether a metric is of the stage itself, or the mean over many cases, and not
// of a further data set, as train.rmse is.
func isOwn(m lineage.Metric) bool {
	of, ok := strings.CutSuffix(m.Name, ".mean")
	return !strings.Contains(m.Name, ".") || m.Name == "validation.loss" || ok && !strings.Contains(of, ".")
}

// StageName is the name of a stage in so many columns. Of a case the values tell more than
// the axes, which are the same in all lines around it.
func StageName(stage string, columns int) string {
	if Width(stage) <= columns {
		return stage
	}
	base, c, _ := names.SplitCase(stage)
	if len(c) == 0 {
		return stage
	}
	labels := make([]string, len(c))
	for i, v := range c {
		labels[i] = v.Label
	}
	short := strings.Join(labels, ",") + "]"
	if room := columns - len(base) - 2; len(base)+1+len(short) > columns && room > 3 {
		return base + "[…" + short[len(short)-room:] // names and labels are ASCII
	}
	return base + "[" + short
}
