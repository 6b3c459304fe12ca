package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func byGroup(s Strategy, column string) *Impute {
	i := by(s)
	for _, g := range []*GroupFill{i.Mean, i.Median, i.MostFrequent} {
		if g != nil {
			g.By = column
		}
	}
	return i
}

func TestGroupsAreFilledAsByPandas(t *testing.T) {
	b, err := os.ReadFile("testdata/groups.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name             string
		Strategy         Strategy
		Values, By, Want []any
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) < 20 {
		t.Fatalf("groups.json has %d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			column := Column{Name: "x", Scale: None, Impute: byGroup(c.Strategy, "g")}
			if strings.HasPrefix(c.Name, "categories") {
				column = Column{Name: "x", Impute: column.Impute}
			}
			table := []col{{"x", c.Values}, {"g", c.By}}
			tr, err := ReadTransform(strings.NewReader(string(written(t, fit(t, Spec{Features: []Column{column}}, table...)))), All())
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(tr.Columns()); !strings.HasSuffix(got, "{g string}]") {
				t.Errorf("the columns are %s", got)
			}
			names := names(tr)
			for r, row := range apply(t, tr, table...) {
				want := make([]float32, len(row))
				if text, ok := c.Want[r].(string); ok {
					want[slices.Index(names, "x="+text)] = 1
				} else {
					want[0] = float32(c.Want[r].(float64))
				}
				if !slices.Equal(row, want) && !(math.Abs(float64(row[0]-want[0])) < 1e-6) {
					t.Errorf("row %d (%v of %v) is %v, want %v", r, c.Values[r], c.By[r], row, want)
				}
			}
		})
	}
}

// What is filled in is the same whether the numbers are in memory or in a file, a group
// is large or small, and with any number of threads; steps behind learn from it.
func TestGroupsBeyondMemory(t *testing.T) {
	const n = 40000
	rng := rand.New(rand.NewPCG(1, 2))
	values, groups := make([]any, n), make([]any, n)
	of := map[string][]float64{}
	for i := range n {
		g := "large"
		if i%2 == 0 {
			g = fmt.Sprint("g", rng.IntN(500))
		}
		groups[i] = g
		if rng.IntN(10) == 0 {
			continue
		}
		x := float64(rng.IntN(100000))
		values[i], of[g] = x, append(of[g], x)
	}
	table := tableOf(t, record(t, col{"x", values}, col{"g", groups}))
	spec := Spec{Features: []Column{{Name: "x", Impute: byGroup(Median, "g"), Scale: Standard}}}
	folder := t.TempDir()
	var text string
	for _, threads := range []int{1, 4} {
		tr, err := Fit(t.Context(), spec, table, All(), Resources{Threads: threads, Scratch: func() (string, error) { return folder, nil }, held: 1 << 14})
		if err != nil {
			t.Fatal(err)
		}
		if text == "" {
			text = string(written(t, tr))
		} else if text != string(written(t, tr)) {
			t.Error("another number of threads learns something else")
		}
		learned := tr.columns[0].steps[0].Fitted.(groupFill)
		if len(learned.Groups) != 501 {
			t.Fatalf("%d groups", len(learned.Groups))
		}
		for _, g := range learned.Groups {
			all := of[g.Group]
			slices.Sort(all)
			if want := (all[(len(all)-1)/2] + all[len(all)/2]) / 2; *g.Number != want {
				t.Errorf("the median of %s is %v, want %v", g.Group, *g.Number, want)
			}
		}
		if s := tr.columns[0].steps[1].Fitted.(scaling); s.Center < 45000 || s.Center > 55000 {
			t.Errorf("the scale behind is %+v", s)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestGroupErrors(t *testing.T) {
	table := []col{{"x", []any{1.0, nil, 3.0}}, {"f", []any{1.0, 2.0, 3.0}}, {"y", []any{"a", "b", "a"}}}
	for _, c := range []struct{ by, err string }{
		{"x", `column "x": it cannot be filled in by groups of its own values`},
		{"f", `column "x": the column "f" to group by is float64, and no category`},
		{"z", `column "x": by: there is no column "z"`},
		{"y", `column "x": it cannot be filled in by groups of the target`},
	} {
		spec := Spec{Features: []Column{{Name: "x", Impute: byGroup(Mean, c.by)}}, Target: &Target{Column: "y"}}
		if _, err := Fit(t.Context(), spec, tableOf(t, record(t, table...)), All(), Resources{}); err == nil || !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("by %s: %v, want %s", c.by, err, c.err)
		}
	}
	tr := fit(t, Spec{Features: []Column{{Name: "x", Impute: byGroup(Mean, "k")}}}, table[0], col{"k", []any{"a", "a", "b"}})
	text := string(written(t, tr))
	for old, hostile := range map[string]string{
		`"by_type": "string"`: `"by_type": "float64"`,
		`"group": "b"`:        `"group": "a"`,
		`"number": 3`:         `"text": "3"`,
		`"by": "k"`:           `"by": ""`,
	} {
		changed := strings.Replace(text, old, hostile, 1)
		if changed == text {
			t.Fatalf("nothing to replace of %q in %s", old, text)
		}
		if _, err := ReadTransform(strings.NewReader(changed), All()); err == nil {
			t.Errorf("a transform with %s is read", hostile)
		}
	}
}
