package table

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"pipe/data/task"
	"pipe/data/tensor"
)

func classes() DatasetInfo {
	return FlatDataset([]Feature{{Name: "island=Biscoe", Column: "island"}, {Name: "bill", Column: "bill"}},
		&Target{Column: "species", Task: task.Binary, Classes: []string{"Adelie", "Gentoo"}, Scale: 1})
}

func prices() DatasetInfo {
	return FlatDataset([]Feature{{Name: "rooms", Column: "rooms"}, {Name: "age", Column: "age"}},
		&Target{Column: "price", Task: task.Regression, Center: 200, Scale: 50})
}

func openDataset(t *testing.T, data []byte) *Dataset {
	t.Helper()
	d, err := OpenDataset(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDataset(t *testing.T) {
	keep := []arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String}}
	vectors := []float32{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		name   string
		info   DatasetInfo
		target arrow.Array
		want   Labels
	}{
		{"classification", classes(), NewArray([]int32{1, 0, 1}, []bool{true, true, false}),
			Labels{Classes: []int32{1, 0, 0}, Valid: []bool{true, true, false}}},
		{"regression", prices(), NewArray([]float64{150, 250, 300}, nil), Labels{Values: []float64{150, 250, 300}}},
		{"without target", classes(), nil, Labels{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema, err := DatasetSchema(c.info, c.target != nil, keep)
			if err != nil {
				t.Fatal(err)
			}
			columns := []arrow.Array{NewVectors(vectors, 2)}
			if c.target != nil {
				columns = append(columns, c.target)
			}
			rec, err := NewRecord(schema, append(columns, NewArray([]string{"x", "y", "z"}, nil))...)
			if err != nil {
				t.Fatal(err)
			}
			d := openDataset(t, write(t, schema, rec))
			info := c.info
			info.Keep = []string{"id"}
			if diff := cmp.Diff(info, d.Info); diff != "" {
				t.Errorf("info (-want +got)\n%s", diff)
			}
			if d.HasTarget() != (c.target != nil) {
				t.Errorf("HasTarget is %v", d.HasTarget())
			}
			ex, err := d.Load()
			if err != nil {
				t.Fatal(err)
			}
			check := func(ex *Examples) {
				t.Helper()
				if ex.Rows != 3 || !slices.Equal(ex.Inputs[0].F32, vectors) {
					t.Errorf("features are %v of %d", ex.Inputs, ex.Rows)
				}
				var got Labels
				if len(ex.Targets) > 0 {
					got = ex.Targets[0]
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("targets (-want +got)\n%s", diff)
				}
				if ex.Kept.NumCols() != 1 || ex.Kept.Column(0).(*array.String).Value(2) != "z" {
					t.Errorf("kept are %v", ex.Kept)
				}
			}
			check(ex)
			for ex, err := range d.Stream() {
				if err != nil {
					t.Fatal(err)
				}
				check(ex)
			}
			if r := RoleOf(d.Schema().Field(0)); r != RoleFeature {
				t.Errorf("role of the features is %q", r)
			}
		})
	}
}

func TestDatasetRefusesClassesThatDoNotExist(t *testing.T) {
	schema, err := DatasetSchema(classes(), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range []int32{-1, 2} {
		rec, err := NewRecord(schema, NewVectors([]float32{1, 2}, 2), NewArray([]int32{class}, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openDataset(t, write(t, schema, rec)).Load(); err == nil || !strings.Contains(err.Error(), "row 1 has class") {
			t.Errorf("class %d: error %v", class, err)
		}
	}
}

func TestDatasetSchemaRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*DatasetInfo)
		keep   []arrow.Field
		want   string
	}{
		{"no features", func(d *DatasetInfo) { d.Inputs[0].Features = nil }, nil, "0 features"},
		{"equal names", func(d *DatasetInfo) { d.Inputs[0].Features[1].Name = "rooms" }, nil, "two features"},
		{"no name", func(d *DatasetInfo) { d.Inputs[0].Features[1].Name = "" }, nil, "feature 2 has no name"},
		{"task", func(d *DatasetInfo) { d.Targets[0].Task = "ranking" }, nil, "unknown task"},
		{"scale", func(d *DatasetInfo) { d.Targets[0].Scale = 0 }, nil, "scale 0"},
		{"classes of a regression", func(d *DatasetInfo) { d.Targets[0].Classes = []string{"a"} }, nil, "no classes"},
		{"binary", func(d *DatasetInfo) { d.Targets = []Target{{Task: task.Binary, Classes: []string{"a"}}} }, nil, "2 classes, not 1"},
		{"multiclass", func(d *DatasetInfo) { d.Targets = []Target{{Task: task.Multiclass, Classes: []string{"a"}}} }, nil, "2 or more"},
		{"classes", func(d *DatasetInfo) { d.Targets = []Target{{Task: task.Binary, Classes: []string{"a", "a"}}} }, nil, `two classes are named "a"`},
		{"no target", func(d *DatasetInfo) { d.Targets = nil }, nil, "needs a target"},
		{"kept name", func(*DatasetInfo) {}, []arrow.Field{{Name: "target", Type: arrow.PrimitiveTypes.Int64}}, "cannot be kept"},
		{"kept type", func(*DatasetInfo) {}, []arrow.Field{{Name: "x", Type: arrow.FixedWidthTypes.Float16}}, "type float16"},
	} {
		info := prices()
		c.change(&info)
		if _, err := DatasetSchema(info, true, c.keep); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestDatasetInfoOfRefuses(t *testing.T) {
	good, err := DatasetSchema(prices(), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := good.Metadata().GetValue(DatasetKey)
	features, target := good.Field(0), good.Field(1)
	for _, c := range []struct {
		name   string
		fields []arrow.Field
		doc    string
		want   string
	}{
		{"nothing", good.Fields(), "", "not a data set"},
		{"no JSON", good.Fields(), "{", "description"},
		{"unknown key", good.Fields(), `{"future":1}`, "unknown field"},
		{"trailing text", good.Fields(), doc + "x", "after its end"},
		{"order", []arrow.Field{target, features}, doc, "the columns are"},
		{"width", []arrow.Field{{Name: "features", Type: VectorType(3)}, target}, doc, "features are vector[3]"},
		{"target type", []arrow.Field{features, {Name: "target", Type: arrow.PrimitiveTypes.Int32}}, doc, "the target is int32"},
		{"target undescribed", good.Fields(), `{"features":[{"name":"a","column":"a"},{"name":"b","column":"b"}]}`, "no description"},
	} {
		m := map[string]string{}
		if c.doc != "" {
			m[DatasetKey] = c.doc
		}
		meta := arrow.MetadataFrom(m)
		if _, err := DatasetInfoOf(arrow.NewSchema(c.fields, &meta)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// Rows in any order, over several batches, have the features that they have
// when all are loaded; damage is an error.
func TestInputRows(t *testing.T) {
	const rows = mostBatchRows + 100
	schema, err := DatasetSchema(prices(), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := NewWriter(&file, schema)
	if err != nil {
		t.Fatal(err)
	}
	vectors, targets := make([]float32, 2*rows), make([]float64, rows)
	for i := range vectors {
		vectors[i] = float32(i)
	}
	rec, err := NewRecord(schema, NewVectors(vectors, 2), NewArray(targets, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := openDataset(t, file.Bytes()).InputRows(0)
	if err != nil {
		t.Fatal(err)
	}
	list := []int{3, 4, 5, mostBatchRows - 1, mostBatchRows, mostBatchRows + 1, rows - 1, 0, 0}
	var gathered tensor.Rows
	if err := f.Gather(list, &gathered); err != nil {
		t.Fatal(err)
	}
	got := gathered.F32
	for i, r := range list {
		if got[2*i] != float32(2*r) || got[2*i+1] != float32(2*r+1) {
			t.Errorf("row %d is %v", r, got[2*i:2*i+2])
		}
	}
	for _, r := range []int{-1, rows} {
		if err := f.Gather([]int{r}, new(tensor.Rows)); err == nil {
			t.Errorf("row %d was read, of %d", r, rows)
		}
	}
}
