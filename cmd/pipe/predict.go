package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/workspace"
	"pipe/workspace/content"
	"pipe/workspace/models"
)

func (a *app) predictCommand() *cobra.Command {
	var from newRows
	var output, prefix string
	var strict bool
	cmd := &cobra.Command{
		Use:   "predict FILE",
		Short: "Score new rows with a trained model",
		Long: `Read new rows, transform them with the fitted transform that the model was trained behind, and write them with the
predictions of the model. The rows need the columns that the features are made from; the label is not needed.

FILE is a file, a folder (new/) or a pattern ('new/t10k-*', in quotes), whose files are one table as in training, or
a file that a server has: https://host/new.csv#sha256=..., see docs/places.md. Where it asks who
wants it, --header-env 'Authorization: Bearer TOKEN' sends what the environment variable TOKEN holds, which is stored nowhere.
The file is read as the training data were: as the transform says that they were written, and with the types that the
columns had, whatever the values of the new file look like. Columns that training did not know are text.
The prediction is recorded like any other run, so that its lineage leads to the model and to the rows.

A row that cannot be predicted, such as one with a word in a column of numbers, does not stop the others: its predictions
are empty, the column "problem" says why, and a warning on standard error counts such rows; the exit code is 0. With
--strict such a row is an error, and there is no column "problem". It is an error too if no row can be predicted.

If the file is written otherwise, --read says how, with settings of ingest that say how a file is written
(pipe stages describe ingest): --read delimiter=, --read 'missing=[NA, n/a]'.

Columns that training derived are derived, and tables that it joined are joined: as they were in training, which are in the
store, or later versions of them, each by the name of the stage that read or made it: --table weather=may.csv. The file is read as
that of training was, and what was done to the table is done to it, too. A file that has the columns of a join already is
taken as it is.

What a window put beside rows is made of the rows of their series in the file, so that this needs the rows before those that are
to be predicted. A row with too few of them has a problem; what comes after a row need not be known, but for what the window
calls its future. Rows that a filter of training leaves out do not count. Those that another stage, such as sample or check, left
out before a window do, and a warning says so: it is for you to leave them out of the file.

Rows of training that went through a command which makes one row of each (exec with rows: true) went through a program: new
rows go through it, too, with the files that it had then. Commands of a run that pipe import has brought are somebody else's, and
run with --allow-exec only.

A model can be used where it was not trained: pipe get writes it and its transform to files, which --model and
--transform name. There need not be a store then; the first prediction makes one.

The file is written in the form that its ending names:
` + content.EndingsText() + `.`,
		Example: `  pipe predict new.csv
  pipe predict new.csv --model penguins -o scored.csv
  pipe predict new.csv --model penguins@production
  pipe predict new.csv --model 9f86d081 -o scored.arrow
  pipe predict scored.csv --prefix second_
  pipe predict excel.csv --read 'delimiter=;' --read encoding=windows-1252
  pipe predict june.csv --model flights --table weather=june_weather.csv
  pipe predict new.csv --model model.safetensors --transform transform.json`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			form, err := predictionForm(output)
			if err != nil {
				return err
			}
			req, err := from.request(words[0])
			if err != nil {
				return err
			}
			req.Prefix, req.Strict = prefix, strict
			return withWorkspace(from.open(a), func(ws *workspace.Workspace) error {
				v := ui.NewWarnings(a.err, a.painter(a.err))
				req.Observe = v.Event
				done, err := models.Predict(cmd.Context(), ws, req)
				if done == nil {
					return err
				}
				if err != nil {
					return a.report(done.Result, err)
				}
				return a.writePredictions(cmd.Context(), ws, done, words[0], output, form)
			})
		},
	}
	from.flags(a, cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write, in the form of its ending; - is CSV on standard output")
	cmd.Flags().StringVar(&prefix, "prefix", "", "goes before the names of the added columns, where the file has columns of these names")
	cmd.Flags().BoolVar(&strict, "strict", false, "fail at the first row that cannot be predicted")
	return cmd
}

// newRows are the flags of commands that read new rows for a model.
type newRows struct {
	model, transform string
	allowExec        bool
	read, tables     []string
	headers          []string
}

func (n *newRows) flags(a *app, cmd *cobra.Command) {
	n.common(a, cmd)
	cmd.Flags().StringVar(&n.transform, "transform", "", "file with the transform that the model was trained behind; the model is a file then, too")
	cmd.Flags().StringArrayVar(&n.tables, "table", nil, "STAGE=FILE: a later version of a table that the training data were joined with (may be repeated)")
}

// common are the flags that do not depend on what the model says something of.
func (n *newRows) common(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVarP(&n.model, "model", "m", "", "the model: an artifact, a run, a stage, a pipeline, or PIPELINE@LABEL (default: of the latest run)")
	cmd.Flags().StringArrayVar(&n.read, "read", nil, "setting NAME=VALUE of how the file is written, in place of what it was in training (may be repeated)")
	cmd.Flags().StringArrayVar(&n.headers, "header-env", nil, "`HEADER` for the server that has the file; its last word is an environment variable (may be repeated)")
	allowExecFlag(cmd, &n.allowExec)
	_ = cmd.RegisterFlagCompletionFunc("model", a.completeRefs)
}

// request is about a file of rows; it may be empty if tables are enough.
func (n *newRows) request(file string) (req models.Request, err error) {
	switch {
	case file == "":
	case address.Is(file):
		if _, err := address.Parse(file); err != nil {
			return req, diag.Usage(fmt.Errorf("%s: %w", diag.Visible(address.Shown(file)), err))
		}
	case missing(file):
		return req, workspace.MissingFile("file", file, "*.csv")
	}
	later, err := laterTables(n.tables)
	if err != nil {
		return req, err
	}
	headers, err := headersOf(n.headers)
	if err != nil {
		return req, err
	}
	req = models.Request{Headers: headers, Tables: later, File: file, Model: n.model, Transform: n.transform, Read: n.read, AllowExec: n.allowExec}
	return req, req.Check()
}

// missing says whether there is no file or folder of a name, or none where a pattern begins.
// What it selects is seen when it is read.
func missing(file string) bool {
	if folder, several := settings.Paths(file).Folder(); several {
		file = folder
	}
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}

// open is how the store is opened: with a model that is a file there need not be one.
func (n *newRows) open(a *app) func() (*workspace.Workspace, error) {
	if n.transform != "" || models.IsSeriesFile(n.model) {
		return a.host.OpenToFill
	}
	return a.host.OpenNearestToWrite
}

// laterTables reads the flags that name tables.
func laterTables(words []string) (list []models.Later, err error) {
	for _, word := range words {
		name, file, ok := strings.Cut(word, "=")
		if !ok || name == "" || file == "" {
			return nil, diag.Usage(diag.WithHint(fmt.Errorf("--table %s names no file of a table", diag.Visible(word)), "write --table STAGE=FILE, such as --table weather=june.csv"))
		}
		if slices.ContainsFunc(list, func(l models.Later) bool { return l.Name == name }) {
			return nil, diag.Usage(fmt.Errorf("--table %s is there twice", diag.Visible(name)))
		}
		if !address.Is(file) && missing(file) {
			return nil, workspace.MissingFile("file", file, "*.csv")
		}
		list = append(list, models.Later{Name: name, File: file})
	}
	return list, nil
}

// headersOf are headers whose values environment variables hold.
func headersOf(words []string) (list settings.Map[string], err error) {
	for _, word := range words {
		name, value, ok := strings.Cut(word, ":")
		if !ok { // it may be the secret itself, so that it is not repeated
			return nil, diag.Usage(diag.WithHint(errors.New("--header-env: it names no header"), "write --header-env 'Authorization: Bearer TOKEN', where the environment variable TOKEN holds what nobody is to see"))
		}
		list = append(list, settings.Entry[string]{Key: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return list, nil
}

// predictionForm is the form that the name of the output promises; what has no
// ending, such as a device, is CSV.
func predictionForm(output string) (content.Form, error) {
	if filepath.Ext(output) == "" { // also of -
		return content.FormNamed("csv")
	}
	return content.Artifact{Type: pipeline.Table}.FormOf(output)
}

// writePredictions writes the table, and says how many of its rows have no
// prediction, and which of the file are the first.
func (a *app) writePredictions(ctx context.Context, ws *workspace.Workspace, done *models.Prediction, file, output string, form content.Form) error {
	isFile, err := a.writeContent(ctx, ws, done.Table, output, form)
	if err != nil {
		return err
	}
	if isFile {
		fmt.Fprintf(a.err, "%s: %s scored\n", diag.Visible(output), ui.Plural(done.Rows-done.Problems, "row"))
	}
	a.writeRemarks(&done.Remarks)
	if done.Problems > 0 {
		fmt.Fprintf(a.err, "warning: %s without a prediction, see the column %s\n", ui.Plural(done.Problems, "row"), diag.Visible(done.Column))
		for _, p := range done.First {
			place := fmt.Sprintf("row %d", p.Row)
			if p.Line > 0 {
				place = fmt.Sprintf("%s:%d", diag.Visible(file), p.Line)
			}
			fmt.Fprintf(a.err, "  %s: %s\n", place, diag.Visible(p.Reason))
		}
		if more := done.Problems - len(done.First); more > 0 {
			fmt.Fprintf(a.err, "  and %d more\n", more)
		}
	}
	return nil
}

// writeRemarks says what was done to new rows on their way.
func (a *app) writeRemarks(done *models.Remarks) {
	if len(done.Kept) > 0 {
		fmt.Fprintf(a.err, "joined as in training: %s; --table %s=FILE takes a later version\n", diag.Visible(strings.Join(done.Kept, ", ")), diag.Visible(done.Kept[0]))
	}
	if len(done.Raw) > 0 {
		fmt.Fprintf(a.err, "taken as it was read, and derived as in training: %s\n", diag.Visible(strings.Join(done.Raw, ", ")))
	}
	if len(done.Anew) > 0 {
		fmt.Fprintf(a.err, "warning: taken as it was read, and derived as in training: %s; if the file has gone through these stages already, its predictions are wrong; a file .arrow or .parquet that pipe get wrote says what it went through, and is taken as it is\n", diag.Visible(strings.Join(done.Anew, ", ")))
	}
	for _, t := range done.Thinned {
		fmt.Fprintf(a.err, "warning: stage %s (%s) of training left out %s before stage %s; here all rows count, so that predictions near such rows differ from those of training: leave them out of the file\n",
			diag.Visible(t.Stage), t.Kind, diag.Visible(t.Which), diag.Visible(t.Before))
	}
}

// allowExecFlag is for what runs commands that a run has recorded.
func allowExecFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "allow-exec", false, "run commands of stages exec of a run that was imported, too: they are somebody else's")
}
