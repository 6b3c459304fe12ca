package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/pipeline/settings"
)

// Every kind is complete: it has a name of its own, documentation and settings
// that are well tagged, a new one each time.
func TestKindsAreComplete(t *testing.T) {
	var names []string
	for _, k := range All() {
		names = append(names, k.Name)
		if k.Version < 1 || !strings.HasSuffix(k.Doc, ".") || k.Takes == 0 || k.Takes&Features != 0 || k.Read == nil {
			t.Errorf("%s is not complete: %+v", k.Name, k)
		}
		if err := settings.Check(k.New()); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if err := settings.CheckDocs(k.New()); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if _, err := k.Read(k.Version, json.RawMessage(`{"nobody knows": 1}`)); err == nil {
			t.Errorf("%s reads a state with a key that it does not know", k.Name)
		}
	}
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("two kinds have one name: %v", names)
	}
	if err := settings.Check(new(Step)); err != nil {
		t.Error(err)
	}
	if n := Raised([]Kind{{Version: 1}, {Version: 3}}); n != 2 {
		t.Errorf("two versions more are %d", n)
	}
}

// drawChain draws a chain that goes with numbers, or with texts.
func drawChain(t *rapid.T, texts bool) []Step {
	steps := []Step{}
	pick := func(list ...Step) Step { return rapid.SampledFrom(list).Draw(t, "step") }
	if rapid.Bool().Draw(t, "indicator") {
		steps = append(steps, Step{"indicator", new(Indicator)})
	}
	if texts {
		steps = append(steps, pick(Step{"impute", by(MostFrequent)}, Step{"impute", constant("7")}))
		last := pick(Step{"one_hot", new(OneHot)}, Step{"one_hot", &OneHot{MaxCategories: 3, Unseen: UnseenInfrequent}}, Step{"ordinal", &Ordinal{Unseen: UnseenIgnore}},
			Step{"frequency", &Frequency{As: count}}, Step{"hash", &Hash{Buckets: 5, Signed: true}})
		if steps = append(steps, last); last.Kind == "one_hot" || last.Kind == "hash" {
			return steps
		}
	} else {
		steps = append(steps, pick(Step{"impute", by(Mean)}, Step{"impute", by(Median)}, Step{"impute", by(MostFrequent)}, Step{"impute", constant("7")}))
	}
	zero := 0.0
	steps = append(steps, Step{"clip", &Clip{Min: &zero}})
	for range rapid.IntRange(0, 3).Draw(t, "more") {
		s := pick(Step{"log1p", new(Log1p)}, Step{"sqrt", new(Sqrt)}, does("scale", &Scale{Method: MinMax}), does("scale", &Scale{Method: MaxAbs}),
			does("scale", &Scale{Method: Quantile, Output: rapid.SampledFrom([]Distribution{Uniform, Normal}).Draw(t, "output")}), scaled(Power),
			does("outliers", &Outliers{Rule: rapid.SampledFrom([]OutlierRule{ByIQR, ByZScore, ByQuantiles}).Draw(t, "rule")}),
			does("round", &Round{Digits: 1}), does("log", &Log{Offset: 1}), does("pow", &Pow{Exponent: 0.5}))
		steps = append(steps, s, Step{"clip", &Clip{Min: &zero}})
	}
	if rapid.Bool().Draw(t, "bin") {
		b := &Bin{By: rapid.SampledFrom([]Binning{ByQuantile, ByWidth}).Draw(t, "by"), Output: rapid.SampledFrom([]BinOutput{BinOneHot, BinOrdinal}).Draw(t, "bins")}
		if steps = append(steps, does("bin", b)); b.Output == BinOneHot {
			return steps
		}
	}
	if rapid.Bool().Draw(t, "scale") {
		steps = append(steps, scaled(rapid.SampledFrom([]Scaling{Standard, MinMax, MaxAbs, Robust}).Draw(t, "scaling")))
	}
	return steps
}

// Any chain: what is learned does not depend on the memory that there is, what is
// stored is read as the same, and a row becomes what it becomes alone.
func TestAnyChain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(rt, "rows")
		draw := func(name string, value *rapid.Generator[any]) col {
			return values(name, n, func(int) any { return value.Draw(rt, name) })
		}
		cols := []col{
			draw("x", rapid.Custom(func(t *rapid.T) any {
				return rapid.SampledFrom([]any{nil, 0.0, -3.5, 1e6, math.NaN(), 2.0, 0.25}).Draw(t, "v")
			})),
			draw("s", rapid.Custom(func(t *rapid.T) any { return rapid.SampledFrom([]any{nil, "a", "b", "", "7", "c", "d"}).Draw(t, "v") })),
			draw("i", rapid.Custom(func(t *rapid.T) any {
				return rapid.SampledFrom([]any{nil, int64(3), int64(-9), int64(20)}).Draw(t, "v")
			})),
			draw("d", rapid.Custom(func(t *rapid.T) any {
				return rapid.SampledFrom([]any{nil, arrow.Timestamp(0), arrow.Timestamp(-1), arrow.Timestamp(1.7e15), arrow.Timestamp(9e14)}).Draw(t, "v")
			})),
		}
		cols[3].values[0] = arrow.Timestamp(5)
		cols[0].values[0], cols[1].values[0], cols[2].values[0] = 1.0, "a", int64(1)
		spec := Spec{Features: []Column{chained("x", drawChain(rt, false)...), chained("s", drawChain(rt, true)...), chained("i", drawChain(rt, rapid.Bool().Draw(rt, "categories"))...),
			chained("d", Step{"impute", by(rapid.SampledFrom([]Strategy{Mean, Median, MostFrequent}).Draw(rt, "date"))}, Step{"date", &Date{Cyclic: rapid.Bool().Draw(rt, "cyclic"), Scale: DateScale(rapid.SampledFrom([]Scaling{None, MinMax, Standard}).Draw(rt, "range"))}})}}
		r := tableOf(t, record(t, cols...))
		tr, err := Fit(t.Context(), spec, r, All(), Resources{})
		if err != nil {
			rt.Fatal(err)
		}
		small, err := Fit(t.Context(), spec, r, All(), Resources{held: 1})
		if err != nil || string(written(t, small)) != string(written(t, tr)) {
			rt.Fatalf("with little memory: %v\n%s\n%s", err, written(t, small), written(t, tr))
		}
		guessed, err := Fit(t.Context(), spec, r, All(), Resources{sample: 1})
		if err != nil || string(written(t, guessed)) != string(written(t, tr)) {
			rt.Fatalf("with a sample: %v\n%s\n%s", err, written(t, guessed), written(t, tr))
		}
		again, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
		if err != nil {
			rt.Fatal(err)
		}
		whole := record(t, cols...)
		want := fmt.Sprint(apply(t, tr, cols...))
		var alone []string
		for i := range int64(n) {
			rec, err := again.Apply(whole.NewSlice(i, i+1), false)
			if err != nil {
				rt.Fatal(err)
			}
			alone = append(alone, fmt.Sprint(vectors(rec)[0]))
		}
		if got := fmt.Sprint(alone); got != want {
			rt.Fatalf("alone the rows are\n%s\nnot\n%s", got, want)
		}
	})
}
