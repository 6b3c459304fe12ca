package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
)

// writeColumns shows where columns are from, one table for each artifact.
func writeColumns(w io.Writer, columns []lineage.Column, paint func(code, text string) string) error {
	if len(columns) == 0 {
		_, err := fmt.Fprintln(w, "no columns are known here: an artifact with columns is a table, a dataset, a transform or a model")
		return err
	}
	type place struct {
		id        artifacts.ID
		execution int64
		port      string
	}
	at := func(c lineage.Column) place { return place{c.Artifact, c.Execution, c.Port} }
	for first := true; len(columns) > 0; first = false {
		n := 1
		for n < len(columns) && at(columns[n]) == at(columns[0]) {
			n++
		}
		if !first {
			fmt.Fprintln(w)
		}
		c := columns[0]
		fmt.Fprintf(w, "%s  %s  %s%s\n", paint(bold, diag.Visible(c.Stage+"."+c.Port)), paint(cyan, c.Type), c.Artifact.Short(), paint(dim, "  run "+c.RunID))
		var cells [][]string
		for _, c := range columns[:n] {
			through := diag.Visible(strings.Join(c.Through, " > "))
			for i, s := range c.Sources {
				name := ""
				if i == 0 {
					name = diag.Visible(c.Name)
				} else {
					through = ""
				}
				cells = append(cells, []string{name, sourceText(s), diag.Visible(s.Column), through})
			}
		}
		if err := writeTable(w, []string{"column", "made from", "its column", "through"}, cells); err != nil {
			return err
		}
		columns = columns[n:]
	}
	return nil
}

func sourceText(s lineage.ColumnSource) string {
	switch {
	case s.Path != "":
		return diag.Visible(s.Path)
	case s.Stage != "":
		return diag.Visible(s.Stage + "." + s.Port)
	}
	return s.Artifact.Short()
}

func columnsJSON(columns []lineage.Column) any {
	type source struct {
		Path   string `json:"path,omitempty"`
		Stage  string `json:"stage,omitempty"`
		Port   string `json:"port,omitempty"`
		ID     string `json:"id"`
		Column string `json:"column"`
	}
	type column struct {
		Artifact string   `json:"artifact"`
		Type     string   `json:"type"`
		Run      string   `json:"run"`
		Stage    string   `json:"stage"`
		Port     string   `json:"port"`
		Column   string   `json:"column"`
		From     []source `json:"from"`
		Through  []string `json:"through"`
	}
	out := struct {
		Columns []column `json:"columns"`
	}{[]column{}}
	for _, c := range columns {
		col := column{c.Artifact.String(), c.Type, c.RunID, c.Stage, c.Port, c.Name, []source{}, slices.Clone(c.Through)}
		for _, s := range c.Sources {
			col.From = append(col.From, source{s.Path, s.Stage, s.Port, s.Artifact.String(), s.Column})
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}
