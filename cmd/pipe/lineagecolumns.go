package main

import (
	"fmt"
	"io"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace/trace"
)

// writeColumns shows where columns are from, one table for each artifact.
func writeColumns(w io.Writer, columns []trace.Column, paint func(code, text string) string) error {
	if len(columns) == 0 {
		_, err := fmt.Fprintln(w, "no columns are known here: an artifact with columns is a table, a dataset, a transform or a model")
		return err
	}
	type place struct {
		id        artifacts.ID
		execution int64
		port      string
	}
	at := func(c trace.Column) place { return place{c.Artifact, c.Execution, c.Port} }
	for first := true; len(columns) > 0; first = false {
		n := 1
		for n < len(columns) && at(columns[n]) == at(columns[0]) {
			n++
		}
		if !first {
			fmt.Fprintln(w)
		}
		c := columns[0]
		fmt.Fprintf(w, "%s  %s  %s%s\n", paint(ui.Bold, diag.Visible(c.Stage+"."+c.Port)), paint(ui.Cyan, c.Type), c.Artifact.Short(), paint(ui.Dim, "  run "+c.Run))
		var cells [][]string
		for _, c := range columns[:n] {
			through := diag.Visible(strings.Join(c.Through, " > "))
			for i, s := range c.From {
				name := ""
				if i == 0 {
					name = diag.Visible(c.Column)
				} else {
					through = ""
				}
				cells = append(cells, []string{name, sourceText(s), diag.Visible(s.Column), through})
			}
		}
		if err := ui.Table(w, []string{"column", "made from", "its column", "through"}, cells); err != nil {
			return err
		}
		columns = columns[n:]
	}
	return nil
}

func sourceText(s trace.Source) string {
	switch {
	case s.Path != "":
		return diag.Visible(s.Path)
	case s.Stage != "":
		return diag.Visible(s.Stage + "." + s.Port)
	}
	return s.ID.Short()
}
