package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/lineage"
)

func (a *app) queryCommand() *cobra.Command {
	var (
		asJSON bool
		limit  int
	)
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Ask the lineage database with SQL, read-only",
		Long: `Run one SELECT on the lineage database. The database is opened read-only: nothing can be changed. The tables and
views are described in docs/lineage.md; runs_view, executions_view, outputs_view and metrics_view are made for people.
With - in place of the SQL, it is read from standard input.`,
		Example: `  pipe query "SELECT id, status, seconds FROM runs_view ORDER BY started_at DESC LIMIT 5"
  pipe query "SELECT pipeline, max(value) FROM metrics_view WHERE name = 'accuracy' GROUP BY pipeline"
  pipe query --json "SELECT hash, type, size FROM outputs_view" | jq '.[].hash'`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			if err := atLeast(0, limit, "limit"); err != nil {
				return err
			}
			query := words[0]
			if query == "-" {
				var err error
				if query, err = readQuestion(cmd.Context(), a.in); err != nil {
					return err
				}
			}
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			rows, err := ws.DB.Query(cmd.Context(), query, limit)
			if err != nil {
				return err
			}
			if rows.Truncated {
				fmt.Fprintf(a.err, "only the first %d rows; raise --limit for more\n", limit)
			}
			if asJSON {
				return writeRowsJSON(a.out, rows)
			}
			cells := make([][]string, len(rows.Rows))
			for i, r := range rows.Rows {
				for _, v := range r {
					cells[i] = append(cells[i], cellText(v))
				}
			}
			return writeTable(a.out, rows.Columns, cells)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array with an object for each row")
	cmd.Flags().IntVar(&limit, "limit", 1000, "how many rows to print; 0 is all")
	return cmd
}

// maxQuestion is the most that a question may have, in bytes.
const maxQuestion = 1 << 20

// readQuestion reads until the end of the input, or of ctx: somebody may have
// forgotten to write it.
func readQuestion(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		text []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(in, maxQuestion+1))
		read <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-read:
		if r.err == nil && len(r.text) > maxQuestion {
			r.err = diag.Usagef("the question has more than %d MiB", maxQuestion>>20)
		}
		return string(r.text), r.err
	}
}

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		return fmt.Sprintf("%.10g", v)
	case []byte:
		return "x'" + hex.EncodeToString(v) + "'"
	default:
		return fmt.Sprint(v)
	}
}

// writeRowsJSON keeps the columns in the order of the query, which a map
// would not.
func writeRowsJSON(w io.Writer, rows *lineage.Rows) error {
	names, err := memberNames(rows.Columns)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("[")
	for i, r := range rows.Rows {
		b.WriteString(separator(i) + "  {")
		for j, v := range r {
			if j > 0 {
				b.WriteString(", ")
			}
			if blob, ok := v.([]byte); ok {
				v = hex.EncodeToString(blob)
			}
			value, err := jsonValue(v)
			if err != nil {
				return fmt.Errorf("row %d, column %q: %w", i+1, rows.Columns[j], err)
			}
			b.WriteString(names[j] + ": " + value)
		}
		b.WriteString("}")
	}
	if len(rows.Rows) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("]\n")
	_, err = io.WriteString(visibleJSON{w}, b.String())
	return err
}

// jsonValue writes a value. Infinity is what SQLite writes for it and reads as
// it: JSON has no word for it, and no largest number.
func jsonValue(v any) (string, error) {
	if f, ok := v.(float64); ok && math.IsInf(f, 0) {
		if f < 0 {
			return "-9e999", nil
		}
		return "9e999", nil
	}
	return jsonText(v)
}

// memberNames gives each column a name of its own, as JSON: of two that are
// called id, the second becomes id_1.
func memberNames(columns []string) ([]string, error) {
	taken := map[string]bool{}
	for _, c := range columns {
		taken[c] = true
	}
	seen := map[string]bool{}
	texts := make([]string, len(columns))
	for i, c := range columns {
		name := c
		for n := 1; seen[name] || name != c && taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", c, n)
		}
		seen[name] = true
		var err error
		if texts[i], err = jsonText(name); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}
