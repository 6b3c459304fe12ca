package main

import (
	"fmt"
	"strconv"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
)

// showSchema prints how data were read.
func (a *app) showSchema(v *format.SchemaView) error {
	fmt.Fprintln(a.out)
	if with := format.Flow(v.Reading); with != "" {
		fmt.Fprintf(a.out, "read with %s\n", diag.Visible(with))
	}
	if v.Rows != nil {
		left := ""
		if v.LeftOut > 0 {
			left = fmt.Sprintf("; %s left out", ui.Plural(int(v.LeftOut), "record"))
		}
		fmt.Fprintf(a.out, "read      %s, %s%s\n", ui.Plural(int(*v.Rows), "row"), ui.Plural(len(v.Columns), "column"), left)
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, c := range v.Columns[:min(len(v.Columns), maxShownColumns)] {
		rows = append(rows, []string{c.Name, c.Type.String(), c.Origin, strconv.FormatInt(c.Missing, 10), clipText(format.Met(&c))})
	}
	if err := ui.Table(a.out, []string{"COLUMN", "TYPE", "ORIGIN", "MISSING", "MET"}, rows); err != nil {
		return err
	}
	if more := len(v.Columns) - maxShownColumns; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", ui.Plural(more, "column"))
	}
	return nil
}
