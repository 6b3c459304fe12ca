package calendar

import (
	"testing"
	"time"
)

// TestAgreesWithTime: every day of 800 years, and some far away, are those of package
// time.
func TestAgreesWithTime(t *testing.T) {
	check := func(days int64) {
		when := time.Unix(days*SecondsPerDay, 0).UTC()
		year, month, day := Civil(days)
		if int(year) != when.Year() || month != int64(when.Month()) || day != int64(when.Day()) {
			t.Fatalf("day %d is %d-%d-%d, want %v", days, year, month, day, when)
		}
		_, week := when.ISOWeek()
		weekday := (int64(when.Weekday())+6)%7 + 1
		if got := Days(year, month, day); got != days {
			t.Fatalf("%v is day %d, want %d", when, got, days)
		}
		if Week(days) != int64(week) || Weekday(days) != weekday || DayOfYear(days) != int64(when.YearDay()) {
			t.Fatalf("%v: week %d, weekday %d, day of the year %d", when, Week(days), Weekday(days), DayOfYear(days))
		}
		if last := time.Date(int(year), time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC); DaysIn(year, month) != int64(last.Day()) {
			t.Fatalf("%d-%d has %d days", year, month, DaysIn(year, month))
		}
		if last := time.Date(int(year), 12, 31, 0, 0, 0, 0, time.UTC); DaysInYear(year) != int64(last.YearDay()) {
			t.Fatalf("%d has %d days", year, DaysInYear(year))
		}
	}
	for days := int64(-200_000); days < 100_000; days++ {
		check(days)
	}
	for days := int64(FirstDay) - 400_000; days < LastDay+400_000; days += 997 {
		check(days)
	}
	for _, c := range []struct{ year, month, day, want int64 }{{FirstYear, 1, 1, FirstDay}, {LastYear, 12, 31, LastDay}} {
		if got := Days(c.year, c.month, c.day); got != c.want {
			t.Errorf("%v is day %d", c, got)
		}
	}
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int64
		to     string
	}{
		{"2024-01-31", 1, "2024-02-29"}, {"2023-01-31", 1, "2023-02-28"}, {"2024-03-31", -1, "2024-02-29"},
		{"1999-12-15", 1, "2000-01-15"}, {"2000-01-15", -13, "1998-12-15"}, {"1970-01-01", 12 * 400, "2370-01-01"},
	} {
		from, _ := time.Parse(time.DateOnly, c.from)
		to, _ := time.Parse(time.DateOnly, c.to)
		if got := AddMonths(from.Unix()/SecondsPerDay, c.months); got != to.Unix()/SecondsPerDay {
			t.Errorf("%s and %d months is day %d, want %s", c.from, c.months, got, c.to)
		}
	}
}
