package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/content"
	"pipe/workspace/models"
	"pipe/workspace/runs"
)

func (a *app) evaluateCommand() *cobra.Command {
	var from newRows
	var measure models.Measures
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "evaluate FILE",
		Short: "Measure a trained model on new rows whose target is known",
		Long: `Read new rows with their target, take them through what the rows of training went through, and measure the model on
them: with the metrics, slices and further data sets of the stage evaluate that measured it in its run, by the same code,
so that the test rows of training give what they gave there. Conditions of that stage (require) do not count here.

Rows without a target are counted and left out, and so are those that filters and inner joins of training left out. A row that
cannot be used, such as one of a class that training did not know, or with a word in a column of numbers, is an error that names
it. The columns of --slice are among those that the transform keeps (keep of the stage preprocess).

How FILE is read, and --model, --transform, --table, --read, --header-env and --allow-exec, are as for pipe predict. The
evaluation is recorded like any other run, so that pipe report makes a page of it, and its lineage leads to the model and to the
rows.

With --json the document of the metrics is written, as pipe cat writes that of a stage evaluate.`,
		Example: `  pipe evaluate may.csv
  pipe evaluate may.csv --model penguins@production
  pipe evaluate may.csv --metric accuracy --metric log_loss --slice island
  pipe evaluate june.csv --model flights --table weather=june_weather.csv
  pipe evaluate may.csv --json | jq .metrics`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			if err := measure.Check(); err != nil {
				return err
			}
			req, err := from.request(words[0])
			if err != nil {
				return err
			}
			return withWorkspace(from.open(a), func(ws *workspace.Workspace) error {
				req.Observe = ui.NewWarnings(a.err, a.painter(a.err)).Event
				done, err := models.Evaluate(cmd.Context(), ws, req, measure)
				if done == nil {
					return err
				}
				if err != nil {
					return a.report(done.Result, err)
				}
				return a.writeEvaluation(cmd.Context(), ws, done, words[0], asJSON)
			})
		},
	}
	from.flags(a, cmd)
	cmd.Flags().StringArrayVar(&measure.Metrics, "metric", nil, "metric in place of those of training, the most important first (may be repeated)")
	cmd.Flags().StringArrayVar(&measure.Slices, "slice", nil, "column for whose values metrics are given, too (may be repeated)")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// writeEvaluation writes the metrics, and what is to be known of the rows.
func (a *app) writeEvaluation(ctx context.Context, ws *workspace.Workspace, done *models.Evaluation, file string, asJSON bool) error {
	run, err := runs.Show(ctx, ws, done.Result.RunID)
	if err != nil {
		return err
	}
	a.writeRemarks(&done.Remarks)
	if len(done.Absent) > 0 {
		fmt.Fprintf(a.err, "not compared with %s, as in training: the data sets are no longer in the store\n", diag.Visible(strings.Join(done.Absent, ", ")))
	}
	if asJSON {
		_, err = a.writeContent(ctx, ws, done.Metrics, "-", content.Form{})
		return err
	}
	left := ""
	if done.Unlabeled > 0 {
		left = fmt.Sprintf(", %s without a target left out", ui.Plural(done.Unlabeled, "row"))
	}
	fmt.Fprintf(a.out, "%s: %s%s; model %s\n", diag.Visible(file), ui.Plural(done.Rows, "row"), left, done.Model.Short())
	if err := a.showMetrics(slices.DeleteFunc(run.Executions, func(s runs.Stage) bool { return s.Kind != "evaluate" })); err != nil {
		return err
	}
	slicings, err := done.Slices(ctx, ws)
	if err != nil {
		return err
	}
	for _, s := range slicings {
		if err := a.writeSlicing(&s); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "\nreport  pipe report %s\n", run.ID)
	return nil
}

// maxSliceMetrics is how many metrics are shown of each slice.
const maxSliceMetrics = 4

// writeSlicing writes the metrics of the values of a column.
func (a *app) writeSlicing(s *models.Slicing) error {
	header := []string{s.Column, "ROWS"}
	names := s.Metrics[:min(len(s.Metrics), maxSliceMetrics)]
	header = append(header, names...)
	var rows [][]string
	for _, v := range s.Values {
		row := []string{cmp.Or(v.Value, "(empty)"), fmt.Sprint(v.Rows)}
		for _, name := range names {
			text := ""
			if x, ok := v.Metrics[name]; ok {
				text = ui.Number(x)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(a.out)
	return ui.Table(a.out, header, rows)
}
