package cell

import (
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNumbersAgreeWithStrconv draws decimal numbers of every shape.
func TestNumbersAgreeWithStrconv(t *testing.T) {
	digits := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789")), 0, 25, -1)
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom([]string{"", "-", "+"}).Draw(rt, "sign") + digits.Draw(rt, "whole")
		if rapid.Bool().Draw(rt, "point") {
			s += "." + digits.Draw(rt, "fraction")
		}
		if rapid.Bool().Draw(rt, "exponent") {
			s += rapid.SampledFrom([]string{"e", "E", "e-", "e+"}).Draw(rt, "e") +
				strconv.Itoa(rapid.IntRange(0, 400).Draw(rt, "exp"))
		}
		wantFloat, err := strconv.ParseFloat(s, 64)
		gotFloat, ok := parseFloat([]byte(s))
		if ok != (err == nil) || ok && math.Float64bits(gotFloat) != math.Float64bits(wantFloat) {
			rt.Fatalf("parseFloat(%q) = %v, %v; strconv gives %v, %v", s, gotFloat, ok, wantFloat, err)
		}
		if accepted := Float64.Accepts([]byte(s)); accepted != ok {
			rt.Fatalf("accepts(%q) = %v, parseFloat gives %v", s, accepted, ok)
		}
		exact, isNumber := new(big.Rat).SetString(s)
		isInt := isNumber && exact.IsInt() && exact.Num().IsInt64()
		gotInt, ok := parseInt([]byte(s))
		if ok != isInt || ok && gotInt != exact.Num().Int64() {
			rt.Fatalf("parseInt(%q) = %v, %v, math/big gives %v", s, gotInt, ok, exact)
		}
	})
	for _, s := range []string{"", "-", ".", "-.", "e1", "1e", "1e+", "0x1", "1_0", "iNF", "infinit", "NaN", "1 ", "--1", "1.2.3", "1e1.5"} {
		if v, ok := parseFloat([]byte(s)); ok {
			t.Errorf("parseFloat(%q) = %v, want none", s, v)
		}
	}
}

// TestTimesAgreeWithTime compares dates and timestamps with package time.
func TestTimesAgreeWithTime(t *testing.T) {
	layouts := []string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05.999999-0700", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly}
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(rt, "zone"))
		at := time.UnixMicro(rapid.Int64Range(-62135596800000000, 253402214400000000).Draw(rt, "time")).In(zone)
		layout := rapid.SampledFrom(layouts).Draw(rt, "layout")
		s := at.Format(layout)
		want, err := time.Parse(layout, s)
		got, ok := parseTimestamp([]byte(s))
		if err != nil || !ok || got != want.UnixMicro() {
			rt.Fatalf("parseTimestamp(%q) = %v, %v, want %v, %v", s, got, ok, want.UnixMicro(), err)
		}
		s = rapid.StringMatching(`[0-9]{4}-[0-3][0-9]-[0-3][0-9]`).Draw(rt, "date")
		want, err = time.Parse(time.DateOnly, s)
		days, ok := parseDate([]byte(s))
		if ok != (err == nil) || ok && int64(days)*86400 != want.Unix() {
			rt.Fatalf("parseDate(%q) = %v, %v, want %v, %v", s, days, ok, want, err)
		}
	})
}
