package format

import (
	"fmt"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/profile"
	"pipe/data/table"
)

// Histogram says how numbers and times are spread. It is nil where their values are
// better listed: there are none, or few different ones.
func (c *Column) Histogram() *profile.Histogram {
	few := c.Distinct != nil && c.Distinct.N <= 3
	if few || c.Numbers == nil || c.Numbers.Histogram == nil || len(c.Numbers.Histogram.Count) < 2 {
		return nil
	}
	return c.Numbers.Histogram
}

// Frequent lists the most frequent values with their shares of those that there
// are, each with at most so many characters. It is empty where none is frequent;
// where each is there once their shares say nothing.
func (c *Column) Frequent(rows int64, most, width int) string {
	var parts []string
	for i, top := range c.Top[:min(len(c.Top), most)] {
		share, percent := "<1%", 100*float64(top.N)/float64(max(rows-c.Missing, 1))
		if percent >= 1 {
			share = fmt.Sprintf("%.0f%%", percent)
		} else if i == 0 {
			return ""
		}
		if share = " " + share; c.Top[0].N == 1 && len(c.Top) > 1 {
			share = ""
		}
		parts = append(parts, Clip(top.Value, width)+share)
	}
	return strings.Join(parts, ", ")
}

// Median is that of numbers, if there are any; that of times is none that people
// read.
func (c *Column) Median() (value float64, ok bool) {
	if c.Numbers == nil || !table.ClassNamed(c.Type).Numeric() {
		return 0, false
	}
	return c.Numbers.Quantile(.5)
}

// Clip is the beginning of a long text, without what steers a terminal. A short one
// that would not be seen as it is, since it is empty or has blanks around it, is in
// quotes.
func Clip(s string, width int) string {
	text := diag.Visible(s)
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	if s == "" || strings.TrimSpace(s) != s {
		return strconv.Quote(text)
	}
	return text
}
