package forecast

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/timeline"
	"pipe/forecaster"
	"pipe/nn"
	"pipe/pipeline"
)

// NextKind describes the kind of stage that goes on from where a table ends.
func NextKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "extrapolate",
		Version: 3, // 2 had no intervals of series that were not there in training
		Doc: `Forecasts the steps behind the end of each series of a table, with a model that a stage of kind forecast made.

The table needs the columns that the model was made of, and may be newer: nothing is fitted again, and the forecasts follow from the last values.
It may begin later, too, but for ` + "`ets` and `theta`" + `, and networks with such a base, which follow a series from where it began in training.
A series ends with its last value of the target; rows behind it say what columns that are known ahead will be, and each of these has to be there for
each step that is forecast. There is a row for each series and step, with the intervals of the model. A series that
was not there when the model was made is forecast by a network, if its base is fitted to no series; its intervals are made of the errors of all others,
each in its scale, and the log says so. One that cannot be forecast, or that is too short, is told in the log, and has no rows; if that are all, the stage fails. ` + "`pipe forecast`" + ` does the same for a file.`,
		Example: `
next:
  uses: extrapolate
  inputs: {table: load, model: outlook.model}
  with: {steps: 6}
`,
		Inputs: []pipeline.Port{
			{Name: tablePort, Type: pipeline.Table, Doc: "the rows of the series"},
			{Name: modelPort, Type: pipeline.Model, Doc: "a model of a stage of kind forecast"},
		},
		Outputs: []pipeline.Port{{Name: forecastsPort, Type: pipeline.Table, Doc: "a row for each series and step ahead"}},
		Engine:  nn.Engine,
		New:     func() pipeline.Stage { return new(Next) },
	}
}

// Next is the configuration of the stage, and the stage.
type Next struct {
	Steps int `yaml:"steps" default:"0" min:"0" max:"10000" doc:"How many steps are forecast, at most the horizon of the model; 0 is all of it."`
}

// Run implements pipeline.Stage.
func (s *Next) Run(ctx context.Context, env pipeline.Env) error {
	in, err := env.Open(modelPort)
	if err != nil {
		return err
	}
	defer in.Close()
	model, err := forecaster.Read(in, in.Size())
	if err != nil {
		return diag.WithHint(fmt.Errorf("%s: %w", in.Name, err), "connect the output model of a stage of kind forecast")
	}
	rows, err := env.Open(tablePort)
	if err != nil {
		return err
	}
	defer rows.Close()
	t, err := table.Open(rows, rows.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", rows.Name, err)
	}
	defer t.Close()
	series, err := timeline.Read(ctx, t, model.Plan.Spec(), &model.Clock)
	if err != nil {
		return fmt.Errorf("%s: %w", rows.Name, err)
	}
	subjects, empty, err := model.Plan.Subjects(series)
	if err != nil {
		return fmt.Errorf("%s: %w", rows.Name, err)
	}
	steps := s.Steps
	if steps == 0 {
		steps = model.Plan.Horizon
	}
	if steps > model.Plan.Horizon {
		return diag.WithHint(fmt.Errorf("%d steps are to be forecast, and the model has learned %d", steps, model.Plan.Horizon), "make one with a longer `horizon`")
	}
	n := &next{model: model, clock: series.Clock, steps: steps}
	lacking, untested := len(empty), 0
	var told []string
	for i := range subjects {
		err := n.add(ctx, &subjects[i])
		if lack := (*forecaster.LackError)(nil); errors.As(err, &lack) {
			if lacking++; lacking <= 5 {
				env.Log().Warn(err.Error())
			}
			n.lack = err
			continue
		}
		if err != nil {
			return err
		}
		if !model.Tested(&subjects[i]) && len(model.Levels) > 0 {
			if untested++; untested <= 5 {
				told = append(told, subjects[i].Name)
			}
		}
	}
	if len(n.ahead) == 0 {
		if n.lack != nil {
			return n.lack
		}
		return errors.New("no series has a value to go on from")
	}
	if lacking > 0 {
		env.Log().Warn(fmt.Sprintf("%d of %d series have no forecast", lacking, len(subjects)+len(empty)))
	}
	if untested > 0 {
		made := "intervals of series without errors of their own are made of those of all others"
		if model.Network == nil {
			made = "series without errors of their own have no intervals"
		}
		env.Log().Warn(made, "series", untested, "first", strings.Join(told, "; "))
	}
	w, err := env.Create(forecastsPort)
	if err != nil {
		return err
	}
	fields, columns := n.columns()
	schema := arrow.NewSchema(fields, nil)
	out, err := table.NewWriter(w, schema)
	if err != nil {
		return err
	}
	defer out.Discard()
	rec, err := table.NewRecord(schema, columns...)
	if err != nil {
		return err
	}
	defer rec.Release()
	if err := out.Write(rec); err != nil {
		return err
	}
	return out.Close()
}

// next is what was forecast.
type next struct {
	model *forecaster.Model
	clock timeline.Clock
	steps int
	lack  error

	keys           [][]string
	origins, times []int64
	ahead          []int64
	points         []float64
	lower, upper   [][]float64
}

// add forecasts a series.
func (n *next) add(ctx context.Context, s *forecaster.Subject) error {
	for c, name := range n.model.Plan.Known {
		values := s.Series.Known[c]
		for h := range min(n.steps, n.model.Plan.Horizon) {
			if v := values[len(s.Series.Values)+h]; v != v {
				where := ""
				if s.Name != "" {
					where = " of " + diag.Shorten(s.Name)
				}
				return diag.WithHint(fmt.Errorf("column %q is not known at %s%s, %d steps ahead", name, n.clock.Text(s.End()+int64(h)), where, h+1),
					fmt.Sprintf("add a row for each step that is to be forecast, with %s, and without %s", name, n.model.Plan.Target))
			}
		}
	}
	points, bands, err := n.model.Next(ctx, s, n.steps)
	if err != nil {
		return err
	}
	if n.lower == nil {
		n.lower, n.upper = make([][]float64, len(bands)), make([][]float64, len(bands))
	}
	for h, v := range points {
		n.keys, n.points = append(n.keys, s.Key), append(n.points, v)
		n.origins, n.times, n.ahead = append(n.origins, s.End()-1), append(n.times, s.End()+int64(h)), append(n.ahead, int64(h+1))
		for i, b := range bands {
			n.lower[i], n.upper[i] = append(n.lower[i], b.Lower[h]), append(n.upper[i], b.Upper[h])
		}
	}
	return nil
}

// columns are those of the output.
func (n *next) columns() (fields []arrow.Field, list []arrow.Array) {
	fields = fieldsOf(n.model.Plan.By, n.clock.Field(), false, n.model.Levels)
	for i := range n.model.Plan.By {
		values := make([]string, len(n.keys))
		for j, key := range n.keys {
			values[j] = key[i]
		}
		list = append(list, table.NewArray(values, nil))
	}
	list = append(list, n.clock.Column(n.origins), n.clock.Column(n.times), table.NewArray(n.ahead, nil), numbers(n.points))
	for i := range n.model.Levels {
		list = append(list, numbers(n.lower[i]), numbers(n.upper[i]))
	}
	return fields, list
}
