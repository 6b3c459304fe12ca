package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pipe/data/order"
)

func TestSelectionIsThatOfScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/selection.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Columns         [][]any
		Number, Classes []any
		Variance        map[string][]int
		FNumber         []*float64 `json:"f_number"`
		FClasses        []*float64 `json:"f_classes"`
		MutualNumber    []*float64 `json:"mutual_number"`
		MutualClasses   []*float64 `json:"mutual_classes"`
		BestNumber      []int      `json:"best_number"`
		BestClasses     []int      `json:"best_classes"`
		Correlation     [][]float64
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	var columns []col
	var features []Column
	for i, values := range file.Columns {
		columns = append(columns, col{fmt.Sprint(i), values})
		features = append(features, Column{Name: fmt.Sprint(i), Scale: None})
	}
	stay := func(s *Selection, target string) []string {
		t.Helper()
		y := file.Number
		if target == "classes" {
			y = file.Classes
		}
		spec := Spec{Features: features, Select: s}
		if target != "" {
			spec.Target = &Target{Column: "y"}
		}
		tr := fit(t, spec, append(columns, col{"y", y})...)
		if len(tr.Dropped())+len(names(tr)) != len(features) {
			t.Errorf("%d features stay, and %v", len(names(tr)), tr.Dropped())
		}
		again, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
		if err != nil {
			t.Fatal(err)
		}
		// What stays has the values that it has without a selection.
		whole, some := apply(t, fit(t, Spec{Features: features}, columns...), columns...), apply(t, again, columns...)
		for i, name := range names(again) {
			var at int
			fmt.Sscan(name, &at)
			for r := range whole {
				if some[r][i] != whole[r][at] {
					t.Fatalf("feature %s of row %d is %v, want %v", name, r, some[r][i], whole[r][at])
				}
			}
		}
		return names(tr)
	}
	same := func(got []string, want []int) bool {
		var list []string
		for _, i := range want {
			list = append(list, fmt.Sprint(i))
		}
		return slices.Equal(got, list)
	}
	for text, want := range file.Variance {
		var v float64
		fmt.Sscan(text, &v)
		if got := stay(&Selection{Variance: &v}, ""); !same(got, want) {
			t.Errorf("with a variance above %v: %v, want %v", v, got, want)
		}
	}
	if got := stay(&Selection{Best: &Best{Count: 2}}, "classes"); !same(got, file.BestClasses) {
		t.Errorf("the best for classes are %v, want %v", got, file.BestClasses)
	}
	if got := stay(&Selection{Best: &Best{Count: 3}}, "number"); !same(got, file.BestNumber) {
		t.Errorf("the best for a number are %v, want %v", got, file.BestNumber)
	}
	zero, copies := 0.0, 0.99
	if got := stay(&Selection{Variance: &zero, Correlated: &copies, Best: &Best{Count: 4, By: MutualInformation}}, "number"); len(got) != 4 || slices.Contains(got, "3") || slices.Contains(got, "7") {
		t.Errorf("without constants and copies: %v", got)
	}
	for _, c := range []struct {
		by     Score
		target string
		want   []*float64
	}{{FScore, "number", file.FNumber}, {FScore, "classes", file.FClasses}, {MutualInformation, "number", file.MutualNumber}, {MutualInformation, "classes", file.MutualClasses}} {
		y := file.Number
		if c.target == "classes" {
			y = file.Classes
		}
		if len(c.want) != len(features) {
			t.Fatalf("%d scores of %s", len(c.want), c.by)
		}
		r := tableOf(t, record(t, append(columns, col{"y", y})...))
		tr, err := Fit(t.Context(), Spec{Features: features, Target: &Target{Column: "y"}}, r, All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		store := order.NewStore(1<<20, nil)
		x := newSelector(&Selection{Best: &Best{Count: 1, By: c.by}, Correlated: &copies}, tr, len(features), store)
		if err := x.learn(t.Context(), r, Resources{Threads: 2}); err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got := x.score(i); want != nil && math.Abs(got-*want) > 1e-9*max(1, math.Abs(*want)) {
				t.Errorf("%s of %d for %s is %v, want %v", c.by, i, c.target, got, *want)
			}
			for j := range i {
				got := x.products[i*(i-1)/2+j] / math.Sqrt(x.squares[i]*x.squares[j])
				if want := file.Correlation[i][j]; got == got && math.Abs(got-want) > 1e-12 {
					t.Errorf("the correlation of %d and %d is %v, want %v", i, j, got, want)
				}
			}
		}
		store.Close()
	}
}

// Features of one column can stay in part, a column of which nothing stays is not
// needed any more, and a transform that somebody has made up is refused.
func TestSelectionOfParts(t *testing.T) {
	a, b := col{"a", []any{"x", "y", "z", "x", "y", "x"}}, col{"b", []any{1.0, 1.0, 1.0, 1.0, 1.0, 1.0}}
	y := col{"y", []any{"n", "p", "n", "n", "p", "n"}}
	zero := 0.0
	spec := Spec{Features: []Column{{Name: "b"}, {Name: "a"}}, Target: &Target{Column: "y"}, Select: &Selection{Variance: &zero, Best: &Best{Count: 2}}}
	tr := fit(t, spec, a, b, y)
	if got := fmt.Sprint(names(tr), tr.Columns()); got != "[a=x a=y] [{a string}]" {
		t.Errorf("there are %s", got)
	}
	if got := fmt.Sprint(apply(t, tr, col{"a", []any{"y", "z", "x"}})); got != "[[0 1] [0 0] [1 0]]" {
		t.Errorf("the features are %s", got)
	}
	for _, d := range tr.Dropped() {
		if d.Because == "" {
			t.Errorf("nobody knows why %s was dropped", d.Feature)
		}
	}
	text := string(written(t, tr))
	for _, kept := range []string{"[\n        1,\n        0\n      ]", "[\n        0,\n        9\n      ]", "[\n        0,\n        1,\n        2\n      ]", "[\n        -1\n      ]"} {
		hostile := strings.Replace(text, "[\n        0,\n        1\n      ]", kept, 1)
		if hostile == text {
			t.Fatalf("nothing to replace in %s", text)
		}
		if _, err := ReadTransform(strings.NewReader(hostile), All()); err == nil {
			t.Errorf("kept %s is read", kept)
		}
	}
	one := 2.0
	_, err := Fit(t.Context(), Spec{Features: spec.Features, Select: &Selection{Variance: &one}}, tableOf(t, record(t, a, b)), All(), Resources{})
	if err == nil || !strings.Contains(err.Error(), "no feature stays") {
		t.Errorf("with nothing left: %v", err)
	}
}
