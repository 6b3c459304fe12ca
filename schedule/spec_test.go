package schedule

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"
)

func parseTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func formatAll(times []time.Time) []string {
	var out []string
	for _, t := range times {
		out = append(out, t.Format(time.RFC3339))
	}
	return out
}

func TestNextAcrossClockJumps(t *testing.T) {
	tests := []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"no jump", "0 3 * * *", "Europe/London", "2026-01-01T12:00:00Z",
			[]string{"2026-01-02T03:00:00Z", "2026-01-03T03:00:00Z"}},
		{"offset follows summer time", "0 3 * * *", "Europe/London", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T03:00:00+01:00", "2026-03-30T03:00:00+01:00"}},
		{"reading left out runs at the jump", "30 1 * * *", "Europe/London", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T02:00:00+01:00", "2026-03-30T01:30:00+01:00"}},
		{"several left out run once", "*/20 1 * * *", "Europe/London", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T02:00:00+01:00", "2026-03-30T01:00:00+01:00"}},
		{"left out and the one at the jump are one", "30 1,2 * * *", "Europe/London", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T02:00:00+01:00", "2026-03-29T02:30:00+01:00"}},
		{"after the jump itself it is over", "30 1 * * *", "Europe/London", "2026-03-29T01:00:00Z",
			[]string{"2026-03-30T01:30:00+01:00"}},
		{"every hour keeps its pace over the gap", "30 * * * *", "Europe/London", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T00:30:00Z", "2026-03-29T02:30:00+01:00", "2026-03-29T03:30:00+01:00"}},
		{"repeated hour runs the first time", "30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T01:30:00+01:00", "2026-10-26T01:30:00Z"}},
		{"inside the second pass nothing runs", "*/15 1 * * *", "Europe/London", "2026-10-25T01:10:00Z",
			[]string{"2026-10-26T01:00:00Z"}},
		{"midway through the first pass", "*/15 1 * * *", "Europe/London", "2026-10-25T00:35:00Z",
			[]string{"2026-10-25T01:45:00+01:00", "2026-10-26T01:00:00Z"}},
		{"end of the repeated hour is no repeat", "0 2 * * *", "Europe/London", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"}},
		{"every hour runs both passes", "30 * * * *", "Europe/London", "2026-10-25T00:00:00Z",
			[]string{"2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}},
		{"midnight left out", "0 0 * * *", "America/Santiago", "2025-09-06T12:00:00Z",
			[]string{"2025-09-07T01:00:00-03:00", "2025-09-08T00:00:00-03:00"}},
		{"midnight repeated", "30 23 * * *", "America/Santiago", "2026-04-04T12:00:00Z",
			[]string{"2026-04-04T23:30:00-03:00", "2026-04-05T23:30:00-04:00"}},
		{"half an hour left out", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"whole day left out", "0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
			[]string{"2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00"}},
		{"29 February", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z",
			[]string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
		{"weekdays", "0 3 * * mon-fri", "UTC", "2026-11-20T12:00:00Z",
			[]string{"2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z"}},
		{"day of month or day of week", "0 0 13 * 5", "UTC", "2026-11-10T00:00:00Z",
			[]string{"2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"}},
		{"7 is Sunday", "0 0 * * 7", "UTC", "2026-11-23T00:00:00Z",
			[]string{"2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"}},
		{"shorthand", "@weekly", "UTC", "2026-11-23T00:00:00Z",
			[]string{"2026-11-29T00:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := Spec{Cron: tt.cron, Timezone: tt.zone}
			if err := spec.Validate(); err != nil {
				t.Fatal(err)
			}
			var got []time.Time
			at := parseTime(t, tt.after)
			for range tt.want {
				next, ok := spec.Next(at)
				if !ok {
					t.Fatalf("no tick after %v", at)
				}
				got = append(got, next)
				at = next
			}
			if diff := cmp.Diff(tt.want, formatAll(got)); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateNamesTheWrongField(t *testing.T) {
	tests := []struct {
		spec  Spec
		field string
		want  string
	}{
		{Spec{}, "cron", `"" has 0 fields instead of 5`},
		{Spec{Cron: "0 3 * *"}, "cron", `"0 3 * *" has 4 fields instead of 5`},
		{Spec{Cron: "60 3 * * *"}, "cron", `minute "60": 60 is not between 0 and 59`},
		{Spec{Cron: "0 24 * * *"}, "cron", `hour "24": 24 is not between 0 and 23`},
		{Spec{Cron: "0 3 0 * *"}, "cron", `day of month "0": 0 is not between 1 and 31`},
		{Spec{Cron: "0 3 * juni *"}, "cron", `month "juni": "juni" is neither a number nor a name such as "jan"`},
		{Spec{Cron: "0 3 * * fri-mon"}, "cron", `day of week "fri-mon": the range fri-mon ends before it begins`},
		{Spec{Cron: "0 3,,4 * * *"}, "cron", `hour "3,,4": empty element in the list`},
		{Spec{Cron: "0/15 * * * *"}, "cron", `minute "0/15": a step needs a range: write 0-59/15 or */15`},
		{Spec{Cron: "*/0 * * * *"}, "cron", `minute "*/0": step "0" is not between 1 and 59`},
		{Spec{Cron: "*-5 * * * *"}, "cron", `minute "*-5": "*" is not a number`},
		{Spec{Cron: "0 0 30 2 *"}, "cron", `"0 0 30 2 *" never falls due: there is no such date`},
		{Spec{Cron: "@every 5m"}, "cron", `unknown shorthand "@every 5m"`},
		{Spec{Cron: "TZ=UTC"}, "cron", "a time zone has no place in the expression"},
		{Spec{Cron: strings.Repeat("1,", 600)}, "cron", "the expression is 1200 characters long"},
		{Spec{Cron: "@daily", Timezone: "Europe/Lodnon"}, "timezone", `unknown time zone "Europe/Lodnon"`},
		{Spec{Cron: "@daily", Timezone: "Local"}, "timezone", "Local depends on the machine"},
		{Spec{Cron: "@daily", CatchUp: "some"}, "catch_up", `"some" is not none, latest or all`},
		{Spec{Cron: "@daily", Overlap: "both"}, "overlap", `"both" is not skip, queue or cancel_running`},
		{Spec{Cron: "@daily", CatchUpLimit: 1001}, "catch_up_limit", "1001 is not between 1 and 1000"},
	}
	for _, tt := range tests {
		err := tt.spec.Validate()
		var field interface{ Field() string }
		if !errors.As(err, &field) {
			t.Errorf("%+v: error %v names no field", tt.spec, err)
			continue
		}
		if err.Error() != tt.want || field.Field() != tt.field {
			t.Errorf("%+v:\n got %s: %v\nwant %s: %s", tt.spec, field.Field(), err, tt.field, tt.want)
		}
	}
}

func TestDueAppliesTheCatchUpPolicy(t *testing.T) {
	const watermark, now = "2026-11-23T03:00:00Z", "2026-11-23T06:00:30Z"
	tests := []struct {
		name           string
		spec           Spec
		watermark, now string
		run, missed    []string
	}{
		{"latest", Spec{Cron: "@hourly"}, watermark, now,
			[]string{"2026-11-23T06:00:00Z"}, []string{"2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z"}},
		{"latest, late", Spec{Cron: "@hourly"}, watermark, "2026-11-23T05:59:00Z",
			[]string{"2026-11-23T05:00:00Z"}, []string{"2026-11-23T04:00:00Z"}},
		{"none, punctual", Spec{Cron: "@hourly", CatchUp: CatchUpNone}, watermark, now,
			[]string{"2026-11-23T06:00:00Z"}, []string{"2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z"}},
		{"none, late", Spec{Cron: "@hourly", CatchUp: CatchUpNone}, watermark, "2026-11-23T05:01:00Z",
			nil, []string{"2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z"}},
		{"all", Spec{Cron: "@hourly", CatchUp: CatchUpAll}, watermark, now,
			[]string{"2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z", "2026-11-23T06:00:00Z"}, nil},
		{"all with a cap", Spec{Cron: "@hourly", CatchUp: CatchUpAll, CatchUpLimit: 2}, watermark, now,
			[]string{"2026-11-23T05:00:00Z", "2026-11-23T06:00:00Z"}, []string{"2026-11-23T04:00:00Z"}},
		{"the watermark itself is not due", Spec{Cron: "@hourly"}, watermark, "2026-11-23T03:59:59Z", nil, nil},
		{"clock behind the watermark", Spec{Cron: "@hourly"}, watermark, "2026-11-20T00:00:00Z", nil, nil},
		{"no watermark", Spec{Cron: "@hourly"}, "0001-01-01T00:00:00Z", now, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run, missed := tt.spec.Due(parseTime(t, tt.watermark), parseTime(t, tt.now))
			if diff := cmp.Diff(tt.run, formatAll(run)); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.missed, formatAll(missed)); diff != "" {
				t.Errorf("missed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDueBoundsALongAbsence(t *testing.T) {
	spec := Spec{Cron: "* * * * *", CatchUp: CatchUpAll, CatchUpLimit: 1000}
	now := parseTime(t, "2026-11-23T06:00:30Z")
	run, missed := spec.Due(now.AddDate(0, -1, 0), now)
	if len(run) != 1000 || len(missed) != 1000 {
		t.Fatalf("got %d to run and %d missed, want 1000 each", len(run), len(missed))
	}
	all := append(missed, run...)
	for i, at := range all {
		if want := now.Truncate(time.Minute).Add(time.Duration(i-len(all)+1) * time.Minute); !at.Equal(want) {
			t.Fatalf("tick %d is %v, want %v", i, at, want)
		}
	}
}

// drawCron makes expressions that both parsers accept.
func drawCron(t *rapid.T) string {
	element := func(low, high int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			a := rapid.IntRange(low, high).Draw(t, "low")
			b := rapid.IntRange(a, high).Draw(t, "high")
			step := rapid.IntRange(1, 7).Draw(t, "step")
			text := []string{"*", strconv.Itoa(a), strconv.Itoa(a) + "-" + strconv.Itoa(b), "*/" + strconv.Itoa(step), strconv.Itoa(a) + "-" + strconv.Itoa(b) + "/" + strconv.Itoa(step)}
			return rapid.SampledFrom(text).Draw(t, "element")
		})
	}
	var parts []string
	for _, r := range [][2]int{{0, 59}, {0, 23}, {1, 28}, {1, 12}, {0, 6}} {
		list := rapid.SliceOfN(element(r[0], r[1]), 1, 3).Draw(t, "field")
		parts = append(parts, strings.Join(list, ","))
	}
	return strings.Join(parts, " ")
}

// In a zone whose clock never jumps our reading of an expression is that of
// the cron package's own parser.
func TestNextMatchesCronPackageWithoutJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr := drawCron(t)
		want, err := cron.ParseStandard(expr)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "after"), 0).UTC()
		for range 5 {
			got, ok := Spec{Cron: expr}.Next(at)
			if w := want.Next(at); !ok || !got.Equal(w) {
				t.Fatalf("%q after %v: got %v, want %v", expr, at, got, w)
			}
			at = got
		}
	})
}

// Whatever the zone: ticks move forward, carry a matching reading of the clock
// (or stand at a jump), and none is left out by starting in between.
func TestNextIsMonotonicInEveryZone(t *testing.T) {
	zones := []string{"Europe/London", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Asia/Gaza"}
	rapid.Check(t, func(t *rapid.T) {
		spec := Spec{Cron: drawCron(t), Timezone: rapid.SampledFrom(zones).Draw(t, "zone")}
		c, err := spec.compile()
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1.6e9, 1.9e9).Draw(t, "after"), 0)
		next, ok := c.next(at)
		if !ok || !next.After(at) {
			t.Fatalf("next of %v is %v, %v", at, next, ok)
		}
		wall := next.Add(offset(next)).UTC()
		start, _ := next.ZoneBounds()
		if matches := c.wall.Next(wall.Add(-time.Second)).Equal(wall); !matches && !next.Equal(start) {
			t.Fatalf("%q fires at %v", spec.Expression(), next)
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at))-1).Draw(t, "between")))
		if again, _ := c.next(between); !again.Equal(next) {
			t.Fatalf("%q: next of %v is %v, of %v in between it is %v", spec.Expression(), at, next, between, again)
		}
	})
}

func FuzzCron(f *testing.F) {
	for _, s := range []string{"0 3 * * *", "*/5 1-3,7 ? jan mon-fri/2", "@daily", "TZ=UTC", "1-", "99999999999999999999 * * * *", "* * * * 7,*"} {
		f.Add(s)
	}
	after := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expr string) {
		c, err := parseCron(expr)
		if err != nil {
			var field interface{ Field() string }
			if !errors.As(err, &field) || field.Field() != "cron" {
				t.Fatalf("error without a field: %v", err)
			}
			return
		}
		if next, ok := c.next(after); !ok || !next.After(after) {
			t.Fatalf("%q: next of %v is %v, %v", expr, after, next, ok)
		}
	})
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct{ cron, zone, want string }{
		{"0 0 */2 * 1", "UTC", "cron"},
		{"0 0 1 * */2", "", "cron"},
		{"0 0 */2 * *", "UTC", ""},
		{"0 0 1-31/2 * 1", "UTC", ""},
		{"0 0 */1 * 1", "UTC", ""},
		{"0 0 1 * 1", "Europe/London", ""},
		{"*/5 */2 1 * *", "Asia/Tokyo", ""},
		{"@daily", "EST", "timezone"},
		{"@daily", "MST", "timezone"},
		{"@daily", "HST", "timezone"},
		{"@daily", "Etc/GMT+5", "timezone"},
		{"@daily", "EST5EDT", ""},
		{"@daily", "CET", ""},
		{"@daily", "Japan", ""},
		{"@daily", "Etc/UTC", ""},
		{"@daily", "GMT", ""},
		{"@daily", "Africa/Abidjan", ""},
	} {
		got := ""
		for _, w := range (Spec{Cron: tt.cron, Timezone: tt.zone}).Warnings() {
			got += w.Field()
			if w.Hint() == "" {
				t.Errorf("%+v: no hint", tt)
			}
		}
		if got != tt.want {
			t.Errorf("%q in %q: warnings about %q, want %q", tt.cron, tt.zone, got, tt.want)
		}
	}
}
