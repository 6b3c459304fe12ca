package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func polynomial(p Polynomial, columns ...string) Cross {
	p.Columns = columns
	return Cross{Polynomial: &p}
}

func interaction(chain []Step, columns ...string) Cross {
	return Cross{Interaction: &Interaction{Columns: columns, Chain: chain}}
}

func TestCrossesAreThoseOfScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/crosses.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name           string
			Columns, Want  [][]float64
			Degree         int
			Only           bool
			Before, Behind Scaling
			Features       []string
		}
		Combined struct {
			Columns [][]any
			Want    []float64
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Cases) < 100 {
		t.Fatalf("crosses.json has %d cases: %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p := Polynomial{Degree: c.Degree, InteractionOnly: c.Only}
			if c.Behind != None {
				p.Chain = []Step{{"scale", &Scale{Method: c.Behind}}}
			}
			spec, table, names := crossedSpec(c.Columns, c.Before, p)
			tr := fit(t, spec, table...)
			n := len(c.Columns)
			tolerance := 1e-6
			if strings.HasPrefix(c.Name, "offset") {
				tolerance = 1e-5 // the mean of StandardScaler is rounded
			}
			if diff := cmp.Diff(c.Features, names(tr)[n:]); diff != "" {
				t.Error(diff)
			}
			for r, row := range apply(t, tr, table...) {
				for i, got := range row[n:] {
					if want := c.Want[r][i]; math.Abs(float64(got)-want) > tolerance*max(1, math.Abs(want)) {
						t.Errorf("%s of row %d is %v, want %v", c.Features[i], r, got, want)
					}
				}
			}
		})
	}
	rare := []Step{{"one_hot", &OneHot{Unseen: UnseenInfrequent, MinFrequency: 3}}}
	table := []col{{"a", file.Combined.Columns[0]}, {"b", file.Combined.Columns[1]}}
	tr := fit(t, Spec{Features: []Column{{Name: "a"}, {Name: "b"}}, Crosses: []Cross{interaction(rare, "a", "b")}}, table...)
	own := make([]float64, len(file.Combined.Want))
	for _, row := range apply(t, tr, table...) {
		for i, v := range row[len(row)-len(own):] {
			own[i] += float64(v)
		}
	}
	slices.Sort(own)
	slices.Sort(file.Combined.Want)
	if diff := cmp.Diff(file.Combined.Want, own); diff != "" {
		t.Error("rows of each combination:", diff)
	}
}

// crossedSpec is a polynomial of columns named a, b, c.
func crossedSpec(columns [][]float64, before Scaling, p Polynomial) (Spec, []col, func(*Transform) []string) {
	var spec Spec
	var table []col
	var of []string
	for i, values := range columns {
		name := string(rune('a' + i))
		spec.Features, of = append(spec.Features, Column{Name: name, Scale: before}), append(of, name)
		var list []any
		for _, v := range values {
			list = append(list, v)
		}
		table = append(table, col{name, list})
	}
	spec.Crosses = []Cross{polynomial(p, of...)}
	return spec, table, names
}

// Whatever columns are crossed, a transform that is read again gives the same features as
// the one that was written, of all rows at once and of each alone; combinations of
// categories are told apart as pairs are.
func TestCrossedRowsStandAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(rt, "rows")
		text := rapid.SampledFrom([]any{"x", "x*", "*", `\`, `x\`, `\*x`, missingName, nil, "y"})
		number := rapid.Float64Range(-5, 5)
		table := []col{{name: "k"}, {name: "l"}, {name: "a"}, {name: "b"}}
		pairs := map[[2]any]bool{}
		for r := range n {
			row := []any{text.Draw(rt, "k"), text.Draw(rt, "l"), number.Draw(rt, "a"), number.Draw(rt, "b")}
			if r == 0 {
				row[0], row[1] = "y", "y" // so that the columns have a type
			}
			pairs[[2]any(row[:2])] = true
			for i := range table {
				table[i].values = append(table[i].values, row[i])
			}
		}
		spec := Spec{Features: []Column{chained("k", Step{"hash", &Hash{Buckets: 2}}), {Name: "a"}, chained("l", Step{"hash", &Hash{Buckets: 2}}), {Name: "b", Scale: MinMax}},
			Crosses: []Cross{polynomial(Polynomial{Degree: 3}, "b", "a"), interaction(nil, "k", "l")}}
		tr := fit(t, spec, table...)
		again, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
		if err != nil {
			rt.Fatal(err)
		}
		whole := apply(t, tr, table...)
		if got := len(slices.DeleteFunc(names(tr), func(s string) bool { return !strings.HasPrefix(s, "k*l=") })); got != len(pairs) {
			rt.Fatalf("%d combinations of %d pairs: %q", got, len(pairs), names(tr))
		}
		rows := record(t, table...)
		for r := range n {
			one, err := again.Apply(rows.NewSlice(int64(r), int64(r+1)), false)
			if err != nil {
				rt.Fatal(err)
			}
			if got := vectors(one)[0]; !slices.Equal(got, whole[r]) {
				rt.Fatalf("row %d alone is %v, and %v among others", r, got, whole[r])
			}
		}
	})
}

// A value that is missing is a problem of its column, once, and not one of all that is
// crossed of it.
func TestProblemsOfCrossedRows(t *testing.T) {
	spec := Spec{Features: []Column{{Name: "a"}, {Name: "b", Scale: None}, {Name: "k", Encode: asOneHot(OneHot{Unseen: UnseenError})}, {Name: "l"}},
		Crosses: []Cross{polynomial(Polynomial{Degree: 3}, "a", "b"), interaction([]Step{{"one_hot", &OneHot{Unseen: UnseenError}}}, "k", "l")}}
	tr := fit(t, spec, col{"a", []any{1.0, 2.0}}, col{"b", []any{1.0, 2.0}}, col{"k", []any{"x", "y"}}, col{"l", []any{"u", "v"}})
	later := record(t, col{"a", []any{1.0, nil, 1.0, 1.0, 1.0}}, col{"b", []any{1.0, 1.0, 1e30, 1.0, 1.0}}, col{"k", []any{"x", "x", "x", "z", "x"}}, col{"l", []any{"u", "u", "u", "u", "v"}})
	var got []string
	counts, err := tr.ApplyRows(t.Context(), tableOf(t, later), false, Resources{}, func(_, _ arrow.RecordBatch, problems []string) error {
		got = append(got, problems...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", `column "a": the value is missing`, `column "b^2": 1.0000000000000001e+60 is too large for a float32`, `column "k": category "z" was not there in training`,
		`column "k*l": category "x*v" was not there in training`}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) || want[i] == "" && got[i] != "" {
			t.Errorf("row %d: %q, want %q", i, got[i], want[i])
		}
	}
	if len(counts.Unseen) != 0 || counts.Rows != 5 {
		t.Errorf("counts are %+v", counts)
	}
}

// A column whose own features are all dropped stays, if others are crossed of it.
func TestSelectionOfCrossed(t *testing.T) {
	a, b := col{"a", []any{1.0, 2.0, 4.0, 8.0}}, col{"b", []any{2.0, 2.0, 2.0, 2.0}}
	zero := 0.0
	spec := Spec{Features: []Column{{Name: "b", Scale: None}, {Name: "a"}}, Crosses: []Cross{polynomial(Polynomial{Degree: 2}, "a", "b")}, Select: &Selection{Variance: &zero}}
	tr := fit(t, spec, a, b)
	if got := fmt.Sprint(names(tr), tr.Columns(), tr.Sources()); got != "[a a^2 a*b] [{b float64} {a float64}] map[a*b:[a b] a^2:[a]]" {
		t.Errorf("there are %s", got)
	}
	text := string(written(t, tr))
	again, err := ReadTransform(strings.NewReader(text), All())
	if err != nil {
		t.Fatal(err)
	}
	got := apply(t, again, a, b)
	if row := got[3]; row[2] != 2*row[0] || row[1] != row[0]*row[0] {
		t.Errorf("the last row is %v", row)
	}
	for old, hostile := range map[string]string{
		`"aside": true`:                      `"aside": false`,
		`"column": "a*b"`:                    `"column": "a*c"`,
		"[\n        \"a\",\n        \"b\"\n": "[\n        \"a\",\n        \"c\"\n",
		"[\n        \"a\",\n        \"a\"\n": "[\n        \"a\"\n",
		`"form": "numbers"`:                  `"form": "categories"`,
	} {
		changed := strings.Replace(text, old, hostile, 1)
		if changed == text {
			t.Fatalf("nothing to replace of %q in %s", old, text)
		}
		if _, err := ReadTransform(strings.NewReader(changed), All()); err == nil {
			t.Errorf("a transform with %q is read", hostile)
		}
	}
}

func TestCrossErrors(t *testing.T) {
	table := []col{{"a", []any{1.0, 2.0}}, {"b", []any{1.0, 2.0}}, {"k", []any{"x", "y"}}, {"when", []any{arrow.Date32(1), arrow.Date32(20)}}, {"y", []any{1.0, 2.0}}}
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, c := range []struct {
		cross     Cross
		err, hint string
	}{
		{polynomial(Polynomial{Degree: 2}, "a", "z"), `column "z": it is crossed, and is no feature`, "`features`"},
		{polynomial(Polynomial{Degree: 2}, "a", "y"), `column "y": it is crossed, and is no feature`, ""},
		{polynomial(Polynomial{Degree: 2}, "a", "a"), `column "a": it is crossed with itself`, ""},
		{polynomial(Polynomial{Degree: 2}, "a", "k"), `column "k": it holds categories, and a polynomial is of numbers`, "interaction"},
		{polynomial(Polynomial{Degree: 2, InteractionOnly: true}, "a"), `of 1 columns there are no products`, "two columns"},
		{interaction(nil, "a", "k"), `column "k": it gives categories, and "a" before it numbers`, "ordinal"},
		{interaction(nil, "a", "when"), `column "when": it holds times`, "hour"},
		{interaction(nil, "a", "binned"), "column \"binned\": `bin` makes several features of its number", "output: ordinal"},
		{polynomial(Polynomial{Degree: 4}, many...), `a polynomial of degree 4 of 300 columns has 348881575 features, at most 32768 are possible`, "fewer"},
		{polynomial(Polynomial{Degree: 16}, many...), `a polynomial of degree 16 of 300 columns has 3.`, "fewer"},
		{interaction([]Step{{"one_hot", &OneHot{}}}, "a", "b"), `column "a*b": one_hot takes categories, and the column holds numbers`, ""},
	} {
		spec := Spec{Features: []Column{{Name: "a"}, {Name: "b"}, {Name: "k"}, {Name: "when"}, chained("binned", Step{"bin", &Bin{Count: ptr(2)}})},
			Crosses: []Cross{c.cross}, Target: &Target{Column: "y"}}
		_, err := Fit(t.Context(), spec, tableOf(t, record(t, append(table, col{"binned", []any{1.0, 2.0}})...)), All(), Resources{})
		spec2, ok := err.(*SpecError)
		if !ok || !strings.HasPrefix(err.Error(), c.err) || !strings.Contains(spec2.Fix, c.hint) {
			t.Errorf("%v: got %v", c.err, err)
		}
	}
}
