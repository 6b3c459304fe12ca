package ingest

import (
	"strings"
	"testing"

	"pipe/pipeline/pipelinetest"
)

// TestInterpretationsAreTold: whatever in a file is not taken just as it is written is
// told, with how often it occurs and an example: as a warning if nobody asked for it,
// or it looks wrong, and as a note if a setting says so.
func TestInterpretationsAreTold(t *testing.T) {
	const note, warn = "INFO", "WARN"
	for _, c := range []struct {
		name, with, in string
		level          string
		want           []string // in one line
	}{
		{"percent", "percent: true", "a,b\n5%,x\n7%,x\n", note, []string{"column=a count=2", `first="\"5%\" in line 2"`}},
		{"percent beside none", "percent: true", "a,b\n5%,x\n7,x\n0,x\n2.50,x\n", warn, []string{"column=a count=2", `first="\"7\" in line 3"`, "columns: {a: float64}"}},
		{"percent declared", "percent: true\ncolumns: {a: float64}", "a,b\n5,x\n5%,x\n", note, []string{"column=a count=1", `first="\"5%\" in line 3"`}},
		{"currency", "currency: $", "a,b\n$5,x\n6,x\n", note, []string{"column=a count=1", `first="\"$5\" in line 2"`}},
		{"currencies", "currency: [$, EUR]", "a,b\n$5,x\nEUR 6,x\n", warn, []string{"column=a", "several currencies", "list one of them"}},
		{"accounting", "accounting: true", "a,b\n7,x\n(5),x\n", note, []string{"column=a count=1", `first="\"(5)\" in line 3"`}},
		{"thousands", `thousands: ","`, "a;b\n1,000;x\n2;x\n", note, []string{"column=a count=1", `first="\"1,000\" in line 2"`}},
		{"decimal comma", `decimal: ","`, "a;b\n1,5;x\n2;x\n", note, []string{"column=a count=1", `first="\"1,5\" in line 2"`}},
		{"truth words", "true_words: [ja]\nfalse_words: [nein]", "a,b\nja,x\nnein,x\ntrue,x\n", note, []string{"true and false", "column=a count=2", `first="\"ja\" in line 2"`}},
		{"yes and no", "", "a,b\nYes,x\nno,x\nyes,x\n", warn, []string{"column=a", "its 3 values", `\"Yes\" in line 2`, `true_words: [\"yes\", \"Yes\"], false_words: [\"no\"]`}},
		{"T and F", "", "a,b\nT,x\nF,x\n", warn, []string{"column=a", "its 2 values", `\"T\" in line 2`, "true_words: [T], false_words: [F]"}},
		{"usual dates", "", "a,b\n31.12.2023,x\n01.01.2024,x\n", warn, []string{"column=a as=%d.%m.%Y count=2", `first="\"31.12.2023\" in line 2"`}},
		{"usual dates with nanoseconds", "", "a,b\n31.12.2023 10:00:00.123456789,x\n", warn, []string{"column=a", "count=1"}},
		{"dates told", `dates: {a: "%d.%m.%y"}`, "a,b\n31.12.23,x\n", note, []string{"column=a as=%d.%m.%y count=1", `first="\"31.12.23\" in line 2"`}},
		{"epochs", "dates: {a: unix}", "a,b\n1700000000,x\n", note, []string{"column=a as=unix count=1", `first="\"1700000000\" in line 2"`}},
		{"time zone", "timezone: Europe/Berlin", "a,b\n2024-01-01T12:00:00Z,x\n2024-01-01 12:00,x\n", note, []string{"column=a count=1", `first="\"2024-01-01 12:00\" in line 3"`}},
		{"gap of clocks", "timezone: Europe/Berlin", "a,b\n" + strings.Repeat("2024-01-01 12:00,x\n", 9) + "2024-03-31 02:30,x\n", warn, []string{"9 of 10 values", "in line 11", "clocks in Europe/Berlin leave", "set timezone: to it"}},
		{"usual words", "", "a,b\n1,x\nNA,x\n", warn, []string{`a: \"NA\" in 1 row`}},
		{"usual words in text", "", "a,b\nx,x\nNA,x\nNA,x\ny,x\nz,x\n", warn, []string{"kept as text", `a: \"NA\" in 2 rows`}},
		{"listed words", "missing: [NA, \"-9\"]", "a,b\n1,NA\n-9,x\n-9,y\n", note, []string{"column=a", `\"-9\" in 2 rows`}},
		{"infinity", "", "a,b\n1,x\ninf,x\n", warn, []string{"column=a count=1", `first="\"inf\" in line 3"`}},
		{"digits", "", "a,b\n0.1234567890123456789,x\n", warn, []string{"column=a count=1", `first="\"0.1234567890123456789\" in line 2"`}},
		{"versions", "", "a,b\n1.10,x\n1.1,x\n", warn, []string{"column=a count=1", `first="\"1.10\" in line 2"`}},
		{"padded names", "", "a , b\n1,x\n", note, []string{"names", "count=2", `first="\"a \""`}},
		{"names twice", "", "a,a\n1,x\n", warn, []string{"column=2 named=a_2"}},
		{"no name", "", "a,\n1,x\n", warn, []string{"column=2 named=c2"}},
		{"delimiter", "", "a;b\n1;x\n", note, []string{"delimiter=;"}},
		{"header", "header: auto", "a,b\n1,x\n", note, []string{"header=true"}},
		{"charset", "", "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00x\x00\n\x00", note, []string{"encoding=utf-16"}},
		{"line ends", "", "a,b\r1,x\r2,y\r", note, []string{"line_ends=any"}},
		{"blank lines", "", "a\n1\n\n2\n", warn, []string{"lines=1"}},
		{"short records", "rows: pad", "a,b\n1\n2,x\n", warn, []string{"records=1", "line 2"}},
		{"left out", "rows: skip", "a,b\n1\n2,x\n", warn, []string{"count=1", "line 2"}},
		{"misfits", "expect: {a: int64, b: string}", "a,b\nx,x\n", warn, []string{"column=a expected=int64 others=1", `\"x\" in line 2`}},
		{"decimals", "expect: {a: int64, b: string}", "a,b\n1.5,x\n", warn, []string{"numbers with decimals, where whole ones were expected", "column=a others=1", `\"1.5\" in line 2`}},
		{"JSON", "format: json\ntimezone: Europe/Berlin", `[{"a": "2024-01-01 12:00"}]`, note, []string{"column=a count=1"}},
		{"JSON dates", "format: json", `[{"a": "31.12.2023"}]`, warn, []string{"column=a as=%d.%m.%Y count=1", `31.12.2023`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := pipelinetest.RunErr(t, pipelinetest.Case{
				Kind: Kind(nil), With: "path: data/in.csv\n" + c.with, Inputs: map[string][]byte{"path": []byte(c.in)},
			})
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(r.Log) {
				found := strings.Contains(line, "level="+c.level)
				for _, part := range c.want {
					found = found && strings.Contains(line, part)
				}
				if found {
					return
				}
			}
			t.Errorf("no %s with %q in\n%s", c.level, c.want, r.Log)
		})
	}
}
