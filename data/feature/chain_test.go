package feature

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chained makes a column of a chain.
func chained(name string, steps ...Step) Column { return Column{Name: name, Chain: steps} }

func does(kind string, s Setting) Step { return Step{kind, s} }

func scaled(m Scaling) Step { return does("scale", &Scale{Method: m}) }

// The numbers are those of numpy 2.4.
func TestChainIsThatOfNumpy(t *testing.T) {
	x := col{"x", []any{0.0, 1.0, nil, 1000.0, 31.7, -0.5}}
	column := chained("x", does("impute", by(Median)), does("log1p", new(Log1p)), scaled(Standard))
	tr := fit(t, Spec{Features: []Column{column}}, x)
	got := tr.columns[0].steps[2].Fitted.(scaling)
	if !close12(got.Center, 1.8482128396297288) || !close12(got.Scale, 2.608917156376466) {
		t.Errorf("the scale is %+v", got)
	}
	want := []float32{-0.7084214365000068, -0.4427375764871194, -0.4427375764871194, 1.939709709569351, 0.6282921764177889, -0.9741052965128941}
	for i, v := range apply(t, tr, x) {
		if v[0] != want[i] {
			t.Errorf("row %d is %v, want %v", i, v[0], want[i])
		}
	}
}

func TestNumbersAreThoseOfNumpy(t *testing.T) {
	low, high := -1.0, 3.0
	for _, c := range []struct {
		step     Step
		in, want []float64
	}{
		{does("sqrt", new(Sqrt)), []float64{0, 2, 1e300, 6.25, 0.1}, []float64{0, 1.4142135623730951, 1e+150, 2.5, 0.31622776601683794}},
		{does("log1p", new(Log1p)), []float64{1e-300, 1e-10, -0.5, -0.9999999999999999, 1e308, 0.1},
			[]float64{1e-300, 9.999999999500001e-11, -0.6931471805599453, -36.7368005696771, 709.1962086421661, 0.09531017980432487}},
		{does("clip", &Clip{&low, &high}), []float64{-7, -1, 0.5, 3, 9}, []float64{-1, -1, 0.5, 3, 3}},
		{does("clip", &Clip{Max: &high}), []float64{-7, 9}, []float64{-7, 3}},
		{does("clip", &Clip{Min: &low}), []float64{-7, 9}, []float64{-1, 9}},
	} {
		fitter, err := c.step.Setting.Fit(nil)
		if err != nil {
			t.Fatal(err)
		}
		fitted, err := fitter.Done()
		if err != nil {
			t.Fatal(err)
		}
		v := Values{Numbers: append(c.in, math.NaN()), rows: len(c.in) + 1}
		out := Out{rows: v.rows}
		fitted.Apply(&v, &out)
		for i, want := range c.want {
			if got := v.Numbers[i]; math.Abs(got-want) > 1e-15*math.Abs(want) {
				t.Errorf("%s of %v is %v, want %v", c.step.Kind, c.in[i], got, want)
			}
		}
		if !math.IsNaN(v.Numbers[len(c.want)]) || out.fails != nil {
			t.Errorf("%s of a missing value: %v, %v", c.step.Kind, v.Numbers, out.fails)
		}
	}
}

// asChain is the chain that says the same as a short form.
func asChain(c Column) Column {
	list := chained(c.Name)
	for _, u := range c.brief().uses {
		list.Chain = append(list.Chain, does(u.kind.Name, u.setting))
	}
	return list
}

// The short form is a chain: written as one, it makes the same features.
func TestShortFormIsAChain(t *testing.T) {
	numbers, texts := readOracle(t)
	for _, c := range append(numbers, texts...) {
		column := c.column()
		column.Indicator = column.Impute != nil
		chain := asChain(column)
		if len(chain.Chain) == 0 {
			continue
		}
		counting := values("n", len(c.Train), func(i int) any { return float64(i) })
		spec := func(c Column) Spec { return Spec{Features: []Column{c, {Name: "n"}}} }
		short, long := fit(t, spec(column), col{"x", c.Train}, counting), fit(t, spec(chain), col{"x", c.Train}, counting)
		if diff := cmp.Diff(short.Info(), long.Info()); diff != "" {
			t.Fatalf("%s: %s", c.Name, diff)
		}
		rows := values("n", len(c.Rows), func(i int) any { return float64(i) })
		again, err := ReadTransform(bytes.NewReader(written(t, long)), All())
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		want := apply(t, short, col{"x", c.Rows}, rows)
		for _, tr := range []*Transform{long, again} {
			if diff := cmp.Diff(want, apply(t, tr, col{"x", c.Rows}, rows)); diff != "" {
				t.Errorf("%s: %s", c.Name, diff)
			}
		}
	}
}

// kitchen is a spec with every transform in chains.
func kitchen() Spec {
	least, most := 39.0, 48.5
	return Spec{
		Features: []Column{
			chained("bill", does("indicator", new(Indicator)), does("impute", constant("38.5")), does("clip", &Clip{&least, &most}), does("sqrt", new(Sqrt)), scaled(MinMax)),
			chained("island", does("ordinal", &Ordinal{Unseen: UnseenIgnore}), does("log1p", new(Log1p)), scaled(Robust)),
			chained("sex", does("impute", by(MostFrequent)), does("one_hot", &OneHot{Drop: DropFirst, MaxCategories: 2})),
			chained("year", does("one_hot", new(OneHot))),
			{Name: "tagged", Impute: by(MostFrequent)},
		},
		Target: &Target{Column: "species"},
	}
}

func TestWrittenFormOfChains(t *testing.T) {
	const path = "testdata/chains.json"
	tr := fit(t, kitchen(), penguins()...)
	got := written(t, tr)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run go test ./data/feature -update if this is meant:\n%s", diff)
	}
	again, err := ReadTransform(bytes.NewReader(want), All())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(apply(t, tr, penguins()...), apply(t, again, penguins()...)); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefusesChains(t *testing.T) {
	good := string(written(t, fit(t, kitchen(), penguins()...)))
	for _, c := range []struct{ old, new, err string }{
		{`"version": 2,` + "\n  \"columns\"", `"version": 1,` + "\n  \"columns\"", "not in the form"},
		{`"kind": "sqrt"`, `"kind": "cbrt"`, `column "bill": there is no transform "cbrt"`},
		{`"kind": "log1p",` + "\n          \"version\": 1", `"kind": "log1p",` + "\n          \"version\": 2", "version 2 of log1p cannot be read, want at most 1"},
		{`"kind": "log1p",` + "\n          \"version\": 1", `"kind": "log1p",` + "\n          \"version\": 0", "version 0 of log1p"},
		{`"kind": "log1p"`, `"kind": "one_hot"`, `step 2, one_hot: there are no categories`},
		{`"kind": "sqrt"`, `"kind": "ordinal"`, `ordinal: there are no categories`},
		{`"form": "numbers"`, `"form": "categories"`, `type "float64" is no category`},
		{`"form": "numbers"`, `"form": "features"`, `neither`},
		{`"min": 39`, `"min": 50`, "min: 50 is more than max, 48.5"},
		{`"min": 39`, `"min": 39.0`, "not in the form"},
		{`"min": 39`, `"least": 39`, `unknown field "least"`},
		{`"number": 38.5`, `"text": "?"`, "impute cannot be applied to numbers"},
		{`"type": "string",` + "\n      \"form\": \"categories\"", `"type": "float64",` + "\n      \"form\": \"numbers\"", "ordinal cannot be applied to numbers"},
		{`"kind": "indicator"`, `"kind": "log1p"`, "nowhere"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("the written form does not contain %s", c.old)
			continue
		}
		_, err := ReadTransform(strings.NewReader(bad), All())
		if c.err == "nowhere" { // another transform without settings does as well
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s for %s: got %v, want an error with %q", c.new, c.old, err, c.err)
		}
	}
}

// What a transform fails at is told like any other value that no rule covers.
func TestChainFailures(t *testing.T) {
	training := col{"x", []any{1.0, 2.0, 4.0}}
	for _, c := range []struct {
		column    Column
		later     any
		err, hint string
	}{
		{chained("x", does("log1p", new(Log1p))), -1.0, `column "x", row 2: -1 is not above -1, as log1p needs`, "clip: {min: 0}"},
		{chained("x", does("sqrt", new(Sqrt)), scaled(Standard)), -4.0, `column "x", row 2: -4 is below 0, which has no square root`, "clip: {min: 0}"},
		{chained("x", does("sqrt", new(Sqrt))), nil, `column "x", row 2: the value is missing`, "add `impute: median` to the chain"},
		{chained("x", does("sqrt", new(Sqrt))), 1e100, `column "x", row 2: 1e+50 is too large for a float32`, "add `scale: standard` to the chain"},
		{chained("x", does("outliers", &Outliers{Become: MadeMissing})), 1e9, `column "x", row 2: the value is an outlier, and so is taken for missing`, "behind `outliers`"},
		{chained("x", does("outliers", &Outliers{Become: MadeMissing}), scaled(Standard)), 1e9, `column "x", row 2: the value is an outlier, and so is taken for missing`, "behind `outliers`"},
		{chained("x", does("outliers", &Outliers{Become: MadeMissing}), does("bin", new(Bin))), 1e9, `column "x", row 2: the value is an outlier, and so is taken for missing, and none was missing in training`, "before `bin`"},
		{chained("x", does("outliers", &Outliers{Become: MadeMissing})), nil, `column "x", row 2: the value is missing`, "to the chain"},
		{chained("x", does("clip", &Clip{Max: ptr(5.0)})), math.Inf(1), `column "x", row 2: the value is infinite`, "impute"},
		{chained("x", scaled(Standard), does("sqrt", new(Sqrt))), -4.0, `column "x", row 1: -1.0690449676496978 is below 0, which has no square root`, "clip"},
	} {
		checkError(t, c.err, c.hint, func() error {
			tr, err := Fit(t.Context(), Spec{Features: []Column{c.column}}, tableOf(t, record(t, training)), All(), Resources{})
			if err != nil {
				return err
			}
			_, err = tr.Apply(record(t, col{"x", []any{1.0, c.later}}), false)
			return err
		})
	}
}

// Chains go with the types of columns, or say what does not.
func TestChainsAndTypes(t *testing.T) {
	table := []col{{"f", []any{1.5, 2.0}}, {"i", []any{int64(1), int64(2)}}, {"b", []any{true, false}}, {"s", []any{"a", "b"}}}
	log, hot := does("log1p", new(Log1p)), does("one_hot", new(OneHot))
	for _, c := range []struct {
		column    Column
		err, hint string
	}{
		{chained("f", log), "", ""}, {chained("i", log), "", ""}, {chained("b", log), "", ""},
		{chained("i", hot), "", ""}, {chained("b", hot), "", ""}, {chained("s", hot), "", ""},
		{chained("i", does("impute", by(MostFrequent)), hot), "", ""},
		{chained("s", does("ordinal", new(Ordinal)), scaled(Standard)), "", ""},
		{chained("f", hot), `column "f": one_hot takes categories, and the column holds values of type float64`, "columns"},
		{chained("s", log), `column "s": log1p takes numbers, and the column holds values of type string`, "columns"},
		{chained("s", does("impute", constant("x"))), `column "s": its values are categories at the end of the chain, which are no features yet`, "one_hot"},
		{chained("f", does("impute", constant("x")), log), `column "f": the constant "x" cannot take the place of a missing number`, "{constant: 0}"},
		{chained("f", does("log2", new(Log1p))), `column "f": there is no transform "log2"`, ""},
		{Column{Name: "f", Scale: Standard, Chain: []Step{log}}, `column "f": a chain is all that is done to a column: it has no other settings beside it`, "steps"},
	} {
		f := func() error {
			_, err := Fit(t.Context(), Spec{Features: []Column{c.column}}, tableOf(t, record(t, table...)), All(), Resources{})
			return err
		}
		if c.err != "" {
			checkError(t, c.err, c.hint, f)
		} else if err := f(); err != nil {
			t.Errorf("%+v: %v", c.column, err)
		}
	}
}

// A chain of defaults is for columns that leave everything open.
func TestDefaultChains(t *testing.T) {
	spec := Spec{
		Features: []Column{{Name: "a"}, {Name: "b", Scale: None}, {Name: "s"}},
		Defaults: Defaults{
			Number: chained("", does("impute", by(Mean)), does("sqrt", new(Sqrt))),
			Text:   chained("", does("ordinal", new(Ordinal))),
		},
	}
	n := []any{0.0, 8.0, nil}
	tr := fit(t, spec, col{"a", n}, col{"b", []any{1.0, 2.0, 3.0}}, col{"s", []any{"p", "q", "p"}})
	got := apply(t, tr, col{"a", n}, col{"b", []any{1.0, 2.0, 3.0}}, col{"s", []any{"p", "q", "p"}})
	want := [][]float32{{0, 1, 0}, {float32(math.Sqrt(8)), 2, 1}, {2, 3, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Columns whose order is needed are in memory as far as there is room; what is
// learned is the same.
func TestOrderInLittleMemory(t *testing.T) {
	var spec Spec
	var cols []col
	for i := range 7 {
		name := fmt.Sprint("c", i)
		spec.Features = append(spec.Features, Column{Name: name, Impute: by(Median), Scale: Robust}, chained(name+"x", does("impute", by(Mean)), does("sqrt", new(Sqrt)), scaled(Robust)))
		v := values(name, batchRows+20, func(r int) any {
			if r%11 == i {
				return nil
			}
			return float64((r*7919 + i) % 1009)
		})
		cols = append(cols, v, col{name + "x", v.values})
	}
	r := tableOf(t, record(t, cols...))
	want, err := Fit(t.Context(), spec, r, All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bytes := range []int64{1, 3 * 8 * r.NumRows()} {
		got, err := Fit(t.Context(), spec, r, All(), Resources{held: bytes})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(written(t, want)), string(written(t, got))); diff != "" {
			t.Errorf("with %d bytes: %s", bytes, diff)
		}
	}
}

// A median is searched for where a sample has it, and if that was wrong among all.
func TestMedianWhereASampleMisleads(t *testing.T) {
	const rows, step = 2000, 2000 / sampleRows
	value := func(sampled, other func(r int) any) func(r int) any {
		return func(r int) any {
			if r%step == step/2 {
				return sampled(r)
			}
			return other(r)
		}
	}
	one := func(x float64) func(int) any { return func(int) any { return x } }
	some := func(r int) any {
		if r%5 == 0 {
			return nil
		}
		return float64(r * 7919 % 1009)
	}
	spec := Spec{Target: &Target{Column: "y", Task: Regression}}
	var cols []col
	for name, v := range map[string]func(r int) any{
		"like": some, "high": value(one(5000), some), "low": value(one(-1), some), "none": value(func(int) any { return nil }, some),
		"ties": func(r int) any { return float64(r % 3) }, "rising": func(r int) any { return float64(r) },
	} {
		spec.Features = append(spec.Features, Column{Name: name, Impute: by(Median), Scale: Standard}, chained(name+"x", does("impute", by(Median)), scaled(Robust)))
		cols = append(cols, values(name, rows, v), values(name+"x", rows, v))
	}
	cols = append(cols, values("y", rows, some))
	r := tableOf(t, record(t, cols...))
	want, err := Fit(t.Context(), spec, r, All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Fit(t.Context(), spec, r, All(), Resources{sample: 1, Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written(t, want)), string(written(t, got))); diff != "" {
		t.Error(diff)
	}
}

// The short form is stored without versions, so it is for the first ones.
func TestLaterVersionsAreStoredAsChains(t *testing.T) {
	tr := fit(t, Spec{Features: []Column{{Name: "x"}}}, col{"x", []any{1.0, 2.0}})
	if c := documented(t, tr).Columns[0]; c.Number == nil || c.Chain != nil {
		t.Errorf("the short form is stored as %+v", c)
	}
	tr.columns[0].steps[0].version = 2
	if c := documented(t, tr).Columns[0]; c.Number != nil || len(c.Chain) != 1 || c.Chain[0].Version != 2 {
		t.Errorf("version 2 is stored as %+v", c)
	}
}
