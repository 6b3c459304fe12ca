package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/stages/predict"
	"pipe/workspace"
	"pipe/workspace/content"
)

func (a *app) predictCommand() *cobra.Command {
	var model, output, prefix string
	var strict bool
	cmd := &cobra.Command{
		Use:   "predict FILE.csv",
		Short: "Score new rows with a trained model",
		Long: `Read new rows, transform them with the fitted transform that the model was trained behind, and write them with the
predictions of the model. The rows need the columns that the features are made from; the label is not needed.

The file is read as the training data were: with the CSV settings of the pipeline that trained the model and with the
types that its columns had, whatever the values of the new file look like. Columns that training did not know are text.
The prediction is recorded like any other run, so that its lineage leads to the model and to the rows.

A row that cannot be predicted, such as one with a word in a column of numbers, does not stop the others: its predictions
are empty, the column "problem" says why, and a warning on standard error counts such rows; the exit code is 0. With
--strict such a row is an error, and there is no column "problem". It is an error too if no row can be predicted.

The file is written in the form that its ending names:
` + content.EndingsText() + `.`,
		Example: `  pipe predict new.csv
  pipe predict new.csv --model penguins -o scored.csv
  pipe predict new.csv --model penguins@production
  pipe predict new.csv --model 9f86d081 -o scored.arrow
  pipe predict scored.csv --prefix second_`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			form, err := predictionForm(output)
			if err != nil {
				return err
			}
			if _, err := os.Stat(words[0]); errors.Is(err, fs.ErrNotExist) {
				return workspace.MissingFile("file", words[0], "*.csv")
			}
			dir, err := a.host.FindStore()
			if err != nil {
				return err
			}
			ws, err := a.host.Open(dir)
			if err != nil {
				return err
			}
			defer ws.Close()
			m, err := findModel(cmd.Context(), ws, model)
			if err != nil {
				return err
			}
			past, err := pastOf(cmd.Context(), ws, m)
			if err != nil {
				return err
			}
			plan, err := a.predictionPlan(cmd.Context(), ws, m, past, words[0], prefix, strict)
			if err != nil {
				return err
			}
			v := warningView{newPlainView(a.err, script{paint: a.painter(a.err)}, time.Now)}
			res, err := a.runPlan(cmd.Context(), ws, plan, runner.Options{}, 0, v, nil)
			if err != nil {
				a.explainAbsent(cmd.Context(), ws, past, res)
				return a.report(res, err)
			}
			return a.writePredictions(cmd.Context(), ws, res, output, form, prefix)
		},
	}
	cmd.Flags().StringVarP(&model, "model", "m", "", "the model: an artifact, a run, a stage, a pipeline, or PIPELINE@LABEL (default: the newest model)")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write, in the form of its ending; - is CSV on standard output")
	cmd.Flags().StringVar(&prefix, "prefix", "", "goes before the names of the added columns, where the file has columns of these names")
	cmd.Flags().BoolVar(&strict, "strict", false, "fail at the first row that cannot be predicted")
	_ = cmd.RegisterFlagCompletionFunc("model", a.completeRefs)
	return cmd
}

// predictionForm is the form that the name of the output promises; what has no
// ending, such as a device, is CSV.
func predictionForm(output string) (content.Form, error) {
	if filepath.Ext(output) == "" { // also of -
		return content.FormNamed("csv")
	}
	return content.Artifact{Type: pipeline.Table}.FormOf(output)
}

// A warningView shows nothing but warnings: standard output may be the result,
// and the command is over in a moment.
type warningView struct{ *plainView }

func (v warningView) event(ev runner.Event) {
	switch ev := ev.(type) {
	case runner.RunStarted:
		v.apply(ev, v.now())
	case runner.StageLog, runner.StageRetry:
		for _, line := range v.lines(ev, plainColumns) {
			fmt.Fprintln(v.w, line)
		}
	}
}

// predictionPlan is a plan of two stages that begins with stored artifacts.
func (a *app) predictionPlan(ctx context.Context, ws *workspace.Workspace, m lineage.Model, past *past, file, prefix string, strict bool) (*pipeline.Plan, error) {
	load, err := a.reading(ctx, ws, past, file)
	if err != nil {
		return nil, err
	}
	with, err := json.Marshal(map[string]any{"prefix": prefix, "strict": strict}) // JSON is YAML
	if err != nil {
		return nil, err
	}
	score, err := a.step("predictions", "predict", string(with))
	if err != nil {
		return nil, err
	}
	score.Inputs = []pipeline.Edge{
		{Port: "table", From: pipeline.Ref{Stage: "load", Port: "table"}},
		{Port: "transform", Type: pipeline.Transform, Artifact: past.transform},
		{Port: "model", Type: pipeline.Model, Artifact: m.ID},
	}
	return pipeline.NewPlan(m.Pipeline+".predict", 0, load, score)
}

func (a *app) step(name, kind, settings string) (*pipeline.Step, error) {
	k, ok := a.host.Registry().Lookup(kind)
	if !ok {
		return nil, fmt.Errorf("no stage of kind %q is built in", kind)
	}
	stage, err := pipeline.DecodeStage(*k, settings)
	if err != nil {
		return nil, err
	}
	return &pipeline.Step{Name: name, Kind: k, Stage: stage, Cache: true}, nil
}

// findModel finds the model that a reference means; without one, the newest.
func findModel(ctx context.Context, ws *workspace.Workspace, ref string) (lineage.Model, error) {
	models, err := ws.DB.Models(ctx, "")
	if err != nil {
		return lineage.Model{}, err
	}
	if len(models) == 0 {
		return lineage.Model{}, errNoModels()
	}
	if ref == "" {
		return models[0], nil
	}
	found, err := ws.DB.ResolveEnded(ctx, ref)
	if err != nil {
		return lineage.Model{}, err
	}
	ids := []artifacts.ID{found.Artifact}
	if found.Artifact.IsZero() {
		if ids, err = modelsOf(ctx, ws, found); err != nil {
			return lineage.Model{}, err
		}
	}
	for _, m := range models {
		if slices.Contains(ids, m.ID) {
			return m, nil
		}
	}
	return lineage.Model{}, errNotAModel(ref)
}

// modelsOf lists the models that a run, or a stage of it, made or reused.
func modelsOf(ctx context.Context, ws *workspace.Workspace, ref lineage.Ref) ([]artifacts.ID, error) {
	list, err := ws.DB.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	var ids []artifacts.ID
	for _, e := range list {
		for _, o := range e.Outputs {
			if o.Type == string(pipeline.Model) && (ref.Stage == "" && e.Rival == "" || ref.Stage == e.Stage) {
				ids = append(ids, o.ID)
			}
		}
	}
	return ids, nil
}

// writePredictions writes the table that the last stage made, and says how
// many of its rows have no prediction.
func (a *app) writePredictions(ctx context.Context, ws *workspace.Workspace, res *runner.Result, output string, form content.Form, prefix string) error {
	stage := res.Stages[len(res.Stages)-1]
	predictions := content.Artifact{ID: stage.Outputs[0].ID, Type: pipeline.Table}
	var note string
	isFile, err := a.write(ctx, output, func(w io.Writer) (err error) {
		note, err = predictions.Write(ctx, ws, w, form)
		return err
	})
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintf(a.err, "warning: %s\n", note)
	}
	rows, bad := 0, 0
	for _, m := range stage.Metrics {
		switch m.Name {
		case predict.Rows:
			rows = int(m.Value)
		case predict.ProblemRows:
			bad = int(m.Value)
		}
	}
	if isFile {
		fmt.Fprintf(a.err, "%s: %s scored\n", diag.Visible(output), plural(rows-bad, "row"))
	}
	if bad > 0 {
		fmt.Fprintf(a.err, "warning: %s without a prediction, see the column %s\n", plural(bad, "row"), diag.Visible(prefix+predict.ProblemColumn))
	}
	return nil
}
