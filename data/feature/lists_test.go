package feature

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/tensor"
)

// pictures is a record of a column of lists with a shape, ragged ids, and a number.
func pictures(t testing.TB, shape []int, levels []uint8) arrow.RecordBatch {
	t.Helper()
	width := tensor.Width(shape)
	rows := len(levels) / width
	ends, ids, numbers, embedded := make([]int, rows), []int32{}, make([]float64, rows), make([]float32, 2*rows)
	for i := range rows {
		ids = append(ids, make([]int32, i)...)
		ends[i], numbers[i], embedded[2*i] = len(ids), float64(i), float32(i)/2
	}
	columns := []arrow.Array{
		table.NewLists(tensor.U8, tensor.Rows{U8: levels}, width),
		table.NewLists(tensor.I32, tensor.Rows{I32: ids, Ends: ends}, tensor.Ragged),
		tabletest.Array(t, numbers),
		table.NewLists(tensor.F32, tensor.Rows{F32: embedded}, 2),
	}
	fields := make([]arrow.Field, len(columns))
	for i, name := range []string{"picture", "words", "number", "embedded"} {
		fields[i] = arrow.Field{Name: name, Type: columns[i].DataType()}
	}
	fields[0] = table.WithShape(fields[0], shape)
	rec, err := table.NewRecord(arrow.NewSchema(fields, nil), columns...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func counted(n int) []uint8 {
	list := make([]uint8, n)
	for i := range list {
		list[i] = uint8(i)
	}
	return list
}

// Lists become inputs of their own in the type that they have, beside the features
// that others make, and the transform that is stored makes the same.
func TestListsBecomeInputs(t *testing.T) {
	rec := pictures(t, []int{2, 2, 3}, counted(36)) // height, width, channels
	spec := Spec{Features: []Column{{Name: "picture", Chain: []Step{{"image", &Image{Shape: []int{3, 2, 2}}}}},
		{Name: "number", Scale: None}, {Name: "words"}, {Name: "embedded"}}}
	tr, err := Fit(t.Context(), spec, tableOf(t, rec), All(), Resources{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	features := []table.Feature{{Name: "number", Column: "number"}, {Name: "embedded[0]", Column: "embedded"}, {Name: "embedded[1]", Column: "embedded"}}
	want := []table.Input{
		{Name: "features", Kind: table.Features, Type: tensor.F32, Shape: []int{3}, Features: features},
		{Name: "picture", Kind: table.Image, Type: tensor.U8, Shape: []int{3, 2, 2}, Features: []table.Feature{{Name: "picture", Column: "picture"}}},
		{Name: "words", Kind: table.Tokens, Type: tensor.I32, Shape: []int{tensor.Ragged}, Features: []table.Feature{{Name: "words", Column: "words"}}},
	}
	if diff := cmp.Diff(want, tr.Info().Inputs); diff != "" {
		t.Fatal(diff)
	}
	tr, err = ReadTransform(strings.NewReader(string(written(t, tr))), All())
	if err != nil {
		t.Fatal(err)
	}
	out, err := tr.Apply(rec, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{0, 0, 0, 1, 0.5, 0, 2, 1, 0}, table.Vectors(out.Column(0))); diff != "" {
		t.Error(diff)
	}
	if got, _ := table.Lists(out.Column(1)); !cmp.Equal(got.U8, counted(36)) {
		t.Errorf("pictures are %v", got.U8)
	}
	if got, _ := table.Lists(out.Column(2)); !cmp.Equal(got.Ends, []int{0, 1, 3}) {
		t.Errorf("words end at %v", got.Ends)
	}
}

// A network has the channels first, wherever the table has them.
func TestChannelsFirst(t *testing.T) {
	for _, c := range []struct {
		in, want []int
		levels   []uint8
	}{
		{[]int{2, 6}, []int{1, 2, 6}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{[]int{2, 2, 3}, []int{2, 2, 3}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{[]int{6, 1, 2}, []int{2, 6, 1}, []uint8{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}},
	} {
		rec := pictures(t, c.in, counted(24))
		tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "picture"}}}, tableOf(t, rec), All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := tr.Apply(rec, false)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := table.Lists(out.Column(0))
		if shape := tr.Info().Inputs[0].Shape; !cmp.Equal(shape, c.want) || !cmp.Equal(got.U8[:12], c.levels) {
			t.Errorf("shape %v became %v: %v", c.in, shape, got.U8[:12])
		}
	}
}

func TestListErrors(t *testing.T) {
	flat := pictures(t, []int{12}, counted(24))
	for _, c := range []struct {
		column    Column
		err, hint string
	}{
		{Column{Name: "picture"}, `column "picture": its lists of u8 may be pictures, tokens or numbers`, "[image: [28, 28]]"},
		{Column{Name: "picture", Scale: Standard}, `column "picture": it holds a list in each row, which has no other settings`, "[image]"},
		{chained("picture", Step{"image", new(Image)}), `column "picture": nothing says the height and the width of its 12 elements`, "[28, 28]"},
		{chained("picture", Step{"image", &Image{Shape: []int{5, 5}}}), `column "picture": the shape [5 5] has 25 elements, and a row has 12`, "[28, 28]"},
		{chained("picture", scaled(Standard)), `column "picture": scale takes numbers, and the column holds values of type u8[12]`, ""},
		{chained("words", Step{"vector", new(Vector)}), `column "words": its rows have different numbers of elements`, "equally long"},
		{chained("words", Step{"image", new(Image)}), `column "words": its rows have different numbers of elements`, "one size"},
		{chained("embedded", Step{"tokens", new(Tokens)}), `column "embedded": its elements are decimal numbers, which are no ids`, "[vector]"},
		{chained("number", Step{"image", new(Image)}), `column "number": image takes lists, and the column holds values of type float64`, ""},
	} {
		checkError(t, c.err, c.hint, func() error {
			_, err := Fit(t.Context(), Spec{Features: []Column{c.column}}, tableOf(t, flat), All(), Resources{})
			return err
		})
	}
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "picture"}}}, tableOf(t, pictures(t, []int{3, 4}, counted(24))), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	checkError(t, `column "picture", row 1: the list has 6 elements, and those of training have 12`, "make it as long", func() error {
		_, err := tr.Apply(pictures(t, []int{2, 3}, counted(24)), false)
		return err
	})
	damaged := strings.Replace(string(written(t, tr)), `u8[12]`, `u8[6]`, 1)
	if tr, err = ReadTransform(strings.NewReader(damaged), All()); err != nil {
		t.Fatal(err)
	}
	checkError(t, `column "picture": its lists are no image of shape [1 3 4]`, "", func() error {
		_, err := tr.Apply(pictures(t, []int{2, 3}, counted(24)), false)
		return err
	})
}

// A decimal number that is none is a problem of its row.
func TestListsAreFinite(t *testing.T) {
	rec := pictures(t, []int{12}, counted(36))
	values, _ := table.Lists(rec.Column(3))
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "embedded"}}}, tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	values.F32[3] /= 0 * values.F32[0]
	checkError(t, `column "embedded", row 2: element 2 of the list is NaN`, "mend", func() error {
		_, err := tr.Apply(rec, false)
		return err
	})
}

// Lists of other rows may have another length: where all had one in training it is a
// problem of the row, and where they had any, all of one length are as good.
func TestListsOfOtherLengths(t *testing.T) {
	column := func(rows tensor.Rows, width int) arrow.RecordBatch {
		list := table.NewLists(tensor.F32, rows, width)
		rec, err := table.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "v", Type: list.DataType()}}, nil), list)
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	fixed := column(tensor.Rows{F32: []float32{1, 2, 3, 4}}, 2)
	ragged := column(tensor.Rows{F32: []float32{1, 2, 3, 4, 5}, Ends: []int{2, 3, 5}}, tensor.Ragged)
	for _, c := range []struct {
		name            string
		chain           Column
		training, later arrow.RecordBatch
		want            []float32
		problems        []string
	}{
		{"any, where there was one", Column{Name: "v"}, fixed, ragged, []float32{1, 2, 0, 0, 4, 5}, []string{"", `column "v": the list has 1 elements, and those of training have 2`, ""}},
		{"another one", Column{Name: "v"}, fixed, column(tensor.Rows{F32: []float32{1, 2, 3}}, 3), []float32{0, 0}, []string{`column "v": the list has 3 elements, and those of training have 2`}},
		{"one, where there were any", Column{Name: "v", Chain: []Step{{"series", &Series{Scale: string(None)}}}}, ragged, fixed, []float32{1, 2, 3, 4}, nil},
	} {
		tr, err := Fit(t.Context(), Spec{Features: []Column{c.chain}}, tableOf(t, c.training), All(), Resources{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if tr, err = ReadTransform(strings.NewReader(string(written(t, tr))), All()); err != nil {
			t.Fatal(err)
		}
		_, err = tr.ApplyRows(t.Context(), tableOf(t, c.later), false, Resources{Threads: 1}, func(_, features arrow.RecordBatch, problems []string) error {
			rows, _ := table.Lists(features.Column(0))
			if !cmp.Equal(rows.F32, c.want) || !cmp.Equal(problems, c.problems) {
				t.Errorf("%s: %v, %q", c.name, rows.F32, problems)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
