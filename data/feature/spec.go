package feature

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/task"
	"pipe/pipeline/settings"
)

// A Spec says which columns become features and how, and what is predicted.
type Spec struct {
	Features []Column   // in the order of the vector; other columns are dropped
	Defaults Defaults   // what the features leave open
	Target   *Target    // nil: the datasets have no target, or Targets
	Targets  []Target   // several that are learned together: all numbers, or all of two classes
	Crosses  []Cross    // further columns, of several of the features
	Select   *Selection // of the features; nil: all stay
	Keep     []string   // columns carried into the datasets as they are
	Seed     uint64     // of what draws random numbers
}

// A Column says how one column becomes features: by a chain of transforms, or
// in the short form that the other fields are, whose zero values mean the
// defaults for the type of the column: numbers are standardised, booleans become
// 0 and 1, texts become one_hot, times become features of their parts.
type Column struct {
	Name      string
	Impute    *Impute
	Indicator bool // one more feature, last, that is 1 where the value was missing
	Scale     Scaling
	Encode    *Encode

	Chain []Step
}

// An Encode is a choice of how categories become numbers.
type Encode struct {
	settings.OneOf
	OneHot  *OneHot  `yaml:"one_hot" doc:"A feature for each category, 1 where it is the value."`
	Ordinal *Ordinal `yaml:"ordinal" doc:"One feature, the index of the category in sorted order."`
}

// Defaults are the settings of columns by type, without names. They fill in what
// the short form of a column leaves open: the imputation with its indicator, the
// scale, the encoding. A column of numbers or truth values that has an encoding
// of its own holds categories; it takes none. Nor does a chain. A chain of
// defaults is for columns that leave everything open.
type Defaults struct{ Number, Text, Bool, Date Column }

// fill gives the column with what it leaves open.
func (d Defaults) fill(c Column, typ arrow.DataType) Column {
	var of Column
	class := table.ClassOf(typ)
	switch class {
	case table.ClassText:
		of = d.Text
	case table.ClassWhole, table.ClassReal:
		of = d.Number
	case table.ClassBool:
		of = d.Bool
	case table.ClassDate, table.ClassTimestamp, table.ClassTime:
		of = d.Date
	}
	if c.Chain != nil {
		return c
	}
	if of.Chain != nil {
		if c.Impute == nil && !c.Indicator && c.Scale == "" && c.Encode == nil {
			c.Chain = of.Chain
		}
		return c
	}
	categories := class != table.ClassText && c.Encode != nil
	if c.Impute == nil && !categories {
		c.Impute, c.Indicator = of.Impute, of.Indicator
	}
	if c.Scale == "" && c.Encode == nil {
		c.Scale, c.Encode = of.Scale, of.Encode.assumed()
	}
	return c
}

// KeepsMissing lists the columns that say themselves that missing values stay so.
func (s *Spec) KeepsMissing() (names []string) {
	for _, c := range s.Features {
		keeps := c.Impute.Strategy() == Keep
		for _, step := range c.Chain {
			impute, ok := step.Setting.(*Impute)
			keeps = keeps || ok && impute.Strategy() == Keep
		}
		if keeps {
			names = append(names, c.Name)
		}
	}
	return names
}

// assumed is an encoding that nobody asked for.
func (e *Encode) assumed() *Encode {
	switch {
	case e == nil:
		return nil
	case e.OneHot != nil:
		s := *e.OneHot
		s.assumed = true
		return &Encode{OneHot: &s}
	}
	s := *e.Ordinal
	s.assumed = true
	return &Encode{Ordinal: &s}
}

// A Target says what is predicted.
type Target struct {
	Column string
	Task   Task    // empty: Auto
	Scale  Scaling // regression only; empty: Standard
	// Transform is learned in place of the numbers, in that scale; nil: there is none.
	Transform *task.Transform
	// Positive is the class that a binary classification is about. It comes
	// second, which is what makes it positive everywhere else. Nil: the class
	// that sorts last.
	Positive *string
}

// A Task is what kind of thing a target is.
type Task string

const (
	Auto           Task = "auto" // text and booleans are classes, numbers are a regression
	Regression     Task = "regression"
	Classification Task = "classification"
)

// A SpecError is a specification that contradicts itself. Setting is the part
// of Column or Target that is wrong: "impute", "indicator", "scale", "encode",
// "chain", "chain.1" (its second step), "task", "transform", "positive", "target", "keep", or
// empty.
type SpecError struct {
	Column, Setting string
	Msg             string
	Fix             string // what to write instead, if there is something to say
}

func (e *SpecError) Error() string {
	if e.Column == "" {
		return e.Msg
	}
	return fmt.Sprintf("column %q: %s", e.Column, e.Msg)
}

// Hint says what to write instead.
func (e *SpecError) Hint() string { return e.Fix }

// AtField points a SpecError at the setting that it is about, for who decodes
// settings. Other errors are as they were.
func AtField(err error) error {
	var spec *SpecError
	if !errors.As(err, &spec) {
		return err
	}
	return &settings.FieldError{Field: spec.Setting, Err: err}
}

func (c Column) wrong(setting, fix, format string, args ...any) error {
	return &SpecError{Column: c.Name, Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)}
}

// Validate finds what is wrong with a column whatever its type is, if its values
// can have one of the forms. A chain can have transforms of the kinds.
func (c Column) Validate(kinds []Kind, forms Form) error {
	if c.Chain != nil {
		if c.Impute != nil || c.Indicator || c.Scale != "" || c.Encode != nil {
			return c.wrong("chain", "make them steps of the chain, as in `[{impute: median}, {scale: standard}]`", "a chain is all that is done to a column: it has no other settings beside it")
		}
		if len(c.Chain) == 0 {
			return c.wrong("chain", "name a transform, or write {} for the usual treatment", "the chain has no steps")
		}
		chain, err := chainOf(c, kinds)
		if err == nil {
			holds := ""
			if forms == Numbers || forms == Texts {
				holds = forms.String()
			}
			_, err = chain.begin(forms, holds)
		}
		return err
	}
	if c.Scale != "" && c.Scale != None && !c.Scale.known() {
		return c.wrong("scale", "one of "+strings.Join(c.Scale.Enum(), ", "), "unknown scale %q", c.Scale)
	}
	strategy := c.Impute.Strategy()
	if c.Indicator && strategy == "" {
		return c.wrong("indicator", "add `impute: median`, or most_frequent for categories",
			"an indicator goes with an imputation: without one a missing number is an error and a missing text is a category of its own")
	}
	if c.Encode == nil {
		return nil
	}
	if c.Scale != "" {
		return c.wrong("scale", "remove `scale` or `encode`", "categories have no scale")
	}
	if strategy == Mean || strategy == Median {
		return c.wrong("impute", "write `impute: most_frequent`", "categories have no %s", strategy)
	}
	problem := c.Encode.Ordinal.problem
	if c.Encode.OneHot != nil {
		problem = c.Encode.OneHot.problem
	}
	if e := problem(); e != nil {
		return c.wrong("encode", e.Fix, "%s", e.Msg)
	}
	return nil
}

// Validate finds what is wrong with a target whatever its type is.
func (t Target) Validate() error {
	c := Column{Name: t.Column, Scale: t.Scale}
	switch t.Task {
	case "", Auto, Regression, Classification:
	default:
		return c.wrong("task", "auto, regression or classification", "unknown task %q", t.Task)
	}
	if t.Task == Classification && t.Scale != "" {
		return c.wrong("scale", "remove `scale`", "classes have no scale")
	}
	if t.Scale == Quantile || t.Scale == Power {
		return c.wrong("scale", "standard, min_max, max_abs or robust", "%s is a scale of features: what is learned in it is not in the units of the target", t.Scale)
	}
	if t.Task == Classification && t.Transform != nil {
		return c.wrong("transform", "remove `transform`", "classes have no transform")
	}
	if t.Positive != nil && (t.Task == Regression || t.Scale != "" || t.Transform != nil) {
		return c.wrong("positive", "remove `positive`", "a number to predict has no positive class")
	}
	return c.Validate(nil, Numbers|Texts)
}

// targets lists what is predicted.
func (s *Spec) targets() []*Target {
	if s.Target != nil {
		return []*Target{s.Target}
	}
	var list []*Target
	for i := range s.Targets {
		list = append(list, &s.Targets[i])
	}
	return list
}

// Validate finds contradictions that need no table to be seen.
func (s Spec) Validate(kinds []Kind) error {
	if len(s.Features) == 0 {
		return &SpecError{Msg: "there are no features", Fix: "name at least one column under `features`"}
	}
	seen := make(map[string]bool, len(s.Features))
	for _, c := range s.Features {
		if seen[c.Name] {
			return c.wrong("", "", "listed twice among the features")
		}
		seen[c.Name] = true
		if err := c.Validate(kinds, AnyForm); err != nil {
			return err
		}
	}
	if s.Target != nil && s.Targets != nil {
		return &SpecError{Setting: "targets", Fix: "remove `target`", Msg: "there are both a target and targets"}
	}
	if s.Select != nil && s.Targets != nil {
		return &SpecError{Setting: "targets", Fix: "remove `select`, or train a model for each target", Msg: "features are selected for one target, not for several"}
	}
	predicted := map[string]bool{}
	for _, t := range s.targets() {
		if predicted[t.Column] {
			return &SpecError{Column: t.Column, Setting: "targets", Msg: "it is there twice"}
		}
		predicted[t.Column] = true
		if seen[t.Column] {
			return &SpecError{Column: t.Column, Setting: "target", Fix: "remove it from `features`",
				Msg: "the target is also a feature, which would leak the answer into the question"}
		}
		if err := t.Validate(); err != nil {
			return err
		}
	}
	if s.Select != nil && s.Select.Best != nil && s.Target == nil {
		return &SpecError{Setting: "select.best", Msg: "there is no target that a feature could tell of", Fix: "add `target`, or remove `best`"}
	}
	kept := make(map[string]bool, len(s.Keep))
	for _, name := range s.Keep {
		if kept[name] {
			return &SpecError{Column: name, Setting: "keep", Msg: "kept twice"}
		}
		if name == table.FeaturesColumn || name == table.TargetColumn {
			return &SpecError{Column: name, Setting: "keep", Fix: "rename the column where the table is made",
				Msg: "it cannot be kept, since every data set has a column of its own with this name"}
		}
		kept[name] = true
	}
	return nil
}

// resolved is the chain that a column of a type goes through, or an error if the
// type and the settings do not go together.
func (c Column) resolved(typ arrow.DataType, kinds []Kind) (chain, error) {
	var none chain
	const recast = "read the column as another type: `columns: {%s: %s}` of the ingest stage"
	switch class := table.ClassOf(typ); class {
	case table.ClassText:
		if c.Scale != "" {
			return none, c.wrong("scale", fmt.Sprintf(recast, c.Name, "float64"), "it holds text, which has no scale")
		}
		if c.Chain == nil && c.Encode == nil {
			c.Encode = &Encode{OneHot: &OneHot{assumed: true}}
		}
	case table.ClassWhole, table.ClassReal, table.ClassBool:
		if c.Encode != nil {
			if class == table.ClassReal {
				return none, c.wrong("encode", fmt.Sprintf(recast, c.Name, "string"), "it holds decimal numbers, which are not categories")
			}
			break
		}
		if c.Chain == nil && c.Scale == "" && class != table.ClassBool {
			c.Scale = Standard
		}
	case table.ClassDate, table.ClassTimestamp, table.ClassTime:
		if c.Scale != "" || c.Encode != nil {
			return none, c.wrong("", fmt.Sprintf("write `%s: [date]`, or `[date: {parts: [weekday, is_weekend]}]` for some of it", c.Name),
				"it holds values of type %s, of which the step `date` makes features; they have neither a scale nor an encoding", table.TypeName(typ))
		}
		if c.Chain == nil {
			return c.dated(), nil
		}
	default:
		return none, c.wrong("", fmt.Sprintf("leave it out of features: `keep: [%s]` takes it out of a pattern", c.Name), "a column of type %s cannot be a feature", table.TypeName(typ))
	}
	if err := c.Validate(kinds, AnyForm); err != nil {
		return none, err
	}
	if c.Chain != nil {
		return chainOf(c, kinds)
	}
	return c.brief(), nil
}

// dated is the chain of a column of times that has none.
func (c Column) dated() chain {
	out := c.brief()
	kind := dateKind()
	out.uses = append(out.uses, use{&kind, &Date{Cyclic: true}})
	return out
}

// ValidateFor finds what is wrong with a column of a type, which is no list.
func (c Column) ValidateFor(typ arrow.DataType, kinds []Kind) error {
	chain, err := c.resolved(typ, kinds)
	if err == nil {
		_, err = chain.begin(formsOf(table.ClassOf(typ)), "values of type "+table.TypeName(typ))
	}
	return err
}

// brief is the chain that the short form stands for.
func (c Column) brief() chain {
	out := chain{column: c.Name}
	add := func(kind Kind, setting Setting) { out.uses = append(out.uses, use{&kind, setting}) }
	if c.Indicator {
		add(indicatorKind(), new(Indicator))
	}
	if c.Impute.Strategy() != "" {
		add(imputeKind(), c.Impute)
	}
	switch {
	case c.Encode != nil && c.Encode.OneHot != nil:
		add(oneHotKind(), c.Encode.OneHot)
	case c.Encode != nil:
		add(ordinalKind(), c.Encode.Ordinal)
	case c.Scale != "" && c.Scale != None:
		add(scaleKind(), &Scale{Method: c.Scale})
	}
	return out
}
