package preprocess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/feature"
	"pipe/metric"
	"pipe/pipeline"
	"pipe/table"
)

// The ports of a preprocess stage that have a fixed name.
const (
	trainPort     = "train"
	transformPort = "transform"
)

func preprocessKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "preprocess",
		Version: 2,
		Doc: `Turn the columns of tables into vectors of features that a network can learn from.

What the transforms need to know (means, medians, categories, classes) is learned from the table
` + "`train`" + ` only, and is then applied to it and to every other table that is connected, so that nothing
of a test part leaks into training. The stage makes a data set for each table, under the name of
its input, and the fitted ` + "`transform`" + `, with which a predict stage treats new rows alike.

Features appear in the order in which they are listed; a column that is not listed is dropped. A
column without settings gets the usual treatment of its type: numbers are standardised, booleans
become 0 and 1, texts become one_hot. The definitions are those of scikit-learn.

Rows without a target are dropped from every table. A number that is missing is an error unless
` + "`impute`" + ` says what to put in its place; a text that is missing is a category of its own. A
category that was not there in training is an error unless ` + "`unseen`" + ` says otherwise.`,
		Example: `
features:
  uses: preprocess
  inputs: {train: split.train, test: split.test}
  with:
    target: species
    features:
      bill_length_mm: {impute: median, scale: standard}
      flipper_length_mm: {impute: {constant: 200}, indicator: true, scale: min_max}
      island: {encode: {one_hot: {unseen: ignore}}}
      sex: {impute: most_frequent}
    keep: [island]
`,
		Inputs: []pipeline.Port{
			{Name: trainPort, Type: pipeline.Table, Doc: "the rows that the transforms are fitted on"},
			{Name: "*", Type: pipeline.Table, Doc: "further tables to apply them to", Optional: true},
		},
		New: func() pipeline.Stage { return new(Preprocess) },
	}
}

// Preprocess fits feature transforms on one table and applies them to all.
type Preprocess struct {
	Features pipeline.Map[FeatureSetting] `yaml:"features" required:"true" min:"1" doc:"The columns that become features, in order, each with its settings. A name with * stands for all columns that fit, in the order of the table, and are not used otherwise."`
	Target   *TargetSetting               `yaml:"target" doc:"The column to predict. Without it the data sets have no target."`
	Keep     []string                     `yaml:"keep" doc:"Columns to carry into the data sets as they are, for slices, plots and identification."`
}

// A FeatureSetting says how one column becomes features.
type FeatureSetting struct {
	Impute    *ImputeSetting `yaml:"impute" doc:"What takes the place of a missing value. It comes before scaling and encoding."`
	Indicator bool           `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing. Needs impute."`
	Scale     string         `yaml:"scale" default:"auto" enum:"auto,standard,min_max,max_abs,robust,none" doc:"How the range of a number is changed: standard (mean 0, deviation 1), min_max (0 to 1), max_abs (largest magnitude 1), robust (median 0, interquartile range 1), none. By default standard for numbers, none for booleans."`
	Encode    *EncodeSetting `yaml:"encode" doc:"How categories become numbers. By default one_hot for texts; integers and booleans are numbers unless it is set."`
}

// An ImputeSetting is a choice of what takes the place of a missing value.
type ImputeSetting struct {
	pipeline.OneOf
	Mean         *struct{}        `yaml:"mean" doc:"The mean of the column."`
	Median       *struct{}        `yaml:"median" doc:"The median of the column."`
	MostFrequent *struct{}        `yaml:"most_frequent" doc:"The most frequent value, the smallest of several."`
	Constant     *ConstantSetting `yaml:"constant" doc:"A number or category of your own."`
}

// A ConstantSetting is a value that takes the place of a missing one.
type ConstantSetting struct {
	Value pipeline.Scalar `yaml:"value" short:"true" required:"true" doc:"The value, as in {constant: 0}."`
}

// An EncodeSetting is a choice of how categories become numbers.
type EncodeSetting struct {
	pipeline.OneOf
	OneHot  *OneHotSetting  `yaml:"one_hot" doc:"A feature for each category, 1 where it is the value."`
	Ordinal *OrdinalSetting `yaml:"ordinal" doc:"One feature, the index of the category in sorted order."`
}

// An OneHotSetting says how one-hot encoding is done.
type OneHotSetting struct {
	Unseen        string  `yaml:"unseen" default:"error" enum:"error,ignore,infrequent" doc:"What becomes of a category that was not there in training: an error, all features 0, or the bucket of infrequent categories."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one feature, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many features; the rarest categories share the last one. 0 is no limit."`
	Drop          string  `yaml:"drop" default:"none" enum:"none,first,if_binary" doc:"Leave out the first feature, which the others imply: never, always, or if there are two."`
}

// An OrdinalSetting says how ordinal encoding is done.
type OrdinalSetting struct {
	Unseen        string  `yaml:"unseen" default:"error" enum:"error,ignore,infrequent" doc:"What becomes of a category that was not there in training: an error, -1, or the bucket of infrequent categories."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one index, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many indices; the rarest categories share the last one. 0 is no limit."`
}

// A TargetSetting says what is predicted.
type TargetSetting struct {
	Column   string           `yaml:"column" short:"true" required:"true" doc:"The column to predict."`
	Task     string           `yaml:"task" default:"auto" enum:"auto,regression,classification" doc:"What kind of prediction it is. By default texts and booleans are classes and numbers are a regression; set classification for integers that number classes."`
	Positive *pipeline.Scalar `yaml:"positive" added:"true" doc:"Of two classes the one that the metrics f1, precision, recall, average_precision and the probabilities in charts are about, usually the rare one that is looked for. By default the class that sorts last: 1 of 0 and 1, true of false and true, ok of failed and ok."`
	Scale    string           `yaml:"scale" default:"auto" enum:"auto,standard,min_max,max_abs,robust,none" doc:"The scale in which a regression is learned; predictions and metrics are in original units all the same. By default standard."`
}

// Validate finds settings that contradict each other.
func (s *FeatureSetting) Validate() error { return asFieldError(s.column("").Validate()) }

// Validate finds settings that contradict each other.
func (s *TargetSetting) Validate() error { return asFieldError(s.target().Validate()) }

// Validate finds columns that have two uses.
func (s *Preprocess) Validate() error { return asFieldError(s.spec().Validate()) }

// asFieldError points an error of a specification at the setting it is about.
func asFieldError(err error) error {
	var spec *feature.SpecError
	if !errors.As(err, &spec) {
		return err
	}
	return &pipeline.FieldError{Field: spec.Setting, Err: err}
}

// spec is the specification that the settings stand for.
func (s *Preprocess) spec() feature.Spec {
	spec := feature.Spec{Keep: s.Keep}
	for _, f := range s.Features {
		spec.Features = append(spec.Features, f.Value.column(f.Key))
	}
	if s.Target != nil {
		target := s.Target.target()
		spec.Target = &target
	}
	return spec
}

func (s *TargetSetting) target() feature.Target {
	t := feature.Target{Column: s.Column, Task: feature.Task(s.Task), Scale: scaleOf(s.Scale)}
	if p := s.Positive; p != nil {
		t.Positive = &p.Text
	}
	return t
}

func scaleOf(name string) feature.Scale {
	if name == "auto" {
		return ""
	}
	return feature.Scale(name)
}

func (s *FeatureSetting) column(name string) feature.Column {
	c := feature.Column{Name: name, Indicator: s.Indicator, Scale: scaleOf(s.Scale)}
	if im := s.Impute; im != nil {
		switch {
		case im.Mean != nil:
			c.Impute.Strategy = feature.Mean
		case im.Median != nil:
			c.Impute.Strategy = feature.Median
		case im.MostFrequent != nil:
			c.Impute.Strategy = feature.MostFrequent
		case im.Constant != nil:
			c.Impute = feature.Impute{Strategy: feature.Constant, Value: im.Constant.Value.Text}
		}
	}
	if e := s.Encode; e != nil {
		switch {
		case e.OneHot != nil:
			c.Encode = feature.Encode{Method: feature.OneHot, Unseen: feature.Unseen(e.OneHot.Unseen),
				MinFrequency: e.OneHot.MinFrequency, MaxCategories: e.OneHot.MaxCategories, Drop: feature.Drop(e.OneHot.Drop)}
		case e.Ordinal != nil:
			c.Encode = feature.Encode{Method: feature.Ordinal, Unseen: feature.Unseen(e.Ordinal.Unseen),
				MinFrequency: e.Ordinal.MinFrequency, MaxCategories: e.Ordinal.MaxCategories}
		}
	}
	return c
}

// OutputPorts are the transform and a data set for each table.
func (s *Preprocess) OutputPorts(inputs []string) []pipeline.Port {
	ports := []pipeline.Port{{Name: transformPort, Type: pipeline.Transform, Doc: "the fitted transforms"}}
	for _, in := range inputs {
		ports = append(ports, pipeline.Port{Name: in, Type: pipeline.Dataset, Doc: "the data set made of the table " + in})
	}
	return ports
}

// Run fits on the training table and applies to every table.
func (s *Preprocess) Run(ctx context.Context, env pipeline.Env) error {
	transform, err := s.fit(ctx, env)
	if err != nil {
		return err
	}
	out, err := env.Create(transformPort)
	if err != nil {
		return err
	}
	if _, err := transform.WriteTo(out); err != nil {
		return err
	}
	columns(env, transform.Info(), transformPort, trainPort, false)
	report(env.Log(), transform.Info())
	s.tellPositive(env.Log(), transform)
	for _, port := range env.Inputs() {
		if err := s.apply(ctx, env, transform, port); err != nil {
			return err
		}
	}
	return nil
}

func (s *Preprocess) fit(ctx context.Context, env pipeline.Env) (*feature.Transform, error) {
	in, r, err := openTable(env, trainPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer r.Close()
	spec, err := s.expanded(r.Schema())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	transform, err := feature.Fit(ctx, spec, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return transform, nil
}

// report tells what the vectors are made of.
func report(log *slog.Logger, info table.DatasetInfo) {
	columns := make(map[string]bool)
	for _, f := range info.Features {
		columns[f.Column] = true
	}
	args := []any{"columns", len(columns), "features", len(info.Features)}
	if t := info.Target; t != nil {
		args = append(args, "target", t.Column, "task", t.Task)
		if t.IsClassification() {
			args = append(args, "classes", len(t.Classes))
		}
	}
	log.Info("fitted", args...)
}

// tellPositive says which of two classes is the positive one. Where nobody chose
// it and it does not say so itself, that is a warning: half of all metrics hang
// on it.
func (s *Preprocess) tellPositive(log *slog.Logger, transform *feature.Transform) {
	t := transform.Info().Target
	if t == nil || t.Task != table.Binary {
		return
	}
	other, positive, counts := t.Classes[0], t.Classes[1], transform.ClassCounts()
	affirms := slices.Contains([]string{"1", "true", "t", "yes", "y", "positive", "pos"}, strings.ToLower(positive))
	if s.Target.Positive != nil || affirms && counts[1] <= counts[0] {
		log.Info("the positive class is "+strconv.Quote(positive), "rows", counts[1], "of", counts[0]+counts[1])
		return
	}
	log.Warn(fmt.Sprintf("f1, precision, recall and average_precision are about the class %q, which sorts last and has %d of %d rows: write `target: {column: %s, positive: %s}` to keep it, or `positive: %s`",
		positive, counts[1], counts[0]+counts[1], t.Column, positive, other))
}

// columns tells which columns features and target are made of and, of a data
// set, which are kept.
func columns(env pipeline.Env, info table.DatasetInfo, out, in string, kept bool) {
	edge := func(name, column string) {
		env.Column(pipeline.ColumnRef{Port: out, Column: name}, pipeline.ColumnRef{Port: in, Column: column})
	}
	for _, f := range info.Features {
		edge(f.Name, f.Column)
	}
	if info.Target != nil {
		edge(info.Target.Column, info.Target.Column)
	}
	if kept {
		for _, name := range info.Keep {
			edge(name, name)
		}
	}
}

// apply makes the data set of one table.
func (s *Preprocess) apply(ctx context.Context, env pipeline.Env, transform *feature.Transform, port string) error {
	in, r, err := openTable(env, port)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	labelled := s.Target != nil
	schema, err := transform.Schema(r.Schema(), labelled)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	out, err := env.Create(port)
	if err != nil {
		return err
	}
	w, err := table.NewWriter(out, schema)
	if err != nil {
		return err
	}
	columns(env, transform.Info(), port, port, true)
	var done int64
	counts, err := transform.ApplyTo(ctx, r, labelled, func(rec arrow.Record) error {
		done += rec.NumRows()
		env.Progress(done, r.NumRows())
		return w.Write(rec)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	env.Metric(port+".rows", float64(counts.Rows), metric.None)
	env.Metric(port+".dropped_rows", float64(counts.Dropped), metric.None)
	log := env.Log().With("table", port)
	if counts.Dropped > 0 {
		log.Warn("rows without a target were dropped", "rows", counts.Dropped, "of", counts.Rows+counts.Dropped)
	}
	for _, c := range counts.Imputed {
		log.Info("missing values were filled in", "column", c.Column, "values", c.N)
	}
	for _, c := range counts.Unseen {
		log.Warn("values were not there in training", "column", c.Column, "values", c.N)
	}
	if counts.Rows == 0 {
		log.Warn("no rows are left")
	}
	return nil
}
