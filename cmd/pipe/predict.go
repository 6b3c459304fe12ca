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
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/table"
)

func (a *app) predictCommand() *cobra.Command {
	var model, output string
	cmd := &cobra.Command{
		Use:   "predict FILE.csv",
		Short: "Score new rows with a trained model",
		Long: `Read new rows, transform them with the fitted transform that the model was trained behind, and write them with the
predictions of the model. The rows need the columns that the features are made from; the label is not needed.

The file is read with the CSV settings of the pipeline that trained the model. The prediction is recorded like any
other run, so that its lineage leads to the model and to the rows.`,
		Example: `  pipe predict new.csv
  pipe predict new.csv --model penguins -o scored.csv
  pipe predict new.csv --model penguins@production
  pipe predict new.csv --model 9f86d081 -o scored.arrow`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			if _, err := os.Stat(words[0]); errors.Is(err, fs.ErrNotExist) {
				return missingFile("file", words[0], "*.csv")
			}
			dir, err := a.findStore()
			if err != nil {
				return err
			}
			ws, err := open(dir)
			if err != nil {
				return err
			}
			defer ws.close()
			plan, err := a.predictionPlan(cmd.Context(), ws, model, words[0])
			if err != nil {
				return err
			}
			v := warningView{newPlainView(a.err, script{paint: painter(a.colored(a.err))}, time.Now)}
			res, err := a.runPlan(cmd.Context(), ws, plan, runner.Options{}, 0, v)
			if err != nil {
				return a.report(res, err)
			}
			return a.writePredictions(ws, res, output)
		},
	}
	cmd.Flags().StringVarP(&model, "model", "m", "", "the model: an artifact, a run, a stage, a pipeline, or PIPELINE@LABEL (default: the newest model)")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write, CSV or .arrow; - is CSV on standard output")
	return cmd
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
func (a *app) predictionPlan(ctx context.Context, ws *workspace, ref, file string) (*pipeline.Plan, error) {
	m, err := findModel(ctx, ws, ref)
	if err != nil {
		return nil, err
	}
	transform, settings, err := behindModel(ctx, ws, m)
	if err != nil {
		return nil, err
	}
	load, err := a.step("load", "ingest", ingestSettings(settings, file))
	if err != nil {
		return nil, err
	}
	predict, err := a.step("predictions", "predict", "")
	if err != nil {
		return nil, err
	}
	predict.Inputs = []pipeline.Edge{
		{Port: "table", From: pipeline.Ref{Stage: "load", Port: "table"}},
		{Port: "transform", Type: pipeline.Transform, Artifact: transform},
		{Port: "model", Type: pipeline.Model, Artifact: m.ID},
	}
	return pipeline.NewPlan(m.Pipeline+".predict", 0, load, predict)
}

func (a *app) step(name, kind, settings string) (*pipeline.Step, error) {
	k, ok := a.registry().Lookup(kind)
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
func findModel(ctx context.Context, ws *workspace, ref string) (lineage.Model, error) {
	models, err := ws.db.Models(ctx, "")
	if err != nil {
		return lineage.Model{}, err
	}
	if len(models) == 0 {
		return lineage.Model{}, errNoModels()
	}
	if ref == "" {
		return models[0], nil
	}
	found, err := ws.db.Resolve(ctx, ref)
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
func modelsOf(ctx context.Context, ws *workspace, ref lineage.Ref) ([]artifacts.ID, error) {
	list, err := ws.db.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	var ids []artifacts.ID
	for _, e := range list {
		for _, o := range e.Outputs {
			if o.Type == string(pipeline.Model) && (ref.Stage == "" || ref.Stage == e.Stage) {
				ids = append(ids, o.ID)
			}
		}
	}
	return ids, nil
}

// behindModel walks up the lineage of a model: to the transform that made its
// training data, and to the settings of the stage that read the file.
func behindModel(ctx context.Context, ws *workspace, m lineage.Model) (transform artifacts.ID, settings json.RawMessage, err error) {
	graph, err := ws.db.Upstream(ctx, lineage.Ref{Artifact: m.ID})
	if err != nil {
		return artifacts.ID{}, nil, err
	}
	// Makers come before users, so the last transform is the one nearest to
	// the model.
	for _, n := range graph.Executions {
		e, err := ws.db.Execution(ctx, n.ID)
		if err != nil {
			return artifacts.ID{}, nil, err
		}
		if e.Kind == "ingest" && settings == nil {
			settings = e.Config
		}
		for _, o := range e.Outputs {
			if o.Type == string(pipeline.Transform) {
				transform = o.ID
			}
		}
	}
	if transform.IsZero() {
		return artifacts.ID{}, nil, diag.WithHint(fmt.Errorf("model %s was not trained behind a fitted transform", m.ID.Short()),
			"new rows can only be scored by a model whose data came from a stage with `uses: preprocess`")
	}
	return transform, settings, nil
}

// ingestSettings are those of the training data that are about the form of
// the file. Columns and their types are left out: new rows may lack the label.
func ingestSettings(recorded json.RawMessage, file string) string {
	var old map[string]json.RawMessage
	// Settings that cannot be read are the settings of another version; the
	// defaults then are the best guess, and errors name the column.
	_ = json.Unmarshal(recorded, &old)
	settings := map[string]json.RawMessage{}
	for _, name := range []string{"delimiter", "quote", "comment", "header", "names", "missing", "trim"} {
		if v, ok := old[name]; ok && string(v) != "null" {
			settings[name] = v
		}
	}
	path, _ := json.Marshal(file) // a string always can be written as JSON
	settings["path"] = path
	text, _ := json.Marshal(settings)
	return string(text) // JSON is YAML
}

// writePredictions writes the table that the last stage made.
func (a *app) writePredictions(ws *workspace, res *runner.Result, output string) error {
	outputs := res.Stages[len(res.Stages)-1].Outputs
	f, err := ws.store.Open(outputs[0].ID)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := table.Open(f, f.Size())
	if err != nil {
		return err
	}
	defer r.Close()
	switch {
	case output == "-":
		return table.WriteCSV(a.out, r)
	case strings.EqualFold(filepath.Ext(output), ".arrow"):
		err = writeOutput(output, func(w io.Writer) error {
			_, err := io.Copy(w, io.NewSectionReader(f, 0, f.Size()))
			return err
		})
	default:
		err = writeOutput(output, func(w io.Writer) error { return table.WriteCSV(w, r) })
	}
	if err == nil {
		fmt.Fprintf(a.err, "%s: %s scored\n", diag.Visible(output), plural(int(r.NumRows()), "row"))
	}
	return err
}
