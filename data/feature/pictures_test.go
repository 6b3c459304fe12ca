package feature

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/picture"
	"pipe/data/table"
	"pipe/data/tensor"
)

// levelsOf is a record of pictures of bytes, and of the same as float32.
func levelsOf(t testing.TB, shape []int, levels []uint8) arrow.RecordBatch {
	t.Helper()
	width := tensor.Width(shape)
	floats := make([]float32, len(levels))
	for i, v := range levels {
		floats[i] = float32(v)
	}
	columns := []arrow.Array{table.NewLists(tensor.U8, tensor.Rows{U8: levels}, width), table.NewLists(tensor.F32, tensor.Rows{F32: floats}, width)}
	var fields []arrow.Field
	for i, name := range []string{"bytes", "floats"} {
		fields = append(fields, table.WithShape(arrow.Field{Name: name, Type: columns[i].DataType()}, shape))
	}
	rec, err := table.NewRecord(arrow.NewSchema(fields, nil), columns...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// Steps of pictures make what their names say, of bytes and of other numbers, whether
// channels come first or last, and so does the transform that is stored.
func TestPictureSteps(t *testing.T) {
	colors := []uint8{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120} // 6 x 1 pixels of two channels, side by side
	for _, c := range []struct {
		name  string
		in    []int
		steps []Step
		shape []int
		want  []uint8
	}{
		{"as they are", []int{6, 1, 2}, nil, []int{2, 6, 1}, []uint8{10, 30, 50, 70, 90, 110, 20, 40, 60, 80, 100, 120}},
		{"crop", []int{3, 4}, []Step{{"crop", &Crop{Size: []int{1, 2}}}}, []int{1, 1, 2}, []uint8{60, 70}},
		{"crop at a place", []int{3, 4}, []Step{{"crop", &Crop{Size: []int{2, 2}, At: []int{1, 0}}}}, []int{1, 2, 2}, []uint8{50, 60, 90, 100}},
		{"pad", []int{12, 1}, []Step{{"crop", &Crop{Size: []int{1, 1}, At: []int{0, 0}}}, {"pad", &Pad{By: []int{1, 0, 0, 1}, Level: 7, Border: picture.Zero}}}, []int{1, 2, 2}, []uint8{7, 7, 7, 10}},
		{"pad with edges", []int{1, 12}, []Step{{"crop", &Crop{Size: []int{1, 2}, At: []int{0, 0}}}, {"pad", &Pad{By: []int{0, 1}, Border: picture.Edge}}}, []int{1, 1, 4}, []uint8{10, 10, 20, 20}},
		{"resize", []int{1, 12}, []Step{{"resize", &Resize{Size: []int{1, 3}, Method: "nearest"}}}, []int{1, 1, 3}, []uint8{30, 70, 110}},
		{"enlarge", []int{12, 1}, []Step{{"crop", &Crop{Size: []int{2, 1}, At: []int{0, 0}}}, {"resize", &Resize{Size: []int{4, 1}}}}, []int{1, 4, 1}, []uint8{10, 13, 18, 20}},
		{"all in a row", []int{6, 1, 2}, []Step{{"pad", &Pad{By: []int{1}, Border: picture.Mirror}}, {"crop", &Crop{Size: []int{2, 3}}}, {"resize", &Resize{Size: []int{1, 1}}}}, []int{2, 1, 1}, []uint8{60, 70}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := append(slices.Clone(c.steps), Step{"image", new(Image)})
			rec := levelsOf(t, c.in, slices.Concat(colors, colors))
			tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "bytes", Chain: chain}, {Name: "floats", Chain: chain}}}, tableOf(t, rec), All(), Resources{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			want := append(slices.Clone(c.want), c.want...)
			for _, tr := range []*Transform{tr, stored(t, tr)} {
				out, err := tr.Apply(rec, false)
				if err != nil {
					t.Fatal(err)
				}
				bytes, _ := table.Lists(out.Column(0))
				floats, _ := table.Lists(out.Column(1))
				if diff := cmp.Diff(want, bytes.U8); diff != "" || !slices.Equal(tr.Info().Inputs[0].Shape, c.shape) {
					t.Errorf("%v %s", tr.Info().Inputs[0].Shape, diff)
				}
				for i, v := range floats.F32 {
					if math.Abs(float64(v)-float64(want[i])) > 0.51 {
						t.Errorf("level %d is %v as a number, %d as a byte", i, v, want[i])
					}
				}
			}
		})
	}
}

// stored is the transform as it is read again.
func stored(t testing.TB, tr *Transform) *Transform {
	t.Helper()
	read, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// Pictures that are resized first may have any size later, and become what they would
// have become in training.
func TestOtherSizes(t *testing.T) {
	levels := make([]uint8, 3*4*6)
	for i := range levels {
		levels[i] = uint8(i * 3)
	}
	small, large, last := levelsOf(t, []int{3, 2, 2}, levels[:12]), levelsOf(t, []int{3, 4, 6}, levels), levelsOf(t, []int{6, 4, 3}, levels)
	chain := []Step{{"grayscale", new(Grayscale)}, {"resize", &Resize{Size: []int{2, 3}}}, {"crop", &Crop{Size: []int{1, 2}}}, {"image", new(Image)}}
	spec := Spec{Features: []Column{{Name: "bytes", Chain: chain}}}
	result := func(fitted, applied arrow.RecordBatch) []uint8 {
		tr, err := Fit(t.Context(), spec, tableOf(t, fitted), All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := stored(t, tr).Apply(applied, false)
		if err != nil {
			t.Fatal(err)
		}
		lists, _ := table.Lists(out.Column(0))
		return lists.U8
	}
	for _, rec := range []arrow.RecordBatch{large, last, small} {
		want := result(rec, rec)
		for _, fitted := range []arrow.RecordBatch{small, large, last} {
			if got := result(fitted, rec); !slices.Equal(got, want) || len(got) != 2 {
				t.Errorf("%v, and %v if fitted on such pictures", got, want)
			}
		}
	}
	spec.Features[0].Chain = []Step{{"crop", &Crop{Size: []int{1, 2}}}, {"image", new(Image)}}
	tr, err := Fit(t.Context(), spec, tableOf(t, small), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Apply(large, false); err == nil || !strings.Contains(err.Error(), "the list has 72 elements, and those of training have 12") {
		t.Errorf("other sizes that are not resized: %v", err)
	}
}

func TestGrayscale(t *testing.T) {
	rec := levelsOf(t, []int{3, 1, 2}, []uint8{255, 0, 0, 255, 0, 0})
	chain := []Step{{"grayscale", new(Grayscale)}, {"vector", new(Vector)}}
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "bytes", Chain: chain}, {Name: "floats", Chain: chain}}}, tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := tr.Apply(rec, false)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := table.Lists(out.Column(0))
	if want := []float32{76, 150, 76.245, 149.685}; !slices.Equal(got.F32, want) {
		t.Errorf("%v, want %v", got.F32, want)
	}
}

// The mean and the deviation of each channel of the training rows, as NumPy has them.
func TestImageNormalise(t *testing.T) {
	rec := levelsOf(t, []int{1, 2, 3}, []uint8{0, 51, 102, 153, 204, 255, 5, 7, 7, 7, 7, 7})
	for _, c := range []struct {
		by                Levels
		center, deviation float64
	}{
		{Levels{By: "standard"}, 805. / 12 / 255, 86.27616350353607 / 255},
		{Levels{By: given, Center: []float64{0.5}, Deviation: []float64{2}}, 0.5, 2},
	} {
		chain := []Step{{"image", &Image{Normalise: &c.by}}}
		tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "bytes", Chain: chain}, {Name: "floats", Chain: chain}}}, tableOf(t, rec), All(), Resources{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range stored(t, tr).Info().Inputs {
			scale := 1.0
			if i == 1 && c.by.By == "standard" { // of numbers as they are
				scale = 255
			}
			if math.Abs(in.Center[0]/scale-c.center) > 1e-12 || math.Abs(in.Deviation[0]/scale-c.deviation) > 1e-12 || len(in.Center) != 1 {
				t.Errorf("%s of %s: %v and %v, want %v and %v", c.by.By, in.Name, in.Center, in.Deviation, c.center, c.deviation)
			}
		}
		out, err := tr.Apply(rec, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := table.Lists(out.Column(0)); got.U8[5] != 255 {
			t.Errorf("the rows are %v", got.U8)
		}
	}
}

func TestPictureStepErrors(t *testing.T) {
	for _, c := range []struct {
		shape []int
		step  Step
		msg   string
	}{
		{[]int{12}, Step{"resize", &Resize{Size: []int{2, 2}}}, "nothing says the height and the width of its 12 elements"},
		{[]int{3, 4}, Step{"crop", &Crop{Size: []int{4, 4}}}, "its pictures have 3 x 4 pixels (height x width), and the part of 4 x 4 does not lie in them"},
		{[]int{3, 4}, Step{"crop", &Crop{Size: []int{1, 1}, At: []int{3, 0}}}, "the part of 1 x 1 does not lie in them"},
		{[]int{3, 4}, Step{"grayscale", new(Grayscale)}, "its pictures have 1 channels"},
		{[]int{3, 4}, Step{"pad", &Pad{By: []int{1}, Level: 0.5, Border: picture.Zero}}, "has the level 0.5, which is none of a byte"},
		{[]int{3, 4}, Step{"resize", &Resize{Size: []int{1 << 14, 1 << 14}}}, "are too large"},
		{[]int{3, 4}, Step{"image", &Image{Normalise: &Levels{By: "imagenet"}}}, "its pictures have 1 channels, and they are to be normalised by 3 numbers"},
	} {
		chain := []Step{c.step, {"image", new(Image)}}
		if c.step.Kind == "image" {
			chain = chain[:1]
		}
		rec := levelsOf(t, c.shape, make([]uint8, 12))
		_, err := Fit(t.Context(), Spec{Features: []Column{{Name: "bytes", Chain: chain}}}, tableOf(t, rec), All(), Resources{})
		if err == nil || !strings.Contains(err.Error(), c.msg) || diag.HintOf(err) == "" {
			t.Errorf("%s: %v (hint %q), want %s", c.step.Kind, err, diag.HintOf(err), c.msg)
		}
	}
	_, err := framed(&Input{Name: "scan", Of: tensor.I32, Shape: []int{6, 7}}, []int{6, 7}, "")
	if hint := diag.HintOf(err); !strings.Contains(hint, "else `f32[]`, and `[image: [6, 7]]` here") {
		t.Errorf("%v (hint %q)", err, hint)
	}
	for _, bad := range []interface{ Validate() error }{&Resize{Size: []int{0, 3}}, &Crop{Size: []int{1, 1}, At: []int{-1, 0}}, &Pad{By: []int{1, 2, 3}}, &Pad{By: []int{1}, Level: 3, Border: picture.Edge},
		&Levels{By: "standard", Center: []float64{1}}, &Levels{By: given}, &Levels{By: given, Center: []float64{1}, Deviation: []float64{0}}, &Levels{By: given, Center: []float64{1, 2}, Deviation: []float64{1}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// Damaged states are refused, and none makes Apply run wild.
func TestPictureStatesAreChecked(t *testing.T) {
	for kind, states := range map[string][]string{
		"resize":    {`{"type":"u8","shape":[1,2,2],"size":[1]}`, `{"type":"u8","shape":[1,2,2],"size":[0,1]}`, `{"type":"i32","shape":[1,2,2],"size":[1,1]}`, `{"type":"u8","shape":[1,9999999,9999999],"size":[1,1]}`},
		"crop":      {`{"type":"u8","shape":[1,2,2],"part":{"top":1,"left":0,"height":2,"width":1}}`, `{"type":"u8","shape":[1,2,2],"part":{"top":-1,"left":0,"height":1,"width":1}}`, `{"type":"u8","shape":[2,2],"part":{}}`},
		"pad":       {`{"type":"u8","shape":[1,2,2],"by":[1],"border":"zero"}`, `{"type":"u8","shape":[1,2,2],"by":[1,1,1,1],"border":"x"}`, `{"type":"u8","shape":[1,2,2],"by":[1,1,1,1],"border":"zero","level":300}`, `{"type":"u8","shape":[4,2,2],"by":[16384,16384,1,1],"border":"zero"}`},
		"grayscale": {`{"type":"u8","shape":[1,2,2]}`, `{"type":"u8","shape":[5,2,2]}`},
	} {
		k, err := kindOf(All(), kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			if _, err := k.Read(1, []byte(s)); err == nil {
				t.Errorf("%s takes %s", kind, s)
			}
		}
	}
}

// As many levels may be other pictures: of another form they are refused, and in another
// order they become what those of training became.
func TestOtherPictures(t *testing.T) {
	levels := make([]uint8, 3*5*6)
	for i := range levels {
		levels[i] = uint8(i)
	}
	last := make([]uint8, len(levels))
	for c := range 3 {
		for i := range 30 {
			last[3*i+c] = levels[30*c+i]
		}
	}
	trained := levelsOf(t, []int{3, 5, 6}, levels)
	for _, chain := range [][]Step{
		{{"image", &Image{Normalise: &Levels{By: "standard"}}}},
		{{"pad", &Pad{By: []int{1}, Border: picture.Zero}}, {"image", new(Image)}},
		{{"crop", &Crop{Size: []int{1, 4}}}, {"image", new(Image)}},
		{{"grayscale", new(Grayscale)}, {"image", new(Image)}},
	} {
		tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "bytes", Chain: chain}}}, tableOf(t, trained), All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		tr = stored(t, tr)
		var made []string
		for _, rec := range []arrow.RecordBatch{trained, levelsOf(t, []int{5, 6, 3}, last), levelsOf(t, []int{90}, levels)} {
			out, err := tr.Apply(rec, false)
			if err != nil {
				t.Fatal(err)
			}
			lists, _ := table.Lists(out.Column(0))
			made = append(made, string(lists.U8))
		}
		if made[1] != made[0] || made[2] != made[0] {
			t.Errorf("%s: % x", chain[0], made)
		}
		for _, shape := range [][]int{{3, 6, 5}, {6, 5, 3}, {3, 3, 10}} {
			_, err := tr.Apply(levelsOf(t, shape, levels), false)
			if err == nil || !strings.Contains(err.Error(), "of 3 channels, and those of training 5 x 6 pixels") {
				t.Errorf("%s of %v: %v", chain[0], shape, err)
			}
		}
	}
	// What the chain says of pictures goes before what the table says.
	spec := Spec{Features: []Column{{Name: "bytes", Chain: []Step{{"image", &Image{Shape: []int{6, 5, 3}}}}}}}
	tr, err := Fit(t.Context(), spec, tableOf(t, trained), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	tr = stored(t, tr)
	if _, err := tr.Apply(trained, false); err != nil {
		t.Error(err)
	}
	if _, err := tr.Apply(levelsOf(t, []int{5, 6, 3}, last), false); err == nil {
		t.Error("pictures of another shape, where the chain says which they are")
	}
}

// Bytes are not taken for the numbers from 0 to 1 that training may have had.
func TestBytesForNumbers(t *testing.T) {
	rec := levelsOf(t, []int{1, 2, 2}, []uint8{0, 50, 100, 255})
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "floats", Chain: []Step{{"image", new(Image)}}}}}, tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	as, err := table.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "floats", Type: rec.Column(0).DataType()}}, nil), rec.Column(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Apply(as, false); err == nil || !strings.Contains(err.Error(), "its levels are bytes") {
		t.Errorf("bytes for numbers: %v", err)
	}
}
