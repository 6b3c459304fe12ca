package main

import (
	"fmt"
	"strings"

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
	var ask models.Next
	cmd := &cobra.Command{
		Use:   "forecast [FILE]",
		Short: "Forecast the next steps of series",
		Long: `Forecast the steps behind the end of each series, with a model that a stage of kind forecast has made.

Without a FILE the series are those of the table that the model was made of. A FILE is what the pipeline read in
training, as it is now: it is read as that was, but for what --read says, and goes through the same stages with the same
settings, such as derive, join, window and aggregate. Of the same rows the forecasts are the same, to the last bit.
Nothing is fitted again: levels, seasons and lags follow the values to the end of the series. A FILE that has the columns
of the table itself, and not those of what was read, is taken as the table. Other files of training are as they were,
unless --table STAGE=FILE names later ones, or what a stage made in place of what it read.

Where a stage makes months of days (aggregate with window), a last month that is not over is left out, with a warning.
--incomplete keeps it. Rows cannot go through a stage that draws some (sample, split) or learns (preprocess).

Steps ahead are those behind the last value of the target: rows of these, with the target empty, say what columns that
are known ahead will be, such as holidays.

There is a row for each series and step, with the intervals that the model was made with. They rest on the errors of its
test, so that a model that is old should be made anew. A series that is new to a network has intervals of the errors of
all others, in its own scale; one that the model cannot forecast, or that is too short, is left out with a warning.

The model may be a file that pipe get has written. If the store here knows nothing of it, FILE is the table itself.

The forecast is recorded like any other run. The file is written in the form that its ending names:
` + content.EndingsText() + `.`,
		Example: `  pipe forecast
  pipe forecast --model co2/outlook --steps 6
  pipe forecast newer.csv --model co2@production -o next.csv
  pipe forecast sales.csv --table holidays=holidays.csv --model shops/outlook`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			form, err := predictionForm(output)
			if err != nil {
				return err
			}
			if ask.Steps < 0 || ask.Steps > 10_000 {
				return diag.Usage(fmt.Errorf("--steps %d: 1 to 10000 are possible", ask.Steps))
			}
			req, err := from.request(strings.Join(words, ""))
			if err != nil {
				return err
			}
			return withWorkspace(from.open(a), func(ws *workspace.Workspace) error {
				v := ui.NewWarnings(a.err, a.painter(a.err))
				req.Observe = v.Event
				done, err := models.ForecastNext(cmd.Context(), ws, req, ask)
				if done == nil || done.Result == nil {
					return err
				}
				if err != nil {
					return a.report(done.Result, err)
				}
				a.writeWay(done, req.File)
				isFile, err := a.writeContent(cmd.Context(), ws, done.Table, output, form)
				if isFile && err == nil {
					fmt.Fprintf(a.err, "%s: written\n", diag.Visible(output))
				}
				return err
			})
		},
	}
	from.common(a, cmd)
	cmd.Flags().StringArrayVar(&from.tables, "table", nil, "STAGE=FILE: a file in place of what a stage of training read or made (may be repeated)")
	cmd.Flags().BoolVar(&ask.Incomplete, "incomplete", false, "keep a last month, or other piece of time, whose rows end before it does")
	cmd.Flags().IntVarP(&ask.Steps, "steps", "n", 0, "how many steps (default: the horizon of the model)")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write, in the form of its ending; - is CSV on standard output")
	return cmd
}

// writeWay says which way the rows of files have gone.
func (a *app) writeWay(done *models.Forecast, file string) {
	if done.Taken != "" {
		fmt.Fprintf(a.err, "%s: taken as the table of stage %s\n", diag.Visible(file), diag.Visible(done.Taken))
	}
	if len(done.Through) > 0 {
		fmt.Fprintf(a.err, "gone through as in training: %s\n", diag.Visible(strings.Join(done.Through, ", ")))
	}
	if len(done.Kept) > 0 {
		fmt.Fprintf(a.err, "as it was in training: %s; --table %s=FILE takes a later version\n", diag.Visible(strings.Join(done.Kept, ", ")), diag.Visible(done.Kept[0]))
	}
}
