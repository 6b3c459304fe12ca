// Package compare is the stage kind that brings together what was measured of the cases
// of a matrix, and of models of several kinds: how good each is over its seeds and folds, and which is the best.
package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Ports of the stage.
const (
	metricsPort = "metrics"
	modelsPort  = "models"
	modelPort   = "model"
	reportPort  = "report"

	predictionsPort = "predictions"
)

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "compare",
		Version: 9,
		Doc: `Compares the cases of a matrix, and models of several kinds, by what was measured of them.

It takes the metrics of all cases of a stage, or of several stages, each with a name: ` + "`metrics: {network: score, trees: score_trees}`" + `. The name
is the value of the axis ` + "`model`" + `, beside the axes that the cases have, and ` + "`predictions`" + ` and ` + "`models`" + ` have the same names. What was run once stands beside each seed of the others. Cases that differ in nothing but the axes of ` + "`over`" + `,
by default ` + "`seed` and `fold`" + `, are repetitions of one variant. Of each variant there are the mean of
each metric, its standard deviation (n - 1), the least and the greatest value. The best variant has
the best mean of the metric ` + "`by`" + `; every other is compared with it case by case, by the differences where both
have the same seed and fold.

Recorded are ` + "`accuracy.mean`, `accuracy.std`, `accuracy.min` and `accuracy.max`" + ` of the best variant, for every
metric, and ` + "`accuracy.mean[network=cnn]`" + ` of each variant for the metric ` + "`by`" + `. ` + "`require`" + ` is a gate: if a
condition is not met the outputs are kept, nothing downstream runs, and pipe ends with exit code 4. With values in brackets it is about
the variant that has them, ` + "`log_loss.mean[units=64]`" + `, and may compare it with another one, ` + "`\"> 2 * log_loss.mean[units=8]\"`" + `.

The report has a chart of the metric by each axis with three numbers or more, such as the units of a layer, with a line for each combination of the other axes.
With models it draws their losses epoch by epoch, and, if they were trained with ` + "`norms: true`" + `, the gradients of their layers.

With predictions the rows of all cases of a variant are also measured together, as of one evaluation: ` + "`accuracy.pooled`" + `. Over folds that is of
each row by a model that has not seen it, with a 95% confidence interval in the report, and one of how much better the best variant is than each other on the same rows (the paired
bootstrap). Where rows are there several times, once for each seed or where all folds are measured on one part, a row is drawn with all that was predicted of it,
and where evaluate drew ` + "`blocks`" + ` of neighbours, so does this.

Forecasts of several models (metrics of a stage of kind forecast) are compared origin by origin, too: by how much the best variant errs less, with a 95%
confidence interval from the circular block bootstrap, since origins overlap. Losses of seeds are averaged first.

` + "`macro_f1.ahead[network=linear]`" + ` is the lower end of the 95% interval of how much better the best variant is than that one, on the same rows: with
">= -0.01" it is not worse, with "> 0" it is certainly better.

With models the output ` + "`model`" + ` is that of the best case of the best variant, to be measured on other rows, to be
promoted and to predict with.`,
		Example: `compare:
  uses: compare
  inputs: {metrics: score, models: model}
  with: {by: accuracy, require: {accuracy.mean: ">= 0.9", accuracy.min: ">= 0.8"}}
`,
		Inputs: []pipeline.Port{
			{Name: metricsPort, Type: pipeline.Metrics, Many: true, Doc: "what evaluate has measured of each case"},
			{Name: predictionsPort, Type: pipeline.Table, Many: true, Optional: true, Doc: "the predictions of the cases, whose rows are measured together, too"},
			{Name: modelsPort, Type: pipeline.Model, Many: true, Optional: true, Doc: "the models of the cases, of which the best becomes an output"},
		},
		Outputs: []pipeline.Port{
			{Name: metricsPort, Type: pipeline.Metrics, Doc: "every figure of every variant and case, as JSON"},
			{Name: reportPort, Type: pipeline.Report, Doc: "one HTML page with a table and a chart of the ranges"},
			{Name: modelPort, Type: pipeline.Model, Doc: "the model of the best case; only where models are connected", Aside: true},
		},
		New: func() pipeline.Stage { return new(Stage) },
	}
}

// Stage is the configuration and the stage.
type Stage struct {
	By      string                  `yaml:"by" max:"200" doc:"The metric that decides, as evaluate records it: accuracy, train.rmse, recall[yes]. If absent, the first that evaluate has computed."`
	Over    []string                `yaml:"over" doc:"Axes whose values are repetitions: metrics are averaged over them. If absent, seed and fold."`
	Require settings.Map[Condition] `yaml:"require" doc:"Conditions on what is recorded of the best variant, such as accuracy.mean: \">= 0.9\", or of another, which may be compared with a third: log_loss.mean[units=64]: \"> 2 * log_loss.mean[units=8]\"."`
	Title   string                  `yaml:"title" max:"200" doc:"Heading of the report. If absent, the target and the metric."`
}

// statistics are what there is of each metric, by the ends of their names.
var statistics = []string{"mean", "std", "min", "max", "pooled"}

// repetitions are the axes that are averaged over.
func (s *Stage) repetitions() []string {
	if len(s.Over) == 0 {
		return []string{"seed", "fold"}
	}
	return s.Over
}

// Validate finds what is wrong whatever the inputs are.
func (s *Stage) Validate() error {
	var errs []error
	for i, axis := range s.Over {
		if msg, hint := names.CheckPart(axis); msg != "" {
			errs = append(errs, &settings.FieldError{Field: fmt.Sprintf("over.%d", i), Err: errors.New("the name of an axis " + msg), Todo: hint})
		} else if slices.Contains(s.Over[:i], axis) {
			errs = append(errs, settings.FieldErrorf(fmt.Sprintf("over.%d", i), "%s is there twice", axis))
		}
	}
	if s.By != "" {
		name := lastPart(s.By)
		of, _, ended := cutStatistic(s.By)
		switch def := known(name); {
		case def == nil && ended:
			errs = append(errs, &settings.FieldError{Field: "by", Err: fmt.Errorf("%s is no metric of evaluate", diag.Quote(s.By)), Todo: "write " + of + "; its mean decides"})
		case def == nil:
			errs = append(errs, &settings.FieldError{Field: "by", Err: fmt.Errorf("there is no metric %s", diag.Quote(name)), Todo: diag.NearestHint(name, metric.All().Names())})
		case def.Goal == metric.None:
			errs = append(errs, &settings.FieldError{Field: "by", Err: fmt.Errorf("nothing says whether more or less of %s is better", diag.Quote(name)), Todo: "choose a metric such as accuracy or rmse"})
		}
	}
	for _, e := range s.Require {
		if _, _, _, ok := cutFigure(e.Key); !ok {
			errs = append(errs, &settings.FieldError{Field: "require." + e.Key, Err: fmt.Errorf("%s is no metric of several cases", diag.Quote(e.Key)),
				Todo: "write " + e.Key + ".mean, .std, .min, .max or .pooled, or " + e.Key + ".ahead[AXIS=VALUE] of another variant"})
		}
	}
	return errors.Join(errs...)
}

// OutputPorts implements pipeline.OutputPorter: there is a model where there are models.
func (s *Stage) OutputPorts(inputs []string) []pipeline.Port {
	ports := Kind().Outputs
	if !slices.ContainsFunc(inputs, func(in string) bool { return base(in) == modelsPort }) {
		ports = slices.DeleteFunc(ports, func(p pipeline.Port) bool { return p.Name == modelPort })
	}
	return ports
}

func base(port string) string {
	name, _, _ := names.SplitCase(port)
	return name
}

// connected says whether there is a case on a port.
func connected(from pipeline.Sources, port string) bool {
	return slices.ContainsFunc(from.Inputs(), func(in string) bool { return base(in) == port })
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	r, err := s.results(ctx, env, env.Threads())
	if err != nil {
		return err
	}
	r.record(env.Metric)
	best := r.best()
	env.Log().Info("the best variant is "+best.name(), r.by, r.show(best.stats[r.by].mean), "cases", len(best.cases))
	for _, note := range r.notes {
		env.Log().Warn(note)
	}
	w, err := env.Create(metricsPort)
	if err != nil {
		return err
	}
	if err := r.writeJSON(w); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if w, err = env.Create(reportPort); err != nil {
		return err
	}
	if err := r.page(s.Title).WriteHTML(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := s.model(ctx, env, r); err != nil {
		return err
	}
	return r.unmet()
}

// model passes on the model of the best case.
func (s *Stage) model(ctx context.Context, env pipeline.Env, r *results) error {
	if !connected(env, modelsPort) {
		return nil
	}
	of := r.best().best(r.by, r.goal).name
	port := of.Of(modelsPort)
	if !slices.Contains(env.Inputs(), port) {
		return diag.WithHint(fmt.Errorf("there is no model of the best case, %s", of), "connect the models of the stage whose metrics these are")
	}
	in, err := env.Open(port)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := env.Create(modelPort)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, io.NewSectionReader(in, 0, in.Size())); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return ctx.Err()
}

// Page is the page of the report of the same inputs. Nothing else is written.
func (s *Stage) Page(ctx context.Context, from pipeline.Sources, threads int) (*report.Page, error) {
	r, err := s.results(ctx, from, threads)
	if err != nil {
		return nil, err
	}
	return r.page(s.Title), nil
}

// MetricGoal implements pipeline.GoalTeller.
func (s *Stage) MetricGoal(name string) (metric.Goal, error) {
	of, statistic, ok := cutStatistic(name)
	def := known(lastPart(of))
	if !ok || def == nil || statistic == "std" {
		return metric.None, diag.WithHint(fmt.Errorf("nothing says what is better of %s", diag.Quote(name)), "write a metric of evaluate and .mean, .min, .max or .pooled")
	}
	return def.Goal, nil
}
