// Package evaluate is the stage kind that says how good a model is: metrics
// with their uncertainty and beside what a guess would score, a report for
// people, and the predictions behind both.
//
// Everything is computed from the inputs alone. Names that appear in the
// outputs are those of ports and columns, never those of stages or files, so
// that equal inputs give equal bytes.
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"pipe/data/leak"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Ports of the stage.
const (
	modelPort = "model"
	dataPort  = "data"
)

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	known := metric.All()
	return pipeline.Kind{
		Name:    "evaluate",
		Version: 15, // before, it said more of simple models than is known, and had intervals of fewer than 6 rows
		Doc: `Measures a model on a data set, beside what guessing would score.

Metrics follow scikit-learn and are computed over all rows at once. Those of
` + "`data`" + ` come with a 95% confidence interval: Wilson's for shares of rows, the
percentile bootstrap for the others, and for all if rows have weights (` + "`sample_weight`" + `). Fewer than six rows have none of the latter, and rows of ` + "`blocks`" + ` none if they are fewer than five. Of more than 50,000 rows
a part is resampled in which each stands for several; classes that are rare keep their rows, and so do the largest errors and weights. Of two classes ` + "`precision`, `recall`, `f1`" + ` and
` + "`average_precision`" + ` are about the positive one, which the preprocess stage chooses
(` + "`target: {column: y, positive: failed}`" + `); metrics, report, log and terminal name it. Rows
are taken for it above the ` + "`threshold`" + ` of the model. Further data sets can be connected under
any name; their metrics are recorded as ` + "`train.rmse`" + `. Where a data set is named
` + "`train`" + `, baselines and the training range in plots are taken from it, and rows of ` + "`data`" + ` that
are among its rows are told, with the metrics without them. ` + "`baselines`" + ` are simple models that then are
trained beside the model, on its features and without any search: a ridge or logistic regression, and gradient boosted trees.
Where the threshold of the model was chosen by a metric or by costs, theirs is chosen by the same, on the rows of train that each half says of the other; one that was given they have, too.
Report and metrics have the difference to each, with its interval, and log and report say whether the model is better than the simplest
of them. They are kept in the store beside train, so that another network is compared without training them again, and take
seconds: they learn from 20,000 rows at most, and of very wide ones there are none. ` + "`accuracy: \"> linear\"`" + ` is a condition.

Of a model with several targets the metrics of numbers are the plain mean over the targets, of which
r2 alone has no unit; of labels there are macro, micro and weighted ones, hamming_loss, and accuracy, the share of
rows of which all labels are right. ` + "`rmse[price]` and `f1[spam]`" + ` are of one target, also in ` + "`require`" + `.

The report shows the worst mistakes and what the model looked at in them (` + "`explain`" + `): a part of the row is hidden, and how much
less the model then holds of what it said is what the part counts. Of pictures that is a patch, over all places; of texts each word, where
` + "`transform`" + ` is connected; of features each column, which becomes what is usual. Where no row was predicted wrong, those are shown that the model was least sure of. The words or columns that moved most in 200 rows are listed. It takes at most 196 predictions for a row, and no more than some
seconds unless ` + "`explain: {rows: 12}`" + ` asks for all that it takes.

` + "`require`" + ` is a gate: if a condition is not met the outputs are kept, nothing
downstream runs, and pipe ends with exit code 4.

Conditions also compare the groups of a column of ` + "`slices` or `fairness`: `accuracy.island.min` is the accuracy of the worst island, `recall.sex.difference`" + ` how far
the best and the worst are apart, and ` + "`ratio`" + ` and ` + "`max`" + ` are the other two. ` + "`fairness: [sex, race]`" + ` reports what a model of two classes does to
groups: ` + "`selection_rate`" + ` (demographic parity), ` + "`recall`" + ` (equal opportunity), ` + "`false_positive_rate`, and `equalized_odds`" + `, in which the last two
are both alike, as fairlearn defines them, with 95% intervals. Their differences and ratios are recorded, as ` + "`equalized_odds.sex.difference`" + `. Columns
that a model must not know need not be features: ` + "`keep`" + ` of the preprocess stage is enough.

` + "`promote`, beside `with`" + `, is a gate for the model: when the run has succeeded, the model
gets the label if all conditions hold. ` + "`better_than: LABEL`" + ` compares with the model that
has the label now: by the metrics that have a condition, otherwise by the first of ` + "`metrics`" + `,
none may be worse and one must be better. The other model is measured by this stage on the same rows,
behind the transform that it was trained with; where that cannot be done, since its columns were derived or joined
in another way, the gate refuses, or, with ` + "`on_other_data: allow`" + ` beside ` + "`when`" + `, compares with what was measured of it before.
A model of another target, or of other classes, is not compared with. ` + "`paired: true`" + ` beside ` + "`when`" + ` wants the gain to be
certain: rows are resampled for both models together, and the 95% interval of the difference must be above 0 in one
metric, and below 0 in none. A gate that is not met is recorded with its
reason, and fails nothing. It is no part of the key. See ` + "`pipe models --help`" + `.`,
		Example: `score:
  uses: evaluate
  inputs: {model: model, data: features.test, train: features.train}
  with:
    metrics: [accuracy, macro_f1, log_loss]
    require: {accuracy: ">= 0.95", log_loss: "< baseline", "train.accuracy": ">= 0.95"}
    slices: [island]
  promote: {to: production, when: {accuracy: ">= 0.97", better_than: production}}
`,
		Inputs: []pipeline.Port{
			{Name: modelPort, Type: pipeline.Model, Doc: "the model to measure"},
			{Name: dataPort, Type: pipeline.Dataset, Doc: "rows that the model has not seen, made by the transform that it was trained with"},
			{Name: againstPort, Type: pipeline.Table, Doc: "predictions of another model on the rows of data, by an evaluate stage: metrics and report have the difference of each metric with its interval", Optional: true, Beside: true},
			{Name: transformPort, Type: pipeline.Transform, Doc: "the transform that made data: the report shows the words that texts are made of, and which of them counted", Optional: true},
			{Name: "*", Type: pipeline.Dataset, Doc: "further data sets to compare with: train, validation, ...", Optional: true},
		},
		Outputs: []pipeline.Port{
			{Name: "metrics", Type: pipeline.Metrics, Doc: "every figure, as JSON"},
			{Name: "report", Type: pipeline.Report, Doc: "one HTML page with charts"},
			{Name: "predictions", Type: pipeline.Table, Doc: "a row for each row of data: kept columns, actual, predicted, and probabilities or the residual"},
			{Name: explanationsPort, Type: pipeline.Table, Optional: true, Aside: true, Doc: "only with something explained. A row for each part of a row of data that was hidden: row (from 1), input, the part (word or feature with its position, or top, left, bottom and right in a picture), what the model held of what it said (held), by how much that fell, and what it says then (predicted)"},
		},
		Engine: nn.Engine,
		New:    func() pipeline.Stage { return &Stage{known: known} },
	}
}

// Stage is the configuration and the stage.
type Stage struct {
	Metrics []MetricName            `yaml:"metrics" doc:"What to compute, the most important first. If absent, what is usual for the task."`
	Require settings.Map[Condition] `yaml:"require" doc:"Conditions on metrics, such as accuracy: \">= 0.95\" or rmse: \"< 0.5 * baseline\"; what stands behind the operator is an expression of numbers, baseline (the best guess), linear and trees (see baselines). A name may begin with a data set (train.accuracy) and end with a class (recall[Gentoo])."`
	Slices  []string                `yaml:"slices" doc:"Kept columns; metrics are also reported for the rows of each of their values."`
	Title   string                  `yaml:"title" max:"200" doc:"Heading of the report. If absent, the target and the task."`
	Prefix  string                  `yaml:"prefix" max:"100" doc:"Goes before the names of the columns that are added to the predictions, for where a kept column has such a name."`

	Baselines Baselines `yaml:"baselines" default:"both" added:"true" doc:"Simple models that are trained beside the model where train is connected, on at most 20,000 of its rows, and measured on the rows of data: linear, a ridge or logistic regression; trees, gradient boosted trees. What they score can be asked for in require, as in accuracy: \"> linear\"."`

	Blocks int `yaml:"blocks" default:"0" min:"0" max:"1000000" added:"true" doc:"Of rows in order of time: how many neighbours are drawn together for intervals and differences, as in 24 of hourly rows with a daily rhythm. Rows that are alike one after the other make intervals too narrow if each is drawn by itself, as with 0."`

	Allow []Allowed `yaml:"allow" added:"true" doc:"What is meant, so that no warning is of it: repeated_rows, that rows of data are rows of train."`

	Costs        *Costs   `yaml:"costs" added:"true" doc:"What mistakes cost, of two classes: adds the metric cost, the mean over the rows, as the first, and taking every row for the positive class as a baseline."`
	Fairness     []string `yaml:"fairness" added:"true" doc:"Kept columns of groups that should fare alike, of a model of two classes: how often the positive one is predicted in each, of all rows (selection rate), of those that are of it (recall), and of the others (false positive rate), and how far the groups are apart, with intervals."`
	SampleWeight string   `yaml:"sample_weight" added:"true" doc:"A kept column of the data sets with the weight of each row: how much it counts in metrics, intervals, slices and baselines. Confusion and histograms count rows."`

	Explain *Explain `yaml:"explain" added:"true" doc:"What the report shows of what the model looked at in its worst mistakes: false for nothing, or how many, as in {rows: 24}."`

	known metric.List
}

// Costs are what the two kinds of mistakes cost.
type Costs struct {
	FalseAlarm float64 `yaml:"false_alarm" required:"true" min:"0" max:"1e12" doc:"Of a row that is taken for the positive class and is not of it."`
	Miss       float64 `yaml:"miss" required:"true" min:"0" max:"1e12" doc:"Of a row of the positive class that is not taken for it."`
}

// defs are the metrics that the stage can compute.
func (s *Stage) defs() metric.List {
	if s.Costs == nil {
		return s.known
	}
	return append(slices.Clip(s.known), metric.Cost(s.Costs.FalseAlarm, s.Costs.Miss))
}

// weightSetting names the column of weights.
const weightSetting = "sample_weight"

// Allowed is what a warning may be of.
type Allowed string

// Enum implements settings.Enum.
func (Allowed) Enum() []string { return []string{string(leak.RepeatedRows)} }

// allows says whether what is found is meant.
func (s *Stage) allows(k leak.Kind) bool { return slices.Contains(s.Allow, Allowed(k)) }

// A MetricName is the name of a metric of all rows.
type MetricName string

// Enum implements settings.Enum.
func (MetricName) Enum() []string { return metric.All().Names() }

// Validate finds what is wrong whatever the inputs are.
func (s *Stage) Validate() error {
	var errs []error
	for i, m := range s.Metrics {
		if slices.Contains(s.Metrics[:i], m) {
			errs = append(errs, settings.FieldErrorf("metrics", "%s is there twice", m))
		}
	}
	for i, c := range s.Slices {
		if slices.Contains(s.Slices[:i], c) {
			errs = append(errs, settings.FieldErrorf("slices", "%q is there twice", c))
		}
	}
	for i, c := range s.Fairness {
		if slices.Contains(s.Fairness[:i], c) {
			errs = append(errs, settings.FieldErrorf("fairness", "%q is there twice", c))
		}
	}
	for _, e := range s.Require {
		t, err := parseTarget(s.defs(), e.Key)
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: "require", Err: err, Todo: "write a metric, such as accuracy, train.rmse or recall[yes]"})
		} else if err := s.checkAcross(t, e.Value); err != nil {
			errs = append(errs, &settings.FieldError{Field: "require." + e.Key, Err: err})
		}
	}
	return errors.Join(errs...)
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	r, err := s.results(ctx, env, env, env.Threads())
	if err != nil {
		return err
	}
	for _, m := range r.flat() {
		env.Metric(m.name, m.Value.Value, m.Meaning(r.model.Signature.Classes))
	}
	if class, ok := r.positive(); ok {
		env.Log().Info("the positive class is "+strconv.Quote(class), "threshold", r.model.Signature.Cut())
	}
	for _, u := range append(r.undefined(), r.unweighted()...) {
		env.Log().Warn(u)
	}
	if why := r.withoutIntervals(); why != "" {
		env.Log().Warn(why, "hint", "take a smaller number of blocks, or more rows")
	}
	r.again.tell(ctx, env.Log(), s.allows(leak.RepeatedRows))
	r.tellSimple(ctx, env.Log())
	if err := s.write(env, r); err != nil {
		return err
	}
	return r.unmet()
}

// Page is the page of the report of the same inputs. Nothing else is written.
func (s *Stage) Page(ctx context.Context, from pipeline.Sources, threads int) (*report.Page, error) {
	r, err := s.results(ctx, from, nil, threads)
	if err != nil {
		return nil, err
	}
	return r.page(s.Title), nil
}

// results are what is found out from the inputs. Predictions are written along
// the way, unless env is nil.
func (s *Stage) results(ctx context.Context, from pipeline.Sources, env pipeline.Env, threads int) (*results, error) {
	model, err := readModel(from)
	if err != nil {
		return nil, err
	}
	metrics, err := s.metrics(model.Signature.Task)
	if err != nil {
		return nil, err
	}
	required, err := s.requirements(&model.Signature, datasetPorts(from))
	if err != nil {
		return nil, err
	}
	parts, err := s.predict(ctx, from, env, model)
	if err != nil {
		return nil, err
	}
	r := &results{costs: s.Costs != nil, model: model, task: model.Signature.Task, known: s.defs(), metrics: metrics, parts: parts, blocks: s.Blocks}
	if err := r.measure(ctx, s.Slices, threads); err != nil {
		return nil, err
	}
	if err := r.measureFairness(s.Fairness); err != nil {
		return nil, err
	}
	if err := r.compareWith(ctx, from, s.Prefix, threads); err != nil {
		return nil, err
	}
	r.headline = r.chooseHeadline(len(s.Metrics) > 0 || s.Costs != nil)
	if r.again, err = r.rowsAgain(ctx, from); err != nil {
		return nil, err
	}
	if r.simple, err = s.trainSimple(ctx, from, r, threads); err != nil {
		return nil, err
	}
	if err := r.measureSimple(ctx, from, threads); err != nil {
		return nil, err
	}
	if err := r.compareGuess(ctx, threads); err != nil {
		return nil, err
	}
	r.require(required)
	if err := s.explain(ctx, from, r); err != nil {
		return nil, err
	}
	return r, nil
}

// metrics are those to compute, which must be of the model's task.
func (s *Stage) metrics(t task.Kind) (metric.List, error) {
	list := s.asked()
	if len(s.Metrics) == 0 {
		list = append(list, metric.Usual(t)...)
	}
	for _, def := range list {
		if err := checkTask(s.defs(), def, t); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return list, nil
}

// asked are the metrics that the settings name.
func (s *Stage) asked() metric.List {
	var list metric.List
	if d, ok := s.defs().Find("cost"); ok {
		list = append(list, d)
	}
	for _, name := range s.Metrics {
		if def, ok := s.defs().Find(string(name)); ok {
			list = append(list, def)
		}
	}
	return list
}

// write makes the two documents; the predictions were written along the way.
func (s *Stage) write(env pipeline.Env, r *results) error {
	w, err := env.Create("metrics")
	if err != nil {
		return err
	}
	if err := r.writeJSON(w, s.Title); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if w, err = env.Create("report"); err != nil {
		return err
	}
	if err := r.page(s.Title).WriteHTML(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return r.writeExplanations(env)
}
