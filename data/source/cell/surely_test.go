package cell

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

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
			if significant <= 15 && again.Cmp(exact) != 0 && tally.classes[classExcess] == 0 {
				rt.Fatalf("%s became %s", text, back)
			}
		default:
			rt.Fatalf("%s is %s", text, typ)
		}
	})
}
