// Package check holds the kind of stage that says whether a table is what it should be.
package check

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/data/expr"
	"pipe/data/relation"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const (
	tablePort      = "table"
	referencePort  = "reference"
	quarantinePort = "quarantine"
	problemColumn  = "problem"
)

// What becomes of a table that is not as it should be.
const (
	fail       = "fail"
	warn       = "warn"
	quarantine = "quarantine"
)

// Kind describes the stage.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "check",
		Version: 2, // 1 left backticks out of what the column problem says
		Doc: `Check that a table is what it should be, and like the one before.

Under ` + "`columns`" + ` stands what holds for each value of a column, under ` + "`rules`" + ` conditions on whole rows, as
[expressions](expressions.md). A value that is missing breaks only ` + "`missing`" + `, and a rule that is missing is not broken.
` + "`unique`" + ` and ` + "`references: customers.id`" + ` (each value is there in the column of another input) are exact for tables of
any size; of the column that is referred to the different values are in memory.

A second table as the input ` + "`reference`" + `, such as what the model was trained on, is compared column by column by how much the
values have moved: the population stability index (` + "`psi`" + `, of tenths of the reference or categories; usual limits are 0.1 for a small
and 0.25 for a large shift), the Jensen-Shannon distance (` + "`js`" + `, base 2), the largest distance of the distribution functions (` + "`ks`" + `,
of numbers), and the share of ` + "`unseen`" + ` categories. These are sizes of effects: a p-value calls every difference real once there are many rows.
They are metrics of the stage, ` + "`psi[age]`" + ` and so on, which ` + "`drift`" + ` limits.

` + "`on_failure: fail`" + ` ends the run with exit code 4, so that nothing behind it is made or promoted; ` + "`warn`" + ` goes on;
` + "`quarantine`" + ` takes rows that break something out of the table into the output ` + "`quarantine`" + `, with a column ` + "`problem`" + ` that
says what. What is no matter of single rows, such as the number of rows or a drift, ends the run there, too.`,
		Example: `
sound:
  uses: check
  inputs: {table: load}
  with:
    rows: ">= 1000"
    columns:
      age: {type: int64, missing: 0.05, min: 0, max: 120}
      plan: {in: [basic, pro]}
      email: {matches: "^[^@ ]+@[^@ ]+$", unique: true}
      "*": {missing: 0.5}
    rules: {ends after it starts: end >= start}
`,
		Inputs: []pipeline.Port{
			{Name: tablePort, Type: pipeline.Table, Doc: "the table to check"},
			{Name: referencePort, Type: pipeline.Table, Optional: true, Doc: "the table to compare it with"},
			{Name: "*", Type: pipeline.Table, Optional: true, Doc: "tables that columns refer to"},
		},
		New: func() pipeline.Stage { return new(Check) },
	}
}

// Check is the configuration and the stage.
type Check struct {
	Rows      *pipeline.Comparison     `yaml:"rows" doc:"How many rows there are, as in \">= 1000\"."`
	Columns   settings.Map[Column]     `yaml:"columns" doc:"What holds for the values of columns. A name with * stands for all columns that fit and are not named otherwise."`
	Only      bool                     `yaml:"only" default:"false" doc:"Whether there may be no other columns than those under columns."`
	Unique    []string                 `yaml:"unique" doc:"Columns whose values together no two rows share."`
	Rules     settings.Map[*expr.Expr] `yaml:"rules" doc:"Conditions on rows, by names of your own."`
	Fresh     *Fresh                   `yaml:"fresh" doc:"How new the newest row is."`
	Drift     *Drift                   `yaml:"drift" doc:"How far the values may have moved from those of the reference."`
	Tolerance float64                  `yaml:"tolerance" default:"0" min:"0" max:"1" doc:"The share of rows that may break a rule of rows or values before the table does. With on_failure: quarantine they leave the table all the same."`
	OnFailure string                   `yaml:"on_failure" default:"fail" enum:"fail,warn,quarantine" doc:"What becomes of a table that is not as it should be."`
}

// A Column says what holds for the values of a column.
type Column struct {
	Type       string            `yaml:"type" doc:"Its type, as pipe show names it."`
	Optional   bool              `yaml:"optional" default:"false" doc:"Whether the column may be absent."`
	Missing    *float64          `yaml:"missing" min:"0" max:"1" doc:"The largest share of values that are missing. With 0 each one that is breaks the rule."`
	Min        *settings.Scalar  `yaml:"min" doc:"The least value: a number, or a date or time as text."`
	Max        *settings.Scalar  `yaml:"max" doc:"The greatest value."`
	In         []settings.Scalar `yaml:"in" min:"1" doc:"All values that there may be."`
	Matches    string            `yaml:"matches" doc:"A regular expression (RE2) that fits somewhere in each text."`
	Unique     bool              `yaml:"unique" default:"false" doc:"Whether each value is there once."`
	References string            `yaml:"references" doc:"A column of another input, as in customers.id, that has each of the values."`
}

// Fresh says how new the newest row is.
type Fresh struct {
	Column string `yaml:"column" required:"true" doc:"A column of dates or timestamps."`
	Within string `yaml:"within" required:"true" doc:"A length of time, such as 36h or 7d."`
	Of     string `yaml:"of" required:"true" doc:"The time from which it is counted back, such as ${run.scheduled_time}. There is no clock in what a stage does."`
}

// Drift limits how far values have moved.
type Drift struct {
	PSI     float64  `yaml:"psi" default:"0.25" min:"0" doc:"The largest population stability index of a column."`
	JS      *float64 `yaml:"js" min:"0" max:"1" doc:"The largest Jensen-Shannon distance of a column."`
	KS      *float64 `yaml:"ks" min:"0" max:"1" doc:"The largest distance of the distribution functions of a column of numbers."`
	Unseen  *float64 `yaml:"unseen" min:"0" max:"1" doc:"The largest share of values of a text column that the reference does not have."`
	Columns []string `yaml:"columns" min:"1" doc:"The columns to compare, with * for any; all that both tables have if it is absent. One that is named and cannot be compared is a fault; of others there is a warning."`
	Except  []string `yaml:"except" doc:"Columns not to compare, such as identifiers and dates, which always move."`
}

// Validate finds what is wrong whatever the table is.
func (s *Check) Validate() error {
	var errs []error
	if s.Rows == nil && len(s.Columns) == 0 && len(s.Unique) == 0 && len(s.Rules) == 0 && s.Fresh == nil && s.Drift == nil {
		errs = append(errs, fieldError("", "write, for example, `rows: \">= 1000\"` or `columns: {age: {min: 0}}`", "there is nothing to check"))
	}
	for _, e := range s.Columns {
		if err := e.Value.validate(); err != nil {
			errs = append(errs, &settings.FieldError{Field: "columns." + e.Key, Err: err})
		}
	}
	for _, e := range s.Rules {
		if e.Value == nil || e.Value.String() == "" {
			continue // which was reported
		}
		if err := e.Value.CheckCondition(&expr.Scope{Open: true}); err != nil {
			errs = append(errs, &settings.FieldError{Field: "rules." + e.Key, Err: err})
		}
	}
	if s.Fresh != nil {
		if _, err := s.Fresh.since(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(s.Unique) == 1 {
		errs = append(errs, fieldError("unique", fmt.Sprintf("write `columns: {%s: {unique: true}}`", s.Unique[0]), "it is about several columns together"))
	}
	return errors.Join(errs...)
}

func (c *Column) validate() error {
	if c.Matches != "" {
		if _, err := regexp.Compile(c.Matches); err != nil {
			return fmt.Errorf("matches: %w", err)
		}
	}
	if c.References != "" && !strings.Contains(c.References, ".") {
		return fieldError("", "write INPUT.COLUMN, as in customers.id", "references: %q names no column of an input", c.References)
	}
	return nil
}

// Foresee finds inputs that are missing, or that nobody asks for.
func (s *Check) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	return pipeline.Facts{}, s.connected(slices.Sorted(maps.Keys(inputs)))
}

func (s *Check) connected(ports []string) error {
	if s.Drift != nil && !slices.Contains(ports, referencePort) {
		return fieldError("drift", "add `reference: STAGE.PORT` to the inputs", "there is no reference to compare the table with")
	}
	asked := []string{tablePort, referencePort}
	for _, e := range s.Columns {
		if e.Value.References == "" {
			continue
		}
		name, _, _ := strings.Cut(e.Value.References, ".")
		if !slices.Contains(ports, name) {
			return fieldError("columns."+e.Key, fmt.Sprintf("add `%s: STAGE.PORT` to the inputs", name), "references: no table is connected as %q", name)
		}
		asked = append(asked, name)
	}
	for _, p := range ports {
		if !slices.Contains(asked, p) {
			return fieldError("", "remove it, or write `references` of a column", "no column refers to the input %q", p)
		}
	}
	return nil
}

// OutputPorts are the table and, if rows are taken out of it, those.
func (s *Check) OutputPorts([]string) []pipeline.Port {
	ports := []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the same table, or the rows of it that break nothing"}}
	if s.OnFailure == quarantine {
		ports = append(ports, pipeline.Port{Name: quarantinePort, Type: pipeline.Table, Aside: true, Doc: "only with on_failure: quarantine. The other rows, with a column problem"})
	}
	return ports
}

// fieldError is an error about a setting.
func fieldError(field, hint, format string, args ...any) error {
	return diag.WithHint(settings.FieldErrorf(field, format, args...), hint)
}

// since is the time that the newest row may not be older than.
func (f *Fresh) since() (time.Time, error) {
	length, err := relation.ParseSpan(f.Within)
	if err == nil && length.Months > 0 {
		err = diag.WithHint(fmt.Errorf("%s is not of one length", length), "write days: 30d")
	}
	if err != nil {
		return time.Time{}, &settings.FieldError{Field: "fresh.within", Err: err}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, f.Of); err == nil {
			return t.Add(-time.Duration(length.Nanos)), nil
		}
	}
	return time.Time{}, fieldError("fresh.of", "write it as 2024-05-31 or 2024-05-31T06:00:00Z", "%q is no time", f.Of)
}

// Thins implements pipeline.Thinner.
func (s *Check) Thins([]string) string {
	if s.OnFailure == quarantine {
		return "rows that break a rule"
	}
	return ""
}
