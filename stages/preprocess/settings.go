package preprocess

import (
	"slices"

	"pipe/data/feature"
	"pipe/data/task"
	"pipe/pipeline/settings"
)

// Preprocess fits feature transforms on one table and applies them to all.
type Preprocess struct {
	Features settings.Map[FeatureSetting] `yaml:"features" required:"true" min:"1" doc:"The columns that become features, in order, each with its settings. A name with * stands for all columns that fit, in the order of the table, and are not used otherwise; so does type:number, type:text, type:bool, type:date, type:timestamp, type:time or type:list for all columns of the type. The columns of keep are none of these: name one to have it as a feature, too."`
	Drop     []string                     `yaml:"drop" added:"true" doc:"Columns that the names with * and type: under features leave out: names, patterns with *, or types as there."`
	Defaults *DefaultsSetting             `yaml:"defaults" added:"true" doc:"Settings by type, for what the columns under features leave open."`
	Cross    []feature.Cross              `yaml:"cross" added:"true" doc:"Further features, each of several of the columns under features: of the numbers or categories that the chains of these have made, so of scaled numbers where they are scaled."`
	Select   *feature.Selection           `yaml:"select" added:"true" doc:"Which of the features stay, by what they are in the rows of train. By default all do."`
	Target   *TargetSetting               `yaml:"target" doc:"The column to predict. Without it the data sets have no target."`
	Targets  []TargetSetting              `yaml:"targets" min:"2" max:"1000" added:"true" doc:"Several columns that one network predicts, in place of target: all numbers, or all labels of two classes (multi-label), such as truth values. Rows that lack one of them are dropped."`
	Allow    []string                     `yaml:"allow" added:"true" doc:"What is meant as it is, so that no warning is of it: columns by name, or what is warned of: target_copy (a feature is the target in other words), perfect_feature (one predicts it alone), identifier, repeated_rows and similar_rows (rows of other tables are, or nearly are, rows of train), shared_groups (they are of things that have rows in train)."`
	Keep     []string                     `yaml:"keep" doc:"Columns to carry into the data sets as they are, for slices, plots and identification. The names with * and type: under features leave them out."`
}

// A DefaultsSetting says how columns of a type become features, as far as they
// have no settings of their own.
type DefaultsSetting struct {
	Number *NumberDefaults `yaml:"number" doc:"Of columns of integers and decimal numbers, but for those with encode."`
	Text   *TextDefaults   `yaml:"text" doc:"Of columns of text."`
	Bool   *FeatureSetting `yaml:"bool" doc:"Of columns of truth values, but for those with encode."`
	Date   *DateDefaults   `yaml:"date" added:"true" doc:"Of columns of dates, timestamps and times of day."`
}

// DateDefaults are settings of columns of times.
type DateDefaults struct {
	Impute    *feature.Impute `yaml:"impute" doc:"What takes the place of a missing value."`
	Indicator bool            `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing, for columns with the impute from here."`
	Chain     []feature.Step  `yaml:"chain" short:"true" single:"true" doc:"Transforms in their order, in place of the others here, for columns without any settings of their own."`
}

// NumberDefaults are settings of columns of numbers.
type NumberDefaults struct {
	Impute    *feature.Impute `yaml:"impute" doc:"What takes the place of a missing value."`
	Indicator bool            `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing, for columns with the impute from here."`
	Scale     scaling         `yaml:"scale" default:"auto" doc:"How the range is changed, as in features."`
	Chain     []feature.Step  `yaml:"chain" short:"true" single:"true" added:"true" doc:"Transforms in their order, in place of the others here, for columns without any settings of their own."`
}

// TextDefaults are settings of columns of text.
type TextDefaults struct {
	Impute    *feature.Impute `yaml:"impute" doc:"What takes the place of a missing value."`
	Indicator bool            `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing, for columns with the impute from here."`
	Encode    *feature.Encode `yaml:"encode" doc:"How categories become numbers."`
	Chain     []feature.Step  `yaml:"chain" short:"true" single:"true" added:"true" doc:"Transforms in their order, in place of the others here, for columns without any settings of their own."`
}

// A FeatureSetting says how one column becomes features.
type FeatureSetting struct {
	Impute    *feature.Impute `yaml:"impute" doc:"What takes the place of a missing value. It comes before scaling and encoding."`
	Indicator bool            `yaml:"indicator" default:"false" doc:"Add a feature that is 1 where the value was missing. Needs impute."`
	Scale     scaling         `yaml:"scale" default:"auto" doc:"How the range of a number is changed: standard (mean 0, deviation 1), min_max (0 to 1), max_abs (largest magnitude 1), robust (median 0, interquartile range 1), quantile (the share of rows that have less), power (as normal as a power makes it), none. By default standard for numbers, none for booleans."`
	Encode    *feature.Encode `yaml:"encode" doc:"How categories become numbers. By default one_hot for texts; integers and booleans are numbers unless it is set."`
	Chain     []feature.Step  `yaml:"chain" short:"true" single:"true" added:"true" doc:"Transforms in their order, each of what the one before has made, in place of the other settings: [impute: median, log1p, scale: standard]. A chain is all that is done to the column."`
}

// A TargetSetting says what is predicted.
type TargetSetting struct {
	Column   string           `yaml:"column" short:"true" required:"true" doc:"The column to predict."`
	Task     string           `yaml:"task" default:"auto" enum:"auto,regression,classification" doc:"What kind of prediction it is. By default texts and booleans are classes and numbers are a regression; set classification for integers that number classes."`
	Positive *settings.Scalar `yaml:"positive" added:"true" doc:"Of two classes the one that the metrics f1, precision, recall, average_precision and the probabilities in charts are about, usually the rare one that is looked for. By default the class that sorts last: 1 of 0 and 1, true of false and true, ok of failed and ok."`
	Missing  string           `yaml:"missing" added:"true" enum:"drop,error" doc:"What becomes of rows without a target: they are dropped (drop) or an error. By default they are dropped with a warning."`
	Scale    targetScaling    `yaml:"scale" default:"auto" doc:"The scale in which a regression is learned; predictions and metrics are in original units all the same. By default standard."`
	// None is the same as nothing, so that a parameter can say it.
	Transform transformKind `yaml:"transform" default:"none" added:"true" doc:"What a regression learns in place of the number, before scale: its logarithm (log, of numbers above 0), the logarithm of 1 + x (log1p, of numbers above -1), square root (sqrt), logit (of shares between 0 and 1), or the power that makes it most normal (yeo_johnson of any number, box_cox of numbers above 0, as PowerTransformer of scikit-learn), for prices, incomes and counts, of which a few are far larger than the others. Predictions and metrics are in original units all the same; the loss is not."`
}

// Validate finds settings that contradict each other.
func (s *FeatureSetting) Validate() error {
	return feature.AtField(s.column("").Validate(feature.All(), feature.AnyForm))
}

// Validate finds settings that contradict each other.
func (s *NumberDefaults) Validate() error {
	return feature.AtField(s.column().Validate(feature.All(), feature.Numbers))
}

// Validate finds settings that contradict each other.
func (s *DateDefaults) Validate() error {
	return feature.AtField(s.column().Validate(feature.All(), feature.Times))
}

// Validate finds settings that contradict each other.
func (s *TextDefaults) Validate() error {
	c := s.column()
	if c.Encode == nil && c.Chain == nil {
		c.Encode = &feature.Encode{OneHot: new(feature.OneHot)} // so that it is checked as the category that it will be
	}
	return feature.AtField(c.Validate(feature.All(), feature.Texts))
}

// Validate finds settings that contradict each other.
func (s *TargetSetting) Validate() error { return feature.AtField(s.target().Validate()) }

// Validate finds columns that have two uses.
func (s *Preprocess) Validate() error {
	if err := s.validateNames(); err != nil {
		return err
	}
	return feature.AtField(s.spec().Validate(feature.All()))
}

// spec is the specification that the settings stand for.
func (s *Preprocess) spec() feature.Spec {
	spec := feature.Spec{Keep: s.Keep, Crosses: s.Cross, Select: s.Select, Defaults: s.Defaults.defaults()}
	for _, f := range s.Features {
		spec.Features = append(spec.Features, f.Value.column(f.Key))
	}
	if s.Target != nil {
		target := s.Target.target()
		spec.Target = &target
	}
	for i := range s.Targets {
		spec.Targets = append(spec.Targets, s.Targets[i].target())
	}
	return spec
}

// predicted lists the targets, of which there may be none.
func (s *Preprocess) predicted() []TargetSetting {
	if s.Target != nil {
		return []TargetSetting{*s.Target}
	}
	return s.Targets
}

func (s *TargetSetting) target() feature.Target {
	t := feature.Target{Column: s.Column, Task: feature.Task(s.Task), Scale: scaling(s.Scale).column()}
	if s.Transform != noTransform && s.Transform != "" {
		t.Transform = &task.Transform{Kind: task.TransformKind(s.Transform)}
	}
	if p := s.Positive; p != nil {
		t.Positive = &p.Text
	}
	return t
}

// A transformKind is what a target becomes, or none.
type transformKind string

const noTransform transformKind = "none"

// Enum implements settings.Enum.
func (transformKind) Enum() []string {
	return slices.Concat([]string{string(noTransform)}, task.Log.Enum())
}

// A scaling is one of feature, or the usual one of a column or target, or none.
type scaling string

const auto scaling = "auto"

// Enum implements settings.Enum.
func (scaling) Enum() []string {
	return slices.Concat([]string{string(auto)}, feature.Standard.Enum(), []string{string(feature.None)})
}

// A targetScaling is one that predictions can be taken out of again.
type targetScaling scaling

// Enum implements settings.Enum.
func (targetScaling) Enum() []string {
	return slices.DeleteFunc(scaling("").Enum(), func(s string) bool {
		return s == string(feature.Quantile) || s == string(feature.Power)
	})
}

// column is the scale of a column.
func (s scaling) column() feature.Scaling {
	if s == auto {
		return ""
	}
	return feature.Scaling(s)
}

func (s *FeatureSetting) column(name string) feature.Column {
	return feature.Column{Name: name, Impute: s.Impute, Indicator: s.Indicator, Scale: s.Scale.column(), Encode: s.Encode, Chain: s.Chain}
}

// Draws implements pipeline.Drawer.
func (s *Preprocess) Draws() bool {
	return slices.ContainsFunc(s.steps(), func(step feature.Step) bool {
		drawer, ok := step.Setting.(feature.Drawer)
		return ok && drawer.Draws()
	})
}

func (s *NumberDefaults) column() feature.Column {
	return feature.Column{Impute: s.Impute, Indicator: s.Indicator, Scale: s.Scale.column(), Chain: s.Chain}
}

func (s *TextDefaults) column() feature.Column {
	return feature.Column{Impute: s.Impute, Indicator: s.Indicator, Encode: s.Encode, Chain: s.Chain}
}

func (s *DateDefaults) column() feature.Column {
	return feature.Column{Impute: s.Impute, Indicator: s.Indicator, Chain: s.Chain}
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
	if s.Date != nil {
		d.Date = s.Date.column()
	}
	return d
}
