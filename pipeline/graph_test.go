package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/pipeline/settings"
)

// drawGraph makes drafts with random edges among them, without kinds: the
// order does not depend on those.
func drawGraph(t *rapid.T) []*draft {
	n := rapid.IntRange(1, 12).Draw(t, "stages")
	drafts := make([]*draft, n)
	for i := range drafts {
		drafts[i] = &draft{step: &Step{Name: fmt.Sprint("s", i)}, keep: true}
	}
	for range rapid.IntRange(0, 2*n).Draw(t, "edges") {
		from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
		if from != to {
			drafts[to].needs = append(drafts[to].needs, &need{stage: drafts[from].step.Name})
		}
	}
	return drafts
}

// TestOrder compares with the definition: of the stages that wait for nothing
// the first written one is next.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drafts := drawGraph(t)
		waits := make(map[string][]string) // before the plan was made
		for _, d := range drafts {
			for _, n := range d.needs {
				waits[d.step.Name] = append(waits[d.step.Name], n.stage)
			}
		}
		var want []string
		for {
			next := ""
			for _, d := range drafts {
				ready := !slices.Contains(want, d.step.Name)
				for _, w := range waits[d.step.Name] {
					ready = ready && slices.Contains(want, w)
				}
				if ready {
					next = d.step.Name
					break
				}
			}
			if next == "" {
				break
			}
			want = append(want, next)
		}
		p := settings.NewProblems("", nil)
		var plan Plan
		plan.complete(drafts, newNeighbours(), p)
		var got []string
		for _, s := range plan.Steps {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("order is %q, want %q", got, want)
		}
		if cyclic := len(want) < len(drafts); cyclic != (p.Err() != nil) {
			t.Fatalf("cyclic is %v, problems: %v", cyclic, p.Err())
		}
	})
}

// TestCycles checks each reported cycle against the edges, and the set of them
// against reachability: one for each group of stages that reach each other.
func TestCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drafts := drawGraph(t)
		byName := make(map[string]*draft)
		for i, d := range drafts {
			d.index = i
			byName[d.step.Name] = d
		}
		for _, d := range drafts {
			for _, n := range d.needs {
				d.before = append(d.before, byName[n.stage])
			}
		}
		reach := reachability(drafts)
		groups := make(map[int]bool) // by first member
		for i := range drafts {
			for j := range drafts {
				if i <= j && reach[i][j] && reach[j][i] {
					first := slices.IndexFunc(drafts, func(d *draft) bool { return reach[i][d.index] && reach[d.index][i] })
					groups[first] = true
				}
			}
		}
		found := cycles(drafts)
		if len(found) != len(groups) {
			t.Fatalf("%d cycles, want %d", len(found), len(groups))
		}
		for _, c := range found {
			if !groups[c[0].index] {
				t.Fatalf("the cycle begins with %s, which is not the first of its group", c[0].step.Name)
			}
			for i, d := range c {
				before := c[(i+len(c)-1)%len(c)]
				if !slices.Contains(d.before, before) {
					t.Fatalf("%s does not wait for %s", d.step.Name, before.step.Name)
				}
			}
			if is := indexes(c); len(slices.Compact(is)) != len(c) {
				t.Fatalf("a stage is in the cycle twice: %v", indexes(c))
			}
		}
	})
}

// indexes are sorted.
func indexes(list []*draft) []int {
	var is []int
	for _, d := range list {
		is = append(is, d.index)
	}
	slices.Sort(is)
	return is
}

// reachability says which drafts can be reached from which by one edge or more.
func reachability(drafts []*draft) [][]bool {
	reach := make([][]bool, len(drafts))
	for i, d := range drafts {
		reach[i] = make([]bool, len(drafts))
		for _, b := range d.before {
			reach[i][b.index] = true
		}
	}
	for k := range drafts {
		for i := range drafts {
			for j := range drafts {
				reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
			}
		}
	}
	return reach
}

// TestLongCycle is about the depth of the stack, and the length of the message.
func TestLongCycle(t *testing.T) {
	const n = 100_000
	drafts := make([]*draft, n)
	for i := range drafts {
		drafts[i] = &draft{
			step:  &Step{Name: fmt.Sprint("s", i)},
			needs: []*need{{stage: fmt.Sprint("s", (i+n-1)%n)}},
		}
	}
	p := settings.NewProblems("", nil)
	new(Plan).complete(drafts, newNeighbours(), p)
	if len(p.List) != 1 || !strings.HasPrefix(p.List[0].Msg, "stages form a cycle: s0 -> s1 -> ") || len(p.List[0].Msg) > 500 {
		t.Errorf("got %v", p.List)
	}
}
