// Package tables shows what is in tables: sections of a page with their columns,
// how the values of each are spread, and what was found when they were read.
package tables

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/format"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
)

// How much of a table is shown.
const (
	mostColumns  = 200
	mostOpen     = 40 // columns of a table that is shown without being asked for
	mostWarnings = 30
	longWarning  = 400 // characters
	longName     = 60
	longMet      = 160
	longValue    = 32
	mostValues   = 4 // of the most frequent
)

// A Table is a table with where it comes from.
type Table struct {
	Name string // that people know it by
	*format.Table

	Schema   *format.SchemaView // how it was read; nil if that is not known
	Warnings []Warning          // of the stage that made it
	Missed   string             // how to see the columns that are not shown
}

// A Warning is what a stage warned of, and what to do.
type Warning struct{ Text, Hint string }

// Fold shows a table.
func (t *Table) Fold() report.Fold {
	f := report.Fold{Title: diag.Visible(t.Name), Note: t.size(), Open: len(t.Columns) <= mostOpen}
	if found := format.Flow(string(t.Found)); found != "" {
		f.Notes = append(f.Notes, "Found out of the file: "+clip(found, longWarning))
	}
	for i, w := range t.Warnings {
		if i == mostWarnings {
			f.Notes = append(f.Notes, fmt.Sprintf("and %d more warnings", len(t.Warnings)-i))
			break
		}
		note := clip(w.Text, longWarning)
		if w.Hint != "" {
			note += ". Hint: " + clip(w.Hint, longWarning)
		}
		f.Notes = append(f.Notes, note)
	}
	met := t.met()
	columns := report.Table{Columns: []report.Column{{Name: "column"}, {Name: "type"}, {Name: "missing", Number: true}, {Name: "different", Number: true},
		{Name: "values"}, {Name: "least"}, {Name: "median", Number: true}, {Name: "greatest"}}}
	if len(met) > 0 {
		columns.Columns = append(columns.Columns, report.Column{Name: "read"})
	}
	for i := range t.Columns[:min(len(t.Columns), mostColumns)] {
		c := &t.Columns[i]
		row := append([]report.Cell{name(c), {Text: c.Type, Tone: report.Quiet}, t.missing(c), different(c), t.values(c, nil)}, bounds(c)...)
		if len(met) > 0 {
			row = append(row, report.Cell{Text: met[c.Name], Tone: report.Quiet})
		}
		columns.Rows = append(columns.Rows, row)
	}
	columns.Caption = t.more()
	f.Blocks = report.Blocks{columns}
	return f
}

func (t *Table) size() string {
	parts := []string{count(t.Rows, "row"), count(int64(len(t.Columns)), "column")}
	var missing int64
	for _, c := range t.Columns {
		missing += c.Missing
	}
	if missing > 0 {
		parts = append(parts, count(missing, "missing value"))
	}
	if n := len(t.Warnings); n > 0 {
		parts = append(parts, count(int64(n), "warning"))
	}
	return strings.Join(parts, ", ")
}

// met is what may surprise in the columns, by name.
func (t *Table) met() map[string]string {
	met := map[string]string{}
	add := func(name, what string) {
		if before := met[name]; before != "" && what != "" {
			what = before + "; " + what
		}
		if what != "" {
			met[name] = clip(what, longMet)
		}
	}
	for _, c := range t.Columns {
		if c.Written != "" {
			add(c.Name, "written as "+c.Written)
		}
		add(c.Name, c.Doubt)
	}
	if t.Schema != nil {
		for i := range t.Schema.Columns {
			add(t.Schema.Columns[i].Name, format.Met(&t.Schema.Columns[i]))
		}
	}
	return met
}

func (t *Table) more() string {
	if n := len(t.Columns) - mostColumns; n > 0 {
		return strings.TrimSpace(fmt.Sprintf("%s are not shown. %s", count(int64(n), "column"), t.Missed))
	}
	return ""
}

// A Part is one of the tables into which the rows of another went.
type Part struct {
	Name string
	*format.Table
}

// Parts shows tables with the same columns beside each other, the largest first, so
// that one can see whether they are alike.
func Parts(title string, parts []Part) report.Fold {
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(b.Rows, a.Rows) })
	first := parts[0]
	t := report.Table{Columns: []report.Column{{Name: "column"}, {Name: "type"}}}
	var sizes []string
	for _, p := range parts {
		t.Columns = append(t.Columns, report.Column{Name: diag.Visible(p.Name), Note: count(p.Rows, "row")})
		sizes = append(sizes, diag.Visible(p.Name)+" "+chart.Count(p.Rows))
	}
	for i := range first.Columns[:min(len(first.Columns), mostColumns)] {
		c := &first.Columns[i]
		row := []report.Cell{name(c), {Text: c.Type, Tone: report.Quiet}}
		same := scale(parts, i)
		for _, p := range parts {
			row = append(row, p.beside(&p.Columns[i], same))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Caption = "The histograms of a column are on one scale."
	if n := len(first.Columns) - mostColumns; n > 0 {
		t.Caption += " " + count(int64(n), "column") + " are not shown."
	}
	return report.Fold{Title: diag.Visible(title), Note: strings.Join(sizes, ", ") + " rows", Open: len(first.Columns) <= mostOpen, Blocks: report.Blocks{t}}
}

// A span is the range of a scale.
type span struct{ from, to float64 }

// scale is one on which the histograms of a column are in all parts, or nil if one
// of them has none.
func scale(parts []Part, column int) *span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, p := range parts {
		h := p.Columns[column].Histogram()
		if h == nil {
			return nil
		}
		s.from, s.to = min(s.from, h.Min), max(s.to, h.Max)
	}
	return &s
}

// beside is what a part has in a column, in one cell.
func (p *Part) beside(c *format.Column, same *span) report.Cell {
	cell := (&Table{Table: p.Table}).values(c, same)
	var parts []string
	if m, ok := c.Median(); ok && cell.Spark != nil {
		parts = append(parts, "median "+chart.Number(m, 4))
	}
	if cell.Text != "" {
		parts = append(parts, cell.Text)
	}
	if c.Missing > 0 {
		parts = append(parts, chart.Count(c.Missing)+" missing")
	}
	cell.Text = strings.Join(parts, " · ")
	return cell
}

func name(c *format.Column) report.Cell {
	cell := report.Cell{Text: clip(c.Name, longName)}
	if c.Role != "" && c.Role != c.Name {
		cell.Text += " (" + diag.Visible(c.Role) + ")"
	}
	return cell
}

func (t *Table) missing(c *format.Column) report.Cell {
	if c.Missing == 0 {
		return report.Cell{Text: "0", Tone: report.Quiet}
	}
	share := float64(c.Missing) / float64(max(t.Rows, 1))
	return report.Cell{Text: fmt.Sprintf("%s (%s)", chart.Count(c.Missing), percent(share))}
}

// percent is a share that is not written as 0 or 1 unless it is.
func percent(share float64) string {
	switch {
	case share > 0 && share < .01:
		return "<1%"
	case share < 1 && share > .99:
		return ">99%"
	}
	return chart.Percentage(share, 0)
}

func different(c *format.Column) report.Cell {
	switch d := c.Distinct; {
	case d == nil:
		return report.Cell{}
	case d.Estimate:
		return report.Cell{Text: "~" + chart.Number(float64(d.N), 2), Doc: "an estimate"}
	default:
		return report.Cell{Text: chart.Count(d.N)}
	}
}

// values draws or lists the values of a column, on a scale or on its own.
func (t *Table) values(c *format.Column, on *span) report.Cell {
	h := c.Histogram()
	if h == nil {
		cell := report.Cell{Text: c.Frequent(t.Rows, mostValues, longValue), Doc: lengths(c)}
		if cell.Text == "" && cell.Doc != "" {
			cell = report.Cell{Text: cell.Doc, Tone: report.Quiet}
		}
		return cell
	}
	if on == nil {
		on = &span{h.Min, h.Max}
	}
	label := fmt.Sprintf("%s from %s to %s", clip(c.Name, longName), text(c.Min), text(c.Max))
	return report.Cell{Doc: spreadOf(c), Spark: &chart.Spark{Label: label, Counts: h.Count, Min: h.Min, Max: h.Max, From: on.from, To: on.to}}
}

// lengths says how long texts are.
func lengths(c *format.Column) string {
	l := c.Lengths
	switch {
	case l == nil:
		return ""
	case l.Min == l.Max:
		return "all of " + count(int64(l.Min), "character")
	}
	return fmt.Sprintf("%s to %s, %s on average", chart.Count(int64(l.Min)), count(int64(l.Max), "character"), chart.Number(l.Mean, 3))
}

// spreadOf says in numbers how the values of a column are spread.
func spreadOf(c *format.Column) string {
	if !table.ClassNamed(c.Type).Numeric() {
		return ""
	}
	parts := []string{"mean " + chart.Number(c.Numbers.Mean, 4), "standard deviation " + chart.Number(c.Numbers.Deviation, 4)}
	for _, q := range []struct {
		share float64
		name  string
	}{{.05, "5%"}, {.25, "25%"}, {.5, "50%"}, {.75, "75%"}, {.95, "95%"}} {
		if v, ok := c.Numbers.Quantile(q.share); ok {
			parts = append(parts, q.name+" below "+chart.Number(v, 4))
		}
	}
	return strings.Join(parts, ", ")
}

// bounds are the least, the middle and the greatest value.
func bounds(c *format.Column) []report.Cell {
	least, most := report.Cell{Text: text(c.Min)}, report.Cell{Text: text(c.Max)}
	median := report.Cell{}
	if m, ok := c.Median(); ok {
		median.Text = chart.Number(m, 4)
	}
	return []report.Cell{least, median, most}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return format.Clip(*s, longValue)
}

func clip(s string, width int) string {
	s = diag.Visible(s)
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return chart.Count(n) + " " + noun + "s"
}
