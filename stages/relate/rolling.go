package relate

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func rollingKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "rolling",
		Version: 3,
		Doc: `Put statistics of the rows before each row beside it: the mean of the last 24 hours, the sum of the last 7 rows.

The rows of the table stay as they are, in their order. Which rows are before a row is said by ` + "`time`" + `, so that
the table need not be sorted; with ` + "`by`" + ` only rows with equal values count, such as those of one station.
Of them those count that are less than ` + "`window`" + ` before the row, or the last ` + "`rows`" + `. What is later than
a row never counts, so that nothing of the future gets into a model. The row itself counts, and with a
` + "`window`" + ` all rows of the same time; with ` + "`current: false`" + ` only what is before it, as is needed
where the column is what is to be predicted, and a row exactly ` + "`window`" + ` before it counts: ` + "`window: 24h`" + ` of
rows of each hour are 24 rows either way.

The statistics are those of [` + "`aggregate`" + `](#aggregate). Where no row counts, a sum and a count are 0 and others are
missing; beside a row without a time all statistics are missing. The work grows with the rows times the rows in a window.

The bytes are the same on any number of threads. A table that is larger than memory is divided among
files by group; at the least, memory has the needed columns of one group.`,
		Example: `
with_history:
  uses: rolling
  inputs: {table: weather}
  with:
    time: time_hour
    by: origin
    window: 24h
    columns:
      temp_day: {mean: temp}
      gusts: {max: wind_gust}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows with all columns, then the statistics"}},
		New:     func() pipeline.Stage { return new(Rolling) },
	}
}

// Rolling is the configuration and the stage.
type Rolling struct {
	Time    string                  `yaml:"time" required:"true" doc:"The column that says which row is before which: a timestamp, a date, a time, or a whole number."`
	By      []string                `yaml:"by" single:"true" doc:"Columns: only rows with equal values count."`
	Window  *settings.Scalar        `yaml:"window" doc:"How far back rows count: a length of time such as 90s, 15m, 24h, 7d, or a whole number if time holds such."`
	Rows    *int                    `yaml:"rows" min:"1" max:"1000000" doc:"How many rows count, in place of window."`
	Current bool                    `yaml:"current" default:"true" doc:"Whether the row itself counts, and rows of the same time. With false, only what is before it."`
	Columns settings.Map[Statistic] `yaml:"columns" required:"true" min:"1" doc:"The new columns, each with what it says of the rows that count: count, {mean: COLUMN}, as in aggregate."`
}

// Validate finds out whether it is known which rows count.
func (s *Rolling) Validate() error {
	var errs []error
	switch {
	case s.Window == nil && s.Rows == nil:
		errs = append(errs, fieldError("", "write `window: 24h` or `rows: 24`", "nothing says which rows count"))
	case s.Window != nil && s.Rows != nil:
		errs = append(errs, fieldError("rows", "remove one of them", "both `window` and `rows` say which rows count"))
	case s.Window != nil:
		if n, err := strconv.ParseInt(s.Window.Text, 10, 64); err == nil && n > 0 {
			break
		}
		if _, err := relation.ParseSpan(s.Window.Text); err != nil {
			errs = append(errs, fieldError("window", diag.HintOf(err), "%v", err))
		}
	}
	return errors.Join(append(errs, distinctNames("by", s.By))...)
}

// rolling is what the settings say.
func (s *Rolling) rolling() relation.Rolling {
	r := relation.Rolling{By: s.By, Time: s.Time, Before: !s.Current}
	if s.Window != nil {
		r.Length = s.Window.Text
	} else {
		r.Rows = int64(*s.Rows)
	}
	for _, e := range s.Columns {
		r.Measures = append(r.Measures, e.Value.measure(e.Key))
	}
	return r
}

// Run implements pipeline.Stage.
func (s *Rolling) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(in *opened) error { return s.run(ctx, env, in) })
}

func (s *Rolling) run(ctx context.Context, env pipeline.Env, in *opened) error {
	spec := s.rolling()
	r, err := relation.NewRoller(in.Schema(), spec, env.Scratch)
	if err != nil {
		return err
	}
	out, err := beside(env, r.Schema(), in.Schema().NumFields())
	if err != nil {
		return err
	}
	defer out.Discard()
	passOn(env, tablePort, in)
	for _, m := range spec.Measures {
		from := slices.Concat([]string{s.Time}, s.By)
		if m.Column != "" {
			from = []string{m.Column}
		}
		for _, column := range from {
			env.Column(pipeline.ColumnRef{Port: tablePort, Column: m.Name}, pipeline.ColumnRef{Port: tablePort, Column: column})
		}
	}
	timeless, err := r.Run(ctx, means(env), in.Reader, out.Write)
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return err
	}
	if timeless > 0 {
		env.Log().Warn("rows without a time count for none, and none counts for them", "rows", timeless, "column", s.Time)
	}
	env.Metric("rows", float64(out.Rows()), metric.Meaning{})
	return nil
}

// Repeats implements pipeline.Repeater.
func (*Rolling) Repeats() (port, why string) {
	return tablePort, "what it makes of a row hangs on the rows before"
}
