package preprocess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/feature"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// The ports of a preprocess stage that have a fixed name.
const (
	trainPort     = "train"
	transformPort = "transform"
)

func preprocessKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "preprocess",
		Version: 6 + feature.Raised(feature.All()), // each of them is applied here
		Doc: `Turn the columns of tables into vectors of features that a network can learn from.

What the transforms need to know (means, medians, categories, classes) is learned from the table
` + "`train`" + ` only, and is then applied to it and to every other table that is connected, so that nothing
of a test part leaks into training. The stage makes a data set for each table, under the name of
its input, and the fitted ` + "`transform`" + `, with which a predict stage treats new rows alike.

Features appear in the order in which they are listed; a column that is not listed is dropped. A
column without settings gets the usual treatment of its type: numbers are standardised, booleans
become 0 and 1, texts become one_hot. The definitions are those of scikit-learn. A date becomes the
days since the first one, standardised, and the sine and the cosine of its place in the year and in the
week; a timestamp that of its place in the day, too. The step ` + "`date`" + ` names other parts, or holidays.

` + "`impute: {median: {by: species}}`" + ` fills in the median of the rows of train of the same species, and of all of them where
there is none.

Rows without a target are dropped from every table. A number that is missing is an error unless
` + "`impute`" + ` says what to put in its place; a text that is missing is a category of its own. Trees need no value:
` + "`impute: keep`" + ` (or ` + "`defaults: {number: {impute: keep, scale: none}}`" + `) lets what is missing through to ` + "`train_trees`" + `. A
category that was not there in training is none of the known ones, with a warning, unless
` + "`unseen`" + ` says otherwise; in ordinal encoding, which has no place for it, it is an error.

A regression can learn the logarithm of its target, or another function that rises:
` + "`" + `target: {column: price, transform: log}` + "`" + `. Then errors count as shares, not as amounts, while predictions,
metrics, baselines and plots are in units of the target. What becomes of a quantile (loss ` + "`pinball`" + `) or of
the median (` + "`mae`" + `) is that of the target; but the mean of logarithms (` + "`mse`" + `) becomes a number below the mean,
close to the median, so that predictions add up to less than there is. ` + "`yeo_johnson` and `box_cox`" + ` learn
the exponent of a power from the rows of train; what they predict ends as far beyond the numbers of train
as these are from each other, since a power of a large output may be any number. A number that has no logarithm
is an error in training data; in data that are only measured it is allowed.

` + "`targets: [height, weight]`" + ` in place of ` + "`target`" + ` are several that one network predicts: all numbers, each with a
scale of its own, or all labels of two classes (multi-label), such as columns of truth values. The loss is the
mean over them. Rows that lack one of them are dropped.

A list in place of the settings of a column is a chain of transforms, each of what the one before
has made: ` + "`" + `[impute: median, log1p, scale: standard]` + "`" + `. It is all that is done to the column, and ends
in numbers or in ` + "`one_hot`" + `.

Categories of which there are many have other steps than ` + "`one_hot`: `target_encode`" + ` is the mean of
the target in the rows of a category, ` + "`frequency`" + ` how many there are, ` + "`hash`" + ` a fixed number of
features, and ` + "`embedding_ids`" + ` an input of its own, for an embedding in ` + "`branches`" + `. In target encoding the
training rows get what the others tell of their categories (folds at random, from the seed), since a feature
that knew their own targets would promise too much.

A column of lists becomes an input of its own in the data set, in the type that it has: levels with
a height and a width are pictures, integers are the ids of words. Where the table does not say it, a
chain does: ` + "`" + `[image: [28, 28]]` + "`, `[tokens]`, `[series]`, or `[vector]`" + ` for a feature each. Networks take it by
` + "`branches`" + `.

` + "`cross`" + ` makes features of several columns: ` + "`polynomial`" + ` of numbers, such as ` + "`x^2`" + ` and ` + "`x*y`" + `, ` + "`interaction`" + ` a product of
numbers, or one category for each combination of categories, such as ` + "`carrier*origin=AA*JFK`" + `. They are made
behind the chains of their columns, of the number at the end of a chain, or of the category that its last step
encodes, and stand behind all other features; they can have a chain of their own.

Pictures have steps of their own before ` + "`image`: `[grayscale, {resize: [64, 64]}, {crop: [56, 56]}, image]`" + `, with ` + "`pad`" + ` for
pixels around them. They make what Pillow makes, and bytes stay bytes. ` + "`image: {normalise: standard}`" + ` finds the mean and the
deviation of each channel in the rows of train, which the model then applies itself; ` + "`normalise: imagenet`" + ` is for networks that were
trained on that. A chain that begins with ` + "`resize`" + ` takes new pictures of any size, as long as those of a file or folder have one;
for folders of several sizes let ingest scale them, ` + "`format: {images: {size: [64, 64]}}`" + `. What should be other in each epoch is ` + "`augment`" + ` of the train stage.

` + "`select`" + ` drops features that tell little, by what they are in the rows of train: those with one value, copies of
others, or all but the best for the target. The log says which and why.

Warnings tell of features that are the target in other words or in another unit, of those that alone predict
it nearly without fault (ROC-AUC or R2 above 0.995 by ranges or values of the column, measured on rows that these were not
made of), and of identifiers: as a rule they are not known when a prediction is made. Up to 10,000 rows are looked at. ` + "`allow: [COLUMN]`" + ` says that one is meant.
Others tell of rows of train that are in another table, too, or nearly so, and of a column that is no feature whose rows with one value have one target and are in both, such as
the number of a patient: ` + "`group`" + ` of the split stage keeps them together.

What a column leaves open is taken from ` + "`defaults`" + ` of its type, setting by setting, so that
` + "`" + `features: {"*": {}}` + "`" + ` with two defaults treats a table of hundreds of columns.`,
		Example: `
features:
  uses: preprocess
  inputs: {train: split.train, test: split.test}
  with:
    target: species
    features:
      bill_length_mm: {impute: median, scale: standard}
      flipper_length_mm: {impute: {constant: 200}, indicator: true, scale: min_max}
      island: {encode: {one_hot: {unseen: error}}}
      body_mass_g: [impute: median, log1p, scale: standard]
      sex: {impute: most_frequent}
      date_egg: [date: {parts: [year, week], holidays: [2008-11-27]}]
      type:bool: {}                 # all columns of a type
      "*": {}                       # all others, by their types
    defaults:
      number: {impute: median}
      text: {encode: {one_hot: {max_categories: 50, unseen: infrequent}}}
    drop: [id, "*_note"]
    cross:
      - polynomial: {columns: [bill_length_mm, body_mass_g], degree: 2}   # bill_length_mm^2, bill_length_mm*body_mass_g, ...
      - interaction: [island, sex]                                        # a category of two
    select: {variance: 0, correlated: 0.99}
    keep: [island]
`,
		Inputs: []pipeline.Port{
			{Name: trainPort, Type: pipeline.Table, Doc: "the rows that the transforms are fitted on"},
			{Name: "*", Type: pipeline.Table, Doc: "further tables to apply them to", Optional: true},
		},
		New: func() pipeline.Stage { return new(Preprocess) },
	}
}

// OutputPorts are the transform and a data set for each table.
func (s *Preprocess) OutputPorts(inputs []string) []pipeline.Port {
	ports := []pipeline.Port{{Name: transformPort, Type: pipeline.Transform, Doc: "the fitted transforms"}}
	for _, in := range inputs {
		ports = append(ports, dataSetPort(in))
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
	columns(env, transform, transformPort, trainPort, false)
	s.report(env.Log(), transform)
	s.tellPositive(env.Log(), transform)
	if err := s.tellGroups(ctx, env, transform); err != nil {
		return err
	}
	var missing string
	for _, t := range s.predicted() {
		if missing != missingError { // the strictest of several
			missing = t.Missing
		}
	}
	watch := newRowWatch(env, s.Keep, s.Allow)
	defer watch.close()
	if s.Draws() { // the rows of train are encoded by others of them, and are no longer those of a test
		watch = nil
	}
	ports := []string{trainPort} // with which the others are compared
	for _, port := range s.tables(env) {
		if port != trainPort {
			ports = append(ports, port)
		}
	}
	for _, port := range ports {
		to := transform.ApplyTo
		if port == trainPort {
			to = func(ctx context.Context, r *table.Reader, _ bool, with feature.Resources, write func(arrow.RecordBatch) error) (feature.Counts, error) {
				return transform.ApplyTraining(ctx, r, with, write)
			}
		}
		if err := apply(ctx, env, transform, to, watch, port, missing); err != nil {
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
	if err := s.readHolidays(env); err != nil {
		return nil, err
	}
	spec, err := s.expanded(r.Schema(), env.Log().With("table", trainPort))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	if s.Draws() {
		spec.Seed = env.Seed()
	}
	transform, err := feature.Fit(ctx, spec, r, feature.All(), feature.Resources{Threads: env.Threads(), Scratch: env.Scratch})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return transform, nil
}

// maxDroppedTold bounds the features of which the log tells why they were dropped.
const maxDroppedTold = 20

// report tells what the vectors are made of.
func (s *Preprocess) report(log *slog.Logger, transform *feature.Transform) {
	info := transform.Info()
	columns := make(map[string]bool)
	for _, f := range info.Features() {
		columns[f.Column] = true
	}
	args := []any{"columns", len(columns), "features", len(info.Features())}
	if n := len(info.Targets); n > 1 {
		args = append(args, "targets", n, "task", info.Targets[0].Task)
	} else if t := info.Target(); t != nil {
		args = append(args, "target", t.Column, "task", t.Task)
		if t.Task.IsClassification() {
			args = append(args, "classes", len(t.Classes))
		}
	}
	log.Info("fitted", args...)
	dropped := transform.Dropped()
	for _, d := range dropped[:min(len(dropped), maxDroppedTold)] {
		log.Info("a feature was dropped", "feature", d.Feature, "because", d.Because)
	}
	if n := len(dropped); n > maxDroppedTold {
		log.Info("more features were dropped, as the transform says", "features", n-maxDroppedTold, "of", n)
	}
	for _, r := range transform.Remarks() {
		if r.Kind != "" && (slices.Contains(s.Allow, r.Column) || slices.Contains(s.Allow, string(r.Kind))) {
			continue
		}
		hint := r.Fix
		if r.Kind != "" {
			hint += fmt.Sprintf("; `allow: [%s]` says that it is meant", settings.Quote(r.Column))
		}
		log.Warn(r.Msg, "column", r.Column, "hint", hint)
	}
}

// tellPositive says which of two classes is the positive one. Where nobody chose
// it and it does not say so itself, that is a warning: half of all metrics hang
// on it.
func (s *Preprocess) tellPositive(log *slog.Logger, transform *feature.Transform) {
	t := transform.Info().Target()
	if t == nil || t.Task != task.Binary || len(s.Targets) > 0 {
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
func columns(env pipeline.Env, transform *feature.Transform, out, in string, kept bool) {
	info := transform.Info()
	edge := func(name, column string) {
		env.Column(pipeline.ColumnRef{Port: out, Column: name}, pipeline.ColumnRef{Port: in, Column: column})
	}
	sources := transform.Sources()
	for _, f := range info.Features() {
		of, ok := sources[f.Column]
		if !ok {
			of = []string{f.Column}
		}
		for _, column := range of {
			edge(f.Name, column)
		}
	}
	for _, t := range info.Targets {
		edge(t.Column, t.Column)
	}
	if kept {
		for _, name := range info.Keep {
			edge(name, name)
		}
	}
}

// applying is feature.Transform.ApplyTo.
type applying func(ctx context.Context, r *table.Reader, withTarget bool, with feature.Resources, write func(arrow.RecordBatch) error) (feature.Counts, error)

// What is to become of rows without a target, where somebody has said it.
const (
	missingDrop  = "drop"
	missingError = "error"
)

// apply makes the data set of one table, to which to applies the transform.
func apply(ctx context.Context, env pipeline.Env, transform *feature.Transform, to applying, watch *rowWatch, port, missing string) error {
	in, r, err := openTable(env, port)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	if r, err = transform.Undo(r); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	labelled := transform.Info().Target() != nil
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
	defer w.Discard()
	w.Expect(r.NumRows())
	columns(env, transform, port, port, true)
	var done int64
	watch.begin(r.NumRows())
	counts, err := to(ctx, r, labelled, feature.Resources{Threads: env.Threads(), Scratch: env.Scratch}, func(rec arrow.RecordBatch) error {
		done += rec.NumRows()
		env.Progress(done, r.NumRows())
		watched := make(chan error, 1)
		go func() { watched <- watch.add(rec) }()
		return errors.Join(w.Write(rec), <-watched)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := watch.end(ctx, env, port); err != nil {
		return err
	}
	env.Metric(port+".rows", float64(counts.Rows), metric.Meaning{})
	env.Metric(port+".dropped_rows", float64(counts.Dropped), metric.Meaning{})
	log := env.Log().With("table", port)
	if counts.Dropped > 0 {
		level := slog.LevelWarn
		switch missing {
		case missingError:
			return diag.WithHint(fmt.Errorf("%s: %d of %d rows have no target", in.Name, counts.Dropped, counts.Rows+counts.Dropped+counts.Gone),
				"remove them from the file, or write `missing: drop` in target")
		case missingDrop:
			level = slog.LevelInfo
		}
		log.Log(ctx, level, "rows without a target were dropped", "rows", counts.Dropped, "of", counts.Rows+counts.Dropped+counts.Gone)
	}
	derive.Tell(log, counts.Replayed.Derived)
	for _, c := range counts.Replayed.Alone {
		log.Warn("rows match none of a table that is joined, so that what it would add is missing", "table", c.Of, "rows", c.Rows, "first_row", c.First+1)
	}
	if counts.Gone > 0 {
		log.Info("rows were left out as in training, by a filter or an inner join", "rows", counts.Gone, "of", counts.Rows+counts.Dropped+counts.Gone)
	}
	for _, c := range counts.Imputed {
		log.Info("missing values were filled in", "column", c.Column, "values", c.N)
	}
	for _, c := range counts.Unseen {
		log.Warn("values were not there in training", "column", c.Column, "values", c.N)
	}
	for _, c := range counts.Rounded {
		log.Warn("whole numbers above 2^24 were rounded, so that different ones may have become one", "column", c.Column, "values", c.N,
			"hint", "features are of 32 bits, and `scale: none` takes the number as it is: `encode: ordinal` numbers the values that there are")
	}
	if counts.Rows == 0 {
		log.Warn("no rows are left")
	}
	return nil
}
