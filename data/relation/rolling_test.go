package relation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// Beside each row stands what looking at all rows that count for it says, in memory and
// beyond, on any number of threads. A row that is later changes nothing.
func TestRollingIsWhatRowsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "rows")
		groups := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), n, n).Draw(t, "groups")
		times := rapid.SliceOfN(rapid.Int64Range(0, 12), n, n).Draw(t, "times")
		timed := rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, true, false}), n, n).Draw(t, "timed")
		x := rapid.SliceOfN(rapid.Int64Range(-9, 9), n, n).Draw(t, "x")
		there := rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, false}), n, n).Draw(t, "there")
		data := tabletest.Table(t, "group", groups, "time", table.NewArray(times, timed), "x", table.NewArray(x, there))
		spec := Rolling{By: []string{"group"}, Time: "time", Before: rapid.Bool().Draw(t, "before"), Measures: []Measure{
			{Name: "n", Statistic: Count}, {Name: "sum", Statistic: Sum, Column: "x"}, {Name: "max", Statistic: Max, Column: "x"}, {Name: "last", Statistic: Last, Column: "x"}}}
		length := rapid.Int64Range(0, 6).Draw(t, "length")
		if spec.Length = fmt.Sprint(length); length == 0 {
			spec.Length, spec.Rows = "", rapid.Int64Range(1, 5).Draw(t, "most")
		}
		want := []string{}
		alone := int64(0)
		for i := range n {
			var counting []int
			for k := range n {
				if !timed[i] || !timed[k] || groups[k] != groups[i] || times[k] > times[i] {
					continue
				}
				d := times[i] - times[k]
				switch {
				case spec.Length == "" && (d > 0 || k < i || k == i && !spec.Before):
				case spec.Length != "" && !spec.Before && d < length, spec.Length != "" && spec.Before && d > 0 && d <= length:
				default:
					continue
				}
				counting = append(counting, k)
			}
			slices.SortStableFunc(counting, func(a, b int) int { return int(times[a] - times[b]) })
			if spec.Length == "" {
				counting = counting[max(0, len(counting)-int(spec.Rows)):]
			}
			sum, most, last := int64(0), "-", "-"
			for _, k := range counting {
				last = "-"
				if there[k] {
					sum += x[k]
					last = fmt.Sprint(x[k])
					if most == "-" || fmt.Sprint(x[k]) != most && x[k] > atoi(most) {
						most = fmt.Sprint(x[k])
					}
				}
			}
			value := func(v int64, ok bool) string {
				if !ok {
					return "-"
				}
				return fmt.Sprint(v)
			}
			made := fmt.Sprintf("%d|%d|%s|%s", len(counting), sum, most, last)
			if !timed[i] {
				made = "-|-|-|-"
				alone++
			}
			want = append(want, fmt.Sprintf("%s|%s|%s|%s", groups[i], value(times[i], timed[i]), value(x[i], there[i]), made))
		}
		for _, with := range []Means{{Threads: 1}, {Threads: 3, rows: 7}, {Threads: 2, Budget: 1, rows: 5}} {
			reader := tabletest.Open(t, data)
			r, err := NewRoller(reader.Schema(), spec, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			timeless, err := r.Run(background(t), with, reader, func(rec arrow.RecordBatch) error {
				got = append(got, lines(rec)...)
				return nil
			})
			if err != nil || timeless != alone {
				t.Fatalf("%d rows without a time, want %d; %v", timeless, alone, err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v %+v:\ngot\n%s\nwant\n%s", spec, with, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

func atoi(s string) (n int64) {
	fmt.Sscan(s, &n)
	return n
}
