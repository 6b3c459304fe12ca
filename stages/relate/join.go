package relate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const (
	leftPort  = "left"
	rightPort = "right"
)

func joinKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "join",
		Version: 4,
		Doc: `Add the columns of another table to rows that belong together by the values of columns.

The rows are those of the table ` + "`left`" + ` in their order, each once by default: a row that matches
none of ` + "`right`" + ` has missing values there, and one that matches several is an error that names
them, since a join that makes rows is seldom meant; ` + "`multiple`" + ` says what to do else. ` + "`how`" + ` says
which rows there are:

- ` + "`left`" + `: every row of the left table;
- ` + "`inner`" + `: only rows that match;
- ` + "`full`" + `: every row of the left table, then the rows of the right one that matched none;
- ` + "`semi`" + ` and ` + "`anti`" + `: the rows of the left table that match, or do not, without columns of the right.

Values match if they are equal and of the same kind: whole numbers of any size, times of any
precision, but no number and a text. Missing values match nothing; NaN is a value, and matches NaN.

` + "`as_of`" + ` takes, of the rows with equal values, the one that is nearest in time: the last weather before
each flight. By default that is never later than the row itself, so that nothing of the future gets
into a model; ` + "`forward`" + ` and ` + "`nearest`" + ` look ahead.

New rows for a model are joined as those of training were: see
[New rows](expressions.md#new-rows) for which table they are joined with.

A right table of any size is joined in bounded memory: of one that is too large, rows with
equal values are put together in files. Memory then has the rows of a few values at a time, at
the least all those of one value.`,
		Example: `
flights_and_planes:
  uses: join
  inputs: {left: flights, right: planes}
  with:
    on: tailnum
    columns: {built: year, manufacturer: manufacturer}
with_weather:
  uses: join
  inputs: {left: flights_and_planes, right: weather}
  with:
    on: [origin]
    as_of: {left: time_hour, tolerance: 3h}
`,
		Inputs: []pipeline.Port{
			{Name: leftPort, Type: pipeline.Table, Doc: "the rows that columns are added to"},
			{Name: rightPort, Type: pipeline.Table, Doc: "the rows to look up"},
		},
		Outputs: []pipeline.Port{
			{Name: tablePort, Type: pipeline.Table, Doc: "the columns of the left table, then those of the right"},
		},
		New: func() pipeline.Stage { return new(Join) },
	}
}

// Join is the configuration and the stage.
type Join struct {
	On       settings.Map[string] `yaml:"on" names:"true" doc:"The columns whose values must be equal: a name that both tables have, a list of such, or a mapping of names in the left table to names in the right one."`
	How      string               `yaml:"how" default:"left" enum:"left,inner,full,semi,anti" doc:"Which rows there are."`
	Multiple string               `yaml:"multiple" default:"error" enum:"error,all,first,last" doc:"What becomes of a row that several rows of the right table match: an error, a row for each of them, or the first or last one by their order in the right table."`
	AsOf     *AsOf                `yaml:"as_of" doc:"Take the nearest row by a time, or by a whole number, in place of all with equal values."`
	Columns  settings.Map[string] `yaml:"columns" names:"true" min:"1" doc:"The columns of the right table that are added: a list of names, or a mapping of their new names to the names in the right table. All but those of on if it is absent."`
	Suffix   string               `yaml:"suffix" default:"_right" max:"100" doc:"Goes behind the name of a column of the right table where the left one has a column of that name."`
}

// AsOf are the settings of a join by the nearest time.
type AsOf struct {
	Left      string           `yaml:"left" required:"true" short:"true" doc:"The column of the left table: a timestamp, a date, a time, or a whole number."`
	Right     string           `yaml:"right" doc:"The column of the right table, if it has another name."`
	Direction string           `yaml:"direction" default:"backward" enum:"backward,forward,nearest" doc:"Where to look from a row of the left table: the last row that is not later, the first that is not earlier, or the nearer of the two (the earlier one if they are equally near)."`
	Tolerance *settings.Scalar `yaml:"tolerance" doc:"How far apart they may be: a length of time such as 90s, 15m, 3h, 7d, or a whole number if the columns hold such. Any distance if it is absent."`
	Exact     settings.Off     `yaml:"exact" default:"true" doc:"Whether a row of the very same time matches. With false, only what is known before counts."`
}

// Validate finds what is wrong whatever the tables are.
func (s *Join) Validate() error {
	var errs []error
	if len(s.On) == 0 && s.AsOf == nil {
		errs = append(errs, fieldError("on", "name the column that both tables have: `on: id`, or `on: {id: other_id}`", "nothing says which rows belong together"))
	}
	seen := map[string]bool{}
	for _, e := range s.Columns {
		if seen[e.Key] {
			errs = append(errs, settings.FieldErrorf("columns."+e.Key, "there would be two columns %q", e.Key))
		}
		seen[e.Key] = true
	}
	if len(s.Columns) > 0 && (s.How == "semi" || s.How == "anti") {
		errs = append(errs, fieldError("columns", "remove `columns`, or write `how: inner`", "how: %s adds no columns", s.How))
	}
	return errors.Join(errs...)
}

// Validate finds a tolerance that is none.
func (s *AsOf) Validate() error {
	if text := s.tolerance(); text != "" {
		if _, err := strconv.ParseUint(text, 10, 63); err != nil {
			if _, err := relation.ParseSpan(text); err != nil {
				return fieldError("tolerance", diag.HintOf(err), "%v", err)
			}
		}
	}
	return nil
}

func (s *AsOf) tolerance() string {
	if s.Tolerance == nil {
		return ""
	}
	return s.Tolerance.Text
}

// join is what the settings say.
func (s *Join) join() relation.Join {
	j := relation.Join{How: relation.How(s.How), Multiple: relation.Multiple(s.Multiple), Suffix: s.Suffix}
	for _, e := range s.On {
		j.On = append(j.On, relation.Pair{Left: e.Key, Right: e.Value})
	}
	for _, e := range s.Columns {
		j.Columns = append(j.Columns, relation.Pair{Left: e.Key, Right: e.Value})
	}
	if a := s.AsOf; a != nil {
		j.AsOf = &relation.AsOf{Left: a.Left, Right: cmp.Or(a.Right, a.Left), Direction: relation.Direction(a.Direction),
			Tolerance: a.tolerance(), Apart: bool(a.Exact)}
	}
	return j
}

// Run implements pipeline.Stage.
func (s *Join) Run(ctx context.Context, env pipeline.Env) error {
	left, err := openTable(env, leftPort)
	if err != nil {
		return err
	}
	defer left.Close()
	right, err := openTable(env, rightPort)
	if err != nil {
		return err
	}
	defer right.Close()
	if err := s.run(ctx, env, left, right); err != nil {
		return fmt.Errorf("%s, %s: %w", left.name, right.name, err)
	}
	return nil
}

func (s *Join) run(ctx context.Context, env pipeline.Env, left, right *opened) error {
	joiner, err := relation.NewJoiner(left.Schema(), right.Schema(), s.join())
	if err != nil {
		return err
	}
	out, err := s.create(env, joiner, left, right)
	if err != nil {
		return err
	}
	defer out.Discard()
	passOn(env, tablePort, left)
	for _, c := range joiner.Added() {
		env.Column(pipeline.ColumnRef{Port: tablePort, Column: c.Left}, pipeline.ColumnRef{Port: rightPort, Column: c.Right})
	}
	tally, err := joiner.Run(ctx, means(env), left.Reader, right.Reader, out.Write)
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return err
	}
	for _, c := range joiner.Renamed() {
		env.Log().Info("both tables have a column of this name", "name", c.Right, "right", c.Left)
	}
	s.report(ctx, env, joiner, tally, left, right)
	return nil
}

// create begins the table, which says what new rows have to go through to get the columns
// that are added, or, if they cannot go through it, that they have to have them.
func (s *Join) create(env pipeline.Env, joiner *relation.Joiner, left, right *opened) (*table.Writer, error) {
	schema := joiner.Schema()
	step, ok := s.step(joiner, right)
	if ok {
		var err error
		if schema, err = replay.Carry(left.Schema(), schema, replay.Step{Join: step}); err != nil {
			return nil, err
		}
		return create(env, tablePort, schema)
	}
	if full := s.How == string(relation.FullJoin); full || len(joiner.Added()) > 0 {
		var err error
		if schema, err = replay.Meet(schema, full, left.Schema(), right.Schema()); err != nil {
			return nil, err
		}
	}
	return beside(env, schema, left.Schema().NumFields())
}

// step is what new rows go through. There is none if nothing is added, or if there are
// not as many rows as in the left table.
func (s *Join) step(joiner *relation.Joiner, right *opened) (*replay.Join, bool) {
	j := s.join()
	if len(joiner.Added()) == 0 || j.How == relation.FullJoin || j.Multiple == relation.AllOfSeveral {
		return nil, false
	}
	step := &replay.Join{Right: right.in.ID().String(), On: j.On, AsOf: j.AsOf, Inner: j.How == relation.InnerJoin, Multiple: j.Multiple, Columns: joiner.Added(), Types: map[string]string{}}
	for _, name := range step.Needs() {
		at, err := table.Column(right.Schema(), name)
		if err != nil {
			return nil, false
		}
		step.Types[name] = cell.TypeFor(right.Schema().Field(at).Type).String()
	}
	return step, true
}

// report tells people how many rows matched.
func (s *Join) report(ctx context.Context, env pipeline.Env, joiner *relation.Joiner, tally *relation.JoinTally, left, right *opened) {
	alone := tally.Left - tally.Matched
	env.Metric("rows", float64(tally.Rows), metric.Meaning{})
	env.Metric("matched", float64(tally.Matched), metric.Meaning{})
	log := env.Log().With("left", tally.Left, "right", tally.Right, "matched", tally.Matched, "rows", tally.Rows)
	if s.How == "full" {
		log = log.With("right_unmatched", tally.Unused)
	}
	few := alone > 0 && s.How != "anti" && 2*tally.Matched < tally.Left
	if alone == 0 || !few {
		if alone > 0 {
			log = log.With("unmatched", alone, "such_as", strings.Join(tally.Alone, "; "))
		}
		log.Info("joined")
		return
	}
	log = log.With("unmatched", alone, "such_as", strings.Join(tally.Alone, "; "))
	if tally.Matched > 0 {
		log.Warn("less than half of the rows of the left table match one of the right")
		return
	}
	if a, b, ok := joiner.Nearly(ctx, left.Reader, right.Reader); ok {
		log.Warn("no row matches, but some values are nearly the same: make them equal before the join", "left_value", strconv.Quote(a), "right_value", strconv.Quote(b))
		return
	}
	log.Warn("no row of the left table matches one of the right")
}

// Repeats implements pipeline.Repeater.
func (s *Join) Repeats() (port, why string) {
	switch {
	case s.How == string(relation.FullJoin):
		return leftPort, "how: full has rows of the right table, too"
	case s.Multiple == string(relation.AllOfSeveral) && s.How != string(relation.SemiJoin) && s.How != string(relation.AntiJoin):
		return leftPort, "multiple: all makes several rows of one"
	}
	return leftPort, ""
}

// Thins implements pipeline.Thinner. Rows of an inner join are left out again.
func (s *Join) Thins(series []string) string {
	if s.How != string(relation.SemiJoin) && s.How != string(relation.AntiJoin) {
		return ""
	}
	other := func(e settings.Entry[string]) bool { return !slices.Contains(series, e.Key) }
	if s.AsOf == nil && !slices.ContainsFunc(s.On, other) {
		return "" // a series matches as a whole
	}
	if s.How == string(relation.AntiJoin) {
		return "rows that match"
	}
	return "rows that match nothing"
}
