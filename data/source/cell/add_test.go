package cell

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestAddIsValueAndSet: the short way gives the same counts and the same column.
func TestAddIsValueAndSet(t *testing.T) {
	values := rapid.OneOf(
		rapid.Map(rapid.Int64(), func(v int64) string { return strconv.FormatInt(v, 10) }),
		rapid.Map(rapid.Int64Range(-99999, 99999), func(v int64) string { return strconv.FormatInt(v, 10) }),
		rapid.Map(rapid.Float64Range(-1e9, 1e9), func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }),
		rapid.Custom(func(t *rapid.T) string {
			v := rapid.Float64Range(-2e7, 2e7).Draw(t, "v")
			return strconv.FormatFloat(v, 'f', rapid.IntRange(0, 17).Draw(t, "decimals"), 64)
		}),
		rapid.StringMatching(`-?[0-9]{0,10}\.?[0-9]{0,18}`),
		rapid.StringMatching(`[-+ ]?[0-9.e-]{0,20}`),
		rapid.StringMatching(`[a-zA-Z][a-z ,]{0,20}[a-z0-9 ]{50,70}[ x]`),
		rapid.StringMatching(`[a-zA-Z]{1,9}[ .,]?[a-zA-Z0-9]{0,8}( [0-9m]{1,5})?`),
		rapid.SampledFrom([]string{"USD 5", "USD5.50", "Feb 5, 2024", "March 5", "Jan 12, 2024 5:10 PM", "infinity", "False", "Null", "None", "N.A.", "yes", "Off", "true", "FALSE", "1", "0", "-0", "-0.0", "1.10", "10.5", "2024-01-02", "9999-01-02", "2024-01-02T10:20", "2024-01-02 10:20:30.123456", "2024-01-02 10:20:30.123456789", "9000-01-02 10:20:30", "NA", "", " 5 ", "x", "10:20", "2024-13-01"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		in := &Rules{Missing: NewMissing(rapid.SampledFrom([][]string{nil, {"-", "x"}, {"5"}}).Draw(t, "missing"), true)}
		column := rapid.SampledFrom([]ColumnType{{}, {Type: Int64}, {Type: Float64, Expected: true}}).Draw(t, "column")
		target := TargetOf(rapid.SampledFrom([]Type{String, Int64, Float64, Bool, Date, Timestamp}).Draw(t, "type"))
		list := rapid.SliceOfN(values, 1, 20).Draw(t, "values")
		behind := rapid.SampledFrom([]string{"", ",1", strings.Repeat("9", 40)}).Draw(t, "behind")
		form := rapid.SampledFrom([]Form{Bare, Quoted, Text, Number}).Draw(t, "form")
		var one, two Builder
		var tally, want Tally
		one.Reset(target, len(list))
		two.Reset(target, len(list))
		for row, text := range list {
			raw := []byte(text + behind)[:len(text)]
			if room := one.Room(len(raw)); behind == "" && room != nil {
				raw = append(room, raw...)
			}
			v := want.Value(in, column, form, raw)
			two.Set(in, row, form, raw)
			if got := one.Add(&tally, in, &column, row, form, raw); got != v {
				t.Fatalf("%q: verdict %d, want %d", text, got, v)
			}
		}
		if diff := cmp.Diff(want, tally, cmp.AllowUnexported(Tally{}, example{}, odd{}), cmpopts.IgnoreTypes(&noted{})); diff != "" {
			t.Fatalf("tally (-Value +Add)\n%s", diff)
		}
		if a, b := one.Array(len(list)).String(), two.Array(len(list)).String(); a != b || one.Misfit() != two.Misfit() {
			t.Fatalf("column %s, want %s", a, b)
		}
	})
}

// TestWordyIsText: a text that is wordy is counted as text, and as nothing else.
func TestWordyIsText(t *testing.T) {
	texts := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z]{1,9}[ .,]?[a-zA-Z0-9]{0,8}( [0-9m]{1,5})?`),
		rapid.SampledFrom([]string{"USD 5", "USD5.50", "Feb 5, 2024", "March 5", "Jan 12, 2024 5:10 PM", "sep 1, 2024 10 am", "infinity", "Infinity",
			"false", "False", "true", "Null", "None", "N.A.", "null", "yes", "Off", "group 5", "Category 12", "item", "mayor 5"}),
	)
	in := new(Rules)
	rapid.Check(t, func(t *rapid.T) {
		for _, text := range rapid.SliceOfN(texts, 20, 20).Draw(t, "texts") {
			if !isWordy([]byte(text)) {
				continue
			}
			var tally Tally
			tally.Value(in, ColumnType{}, Bare, []byte(text))
			if tally.classes[classText] != 1 || tally.odd == nil || *tally.odd != (odd{}) {
				t.Fatalf("%q is not only text: %+v, %+v", text, tally.classes, tally.odd)
			}
		}
	})
	for _, text := range []string{"group 5", "Category 12", "remark"} {
		if !isWordy([]byte(text)) {
			t.Errorf("%q takes the long way", text)
		}
	}
}

// TestOverIsNearest compares with strconv, which is exact.
func TestOverIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.Uint64Range(1, math.MaxUint64).Draw(t, "digits")
		exp := rapid.IntRange(0, 19).Draw(t, "exp")
		want, err := strconv.ParseFloat(strconv.FormatUint(digits, 10)+"e-"+strconv.Itoa(exp), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := over(digits, exp); got != want {
			t.Fatalf("%d over 10^%d is %v, want %v", digits, exp, got, want)
		}
	})
}
