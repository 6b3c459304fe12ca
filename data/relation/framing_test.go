package relation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// A seriesRow is a row of a series of a test.
type seriesRow struct {
	group string
	time  int64
	timed bool
	x     float64
	there bool
}

// seriesTable makes a table of rows.
func seriesTable(t tabletest.T, rows []seriesRow) []byte {
	var groups []string
	var times []int64
	var x []float64
	var timed, there []bool
	for _, r := range rows {
		groups, times, x, timed, there = append(groups, r.group), append(times, r.time), append(x, r.x), append(timed, r.timed), append(there, r.there)
	}
	return tabletest.Table(t, "group", groups, "time", table.NewArray(times, timed), "x", table.NewArray(x, there))
}

// frameEverything gives each row with what it lacks and its frames, as texts.
func frameEverything(t *rapid.T, rows []seriesRow, spec Framing, with Means) (list []string) {
	reader := tabletest.Open(t, seriesTable(t, rows))
	f, err := NewFramer(reader.Schema(), spec)
	if err != nil {
		t.Fatal(err)
	}
	err = f.Run(background(t), with, reader, func(rec arrow.RecordBatch, lacks []Lack) error {
		made, err := table.Select(rec, table.Names(f.Schema())[3:])
		if err != nil {
			return err
		}
		for i, line := range lines(made) {
			list = append(list, fmt.Sprintf("%d %s", lacks[i], line))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// An oracle frames rows by looking at all rows for each.
type oracle struct {
	rows []seriesRow
	step int64
	gaps Gaps
}

// alone is what each row lacks by itself, and the number of its step.
func (o *oracle) alone() (lacks []Lack, steps []int64) {
	lacks, steps = make([]Lack, len(o.rows)), make([]int64, len(o.rows))
	for _, g := range []string{"a", "b"} {
		var at []int
		for i, r := range o.rows {
			if r.group == g && !r.timed {
				lacks[i] = NoTime
			} else if r.group == g {
				at = append(at, i)
			}
		}
		slices.SortStableFunc(at, func(a, b int) int { return int(o.rows[a].time - o.rows[b].time) })
		var kept []int
		for _, i := range at {
			d := o.rows[i].time - o.rows[at[0]].time
			if o.step > 0 && d%o.step != 0 {
				lacks[i] = OffStep
				continue
			}
			steps[i] = int64(len(kept))
			if o.step > 0 {
				steps[i] = d / o.step
			}
			if len(kept) > 0 {
				last := kept[len(kept)-1]
				if o.rows[last].time == o.rows[i].time {
					lacks[i] = Twice
				} else if o.step > 0 && steps[i] != steps[last]+1 {
					lacks[i] = AfterGap
				}
			}
			kept = append(kept, i)
		}
		if slices.ContainsFunc(kept, func(i int) bool { return lacks[i] == Twice }) {
			for _, i := range kept {
				if lacks[i] != Twice {
					lacks[i] = Unclear
				}
			}
		}
	}
	return lacks, steps
}

// value is that of a step of the series of a row.
func (o *oracle) value(lacks []Lack, steps []int64, row int, away int64, lack *Lack) (x float64, ok bool) {
	want := steps[row] + away
	first, last, there, known := int64(math.MaxInt64), int64(math.MinInt64), -1, -1
	for i, r := range o.rows {
		if r.group != o.rows[row].group || lacks[i]&Wrong != 0 {
			continue
		}
		first, last = min(first, steps[i]), max(last, steps[i])
		if steps[i] == want {
			there = i
		}
		if steps[i] <= want && r.there && (known < 0 || steps[i] > steps[known]) {
			known = i
		}
	}
	switch {
	case want < first:
		*lack |= Early
	case want > last:
		*lack |= Late
	case away <= 0 && o.gaps == GapsFilled:
		if known >= 0 {
			return o.rows[known].x, true
		}
	case there >= 0:
		return o.rows[there].x, o.rows[there].there
	case o.gaps == GapsWrong:
		*lack |= Gap
	}
	return 0, false
}

func (o *oracle) lines(frames []Frame) (list []string) {
	alone, steps := o.alone()
	for row := range o.rows {
		lack := alone[row]
		var cells []string
		for _, f := range frames {
			width := 1
			if f.View == Listed {
				width = f.Steps
			}
			cell := "-"
			if f.View == Listed {
				cell = "[" + strings.TrimSuffix(strings.Repeat("0,", width), ",") + "]"
			}
			if alone[row]&Wrong != 0 {
				cells = append(cells, cell)
				continue
			}
			switch f.View {
			case Shift:
				if x, ok := o.value(alone, steps, row, int64(f.Steps), &lack); ok {
					cell = fmt.Sprint(x)
				}
			case Change:
				x, before := o.value(alone, steps, row, int64(-f.Steps), &lack)
				y, now := o.value(alone, steps, row, 0, &lack)
				if before && now {
					cell = fmt.Sprint(y - x)
				}
			case Rolled:
				most, n := math.Inf(-1), 0
				var own Lack
				for k := f.Steps - 1; k >= 0 && own == 0; k-- {
					away := int64(-k)
					if f.Before {
						away--
					}
					if x, ok := o.value(alone, steps, row, away, &own); ok {
						most, n = max(most, x), n+1
					}
				}
				lack |= own
				switch {
				case own != 0:
				case f.Measure.Statistic == Count:
					cell = fmt.Sprint(n)
				case n > 0:
					cell = fmt.Sprint(most)
				}
			case Listed:
				var values []string
				var own Lack
				for k := f.Steps - 1; k >= 0 && own == 0; k-- {
					away := int64(-k)
					if f.Before {
						away--
					}
					x, ok := o.value(alone, steps, row, away, &own)
					if !ok && own == 0 {
						own = Hole
					}
					values = append(values, fmt.Sprint(x))
				}
				if lack |= own; own == 0 {
					cell = "[" + strings.Join(values, ",") + "]"
				}
			}
			cells = append(cells, cell)
		}
		list = append(list, fmt.Sprintf("%d %s", lack, strings.Join(cells, "|")))
	}
	return list
}

var everyFrame = []Frame{
	{Name: "lag1", View: Shift, Columns: []string{"x"}, Steps: -1},
	{Name: "lag3", View: Shift, Columns: []string{"x"}, Steps: -3},
	{Name: "change", View: Change, Columns: []string{"x"}, Steps: 2},
	{Name: "last3", View: Listed, Columns: []string{"x"}, Steps: 3},
	{Name: "before2", View: Listed, Columns: []string{"x"}, Steps: 2, Before: true},
	{Name: "max3", View: Rolled, Columns: []string{"x"}, Steps: 3, Measure: &Measure{Statistic: Max, Column: "x"}},
	{Name: "count2", View: Rolled, Columns: []string{"x"}, Steps: 2, Before: true, Measure: &Measure{Statistic: Count, Column: "x"}},
	{Name: "ahead1", View: Shift, Columns: []string{"x"}, Steps: 1},
	{Name: "ahead2", View: Shift, Columns: []string{"x"}, Steps: 2},
}

func drawSeries(t *rapid.T) (rows []seriesRow, spec Framing, step int64) {
	orderly := rapid.Bool().Draw(t, "orderly")
	n := rapid.IntRange(1, 30).Draw(t, "rows")
	step = rapid.SampledFrom([]int64{0, 1, 2}).Draw(t, "step")
	next := map[string]int64{}
	for range n {
		r := seriesRow{timed: true, group: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"), x: float64(rapid.IntRange(-9, 9).Draw(t, "x"))}
		r.there = rapid.IntRange(0, 4).Draw(t, "there") > 0
		r.time = rapid.Int64Range(0, 30).Draw(t, "time")
		if orderly {
			r.time = next[r.group] + max(1, step)*rapid.SampledFrom([]int64{1, 1, 1, 1, 2}).Draw(t, "later")
			next[r.group] = r.time
		} else {
			r.timed = rapid.IntRange(0, 9).Draw(t, "timed") > 0
		}
		rows = append(rows, r)
	}
	rows = rapid.Permutation(rows).Draw(t, "order")
	spec = Framing{By: []string{"group"}, Time: "time", Gaps: GapsWrong, Frames: everyFrame}
	if step > 0 {
		spec.Step, spec.Gaps = fmt.Sprint(step), rapid.SampledFrom([]Gaps{GapsWrong, GapsMissing, GapsFilled}).Draw(t, "gaps")
	}
	return rows, spec, step
}

// Beside each row stands what looking at all rows says, in memory and beyond, on any
// number of threads.
func TestFramingIsWhatRowsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, spec, step := drawSeries(t)
		o := &oracle{rows, step, spec.Gaps}
		want := o.lines(spec.Frames)
		for _, with := range []Means{{Threads: 1}, {Threads: 3, rows: 7}, {Threads: 2, Budget: 1, rows: 5}} {
			if got := frameEverything(t, rows, spec, with); !slices.Equal(got, want) {
				t.Fatalf("%+v %+v:\ngot\n%s\nwant\n%s", spec, with, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// What is not known yet at the time of a row changes nothing that is looked back at.
func TestFramingLooksBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, spec, _ := drawSeries(t)
		spec.Frames = everyFrame[:7]
		before := frameEverything(t, rows, spec, Means{Threads: 1})
		now := rapid.Int64Range(0, 30).Draw(t, "now")
		later := slices.Clone(rows)
		for i := range later {
			if later[i].timed && later[i].time > now {
				later[i].x, later[i].there = 100+later[i].x, !later[i].there
			}
		}
		after := frameEverything(t, later, spec, Means{Threads: 1})
		for i, r := range rows {
			if r.timed && r.time <= now && before[i] != after[i] {
				t.Fatalf("row %d at %d was %s, and with another future is %s", i, r.time, before[i], after[i])
			}
		}
	})
}
