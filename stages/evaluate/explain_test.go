package evaluate_test

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// album is a model that looks at one pixel of pictures, in the middle of the first channel, and pictures of which every
// fourth has a wrong label.
type album struct {
	shape []int
	bytes bool // rather than features that the network takes as a picture
	rows  int
	right bool // no label is wrong
	more  bool // there are a second picture and two features beside it, which do not count
}

// eye is how many pixels there are before the one that counts.
func (a album) eye() int { return a.shape[1]/2*a.shape[2] + a.shape[2]/2 }

func (a album) model() *nn.Model {
	width := tensor.Width(a.shape)
	weight := make([]float32, width)
	weight[a.eye()] = 8
	m := churn()
	m.Params = linear(weight, []float32{-4})
	m.Spec = nn.Spec{Inputs: width, Outputs: 1, Layers: []nn.Layer{nn.NewLayer("reshape", &nn.Reshape{Dims: a.shape}), nn.NewLayer("flatten", &nn.Flatten{})}}
	m.Signature.Features = nil
	for i := range width {
		m.Signature.Features = append(m.Signature.Features, fmt.Sprint("pixel_", i))
	}
	m.Summary.Features = make([]nn.InputRange, width)
	if a.bytes {
		m.Signature.Features = nil
		m.Signature.Inputs = []nn.Input{{Name: "photo", Type: tensor.U8, Shape: a.shape, Scale: nn.PixelScale}}
		m.Spec = nn.Spec{Outputs: 1, Branches: []nn.Branch{{Input: "photo", Shape: a.shape, Layers: []nn.Layer{nn.NewLayer("flatten", &nn.Flatten{})}}}}
		m.Summary.Features = nil
	}
	if a.more {
		m.Params = linear(append(weight, 0, 0, 0, 0, 0, 0), []float32{-4})
		m.Signature.Inputs = append(m.Signature.Inputs, nn.Input{Name: "scan", Type: tensor.F32, Shape: []int{1, 2, 2}}, nn.Input{Name: "features", Type: tensor.F32, Shape: []int{2}, Features: []string{"age", "pay"}})
		m.Spec.Branches = append(m.Spec.Branches, nn.Branch{Input: "scan", Shape: []int{1, 2, 2}, Layers: []nn.Layer{nn.NewLayer("flatten", &nn.Flatten{})}}, nn.Branch{Input: "features", Shape: []int{2}})
	}
	return m
}

func (a album) dataset(t testing.TB) []byte {
	width := tensor.Width(a.shape)
	noise := random.New(1, "album", 0)
	var levels []float32
	var photos []uint8
	var class []int32
	for i := range a.rows {
		bright := i%2 == 0
		for j := range width {
			v := noise.Float64(uint64(i*width + j))
			if j == a.eye() {
				if v = .05; bright {
					v = .95
				}
			}
			levels, photos = append(levels, float32(v)), append(photos, uint8(255*v))
		}
		if wrong := i%4 == 0 && !a.right; bright != wrong {
			class = append(class, 1)
		} else {
			class = append(class, 0)
		}
	}
	m := a.model()
	info := cloudInfo(m)
	if !a.bytes {
		return tabletest.Dataset(t, info, "features", levels, "target", class)
	}
	info.Inputs = []table.Input{{Name: "photo", Kind: table.Image, Type: tensor.U8, Shape: a.shape}}
	if a.more {
		info.Inputs = append(info.Inputs, table.Input{Name: "scan", Kind: table.Image, Type: tensor.F32, Shape: []int{1, 2, 2}},
			table.Input{Name: "features", Kind: table.Features, Type: tensor.F32, Shape: []int{2}, Features: []table.Feature{{Name: "age", Column: "age"}, {Name: "pay", Column: "pay"}}})
		return tabletest.Dataset(t, info, "photo", photos, "scan", levels[:4*a.rows], "features", levels[:2*a.rows], "target", class)
	}
	return tabletest.Dataset(t, info, "photo", photos, "target", class)
}

func (a album) stage(t testing.TB, with string) pipelinetest.Case {
	return pipelinetest.Case{Kind: evaluate.Kind(), With: with, Inputs: map[string][]byte{"model": encode(t, a.model()), "data": a.dataset(t)}}
}

// explanations are the rows of the output, by the names of its columns.
func explanations(t testing.TB, r pipelinetest.Result) (list []map[string]string) {
	t.Helper()
	data, ok := r.Outputs["explanations"]
	if !ok {
		return nil
	}
	var lines strings.Builder
	tr := tabletest.Open(t, data)
	defer tr.Close()
	if err := table.WriteCSV(&lines, tr); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, line := range strings.Split(strings.TrimSpace(lines.String()), "\n") {
		fields := strings.Split(line, ",")
		if i == 0 {
			names = fields
			continue
		}
		row := map[string]string{}
		for j, name := range names {
			row[name] = fields[j]
		}
		list = append(list, row)
	}
	return list
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The patches that change the answer are those that hide what the model looks at.
func TestPicturesSayWhereTheModelLooked(t *testing.T) {
	for name, c := range map[string]struct {
		album
		place string
	}{
		"features": {album{shape: []int{1, 9, 7}, rows: 24}, "in the middle"}, "colours": {album{shape: []int{3, 30, 50}, bytes: true, rows: 16}, "in the middle"},
		"two channels": {album{shape: []int{2, 40, 3}, bytes: true, rows: 16}, "at the left"}, // the first of the patches that hide the eye
	} {
		a := c.album
		t.Run(name, func(t *testing.T) {
			pipelinetest.Conform(t, a.stage(t, `{}`))
			r := pipelinetest.Run(t, a.stage(t, `{explain: {rows: 5}}`))
			rows := map[string]bool{}
			for _, e := range explanations(t, r) {
				rows[e["row"]] = true
				y, x := float64(a.shape[1]/2), float64(a.shape[2]/2)
				hides := number(t, e["top"]) <= y && y < number(t, e["bottom"]) && number(t, e["left"]) <= x && x < number(t, e["right"])
				if fall := number(t, e["fall"]); hides != (math.Abs(fall) > .2) || fall < 0 {
					t.Errorf("the patch that hides the eye: %v, the probability falls by %v", hides, fall)
				}
				if row := number(t, e["row"]); int(row)%4 != 1 {
					t.Errorf("row %v was predicted right", row)
				}
			}
			if len(rows) == 0 || len(rows) > 5 {
				t.Errorf("%d rows are explained, want up to 5", len(rows))
			}
			page := string(r.Outputs["report"])
			for _, want := range []string{"stays, taken for leaves", "img-src data:;", "Without the patch " + c.place + " the probability of leaves falls from"} {
				if !strings.Contains(page, want) {
					t.Errorf("the report does not say %q", want)
				}
			}
			if n := strings.Count(page, "<img "); n != 2*len(rows) {
				t.Errorf("%d pictures of %d rows", n, len(rows))
			}
		})
	}
}

// A picture of one pixel, a line and a large one have a page, and it is small.
func TestPicturesOfAnySize(t *testing.T) {
	for _, a := range []album{{shape: []int{1, 1, 1}, bytes: true, rows: 8}, {shape: []int{1, 1, 3000}, bytes: true, rows: 8}, {shape: []int{3, 400, 300}, bytes: true, rows: 8}} {
		r := pipelinetest.Run(t, a.stage(t, `{metrics: [accuracy]}`))
		page := string(r.Outputs["report"])
		if n := strings.Count(page, "<img "); n == 0 || len(page) > 200_000 {
			t.Errorf("%v: %d pictures on a page of %d bytes", a.shape, n, len(page))
		}
		checkPage(t, regexp.MustCompile(`<img [^>]*>`).ReplaceAllString(page, ""))
	}
}

// Every picture of a row is shown, with what counts in it, and features beside pictures are explained, too.
func TestPicturesBesideOthers(t *testing.T) {
	a := album{shape: []int{1, 9, 9}, bytes: true, rows: 40, more: true}
	pipelinetest.Conform(t, a.stage(t, `{}`))
	r := pipelinetest.Run(t, a.stage(t, `{explain: {rows: 5}}`))
	rows, inputs := map[string]bool{}, map[string]bool{}
	for _, e := range explanations(t, r) {
		if inputs[e["input"]] = true; e["input"] == "features" {
			continue
		}
		rows[e["row"]] = true
		if fall := number(t, e["fall"]); e["input"] == "scan" && fall != 0 {
			t.Errorf("without a place of the picture that does not count the probability falls by %v", fall)
		}
	}
	if len(inputs) != 3 || len(rows) != 5 {
		t.Errorf("the inputs %v of %d rows are explained", inputs, len(rows))
	}
	page := string(r.Outputs["report"])
	if n := strings.Count(page, "<img "); n != 4*len(rows) {
		t.Errorf("%d pictures of %d rows", n, len(rows))
	}
	for _, want := range []string{"Without the patch in the middle of photo the probability", "One below the other: photo, scan. Beside each picture: a patch of 3 x 3 pixels of photo, or 2 x 2 pixels of scan around", "Worst mistakes, and the features that counted"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

// Where nothing was predicted wrong, the rows are shown that the model was least sure of.
func TestExplainWithoutMistakes(t *testing.T) {
	a := album{shape: []int{1, 9, 7}, rows: 24, right: true}
	r := pipelinetest.Run(t, a.stage(t, `{}`))
	page := string(r.Outputs["report"])
	for _, want := range []string{"Least certain rows, and what the model looked at", "No row was predicted wrong. These 12 are those that the model was least sure of."} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if strings.Contains(page, "taken for") || strings.Count(page, "<img ") != 24 {
		t.Errorf("%d pictures, and a row that was taken for another: %v", strings.Count(page, "<img "), strings.Contains(page, "taken for"))
	}
	words := album{shape: []int{1, 9, 9}, bytes: true, rows: 24, right: true, more: true}
	if page := string(pipelinetest.Run(t, words.stage(t, `{}`)).Outputs["report"]); !strings.Contains(page, "Least certain rows, and the features that counted") || strings.Contains(page, "Mistakes</h3>") {
		t.Error("features of rows that were predicted right are not explained as such")
	}
}

func TestExplainNothing(t *testing.T) {
	a := album{shape: []int{1, 9, 7}, rows: 24}
	for _, with := range []string{`{explain: false}`, `{explain: {on: false, rows: 3}}`} {
		r := pipelinetest.Run(t, a.stage(t, with))
		if page := string(r.Outputs["report"]); strings.Contains(page, "<img") || len(explanations(t, r)) > 0 {
			t.Errorf("%s: something is explained", with)
		}
	}
}
