package metric_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/metric"
)

// Groups are as fairlearn has them; see testdata/fairness.py.
func TestFairness(t *testing.T) {
	text, err := os.ReadFile("testdata/fairness.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Actual, Group []int32
		Prob, Weights []float64
		Expect        map[string]float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for n, c := range cases {
		s, err := metric.NewClasses([]string{"no", "yes"}, c.Actual, c.Prob)
		if err == nil && c.Weights != nil {
			s, err = s.Weighted(c.Weights)
		}
		if err != nil {
			t.Fatal(err)
		}
		g := metric.NewGroups(0)
		for _, code := range c.Group {
			g.Add(strconv.Itoa(int(code)), true)
		}
		rates := metric.All().Named("recall", "false_positive_rate", "selection_rate")
		groups := metric.ByGroup(s, g, rates)
		for name, want := range c.Expect {
			of, by, _ := strings.Cut(name, ".")
			recall, _ := metric.GapOf(groups, 0)
			other, _ := metric.GapOf(groups, 1)
			gap := metric.Odds(recall, other, metric.Spread(by))
			for j, d := range rates {
				if d.Name == of {
					gap, _ = metric.GapOf(groups, j)
				}
			}
			if got, in, err := gap.In(metric.Spread(by)); err != nil || !near(got, want) || in == nil || !(in.Low <= got && got <= in.High) {
				t.Errorf("case %d: %s is %v in %v (%v), want %v", n, name, got, in, err, want)
			}
		}
	}
}

// shares are two groups, each with so many of its rows taken for the positive class.
func shares(t interface{ Fatal(...any) }, taken, rows [2]int) metric.Gap {
	var prob []float64
	g := metric.NewGroups(0)
	for i := range taken {
		for j := range rows[i] {
			p := 0.
			if j < taken[i] {
				p = 1
			}
			prob = append(prob, p)
			g.Add(strconv.Itoa(i), true)
		}
	}
	c, err := metric.NewClasses([]string{"no", "yes"}, make([]int32, len(prob)), prob)
	if err != nil {
		t.Fatal(err)
	}
	gap, ok := metric.GapOf(metric.ByGroup(c, g, metric.All().Named("selection_rate")), 0)
	if !ok {
		t.Fatal("there are no two groups")
	}
	return gap
}

// The intervals of table II of R. G. Newcombe, Interval estimation for the difference
// between independent proportions (1998), method 10.
func TestNewcombe(t *testing.T) {
	for _, c := range []struct {
		taken, rows [2]int
		low, high   float64
	}{
		{[2]int{56, 48}, [2]int{70, 80}, .0524, .3339},
		{[2]int{9, 3}, [2]int{10, 10}, .1705, .8090},
		{[2]int{10, 0}, [2]int{10, 20}, .6791, 1},
	} {
		gap := shares(t, c.taken, c.rows)
		_, in, err := gap.In(metric.Apart)
		if err != nil || math.Abs(in.Low-c.low) > 6e-5 || math.Abs(in.High-c.high) > 6e-5 {
			t.Errorf("%v of %v: %v (%v), want %v to %v", c.taken, c.rows, in, err, c.low, c.high)
		}
	}
}

// A ratio is 1 as surely as a difference is 0: where one interval leaves the equal out, and
// not by little, the other does.
func TestRatiosAgreeWithDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := [2]int{rapid.IntRange(1, 60).Draw(t, "rows"), rapid.IntRange(1, 60).Draw(t, "rows")}
		taken := [2]int{rapid.IntRange(0, rows[0]).Draw(t, "taken"), rapid.IntRange(0, rows[1]).Draw(t, "taken")}
		gap := shares(t, taken, rows)
		d, apart, err := gap.In(metric.Apart)
		if err != nil || !(apart.Low <= d && d <= apart.High) || d < 0 {
			t.Fatalf("the difference is %v in %v (%v)", d, apart, err)
		}
		r, ratio, err := gap.In(metric.Ratio)
		if taken == [2]int{} {
			if err == nil {
				t.Fatal("0 is a share of 0")
			}
			return
		}
		if err != nil || r < 0 || r > 1 || !(ratio.Low >= 0 && ratio.Low <= r && r <= ratio.High) || math.IsInf(ratio.High, 0) {
			t.Fatalf("the ratio is %v in %v (%v)", r, ratio, err)
		}
		if taken[0] > 0 && taken[1] > 0 && apart.Low > .1 && ratio.High > 1 {
			t.Fatalf("the difference is in %v, the ratio in %v", apart, ratio)
		}
	})
}

// A group that has no row of the class has no recall, and groups that are taken together
// have no name to be compared by.
func TestGroupsWithoutRate(t *testing.T) {
	c, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 0, 1, 1}, []float64{.9, .1, .9, .1})
	if err != nil {
		t.Fatal(err)
	}
	g := metric.NewGroups(0)
	for _, name := range []string{"a", "a", "b", "b"} {
		g.Add(name, true)
	}
	groups := metric.ByGroup(c, g, metric.All().Named("recall", "selection_rate"))
	if _, ok := metric.GapOf(groups, 0); ok || groups[0].Values[0].Undefined == "" {
		t.Error("the rows of no have a recall of yes")
	}
	if _, ok := metric.GapOf(groups, 1); !ok {
		t.Error("all rows have a selection rate")
	}
	groups[1].Pooled = 7
	if _, ok := metric.GapOf(groups, 1); ok {
		t.Error("values that are taken together are compared")
	}
}
