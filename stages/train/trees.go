package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/task"
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

Several targets are learned together: a tree for each in each round. ` + "`class_weights` and `balance`" + ` make rare classes count as
in ` + "`train`" + `. A training that was interrupted goes on from its last checkpoint.

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
	Categories     []string                `yaml:"categories" doc:"Features that are numbers of categories, as ordinal makes them: a split divides the categories in any way. A name with * stands for all features that fit."`
	Monotone       settings.Map[Direction] `yaml:"monotone" doc:"Features with which the output never falls (increasing), or never rises (decreasing). For a number, or two classes."`
	ClassWeights   *ClassWeights           `yaml:"class_weights" added:"true" doc:"The weight of a class in the loss, as in train. It also applies to the losses that are reported."`
	Balance        *Balance                `yaml:"balance" added:"true" doc:"How rare classes are made to count in training, as in train. Validation and test data stay as they are."`
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
	if err := checkBalance(s.ClassWeights, s.Balance); err != nil {
		errs = append(errs, err)
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
	if s.ClassWeights.used() {
		f.narrow("class_weights", "class_weights", "they are", "remove class_weights", classTasks())
	}
	if s.Balance.used() {
		f.narrow("balance", "balance", "it is", "remove balance", classTasks())
	}
	if len(s.Monotone) > 0 {
		f.narrow("monotone", "monotone", "it is", "remove monotone", trees.MonotoneTasks())
	}
	_, validated := inputs[validationPort]
	f.threshold(s.Threshold, validated)
	return f.Facts, errors.Join(f.errs...)
}

// A TreesCost is what a training of trees costs.
type TreesCost struct {
	Rows       int     `json:"rows"`
	Validation int     `json:"validation_rows"`
	Features   int     `json:"features"`
	Outputs    int     `json:"outputs"`
	Rounds     int     `json:"rounds"`            // at most
	Memory     int64   `json:"memory_bytes"`      // about
	Seconds    float64 `json:"processor_seconds"` // about, if all rounds are run
}

// Cost is that of training on the data that is there.
func (s *Trees) Cost(src pipeline.Sources) (c TreesCost, err error) {
	_, sig, rows, err := peek(src, trainPort)
	if err != nil {
		return c, err
	}
	if slices.Contains(src.Inputs(), validationPort) {
		if _, _, c.Validation, err = peek(src, validationPort); err != nil {
			return c, err
		}
	}
	for _, in := range sig.AllInputs() {
		c.Features += in.Shape.Size()
	}
	c.Rows, c.Outputs = rows, sig.Outputs()
	s.Price(&c)
	return c, nil
}

// Price fills in what training on so many rows and features costs.
func (s *Trees) Price(c *TreesCost) {
	c.Rounds = s.Rounds
	c.Memory = trees.Memory(c.Rows+c.Validation, c.Features, c.Outputs, s.MaxLeaves)
	c.Seconds = trees.Seconds(c.Rows, c.Validation, c.Features, c.Outputs, c.Rounds)
}

// Memory is what training will need: bins of all features, and a few numbers for each row.
func (s *Trees) Memory(src pipeline.Sources) (int64, error) {
	c, err := s.Cost(src)
	return c.Memory, err
}

// config is the settings in the terms of package trees, for data with a signature.
func (s *Trees) config(sig *nn.Signature) (trees.Config, error) {
	balance := s.Balance.orNone()
	cfg := trees.Config{
		BalanceClasses: s.ClassWeights.balanced() || balance.By == "weights", Sampling: balance.sampling(), Prior: balance.Prior == "train",
		Loss: trees.Loss(s.Loss), Quantile: s.Quantile, Rounds: s.Rounds, Patience: s.Patience, LearningRate: s.LearningRate,
		MaxLeaves: s.MaxLeaves, MaxDepth: s.MaxDepth, MinRows: s.MinRows, MaxBins: s.MaxBins, L2: s.L2, MinGain: s.MinGain,
		RowShare: s.RowFraction, ColumnShare: s.ColumnFraction, Monotone: map[string]int{},
	}
	if one := sig.Task == task.Binary || sig.Task == task.Multiclass; !one && (s.ClassWeights.used() || balance.used()) {
		return cfg, diag.WithHint(fmt.Errorf("class_weights and balance are for classes, but the target is for %s", sig.Task), "remove them")
	}
	var err error
	if cfg.ClassWeights, err = s.ClassWeights.forClasses(sig.Classes); err != nil {
		return cfg, err
	}
	if cfg.Categories, err = s.categories(sig); err != nil {
		return cfg, err
	}
	for _, e := range s.Monotone {
		if cfg.Monotone[e.Key] = 1; e.Value == "decreasing" {
			cfg.Monotone[e.Key] = -1
		}
	}
	return cfg, nil
}

// categories are the features that the names stand for, of which one with * has no feature
// of that very name.
func (s *Trees) categories(sig *nn.Signature) (list []string, err error) {
	names, err := trees.Names(sig)
	if err != nil {
		return nil, err
	}
	for _, c := range s.Categories {
		before := len(list)
		if !strings.Contains(c, "*") || slices.Contains(names, c) {
			list = append(list, c)
			continue
		}
		for _, name := range names {
			if _, held := s.Monotone.Get(name); table.MatchName(c, name) && !held {
				list = append(list, name)
			}
		}
		if len(list) == before {
			return nil, diag.WithHint(fmt.Errorf("categories: no feature fits %q", c), "the features are "+strings.Join(names[:min(len(names), 50)], ", "))
		}
	}
	return list, nil
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
	cfg, err := s.config(&sig)
	if err != nil {
		return err
	}
	cfg.Seed, cfg.Threads = env.Seed(), env.Threads()
	cfg.OnRound = func(e nn.Epoch) {
		for _, v := range e.Values {
			env.Point(v.Name, int64(e.Number), v.Value)
		}
		env.Progress(int64(e.Number), int64(e.Of))
	}
	if resume := env.Resume(); resume != nil {
		defer func() { err = errors.Join(err, resume.Close()) }()
		cfg.Resume = resume
	}
	cfg.Checkpoint = env.Checkpoint
	cfg.OnAnew = anew(env)
	model, err := trees.Train(ctx, sig, train, watched, cfg)
	if err != nil {
		return err
	}
	tellBalance(env, &model.Signature, &model.Summary)
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
