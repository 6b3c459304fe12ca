package cell

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTimesOfNoType: times that no type holds make text of a column, and that is told.
func TestTimesOfNoType(t *testing.T) {
	for _, c := range []struct{ beyond, other, want string }{
		{"2262-04-11T23:47:16.854775808Z", "2024-01-01T00:00:00.000000001Z", "no type holds 1 of its 2 times"},
		{"2024-01-01 00:00:00.1234567891+01:00", "2024-01-01T00:00:00Z", "no type holds 1 of its 2 times"},
		{"2024-01-01T00:00:00.1234567891", "2024-01-01", "no type holds 1 of its 2 times"},
		{"15:04:05.1234567891", "15:04", "no type holds 1 of its 2 times"},
		{"15:04:05.1234567891x", "15:04", ""},
	} {
		var tally Tally
		rules := &Rules{Missing: NewMissing(nil, true)}
		for _, text := range []string{c.other, c.beyond} {
			tally.Value(rules, ColumnType{}, Bare, []byte(text))
		}
		if got := tally.doubt(); tally.Type() != String || !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s beside %s: %v, %q, want %q", c.beyond, c.other, tally.Type(), got, c.want)
		}
	}
}

// TestNumbersOfTheData: a number of JSON, a workbook or a database keeps its value,
// to the 15 digits that any float64 keeps, or its text, and then that is told.
func TestNumbersOfTheData(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		digits := func(n int) string {
			return rapid.StringMatching("[1-9][0-9]{"+strconv.Itoa(max(0, n-1))+"}").Draw(rt, "digits")
		}
		text := digits(rapid.IntRange(1, 30).Draw(rt, "whole"))
		if rapid.Bool().Draw(rt, "decimals") {
			text += "." + digits(rapid.IntRange(1, 25).Draw(rt, "length"))
		}
		if rapid.Bool().Draw(rt, "exponent") {
			text += rapid.SampledFrom([]string{"e", "E", "e+", "e-", "e0", "e-0"}).Draw(rt, "e") + strconv.Itoa(rapid.IntRange(0, 400).Draw(rt, "power"))
		}
		if rapid.Bool().Draw(rt, "negative") {
			text = "-" + text
		}
		rules := &Rules{Missing: NewMissing(nil, true)}
		var tally Tally
		tally.Value(rules, ColumnType{}, Number, []byte(text))
		typ := tally.Type()
		if typ == String {
			if tally.doubt() == "" {
				rt.Fatalf("%s is text, and nobody says so", text)
			}
			return
		}
		var b Builder
		b.Reset(TargetOf(typ), 1)
		b.Set(rules, 0, Number, []byte(text))
		if b.Misfit() {
			rt.Fatalf("%s is no %s", text, typ)
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			rt.Fatal(text)
		}
		switch typ {
		case Int64:
			if exact.Cmp(new(big.Rat).SetInt64(b.values[0])) != 0 {
				rt.Fatalf("%s became %d", text, b.values[0])
			}
		case Float64:
			mantissa, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
			significant := len(strings.TrimRight(strings.ReplaceAll(mantissa, ".", ""), "0"))
			back := strconv.FormatFloat(b.floats()[0], 'e', max(0, min(significant, 15)-1), 64)
			again, _ := new(big.Rat).SetString(back)
			if small := math.Abs(b.floats()[0]) < leastNormal; small {
				// Numbers this small have fewer digits, the smallest of them one.
				back = strconv.FormatFloat(b.floats()[0], 'e', significant-1, 64)
				if again, _ = new(big.Rat).SetString(back); (again.Cmp(exact) == 0) != (tally.classes[classLost] == 0) && significant <= 17 {
					rt.Fatalf("%s became %s, and %d are lost", text, back, tally.classes[classLost])
				}
				return
			}
			if significant <= 15 && again.Cmp(exact) != 0 && tally.classes[classExcess] == 0 {
				rt.Fatalf("%s became %s", text, back)
			}
		default:
			rt.Fatalf("%s is %s", text, typ)
		}
	})
}
