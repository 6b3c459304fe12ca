package stages_test

import (
	"slices"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
	"pipe/stages/predict"
	"pipe/stages/train"
)

// manyInputs describes a data set with a picture, a text and features. Each of
// them says one bit of the class, so that none can be left out.
func manyInputs() table.DatasetInfo {
	return table.DatasetInfo{
		Inputs: []table.Input{
			{Name: "image", Kind: table.Image, Type: tensor.U8, Shape: []int{1, 6, 5}, Features: []table.Feature{{Name: "image", Column: "photo"}}},
			{Name: "text", Kind: table.Tokens, Type: tensor.I32, Shape: []int{tensor.Ragged}, Features: []table.Feature{{Name: "text", Column: "words"}}},
			{Name: "features", Kind: table.Features, Type: tensor.F32, Shape: []int{2}, Features: []table.Feature{{Name: "age", Column: "age"}, {Name: "size", Column: "size"}}},
		},
		Targets: []table.Target{{Column: "kind", Task: task.Multiclass, Classes: []string{"a", "b", "c", "d", "e", "f", "g", "h"}, Scale: 1}},
		Weight:  "w",
	}
}

func manyRows(t testing.TB, purpose string, rows, longest int, labelled bool) []byte {
	t.Helper()
	noise := random.New(3, purpose, 0)
	var image []uint8
	var text [][]int32
	var features []float32
	var class []int32
	var weights []float64
	var names []string
	at := uint64(0)
	draw := func(n int) int { at++; return noise.IntN(at, n) }
	for i := range rows {
		bright, word, old := draw(2), draw(2), draw(2)
		for range 30 {
			image = append(image, uint8(180*bright+draw(70)))
		}
		ids := make([]int32, draw(longest+1))
		for j := range ids {
			ids[j] = int32(2 + draw(8))
		}
		if word == 1 {
			ids = append(ids, 1)
		}
		text = append(text, ids)
		features = append(features, float32(2*old-1)+float32(draw(100))/200, float32(draw(100))/100)
		class = append(class, int32(4*bright+2*word+old))
		weights, names = append(weights, 1+float64(i%2)), append(names, strings.Repeat("x", i%3))
	}
	columns := []any{"image", image, "text", text, "features", features}
	if labelled {
		columns = append(columns, "target", class)
	}
	return tabletest.Dataset(t, manyInputs(), append(columns, "w", weights, "name", names)...)
}

// A network learns from several inputs: bytes of pictures, ids of texts of
// different lengths, and features. It gives the same bits on any number of
// threads and from a checkpoint, which Conform looks at, and is measured and
// asked for predictions by the stages for that.
func TestSeveralInputs(t *testing.T) {
	const with = `
branches:
  image: [{conv2d: {filters: 4, kernel: 3, activation: relu}}, {global_pool: average}]
  text: [{embedding: {vocabulary: 10, dimensions: 6}}, {lstm: {units: 8, return: last}}, {dropout: 0.05}]
network: [{dense: {units: 24, activation: relu}}]
optimizer: {adam: {learning_rate: 0.02}}
epochs: 25
`
	c := pipelinetest.Case{Kind: train.Kind(nil), With: with, Seed: 5, Inputs: map[string][]byte{
		"train": manyRows(t, "train", 400, 9, true), "validation": manyRows(t, "validation", 100, 12, true)}}
	pipelinetest.Conform(t, c)
	var model []byte
	for _, threads := range []int{1, 2, 3} {
		c.Threads = threads
		r := pipelinetest.Run(t, c)
		if model == nil {
			model = r.Outputs["model"]
		}
		if !slices.Equal(model, r.Outputs["model"]) {
			t.Errorf("%d threads make another model", threads)
		}
		if a := r.Metrics["validation.accuracy"]; a < 0.9 {
			t.Errorf("accuracy on validation data is %.3f", a)
		}
	}
	scored := pipelinetest.Case{Kind: evaluate.Kind(), With: "require: {accuracy: '>= 0.9'}", Inputs: map[string][]byte{
		"model": model, "data": manyRows(t, "test", 300, 9, true), "longer": manyRows(t, "longer", 100, 15, true)}}
	pipelinetest.Conform(t, scored)
	r := pipelinetest.Run(t, scored)
	if !strings.Contains(r.Log, "longer than any in training") {
		t.Errorf("nothing says that texts were cut: %s", r.Log)
	}
	asked := pipelinetest.Case{Kind: predict.Kind(), Inputs: map[string][]byte{"model": model, "data": manyRows(t, "test", 300, 9, false)}}
	pipelinetest.Conform(t, asked)
	said := tabletest.Rows(t, pipelinetest.Run(t, asked).Outputs["predictions"])
	want := tabletest.Rows(t, r.Outputs["predictions"])
	for _, column := range []string{"predicted", "p_a", "p_h", "name"} {
		i, err := table.Column(said.Schema(), column)
		if err != nil {
			t.Fatal(err)
		}
		j, _ := table.Column(want.Schema(), column)
		a, _, _ := table.Texts(said.Column(i))
		b, _, _ := table.Texts(want.Column(j))
		if !slices.Equal(a, b) {
			t.Errorf("predict and evaluate differ in %s", column)
		}
	}
}

// What comes out of branches may be pictures, for the layers behind.
func TestPictureAlone(t *testing.T) {
	info := manyInputs()
	info.Inputs, info.Weight = info.Inputs[:1], ""
	var pixels []uint8
	var class []int32
	for i := range 64 {
		for j := range 30 {
			pixels = append(pixels, uint8(3*j+120*(i%2)))
		}
		class = append(class, int32(i%2))
	}
	data := tabletest.Dataset(t, info, "image", pixels, "target", class)
	for _, with := range []string{
		"branches: {image: []}\nnetwork: [{conv2d: {filters: 3, kernel: 2}}, {global_pool: average}]",
		"branches: {image: [{conv2d: {filters: 3, kernel: 2}}]}\nnetwork: [{batch_norm: {}}, flatten]",
		"network: [flatten, {dense: 4}]",
	} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: train.Kind(nil), With: with + "\nepochs: 40\noptimizer: {adam: {learning_rate: 0.05}}", Inputs: map[string][]byte{"train": data}})
		if a := r.Metrics["train.accuracy"]; a < 1 {
			t.Errorf("%s: accuracy %v", with, a)
		}
	}
}

// A data set of other inputs is refused by who measures and who asks a model.
func TestOtherInputs(t *testing.T) {
	const with = "branches: {image: [flatten], text: [{embedding: {vocabulary: 10, dimensions: 2}}, {time_pool: mean}]}\nnetwork: []\nepochs: 1\n"
	model := pipelinetest.Run(t, pipelinetest.Case{Kind: train.Kind(nil), With: with, Inputs: map[string][]byte{"train": manyRows(t, "train", 40, 5, true)}}).Outputs["model"]
	target := manyInputs().Targets[0]
	flat := table.FlatDataset([]table.Feature{{Name: "age", Column: "age"}, {Name: "size", Column: "size"}}, &target)
	other := tabletest.Dataset(t, flat, "features", []float32{1, 2}, "target", []int32{1})
	for _, k := range []pipelinetest.Case{{Kind: evaluate.Kind()}, {Kind: predict.Kind()}} {
		k.Inputs = map[string][]byte{"model": model, "data": other}
		if _, err := pipelinetest.RunErr(t, k); err == nil || !strings.Contains(err.Error(), "the inputs are features f32(2), those of the model image u8(1, 6, 5), text i32(?), features f32(2)") {
			t.Errorf("%s: %v", k.Kind.Name, err)
		}
	}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: train.Kind(nil), With: with, Inputs: map[string][]byte{"train": manyRows(t, "train", 40, 5, true), "validation": other}})
	if err == nil || !strings.Contains(err.Error(), "the inputs of ") {
		t.Errorf("train: %v", err)
	}
}

// What does not fit is an error that names the setting.
func TestSeveralInputsThatDoNotFit(t *testing.T) {
	data := manyRows(t, "train", 60, 9, true)
	const text = "text: [{embedding: {vocabulary: 10, dimensions: 4}}, {time_pool: mean}]"
	for _, c := range []struct{ with, want, hint string }{
		{"network: [{dense: 4}]", `no layers for the input "image"`, "write `branches: {image: [...]}`"},
		{"branches: {image: [flatten]}\nnetwork: []", `no layers for the input "text"`, "write `branches: {text: [...]}`"},
		{"branches: {picture: [flatten]}\nnetwork: []", `no input "picture"`, "its inputs are image, text, features"},
		{"branches: {image: [], " + text + "}\nnetwork: []", `branches.image: gives an image (1, 6, 5), which cannot be joined with features (4) of the input "text"`, "global_pool: average"},
		{"branches: {image: [flatten], text: [{embedding: {vocabulary: 10, dimensions: 4}}]}\nnetwork: []", "branches.text: gives a sequence (10, 4), which cannot be joined with features (30) of the inputs before it", "time_pool: mean"},
		{"branches: {image: [{dense: 3}], " + text + "}\nnetwork: []", "branches.image.0.dense", "put `flatten`"},
		{"branches: {image: [flatten], text: [{embedding: {vocabulary: 5, dimensions: 4}}, {time_pool: mean}]}\nnetwork: []", "token ids of the vocabulary are 0 to 4", "raise the vocabulary"},
		{"branches: {image: [flatten], text: [{dense: 3}]}\nnetwork: [{embedding: {vocabulary: 5, dimensions: 4}}, {time_pool: mean}]", "a layer before it has changed them", "put it first"},
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: train.Kind(nil), With: c.with + "\nepochs: 1\n", Inputs: map[string][]byte{"train": data}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%s: got %v (hint: %s), want %q (%s)", c.with, err, diag.HintOf(err), c.want, c.hint)
		}
	}
}

// Ids of tokens are no amounts: a network that computes with them all the same is
// warned of.
func TestTokensAsAmounts(t *testing.T) {
	for first, warned := range map[string]bool{"flatten": true, "embedding: {vocabulary: 10, dimensions: 2}": false} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: train.Kind(nil), With: "branches: {image: [flatten], text: [" + first + ", flatten]}\nnetwork: []\nepochs: 1\n",
			Inputs: map[string][]byte{"train": manyRows(t, "train", 40, 5, true)}})
		if strings.Contains(r.Log, "token ids are taken for amounts\" input=text") != warned {
			t.Errorf("%s: %s", first, r.Log)
		}
	}
}
