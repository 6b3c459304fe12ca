package evaluate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pipe/data/metric"
	"pipe/data/table"
	"pipe/estimator"
	"pipe/linear"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
	"pipe/trees"
)

// A simpleModel learns the same from the same features, as it comes out of the box: what any
// other should be better than.
type simpleModel struct {
	name string // as written in conditions and documents
	why  string // there is none; empty: there is

	predictor estimator.Predictor
	threshold float64 // of two classes; 0: the usual one
	values    []metric.Value
	against   []metric.Difference // of the model to it, by metric
	second    *contrast           // in what is looked at beside the headline
}

// Names of simple models, the simplest first.
const (
	linearModel = "linear"
	treesModel  = "trees"
)

// title is what it is called in a sentence.
func (v *simpleModel) title() string {
	if v.name == linearModel {
		return "a linear model"
	}
	return "boosted trees"
}

// pronoun stands for the title.
func (v *simpleModel) pronoun() string {
	if v.name == linearModel {
		return "it"
	}
	return "them"
}

// todo is a hint for who has a model that is no better.
func (v *simpleModel) todo() string {
	if v.name == linearModel {
		return "it is easier to train and to explain; the report has all metrics beside it, and `baselines: none` leaves the comparison out"
	}
	return "`uses: train_trees` makes them from the same data sets; the report has all metrics beside them, and `baselines: none` leaves the comparison out"
}

// Baselines says which simple models are trained beside the model.
type Baselines string

// Enum implements settings.Enum.
func (Baselines) Enum() []string { return []string{"both", linearModel, treesModel, "none"} }

// has says whether one is asked for.
func (s Baselines) has(name string) bool { return s == "both" || string(s) == name }

// Bounds of what simple models take, so that they are trained in seconds.
const (
	simpleRows    = 20_000     // of train, drawn at random, at most
	fewestRows    = 1_000      // of more than that, at least
	simpleWork    = 20_000_000 // rows times numbers of a row times outputs
	treesWidth    = 2_000      // numbers of a row times outputs, for trees
	simpleRounds  = 100        // of trees, or of the solver of a linear model
	simpleVersion = "1"        // raised when the same rows and settings give other models
)

// simpleModels are those that were asked for, and what they were trained on.
type simpleModels struct {
	rows, of int  // that they learned from, of how many there are
	kept     bool // they were trained by an execution before
	list     []*simpleModel

	guess   string     // the best guess in the headline
	guessed []contrast // to it in that metric, and in the second; nil: not known
}

// simpleDocument is what is kept of them beside train: the network may change, and they need not.
type simpleDocument struct {
	Rows       int                `json:"rows"`
	Why        map[string]string  `json:"why"`
	Linear     *linear.Model      `json:"linear,omitempty"`
	Trees      []byte             `json:"trees,omitempty"`
	Thresholds map[string]float64 `json:"thresholds,omitempty"` // that were chosen
}

// trainSimple trains what is asked for, or takes it from what was kept. It is nil if train is
// not connected, or nothing is asked for.
func (s *Stage) trainSimple(ctx context.Context, from pipeline.Sources, r *results, threads int) (*simpleModels, error) {
	train := r.part(trainPort)
	if train == nil || s.Baselines == "none" || r.model.Signature.Task == "" {
		return nil, nil
	}
	all := &simpleModels{of: train.sample.Rows()}
	var wanted []string
	for _, name := range []string{linearModel, treesModel} {
		if !s.Baselines.has(name) {
			continue
		}
		if isSuch(r.model, name) {
			all.list = append(all.list, &simpleModel{name: name, why: "the model is of that kind itself"})
			continue
		}
		all.list = append(all.list, &simpleModel{name: name})
		wanted = append(wanted, name)
	}
	if len(wanted) == 0 {
		return all, nil
	}
	categories, by := categoriesOf(r.model), s.thresholdBy(r.model)
	parts := []string{simpleVersion, trees.Engine, nn.Engine, s.SampleWeight, strings.Join(wanted, " "), strings.Join(categories, "\x00")}
	if by != nil {
		parts = append(parts, "threshold by "+by.key())
	}
	key := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	defer func() {
		for _, v := range all.list {
			if v.threshold == 0 {
				v.threshold = r.model.Signature.Threshold
			}
		}
	}()
	name := fmt.Sprintf("simple-models-%x", key[:8])
	book, _ := from.(pipeline.Notebook)
	if book != nil {
		if note := book.Note(trainPort, name); note != nil && all.read(note) == nil {
			all.kept = true
			return all, nil
		}
	}
	doc, err := s.learnSimple(ctx, from, train, wanted, categories, by, threads)
	if err != nil {
		return nil, err
	}
	note, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if err := all.read(note); err != nil {
		return nil, err
	}
	if book != nil {
		book.KeepNote(trainPort, name, note)
	}
	return all, nil
}

// isSuch says whether a model is itself of a simple kind.
func isSuch(m *estimator.Model, name string) bool {
	if name == treesModel {
		return m.Trees != nil
	}
	return m.Network != nil && len(m.Network.Spec.Layers) == 0 && len(m.Network.Spec.Branches) == 0
}

// categoriesOf are the features that the model takes for categories.
func categoriesOf(m *estimator.Model) (list []string) {
	if m.Trees == nil {
		return nil
	}
	for i := range m.Trees.Columns {
		if c := &m.Trees.Columns[i]; c.Category {
			list = append(list, c.Name)
		}
	}
	return list
}

// read makes predictors of what was kept, which is refused if it is not that.
func (all *simpleModels) read(note []byte) error {
	var doc simpleDocument
	if err := json.Unmarshal(note, &doc); err != nil {
		return err
	}
	all.rows = doc.Rows
	for _, v := range all.list {
		if v.why != "" {
			continue
		}
		v.threshold = doc.Thresholds[v.name]
		var err error
		switch why := doc.Why[v.name]; {
		case why != "":
			v.why = why
		case v.name == linearModel && doc.Linear != nil:
			v.predictor, err = doc.Linear.NewPredictor()
		case v.name == treesModel && doc.Trees != nil:
			var m *trees.Model
			if m, err = trees.ReadModel(bytes.NewReader(doc.Trees), int64(len(doc.Trees))); err == nil {
				v.predictor, err = m.NewPredictor()
			}
		default:
			err = fmt.Errorf("there is no %s", v.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// learnSimple draws rows of train and learns from them.
func (s *Stage) learnSimple(ctx context.Context, from pipeline.Sources, train *part, wanted, categories []string, by *thresholdBy, threads int) (*simpleDocument, error) {
	doc := &simpleDocument{Why: map[string]string{}}
	in, err := from.Open(trainPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer ds.Close()
	steps, err := ds.Steps()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	sig := dataset.Signature(ds.Info, steps)
	width := 0
	for _, in := range sig.AllInputs() {
		if !in.Ragged {
			width += in.Shape.Size()
		}
	}
	width *= sig.Outputs()
	most := simpleRows
	if width > 0 {
		most = min(most, simpleWork/width)
	}
	if most < min(fewestRows, train.rows) {
		for _, name := range wanted {
			doc.Why[name] = fmt.Sprintf("%d numbers for each row and output are too many for the seconds that it may take", width)
		}
		return doc, nil
	}
	rows, err := s.draw(ctx, ds, &sig, train, most)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	doc.Rows = rows.Len()
	for _, name := range wanted {
		if name == linearModel {
			doc.Linear, err = learnLinear(ctx, sig, rows, categories, threads)
			var unfit *linear.UnfitError
			if errors.As(err, &unfit) {
				doc.Why[name], err = unfit.Error(), nil
			}
		} else {
			doc.Trees, err = s.writeTrees(ctx, sig, rows, width, categories, doc.Why, threads)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", in.Name, name, err)
		}
		if by == nil || doc.Why[name] != "" {
			continue
		}
		at, err := by.choose(ctx, sig, rows, func(some nn.Source) (estimator.Predictor, error) {
			if name == linearModel {
				m, err := learnLinear(ctx, sig, some, categories, threads)
				if err != nil {
					return nil, err
				}
				return m.NewPredictor()
			}
			m, err := learnTrees(ctx, sig, some, categories, threads)
			if err != nil {
				return nil, err
			}
			return m.NewPredictor()
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", in.Name, name, err)
		}
		if at > 0 {
			if doc.Thresholds == nil {
				doc.Thresholds = map[string]float64{}
			}
			doc.Thresholds[name] = at
		}
	}
	return doc, nil
}

func learnLinear(ctx context.Context, sig nn.Signature, rows nn.Source, categories []string, threads int) (*linear.Model, error) {
	return linear.Train(ctx, sig, rows, linear.Config{L2: 1, Rounds: simpleRounds, Categories: categories, Threads: threads})
}

// learnTrees learns trees with the settings that users of train_trees begin with.
func learnTrees(ctx context.Context, sig nn.Signature, rows nn.Source, categories []string, threads int) (*trees.Model, error) {
	return trees.Train(ctx, sig, rows, nil, trees.Config{Loss: trees.Auto, Rounds: simpleRounds, LearningRate: .1, MaxLeaves: 31, MinRows: 20, MaxBins: 255,
		RowShare: 1, ColumnShare: 1, Categories: categories, Threads: threads})
}

// writeTrees learns trees and gives their file, unless there is a reason why not.
func (s *Stage) writeTrees(ctx context.Context, sig nn.Signature, rows *drawn, width int, categories []string, why map[string]string, threads int) ([]byte, error) {
	for _, in := range sig.AllInputs() {
		switch {
		case in.Sparse > 0:
			why[treesModel] = fmt.Sprintf("%s is a sparse vector, and trees take columns", in.Name)
			return nil, nil
		case in.Ragged:
			why[treesModel] = fmt.Sprintf("rows of %s have different lengths, and trees take columns", in.Name)
			return nil, nil
		}
	}
	if width > treesWidth {
		why[treesModel] = fmt.Sprintf("%d numbers for each row and output are too many for the seconds that they may take", width)
		return nil, nil
	}
	m, err := learnTrees(ctx, sig, rows, categories, threads)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = m.WriteTo(&b)
	return b.Bytes(), err
}
