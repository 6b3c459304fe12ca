package feature

import (
	"errors"
	"fmt"
	"math"
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
	counts, err := tr.ApplyRows(t.Context(), tableOf(t, record(t, col{"n", texts}, col{"c", classes})), false, 2,
		func(in, features arrow.Record, problems []string) error {
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
	_, err := tr.ApplyRows(t.Context(), tableOf(t, record(t, later...)), false, 2, func(_, _ arrow.Record, problems []string) error {
		if s := problems[0]; len(s) > 2*maxProblem || !strings.HasSuffix(s, more) {
			t.Errorf("%d bytes: %s", len(s), s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
