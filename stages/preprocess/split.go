package preprocess

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const tablePort = "table"

// maxParts bounds the parts of a split, far above what anybody needs, and what an
// int8 can number.
const maxParts = 100

func splitKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "split",
		Version: 4,
		Doc: `Divide the rows of a table among parts, such as train, validation and test.

Each part is an output of its own name, a table with the same columns whose rows are in the order
in which they were. Every row goes to exactly one part.

By default rows are drawn at random, and sizes are exact: the fractions of the rows, rounded by
largest remainder. One of these can be set instead:

- ` + "`stratify: COLUMN`" + ` draws at random, but gives each part its share of every value of the column,
  rounded up or down, so that it is less than one row off. Missing values count as a value. A value that
  only one row has goes to the part ` + "`train`" + `, or without one of this name to the first.
- ` + "`group: COLUMN`" + ` keeps rows with equal values together, for example all visits of a patient.
  Sizes are then as near to the fractions as whole groups, taken in random order, come. With ` + "`stratify`" + `
  beside it groups stay whole, and are chosen so that each part has about its share of every value.
- ` + "`time: COLUMN`" + ` cuts at points in time: the earliest rows go to the part that is written first.
  Rows of one time are never divided; sizes are as near to the fractions as that allows. ` + "`gap: 7d`" + ` leaves
  out what lies that long or less before a cut, which is the first time of the next part.
  ` + "`within: station`" + ` cuts each series for itself: one with fewer times than parts goes to the first parts.
- ` + "`by: {column: COLUMN, values: {train: [a, b], test: [c]}}`" + ` sends rows where their value says.

` + "`folds: {of: 5, fold: $fold}`" + ` in place of ` + "`parts`" + ` divides the rows into five parts alike, by any method but
` + "`by`" + `; the part of that number, from 1 on, is ` + "`test`" + `, the others are ` + "`train`" + `. Runs with fold 1 to 5 test on every row
once. Folds of folds, to choose settings by, are the folds of ` + "`train`" + ` in a second split. With ` + "`time`" + ` the origin
rolls: the rows are cut into one part more than there are folds, ` + "`test`" + ` is a part and ` + "`train`" + ` all that is earlier.

The table may be larger than memory. Of groups 9 bytes are in memory for each, with ` + "`stratify`" + ` about 60; strata
are 10,000 at most.`,
		Example: `
split:
  uses: split
  inputs: {table: load}
  with:
    parts: {train: 0.7, validation: 0.15, test: 0.15}
    stratify: species
`,
		Inputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows to divide"}},
		Seeded: true,
		New:    func() pipeline.Stage { return new(Split) },
	}
}

// Split divides the rows of a table among parts.
type Split struct {
	Parts    settings.Map[float64] `yaml:"parts" doc:"The names of the parts, each with its fraction of the rows. The fractions add up to 1."`
	Folds    *Folds                `yaml:"folds" added:"true" doc:"Parts of equal size that take turns as the part test, in place of fractions."`
	Stratify string                `yaml:"stratify" doc:"A column each of whose values is divided in proportion. Decimal numbers must repeat, as grades and codes do."`
	Group    string                `yaml:"group" doc:"A column whose equal values stay together."`
	Time     string                `yaml:"time" doc:"A column of dates, timestamps or numbers to cut by, the earliest first."`
	Within   string                `yaml:"within" added:"true" doc:"With time: a column of series, such as a station or a customer, each of which is cut for itself."`
	Gap      *settings.Scalar      `yaml:"gap" added:"true" doc:"With time: how much of the time before a cut, such as 90s, 24h or 7d, or a whole number if time holds such, is left out of the part that ends there; a row at just that distance is, too."`
	Allow    []string              `yaml:"allow" enum:"later_rows" added:"true" doc:"What is meant as it is, so that no warning is of it: later_rows, if the rows of a series are divided at random."`
	By       *BySetting            `yaml:"by" doc:"A column whose value names the part, in place of fractions."`
}

// A BySetting sends rows to parts by the value of a column.
type BySetting struct {
	Column string                          `yaml:"column" required:"true" doc:"The column that decides."`
	Values settings.Map[[]settings.Scalar] `yaml:"values" required:"true" min:"1" doc:"The names of the parts, each with the list of its values."`
	Drop   []settings.Scalar               `yaml:"drop" doc:"Values whose rows are left out. A value that is listed nowhere is an error."`
}

// Validate finds values that are listed twice.
func (s *BySetting) Validate() error {
	var errs []error
	seen := make(map[string]string)
	list := func(field, where string, values []settings.Scalar) {
		for _, v := range values {
			if first, ok := seen[v.Text]; ok {
				errs = append(errs, settings.FieldErrorf(field, "the value %q belongs to %s and to %s", v.Text, first, where))
			}
			seen[v.Text] = where
		}
	}
	for _, e := range s.Values {
		if len(e.Value) == 0 {
			errs = append(errs, fieldError("values", "list its values, or remove it", "part %q has no values", e.Key))
		}
		list("values", fmt.Sprintf("part %q", e.Key), e.Value)
	}
	list("drop", "`drop`", s.Drop)
	return errors.Join(errs...)
}

// Validate finds fractions that do not add up, and methods that exclude each
// other.
func (s *Split) Validate() error {
	return errors.Join(s.validateMethod(), s.validateParts(), s.validateTime())
}

func (s *Split) validateMethod() error {
	var set []string
	for _, m := range []struct{ name, column string }{{"stratify", s.Stratify}, {"group", s.Group}, {"time", s.Time}} {
		if m.column != "" {
			set = append(set, m.name)
		}
	}
	if s.By != nil {
		set = append(set, "by")
	}
	if len(set) > 1 && !slices.Equal(set, []string{"stratify", "group"}) {
		return fieldError(set[1], "remove all but one of them; a split of a split can do more",
			"rows cannot be divided by %s at once", strings.Join(set, " and "))
	}
	if s.Folds != nil && s.By != nil {
		return fieldError("folds", "remove `folds` or `by`", "the parts are those under `by.values`, which are no folds")
	}
	return nil
}

func (s *Split) validateParts() error {
	if n := len(s.names()); n > maxParts {
		return settings.FieldErrorf("parts", "%d parts, at most %d are possible", n, maxParts)
	}
	const example = "write `parts: {train: 0.7, validation: 0.15, test: 0.15}`"
	if s.By != nil {
		if len(s.Parts) > 0 {
			return fieldError("parts", "remove `parts` or `by`", "the parts are those under `by.values`")
		}
		return nil
	}
	if s.Folds != nil {
		if len(s.Parts) > 0 {
			return fieldError("parts", "remove `parts`; divide the part train by a split of its own", "folds have the parts %s and %s", foldTrain, foldTest)
		}
		return nil
	}
	if len(s.Parts) == 0 {
		return fieldError("parts", example, "there are no parts")
	}
	sum := 0.0
	for _, p := range s.Parts {
		if !(p.Value >= 1e-9 && p.Value <= 1) {
			return fieldError("parts", example, "the fraction of %q is %v, want more than 0 and at most 1", p.Key, p.Value)
		}
		sum += p.Value
	}
	if math.Abs(sum-1) > 1e-9 {
		return fieldError("parts", "the rest of the rows needs a part too, even if nobody uses it",
			"the fractions add up to %s, not to 1", strconv.FormatFloat(sum, 'g', 10, 64))
	}
	return nil
}

// names lists the parts in written order.
func (s *Split) names() []string {
	if s.By != nil {
		return s.By.Values.Keys()
	}
	if s.Folds != nil {
		return []string{foldTrain, foldTest}
	}
	return s.Parts.Keys()
}

// shares are the fractions of the rows that the parts will have, about.
func (s *Split) shares() []float64 {
	names := s.names()
	shares := make([]float64, len(names))
	for p := range names {
		switch {
		case s.By != nil:
			shares[p] = 1 / float64(len(names))
		case s.Folds != nil && names[p] == foldTest:
			shares[p] = 1 / float64(s.Folds.Of)
		case s.Folds != nil:
			shares[p] = 1 - 1/float64(s.Folds.Of)
		default:
			shares[p] = s.Parts[p].Value
		}
	}
	return shares
}

// OutputPorts are the parts.
func (s *Split) OutputPorts([]string) []pipeline.Port {
	var ports []pipeline.Port
	for _, name := range s.names() {
		ports = append(ports, pipeline.Port{Name: name, Type: pipeline.Table, Doc: "the rows of the part " + name})
	}
	return ports
}

// Run reads the column that decides, then divides the rows batch by batch.
func (s *Split) Run(ctx context.Context, env pipeline.Env) error {
	in, r, err := openTable(env, tablePort)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	if err := s.divide(ctx, env, r); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	return nil
}

func (s *Split) divide(ctx context.Context, env pipeline.Env, r *table.Reader) error {
	if r.NumRows() == 0 {
		return errNoRows
	}
	assigner, err := s.assigner(ctx, means{env.Seed(), env.Threads(), env.Scratch}, r)
	if err != nil {
		return err
	}
	names := s.names()
	writers := make([]*table.Writer, len(names))
	for p, name := range names {
		out, err := env.Create(name)
		if err != nil {
			return err
		}
		if writers[p], err = table.NewWriter(out, r.Schema()); err != nil {
			return err
		}
		defer writers[p].Discard()
		for _, column := range table.Names(r.Schema()) {
			env.Column(pipeline.ColumnRef{Port: name, Column: column}, pipeline.ColumnRef{Port: tablePort, Column: column})
		}
	}
	if err := s.tellLater(ctx, env, r); err != nil {
		return err
	}
	table.Share(writers...)
	for p, share := range s.shares() {
		writers[p].Expect(int64(math.Ceil(share * float64(r.NumRows()))))
	}
	if err := deal(ctx, env, r, assigner, writers); err != nil {
		return err
	}
	left := r.NumRows()
	for p, w := range writers {
		if w.Rows() == 0 {
			return diag.WithHint(fmt.Errorf("part %q got none of the %d rows", names[p], r.NumRows()), "remove the part, or give it a larger share")
		}
		if err := w.Close(); err != nil {
			return err
		}
		env.Metric(names[p]+".rows", float64(w.Rows()), metric.Meaning{})
		env.Log().Info("part", "name", names[p], "rows", w.Rows())
		left -= w.Rows()
	}
	if left > 0 {
		env.Log().Info("rows in no part", "rows", left)
	}
	return nil
}

// means are what a method may draw with and work with.
type means struct {
	seed    uint64
	threads int
	scratch func() (string, error)
}

// assigner prepares the method that is set.
func (s *Split) assigner(ctx context.Context, with means, r *table.Reader) (assigner, error) {
	if s.By != nil {
		return s.By.assigner(r.Schema())
	}
	if s.Folds != nil && s.Time == "" {
		inner, err := s.drawn(ctx, with, r, s.Folds.equal(), -1)
		return &foldAssigner{inner, s.Folds.Fold - 1}, err
	}
	weights := weightsOf(s.shares())
	for p, size := range apportion(r.NumRows(), weights) {
		if size == 0 && s.Group == "" && s.Within == "" && s.Folds == nil {
			return nil, diag.WithHint(fmt.Errorf("part %q would be empty: %v of %d rows is less than one", s.Parts[p].Key, s.Parts[p].Value, r.NumRows()),
				"remove the part, or give it a larger share")
		}
	}
	if s.Time != "" {
		return s.timed(ctx, with, r)
	}
	return s.drawn(ctx, with, r, weights, max(0, slices.Index(s.names(), foldTrain)))
}

// drawn prepares the methods that draw at random. A value that only one row has goes
// to the part alone, -1 to any.
func (s *Split) drawn(ctx context.Context, with means, r *table.Reader, weights []uint64, alone int) (assigner, error) {
	switch {
	case s.Stratify != "":
		keys, err := countKeys(ctx, r, s.Stratify)
		if err != nil {
			return nil, err
		}
		if s.Group != "" {
			return newStratifiedGroups(ctx, with, r, s.Group, keys, weights)
		}
		return newStratified(with.seed, keys, weights, alone)
	case s.Group != "":
		return newGrouped(ctx, with, r, s.Group, weights)
	}
	return newQuotaAssigner(with.seed, [][]int64{apportion(r.NumRows(), weights)}), nil
}

// countKeys is the first pass over a column of strata.
func countKeys(ctx context.Context, r *table.Reader, name string) (*keyCounts, error) {
	column, err := table.Column(r.Schema(), name)
	if err != nil {
		return nil, fmt.Errorf("stratify: %w", err)
	}
	decimal := table.ClassOf(r.Schema().Field(column).Type) == table.ClassReal
	keys := &keyCounts{name: name, column: column, counts: make(map[string]*int64)}
	only, err := r.Select(name)
	if err != nil {
		return nil, fmt.Errorf("stratify: %w", err)
	}
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = keys.add(rec.Column(0))
		}
		if err != nil {
			return nil, err
		}
		if n := len(keys.counts); decimal && int64(n) > r.NumRows()/2 {
			return nil, tooManyDecimals("stratify", name, n, r.NumRows())
		}
		if len(keys.counts) > maxStrata { // not when memory is full of them
			return nil, tooManyStrata(name)
		}
	}
	return keys, nil
}

// tooManyDecimals is the error of a column of decimal numbers most of which are
// different. They may be codes or grades, but not then.
func tooManyDecimals(method, name string, n int, rows int64) error {
	return diag.WithHint(fmt.Errorf("%s: column %q holds decimal numbers, at least %d different ones in %d rows", method, name, n, rows),
		fmt.Sprintf("choose a column with few values, or if these are codes read them as text: `columns: {%s: string}` of the ingest stage", name))
}

// assigner looks values up as the column writes them.
func (s *BySetting) assigner(schema *arrow.Schema) (assigner, error) {
	column, err := table.Column(schema, s.Column)
	if err != nil {
		return nil, fmt.Errorf("by: %w", err)
	}
	a := &keyAssigner{method: "by", name: s.Column, column: column, parts: make(map[string]int)}
	add := func(values []settings.Scalar, part int) error {
		for _, v := range values {
			key, err := keyOf(v, schema.Field(column))
			if err != nil {
				return err
			}
			if first, ok := a.parts[key]; ok && first != part {
				return fmt.Errorf("by: %q is listed twice", v.Text)
			}
			a.parts[key] = part
		}
		return nil
	}
	for p, e := range s.Values {
		if err := add(e.Value, p); err != nil {
			return nil, err
		}
	}
	if err := add(s.Drop, noPart); err != nil {
		return nil, err
	}
	return a, nil
}

// keyOf gives a value in the form of table.Texts.
func keyOf(v settings.Scalar, f arrow.Field) (string, error) {
	switch table.ClassOf(f.Type) {
	case table.ClassWhole:
		if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		n, err := strconv.ParseUint(v.Text, 10, 64)
		if err != nil {
			return "", fmt.Errorf("by: column %q holds integers, and %q is none", f.Name, v.Text)
		}
		return strconv.FormatUint(n, 10), nil
	case table.ClassBool:
		b, err := strconv.ParseBool(v.Text)
		if err != nil {
			return "", fmt.Errorf("by: column %q holds true and false, and %q is neither", f.Name, v.Text)
		}
		return strconv.FormatBool(b), nil
	case table.ClassText, table.ClassDate:
		return v.Text, nil
	}
	return "", diag.WithHint(fmt.Errorf("by: column %q is %s, whose values cannot be listed", f.Name, table.TypeName(f.Type)),
		"use a column of text, integers, booleans or dates; `time` cuts by time")
}

// Thins implements pipeline.Thinner. What is cut by time is an end of a series.
func (s *Split) Thins(series []string) string {
	switch {
	case s.Time != "" || s.Group != "" && slices.Contains(series, s.Group) || s.By != nil && slices.Contains(series, s.By.Column):
		return ""
	case s.By != nil:
		return "rows with other values of " + s.By.Column
	}
	return "rows of other parts"
}
