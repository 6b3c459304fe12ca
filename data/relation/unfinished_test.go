package relation

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table/tabletest"
)

// The last window is not whole if its rows end well before it does, as those of the windows before did not.
func TestUnfinished(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	every := func(from, to string, step time.Duration, but ...func(time.Time) bool) (list []time.Time) {
		for v := at(from); !v.After(at(to)); v = v.Add(step) {
			left := true
			for _, out := range but {
				left = left && !out(v)
			}
			if left {
				list = append(list, v)
			}
		}
		return list
	}
	const d = 24 * time.Hour
	weekend := func(v time.Time) bool { return v.Weekday() == time.Saturday || v.Weekday() == time.Sunday }
	closed := func(v time.Time) bool { return v.Hour() < 9 || v.Hour() >= 20 }
	hole := func(v time.Time) bool { return v.After(at("2023-03-05 00:00")) && v.Before(at("2023-03-29 00:00")) }
	months := func(n int) (list []time.Time) {
		for i := range n {
			list = append(list, time.Date(2020, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC))
		}
		return list
	}
	for _, c := range []struct {
		name  string
		times []time.Time
		span  string
		last  string // of the window that is not whole; empty: it is
	}{
		{"days", every("2023-01-01 00:00", "2023-10-31 00:00", d), "1mo", ""},
		{"all days but one", every("2023-01-01 00:00", "2023-10-30 00:00", d), "1mo", "2023-10-30T00:00:00Z"},
		{"half", every("2023-01-01 00:00", "2023-10-14 00:00", d), "1mo", "2023-10-14T00:00:00Z"},
		{"weeks", every("2022-01-01 00:00", "2023-09-30 00:00", 7*d), "1mo", ""},
		{"a week is to come", every("2022-01-01 00:00", "2023-09-23 00:00", 7*d), "1mo", "2023-09-23T00:00:00Z"},
		{"weeks with a hole", every("2022-01-01 00:00", "2023-09-16 00:00", 7*d, hole), "1mo", "2023-09-16T00:00:00Z"},
		{"workdays until Friday the 29th", every("2022-01-03 00:00", "2023-09-30 00:00", d, weekend), "1mo", ""},
		{"days of work are to come", every("2022-01-03 00:00", "2023-09-27 00:00", d, weekend), "1mo", "2023-09-27T00:00:00Z"},
		{"opening hours", every("2023-01-01 00:00", "2023-01-20 23:00", 10*time.Minute, closed), "1d", ""},
		{"an afternoon is to come", every("2023-01-01 00:00", "2023-01-20 13:30", 10*time.Minute, closed), "1d", "2023-01-20T13:30:00Z"},
		{"opening hours of a month", every("2023-01-01 00:00", "2023-04-30 23:00", 10*time.Minute, closed), "1mo", ""},
		{"hours", every("2023-01-01 00:00", "2023-01-20 23:00", time.Hour), "1d", ""},
		{"one hour is to come", every("2023-01-01 00:00", "2023-01-20 22:00", time.Hour), "1d", "2023-01-20T22:00:00Z"},
		{"months already", months(30), "1mo", ""},
		{"February", months(26), "1mo", ""},
		{"quarters", months(27), "1q", ""},
		{"two months of a quarter", months(26), "1q", "2022-02-01T00:00:00Z"},
		{"weeks from Monday", every("2023-01-02 00:00", "2023-03-05 00:00", d), "1w", ""},
		{"Saturday", every("2023-01-02 00:00", "2023-03-04 00:00", d), "1w", "2023-03-04T00:00:00Z"},
		{"one time", every("2023-01-02 00:00", "2023-01-02 00:00", d), "1mo", ""},
		{"none", nil, "1mo", ""},
		{"before 1970", every("1950-01-01 00:00", "1950-10-14 00:00", d), "1mo", "1950-10-14T00:00:00Z"},
	} {
		stamps := make([]arrow.Timestamp, len(c.times))
		for i, v := range c.times {
			stamps[i] = arrow.Timestamp(v.UnixMicro())
		}
		span, err := ParseSpan(c.span)
		if err != nil {
			t.Fatal(err)
		}
		r := tabletest.Open(t, tabletest.Table(t, "at", stamps))
		a, err := NewAggregator(r.Schema(), Aggregation{Window: &Window{Column: "at", Every: span, Name: "at"}, Measures: []Measure{{Name: "n", Statistic: Count}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := a.Unfinished(t.Context(), r)
		last := ""
		if u != nil {
			last = u.Last
		}
		if err != nil || last != c.last {
			t.Errorf("%s: the last row is %q, want %q, %v", c.name, last, c.last, err)
		}
	}
}
