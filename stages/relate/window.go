package relate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func windowKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "window",
		Version: 2,
		Doc: `Make of a series in time the rows that a network learns to forecast from: lags, windows of the last steps, targets ahead.

Each row of the table is a moment at which a forecast could be made. Beside what it has already it gets values of the
rows before it, which are features, and of the rows after it, which are to be predicted. ` + "`time`" + ` says which row is
before which, so that the table need not be sorted; with ` + "`by`" + ` rows of equal values are a series of their own,
and nothing goes from one to another. Two rows of one series with the same time are an error.

- ` + "`lags: {co2: [1, 2, 52]}`" + ` makes ` + "`co2_lag_1`" + `, the value of the step before, and so on; ` + "`1..12`" + ` are all from 1 to 12.
- ` + "`differences: {co2: 52}`" + ` makes ` + "`co2_diff_52`" + `, by how much the value is larger than that of 52 steps before.
- ` + "`windows: {recent: {columns: [co2, temp], rows: 24}}`" + ` makes a column of lists, the values of the last 24 steps, the
  earliest first, which [` + "`[series]`" + `](#preprocess) makes an input of: ` + "`branches: {recent: [lstm: 32]}`" + `.
- ` + "`rolling: {week: {of: {mean: co2}, rows: 7}}`" + ` makes a statistic of the last 7 steps, those of [` + "`aggregate`" + `](#aggregate).
- ` + "`horizon: {co2: 1..4}`" + ` makes ` + "`co2_h1` to `co2_h4`" + `, the values of the next 4 steps: each a target.
- ` + "`future: {holiday: 4}`" + ` makes ` + "`holiday_in_4`" + `, a value of a step after the row that is known before it comes.
- ` + "`seasons: {year: {period: 1y, waves: 2}}`" + ` makes ` + "`year_sin_1`, `year_cos_1`" + ` and so on, where in the year the time is.

Only ` + "`horizon` and `future`" + ` look ahead, and no feature can be made of a ` + "`horizon`" + `. A row knows its own values: where a column is itself the target, in place of
a ` + "`horizon`" + `, it must not be a feature, and windows of it need ` + "`current: false`" + `. Statistics of all rows within a length of time are made by [` + "`rolling`" + `](#rolling).

Without ` + "`step`" + ` the row before is the step before, however long ago it was. ` + "`step: 1h`" + ` says how long a step is, and
` + "`gaps`" + ` what becomes of steps without a row; months, quarters and years are those of the calendar. Rows that have too few
others before or after them are dropped, and counted; a value that is missing in the table is missing here, too, and a row with one in its
window is dropped.

New rows for a model go through the same: ` + "`pipe predict`" + ` makes the features of rows of a series that are given with the rows
before them. A row that has too few of them gets no prediction and a ` + "`problem`" + `; the rows of a ` + "`horizon`" + ` need not be there.
Rows that a ` + "`filter`" + ` leaves out before the window are left out of new rows, too. What ` + "`sample`, `dedupe`, `check`" + ` with
` + "`on_failure: quarantine`" + `, a ` + "`join`" + ` with ` + "`how: semi` or `anti`" + ` and a ` + "`split`" + ` leave out stays in new rows, and is around the others: ` + "`pipe plan`" + ` says so, and ` + "`pipe predict`" + ` warns.

The bytes are the same on any number of threads, and the work grows with the rows and what is made of them. A table that is larger
than memory is divided among files by group; at the least, memory has the needed columns of one group.`,
		Example: `
weeks:
  uses: window
  inputs: {table: load}
  with:
    time: date
    step: 1w
    gaps: fill
    lags: {co2: [1..4, 52]}
    seasons: {year: {period: 1y, waves: 2}}
    horizon: {co2: 4}
`,
		Inputs:  []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows of one series, or of several"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows, in their order, with all columns, then those that were made"}},
		New:     func() pipeline.Stage { return new(Framing) },
	}
}

// Framing is the configuration and the stage.
type Framing struct {
	Time        string               `yaml:"time" required:"true" doc:"The column that says which row is before which: a timestamp, a date, a time, or a whole number."`
	By          []string             `yaml:"by" single:"true" doc:"Columns: rows with equal values are a series."`
	Step        *settings.Scalar     `yaml:"step" doc:"How long a step is: 15m, 1h, 1d, 1w, 1mo, or a whole number if time holds such. By default the next row is the next step."`
	Gaps        string               `yaml:"gaps" default:"error" enum:"error,missing,fill" doc:"What a step without a row is: an error; a step whose values are missing; or, with fill, in what is made of rows before, one with the last values before it. With fill, values that are missing are filled so, too."`
	Lags        settings.Map[Steps]  `yaml:"lags" doc:"Columns, each with the steps before the row whose values are put beside it."`
	Differences settings.Map[Steps]  `yaml:"differences" doc:"Columns of numbers, each with the steps before the row whose values are subtracted from that of the row."`
	Windows     settings.Map[Recent] `yaml:"windows" doc:"New columns of lists, each with what it lists."`
	Rolling     settings.Map[Past]   `yaml:"rolling" doc:"New columns, each with a statistic of the last steps."`
	Horizon     settings.Map[Steps]  `yaml:"horizon" doc:"Columns, each with the steps after the row whose values are put beside it, to be predicted."`
	Future      settings.Map[Steps]  `yaml:"future" doc:"Columns whose values are known ahead, such as holidays, each with the steps after the row. When new rows are scored, rows of these steps have to be there."`
	Seasons     settings.Map[Season] `yaml:"seasons" doc:"Periods of the time, by name."`
	Incomplete  string               `yaml:"incomplete" default:"drop" enum:"drop,missing" doc:"What becomes of rows that have too few rows before or after them: they are dropped, or what cannot be known is missing. Lists have no missing values."`
}

// Steps are how far something is away.
type Steps struct {
	Steps []settings.Scalar `yaml:"steps" required:"true" short:"true" single:"true" min:"1" doc:"How many steps away: numbers from 1, or ranges such as 1..12."`
}

// A Recent is a list of values of the last steps.
type Recent struct {
	Columns []string `yaml:"columns" required:"true" single:"true" min:"1" doc:"Columns of numbers: of each step the values of all of them."`
	Rows    int      `yaml:"rows" required:"true" min:"1" max:"32768" doc:"How many steps are listed."`
	Current bool     `yaml:"current" default:"true" doc:"Whether the row itself is the last of them. With false, the step before is."`
}

// A Past is a statistic of the last steps.
type Past struct {
	Of      Statistic `yaml:"of" required:"true" doc:"What is said of them: {mean: COLUMN} and so on, as in aggregate. Missing values are left out."`
	Rows    int       `yaml:"rows" required:"true" min:"1" max:"1000000" doc:"How many steps count."`
	Current bool      `yaml:"current" default:"true" doc:"Whether the row itself is the last of them. With false, the step before is."`
}

// A Season is a period of the time.
type Season struct {
	Period settings.Scalar `yaml:"period" required:"true" short:"true" doc:"How long it is: 1d, 1w, 1y, or a whole number if time holds such."`
	Waves  int             `yaml:"waves" default:"1" min:"0" max:"1000" doc:"How many pairs of a sine and a cosine say where in the period a time is; the k-th have k waves in a period."`
	Index  bool            `yaml:"index" default:"false" doc:"Whether there is a column NAME_index, too: how many whole steps of the period are over."`
}

// list gives the numbers of steps.
func (s *Steps) list() (list []int, err error) {
	for _, v := range s.Steps {
		first, last, ranged := strings.Cut(v.Text, "..")
		if !ranged {
			last = first
		}
		from, wrongFrom := strconv.Atoi(first)
		to, wrongTo := strconv.Atoi(last)
		if wrongFrom != nil || wrongTo != nil || from < 1 || to < from || to > relation.MostSteps || to-from > relation.MostFrames {
			return nil, fieldError("steps", "write numbers from 1, or ranges: [1..4, 52]", "%q says no steps", diag.Shorten(v.Text))
		}
		for k := from; k <= to; k++ {
			if slices.Contains(list, k) {
				return nil, settings.FieldErrorf("steps", "%d is there twice", k)
			}
			list = append(list, k)
		}
	}
	return list, nil
}

// Validate finds out whether the steps are such.
func (s *Steps) Validate() error {
	_, err := s.list()
	return err
}

// Validate finds columns that are listed twice.
func (r *Recent) Validate() error { return distinctNames("columns", r.Columns) }

// Validate finds what is wrong whatever the table is.
func (s *Framing) Validate() error {
	errs := []error{distinctNames("by", s.By)}
	if s.Step == nil && s.Gaps != "error" {
		errs = append(errs, fieldError("gaps", "write `step: 1h`, or what a step is", "nothing says when a row should be there"))
	}
	if len(s.Windows) > 0 && s.Incomplete == "missing" {
		errs = append(errs, fieldError("incomplete", "leave it out: the rows are dropped then", "a list has no missing values"))
	}
	frames, err := s.frames()
	switch {
	case err != nil:
		return errors.Join(errs...) // which its own field says
	case len(frames) == 0:
		errs = append(errs, fieldError("", "write `lags: {x: [1, 2]}` or `windows: {recent: {columns: x, rows: 24}}`", "nothing is to be made"))
	case len(frames) > relation.MostFrames:
		errs = append(errs, fieldError("", "a window lists many steps in one column", "%d columns are to be made, at most %d are possible", len(frames), relation.MostFrames))
	}
	seen := map[string]bool{}
	for _, f := range frames {
		if seen[f.Name] {
			errs = append(errs, fieldError("", "give the season or the window another name", "two columns would be named %q", f.Name))
		}
		seen[f.Name] = true
	}
	return errors.Join(errs...)
}

// frames are the columns that are to be made, in the order of the settings.
func (s *Framing) frames() (list []relation.Frame, err error) {
	each := func(of settings.Map[Steps], add func(column string, k int) relation.Frame) {
		for _, e := range of {
			steps, wrong := e.Value.list()
			err = errors.Join(err, wrong)
			for _, k := range steps {
				f := add(e.Key, k)
				f.Columns = []string{e.Key}
				list = append(list, f)
			}
		}
	}
	each(s.Lags, func(column string, k int) relation.Frame {
		return relation.Frame{Name: fmt.Sprintf("%s_lag_%d", column, k), View: relation.Shift, Steps: -k}
	})
	each(s.Differences, func(column string, k int) relation.Frame {
		return relation.Frame{Name: fmt.Sprintf("%s_diff_%d", column, k), View: relation.Change, Steps: k}
	})
	for _, e := range s.Windows {
		list = append(list, relation.Frame{Name: e.Key, View: relation.Listed, Columns: e.Value.Columns, Steps: e.Value.Rows, Before: !e.Value.Current})
	}
	for _, e := range s.Rolling {
		m := e.Value.Of.measure("")
		f := relation.Frame{Name: e.Key, View: relation.Rolled, Steps: e.Value.Rows, Before: !e.Value.Current, Measure: &m}
		if m.Column != "" {
			f.Columns = []string{m.Column}
		}
		list = append(list, f)
	}
	for _, e := range s.Seasons {
		for k := 1; k <= e.Value.Waves; k++ {
			list = append(list,
				relation.Frame{Name: fmt.Sprintf("%s_sin_%d", e.Key, k), View: relation.Sine, Period: e.Value.Period.Text, Harmonic: k},
				relation.Frame{Name: fmt.Sprintf("%s_cos_%d", e.Key, k), View: relation.Cosine, Period: e.Value.Period.Text, Harmonic: k})
		}
		if e.Value.Index {
			list = append(list, relation.Frame{Name: e.Key + "_index", View: relation.Phase, Period: e.Value.Period.Text})
		}
	}
	each(s.Future, func(column string, k int) relation.Frame {
		return relation.Frame{Name: fmt.Sprintf("%s_in_%d", column, k), View: relation.Shift, Steps: k}
	})
	each(s.Horizon, func(column string, k int) relation.Frame {
		return relation.Frame{Name: fmt.Sprintf("%s_h%d", column, k), View: relation.Shift, Steps: k, Target: true}
	})
	return list, err
}

// framing is what the settings say.
func (s *Framing) framing() (relation.Framing, error) {
	f := relation.Framing{By: s.By, Time: s.Time, Gaps: relation.Gaps(s.Gaps)}
	if s.Step != nil {
		f.Step = s.Step.Text
	}
	var err error
	f.Frames, err = s.frames()
	return f, err
}

// Run implements pipeline.Stage.
func (s *Framing) Run(ctx context.Context, env pipeline.Env) error {
	return withTable(env, func(in *opened) error { return s.run(ctx, env, in) })
}

func (s *Framing) run(ctx context.Context, env pipeline.Env, in *opened) error {
	spec, err := s.framing()
	if err != nil {
		return err
	}
	f, err := relation.NewFramer(in.Schema(), spec)
	if err != nil {
		return err
	}
	schema, err := replay.Carry(in.Schema(), f.Schema(), replay.Step{Window: &replay.Window{Framing: spec, Incomplete: s.Incomplete == "missing"}})
	if err != nil {
		return err
	}
	out, err := create(env, tablePort, schema)
	if err != nil {
		return err
	}
	defer out.Discard()
	passOn(env, tablePort, in)
	for _, one := range spec.Frames {
		from := one.Columns
		if len(from) == 0 {
			from = []string{s.Time}
		}
		for _, column := range from {
			env.Column(pipeline.ColumnRef{Port: tablePort, Column: one.Name}, pipeline.ColumnRef{Port: tablePort, Column: column})
		}
	}
	var row int64
	dropped := map[string]int64{}
	err = f.Run(ctx, means(env), in.Reader, func(rec arrow.RecordBatch, lacks []relation.Lack) error {
		var whole []int
		for i, l := range lacks {
			if err := s.wrong(rec, i, row, l); err != nil {
				return err
			}
			reason := l.Reason()
			if reason == "" || s.Incomplete == "missing" {
				whole = append(whole, i)
			} else {
				dropped[reason]++
			}
			row++
		}
		if len(whole) == len(lacks) {
			return out.Write(rec)
		}
		kept, err := table.Take(rec, whole)
		if err != nil {
			return err
		}
		defer kept.Release()
		return out.Write(kept)
	})
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return err
	}
	return s.tell(env, out.Rows(), row, dropped)
}

// wrong is the error of a row that no series has.
func (s *Framing) wrong(rec arrow.RecordBatch, i int, row int64, l relation.Lack) error {
	gap := s.Step != nil && s.Gaps == "error" && l&relation.AfterGap != 0
	if l&relation.Wrong == 0 && !gap || l&relation.Wrong == relation.Unclear { // the other row is told
		return nil
	}
	var where []string
	for _, name := range append(slices.Clone(s.By), s.Time) {
		if at, err := table.Column(rec.Schema(), name); err == nil && rec.Column(at).IsValid(i) {
			where = append(where, fmt.Sprintf("%s=%s", name, diag.Shorten(table.Text(rec.Column(at), i))))
		}
	}
	place := fmt.Sprintf("row %d", row+1)
	if len(where) > 0 {
		place += " (" + strings.Join(where, ", ") + ")"
	}
	switch {
	case l&relation.NoTime != 0:
		return diag.WithHint(fmt.Errorf("%s: column %q is missing, so that nobody knows what is before it", place, s.Time),
			fmt.Sprintf("leave such rows out with a `filter` stage: `where: not is_missing(%s)`", s.Time))
	case l&relation.OffStep != 0:
		return diag.WithHint(fmt.Errorf("%s: %s, which are %s apart", place, l.Reason(), s.Step.Text),
			"round the time with a `derive` stage, or remove `step`, and the next row is the next step")
	case l&relation.Twice != 0:
		return diag.WithHint(fmt.Errorf("%s: %s", place, l.Reason()),
			"name what tells series apart under `by`, or make one row of several with `dedupe` or `aggregate`")
	}
	return diag.WithHint(fmt.Errorf("%s: there is no row a step of %s before it", place, s.Step.Text),
		"write `gaps: missing` if such values are missing, or `gaps: fill` to take the last ones before")
}

// tell says what has become of the rows.
func (s *Framing) tell(env pipeline.Env, rows, of int64, dropped map[string]int64) error {
	var reasons []string
	for reason := range dropped {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		env.Log().Info("rows were dropped", "because", reason, "rows", dropped[reason], "of", of)
	}
	if rows == 0 && of > 0 {
		return diag.WithHint(fmt.Errorf("none of %d rows has all that is asked for", of), "look fewer steps back or ahead, or write `gaps: fill` if values are missing")
	}
	env.Metric("rows", float64(rows), metric.Meaning{})
	env.Metric("dropped_rows", float64(of-rows), metric.Meaning{})
	return nil
}

// Repeats implements pipeline.Repeater: new rows with those before them go through it.
func (*Framing) Repeats() (port, why string) { return tablePort, "" }

// Series implements pipeline.Surveyor.
func (s *Framing) Series() (columns []string, around bool) { return s.By, true }
