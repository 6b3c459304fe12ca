package train

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/pipeline/pipelinetest"
)

// weighted is a regression on one feature, y = 2x where even and y = -2x where
// odd rows are, with a kept column of weights; NaN stands for null.
func weighted(t *testing.T, weight func(row int) float64) []byte {
	t.Helper()
	info := table.FlatDataset([]table.Feature{{Name: "x", Column: "x"}}, &table.Target{Column: "y", Task: task.Regression, Scale: 1})
	var x []float32
	var y, w []float64
	var text []string
	for i := range 60 {
		v := 2*random.New(1, "x", 0).Float64(uint64(i/2)) - 1
		x, y = append(x, float32(v)), append(y, []float64{2 * v, -2 * v}[i%2])
		w, text = append(w, weight(i)), append(text, "a")
	}
	return tabletest.Dataset(t, info, "features", x, "target", y, "w", w, "text", text)
}

const linear = "network: []\noptimizer: {sgd: {learning_rate: 0.1}}\nepochs: 40\n"

// Rows of weight 0 have no say, and equal weights change nothing.
func TestSampleWeights(t *testing.T) {
	train := func(with string, weight func(int) float64) pipelinetest.Result {
		return pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: linear + with, Inputs: map[string][]byte{"train": weighted(t, weight)}, Seed: 1})
	}
	one := func(int) float64 { return 1 }
	if a, b := train("", one), train("sample_weight: w\n", one); !bytes.Equal(a.Outputs["model"], b.Outputs["model"]) {
		t.Error("weights of 1 give another model than none")
	}
	even := train("sample_weight: w\n", func(i int) float64 { return float64(1 - i%2) })
	if loss := even.Metrics["train.loss"]; loss > 0.05 {
		t.Errorf("with the even rows alone there is a line through all, and the loss is %v", loss)
	}
	if loss := train("", one).Metrics["train.loss"]; loss < 0.5 {
		t.Errorf("with all rows there is no line, and the loss is %v", loss)
	}
}

// Weights that leave nothing over are no divergence.
func TestWeightsOfNothing(t *testing.T) {
	none, one := weighted(t, func(int) float64 { return 0 }), weighted(t, func(int) float64 { return 1 })
	tiny := weighted(t, func(int) float64 { return 1e-60 }) // 0 as a float32
	for name, in := range map[string]map[string][]byte{
		"train":      {"train": none},
		"tiny":       {"train": tiny},
		"validation": {"train": one, "validation": none},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: linear + "sample_weight: w\n", Inputs: in})
			if want := `the weights of all 60 rows, in the column "w", are 0`; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(diag.HintOf(err), "sample_weight") {
				t.Errorf("got error %v (hint: %s), want %q", err, diag.HintOf(err), want)
			}
		})
	}
}

func TestSampleWeightMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		column     string
		weight     float64 // of row 4
		want, hint string
	}{
		"not kept": {"other", 1, `"other" is not among the kept columns`, "keep: [other]"},
		"text":     {"text", 1, `column "text"`, "a column of numbers"},
		"negative": {"w", -1, "w of row 4 is -1", "0 leaves the row out"},
		"null":     {"w", math.NaN(), "row 4 has no w", "coalesce"},
		"infinite": {"w", math.Inf(1), "w of row 4 is +Inf, which is beyond", "divide"},
	} {
		t.Run(name, func(t *testing.T) {
			in := weighted(t, func(i int) float64 {
				if i == 3 {
					return c.weight
				}
				return 1
			})
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: linear + "sample_weight: " + c.column + "\n", Inputs: map[string][]byte{"train": in}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("got error %v (hint: %s), want %q (hint: %q)", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
}
