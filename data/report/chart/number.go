package chart

import (
	"math"
	"strconv"
	"strings"
)

// Number writes a value for people, with a number of significant digits: a
// true minus sign, thin spaces between thousands from 10 000, and powers of
// ten where plain digits would be long.
func Number(v float64, digits int) string { return number(v, digits, true) }

// Digits is Number with zeros at the end, so that values of one kind look
// equally exact.
func Digits(v float64, digits int) string { return number(v, digits, false) }

// Decimals writes a value with a fixed number of decimals, unless it is so
// large that Number is easier to read.
func Decimals(v float64, decimals int) string {
	if !finite(v) || math.Abs(v) >= 1e6 {
		return Number(v, decimals)
	}
	return plain(v, decimals, false)
}

func number(v float64, digits int, trim bool) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v == 0:
		return "0"
	}
	exponent := exponentOf(v, digits)
	if exponent < -4 || exponent >= max(digits, 7) {
		return scientific(v, digits)
	}
	return plain(v, max(0, digits-1-exponent), trim)
}

// Count writes a whole number for people.
func Count(n int64) string { return group(strings.Replace(strconv.FormatInt(n, 10), "-", "−", 1)) }

// Percentage writes a share as a percentage with a number of decimals.
func Percentage(v float64, decimals int) string {
	if !finite(v) {
		return Number(v, 1)
	}
	return plain(v*100, decimals, false) + "%"
}

// exponentOf is the power of ten of the leading digit after rounding.
func exponentOf(v float64, digits int) int {
	s := strconv.FormatFloat(v, 'e', digits-1, 64)
	e, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	return e
}

func scientific(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'e', digits-1, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	e, _ := strconv.Atoi(exp)
	mantissa = strings.Replace(mantissa, "-", "−", 1)
	power := "10" + superscript(e)
	if mantissa == "1" {
		return power
	}
	return mantissa + "×" + power
}

func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
		"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// plain writes a value with a number of decimals; trim drops zeros at the end.
func plain(v float64, decimals int, trim bool) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if trim && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return group(strings.Replace(s, "-", "−", 1))
}

// group puts thin spaces between the thousands of numbers from 10 000.
func group(s string) string {
	whole, fraction, dotted := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "−")
	if len(digits) < 5 {
		return s
	}
	var b strings.Builder
	b.WriteString(whole[:len(whole)-len(digits)])
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString("\u2009")
		}
		b.WriteByte(digits[i])
	}
	if dotted {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// labels writes ticks with the same number of decimals, as many as the step
// needs.
func labels(ticks []float64, step float64, percent bool) []string {
	var largest float64
	for _, t := range ticks {
		largest = max(largest, math.Abs(t))
	}
	percent = percent && largest < 1e6
	if percent {
		step *= 100
	}
	decimals := 0
	for s := step; decimals < 12 && math.Abs(s-math.Round(s)) > 1e-6*s; decimals++ {
		s *= 10
	}
	out := make([]string, len(ticks))
	for i, t := range ticks {
		switch {
		case percent:
			out[i] = Percentage(t, decimals)
		case largest >= 1e7 || step < 1e-5:
			out[i] = Number(t, min(15, 1+max(1, exponentOf(largest, 3)-exponentOf(step, 3))))
		default:
			out[i] = plain(t, decimals, false)
		}
	}
	return out
}
