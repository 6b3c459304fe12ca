package train

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// rare are rows of classes of which the last ones are rare, a third as many each.
func rare(t *testing.T, classes, rows int, purpose string) ([]byte, []float32) {
	t.Helper()
	target := table.Target{Column: "y", Task: task.Binary}
	if classes > 2 {
		target.Task = task.Multiclass
	}
	for i := range classes {
		target.Classes = append(target.Classes, string(rune('a'+i)))
	}
	info := table.FlatDataset([]table.Feature{{Name: "x", Column: "x"}}, &target)
	noise := random.New(1, purpose, 0)
	var x []float32
	var y []int32
	for i := range rows {
		class := 0
		for class+1 < classes && noise.Float64(uint64(4*i+class)) < .25 {
			class++
		}
		x, y = append(x, float32(float64(class)+1.2*noise.Normal(uint64(2*rows+i)))), append(y, int32(class))
	}
	return tabletest.Dataset(t, info, "features", x, "target", y), x
}

const logistic = "network: []\noptimizer: {adam: {learning_rate: 0.05}}\nepochs: 15\nbatch_size: 100\n"

// However classes are balanced, the model sees as many of each, and with prior: train
// its probabilities are those of the rows as they are.
func TestBalance(t *testing.T) {
	for _, classes := range []int{2, 3} {
		data, x := rare(t, classes, 3000, "train")
		trained := func(balance string) (*nn.Model, []float64) {
			r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: logistic + balance, Seed: 5, Inputs: map[string][]byte{"train": data}})
			m, err := nn.ReadModel(bytes.NewReader(r.Outputs["model"]), int64(len(r.Outputs["model"])))
			if err != nil {
				t.Fatal(err)
			}
			return m, means(t, m, x)
		}
		plain, _ := trained("")
		for _, by := range []string{"weights", "oversample", "undersample"} {
			t.Run(fmt.Sprint(classes, by), func(t *testing.T) {
				m, mean := trained("balance: " + by + "\n")
				if b := m.Summary.Balance; by != "weights" {
					if b == nil || b.Sampled[0] != b.Sampled[classes-1] || b.Prior {
						t.Errorf("the model knows %+v", b)
					}
				}
				if mean[0] > plain.Summary.ClassPriors[0]-.1 {
					t.Errorf("balanced, the mean probabilities are %v of shares %v", mean, plain.Summary.ClassPriors)
				}
				_, mean = trained("balance: {by: " + by + ", prior: train}\n")
				for i, p := range plain.Summary.ClassPriors {
					if math.Abs(mean[i]-p) > .05 {
						t.Errorf("with prior: train, the mean probabilities are %v of shares %v", mean, plain.Summary.ClassPriors)
					}
				}
				if m.Summary.ClassCounts[0] != plain.Summary.ClassCounts[0] || m.Summary.Rows != 3000 {
					t.Errorf("the model remembers %d rows of classes %v", m.Summary.Rows, m.Summary.ClassCounts)
				}
			})
		}
	}
}

// means are the means of the probabilities of each class.
func means(t *testing.T, m *nn.Model, x []float32) []float64 {
	t.Helper()
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	said, err := p.Predict([]tensor.Rows{{F32: x}}, len(x))
	if err != nil {
		t.Fatal(err)
	}
	list := make([]float64, len(m.Signature.Classes))
	for i := range x {
		if len(list) == 2 {
			list[0] += (1 - said[i]) / float64(len(x))
			list[1] += said[i] / float64(len(x))
			continue
		}
		for j := range list {
			list[j] += said[i*len(list)+j] / float64(len(x))
		}
	}
	return list
}

// The same seed draws the same rows, on any number of threads, and goes on from where it was.
func TestBalanceConforms(t *testing.T) {
	train, _ := rare(t, 2, 400, "train")
	validation, _ := rare(t, 2, 100, "validation")
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(nil), With: small + "balance: {by: oversample, ratio: 0.8, prior: train}\n", Seed: 5,
		Inputs: map[string][]byte{"train": train, "validation": validation}})
}

// Weights are those of class_weights: balanced, to the byte.
func TestBalanceByWeights(t *testing.T) {
	data, _ := rare(t, 3, 300, "train")
	train := func(with string) []byte {
		return pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: logistic + with, Seed: 5, Inputs: map[string][]byte{"train": data}}).Outputs["model"]
	}
	if !bytes.Equal(train("balance: weights\n"), train("class_weights: balanced\n")) {
		t.Error("balance: weights gives another model than class_weights: balanced")
	}
}

func TestBalanceMistakes(t *testing.T) {
	for with, want := range map[string][2]string{
		"balance: weights\nclass_weights: balanced\n":                          {"in class_weights already", "remove"},
		"balance: {prior: train}\n":                                            {"nothing has changed the shares", "by: weights"},
		"balance: {by: weights, ratio: 0.5}\n":                                 {"of oversample and undersample alone", "oversample"},
		"balance: {by: oversample, prior: train}\nloss: {focal: {gamma: 1}}\n": {"focal loss", "cross_entropy"},
		"balance: {by: oversample, ratio: 2}\n":                                {"ratio", ""},
	} {
		_, err := pipeline.DecodeStage(Kind(nil), logistic+with)
		if err == nil || !strings.Contains(err.Error(), want[0]) {
			t.Errorf("%s: got error %v, want %q", with, err, want[0])
		}
	}
	for _, with := range []string{"balance: oversample\n", "class_weights: balanced\n"} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: linear + with, Inputs: map[string][]byte{"train": weighted(t, func(int) float64 { return 1 })}})
		if err == nil || !strings.Contains(err.Error(), "y is for regression") || diag.HintOf(err) == "" {
			t.Errorf("%s of numbers: got error %v", with, err)
		}
	}
}
