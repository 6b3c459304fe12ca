package cell

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/tensor"
)

func TestListTexts(t *testing.T) {
	for _, c := range []struct {
		text string
		of   tensor.Type
		want string // the elements, or what is wrong
	}{
		{"[]", tensor.F32, "[]"},
		{"[ ]", tensor.F32, "[]"},
		{"[0.5, -2,1e-3]", tensor.F32, "[0.5 -2 0.001]"},
		{"[0.5 -2.\n 3.  ]", tensor.F32, "[0.5 -2 3]"}, // as NumPy writes it
		{" [1]\t", tensor.I32, "[1]"},
		{"[1, 2.0, 3e2]", tensor.I32, "[1 2 300]"},
		{"[0, 255]", tensor.U8, "[0 255]"},
		{"[256]", tensor.U8, "element 1 is 256, and lists have whole numbers from 0 to 255"},
		{"[1, 2147483648]", tensor.I32, "element 2 is 2147483648, and lists have whole numbers of 32 bits"},
		{"[1.5]", tensor.I32, "element 1 is 1.5, and lists have whole numbers of 32 bits"},
		{"[1e39]", tensor.F32, "element 1 is 1e39, and lists have numbers that a float32 reaches"},
		{"[1, null]", tensor.F32, "element 2 is missing (null)"},
		{"[nan 1]", tensor.F32, "element 1 is missing (nan)"},
		{"[[1], [2]]", tensor.F32, "element 1 is a list or an object itself"},
		{`["x"]`, tensor.F32, `element 1 is "x", which is no number`},
		{"[1,]", tensor.F32, "a number is missing beside a comma"},
		{"[,1]", tensor.F32, "a number is missing beside a comma"},
		{"[1,,2]", tensor.F32, "a number is missing beside a comma"},
		{"[1 2 ... 9]", tensor.F32, "element 3 is ..., which is no number"},
		{"[0x10]", tensor.F32, "element 1 is 0x10, which is no number"},
		{"1, 2", tensor.F32, "it is not in brackets"},
		{"[", tensor.F32, "it is not in brackets"},
		{"", tensor.F32, "it is not in brackets"},
		{"[1] [2]", tensor.F32, "element 1 is 1], which is no number"},
	} {
		got, why := ParseList(c.text, c.of)
		if s := fmt.Sprint(got); why == "" && s != c.want || why != "" && why != c.want {
			t.Errorf("%q as %s: %v, %q; want %s", c.text, c.of, s, why, c.want)
		}
	}
}

// TestListsAsJSON: what JSON calls a list of numbers is one, with the same numbers.
func TestListsAsJSON(t *testing.T) {
	number := rapid.OneOf(rapid.StringMatching(`-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,12})?([eE][+-]?[0-9])?`), rapid.Map(rapid.Float32(), func(v float32) string {
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	}).Filter(func(s string) bool { return !strings.ContainsAny(s, "NI") }))
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(number, 0, 9).Draw(rt, "numbers")
		text := "[" + strings.Join(texts, rapid.SampledFrom([]string{",", " ,", ", ", ",\n\t"}).Draw(rt, "comma")) + "]"
		var want []float64
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			rt.Fatal(err)
		}
		got, why := ParseList(text, tensor.F32)
		if why != "" || len(got) != len(want) {
			rt.Fatalf("%s: %v, %s", text, got, why)
		}
		for i, v := range want {
			if got[i] != v {
				rt.Fatalf("%s: %v, want %v", text, got, want)
			}
		}
		// Builders store what ParseList gives, and tallies what becomes of them.
		var tally Tally
		var b Builder
		rules := new(Rules)
		if tally.Value(rules, ColumnType{}, Listed, []byte(text)) != Fine {
			rt.Fatal("it is no list")
		}
		target := TargetOf(tally.Type()).lists(&tally)
		b.Reset(target, 1)
		b.Set(rules, 0, Listed, []byte(text))
		rows, _ := table.Lists(b.Array(1))
		if b.Misfit() || rows.Len() != len(want) {
			rt.Fatalf("%s: %v as %v", text, rows, target)
		}
		lost := false
		for i, v := range want {
			if rows.At(i) != v && rows.At(i) != float64(float32(v)) {
				rt.Fatalf("%s: %v", text, rows)
			}
			// A float32 keeps a number if its shortest text is the number.
			s := scanList([]byte("[" + texts[i] + "]"))
			s.next()
			_, kept, _ := s.element(tensor.F32)
			shortest, _ := strconv.ParseFloat(strconv.FormatFloat(float64(float32(v)), 'g', -1, 32), 64)
			if want := shortest == v || float64(float32(v)) == v; kept != want && (v > 1e-37 || v < -1e-37) {
				rt.Fatalf("%s is kept: %v", texts[i], kept)
			}
			lost = lost || !kept
		}
		if lost != (tally.lists.rounded == 1) {
			rt.Fatalf("%s: %d rounded", text, tally.lists.rounded)
		}
	})
}

func TestListTypes(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"[1, 2]", "[3, 4]"}, "i32[2]"},
		{[]string{"[1, 2]", "[3]"}, "i32[]"},
		{[]string{"[]", "[3]"}, "i32[]"},
		{[]string{"[]"}, "i32[]"},
		{[]string{"[1, 2]", "[3, 4.0]"}, "vector[2]"},
		{[]string{"[1, 2]", "[3, 4e0]"}, "vector[2]"},
		{[]string{"[1, 2147483648]"}, "vector[2]"}, // no ids
		{[]string{"[0.5]", "[]"}, "f32[]"},
	} {
		for split := range c.texts {
			var parts [2]Tally
			for i, text := range c.texts {
				parts[min(1, i/max(1, split))].Value(new(Rules), ColumnType{}, Listed, []byte(text))
			}
			parts[0].Add(&parts[1], 1)
			if got := table.TypeName(TargetOf(parts[0].Type()).lists(&parts[0]).Arrow()); got != c.want {
				t.Errorf("%q: %s, want %s", c.texts, got, c.want)
			}
		}
	}
}
