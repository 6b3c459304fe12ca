package predict_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/predict"
)

// batchRows is the number of rows of a batch of a table.
const batchRows = 65536

// fit learns a transform of a number and a category from a training table.
func fit(t testing.TB, target feature.Target) []byte {
	t.Helper()
	data := tabletest.Table(t,
		"size", []float64{0, 2, 4, 2},
		"island", []string{"Biscoe", "Dream", "Biscoe", "Dream"},
		"species", []string{"Adelie", "Gentoo", "Adelie", "Adelie"},
		"kind", []string{"a", "b", "c", "a"},
		"mass", []float64{3000, 5000, 4000, 4000})
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tr, err := feature.Fit(context.Background(), feature.Spec{
		Features: []feature.Column{
			{Name: "size", Impute: &feature.Impute{Mean: &feature.GroupFill{}}, Scale: feature.None},
			{Name: "island", Encode: &feature.Encode{OneHot: new(feature.OneHot)}},
		},
		Target: &target,
	}, r, feature.All(), feature.Resources{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := tr.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// model is a network without hidden layers over size, Biscoe and Dream. weight
// has a row for each of them.
func model(sig nn.Signature, weight, bias []float32) *nn.Model {
	sig.Features = []string{"size", "island=Biscoe", "island=Dream"}
	k := len(bias)
	return &nn.Model{
		Spec: nn.Spec{Inputs: 3, Outputs: k}, Signature: sig,
		Params: []nn.Param{
			{Name: "output.weight", Shape: []int{3, k}, Data: weight},
			{Name: "output.bias", Shape: []int{k}, Data: bias},
		},
		Summary: nn.Summary{Rows: 4, Parameters: 4 * k, EpochsRun: 1, BestEpoch: 1, Features: make([]nn.InputRange, 3)},
	}
}

func encode(t testing.TB, m *nn.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func species() *nn.Model {
	return model(nn.Signature{Column: "species", Task: task.Binary, Classes: []string{"Adelie", "Gentoo"}, Scale: 1}, []float32{1, 0, 2}, []float32{-2})
}

func kinds() *nn.Model {
	return model(nn.Signature{Column: "kind", Task: task.Multiclass, Classes: []string{"a", "b", "c"}, Scale: 1},
		[]float32{0, 1, 0, 0, 0, 0, 0, 0, 3}, []float32{0, 0, 0})
}

func mass() *nn.Model {
	return model(nn.Signature{Column: "mass", Task: task.Regression, Center: 4000, Scale: 500}, []float32{1, 0, -1}, []float32{0})
}

var (
	bySpecies = feature.Target{Column: "species"}
	byKind    = feature.Target{Column: "kind"}
	byMass    = feature.Target{Column: "mass", Scale: feature.None}
)

// rows are new: without a target, with a missing size and an unseen island.
func rows(t testing.TB) []byte {
	return tabletest.Table(t,
		"id", []string{"p1", "p2", "p3", "p4"},
		"island", []string{"Biscoe", "Dream", "Dream", "Atlantis"},
		"size", []float64{0, 1, math.NaN(), 3})
}

func predictCase(t testing.TB, m *nn.Model, target feature.Target, with string, data []byte) pipelinetest.Case {
	return pipelinetest.Case{Kind: predict.Kind(), With: with, Inputs: map[string][]byte{
		"model": encode(t, m), "transform": fit(t, target), "table": data}}
}

func TestConform(t *testing.T) {
	for name, c := range map[string]pipelinetest.Case{
		"binary":     predictCase(t, species(), bySpecies, "", rows(t)),
		"multiclass": predictCase(t, kinds(), byKind, "keep: none", rows(t)),
	} {
		t.Run(name, func(t *testing.T) { pipelinetest.Conform(t, c) })
	}
}

// read gives the table of a result as rows of text.
func read(t *testing.T, r pipelinetest.Result) [][]string {
	t.Helper()
	data := r.Outputs["predictions"]
	tr, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var b bytes.Buffer
	if err := table.WriteCSV(&b, tr); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// logistic is the probability that species() should give.
func logistic(size, dream float64) float64 { return 1 / (1 + math.Exp(-(size + 2*dream - 2))) }

func TestBinary(t *testing.T) {
	r := pipelinetest.Run(t, predictCase(t, species(), bySpecies, "", rows(t)))
	got := read(t, r)
	if diff := cmp.Diff([]string{"id", "island", "size", "predicted", "probability", "p_Adelie", "p_Gentoo", "problem"}, got[0]); diff != "" {
		t.Fatalf("columns:\n%s", diff)
	}
	// The missing size is the mean of training, 2; Atlantis is no island.
	for i, want := range []float64{logistic(0, 0), logistic(1, 1), logistic(2, 1), logistic(3, 0)} {
		row := got[i+1]
		class, top := "Adelie", 1-want
		if want > .5 {
			class, top = "Gentoo", want
		}
		if row[3] != class || !near(row[4], top) || !near(row[5], 1-want) || !near(row[6], want) {
			t.Errorf("row %d: %q, want %s with %v", i+1, row, class, top)
		}
	}
	if got[3][2] != "" {
		t.Errorf("the missing size became %q", got[3][2])
	}
	if !strings.Contains(r.Log, "column=island rows=1") {
		t.Errorf("nothing was said of the unseen island: %s", r.Log)
	}
}

func near(text string, want float64) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(v-want) < 1e-6
}

func TestMulticlass(t *testing.T) {
	got := read(t, pipelinetest.Run(t, predictCase(t, kinds(), byKind, "keep: {columns: [id]}", rows(t))))
	if diff := cmp.Diff([]string{"id", "predicted", "probability", "p_a", "p_b", "p_c", "problem"}, got[0]); diff != "" {
		t.Fatalf("columns:\n%s", diff)
	}
	var classes []string
	for _, row := range got[1:] {
		classes = append(classes, row[1])
		var total float64
		for _, p := range row[3:6] {
			v, _ := strconv.ParseFloat(p, 64)
			total += v
		}
		if math.Abs(total-1) > 1e-9 {
			t.Errorf("probabilities of %q add up to %v", row, total)
		}
	}
	// The first row has equal scores: the first class wins.
	if diff := cmp.Diff([]string{"a", "c", "c", "b"}, classes); diff != "" {
		t.Errorf("classes:\n%s", diff)
	}
}

// TestRegression also has the target in the table, which is carried along, in
// a column whose name is that of an added one.
func TestRegression(t *testing.T) {
	data := tabletest.Table(t, "predicted", []float64{7, 8}, "island", []string{"Dream", "Biscoe"}, "size", []float64{3, 1})
	got := read(t, pipelinetest.Run(t, predictCase(t, scaled(), byMass, "prefix: model_", data)))
	want := [][]string{{"predicted", "island", "size", "model_predicted", "model_problem"}, {"7", "Dream", "3", "2", ""}, {"8", "Biscoe", "1", "1", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("predictions:\n%s", diff)
	}
}

// scaled is mass() with the target as byMass leaves it.
func scaled() *nn.Model {
	m := mass()
	m.Signature.Center, m.Signature.Scale = 0, 1
	return m
}

// TestManyBatches: what is said of a row does not depend on the others.
func TestManyBatches(t *testing.T) {
	n := batchRows + 300
	ids, islands, sizes := make([]string, n), make([]string, n), make([]float64, n)
	for i := range n {
		ids[i], islands[i], sizes[i] = strconv.Itoa(i), []string{"Biscoe", "Dream"}[i%2], float64(i%7)
	}
	data := tabletest.Table(t, "id", ids, "island", islands, "size", sizes)
	got := read(t, pipelinetest.Run(t, predictCase(t, species(), bySpecies, "", data)))
	if len(got) != n+1 {
		t.Fatalf("%d rows, want %d", len(got)-1, n)
	}
	for i := range n {
		if row := got[i+1]; row[0] != ids[i] || !near(row[6], logistic(float64(i%7), float64(i%2))) {
			t.Fatalf("row %d: %q", i, row)
		}
	}
}

func TestErrors(t *testing.T) {
	swapped := species()
	swapped.Signature.Features = []string{"size", "island=Dream", "island=Biscoe"}
	wide := species()
	wide.Signature.Features = append(slices.Clone(wide.Signature.Features), "year")
	wide.Spec.Inputs, wide.Params[0].Shape, wide.Params[0].Data = 4, []int{4, 1}, make([]float32, 4)
	wide.Summary.Features = make([]nn.InputRange, 4)
	vast := scaled()
	vast.Params[0].Data[0] = math.MaxFloat32
	for _, c := range []struct {
		name, with string
		model      *nn.Model
		target     feature.Target
		data       []byte
		want, hint string
	}{
		{"missing column", "", species(), bySpecies, tabletest.Table(t, "size", []float64{1}, "isle", []string{"Dream"}), `"island"`, ""},
		{"other order", "", swapped, bySpecies, rows(t), `feature 2 is "island=Biscoe", the model has "island=Dream" there`, "preprocess"},
		{"other number", "", wide, bySpecies, rows(t), "it makes 3 features, the model has 4", "preprocess"},
		{"other target", "", species(), byKind, rows(t), `its target "kind" is not what the model predicts, "species"`, "preprocess"},
		{"other scaling", "", mass(), byMass, rows(t), "scales the target differently", "preprocess"},
		{"name is taken", "", scaled(), byMass, tabletest.Table(t, "predicted", []float64{7}, "island", []string{"Dream"}, "size", []float64{3}), `two columns named "predicted"`, "prefix"},
		{"column that is not there", "keep: {columns: [idd]}", species(), bySpecies, rows(t), `keep: `, ""},
		{"output beyond numbers", "strict: true", vast, byMass, tabletest.Table(t, "island", []string{"Dream", "Dream"}, "size", []float64{0, 1e9}), "row 2: the output of the model is", "training range"},
		{"no row", "", species(), bySpecies, tabletest.Table(t, "island", []string{"Dream", "Dream"}, "size", []string{"big", "vast"}),
			`none of the 2 rows can be predicted; the problem of 2: column "size", row 1: "big" is no number`, "impute"},
		{"no output", "", vast, byMass, tabletest.Table(t, "island", []string{"Dream"}, "size", []float64{1e9}),
			"the only row cannot be predicted: the output of the model is no number", "training range"},
		{"strict", "strict: true", species(), bySpecies, tabletest.Table(t, "island", []string{"Dream", "Dream"}, "size", []string{"1", "big"}),
			`column "size", row 2: "big" is no number`, "impute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, predictCase(t, c.model, c.target, c.with, c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want %q", err, c.want)
			}
			if !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("hint %q, want %q", diag.HintOf(err), c.hint)
			}
		})
	}
}

// TestBadRows: a row that cannot be predicted has no prediction but a problem,
// and the others have what they would have without it.
func TestBadRows(t *testing.T) {
	vast := scaled()
	vast.Params[0].Data[0] = math.MaxFloat32 / 4
	data := tabletest.Table(t, "id", []string{"a", "b", "c", "d"}, "island", []string{"Dream", "Dream", "Biscoe", "Dream"}, "size", []string{"0", "big", "1e9", ""})
	for _, c := range []struct {
		model  *nn.Model
		target feature.Target
		want   [][]string
	}{
		{species(), bySpecies, [][]string{
			{"id", "predicted", "problem"},
			{"a", "Adelie", ""},
			{"b", "", `column "size": "big" is no number`},
			{"c", "Gentoo", ""},
			{"d", "Gentoo", ""},
		}},
		{vast, byMass, [][]string{
			{"id", "predicted", "problem"},
			{"a", "-1", ""},
			{"b", "", `column "size": "big" is no number`},
			{"c", "", "the output of the model is +Inf"},
			{"d", "1.7014117331926443e+38", ""},
		}},
	} {
		r := pipelinetest.Run(t, predictCase(t, c.model, c.target, "keep: {columns: [id]}", data))
		var got [][]string
		for _, row := range read(t, r) {
			got = append(got, []string{row[0], row[1], row[len(row)-1]})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s", diff)
		}
		if want := `column=size because="the text is no number" rows=1 first_row=2`; !strings.Contains(r.Log, want) {
			t.Errorf("the log lacks %s:\n%s", want, r.Log)
		}
		var bad float64
		for _, row := range got[1:] {
			if row[1] == "" {
				bad++
			}
		}
		if r.Metrics["problem_rows"] != bad || r.Metrics["rows"] != 4 {
			t.Errorf("metrics are %v", r.Metrics)
		}
	}
}

func TestNoRows(t *testing.T) {
	data := tabletest.Table(t, "island", []string{}, "size", []float64{})
	got := read(t, pipelinetest.Run(t, predictCase(t, species(), bySpecies, "", data)))
	if want := fmt.Sprint([]string{"island", "size", "predicted", "probability", "p_Adelie", "p_Gentoo", "problem"}); len(got) != 1 || fmt.Sprint(got[0]) != want {
		t.Errorf("predictions of no rows: %q", got)
	}
}
