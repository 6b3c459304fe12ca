package cell

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLayoutsAgreeWithTime writes moments as package time does and reads them.
func TestLayoutsAgreeWithTime(t *testing.T) {
	dates := [][2]string{{"%Y-%m-%d", "2006-01-02"}, {"%d.%m.%Y", "02.01.2006"}, {"%m/%d/%Y", "1/2/2006"}, {"%d. %B %Y", "2. January 2006"},
		{"%a, %d %b %Y", "Mon, 02 Jan 2006"}, {"%A %Y/%m/%d", "Monday 2006/01/02"}, {"%Y%m%d", "20060102"}, {"%Y-%j", "2006-002"}, {"%d%%%m%%%y", "02%01%06"}}
	clocks := [][2]string{{"", ""}, {" %H:%M", " 15:04"}, {"T%H:%M:%S", "T15:04:05"}, {" %T.%f", " 15:04:05.000000"}, {" %I:%M:%S %p", " 3:04:05 PM"},
		{" %H%M%S%z", " 150405-0700"}, {" %H:%M:%S %z", " 15:04:05 Z07:00"}}
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.UTC
		date, clock := rapid.SampledFrom(dates).Draw(rt, "date"), rapid.SampledFrom(clocks).Draw(rt, "clock")
		if strings.Contains(clock[0], "%z") {
			zone = time.FixedZone("", 60*rapid.IntRange(-1400, 1400).Draw(rt, "zone"))
		}
		from := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
		if strings.Contains(date[0], "%y") {
			from = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
		}
		to := time.Date(2068, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
		written := time.UnixMicro(rapid.Int64Range(from, to).Draw(rt, "time")).In(zone).Format(date[1] + clock[1])
		want, err := time.ParseInLocation(date[1]+clock[1], written, time.UTC)
		if err != nil {
			rt.Fatal(err)
		}
		l, _, err := ParseLayout(date[0] + clock[0])
		if err != nil {
			rt.Fatal(err)
		}
		got, _, ok := (&writing{layout: l}).parse(Timestamp, []byte(written))
		if !ok || got != want.UnixMicro() {
			rt.Fatalf("%s reads %q as %v, %v, want %v", l, written, time.UnixMicro(got).UTC(), ok, want.UTC())
		}
		if wantType := Timestamp; clock[0] == "" {
			wantType = Date
			if l.Type() != wantType {
				rt.Fatalf("%s is %v", l, l.Type())
			}
		}
	})
}

// TestLayoutsRefuse lists texts that are not as a layout has them.
func TestLayoutsRefuse(t *testing.T) {
	for layout, texts := range map[string]string{
		"%d.%m.%Y":    "29.02.2023|31.04.2024|1.1.24|0.1.2024|1.13.2024|01.01.2024 |01.01.20245|+1.01.2024|",
		"%Y%m%d":      "2024111|202401011|20241301",
		"%H:%M:%S":    "24:00:00|1:60:00|1:00:60|1:00",
		"%I:%M %p":    "0:10 AM|13:10 PM|1:10",
		"%a %Y-%m-%d": "Tue 2024-01-01|Mo 2024-01-01",
		"%Y-%j":       "2023-366|2024-367|2024-0",
		"%H:%M:%S.%f": "1:00:00.|1:00:00.1234567891",
		"unix":        "1.5|x|",
	} {
		l, _, err := ParseLayout(layout)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(texts, "|") {
			if m, ok := l.read([]byte(text)); ok {
				t.Errorf("%s reads %q as %+v", layout, text, m)
			}
		}
	}
}

// TestWrongLayouts: a layout that is no one's date is refused, where it can be at
// its place.
func TestWrongLayouts(t *testing.T) {
	for layout, want := range map[string]string{
		"": "empty", "dd.mm.yyyy": "no directives", "%d.%m.%Q": "6 %Q is no directive", "%d.%m": "without those above it", "%Y %": "3 ",
		"%Y-%Y-%d": "twice", "%Y %y": "two ways", "%I:%M": "AM or PM", "%H:%S": "without those above it", "%j %d %Y": "day of the year", "%M": "needs an hour",
		"%H:%M %z": "zone without a date", "%m %b %Y": "two ways",
	} {
		l, at, err := ParseLayout(layout)
		if got := fmt.Sprint(at, " ", err); err == nil || !strings.Contains(got, want) {
			t.Errorf("%q: %v, %s, want %s", layout, l, got, want)
		}
	}
}

// TestZones: a time in a zone is the first of two, and none that clocks leave out.
func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	w := &writing{notation: &Notation{Zone: berlin}}
	for text, want := range map[string]string{
		"2024-07-01 12:00": "2024-07-01T10:00:00Z", "2024-01-01 12:00": "2024-01-01T11:00:00Z", "2024-10-27 02:30": "2024-10-27T00:30:00Z",
		"2024-10-27 02:30+01": "", "2024-10-27 02:30:00+01": "2024-10-27T01:30:00Z", "2024-03-31 02:30": "", "2024-03-31 03:00": "2024-03-31T01:00:00Z",
	} {
		got, _, ok := w.parse(Timestamp, []byte(text))
		if text := time.UnixMicro(got).UTC().Format(time.RFC3339); ok != (want != "") || ok && text != want {
			t.Errorf("%s is %s, %v, want %s", text, text, ok, want)
		}
		if is, _ := w.notation.classify([]byte(text)); (is == classTimestamp) != ok {
			t.Errorf("%s is of class %d, but parse says %v", text, is, ok)
		}
	}
}

// FuzzLayout: what a layout reads is a moment of a day.
func FuzzLayout(f *testing.F) {
	for _, u := range usualDates {
		f.Add(u.layout+" %H:%M", []byte("1/2/2024 03:04"))
	}
	f.Add("unix_ms", []byte("-1"))
	f.Fuzz(func(t *testing.T, layout string, text []byte) {
		new(odd).look(&Rules{}, Bare, text)
		classify(text)
		l, at, err := ParseLayout(layout)
		if err != nil {
			if at < 0 || at > len(layout) {
				t.Errorf("%q is wrong at %d", layout, at)
			}
			return
		}
		if m, ok := l.read(text); ok && (m.nanos < 0 || m.nanos >= perDay*1e9) {
			t.Errorf("%q reads %q as %+v", layout, text, m)
		}
		(&writing{layout: l}).parse(l.Type(), text)
	})
}
