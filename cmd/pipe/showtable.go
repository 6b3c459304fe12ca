package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
	"pipe/data/profile"
	"pipe/workspace/runs"
)

// How much of a table is shown to people.
const (
	maxShownColumns = 200
	maxShownText    = 40
	maxAcross       = 20 // columns of the first rows
)

func (a *app) showTable(v *format.Table) error {
	fmt.Fprintf(a.out, "\n%s, %s\n", ui.Plural(int(v.Rows), "row"), ui.Plural(len(v.Columns), "column"))
	if found := format.Flow(string(v.Found)); found != "" {
		fmt.Fprintf(a.out, "found out of the file: %s\n", diag.Visible(found))
	}
	fmt.Fprintln(a.out)
	header := []string{"COLUMN", "TYPE", "MISSING", "DISTINCT", "MIN", "MEDIAN", "MAX", "VALUES"}
	nan := slices.ContainsFunc(v.Columns, func(c format.Column) bool { return c.NaN > 0 })
	if nan {
		header = append(header, "NAN")
	}
	written := slices.ContainsFunc(v.Columns, func(c format.Column) bool { return c.Written != "" })
	if written {
		header = append(header, "WRITTEN AS")
	}
	var rows [][]string
	for _, c := range v.Columns[:min(len(v.Columns), maxShownColumns)] {
		name := c.Name
		if c.Role != "" && c.Role != c.Name {
			name += " (" + c.Role + ")"
		}
		row := []string{name, c.Type, strconv.FormatInt(c.Missing, 10), distinctText(c.Distinct), brief(c.Min), medianText(&c), brief(c.Max), spread(&c, v.Rows)}
		if nan {
			row = append(row, strconv.FormatInt(c.NaN, 10))
		}
		if written {
			row = append(row, clipText(c.Written))
		}
		rows = append(rows, row)
	}
	if err := ui.Table(a.out, header, rows); err != nil {
		return err
	}
	if more := len(v.Columns) - maxShownColumns; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", ui.Plural(more, "column"))
	}
	if len(v.Head) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return a.showRows(v)
}

// showRows prints the first rows: one below the other, or beside each other if a
// line would have more columns than people follow.
func (a *app) showRows(v *format.Table) error {
	names := make([]string, min(len(v.Columns), maxShownColumns))
	for i := range names {
		names[i] = v.Columns[i].Name
	}
	var rows [][]string
	for _, values := range v.Head {
		row := make([]string, len(names))
		for i, name := range names {
			row[i] = shown(values[name])
		}
		rows = append(rows, row)
	}
	if len(names) <= maxAcross || len(rows) > maxAcross {
		return ui.Table(a.out, names, rows)
	}
	header, lines := []string{"COLUMN"}, make([][]string, len(names))
	for row := range rows {
		header = append(header, fmt.Sprintf("ROW %d", row+1))
	}
	for i, name := range names {
		lines[i] = []string{name}
		for _, row := range rows {
			lines[i] = append(lines[i], row[i])
		}
	}
	return ui.Table(a.out, header, lines)
}

// brief is a value where there are many columns beside it.
func brief(s *string) string {
	if s == nil {
		return ""
	}
	return format.Clip(*s, 20)
}

func distinctText(d *profile.Distinct) string {
	switch {
	case d == nil:
		return ""
	case d.Estimate:
		return "~" + ui.Number(float64(d.N))
	}
	return strconv.FormatInt(d.N, 10)
}

func medianText(c *format.Column) string {
	if v, ok := c.Median(); ok {
		return ui.Number(v)
	}
	return ""
}

// spread draws how numbers are spread, and lists the most frequent of other values.
func spread(c *format.Column, rows int64) string {
	if h := c.Histogram(); h != nil {
		return bars(h.Count)
	}
	return c.Frequent(rows, 3, 12)
}

// bars draws counts as bars of eight heights; what is not there has none.
func bars(counts []int64) string {
	heights := []rune("▁▂▃▄▅▆▇█")
	most := slices.Max(counts)
	var out strings.Builder
	for _, n := range counts {
		if n == 0 {
			out.WriteRune(' ')
			continue
		}
		out.WriteRune(heights[(n*int64(len(heights))-1)/max(most, 1)])
	}
	return strings.TrimRight(out.String(), " ")
}

func shown(s *string) string {
	if s == nil {
		return ""
	}
	return clipText(*s)
}

// clipText shortens a value for a table.
func clipText(s string) string {
	s = diag.Visible(s)
	if runes := []rune(s); len(runes) > maxShownText {
		return string(runes[:maxShownText-1]) + "…"
	}
	return s
}

// maxShownFiles is how many files of a directory are shown to people.
const maxShownFiles = 100

func (a *app) showFolder(v *format.Folder) error {
	fmt.Fprintf(a.out, "\n%s, %s\n\n", ui.Plural(len(v.Files), "file"), ui.Bytes(v.Size))
	var rows [][]string
	for _, f := range v.Files[:min(len(v.Files), maxShownFiles)] {
		rows = append(rows, []string{f.Path, ui.Bytes(f.Size), fileText(&f)})
	}
	if err := ui.Table(a.out, []string{"FILE", "SIZE", "SHA256"}, rows); err != nil {
		return err
	}
	if more := len(v.Files) - maxShownFiles; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", ui.Plural(more, "file"))
	}
	return nil
}

func (a *app) showContent(art *runs.Artifact) error {
	switch v := art.Content.(type) {
	case nil:
		return nil
	case *format.Network:
		return a.showNetwork(v)
	case *format.Trees:
		return a.showTrees(v)
	case *format.Forecaster:
		return a.showForecaster(v)
	case *format.Table:
		return a.showTable(v)
	case *format.Folder:
		return a.showFolder(v)
	case *format.SchemaView:
		return a.showSchema(v)
	default:
		return ui.WriteJSON(a.out, v)
	}
}

// fileText says which version of a file that is.
func fileText(v *format.File) string {
	switch {
	case v == nil:
		return "(none)"
	case v.Executable:
		return v.ID.Short() + " executable"
	}
	return v.ID.Short()
}

func idOrNone(id artifacts.ID) string {
	if id.IsZero() {
		return "(none)"
	}
	return id.Short()
}
