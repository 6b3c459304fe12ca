package feature

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/task"
)

// batchRows is the number of rows of a batch of a table.
const batchRows = 65536

// penguins is a small table with everything that tables have.
func penguins() []col {
	return []col{
		{"bill", []any{39.1, nil, 46.5, 50.0, math.NaN(), 38.0}},
		{"year", []any{int64(2007), int64(2007), int64(2008), int64(2009), int64(2009), int64(2008)}},
		{"island", []any{"Biscoe", "Dream", "Dream", "Torgersen", "Biscoe", "Dream"}},
		{"sex", []any{"male", nil, "female", "male", "male", nil}},
		{"tagged", []any{true, false, true, true, false, nil}},
		{"species", []any{"Gentoo", "Adelie", nil, "Gentoo", "Adelie", "Adelie"}},
	}
}

func penguinSpec() Spec {
	return Spec{
		Features: []Column{
			{Name: "sex"},
			{Name: "bill", Impute: by(Median), Indicator: true, Scale: MinMax},
			{Name: "tagged", Impute: constant("1")},
			{Name: "island", Encode: asOrdinal(Ordinal{Unseen: UnseenIgnore})},
			{Name: "year", Encode: asOneHot(OneHot{Unseen: UnseenIgnore, Drop: DropFirst})},
		},
		Target: &Target{Column: "species"},
		Keep:   []string{"island", "bill"},
	}
}

func TestApply(t *testing.T) {
	tr := fit(t, penguinSpec(), penguins()...)
	rec, err := tr.Apply(record(t, penguins()...), true)
	if err != nil {
		t.Fatal(err)
	}
	wantNames := []string{"sex=male", "sex=<missing>", "bill", "bill=<missing>", "tagged", "island", "year=2008", "year=2009"}
	if diff := cmp.Diff(wantNames, names(tr)); diff != "" {
		t.Error(diff)
	}
	// The third row has no target. It counts for nothing, so that there is no
	// "female", and the median is that of 38, 39.1 and 50.
	fill := float32((39.1 - 38) / 12)
	want := [][]float32{
		{1, 0, fill, 0, 1, 0, 0, 0},
		{0, 1, fill, 1, 0, 1, 0, 0},
		{1, 0, 1, 0, 1, 2, 0, 1},
		{1, 0, fill, 1, 0, 0, 0, 1},
		{0, 1, 0, 0, 1, 1, 1, 0},
	}
	if diff := cmp.Diff(want, vectors(rec)); diff != "" {
		t.Error(diff)
	}
	if got, want := fmt.Sprint(rec.Column(1)), "[1 0 1 0 0]"; got != want {
		t.Errorf("target is %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(rec.Column(2)), `["Biscoe" "Dream" "Torgersen" "Biscoe" "Dream"]`; got != want {
		t.Errorf("kept column is %v, want %v", got, want)
	}
	info, err := table.DatasetInfoOf(rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tr.Info(), *info); diff != "" {
		t.Error("the schema says otherwise than Info:", diff)
	}
	wantTarget := &table.Target{Column: "species", Task: task.Binary, Classes: []string{"Adelie", "Gentoo"}, Scale: 1}
	if diff := cmp.Diff(wantTarget, info.Target()); diff != "" {
		t.Error(diff)
	}
}

func TestApplyWithoutTargetNeedsFeaturesOnly(t *testing.T) {
	tr := fit(t, penguinSpec(), penguins()...)
	got := apply(t, tr,
		col{"tagged", []any{false}}, col{"island", []any{"Atlantis"}}, col{"bill", []any{44.0}},
		col{"year", []any{int64(1999)}}, col{"sex", []any{"male"}})
	if diff := cmp.Diff([][]float32{{1, 0, 0.5, 0, 0, -1, 0, 0}}, got); diff != "" {
		t.Error(diff)
	}
}

// What a row becomes depends on no other row.
func TestApplyByBatchesIsApplyToWhole(t *testing.T) {
	tr := fit(t, penguinSpec(), penguins()...)
	whole := record(t, penguins()...)
	want, err := tr.Apply(whole, true)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var got []string
		for at := int64(0); at < whole.NumRows(); {
			to := rapid.Int64Range(at, whole.NumRows()).Draw(t, "to")
			part, err := tr.Apply(whole.NewSlice(at, to), true)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rowsOf(part)...)
			at = to
		}
		if diff := cmp.Diff(rowsOf(want), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func rowsOf(rec arrow.RecordBatch) []string {
	var rows []string
	for i := range rec.NumRows() {
		one := rec.NewSlice(i, i+1)
		rows = append(rows, fmt.Sprint(one.Columns()))
	}
	return rows
}

func TestTarget(t *testing.T) {
	years := col{"year", []any{int64(10), int64(9), int64(9), int64(14)}}
	x := col{"x", []any{1.0, 2.0, 3.0, 4.0}}
	tests := []struct {
		target Target
		column col
		info   table.Target
		values string
	}{
		{Target{Column: "year"}, years, table.Target{Task: task.Regression, Center: 10.5, Scale: math.Sqrt(17.0 / 4)}, "[10 9 9 14]"},
		{Target{Column: "year", Scale: MinMax}, years, table.Target{Task: task.Regression, Center: 9, Scale: 5}, "[10 9 9 14]"},
		{Target{Column: "year", Scale: None}, years, table.Target{Task: task.Regression, Scale: 1}, "[10 9 9 14]"},
		{Target{Column: "year", Task: Classification}, years, table.Target{Task: task.Multiclass, Classes: []string{"9", "10", "14"}, Scale: 1}, "[1 0 0 2]"},
		{Target{Column: "ok", Positive: ptr("False")}, col{"ok", []any{true, false, true, true}}, table.Target{Task: task.Binary, Classes: []string{"true", "false"}, Scale: 1}, "[0 1 0 0]"},
		{Target{Column: "ok", Positive: ptr("true")}, col{"ok", []any{true, false, true, true}}, table.Target{Task: task.Binary, Classes: []string{"false", "true"}, Scale: 1}, "[1 0 1 1]"},
		{Target{Column: "s", Positive: ptr("a")}, col{"s", []any{"b", "a", "b", "b"}}, table.Target{Task: task.Binary, Classes: []string{"b", "a"}, Scale: 1}, "[0 1 0 0]"},
		{Target{Column: "ok"}, col{"ok", []any{true, false, true, true}}, table.Target{Task: task.Binary, Classes: []string{"false", "true"}, Scale: 1}, "[1 0 1 1]"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%+v", test.target), func(t *testing.T) {
			tr := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &test.target}, x, test.column)
			rec, err := tr.Apply(record(t, x, test.column), true)
			if err != nil {
				t.Fatal(err)
			}
			test.info.Column = test.target.Column
			if diff := cmp.Diff(test.info, *tr.Info().Target()); diff != "" {
				t.Error(diff)
			}
			if got := fmt.Sprint(rec.Column(1)); got != test.values {
				t.Errorf("target is %v, want %v", got, test.values)
			}
		})
	}
}

// The scale of a transformed target is that of what is learned; the data set has
// the target itself, also where there is nothing to learn in its place.
func TestTransformedTarget(t *testing.T) {
	features, y := col{"x", []any{1.0, 2.0, 3.0}}, col{"y", []any{1.0, math.E, math.E * math.E}}
	for scale, want := range map[Scaling][2]float64{Standard: {1, math.Sqrt(2.0 / 3)}, None: {0, 1}, MinMax: {0, 2}} {
		tr := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y", Scale: scale, Transform: &task.Transform{Kind: task.Log}}}, features, y)
		read, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range []*Transform{tr, read} {
			target := tr.Info().Target()
			if !close12(target.Center, want[0]) || !close12(target.Scale, want[1]) || target.Transform.Of("y") != "log(y)" {
				t.Errorf("%s: %+v", scale, target)
			}
			rec, err := tr.Apply(record(t, col{"x", []any{1.0}}, col{"y", []any{0.0}}), true)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(rec.Column(1)); got != "[0]" {
				t.Errorf("%s: the target is %s", scale, got)
			}
			rec.Release()
		}
		if doc := documented(t, tr); doc.Version != targetVersion {
			t.Errorf("version %d", doc.Version)
		}
	}
}

func TestApplyErrors(t *testing.T) {
	tr := fit(t, Spec{
		Features: []Column{{Name: "n"}, {Name: "raw", Scale: None}, {Name: "c", Encode: asOneHot(OneHot{Unseen: UnseenError})},
			{Name: "u", Impute: constant("?"), Encode: asOrdinal(Ordinal{Unseen: UnseenError})}},
		Target: &Target{Column: "y"},
		Keep:   []string{"c"},
	}, col{"n", []any{1.0, 2.0}}, col{"raw", []any{0.0, 1.0}}, col{"c", []any{"a", "b"}}, col{"u", []any{"a", "b"}}, col{"y", []any{"p", "q"}})
	good := map[string]any{"n": 1.0, "raw": 1.0, "c": "a", "u": "a", "y": "p"}
	tests := []struct {
		column    string
		value     any
		err, hint string
	}{
		{"n", math.NaN(), `column "n", row 2: the value is missing`, "impute: median"},
		{"n", math.Inf(1), `column "n", row 2: the value is infinite`, "impute"},
		{"n", "text", `column "n", row 2: "text" is no number`, "leave it empty"},
		{"n", arrow.Date32(1), `column "n": it is date, but the transform was fitted on float64`, "columns: {n: float64}"},
		{"n", 1e300, `column "n", row 2: 1e+300 is too far from the rows that the scale was learned from (center 1.5, scale 0.5)`, "mend the value"},
		{"raw", 1e300, `column "raw", row 2: 1e+300 is too large for a float32`, "mend the value, or divide"},
		{"raw", 1e100, `column "raw", row 2: 1e+100 is too large for a float32`, "scale: standard"},
		{"c", "z", `column "c", row 2: category "z" was not there in training`, "encode: {one_hot: {unseen: ignore}}"},
		{"c", nil, `column "c", row 2: the value is missing, and none was in training`, "impute: most_frequent"},
		{"c", 1.5, `column "c": it is float64, but the transform was fitted on string`, "columns: {c: string}"},
		{"u", nil, `column "u", row 2: the value is missing, and the constant "?" in its place was not there in training`, "unseen: ignore"},
		{"y", "r", `column "y", row 2: class "r" was not there in training`, "stratify: y"},
		{"y", 0.5, `target: column "y": it is float64, but the transform was fitted on string`, "columns: {y: string}"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.column, test.value), func(t *testing.T) {
			var cols []col
			for name, value := range good {
				first, second := value, value
				if name == test.column {
					second = test.value
					if fmt.Sprintf("%T", second) != fmt.Sprintf("%T", first) && second != nil {
						first = second
					}
				}
				// A first row without a target shows that rows are counted
				// before any are dropped.
				if name == "y" {
					first = nil
				}
				cols = append(cols, col{name, []any{first, second}})
			}
			slices.SortFunc(cols, func(a, b col) int { return strings.Compare(a.name, b.name) })
			checkError(t, test.err, test.hint, func() error {
				_, err := tr.Apply(record(t, cols...), true)
				return err
			})
		})
	}
	t.Run("no column", func(t *testing.T) {
		checkError(t, `there is no column "n"`, "the columns are m", func() error {
			_, err := tr.Apply(record(t, col{"m", []any{1.0}}), false)
			return err
		})
	})
	t.Run("no target", func(t *testing.T) {
		blind := fit(t, Spec{Features: []Column{{Name: "n"}}}, col{"n", []any{1.0}})
		checkError(t, "the transform was fitted without a target", "", func() error {
			_, err := blind.Apply(record(t, col{"n", []any{1.0}}), true)
			return err
		})
	})
}

// checkError checks the text of an error and that its hint contains a text.
func checkError(t *testing.T, want, hint string, f func() error) {
	t.Helper()
	err := f()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if err.Error() != want {
		t.Errorf("error is\n  %v\nwant\n  %s", err, want)
	}
	var h interface{ Hint() string }
	if !errors.As(err, &h) {
		if hint != "" {
			t.Errorf("no hint, want %s", hint)
		}
		return
	}
	if !strings.Contains(h.Hint(), hint) {
		t.Errorf("hint is %q, want it to contain %q", h.Hint(), hint)
	}
}

func TestApplyToCountsAndFindsRowsOfTheTable(t *testing.T) {
	n := batchRows + 10
	x, y := make([]any, n), make([]any, n)
	for i := range n {
		x[i], y[i] = float64(i%7), fmt.Sprint(i%3)
	}
	spec := Spec{Features: []Column{{Name: "x", Impute: by(Mean)}}, Target: &Target{Column: "y"}}
	tr := fit(t, spec, col{"x", x}, col{"y", y})
	x[3], y[4], y[n-2] = nil, nil, nil
	var rows int64
	write := func(rec arrow.RecordBatch) error { rows += rec.NumRows(); return nil }
	counts, err := tr.ApplyTo(t.Context(), tableOf(t, record(t, col{"x", x}, col{"y", y})), true, Resources{Threads: 2}, write)
	if err != nil {
		t.Fatal(err)
	}
	want := Counts{Rows: int64(n) - 2, Dropped: 2, Imputed: []Count{{"x", 1}}}
	if diff := cmp.Diff(want, counts); diff != "" || rows != want.Rows {
		t.Errorf("%d rows were written; %s", rows, diff)
	}
	y[n-1] = "new"
	_, err = tr.ApplyTo(t.Context(), tableOf(t, record(t, col{"x", x}, col{"y", y})), true, Resources{Threads: 2}, write)
	if want := fmt.Sprintf(`column "y", row %d: class "new" was not there in training`, n); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func ptr[T any](v T) *T { return &v }
