package relate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func aggregateKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "aggregate",
		Version: 2,
		Doc: `Make one row of all rows with equal values in some columns: counts, means and other statistics.

Rows are sorted by the columns of ` + "`by`" + `, missing values last; rows with a missing value are a group
like any other. Without ` + "`by`" + ` there is one row for the whole table. ` + "`window`" + ` divides time into
days, quarters of an hour, months, and makes a group of each that has rows. The last piece may be of half a month: it
is said not to be whole if its end is further behind the last row of the table than 95 of 100 gaps between times are long, or than the end of each of the 23
pieces before is behind theirs.

Missing values are left out: a mean is that of the values that are there, and is missing itself if
there are none, while a sum is 0 then. ` + "`first` and `last`" + ` are those of the first and last row, missing or
not. ` + "`min`, `max`, `median` and `quantile`" + ` leave out NaN as well, others become NaN by it. Sums and means
of whole numbers are exact, and a sum that does not fit is an error; decimal numbers are added in
the order of the rows, with compensation. ` + "`std` and `var`" + ` divide by n - 1, as pandas, Polars and SQL do, and by
n with ` + "`ddof: 0`" + `. A quantile between two values is interpolated, as NumPy does it. A ` + "`mode`" + ` is the most
frequent value, the least of several.

The bytes are the same on any number of threads, and memory is bounded: where it is not enough,
rows are put aside in files by their group. At the least it has the different values of one
group for ` + "`mode` and `count_distinct`" + `.`,
		Example: `
by_month:
  uses: aggregate
  inputs: {table: flights}
  with:
    by: [carrier, month]
    columns:
      flights: count
      mean_delay: {mean: dep_delay}
      late: {quantile: {column: dep_delay, q: 0.9}}
      planes: {count_distinct: tailnum}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows to put into groups"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "a row for each group: its values of by, then the statistics"}},
		New:     func() pipeline.Stage { return new(Aggregate) },
	}
}

// Aggregate is the configuration and the stage.
type Aggregate struct {
	By      []string                `yaml:"by" single:"true" doc:"The columns whose equal values are a group. All rows are one group if it is absent."`
	Window  *Window                 `yaml:"window" doc:"A division of time, each piece of which is a group of its own."`
	Columns settings.Map[Statistic] `yaml:"columns" required:"true" min:"1" doc:"The new columns, each with what it says of a group: count, {mean: COLUMN}, {quantile: {column: COLUMN, q: 0.9}}."`
}

// Window is a division of time.
type Window struct {
	Column string `yaml:"column" required:"true" doc:"A column of timestamps or dates."`
	Every  string `yaml:"every" required:"true" doc:"How long each piece is: 15m, 1h, 1d, 1w (from Monday), 1mo, 1q, 1y. Pieces begin at midnight, or on the first of a month, in UTC."`
	Name   string `yaml:"name" doc:"The name of the column of where pieces begin, if it is to be another than that of the times."`

	Incomplete string `yaml:"incomplete" added:"true" default:"keep" enum:"keep,drop" doc:"What becomes of the last piece, if the rows of the table end before it does: a month of which half is over. It is kept, with a warning, or left out."`
}

// Validate finds what is no length of time.
func (w *Window) Validate() error {
	if _, err := relation.ParseSpan(w.Every); err != nil {
		return fieldError("every", diag.HintOf(err), "%v", err)
	}
	return nil
}

// Statistic is a choice of what is said of a group.
type Statistic struct {
	settings.OneOf
	Count         *CountOf    `yaml:"count" doc:"How many rows there are, or with a column how many values."`
	CountDistinct *Of         `yaml:"count_distinct" doc:"How many different values there are."`
	Sum           *Of         `yaml:"sum" doc:"The sum; of true and false how many are true."`
	Mean          *Of         `yaml:"mean" doc:"The mean; of true and false the share of true."`
	Min           *Of         `yaml:"min" doc:"The least value; of texts the first by their bytes."`
	Max           *Of         `yaml:"max" doc:"The greatest value."`
	Std           *SpreadOf   `yaml:"std" doc:"The standard deviation."`
	Var           *SpreadOf   `yaml:"var" doc:"The variance."`
	Median        *Of         `yaml:"median" doc:"The median."`
	Quantile      *QuantileOf `yaml:"quantile" doc:"A quantile."`
	First         *Of         `yaml:"first" doc:"The value in the first row, by the order of the table."`
	Last          *Of         `yaml:"last" doc:"The value in the last row."`
	Any           *Of         `yaml:"any" doc:"Whether any value is true."`
	All           *Of         `yaml:"all" doc:"Whether all values are true."`
	Mode          *Of         `yaml:"mode" doc:"The most frequent value."`
}

// Advise knows what other tools call them.
func (*Statistic) Advise(written string) string {
	for name, others := range map[string]string{
		"mean": "avg average", "std": "stddev stdev sd", "var": "variance", "count": "size len n rows", "count_distinct": "nunique n_unique n_distinct distinct unique",
		"max": "maximum", "min": "minimum", "first": "head", "last": "tail", "quantile": "percentile", "any": "bool_or", "all": "bool_and", "sum": "total",
	} {
		if slices.Contains(strings.Fields(others), strings.ToLower(written)) {
			return diag.DidYouMean(name)
		}
	}
	return ""
}

// Of names a column.
type Of struct {
	Column string `yaml:"column" required:"true" short:"true" doc:"The column."`
}

// CountOf names a column whose values are counted.
type CountOf struct {
	Column string `yaml:"column" short:"true" doc:"The column whose values are counted. Rows are if it is absent."`
}

// SpreadOf names a column, with what the sum of squares is divided by.
type SpreadOf struct {
	Column string `yaml:"column" required:"true" short:"true" doc:"The column."`
	DDoF   int    `yaml:"ddof" default:"1" min:"0" max:"1000" doc:"What is taken off the number of values to divide by: 1 for a sample, 0 for all that there are."`
}

// QuantileOf names a column and a share.
type QuantileOf struct {
	Column string  `yaml:"column" required:"true" doc:"The column."`
	Q      float64 `yaml:"q" required:"true" min:"0" max:"1" doc:"The share of values below: 0.9 for the ninth decile."`
}

// measure is what the choice says.
func (s *Statistic) measure(name string) relation.Measure {
	m := relation.Measure{Name: name}
	for _, c := range []struct {
		of   *Of
		what relation.Statistic
	}{
		{s.CountDistinct, relation.CountDistinct}, {s.Sum, relation.Sum}, {s.Mean, relation.Mean}, {s.Min, relation.Min}, {s.Max, relation.Max},
		{s.Median, relation.Median}, {s.First, relation.First}, {s.Last, relation.Last}, {s.Any, relation.Any}, {s.All, relation.All}, {s.Mode, relation.Mode},
	} {
		if c.of != nil {
			m.Statistic, m.Column = c.what, c.of.Column
		}
	}
	switch {
	case s.Count != nil:
		m.Statistic, m.Column = relation.Count, s.Count.Column
	case s.Std != nil:
		m.Statistic, m.Column, m.DDoF = relation.Std, s.Std.Column, s.Std.DDoF
	case s.Var != nil:
		m.Statistic, m.Column, m.DDoF = relation.Var, s.Var.Column, s.Var.DDoF
	case s.Quantile != nil:
		m.Statistic, m.Column, m.Quantile = relation.Quantile, s.Quantile.Column, s.Quantile.Q
	}
	return m
}

// Validate finds columns of one name.
func (s *Aggregate) Validate() error {
	var errs []error
	names := slices.Clone(s.By)
	for i, name := range s.By {
		if slices.Contains(s.By[:i], name) {
			errs = append(errs, settings.FieldErrorf(fmt.Sprintf("by.%d", i), "%q is there twice", name))
		}
	}
	if w := s.Window; w != nil {
		if name := w.name(); slices.Contains(names, name) {
			errs = append(errs, fieldError("window", "give that of the window another `name`", "there would be two columns %q", name))
		} else {
			names = append(names, name)
		}
	}
	for _, e := range s.Columns {
		if slices.Contains(names, e.Key) {
			errs = append(errs, fieldError("columns."+e.Key, "choose another name", "there would be two columns %q", e.Key))
		}
	}
	return errors.Join(errs...)
}

func (w *Window) name() string {
	if w.Name == "" {
		return w.Column
	}
	return w.Name
}

// aggregation is what the settings say.
func (s *Aggregate) aggregation() relation.Aggregation {
	a := relation.Aggregation{By: s.By}
	if w := s.Window; w != nil {
		every, _ := relation.ParseSpan(w.Every) // Validate did
		a.Window = &relation.Window{Column: w.Column, Every: every, Name: w.name()}
	}
	for _, e := range s.Columns {
		a.Measures = append(a.Measures, e.Value.measure(e.Key))
	}
	return a
}

// Run implements pipeline.Stage.
func (s *Aggregate) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(in *opened) error { return s.run(ctx, env, in) })
}

func (s *Aggregate) run(ctx context.Context, env pipeline.Env, in *opened) error {
	spec := s.aggregation()
	a, err := relation.NewAggregator(in.Schema(), spec, env.Scratch)
	if err != nil {
		return err
	}
	out, err := create(env, tablePort, a.Schema())
	if err != nil {
		return err
	}
	defer out.Discard()
	from := func(made, column string) {
		env.Column(pipeline.ColumnRef{Port: tablePort, Column: made}, pipeline.ColumnRef{Port: tablePort, Column: column})
	}
	for _, name := range spec.By {
		from(name, name)
	}
	if w := spec.Window; w != nil {
		from(w.Name, w.Column)
	}
	for _, m := range spec.Measures {
		if m.Column != "" {
			from(m.Name, m.Column)
		}
	}
	write, err := s.whole(ctx, env, a, in, out.Write)
	if err == nil {
		_, err = a.Run(ctx, means(env), in.Reader, write)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return err
	}
	env.Metric("rows", float64(out.Rows()), metric.Meaning{})
	env.Log().Info("aggregated", "rows", in.NumRows(), "groups", out.Rows())
	return nil
}

// whole tells of a last window that is not, and has it left out if that is wanted.
func (s *Aggregate) whole(ctx context.Context, env pipeline.Env, a *relation.Aggregator, in *opened, write func(arrow.RecordBatch) error) (func(arrow.RecordBatch) error, error) {
	u, err := a.Unfinished(ctx, in.Reader)
	if err != nil || u == nil {
		return write, err
	}
	if s.Window.Incomplete == dropped {
		env.Log().Warn("the last piece of time is left out: the rows end before it does", "window", u.Begin, "last_row", u.Last)
		return a.Without(u, write), nil
	}
	env.Log().Warn("the last piece of time is not whole: the rows end before it does; `incomplete: drop` leaves it out", "window", u.Begin, "last_row", u.Last)
	return write, nil
}

// dropped is what Window.Incomplete says of a piece that is left out.
const dropped = "drop"

// Whole is the stage that leaves out a last window which is not whole, or nil if that is this one, or there are no windows.
func (s *Aggregate) Whole() pipeline.Stage {
	if s.Window == nil || s.Window.Incomplete == dropped {
		return nil
	}
	whole, window := *s, *s.Window
	window.Incomplete = dropped
	whole.Window = &window
	return &whole
}

// Repeats implements pipeline.Repeater.
func (*Aggregate) Repeats() (port, why string) {
	return tablePort, "each row that it makes is of several"
}
