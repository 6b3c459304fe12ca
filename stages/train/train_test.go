package train

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

var (
	species = table.Target{Column: "species", Task: task.Multiclass, Classes: []string{"Adelie", "Chinstrap", "Gentoo"}}
	sex     = table.Target{Column: "sex", Task: task.Binary, Classes: []string{"female", "male"}}
	mass    = table.Target{Column: "mass", Task: task.Regression, Center: 4200, Scale: 800}
)

// examples makes rows whose target follows from the features. tear < 0 leaves
// all rows a target, else that row has none.
func examples(t testing.TB, target table.Target, purpose string, rows, tear int, features ...string) []byte {
	t.Helper()
	var list []table.Feature
	for _, f := range features {
		list = append(list, table.Feature{Name: f, Column: f})
	}
	info := table.FlatDataset(list, &target)
	noise := random.New(1, purpose, 0)
	var x []float32
	var y []any
	for i := range rows {
		sum := 0.0
		for j := range features {
			v := noise.Normal(uint64(i*len(features) + j))
			sum += v
			x = append(x, float32(v))
		}
		switch {
		case i == tear:
			y = append(y, nil)
		case target.Task.IsClassification():
			y = append(y, int32(min(max(int(math.Floor(sum))+1, 0), len(target.Classes)-1)))
		default:
			y = append(y, target.Center+target.Scale*math.Tanh(sum))
		}
	}
	return tabletest.Dataset(t, info, "features", x, "target", y)
}

func inputs(t testing.TB, target table.Target) map[string][]byte {
	return map[string][]byte{
		"train":      examples(t, target, "train", 120, -1, "a", "b"),
		"validation": examples(t, target, "validation", 40, -1, "a", "b"),
	}
}

const small = `
network: [{dense: {units: 8, activation: tanh}}, {dropout: 0.1}, {dense: 4}]
optimizer: {adam: {learning_rate: 0.02}}
epochs: 12
`

func TestConform(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(nil), With: small, Inputs: inputs(t, species), Seed: 5})
}

func TestTasks(t *testing.T) {
	for _, target := range []table.Target{species, sex, mass} {
		t.Run(string(target.Task), func(t *testing.T) {
			r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: small + "early_stopping: {patience: 3}\n", Inputs: inputs(t, target), Seed: 5})
			m, err := nn.ReadModel(bytes.NewReader(r.Outputs["model"]), int64(len(r.Outputs["model"])))
			if err != nil {
				t.Fatal(err)
			}
			sig := m.Signature
			if sig.Column != target.Column || sig.Task != target.Task || !slices.Equal(sig.Classes, target.Classes) ||
				sig.Center != target.Center || sig.Scale != target.Scale || !slices.Equal(sig.Features, []string{"a", "b"}) {
				t.Errorf("signature %+v", sig)
			}
			if m.Spec.Outputs != map[task.Kind]int{task.Multiclass: 3, task.Binary: 1, task.Regression: 1}[target.Task] || len(m.Spec.Layers) != 3 {
				t.Errorf("network %+v", m.Spec)
			}
			checkRecord(t, r, &m.Summary)
		})
	}
}

// checkRecord compares what was reported with what the model says.
func checkRecord(t *testing.T, r pipelinetest.Result, s *nn.Summary) {
	t.Helper()
	want := map[string]float64{"best_epoch": float64(s.BestEpoch), "epochs_run": float64(s.EpochsRun)}
	points := map[string][]float64{}
	for _, c := range s.Curves {
		want[c.Name] = c.Values[s.BestEpoch-1]
		points[c.Name] = c.Values
	}
	if !maps.Equal(r.Metrics, want) {
		t.Errorf("metrics %v, want %v", r.Metrics, want)
	}
	got := map[string][]float64{}
	for _, p := range r.Points {
		got[p.Name] = append(got[p.Name], p.Value)
		if int(p.Step) != len(got[p.Name]) {
			t.Errorf("point %s has step %d, want %d", p.Name, p.Step, len(got[p.Name]))
		}
	}
	for name, want := range points {
		if !slices.Equal(got[name], want) {
			t.Errorf("points of %s are %v, want %v", name, got[name], want)
		}
	}
	// What shows vanishing gradients is there for each epoch, too.
	for _, name := range []string{"gradient_norm.layers.0.weight", "activation_rms.layers.0"} {
		if len(got[name]) != s.EpochsRun {
			t.Errorf("%d points of %s, want %d", len(got[name]), name, s.EpochsRun)
		}
	}
	if !strings.Contains(r.Log, fmt.Sprintf("%d epochs", s.EpochsRun)) && !strings.Contains(r.Log, fmt.Sprintf("after epoch %d", s.EpochsRun)) {
		t.Errorf("log %q", r.Log)
	}
}

func TestSettings(t *testing.T) {
	s := pipelinetest.Decode(t, Kind(nil), `
network: [{dense: {units: 3, activation: sigmoid}}, {dropout: 0.25}]
loss: huber
optimizer: {sgd: {momentum: 0.9, nesterov: true}}
class_weights: balanced
clip_norm: 2
early_stopping: {monitor: train.loss}
`).(*Train)
	cfg := config(t, s, 7)
	if cfg.Loss.Name() != "huber" || cfg.Optimizer != nn.Rule(nn.SGD{LearningRate: 0.01, Momentum: 0.9, Nesterov: true}) ||
		!cfg.BalanceClasses || cfg.ClipNorm != 2 || *cfg.EarlyStopping != (nn.EarlyStopping{Monitor: "train.loss", Patience: 10}) ||
		cfg.Epochs != 100 || cfg.BatchSize != 32 || !cfg.Shuffle || cfg.Seed != 7 {
		t.Errorf("got %+v", cfg)
	}
	l := nn.Expand(s.Network, network)
	if len(l) != 2 || *l[0].Dense != (nn.Dense{Units: 3, Activation: "sigmoid"}) || l[1].Dropout.Rate != 0.25 {
		t.Errorf("layers %+v", l)
	}
	for text, want := range map[string]nn.Rule{
		"network: []":                       nn.Adam{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		"network: []\noptimizer: adamw":     nn.AdamW{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01},
		"network: []\noptimizer: {sgd: .5}": nn.SGD{LearningRate: 0.5},
		"network: []\noptimizer: rmsprop":   nn.RMSprop{LearningRate: 0.01, Alpha: 0.99, Epsilon: 1e-8},
		"network: []\noptimizer: adagrad":   nn.Adagrad{LearningRate: 0.01, Epsilon: 1e-10},
		"network: []\noptimizer: lion":      nn.Lion{LearningRate: 0.0001, Beta1: 0.9, Beta2: 0.99},
	} {
		if got := pipelinetest.Decode(t, Kind(nil), text).(*Train); config(t, got, 0).Optimizer != want {
			t.Errorf("%q: optimizer %v, want %v", text, config(t, got, 0).Optimizer, want)
		}
	}
}

func config(t testing.TB, s *Train, seed uint64, classes ...string) nn.Config {
	t.Helper()
	cfg, err := s.config(seed, classes)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestWrongSettings(t *testing.T) {
	for text, want := range map[string]string{
		"epochs: 1": "network",
		"network: []\noptimizer: {sgd: {nesterov: true}}":        "momentum",
		"network: [{dense: {units: 0}}]":                         "units",
		"network: [{dropout: 1}]":                                "dropout",
		"network: [{dense: {units: 1, activation: swish}}]":      "activation",
		"network: []\noptimizer: {adam: {learning_rate: 0}}":     "learning_rate",
		"network: []\nearly_stopping: {monitor: validation.auc}": "monitor",
		"network: []\nthreshold: {}":                             "neither given nor to be found",
		"network: []\nthreshold: {value: 0.2, best: f1}":         "either given or to be found",
		"network: []\nthreshold: 1":                              "threshold",
		"network: []\nthreshold: {best: log_loss}":               "best",
	} {
		if _, err := pipeline.DecodeStage(Kind(nil), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want one about %s", text, err, want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	type files = map[string][]byte
	good := inputs(t, species)
	noTarget := func() []byte {
		info := table.FlatDataset([]table.Feature{{Name: "a", Column: "a"}, {Name: "b", Column: "b"}}, nil)
		return tabletest.Dataset(t, info, "features", []float32{})
	}
	for name, c := range map[string]struct {
		with       string
		inputs     files
		want, hint string
	}{
		"loss":           {small + "loss: mae", good, "loss mae does not fit a multiclass target", "loss: cross_entropy"},
		"no validation":  {small + "early_stopping: {}", files{"train": good["train"]}, "there is no validation data", "connect"},
		"monitor":        {small + "early_stopping: {monitor: validation.rmse}", good, "monitors validation.rmse", "validation.accuracy"},
		"threshold":      {small + "threshold: 0.3", good, "divides two classes, but the target species has 3", "remove"},
		"no best":        {small + "threshold: {best: f1}", files{"train": inputs(t, sex)["train"]}, "the best f1 is looked for on validation data, and there is none", "connect"},
		"of a number":    {small + "threshold: 0.3", inputs(t, mass), "but the target mass is a number", "classification"},
		"one row":        {"network: [{dense: 4}, batch_norm]\nbatch_size: 1", good, "network.1.batch_norm: cannot normalise over batches of one row", "batch_size"},
		"diverges":       {"network: [{dense: 4}]\noptimizer: {sgd: {learning_rate: 1e+30}}", good, "diverged at epoch 1", "learning rate"},
		"feature order":  {small, files{"train": good["train"], "validation": examples(t, species, "v", 9, -1, "b", "a")}, `feature 1 is "a" in`, "same preprocess"},
		"feature count":  {small, files{"train": good["train"], "validation": examples(t, species, "v", 9, -1, "a")}, "has 2 features but", "same preprocess"},
		"another target": {small, files{"train": good["train"], "validation": examples(t, sex, "v", 9, -1, "a", "b")}, "is not that of", "same preprocess"},
		"no target":      {small, files{"train": noTarget()}, "no target to learn", "preprocess"},
		"a row without":  {small, files{"train": examples(t, species, "v", 9, 4, "a", "b")}, "row 5 has no target", ""},
		"empty":          {small, files{"train": examples(t, species, "v", 0, -1, "a", "b")}, "no rows", ""},
		"not a data set": {small, files{"train": []byte("hello")}, "train data set", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: c.with, Inputs: c.inputs})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("got error %v (hint: %s), want %q (hint: %q)", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
}

// Without validation the last epoch counts, and only training has curves.
func TestWithoutValidation(t *testing.T) {
	in := inputs(t, mass)
	delete(in, "validation")
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: small, Inputs: in, Seed: 1})
	if r.Metrics["best_epoch"] != 12 || len(r.Metrics) != 4 || !strings.Contains(r.Log, "kept the last") {
		t.Errorf("metrics %v, log %q", r.Metrics, r.Log)
	}
}
