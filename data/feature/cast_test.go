package feature

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

// A column of a later table may have another type than in training. Its values
// are read as the ones of training, or it is an error; never are they taken
// for something else.
func TestOtherTypes(t *testing.T) {
	day := arrow.Date32(19000)
	for _, c := range []struct {
		name     string
		training []any
		later    []any
		want     string // the features of the later rows, or the error
	}{
		{"decimals, then integers", []any{1.5, 2.5}, []any{int64(3), nil}, "[3] [9]"},
		{"decimals, then text", []any{1.5, 2.5}, []any{" 3.25", "-1e2"}, "[3.25] [-100]"},
		{"decimals, then no values", []any{1.5, 2.5}, []any{nil, nil}, "[9] [9]"},
		{"decimals, then no values of text", []any{1.5, 2.5}, []any{"", " "}, "[9] [9]"},
		{"decimals, then truth values", []any{1.5, 2.5}, []any{true, false}, "[1] [0]"},
		{"decimals, then a word", []any{1.5, 2.5}, []any{"3", "x"}, `row 2: "x" is no number`},
		{"decimals, then a C number", []any{1.5, 2.5}, []any{"3", "0x1p-2"}, `row 2: "0x1p-2" is no number`},
		{"decimals, then infinity", []any{1.5, 2.5}, []any{"3", "1e999"}, `row 2: "1e999" is no number`},
		{"decimals, then dates", []any{1.5, 2.5}, []any{day, day}, "it is date, but the transform was fitted on float64"},
		{"integers, then decimals", []any{int64(1), int64(2)}, []any{2.0, 2.5}, "[2] [2.5]"},
		{"truth values, then text", []any{true, false}, []any{"True", "FALSE"}, "[1] [0]"},
		{"truth values, then integers", []any{true, false}, []any{int64(1), int64(0)}, "[1] [0]"},
		{"truth values, then numbers", []any{true, false}, []any{int64(1), int64(2)}, `row 2: "2" is no truth value`},
		{"truth values, then words", []any{true, false}, []any{"true", "yes"}, `row 2: "yes" is no truth value`},

		{"texts, then integers", []any{"7", "x"}, []any{int64(7), int64(7)}, "[1 0] [1 0]"},
		{"texts, then decimals", []any{"2.10", "2.9"}, []any{2.1, 2.9}, "it is float64, but the transform was fitted on string"},
		{"texts, then truth values", []any{"True", "unknown"}, []any{true, false}, "it is bool, but the transform was fitted on string"},
		{"texts, then dates", []any{"2022-01-07", "never"}, []any{day, day}, "it is date, but the transform was fitted on string"},
		{"texts, then no values", []any{"a", nil}, []any{nil, nil}, "[0 1] [0 1]"},
		{"texts, then no decimals", []any{"a", nil}, []any{math.NaN(), 1.0}, "it is float64"},
		{"categories of integers, then decimals", []any{int64(10), int64(9)}, []any{9.0, math.Copysign(0, -1)}, "[1 0] [0 0]"},
		{"categories of integers, then missing decimals", []any{int64(10), nil}, []any{math.NaN(), 10.0}, "[0 1] [1 0]"},
		{"categories of integers, then text", []any{int64(10), int64(9)}, []any{"9.0", "ten"}, "[1 0] [0 0]"},
		{"categories of integers, then truth values", []any{int64(0), int64(1)}, []any{true, false}, "it is bool, but the transform was fitted on int64"},
		{"categories of truth values, then text", []any{true, false}, []any{"True", "0"}, "[0 1] [1 0]"},
		{"categories of truth values, then integers", []any{true, false}, []any{int64(1), int64(2)}, "[0 1] [0 0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			column := Column{Name: "c", Encode: asOneHot(OneHot{Unseen: UnseenIgnore})}
			if _, ok := c.training[0].(string); !ok && !strings.HasPrefix(c.name, "categories") {
				column = Column{Name: "c", Scale: None, Impute: constant("9")}
			}
			tr := fit(t, Spec{Features: []Column{column}}, col{"c", c.training})
			rec, err := tr.Apply(record(t, col{"c", c.later}), false)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %q, want %s", err, c.want)
				}
				// What stands for all rows says the same as what stands for one.
				var v *ValueError
				if errors.As(err, &v) && !strings.HasSuffix(v.Msg, strings.TrimPrefix(string(v.Reason), "the text")) {
					t.Errorf("the reason of %q is %q", v.Msg, v.Reason)
				}
				return
			}
			var got []string
			for _, v := range vectors(rec) {
				got = append(got, fmt.Sprint(v))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A target of another type is read alike.
func TestOtherTypesOfTarget(t *testing.T) {
	x := col{"x", []any{1.0, 2.0}}
	classes := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y", Task: Classification}}, x, col{"y", []any{int64(0), int64(1)}})
	rec, err := classes.Apply(record(t, x, col{"y", []any{"1", "0"}}), true)
	if err != nil || fmt.Sprint(rec.Column(1)) != "[1 0]" {
		t.Errorf("classes: %v, %v", rec, err)
	}
	regression := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y"}}, x, col{"y", []any{0.5, 1.5}})
	_, err = regression.Apply(record(t, x, col{"y", []any{"1", "?"}}), true)
	if want := `column "y", row 2: "?" is no number`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	// A part may lack every target: then it has no rows, whatever the type is.
	rec, err = regression.Apply(record(t, x, col{"y", []any{nil, nil}}), true)
	if err != nil || rec.NumRows() != 0 {
		t.Errorf("no targets: %v, %v", rec, err)
	}
}

// TestProblems: each bad row has its problems, whatever the batches are, and
// the others are what they would be without it.
func TestProblems(t *testing.T) {
	spec := Spec{Features: []Column{{Name: "n", Scale: None}, {Name: "c", Encode: asOneHot(OneHot{Unseen: UnseenError})}}}
	tr := fit(t, spec, col{"n", []any{1.5, 2.5}}, col{"c", []any{"a", "b"}})
	n := batchRows + 10
	texts, classes := make([]any, n), make([]any, n)
	for i := range n {
		texts[i], classes[i] = fmt.Sprint(i), "a"
	}
	texts[2], texts[n-1], texts[n-2], classes[n-2] = nil, "x", "y", "z"
	want := map[int64]string{
		2:            `column "n": the value is missing`,
		int64(n - 2): `column "n": "y" is no number; column "c": category "z" was not there in training`,
		int64(n - 1): `column "n": "x" is no number`,
	}
	got := map[int64]string{}
	var rows int64
	counts, err := tr.ApplyRows(t.Context(), tableOf(t, record(t, col{"n", texts}, col{"c", classes})), false, Resources{Threads: 2},
		func(in, features arrow.RecordBatch, problems []string) error {
			for i, v := range vectors(features) {
				row := rows + int64(i)
				if problems != nil && problems[i] != "" {
					got[row] = problems[i]
				} else if v[0] != float32(row) || v[1] != 1 {
					t.Fatalf("row %d became %v", row, v)
				}
			}
			rows += in.NumRows()
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || rows != int64(n) {
		t.Errorf("%d rows: %s", rows, diff)
	}
	var kinds []string
	for _, p := range counts.Problems {
		kinds = append(kinds, fmt.Sprintf("%d of %s from row %d: %s", p.N, p.First.Column, p.First.Row, p.First.Reason))
	}
	wantKinds := []string{
		"1 of n from row 2: the value is missing",
		fmt.Sprintf("2 of n from row %d: the text is no number", n-2),
		fmt.Sprintf("1 of c from row %d: the category was not there in training", n-2),
	}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Error(diff)
	}
}

// A row can have a problem in each of many columns; its text stays short.
func TestProblemsOfWideRows(t *testing.T) {
	var spec Spec
	var training, later []col
	for i := range 500 {
		name := fmt.Sprintf("c%d", i)
		spec.Features = append(spec.Features, Column{Name: name})
		training, later = append(training, col{name, []any{1.0, 2.0}}), append(later, col{name, []any{"x"}})
	}
	tr := fit(t, spec, training...)
	_, err := tr.ApplyRows(t.Context(), tableOf(t, record(t, later...)), false, Resources{Threads: 2}, func(_, _ arrow.RecordBatch, problems []string) error {
		if s := problems[0]; len(s) > 2*maxProblem || !strings.HasSuffix(s, more) {
			t.Errorf("%d bytes: %s", len(s), s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A number is a number and a category a category, however few bits it takes: fitted
// on and applied to columns of any size, the features are the same.
func TestNarrowTypes(t *testing.T) {
	whole := [][]any{
		{int64(3), int64(1), nil, int64(100)}, {int8(3), int8(1), nil, int8(100)}, {int16(3), int16(1), nil, int16(100)}, {int32(3), int32(1), nil, int32(100)},
		{uint8(3), uint8(1), nil, uint8(100)}, {uint16(3), uint16(1), nil, uint16(100)}, {uint32(3), uint32(1), nil, uint32(100)}, {uint64(3), uint64(1), nil, uint64(100)},
	}
	decimal := [][]any{{0.5, 1.25, nil, -8.0}, {float32(0.5), float32(1.25), nil, float32(-8)}}
	for _, c := range []struct {
		name   string
		column Column
		tables [][]any
	}{
		{"whole numbers", Column{Name: "c", Scale: Standard, Impute: constant("7"), Indicator: true}, whole},
		{"categories", Column{Name: "c", Encode: asOneHot(OneHot{Unseen: UnseenIgnore})}, whole},
		{"defaults", Column{Name: "c", Impute: constant("7")}, whole},
		{"decimal numbers", Column{Name: "c", Scale: MinMax, Impute: constant("0")}, decimal},
	} {
		want := apply(t, fit(t, Spec{Features: []Column{c.column}}, col{"c", c.tables[0]}), col{"c", c.tables[0]})
		for _, training := range c.tables {
			tr := fit(t, Spec{Features: []Column{c.column}}, col{"c", training})
			for _, later := range c.tables {
				if diff := cmp.Diff(want, apply(t, tr, col{"c", later})); diff != "" {
					t.Errorf("%s: fitted on %T, applied to %T:\n%s", c.name, training[0], later[0], diff)
				}
			}
		}
	}
	tr := fit(t, Spec{Features: []Column{{Name: "c", Scale: None, Impute: constant("7")}}}, col{"c", decimal[1]})
	if got := apply(t, tr, col{"c", []any{float32(math.NaN())}}); got[0][0] != 7 {
		t.Errorf("a float32 that is NaN is %v, not missing", got)
	}
	if _, err := tr.Apply(record(t, col{"c", []any{float32(math.Inf(1))}}), false); err == nil || !strings.Contains(err.Error(), string(Infinite)) {
		t.Errorf("error %v of an infinite float32", err)
	}
	ids := []any{uint64(1<<64 - 1), uint64(7), uint64(1 << 63)}
	tr = fit(t, Spec{Features: []Column{{Name: "c", Encode: asOneHot(OneHot{})}}}, col{"c", ids})
	if diff := cmp.Diff([]string{"c=7", "c=9223372036854775808", "c=18446744073709551615"}, names(tr)); diff != "" {
		t.Error(diff)
	}
	if got := apply(t, tr, col{"c", []any{" 18446744073709551615", "7.0"}}); !slices.Equal(got[0], []float32{0, 0, 1}) || !slices.Equal(got[1], []float32{1, 0, 0}) {
		t.Errorf("ids as text are %v", got)
	}
}
