package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/content"
	"pipe/workspace/models"
)

func (a *app) forecastCommand() *cobra.Command {
	var from newRows
	var output string
	var steps int
	cmd := &cobra.Command{
		Use:   "forecast [FILE]",
		Short: "Forecast the next steps of series",
		Long: `Forecast the steps behind the end of each series, with a model that a stage of kind forecast has made.

Without a FILE the series are those of the table that the model was made of; a FILE has them as they are now, with the
columns that the table had. It is read as the training data were, but for what --read says. Nothing is fitted again:
levels, seasons and lags follow the values to the end of the series. Steps ahead are those behind the last value of the
target: rows of these, with the target empty, say what columns that are known ahead will be, such as holidays.

There is a row for each series and step, with the intervals that the model was made with. They rest on the errors of its
test, so that a model that is old should be made anew. A series that the model does not know, or that is too short for
it, is left out with a warning.

The forecast is recorded like any other run. The file is written in the form that its ending names:
` + content.EndingsText() + `.`,
		Example: `  pipe forecast
  pipe forecast --model co2/outlook --steps 6
  pipe forecast newer.csv --model co2@production -o next.csv`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			form, err := predictionForm(output)
			if err != nil {
				return err
			}
			if steps < 0 || steps > 10_000 {
				return diag.Usage(fmt.Errorf("--steps %d: 1 to 10000 are possible", steps))
			}
			req := models.Request{Model: from.model, Read: from.read}
			if len(words) == 1 {
				if req, err = from.request(words[0]); err != nil {
					return err
				}
			}
			return withWorkspace(from.open(a), func(ws *workspace.Workspace) error {
				v := ui.NewWarnings(a.err, a.painter(a.err))
				req.Observe = v.Event
				done, err := models.ForecastNext(cmd.Context(), ws, req, steps)
				if done == nil || done.Result == nil {
					return err
				}
				if err != nil {
					return a.report(done.Result, err)
				}
				isFile, err := a.writeContent(cmd.Context(), ws, done.Table, output, form)
				if isFile && err == nil {
					fmt.Fprintf(a.err, "%s: written\n", diag.Visible(output))
				}
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&from.model, "model", "m", "", "the model: an artifact, a run, a stage, a pipeline, or PIPELINE@LABEL (default: of the latest run)")
	cmd.Flags().StringArrayVar(&from.read, "read", nil, "setting NAME=VALUE of how the file is written, in place of what it was in training (may be repeated)")
	cmd.Flags().StringArrayVar(&from.headers, "header-env", nil, "`HEADER` for the server that has the file; its last word is an environment variable (may be repeated)")
	cmd.Flags().IntVarP(&steps, "steps", "n", 0, "how many steps (default: the horizon of the model)")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write, in the form of its ending; - is CSV on standard output")
	_ = cmd.RegisterFlagCompletionFunc("model", a.completeRefs)
	return cmd
}
