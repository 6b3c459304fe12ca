package main

import (
	"fmt"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
	"pipe/data/source/schema"
)

// showSchema prints how data were read.
func (a *app) showSchema(v *format.SchemaView) error {
	fmt.Fprintln(a.out)
	if v.Reading != "" {
		fmt.Fprintf(a.out, "reading   %s\n", diag.Visible(v.Reading))
	}
	if v.Rows != nil {
		fmt.Fprintf(a.out, "read      %s, %s\n", ui.Plural(int(*v.Rows), "row"), ui.Plural(len(v.Columns), "column"))
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, c := range v.Columns[:min(len(v.Columns), maxShownColumns)] {
		rows = append(rows, []string{c.Name, c.Type.String(), c.Origin, strconv.FormatInt(c.Missing, 10), metText(&c)})
	}
	if err := ui.Table(a.out, []string{"COLUMN", "TYPE", "ORIGIN", "MISSING", "MET"}, rows); err != nil {
		return err
	}
	if more := len(v.Columns) - maxShownColumns; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", ui.Plural(more, "column"))
	}
	return nil
}

// metText says what may surprise in a column.
func metText(c *schema.Column) string {
	var parts []string
	if m := c.Misfits; m != nil {
		parts = append(parts, fmt.Sprintf("%d not %s, the first %s in line %d", m.Count, m.Type, strconv.Quote(m.First), m.Line))
	}
	for _, w := range c.Words {
		parts = append(parts, fmt.Sprintf("%s (%d)", strconv.Quote(w.Key), w.Value))
	}
	if c.Optional {
		parts = append(parts, "optional")
	}
	return clipText(strings.Join(parts, ", "))
}
