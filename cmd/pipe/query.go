package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace"
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
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				rows, err := ws.Query(cmd.Context(), query, limit)
				if err != nil {
					return err
				}
				if rows.Truncated {
					fmt.Fprintf(a.err, "only the first %d rows; raise --limit for more\n", limit)
				}
				if asJSON {
					return rows.WriteJSON(ui.VisibleJSON{W: a.out})
				}
				cells := make([][]string, len(rows.Rows))
				for i, r := range rows.Rows {
					for _, v := range r {
						cells[i] = append(cells[i], cellText(v))
					}
				}
				return ui.Table(a.out, rows.Columns, cells)
			})
		},
	}
	jsonFlag(cmd, &asJSON, "print a JSON array with an object for each row")
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
