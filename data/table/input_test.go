package table

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
)

// mixed describes a data set with an input of each kind.
func mixed() DatasetInfo {
	return DatasetInfo{
		Inputs: []Input{
			{Name: "photo", Kind: Image, Type: tensor.U8, Shape: []int{3, 32, 32}},
			{Name: "words", Kind: Tokens, Type: tensor.I32, Shape: []int{tensor.Ragged}, Features: []Feature{{Name: "words", Column: "text"}}},
			{Name: "pulse", Kind: Series, Type: tensor.F32, Shape: []int{tensor.Ragged, 2}, Features: []Feature{{Name: "low", Column: "low"}, {Name: "high", Column: "high"}}},
			{Name: "terms", Kind: Sparse, Type: tensor.F32, Shape: []int{tensor.Ragged, 2}, Size: 100, Features: []Feature{{Name: "terms", Column: "text"}}},
			{Name: "features", Kind: Features, Type: tensor.F32, Shape: []int{2}, Features: []Feature{{Name: "age", Column: "age"}, {Name: "size", Column: "size"}}},
		},
		Targets: []Target{{Column: "price", Task: task.Regression, Scale: 2}, {Column: "sold", Task: task.Binary, Classes: []string{"no", "yes"}, Scale: 1}},
		Weight:  "w", Group: "street", Time: "day", ID: "street",
	}
}

func mixedKeep() []arrow.Field {
	return []arrow.Field{{Name: "street", Type: arrow.BinaryTypes.String}, {Name: "w", Type: arrow.PrimitiveTypes.Float64}, {Name: "day", Type: arrow.FixedWidthTypes.Date32}}
}

// mixedFile makes rows of mixed.
func mixedFile(t testing.TB, rows int) []byte {
	t.Helper()
	schema, err := DatasetSchema(mixed(), true, mixedKeep())
	if err != nil {
		t.Fatal(err)
	}
	var photo, words, pulse, terms, features tensor.Rows
	noise := random.New(1, "mixed", 0)
	for i := range rows {
		for j := range 3 * 32 * 32 {
			photo.U8 = append(photo.U8, uint8(i*7+j))
		}
		for range noise.IntN(uint64(2*i), 5) {
			words.I32 = append(words.I32, int32(i))
		}
		words.Ends = append(words.Ends, len(words.I32))
		for j := range noise.IntN(uint64(2*i+1), 4) {
			pulse.F32 = append(pulse.F32, float32(i), float32(j))
		}
		pulse.Ends = append(pulse.Ends, len(pulse.F32))
		for j := range i % 3 {
			terms.F32 = append(terms.F32, float32(i%97+j), 0.5)
		}
		terms.Ends = append(terms.Ends, len(terms.F32))
		features.F32 = append(features.F32, float32(i), -float32(i))
	}
	rec, err := NewRecord(schema, NewLists(tensor.U8, photo, 3*32*32), NewLists(tensor.I32, words, tensor.Ragged), NewLists(tensor.F32, pulse, tensor.Ragged), NewLists(tensor.F32, terms, tensor.Ragged),
		NewLists(tensor.F32, features, 2), NewArray(make([]float64, rows), nil), NewArray(make([]int32, rows), nil),
		NewArray(make([]string, rows), nil), NewArray(make([]float64, rows), nil), NewArray(make([]arrow.Date32, rows), nil))
	if err != nil {
		t.Fatal(err)
	}
	return write(t, schema, rec)
}

// Rows of every kind of input, in any order and over several batches, are those
// that are there when all are loaded.
func TestRowsOfNamedInputs(t *testing.T) {
	const rows = 6000
	data := mixedFile(t, rows)
	d := openDataset(t, data)
	if d.NumBatches() != 2 || d.NumRows() != rows {
		t.Fatalf("%d rows in %d batches", d.NumRows(), d.NumBatches())
	}
	border := int(d.starts[1])
	info := mixed()
	info.Keep = []string{"street", "w", "day"}
	if diff := cmp.Diff(info, d.Info); diff != "" {
		t.Error(diff)
	}
	if role := RoleOf(d.Schema().Field(d.Schema().NumFields() - 2)); role != RoleWeight {
		t.Errorf("the role of the weights is %q", role)
	}
	ex, err := d.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(ex.Targets) != 2 || ex.Targets[1].Classes == nil || ex.Kept.NumCols() != 3 {
		t.Errorf("targets %v, kept %v", ex.Targets, ex.Kept)
	}
	if steps, err := d.Steps(); err != nil || !slices.Equal(steps, []int{0, 4, 3, 2, 0}) {
		t.Errorf("steps %v, %v", steps, err)
	}
	list := []int{3, 4, 5, border - 1, border, border + 1, rows - 1, 0, 0}
	for i := range d.Info.Inputs {
		in := &d.Info.Inputs[i]
		r, err := d.InputRows(i)
		if err != nil {
			t.Fatal(err)
		}
		var got, want tensor.Rows
		if err := r.Gather(list[:4], &got); err != nil {
			t.Fatal(err)
		}
		if err := r.Gather(list[4:], &got); err != nil { // behind what is there
			t.Fatal(err)
		}
		if want.Take(&ex.Inputs[i], list, in.Width()); !slices.Equal(got.F32, want.F32) || !slices.Equal(got.U8, want.U8) ||
			!slices.Equal(got.I32, want.I32) || !slices.Equal(got.Ends, want.Ends) {
			t.Errorf("%s: got %d elements that end at %v, want %d at %v", in.Name, got.Len(), got.Ends, want.Len(), want.Ends)
		}
		if err := r.Gather([]int{rows}, &got); err == nil {
			t.Errorf("%s: there is a row behind the last", in.Name)
		}
	}
}

// Damage anywhere is an error or another value, never a panic or a row of
// another place in memory.
func TestDamagedInputs(t *testing.T) {
	data := mixedFile(t, 9)
	noise := random.New(2, "damage", 0)
	for i := range 3000 {
		damaged := bytes.Clone(data)
		at := len(damaged) - 1 - noise.IntN(uint64(2*i), min(len(damaged), 12_000)) // lists and the footer
		damaged[at] ^= 1 << noise.IntN(uint64(2*i+1), 8)
		d, err := OpenDataset(bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			continue
		}
		if ex, err := d.Load(); err == nil && ex.Rows != 9 {
			t.Fatalf("%d rows", ex.Rows)
		}
		for k := range d.Info.Inputs {
			r, err := d.InputRows(k)
			if err != nil {
				continue
			}
			var got tensor.Rows
			_ = r.Gather([]int{8, 0, 1, 2, 3, 4, 5, 6, 7}, &got)
		}
	}
}

// The first form of the description is written where it says all, byte for byte,
// and both are read.
func TestDescriptionHasTwoForms(t *testing.T) {
	schema, err := DatasetSchema(classes(), true, []arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String}})
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := schema.Metadata().GetValue(DatasetKey)
	const first = `{"features":[{"name":"island=Biscoe","column":"island"},{"name":"bill","column":"bill"}],` +
		`"target":{"column":"species","task":"binary","classes":["Adelie","Gentoo"],"center":0,"scale":1},"keep":["id"]}`
	if doc != first {
		t.Errorf("the description of features is\n%s\nand was\n%s", doc, first)
	}
	for _, info := range []DatasetInfo{classes(), prices(), mixed(), FlatDataset([]Feature{{Name: "a", Column: "a"}}, nil)} {
		doc, err := info.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back DatasetInfo
		if err := back.UnmarshalJSON(doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(info, back); diff != "" {
			t.Errorf("%s: %s", doc, diff)
		}
	}
}

func TestMixedSchemaRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*DatasetInfo)
		want   string
	}{
		{"no input", func(d *DatasetInfo) { d.Inputs = nil }, "no input"},
		{"twice", func(d *DatasetInfo) { d.Inputs[1].Name = "photo" }, `two inputs are named "photo"`},
		{"named as a target", func(d *DatasetInfo) { d.Inputs[0].Name = "target.price" }, "cannot be named"},
		{"kind", func(d *DatasetInfo) { d.Inputs[0].Kind = "sound" }, "unknown kind"},
		{"type", func(d *DatasetInfo) { d.Inputs[0].Type = "f64" }, "unknown type"},
		{"tokens that are no integers", func(d *DatasetInfo) { d.Inputs[1].Type = tensor.F32 }, "tokens are of type"},
		{"rank", func(d *DatasetInfo) { d.Inputs[0].Shape = []int{32, 32} }, "has 3 dimensions"},
		{"ragged image", func(d *DatasetInfo) { d.Inputs[0].Shape[0] = tensor.Ragged }, "a fixed number"},
		{"ragged inside", func(d *DatasetInfo) { d.Inputs[2].Shape[1] = tensor.Ragged }, "no elements"},
		{"too large", func(d *DatasetInfo) { d.Inputs[0].Shape = []int{1 << 30, 1 << 30, 1 << 30} }, "more than"},
		{"empty", func(d *DatasetInfo) { d.Inputs[0].Shape[1] = 0 }, "no elements"},
		{"features", func(d *DatasetInfo) { d.Inputs[4].Features = d.Inputs[4].Features[:1] }, "1 features"},
		{"features of steps", func(d *DatasetInfo) {
			d.Inputs[2].Features = append(d.Inputs[2].Features, Feature{Name: "x", Column: "x"})
		}, "do not describe"},
		{"sparse without a size", func(d *DatasetInfo) { d.Inputs[3].Size = 0 }, "sparse of size 0"},
		{"sparse and too long", func(d *DatasetInfo) { d.Inputs[3].Size = 1 << 25 }, "sparse of size"},
		{"sparse triples", func(d *DatasetInfo) { d.Inputs[3].Shape[1] = 3 }, "sparse vectors are of type f32"},
		{"fewer than no tokens", func(d *DatasetInfo) { d.Inputs[1].Size = -5 }, "tokens of size -5"},
		{"size of a series", func(d *DatasetInfo) { d.Inputs[2].Size = 5 }, "series of size 5"},
		{"two targets of a name", func(d *DatasetInfo) { d.Targets[1].Column = "price" }, `"target.price"`},
		{"role", func(d *DatasetInfo) { d.Group = "town" }, `the group is the column "town"`},
	} {
		info := mixed()
		c.change(&info)
		if _, err := DatasetSchema(info, true, mixedKeep()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
