package timeline

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/base/calendar"
	"pipe/data/relation"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func read(t testing.TB, data []byte, spec Spec) (*Series, error) {
	t.Helper()
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return Read(t.Context(), r, spec, nil)
}

func TestRead(t *testing.T) {
	data := tabletest.Table(t, "at", []int64{30, 10, 20, 15, 40, 5}, "id", []string{"b", "a", "b", "a", "b", "a"}, "y", []any{3.0, 10.0, nil, 15.0, 4.0, 5.0}, "kind", []any{"x", "z", nil, "z", "x", "z"})
	spec := Spec{Time: "at", Step: "5", By: []string{"id"}, Gaps: relation.GapsMissing, Numbers: []string{"y"}, Filled: []string{"y"}, Labels: []string{"kind"}}
	s, err := read(t, data, spec)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, one := range s.List {
		got += fmt.Sprintln(one.Name(s.By), one.First, one.Steps, one.Numbers[0], one.Rows, one.Labels[0].Text)
	}
	want := "id=a 0 3 [5 10 15] [true true true] z\nid=b 3 5 [NaN NaN 3 NaN 4] [true false true false true] x\n"
	if got != want || s.First != 0 || s.End != 8 || s.Clock.At(3) != 20 {
		t.Errorf("%s(%d to %d)", got, s.First, s.End)
	}
	spec.Gaps = relation.GapsFilled
	if s, err = read(t, data, spec); err != nil || fmt.Sprint(s.List[1].Numbers[0]) != "[NaN NaN 3 3 4]" {
		t.Errorf("filled: %v %v", s.List[1].Numbers[0], err)
	}
}

func TestReadRefuses(t *testing.T) {
	one := func(name string, values any) []byte {
		return tabletest.Table(t, "at", []arrow.Date32{1, 2, 4}, "y", []float64{1, 2, 3}, name, values)
	}
	days := Spec{Time: "at", Step: "1d", Gaps: relation.GapsWrong, Numbers: []string{"y"}}
	with := func(change func(s *Spec)) Spec { s := days; change(&s); return s }
	for _, c := range []struct {
		data []byte
		spec Spec
		want string
	}{
		{one("x", []float64{1, 2, 3}), days, "row 3 (at=1970-01-05): the step before it, 1970-01-04, has no row"},
		{one("x", []float64{1, 2, 3}), with(func(s *Spec) { s.Step = "1h" }), "no steps of 1h"},
		{one("x", []float64{1, 2, 3}), with(func(s *Spec) { s.Step = "2d" }), "row 2 (at=1970-01-03): it is at no step: steps of 2d begin at 1970-01-02"},
		{one("x", []float64{1, 2, 3}), with(func(s *Spec) { s.Step = "1mo" }), "is at this step, too"},
		{one("x", []float64{1, 2, 3}), with(func(s *Spec) { s.Time = "y" }), "no order in time"},
		{one("x", []string{"a", "b", "b"}), with(func(s *Spec) { s.Gaps, s.Labels = relation.GapsMissing, []string{"x"} }), `column "x" is b, and was a before`},
		{one("x", []string{"a", "b", "b"}), with(func(s *Spec) { s.Gaps, s.Numbers = relation.GapsMissing, []string{"x"} }), "numbers are needed"},
		{tabletest.Table(t, "at", []any{nil, arrow.Date32(2)}, "y", []float64{1, 2}), days, `row 1: column "at" is missing`},
		{tabletest.Table(t, "at", []arrow.Date32{-700000, 2000000000}, "y", []float64{1, 2}), with(func(s *Spec) { s.Gaps = relation.GapsMissing }), "would have 2000700001 steps"},
	} {
		if _, err := read(t, c.data, c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.spec, err, c.want)
		}
	}
}

// The time of a step has its number, whatever the step is, and months keep to their day, or to their last one.
func TestStepsHaveTheirTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]string{"1mo", "1q", "2mo", "1y", "1d", "1w", "3d"}).Draw(t, "step")
		c, err := newClock("at", arrow.FixedWidthTypes.Date32, step)
		if err != nil {
			t.Fatal(err)
		}
		first := rapid.Int64Range(-50_000, 50_000).Draw(t, "first")
		c.begin([]int64{first})
		n, ok := c.number(first)
		if !ok || c.At(n) != first {
			t.Fatalf("step %d begins at %d, and not at %d", n, c.At(n), first)
		}
		away := rapid.Int64Range(-1000, 1000).Draw(t, "away")
		if m, ok := c.number(c.At(n + away)); !ok || m != n+away {
			t.Fatalf("step %d has the number %d", n+away, m)
		}
		_, _, day := calendar.Civil(first)
		year, month, other := calendar.Civil(c.At(n + away))
		if strings.HasSuffix(step, "mo") && other != min(day, calendar.DaysIn(year, month)) && other != calendar.DaysIn(year, month) {
			t.Fatalf("day %d of a month became %d", day, other)
		}
		again := Clock{Type: c.Type, Step: c.Step, Origin: c.Origin, LastDay: c.LastDay, Month: c.Month}
		if err := again.Check("at"); err != nil || again.At(n) != first {
			t.Fatalf("read again: %v", err)
		}
	})
}

func TestShares(t *testing.T) {
	c, err := newClock("at", table.TimestampType(), "6h")
	if err != nil {
		t.Fatal(err)
	}
	c.begin([]int64{calendar.Days(2023, 1, 1) * c.perDay}) // a Sunday
	for _, s := range []struct {
		period Period
		step   int64
		want   float64
	}{{"year", 0, 0}, {"year", 4 * 73, 0.2}, {"day", 1, 0.25}, {"week", 0, 6. / 7}, {"month", 4 * 31, 0}, {"quarter", 4 * 45, 0.5}, {"hour", 3, 0}} {
		if got := c.Share(s.period, s.step); math.Abs(got-s.want) > 1e-12 {
			t.Errorf("%s at step %d: %v, want %v", s.period, s.step, got, s.want)
		}
	}
	if sin, cos := c.Waves("day", 1, 1); math.Abs(sin-1) > 1e-12 || math.Abs(cos) > 1e-12 {
		t.Errorf("a quarter of a day is %v %v", sin, cos)
	}
}
