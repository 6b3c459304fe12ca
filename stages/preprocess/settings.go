package preprocess

import (
	"errors"

	"pipe/data/feature"
	"pipe/pipeline/settings"
)

// Preprocess fits feature transforms on one table and applies them to all.
type Preprocess struct {
	Features settings.Map[FeatureSetting] `yaml:"features" required:"true" min:"1" doc:"The columns that become features, in order, each with its settings. A name with * stands for all columns that fit, in the order of the table, and are not used otherwise."`
	Defaults *DefaultsSetting             `yaml:"defaults" added:"true" doc:"Settings by type, for what the columns under features leave open."`
	Target   *TargetSetting               `yaml:"target" doc:"The column to predict. Without it the data sets have no target."`
	Keep     []string                     `yaml:"keep" doc:"Columns to carry into the data sets as they are, for slices, plots and identification."`
}

// A DefaultsSetting says how columns of a type become features, as far as they
// have no settings of their own.
type DefaultsSetting struct {
	Number *NumberDefaults `yaml:"number" doc:"Of columns of integers and decimal numbers, but for those with encode."`
	Text   *TextDefaults   `yaml:"text" doc:"Of columns of text."`
	Bool   *FeatureSetting `yaml:"bool" doc:"Of columns of truth values, but for those with encode."`
}

// NumberDefaults are settings of columns of numbers.
type NumberDefaults struct {
	Impute    *ImputeSetting `yaml:"impute" doc:"What takes the place of a missing value."`
	Indicator bool           `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing, for columns with the impute from here."`
	Scale     string         `yaml:"scale" default:"auto" enum:"auto,standard,min_max,max_abs,robust,none" doc:"How the range is changed, as in features."`
}

// TextDefaults are settings of columns of text.
type TextDefaults struct {
	Impute    *ImputeSetting `yaml:"impute" doc:"What takes the place of a missing value."`
	Indicator bool           `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing, for columns with the impute from here."`
	Encode    *EncodeSetting `yaml:"encode" doc:"How categories become numbers."`
}

// A FeatureSetting says how one column becomes features.
type FeatureSetting struct {
	Impute    *ImputeSetting `yaml:"impute" doc:"What takes the place of a missing value. It comes before scaling and encoding."`
	Indicator bool           `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing. Needs impute."`
	Scale     string         `yaml:"scale" default:"auto" enum:"auto,standard,min_max,max_abs,robust,none" doc:"How the range of a number is changed: standard (mean 0, deviation 1), min_max (0 to 1), max_abs (largest magnitude 1), robust (median 0, interquartile range 1), none. By default standard for numbers, none for booleans."`
	Encode    *EncodeSetting `yaml:"encode" doc:"How categories become numbers. By default one_hot for texts; integers and booleans are numbers unless it is set."`
}

// An ImputeSetting is a choice of what takes the place of a missing value.
type ImputeSetting struct {
	settings.OneOf
	None         *struct{}        `yaml:"none" doc:"Nothing, which a default may say otherwise: a missing number is an error, a missing text a category of its own."`
	Mean         *struct{}        `yaml:"mean" doc:"The mean of the column."`
	Median       *struct{}        `yaml:"median" doc:"The median of the column."`
	MostFrequent *struct{}        `yaml:"most_frequent" doc:"The most frequent value, the smallest of several."`
	Constant     *ConstantSetting `yaml:"constant" doc:"A number or category of your own."`
}

// A ConstantSetting is a value that takes the place of a missing one.
type ConstantSetting struct {
	Value settings.Scalar `yaml:"value" short:"true" required:"true" doc:"The value, as in {constant: 0}."`
}

// An EncodeSetting is a choice of how categories become numbers.
type EncodeSetting struct {
	settings.OneOf
	OneHot  *OneHotSetting  `yaml:"one_hot" doc:"A feature for each category, 1 where it is the value."`
	Ordinal *OrdinalSetting `yaml:"ordinal" doc:"One feature, the index of the category in sorted order."`
}

// An OneHotSetting says how one-hot encoding is done.
type OneHotSetting struct {
	Unseen        string  `yaml:"unseen" default:"ignore" enum:"ignore,error,infrequent" doc:"What becomes of a category that was not there in training: all features 0 with a warning that counts such values (ignore), an error, or the bucket of infrequent categories. A row of predict for which it is an error has no prediction."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one feature, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many features; the rarest categories share the last one. 0 is no limit."`
	Drop          string  `yaml:"drop" default:"none" enum:"none,first,if_binary" doc:"Leave out the first feature, which the others imply: never, always, or if there are two."`
}

// An OrdinalSetting says how ordinal encoding is done.
type OrdinalSetting struct {
	Unseen        string  `yaml:"unseen" default:"error" enum:"error,ignore,infrequent" doc:"What becomes of a category that was not there in training: an error, -1 with a warning that counts such values (ignore), which a network takes for a number and an embedding for the first index, or the bucket of infrequent categories."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one index, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many indices; the rarest categories share the last one. 0 is no limit."`
}

// A TargetSetting says what is predicted.
type TargetSetting struct {
	Column   string           `yaml:"column" short:"true" required:"true" doc:"The column to predict."`
	Task     string           `yaml:"task" default:"auto" enum:"auto,regression,classification" doc:"What kind of prediction it is. By default texts and booleans are classes and numbers are a regression; set classification for integers that number classes."`
	Positive *settings.Scalar `yaml:"positive" added:"true" doc:"Of two classes the one that the metrics f1, precision, recall, average_precision and the probabilities in charts are about, usually the rare one that is looked for. By default the class that sorts last: 1 of 0 and 1, true of false and true, ok of failed and ok."`
	Missing  string           `yaml:"missing" added:"true" enum:"drop,error" doc:"What becomes of rows without a target: they are dropped (drop) or an error. By default they are dropped with a warning."`
	Scale    string           `yaml:"scale" default:"auto" enum:"auto,standard,min_max,max_abs,robust,none" doc:"The scale in which a regression is learned; predictions and metrics are in original units all the same. By default standard."`
}

// Validate finds settings that contradict each other.
func (s *FeatureSetting) Validate() error { return asFieldError(s.column("").Validate()) }

// Validate finds settings that contradict each other.
func (s *NumberDefaults) Validate() error { return asFieldError(s.column().Validate()) }

// Validate finds settings that contradict each other.
func (s *TextDefaults) Validate() error {
	c := s.column()
	if c.Encode.Method == "" {
		c.Encode.Method = feature.OneHot // so that it is checked as the category that it will be
	}
	return asFieldError(c.Validate())
}

// Validate finds settings that contradict each other.
func (s *TargetSetting) Validate() error { return asFieldError(s.target().Validate()) }

// Validate finds columns that have two uses.
func (s *Preprocess) Validate() error { return asFieldError(s.spec().Validate()) }

// asFieldError points an error of a specification at the setting it is about.
func asFieldError(err error) error {
	var spec *feature.SpecError
	if !errors.As(err, &spec) {
		return err
	}
	return &settings.FieldError{Field: spec.Setting, Err: err}
}

// spec is the specification that the settings stand for.
func (s *Preprocess) spec() feature.Spec {
	spec := feature.Spec{Keep: s.Keep, Defaults: s.Defaults.defaults()}
	for _, f := range s.Features {
		spec.Features = append(spec.Features, f.Value.column(f.Key))
	}
	if s.Target != nil {
		target := s.Target.target()
		spec.Target = &target
	}
	return spec
}

func (s *TargetSetting) target() feature.Target {
	t := feature.Target{Column: s.Column, Task: feature.Task(s.Task), Scale: scaleOf(s.Scale)}
	if p := s.Positive; p != nil {
		t.Positive = &p.Text
	}
	return t
}

func scaleOf(name string) feature.Scale {
	if name == "auto" {
		return ""
	}
	return feature.Scale(name)
}

func (s *FeatureSetting) column(name string) feature.Column {
	return feature.Column{Name: name, Impute: s.Impute.impute(), Indicator: s.Indicator, Scale: scaleOf(s.Scale), Encode: s.Encode.encode()}
}

func (s *NumberDefaults) column() feature.Column {
	return feature.Column{Impute: s.Impute.impute(), Indicator: s.Indicator, Scale: scaleOf(s.Scale)}
}

func (s *TextDefaults) column() feature.Column {
	return feature.Column{Impute: s.Impute.impute(), Indicator: s.Indicator, Encode: s.Encode.encode()}
}

// defaults are those that the settings stand for, of which there may be none.
func (s *DefaultsSetting) defaults() (d feature.Defaults) {
	if s == nil {
		return d
	}
	if s.Number != nil {
		d.Number = s.Number.column()
	}
	if s.Text != nil {
		d.Text = s.Text.column()
	}
	if s.Bool != nil {
		d.Bool = s.Bool.column("")
	}
	return d
}

func (s *ImputeSetting) impute() feature.Impute {
	switch {
	case s == nil:
		return feature.Impute{}
	case s.None != nil:
		return feature.Impute{Strategy: feature.NoImpute}
	case s.Mean != nil:
		return feature.Impute{Strategy: feature.Mean}
	case s.Median != nil:
		return feature.Impute{Strategy: feature.Median}
	case s.MostFrequent != nil:
		return feature.Impute{Strategy: feature.MostFrequent}
	}
	return feature.Impute{Strategy: feature.Constant, Value: s.Constant.Value.Text}
}

func (s *EncodeSetting) encode() feature.Encode {
	switch {
	case s == nil:
		return feature.Encode{}
	case s.OneHot != nil:
		return feature.Encode{Method: feature.OneHot, Unseen: feature.Unseen(s.OneHot.Unseen),
			MinFrequency: s.OneHot.MinFrequency, MaxCategories: s.OneHot.MaxCategories, Drop: feature.Drop(s.OneHot.Drop)}
	}
	return feature.Encode{Method: feature.Ordinal, Unseen: feature.Unseen(s.Ordinal.Unseen),
		MinFrequency: s.Ordinal.MinFrequency, MaxCategories: s.Ordinal.MaxCategories}
}
