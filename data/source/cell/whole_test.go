package cell

import (
	"testing"

	"pipe/data/table"
)

// TestDecimalWhereWholeIsExpected: numbers with decimals make a column of decimal numbers
// where whole ones are expected, unless a float64 might not hold the others.
func TestDecimalWhereWholeIsExpected(t *testing.T) {
	for _, c := range []struct {
		texts   []string
		want    string
		misfits int64
	}{
		{[]string{"1", "2"}, "int64", 0},
		{[]string{"1", "2.0", "3e2"}, "int64", 0},
		{[]string{"1", "30.5", "NA", "1e-3"}, "float64", 0},
		{[]string{"30.5", "1", "x"}, "string", 2},
		{[]string{"30.5", "9007199254740993"}, "string", 1},
		{[]string{"9007199254740993", "1"}, "int64", 0},
		{[]string{"1", "9223372036854775808"}, "string", 1},
		{[]string{"1", "inf"}, "string", 1},
	} {
		columns, err := (&Contract{Rules: Rules{Missing: NewMissing(nil, true)}, Expected: []Typed{{Name: "a", Type: Int64}}}).Columns("in", []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		var parts [2]Tally
		for i, text := range c.texts {
			parts[min(i, 1)].Value(columns.in, columns.Types[0], Bare, []byte(text))
		}
		parts[0].Add(&parts[1], 1)
		p := (&Survey{Columns: columns, Tallies: parts[:1], Rows: int64(len(c.texts))}).Plan()
		n := int64(0)
		if m := p.Found()[0].Misfits; m != nil {
			n = m.Count
		}
		if got := table.TypeName(p.Schema.Field(0).Type); got != c.want || n != c.misfits {
			t.Errorf("%q: %s with %d misfits, want %s with %d", c.texts, got, n, c.want, c.misfits)
		}
		var b Builder
		b.Reset(p.Targets[0], len(c.texts))
		for row, text := range c.texts {
			b.Set(columns.in, row, Bare, []byte(text))
		}
		if b.Misfit() {
			t.Errorf("%q: a value is none of the type of the column", c.texts)
		}
	}
}

// TestTruthWhereNumbersAreExpected: data that tell truth values from words have 1 and 0 for
// numbers.
func TestTruthWhereNumbersAreExpected(t *testing.T) {
	for _, typ := range []Type{Int64, Float64, String, Date} {
		column := ColumnType{Type: typ, Expected: true}
		var tally Tally
		var b Builder
		b.Reset(TargetOf(typ), 2)
		for row, text := range []string{"true", "false"} {
			tally.Value(new(Rules), column, Truth, []byte(text))
			b.Set(new(Rules), row, Truth, []byte(text))
		}
		if fits := tally.misfits() == 0; fits != (typ != Date) || fits == b.Misfit() {
			t.Errorf("%s: %d misfits, %v", typ, tally.misfits(), b.Misfit())
		}
		if texts, _, err := table.Texts(b.Array(2)); isNumber(typ) && (err != nil || texts[0] != "1" || texts[1] != "0") {
			t.Errorf("%s: %q, %v", typ, texts, err)
		}
	}
}
