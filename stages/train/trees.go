package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/estimator"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/trees"
)

var (
	_ pipeline.Foreseer = (*Trees)(nil)
	_ pipeline.Sizer    = (*Trees)(nil)
)

// TreesKind describes the stage.
func TreesKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "train_trees",
		Version: 2, // 1 added up logarithms one by one
		Doc: `Train gradient boosted trees on a data set.

Each round adds a tree for each output, which lowers the loss of those before. Trees are grown leaf by leaf on histograms of at
most 255 bins for each feature, as in LightGBM and scikit-learn's HistGradientBoosting, whose defaults these are.
On tables of numbers and categories they are often better than a network, and need less: leave the scale of features as it is
(` + "`scale: none`" + `), give each category a number instead of a column (` + "`encode: ordinal`" + `), and name those features
in ` + "`categories`" + `, so that a split divides them in any way, not by the order of the numbers. What ` + "`embedding_ids`" + ` makes
is taken as categories without being named. Of more than 255 categories the rarest are told apart from no others,
and are treated as missing, as new ones are. Missing values are let through by ` + "`impute: keep`" + `
in the preprocess stage, of numbers, categories and dates: each split learns to which side they go.

If validation data is connected, the model has the trees up to the round that was best by its loss, and training
ends after ` + "`patience`" + ` rounds without a better one. Evaluate, predict and gates take the model as they
take a network; the report and ` + "`pipe show`" + ` say what the trees go by: the share of each feature in what the splits
gained. The model is a JSON document with a line for each tree.

` + "`monotone: {carat: increasing}`" + ` holds the output to what is known beforehand: it never falls where that feature rises,
and all others stay the same. Texts and series of different lengths are for networks alone.

The model has the same bits on any number of threads.`,
		Example: `boosted:
  uses: train_trees
  inputs: {train: features.train, validation: features.validation}
  with: {categories: [cut, color, clarity], monotone: {carat: increasing}}
`,
		Inputs: []pipeline.Port{
			{Name: trainPort, Type: pipeline.Dataset, Doc: "the rows to learn from"},
			{Name: validationPort, Type: pipeline.Dataset, Doc: "rows to choose the best round by", Optional: true},
		},
		Outputs: []pipeline.Port{
			{Name: modelPort, Type: pipeline.Model, Doc: "the trees, as JSON"},
		},
		Seeded: true,
		Engine: trees.Engine,
		New:    func() pipeline.Stage { return new(Trees) },
	}
}

// Trees is the configuration of the stage, and the stage.
type Trees struct {
	Loss           string                  `yaml:"loss" default:"auto" enum:"auto,squared_error,absolute_error,quantile,cross_entropy" doc:"What is minimised: squared_error of a number and cross_entropy of classes, unless it says otherwise. The best leaf of absolute_error is a median, that of quantile a quantile."`
	Quantile       float64                 `yaml:"quantile" default:"0.5" above:"0" below:"1" doc:"Of loss quantile: which one is predicted; 0.9 is exceeded by one row in ten."`
	Rounds         int                     `yaml:"rounds" default:"500" min:"1" max:"100000" doc:"Trees for each output, at most."`
	Patience       int                     `yaml:"patience" default:"20" min:"0" max:"100000" doc:"Where there is validation data: rounds in a row without a better loss before training ends. 0 runs all of them."`
	LearningRate   float64                 `yaml:"learning_rate" default:"0.1" above:"0" max:"1" doc:"The share of its step that each tree takes: a lower one needs more rounds, and is often better."`
	MaxLeaves      int                     `yaml:"max_leaves" default:"31" min:"2" max:"65536" doc:"Leaves of a tree."`
	MaxDepth       int                     `yaml:"max_depth" default:"0" min:"0" max:"1000" doc:"Questions from the root to a leaf; 0 is no limit. 1 makes a sum of curves, one for each feature."`
	MinRows        int                     `yaml:"min_rows" default:"20" min:"1" doc:"Rows of training that a leaf has at least."`
	MaxBins        int                     `yaml:"max_bins" default:"255" min:"2" max:"255" doc:"How many values, or ranges of values, of a feature are told apart; missing ones have a bin of their own."`
	L2             float64                 `yaml:"l2" default:"0" min:"0" doc:"L2 regularisation of the values of leaves."`
	MinGain        float64                 `yaml:"min_gain" default:"0" min:"0" doc:"A split must lower the loss by so much, summed over rows."`
	RowFraction    float64                 `yaml:"row_fraction" default:"1" above:"0" max:"1" doc:"Share of the rows that each round draws at random."`
	ColumnFraction float64                 `yaml:"column_fraction" default:"1" above:"0" max:"1" doc:"Share of the features that each tree draws at random."`
	Categories     []string                `yaml:"categories" doc:"Features that are numbers of categories, as ordinal makes them: a split divides the categories in any way."`
	Monotone       settings.Map[Direction] `yaml:"monotone" doc:"Features with which the output never falls (increasing), or never rises (decreasing). For a number, or two classes."`
	SampleWeight   string                  `yaml:"sample_weight" doc:"A kept column of the data sets with the weight of each row in the loss. It also applies to the losses that are reported."`
	Threshold      *Threshold              `yaml:"threshold" doc:"Of two classes: the probability of the positive one above which a row is taken for it, 0.5 by default, as in train."`
}

// A Direction is that of an output along a feature.
type Direction string

// Enum implements settings.Enum.
func (Direction) Enum() []string { return []string{"increasing", "decreasing"} }

// Validate finds settings that contradict each other.
func (s *Trees) Validate() error {
	var errs []error
	if s.Quantile != .5 && s.Loss != string(trees.Quantile) {
		errs = append(errs, &settings.FieldError{Field: "quantile", Err: errors.New("it is of loss quantile alone"), Todo: "add `loss: quantile`, or remove quantile"})
	}
	for i, c := range s.Categories {
		if slices.Contains(s.Categories[:i], c) {
			errs = append(errs, settings.FieldErrorf("categories", "%q is there twice", c))
		}
		if _, both := s.Monotone.Get(c); both {
			errs = append(errs, &settings.FieldError{Field: "monotone." + c, Err: errors.New("it is among the categories, which have no order"), Todo: "remove it from one of them"})
		}
	}
	return errors.Join(errs...)
}

// Foresee finds settings that do not go with each other, with what is to be
// learned, or with the data sets that are connected.
func (s *Trees) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	f, ok := foreseeData(inputs, s.SampleWeight)
	if !ok {
		return pipeline.Facts{}, errors.Join(f.errs...)
	}
	if l := trees.Loss(s.Loss); l != trees.Auto {
		f.narrow("loss", "loss: "+s.Loss, s.Loss+" is", "leave it out, and it follows from the target", l.Tasks())
	}
	if len(s.Monotone) > 0 {
		f.narrow("monotone", "monotone", "it is", "remove monotone", trees.MonotoneTasks())
	}
	_, validated := inputs[validationPort]
	f.threshold(s.Threshold, validated)
	return f.Facts, errors.Join(f.errs...)
}

// Memory is what training will need: bins of all features, and a few numbers for each row.
func (s *Trees) Memory(src pipeline.Sources) (int64, error) {
	_, sig, rows, err := peek(src, trainPort)
	if err != nil {
		return 0, err
	}
	if slices.Contains(src.Inputs(), validationPort) {
		_, _, more, err := peek(src, validationPort)
		if err != nil {
			return 0, err
		}
		rows += more
	}
	columns := 0
	for _, in := range sig.AllInputs() {
		columns += in.Shape.Size()
	}
	return trees.Memory(rows, columns, sig.Outputs(), s.MaxLeaves), nil
}

// config is the settings in the terms of package trees.
func (s *Trees) config() trees.Config {
	cfg := trees.Config{
		Loss: trees.Loss(s.Loss), Quantile: s.Quantile, Rounds: s.Rounds, Patience: s.Patience, LearningRate: s.LearningRate,
		MaxLeaves: s.MaxLeaves, MaxDepth: s.MaxDepth, MinRows: s.MinRows, MaxBins: s.MaxBins, L2: s.L2, MinGain: s.MinGain,
		RowShare: s.RowFraction, ColumnShare: s.ColumnFraction, Categories: s.Categories, Monotone: map[string]int{},
	}
	for _, e := range s.Monotone {
		if cfg.Monotone[e.Key] = 1; e.Value == "decreasing" {
			cfg.Monotone[e.Key] = -1
		}
	}
	return cfg
}

// Run trains the trees and writes the model.
func (s *Trees) Run(ctx context.Context, env pipeline.Env) (err error) {
	train, err := open(env, trainPort, s.SampleWeight)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, train.close()) }()
	var validation *rows // nil: there is none
	var watched nn.Source
	if slices.Contains(env.Inputs(), validationPort) {
		if validation, err = open(env, validationPort, s.SampleWeight); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, validation.close()) }()
		if err := comparable(train, validation); err != nil {
			return err
		}
		watched = validation
	}
	sig := train.sig
	if sig.Task == "" {
		return fmt.Errorf("no model learns the targets %s together", sig.Column)
	}
	if err := s.Threshold.check(&sig, validation); err != nil {
		return err
	}
	cfg := s.config()
	cfg.Seed, cfg.Threads = env.Seed(), env.Threads()
	cfg.OnRound = func(e nn.Epoch) {
		for _, v := range e.Values {
			env.Point(v.Name, int64(e.Number), v.Value)
		}
		env.Progress(int64(e.Number), int64(e.Of))
	}
	model, err := trees.Train(ctx, sig, train, watched, cfg)
	if err != nil {
		return err
	}
	if err := s.Threshold.set(ctx, env, &model.Signature, &model.Summary, estimator.OfTrees(model), validation); err != nil {
		return err
	}
	for _, name := range append(train.info.Elements(), sig.Columns()...) {
		env.Column(pipeline.ColumnRef{Port: modelPort, Column: name}, pipeline.ColumnRef{Port: trainPort, Column: name})
	}
	report(env, &model.Summary, "round")
	w, err := env.Create(modelPort)
	if err != nil {
		return err
	}
	_, err = model.WriteTo(w)
	return err
}
