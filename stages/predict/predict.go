// Package predict is the stage kind that applies a model to new rows, for
// which nobody knows the truth: it adds what the model says to a table.
package predict

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/feature"
	"pipe/data/metric"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// ProblemColumn is the column that says why a row has no prediction; a prefix
// goes before it. Rows and ProblemRows are the metrics that count all rows and
// such rows.
const (
	ProblemColumn = "problem"
	Rows          = "rows"
	ProblemRows   = "problem_rows"
)

// Ports of the stage that give rows: one or the other.
const (
	tablePort = "table"
	dataPort  = "data"
)

// Ports of rows that went through a command: what they were read as, and why some of them have
// a problem.
const (
	rawPort      = "raw"
	problemsPort = "problems"
)

// Ports are the inputs that are no tables to join.
func Ports() []string {
	return []string{tablePort, dataPort, rawPort, problemsPort, "transform", "model"}
}

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "predict",
		Version: 6,
		Doc: `Adds the predictions of a model to a table.

The table needs the columns that the features are made of, not the target; a
target column is carried along like any other. The transform treats missing
values and unknown categories as it was told in preprocessing. Columns are read
as the types that they had in training: whole numbers serve for decimal ones,
text is read as the numbers that it says, and a column without any value is
missing, whatever its type.

For classes the added columns are ` + "`predicted`" + `, ` + "`probability`" + ` (of the predicted
class) and one ` + "`p_CLASS`" + ` for each class; for a regression it is ` + "`predicted`" + `, in
units of the target. Of several targets there is ` + "`predicted.TARGET`" + ` for each, and for labels
` + "`p.TARGET`" + `, the probability of the positive class. The last one is ` + "`" + ProblemColumn + "`" + `: a row that cannot be predicted
does not stop the others. Its predictions are empty, its problem says why, such
as a number that is missing and was not told to be filled in, and a warning counts
such rows by column and reason. If no row at all can be predicted, the stage fails.
With ` + "`strict: true`" + ` it fails at the first such row, and there is no column
` + "`problem`" + `.

Rows that were only read go through what the training data went through: columns are derived and
tables are joined. Such a table is connected as a further input: the one of training, or a later version of
it, which is known by its columns. A row that an inner join of training would have left out has a problem, one that a
filter would have left out is scored, and counted in a message.

` + "`data`" + `, a data set of the same preprocessing, comes in place of ` + "`table` and `transform`" + `: its
rows are as the network takes them, and need no target.`,
		Example: `answer:
  uses: predict
  inputs: {table: new_rows, transform: features.transform, model: model}
  with: {keep: {columns: [id, island]}}
`,
		Inputs: []pipeline.Port{
			{Name: tablePort, Type: pipeline.Table, Doc: "rows to predict"},
			{Name: "transform", Type: pipeline.Transform, Doc: "the transform whose data sets the model was trained with"},
			{Name: "model", Type: pipeline.Model, Doc: "the model to ask"},
			{Name: rawPort, Type: pipeline.Table, Optional: true, Doc: "the rows as they were read, where table is what a command made of each that did not stay behind: their columns are carried along"},
			{Name: problemsPort, Type: pipeline.Table, Optional: true, Doc: "why rows stayed behind, of a stage replay; it comes with raw"},
			{Name: "*", Type: pipeline.Table, Optional: true, Doc: "tables that were joined in training, or later versions of them, by any names"},
			{Name: dataPort, Type: pipeline.Dataset, InPlaceOf: []string{tablePort, "transform"}, Doc: "rows to predict that are a data set already, with or without a target; what it keeps is carried along"},
		},
		Outputs: []pipeline.Port{
			{Name: "predictions", Type: pipeline.Table, Doc: "the columns of the table, then what the model says, row for row"},
		},
		Engine: nn.Engine,
		New:    func() pipeline.Stage { return new(Stage) },
	}
}

// Stage is the configuration and the stage.
type Stage struct {
	Keep   Keep   `yaml:"keep" default:"all" doc:"Which columns of the table are carried along: all, none, or {columns: [...]}."`
	Prefix string `yaml:"prefix" max:"100" doc:"Goes before the names of the added columns, for where the table has a column of such a name."`
	Strict bool   `yaml:"strict" default:"false" doc:"Whether a row that cannot be predicted is an error instead of a problem of its own."`
}

// Keep is a choice of columns.
type Keep struct {
	settings.OneOf
	All     *struct{} `yaml:"all" doc:"Every column."`
	None    *struct{} `yaml:"none" doc:"No column: only what the model says."`
	Columns *Columns  `yaml:"columns" doc:"The columns of a list."`
}

// Columns is a list of columns.
type Columns struct {
	Names []string `yaml:"names" required:"true" short:"true" min:"1" doc:"Columns of the table, in the order in which they are wanted."`
}

// Validate finds what is wrong whatever the table is.
func (c *Columns) Validate() error {
	for i, name := range c.Names {
		if slices.Contains(c.Names[:i], name) {
			return settings.FieldErrorf("names", "%q is there twice", name)
		}
	}
	return nil
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	model, err := open(env, "model", func(in *pipeline.Input) (*estimator.Model, error) { return estimator.Read(in, in.Size()) })
	if err != nil {
		return err
	}
	if slices.Contains(env.Inputs(), dataPort) {
		_, err := open(env, dataPort, func(in *pipeline.Input) (struct{}, error) {
			return struct{}{}, s.predictData(ctx, env, model, in)
		})
		return err
	}
	transform, err := open(env, "transform", func(in *pipeline.Input) (*feature.Transform, error) {
		t, err := feature.ReadTransform(in, feature.All())
		if err != nil {
			return nil, err
		}
		return t, fits(model, t.Info())
	})
	if err != nil {
		return err
	}
	tables, err := joined(env)
	if err != nil {
		return err
	}
	defer func() {
		for _, t := range tables {
			t.Close()
		}
	}()
	transform = transform.With(tables)
	_, err = open(env, tablePort, func(in *pipeline.Input) (struct{}, error) {
		r, err := table.Open(in, in.Size())
		if err != nil {
			return struct{}{}, err
		}
		defer r.Close()
		return struct{}{}, s.predict(ctx, env, model, transform, r)
	})
	return err
}

// joined opens the tables that rows are joined with. They stay open for as long as they
// are used.
func joined(env pipeline.Env) (tables []replay.Table, err error) {
	for _, port := range env.Inputs() {
		if slices.Contains(Ports(), port) {
			continue
		}
		in, err := env.Open(port)
		if err != nil {
			return tables, err
		}
		t, err := replay.OpenTable(in, in.Size(), port, in.ID().String())
		if err != nil {
			return tables, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// open reads an input, and names it in errors.
func open[T any](env pipeline.Env, port string, read func(*pipeline.Input) (T, error)) (T, error) {
	in, err := env.Open(port)
	if err != nil {
		var zero T
		return zero, err
	}
	defer in.Close()
	v, err := read(in)
	if err != nil {
		err = fmt.Errorf("%s: %w", in.Name, err)
	}
	return v, err
}

// fits checks that the transform makes what the model was trained on.
func fits(model *estimator.Model, info table.DatasetInfo) error {
	sig := &model.Signature
	made := dataset.Signature(info, nil)
	part := dataset.Differs(sig, &made)
	switch part {
	case dataset.Inputs:
		return misfit("it makes the inputs %s, the model has %s", dataset.Text(&made), dataset.Text(sig))
	case dataset.Features:
		return misfit("%s", otherFeatures("it makes", dataset.Names(&made), dataset.Names(sig)))
	}
	if model.Network != nil {
		if err := dataset.Complete(info); err != nil {
			return misfit("%w", err)
		}
	}
	t := info.Target()
	switch {
	case t == nil:
		return nil
	case part == dataset.Task || part == dataset.Classes || part == dataset.Column:
		if made.Column == sig.Column {
			return misfit("it makes another thing of the target %q than the model predicts: other classes, or others first", sig.Column)
		}
		return misfit("its target %q is not what the model predicts, %q", made.Column, sig.Column)
	case part == dataset.Scale:
		return misfit("it scales the target differently (%s, not %s)", dataset.Scaling(&made), dataset.Scaling(sig))
	}
	return nil
}

// otherFeatures says in what features differ from those of a model.
func otherFeatures(there string, names, want []string) string {
	for i := range min(len(names), len(want)) {
		if names[i] != want[i] {
			return fmt.Sprintf("feature %d is %q, the model has %q there", i+1, names[i], want[i])
		}
	}
	return fmt.Sprintf("%s %d features, the model has %d", there, len(names), len(want))
}

func misfit(format string, args ...any) error {
	return diag.WithHint(fmt.Errorf("the transform is not that of the model: "+format, args...),
		"connect the transform of the preprocess stage that the model was trained with")
}

// predict streams the table: each batch is transformed, run through the model
// and written before the next one is read.
func (s *Stage) predict(ctx context.Context, env pipeline.Env, model *estimator.Model, transform *feature.Transform, r *table.Reader) error {
	beside, err := s.openBeside(env, r)
	if err != nil {
		return err
	}
	defer beside.close()
	a, err := s.ask(env, model, beside.schema, beside.rows)
	if err != nil {
		return err
	}
	defer a.Close()
	defer a.out.Discard()
	from, err := transform.Needs(r.Schema())
	if err != nil {
		return replay.Lacking(err, "connect the right table of the join, or a later version of it, as a further input of any name: `inputs: {weather: STAGE}`")
	}
	if taken, err := transform.Taken(r.Schema()); err == nil && len(taken) > 0 {
		env.Log().Info("columns that were joined in training are in the table, and are taken from there", "columns", strings.Join(taken, ", "))
	}
	a.out.columns(env, beside.port, tablePort, from)
	counts, err := transform.ApplyRows(ctx, r, s.Strict, feature.Resources{Threads: env.Threads(), Scratch: env.Scratch}, func(rows, features arrow.RecordBatch, problems []string) error {
		one, err := beside.of(rows, features, problems, a.out)
		if err != nil {
			return err
		}
		return a.addBatch(one)
	})
	if err != nil {
		return err
	}
	rest, err := beside.rest(a.out)
	if err == nil && rest != nil {
		err = a.addBatch(rest)
	}
	if err == nil {
		err = beside.place(&counts)
	}
	if err != nil {
		return err
	}
	return s.finish(a, beside.rows, counts)
}

// An asker asks a model about batches of rows and writes what it says.
type asker struct {
	estimator.Predictor
	env    pipeline.Env
	inputs []nn.Input
	longer []int // of each input, the rows that are longer than any in training
	out    *writer
	rows   int64 // of the whole table
}

// ask prepares for rows with the columns of a schema.
func (s *Stage) ask(env pipeline.Env, model *estimator.Model, schema *arrow.Schema, rows int64) (*asker, error) {
	keep, err := s.columns(schema)
	if err != nil {
		return nil, err
	}
	predictor, err := model.NewPredictor()
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	out, err := s.newWriter(env, &model.Signature, schema, keep)
	if err != nil {
		return nil, errors.Join(err, predictor.Close())
	}
	a := &asker{Predictor: predictor, env: env, inputs: model.Signature.AllInputs(), out: out, rows: rows}
	a.longer = make([]int, len(a.inputs))
	out.inputs, out.vocabularies = a.inputs, model.Vocabularies()
	return a, nil
}

// addBatch is add of a batch, which it releases.
func (a *asker) addBatch(b *batch) error {
	defer b.release()
	inputs, err := inputsOf(b.features, len(a.inputs))
	if err != nil {
		return err
	}
	return a.add(b.rows, inputs, b.problems)
}

// add writes a batch of rows with what the model says of their inputs.
func (a *asker) add(rows arrow.RecordBatch, inputs []tensor.Rows, problems []string) error {
	n := int(rows.NumRows())
	for i := range a.longer {
		a.longer[i] += a.inputs[i].Longer(inputs[i])
	}
	problems, err := a.out.checkTokens(inputs, n, problems)
	if err != nil {
		return err
	}
	output, err := a.Predict(inputs, n)
	if err != nil {
		return err
	}
	if problems, err = a.out.checkFinite(output, problems); err != nil {
		return err
	}
	if err := a.out.write(rows, output, problems); err != nil {
		return err
	}
	a.env.Progress(a.out.Rows(), a.rows)
	return nil
}

// finish checks what was written, and tells what was met.
func (s *Stage) finish(a *asker, rows int64, counts feature.Counts) error {
	out := a.out
	if out.Rows() != rows {
		return fmt.Errorf("%d rows came out of a table of %d", out.Rows(), rows)
	}
	if rows > 0 && out.bad == rows {
		return out.nothing(counts.Problems)
	}
	log := a.env.Log()
	for i, n := range a.longer {
		if n > 0 {
			log.Warn("rows are longer than any in training: the model sees their beginning", "input", a.inputs[i].Name, "rows", n, "steps", a.inputs[i].Shape[0])
		}
	}
	derive.Tell(log, counts.Replayed.Derived)
	for _, c := range counts.Replayed.Alone {
		log.Warn("rows match none of a table that is joined, so that what it would add is missing", "table", c.Of, "rows", c.Rows, "first_row", c.First+1)
	}
	for _, c := range counts.Replayed.Outside {
		log.Warn("rows are scored that a filter of training would have left out", "where", c.Of, "rows", c.Rows, "first_row", c.First+1)
	}
	for _, c := range counts.Imputed {
		log.Info("missing values were filled in", "column", c.Column, "rows", c.N)
	}
	for _, c := range counts.Unseen {
		log.Warn("categories that were not there in training", "column", c.Column, "rows", c.N)
	}
	for _, c := range counts.Rounded {
		log.Warn("whole numbers above 2^24 were rounded, so that different ones may have become one", "column", c.Column, "rows", c.N)
	}
	for _, p := range counts.Problems {
		log.Warn("rows without a prediction", "column", p.First.Column, "because", p.First.Reason,
			"rows", p.N, "first_row", p.First.Row+1)
	}
	if u := out.unknown; u.rows > 0 {
		log.Warn("rows without a prediction", "because", u.first.Reason(), "rows", u.rows, "first_row", u.first.Row)
	}
	if out.infinite > 0 {
		log.Warn("rows without a prediction", "because", "the output of the model is no number", "rows", out.infinite, "first_row", out.firstInfinite+1)
	}
	a.env.Metric(Rows, float64(rows), metric.Meaning{})
	a.env.Metric(ProblemRows, float64(out.bad), metric.Meaning{})
	return out.Close()
}

// columns are the names of the columns to carry along.
func (s *Stage) columns(schema *arrow.Schema) ([]string, error) {
	switch {
	case s.Keep.None != nil:
		return nil, nil
	case s.Keep.Columns == nil:
		return table.Names(schema), nil
	}
	for _, name := range s.Keep.Columns.Names {
		if _, err := table.Column(schema, name); err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
	}
	return s.Keep.Columns.Names, nil
}
