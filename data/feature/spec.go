package feature

import (
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/table"
)

// A Spec says which columns become features and how, and what is predicted.
type Spec struct {
	Features []Column // in the order of the vector; other columns are dropped
	Defaults Defaults // what the features leave open
	Target   *Target  // nil: the datasets have no target
	Keep     []string // columns carried into the datasets as they are
}

// A Column says how one column becomes features. The zero values mean the
// defaults for the type of the column: numbers are standardised, booleans
// become 0 and 1, texts become one_hot.
type Column struct {
	Name      string
	Impute    Impute
	Indicator bool // one more feature, last, that is 1 where the value was missing
	Scale     Scale
	Encode    Encode
}

// Defaults are the settings of columns by type, without names. They fill in what
// a column leaves open: the imputation with its indicator, the scale, the
// encoding. A column of numbers or truth values that has an encoding of its own
// holds categories; it takes none.
type Defaults struct{ Number, Text, Bool Column }

// fill gives the column with what it leaves open.
func (d Defaults) fill(c Column, typ arrow.DataType) Column {
	var of Column
	switch typ.ID() {
	case arrow.STRING:
		of = d.Text
	case arrow.INT64, arrow.FLOAT64:
		of = d.Number
	case arrow.BOOL:
		of = d.Bool
	}
	categories := typ.ID() != arrow.STRING && c.Encode != (Encode{})
	if c.Impute.Strategy == "" && !categories {
		c.Impute, c.Indicator = of.Impute, of.Indicator
	}
	if c.Impute.Strategy == NoImpute {
		c.Impute = Impute{}
	}
	if c.Scale == "" && c.Encode == (Encode{}) {
		c.Scale, c.Encode = of.Scale, of.Encode
	}
	return c
}

// An Impute says what takes the place of a missing value.
type Impute struct {
	Strategy Strategy
	Value    string // of Constant: a number for a numeric column, else a category
}

// A Strategy names a rule for missing values; empty means that there is none.
type Strategy string

const (
	Mean         Strategy = "mean"
	Median       Strategy = "median"
	MostFrequent Strategy = "most_frequent"
	Constant     Strategy = "constant"
	NoImpute     Strategy = "none" // as empty, whatever the defaults are
)

// A Scale names a rule for the range of a number; empty means the default.
type Scale string

const (
	None     Scale = "none"     // the number itself
	Standard Scale = "standard" // mean 0, standard deviation (ddof 0) 1
	MinMax   Scale = "min_max"  // smallest 0, largest 1
	MaxAbs   Scale = "max_abs"  // largest magnitude 1, zero stays zero
	Robust   Scale = "robust"   // median 0, interquartile range 1
)

// An Encode says how categories become numbers.
type Encode struct {
	Method        Encoding
	Unseen        Unseen  // empty: UnseenIgnore for OneHot, UnseenError for Ordinal
	MinFrequency  float64 // rarer categories share a bucket: a count, or below 1 a fraction of the rows
	MaxCategories int     // at most so many codes, the bucket included; 0: no limit
	Drop          Drop    // one_hot only
}

// An Encoding names a rule for categories; empty means the default.
type Encoding string

const (
	OneHot  Encoding = "one_hot" // a feature for each category, 1 where it is the value
	Ordinal Encoding = "ordinal" // one feature, the index of the category
)

// Unseen says what becomes of a category that was not there in training.
type Unseen string

const (
	UnseenError      Unseen = "error"
	UnseenIgnore     Unseen = "ignore"     // all features 0; ordinal: -1
	UnseenInfrequent Unseen = "infrequent" // the bucket; as ignore if training had no rare category
)

// Drop says which feature of a one-hot group is left out.
type Drop string

const (
	DropNone     Drop = "none" // also the meaning of empty
	DropFirst    Drop = "first"
	DropIfBinary Drop = "if_binary" // the first, if there are two
)

// A Target says what is predicted.
type Target struct {
	Column string
	Task   Task  // empty: Auto
	Scale  Scale // regression only; empty: Standard
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
// "task", "positive", "target", "keep", or empty.
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

func (c Column) wrong(setting, fix, format string, args ...any) error {
	return &SpecError{Column: c.Name, Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)}
}

// Validate finds what is wrong with a column whatever its type is.
func (c Column) Validate() error {
	switch c.Impute.Strategy {
	case "", NoImpute, Mean, Median, MostFrequent, Constant:
	default:
		return c.wrong("impute", "mean, median, most_frequent, constant or none", "unknown imputation %q", c.Impute.Strategy)
	}
	switch c.Scale {
	case "", None, Standard, MinMax, MaxAbs, Robust:
	default:
		return c.wrong("scale", "standard, min_max, max_abs, robust or none", "unknown scale %q", c.Scale)
	}
	if s := c.Impute.Strategy; c.Indicator && (s == "" || s == NoImpute) {
		return c.wrong("indicator", "add `impute: median`, or most_frequent for categories",
			"an indicator goes with an imputation: without one a missing number is an error and a missing text is a category of its own")
	}
	e := c.Encode
	if e == (Encode{}) {
		return nil
	}
	if c.Scale != "" {
		return c.wrong("scale", "remove `scale` or `encode`", "categories have no scale")
	}
	if s := c.Impute.Strategy; s == Mean || s == Median {
		return c.wrong("impute", "write `impute: most_frequent`", "categories have no %s", s)
	}
	return c.validateEncode(e)
}

func (c Column) validateEncode(e Encode) error {
	switch {
	case e.Method != OneHot && e.Method != Ordinal:
		return c.wrong("encode", "one_hot or ordinal", "unknown encoding %q", e.Method)
	case e.Unseen != "" && e.Unseen != UnseenError && e.Unseen != UnseenIgnore && e.Unseen != UnseenInfrequent:
		return c.wrong("encode", "error, ignore or infrequent", "unknown rule %q for unseen categories", e.Unseen)
	case e.Drop != "" && e.Drop != DropNone && e.Drop != DropFirst && e.Drop != DropIfBinary:
		return c.wrong("encode", "none, first or if_binary", "unknown drop %q", e.Drop)
	case e.Drop != "" && e.Drop != DropNone && e.Method != OneHot:
		return c.wrong("encode", "remove `drop`", "%s has a single feature, which cannot be dropped", e.Method)
	case e.MaxCategories < 0:
		return c.wrong("encode", "", "max_categories is %d, which is less than 0", e.MaxCategories)
	case math.IsNaN(e.MinFrequency) || e.MinFrequency < 0:
		return c.wrong("encode", "", "min_frequency is %v, which is less than 0", e.MinFrequency)
	case e.MinFrequency > 1 && e.MinFrequency != math.Trunc(e.MinFrequency):
		return c.wrong("encode", "write a whole number of rows, or a fraction below 1",
			"min_frequency is %v, which is neither a number of rows nor a fraction", e.MinFrequency)
	case e.Unseen == UnseenInfrequent && e.MinFrequency == 0 && e.MaxCategories == 0:
		return c.wrong("encode", "add `min_frequency: 10` or `max_categories: 20`",
			"there is no bucket of infrequent categories to put unseen ones into")
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
	if t.Positive != nil && (t.Task == Regression || t.Scale != "") {
		return c.wrong("positive", "remove `positive`", "a number to predict has no positive class")
	}
	return c.Validate()
}

// Validate finds contradictions that need no table to be seen.
func (s Spec) Validate() error {
	if len(s.Features) == 0 {
		return &SpecError{Msg: "there are no features", Fix: "name at least one column under `features`"}
	}
	seen := make(map[string]bool, len(s.Features))
	for _, c := range s.Features {
		if seen[c.Name] {
			return c.wrong("", "", "listed twice among the features")
		}
		seen[c.Name] = true
		if err := c.Validate(); err != nil {
			return err
		}
	}
	if t := s.Target; t != nil {
		if seen[t.Column] {
			return &SpecError{Column: t.Column, Setting: "target", Fix: "remove it from `features`",
				Msg: "the target is also a feature, which would leak the answer into the question"}
		}
		if err := t.Validate(); err != nil {
			return err
		}
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

// resolved is the column with the defaults of its type filled in, or an error
// if the type and the settings do not go together.
func (c Column) resolved(typ arrow.DataType) (Column, error) {
	const recast = "read the column as another type: `columns: {%s: %s}` of the ingest stage"
	switch typ.ID() {
	case arrow.STRING:
		if c.Scale != "" {
			return c, c.wrong("scale", fmt.Sprintf(recast, c.Name, "float64"), "it holds text, which has no scale")
		}
		if c.Encode == (Encode{}) {
			c.Encode.Method = OneHot
		}
	case arrow.INT64, arrow.BOOL:
		if c.Encode != (Encode{}) {
			break
		}
		if c.Scale == "" {
			c.Scale = Standard
			if typ.ID() == arrow.BOOL {
				c.Scale = None
			}
		}
	case arrow.FLOAT64:
		if c.Encode != (Encode{}) {
			return c, c.wrong("encode", fmt.Sprintf(recast, c.Name, "string"), "it holds decimal numbers, which are not categories")
		}
		if c.Scale == "" {
			c.Scale = Standard
		}
	case arrow.DATE32, arrow.TIMESTAMP:
		return c, c.wrong("", fmt.Sprintf("make numbers of it where the table is made, such as year, month, weekday or days since a start, in an `exec` stage; or leave it out: `keep: [%s]` takes it out of a pattern", c.Name),
			"a column of type %s cannot be a feature as it is", table.TypeName(typ))
	default:
		return c, c.wrong("", fmt.Sprintf("leave it out of features: `keep: [%s]` takes it out of a pattern", c.Name), "a column of type %s cannot be a feature", table.TypeName(typ))
	}
	if err := c.Validate(); err != nil {
		return c, err
	}
	if c.Encode.Method == "" && c.Impute.Strategy == Constant {
		if v, err := strconv.ParseFloat(c.Impute.Value, 64); err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return c, c.wrong("impute", "write a number, as in `impute: {constant: 0}`",
				"the constant %q cannot take the place of a missing number", c.Impute.Value)
		}
	}
	return c, nil
}
