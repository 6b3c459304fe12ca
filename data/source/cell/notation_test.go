package cell

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNotationReadsWhatIsWritten writes numbers in notations and reads them.
func TestNotationReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := &Notation{
			Decimal: rapid.SampledFrom([]byte{0, '.', ','}).Draw(rt, "decimal"),
			Group:   rapid.SampledFrom(append([]string{""}, Groups...)).Draw(rt, "group"),
			Percent: rapid.Bool().Draw(rt, "percent"), Accounting: rapid.Bool().Draw(rt, "accounting"),
			Currency: []string{"€", "EUR", "$"},
		}
		point := "."
		if n.Decimal == ',' {
			point = ","
		}
		if n.Group == point {
			n.Group = ""
		}
		whole := rapid.Int64Range(0, 1e15).Draw(rt, "whole")
		s := strconv.FormatInt(whole, 10)
		if n.Group != "" && rapid.Bool().Draw(rt, "grouped") {
			sep := n.Group
			if sep == " " {
				sep = rapid.SampledFrom(spaces).Draw(rt, "space")
			}
			last := 3 // digits of all groups but the last and the first
			if rapid.Bool().Draw(rt, "Indian") {
				last = 2
			}
			head, tail := s[:max(0, len(s)-3)], s[max(0, len(s)-3):]
			for len(head) > last {
				tail, head = head[len(head)-last:]+sep+tail, head[:len(head)-last]
			}
			if s = tail; head != "" {
				s = head + sep + tail
			}
		}
		written := strconv.FormatInt(whole, 10)
		if rapid.Bool().Draw(rt, "fraction") {
			decimals := rapid.StringMatching("[0-9]{1,3}").Draw(rt, "decimals")
			s, written = s+point+decimals, written+"."+decimals
		}
		if n.Percent && rapid.Bool().Draw(rt, "is percent") {
			s, written = s+rapid.SampledFrom([]string{"%", " %", "\u00a0%"}).Draw(rt, "sign"), written+"e-2"
		} else {
			s = strings.Replace(rapid.SampledFrom([]string{"X", "€X", "€ X", "X €", "EUR X", "$X", "X\u202f$"}).Draw(rt, "currency"), "X", s, 1)
		}
		want, _ := strconv.ParseFloat(written, 64)
		if rapid.Bool().Draw(rt, "negative") {
			want = -want
			if s = "-" + s; n.Accounting {
				minus := rapid.SampledFrom([]string{"(X)", "X-", "-X", "( X )"}).Draw(rt, "minus")
				s = strings.Replace(minus, "X", s[1:], 1)
			}
		}
		got, _, ok := (&writing{notation: n}).parse(Float64, []byte(s))
		if v := math.Float64frombits(uint64(got)); !ok || v != want {
			rt.Fatalf("%+v reads %q as %v, %v, want %v", n, s, v, ok, want)
		}
	})
}

// TestNotationRefuses lists what is no number in any notation.
func TestNotationRefuses(t *testing.T) {
	usual := usualNotation(0, ",")
	n := &usual
	for _, s := range []string{"", "-", ",", "%", "$", "()", "(-5)", "--5", "1,23", "1,2345", "12,34,56", "1,,234", ",123", "1234,567",
		"1,234,", "1,23,4567", "1,234,56,789", "5%%", "$5%", "$5$ 6", "1 234", "5 USD 5", "(5", "5)", "1e5%", "1.2.3", "1e", strings.Repeat("1", 70)} {
		if v, _, ok := (&writing{notation: n}).parse(Float64, []byte(s)); ok {
			t.Errorf("%q is read as %v", s, math.Float64frombits(uint64(v)))
		}
	}
}

// FuzzNotation: a number in a notation is one that programs write, or none.
func FuzzNotation(f *testing.F) {
	for _, s := range []string{"($1,234.50)", "-12.5 %", "1.234,5 €", "1'000-"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		new(odd).look(new(Rules), Bare, text)
		for i := range usualNotations {
			var buf [maxNumber]byte
			plain, _, ok := usualNotations[i].number(text, &buf)
			if _, is := scanNumber(plain); ok != is && ok {
				t.Errorf("notation %d takes %q for the number %q", i, text, plain)
			}
		}
	})
}
