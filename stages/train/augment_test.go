package train

import (
	"bytes"
	"slices"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/pipeline/pipelinetest"
)

// corners are noisy pictures, with a light corner that says what their class is.
func corners(t testing.TB, purpose string, rows int) []byte {
	t.Helper()
	const side = 6
	noise := random.New(1, purpose, 0)
	var levels []uint8
	var classes []any
	for i := range rows {
		class := i % 3
		classes = append(classes, int32(class))
		for k := range side * side {
			v := uint8(noise.IntN(uint64(i*side*side+k), 64))
			if y, x := k/side, k%side; y < 2 && class == 0 && x < 2 || y > 3 && class == 1 && x > 3 {
				v += 150
			}
			levels = append(levels, v)
		}
	}
	info := table.DatasetInfo{Inputs: []table.Input{{Name: "photo", Kind: table.Image, Type: tensor.U8, Shape: []int{1, side, side}}}, Targets: []table.Target{species}}
	return tabletest.Dataset(t, info, "photo", levels, "target", classes)
}

const augmented = `
network: [{conv2d: {filters: 4, kernel: 3, activation: relu}}, {flatten: {}}, {dropout: 0.1}]
optimizer: {adam: {learning_rate: 0.01}}
batch_size: 7
epochs: 4
augment: {flip: {along: horizontal, probability: 0.3}, shift: 1, rotate: 10, zoom: 0.1, border: edge, brightness: 0.1, contrast: 0.1, noise: 0.02, cut_out: 2, share: 0.8}
`

// What is augmented is the same on any number of threads, and after an interruption.
func TestAugmentConforms(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(nil), With: augmented, Seed: 5,
		Inputs: map[string][]byte{"train": corners(t, "train", 60), "validation": corners(t, "validation", 20)}})
}

// paramsOf trains a model and gives its numbers.
func paramsOf(t testing.TB, with string, train []byte) (list []float32) {
	t.Helper()
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: with, Seed: 5, Inputs: map[string][]byte{"train": train}})
	m, err := nn.ReadModel(bytes.NewReader(r.Outputs["model"]), int64(len(r.Outputs["model"])))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params {
		list = append(list, p.Data...)
	}
	return list
}

// Features that the network takes as pictures are pictures: with one dimension left open,
// and by a preset.
func TestAugmentFeatures(t *testing.T) {
	data := examples(t, species, "train", 60, -1, "a", "b", "c", "d", "e", "f", "g", "h", "i")
	const rest = "\nepochs: 2\n"
	for _, network := range []string{"[{reshape: [1, -1, 3]}, {flatten: {}}, {dense: 4}]", "{cnn: {image: [1, 3, 3], filters: [2]}}"} {
		with := "network: " + network + rest
		if slices.Equal(paramsOf(t, with, data), paramsOf(t, with+"augment: {shift: 1}", data)) {
			t.Errorf("%s: nothing was changed", network)
		}
	}
}

func TestAugmentRefusals(t *testing.T) {
	for _, c := range []struct{ network, augment, msg string }{
		{"{dense: 4}", "flip: horizontal", "augment: there are no pictures to change among the inputs features"},
		{"{reshape: [3, 3]}, {flatten: {}}", "flip: horizontal", "augment: there are no pictures to change among the inputs features"},
		{"{reshape: [1, 3, 3]}, {flatten: {}}", "shift: 3", "augment: input features: a shift of 3 pixels moves pictures of 3 x 3 (height x width) out of sight"},
		{"{reshape: [1, 1, 9]}, {flatten: {}}", "cut_out: 9", "augment: input features: a square of 9 pixels that is cut out leaves nothing of pictures of 1 x 9 (height x width)"},
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), With: "network: [" + c.network + "]\naugment: {" + c.augment + "}",
			Inputs: map[string][]byte{"train": examples(t, species, "train", 60, -1, "a", "b", "c", "d", "e", "f", "g", "h", "i")}})
		if err == nil || err.Error() != c.msg || diag.HintOf(err) == "" {
			t.Errorf("%s: %v (%s), want %s", c.network, err, diag.HintOf(err), c.msg)
		}
	}
}
