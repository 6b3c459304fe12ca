package walk_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/walk"
)

// names of the artifacts that tests make, for reading graphs.
var update = flag.Bool("update", false, "write the expected files in testdata anew")

func draw(g *walk.Graph, names ...string) string {
	byID := map[string]string{}
	for _, n := range names {
		byID[lineagetest.ID(n).String()] = n
	}
	var b strings.Builder
	for _, a := range g.Artifacts {
		fmt.Fprintf(&b, "artifact %s type=%s size=%d path=%s\n", byID[a.ID.String()], a.Type, a.Size, a.Path)
	}
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines) // by name, which is easier to read than by ID
	b.Reset()
	b.WriteString(strings.TrimSpace(strings.Join(lines, "\n")) + "\n")
	for _, e := range g.Executions {
		fmt.Fprintf(&b, "execution %d %s %s %s\n", e.ID, e.Stage, e.Kind, e.Status)
	}
	for _, e := range g.Edges {
		if e.Output {
			fmt.Fprintf(&b, "%d -> %s (%s)\n", e.Execution, byID[g.Artifacts[e.Artifact].ID.String()], g.Ports[e.Port])
		} else {
			fmt.Fprintf(&b, "%d <- %s (%s)\n", e.Execution, byID[g.Artifacts[e.Artifact].ID.String()], g.Ports[e.Port])
		}
	}
	return b.String()
}

func TestGraphs(t *testing.T) {
	db, c := lineagetest.New(t)
	_, second := lineagetest.TwoRuns(t, db, c)
	names := []string{"csv", "table", "model", "metrics", "report"}
	var b strings.Builder
	for _, q := range []struct{ dir, ref string }{
		{"up", lineagetest.ID("metrics").String()}, {"up", second + "/score"}, {"up", "penguins/model.model"}, {"up", lineagetest.ID("csv").String()}, {"up", "latest"},
		{"down", lineagetest.ID("csv").String()}, {"down", lineagetest.ID("model").String()}, {"down", second + "/load"}, {"down", lineagetest.ID("report").String()}, {"down", "latest"},
	} {
		ref, err := db.Resolve(t.Context(), q.ref)
		if err != nil {
			t.Fatal(err)
		}
		follow := walk.Upstream
		if q.dir == "down" {
			follow = walk.Downstream
		}
		g, err := follow(t.Context(), db, ref)
		if err != nil {
			t.Fatal(err)
		}
		name := q.ref
		for _, n := range names {
			name = strings.Replace(name, lineagetest.ID(n).String(), "artifact "+n, 1)
		}
		fmt.Fprintf(&b, "# %s %s\n%s\n", q.dir, strings.Replace(name, second, "SECOND", 1), draw(g, names...))
	}
	golden := filepath.Join("testdata", "graphs.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
	if _, err := walk.Upstream(t.Context(), db, lineage.Ref{Artifact: lineagetest.ID("nothing")}); err == nil {
		t.Error("an unknown artifact has a graph")
	}
}

// Two runs made the same table in different ways. Each model comes from the
// way of its own run.
func TestUpstreamFollowsTheMakerInTheRun(t *testing.T) {
	db, _ := lineagetest.New(t)
	for i, source := range []string{"one.csv", "two.csv"} {
		run := lineagetest.Begin(t, db, "p")
		lineagetest.Record(t, db,
			lineage.Execution{RunID: run, Stage: "load", Kind: "ingest", Status: lineage.Succeeded, Key: lineagetest.Key(source),
				Inputs: []lineage.Input{{Port: "path", Type: "file", ID: lineagetest.ID(source), Path: source}}, Outputs: []lineage.Output{{Port: "table", Type: "table", ID: lineagetest.ID("table"), Size: 1}}},
			lineage.Execution{RunID: run, Stage: "model", Kind: "train", Status: lineage.Succeeded, Key: lineagetest.Key(fmt.Sprint("model", i)),
				Inputs:  []lineage.Input{{Port: "train", Type: "table", ID: lineagetest.ID("table"), FromStage: "load", FromPort: "table"}},
				Outputs: []lineage.Output{{Port: "model", Type: "model", ID: lineagetest.ID(fmt.Sprint("model", i)), Size: 1}}})
		lineagetest.Finish(t, db, run)
	}
	for i, source := range []string{"one.csv", "two.csv"} {
		g, err := walk.Upstream(t.Context(), db, lineage.Ref{Artifact: lineagetest.ID(fmt.Sprint("model", i))})
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, a := range g.Artifacts {
			if a.Path != "" {
				files = append(files, a.Path)
			}
		}
		if diff := cmp.Diff([]string{source}, files); diff != "" {
			t.Errorf("model%d: %s", i, diff)
		}
	}
}

// The graphs of a random history equal those that a walk in Go finds.
func TestGraphsAgainstAWalk(t *testing.T) {
	db, _ := lineagetest.New(t)
	rapid.Check(t, func(t *rapid.T) {
		run, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p"})
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 12).Draw(t, "stages")
		reads := make([][]int, n)
		var list []lineage.Execution
		name := func(i int) string { return fmt.Sprint(run, "/", i) }
		for i := range n {
			e := lineage.Execution{RunID: run, Stage: fmt.Sprint("s", i), Kind: "k", Status: lineage.Succeeded, Outputs: []lineage.Output{{Port: "out", Type: "table", ID: lineagetest.ID(name(i)), Size: 1}}}
			if i > 0 {
				reads[i] = rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, 3, rapid.ID).Draw(t, "reads")
			}
			for _, from := range reads[i] {
				e.Inputs = append(e.Inputs, lineage.Input{Port: fmt.Sprint("in", from), Type: "table", ID: lineagetest.ID(name(from)), FromStage: fmt.Sprint("s", from), FromPort: "out"})
			}
			list = append(list, e)
		}
		if err := db.RecordAll(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		start := rapid.IntRange(0, n-1).Draw(t, "start")
		up := closure(start, func(i int) []int { return reads[i] })
		down := closure(start, func(i int) (users []int) {
			for u := range reads {
				if slices.Contains(reads[u], i) {
					users = append(users, u)
				}
			}
			return users
		})
		g, err := walk.Upstream(t.Context(), db, lineage.Ref{Artifact: lineagetest.ID(name(start))})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(up, stages(g)); diff != "" {
			t.Fatal("up: ", diff)
		}
		g, err = walk.Downstream(t.Context(), db, lineage.Ref{Artifact: lineagetest.ID(name(start))})
		if err != nil {
			t.Fatal(err)
		}
		// The maker of the start is not made from it.
		if diff := cmp.Diff(slices.DeleteFunc(down, func(s string) bool { return s == fmt.Sprint("s", start) }), stages(g)); diff != "" {
			t.Fatal("down: ", diff)
		}
		if err := db.FinishRun(t.Context(), run, lineage.Succeeded, ""); err != nil {
			t.Fatal(err)
		}
	})
}

// A chain of executions that lie far apart, of which every second one read its
// input without saying from whom.
func TestUpstreamOfScatteredExecutions(t *testing.T) {
	db, _ := lineagetest.New(t)
	const links, apart = 90, 40
	run := lineagetest.Begin(t, db, "p")
	var list []lineage.Execution
	var want []string
	for i := range links * apart {
		name := fmt.Sprint("s", i)
		e := lineage.Execution{RunID: run, Stage: name, Kind: "k", Status: lineage.Succeeded, Outputs: []lineage.Output{{Port: "out", Type: "table", ID: lineagetest.ID(name), Size: 1}}}
		if i%apart == 0 {
			want = append(want, name)
			if i > 0 {
				from := fmt.Sprint("s", i-apart)
				in := lineage.Input{Port: "in", Type: "table", ID: lineagetest.ID(from)}
				if i/apart%2 == 0 {
					in.FromStage, in.FromPort = from, "out"
				}
				e.Inputs = []lineage.Input{in}
			}
		}
		list = append(list, e)
	}
	lineagetest.Record(t, db, list...)
	g, err := walk.Upstream(t.Context(), db, lineage.Ref{Artifact: lineagetest.ID(want[links-1])})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, stages(g)); diff != "" {
		t.Error(diff)
	}
	if len(g.Artifacts) != links || len(g.Edges) != 2*links-1 {
		t.Errorf("%d artifacts and %d edges", len(g.Artifacts), len(g.Edges))
	}
}

// A graph that is found in many parts, up and down.
func TestGraphsOfManyExecutions(t *testing.T) {
	db, _ := lineagetest.New(t)
	const stages = 2<<12 + 1000 // a walk tells of what it found in parts of 1<<12
	run := lineagetest.Begin(t, db, "p")
	list := lineagetest.Layered(run, stages)
	for i := range list {
		if i%100 == 0 {
			list[i].Inputs = append(list[i].Inputs, lineage.Input{Port: "file", Type: "file", ID: lineagetest.ID("file"), Path: fmt.Sprintf("data/%05d.csv", i)})
		}
		if i%7 == 0 {
			for k := range list[i].Inputs { // read, but it is not known from whom
				list[i].Inputs[k].FromStage, list[i].Inputs[k].FromPort = "", ""
			}
		}
	}
	if err := db.RecordAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var edges []string
	for _, e := range list {
		for _, o := range e.Outputs {
			edges = append(edges, fmt.Sprint(e.Stage, " -> ", o.ID, " ", o.Port))
		}
		for _, in := range e.Inputs {
			edges = append(edges, fmt.Sprint(e.Stage, " <- ", in.ID, " ", in.Port))
		}
	}
	slices.Sort(edges)
	for _, ref := range []lineage.Ref{{Artifact: list[stages-1].Outputs[0].ID}, {RunID: run}} {
		g, err := walk.Upstream(t.Context(), db, ref)
		if err != nil {
			t.Fatal(err)
		}
		names := map[int64]string{}
		for i, e := range g.Executions {
			if i > 0 && g.Executions[i-1].ID >= e.ID {
				t.Fatalf("execution %d comes after %d", e.ID, g.Executions[i-1].ID)
			}
			if e.RunID != run || e.Pipeline != "p" || e.Kind != "exec" || e.Status != lineage.Succeeded || e.Started.IsZero() {
				t.Fatalf("an execution is %+v", e)
			}
			names[e.ID] = e.Stage
		}
		for i, a := range g.Artifacts {
			if i > 0 && bytes.Compare(g.Artifacts[i-1].ID[:], a.ID[:]) >= 0 {
				t.Fatalf("artifact %s comes after %s", a.ID, g.Artifacts[i-1].ID)
			}
			if a.Type != "file" || (a.ID == lineagetest.ID("file")) != (a.Path == "data/00000.csv") {
				t.Fatalf("an artifact is %+v", a)
			}
		}
		var got []string
		for _, e := range g.Edges {
			got = append(got, fmt.Sprint(names[e.Execution], map[bool]string{true: " -> ", false: " <- "}[e.Output], g.Artifacts[e.Artifact].ID, " ", g.Ports[e.Port]))
		}
		slices.Sort(got)
		if diff := cmp.Diff(edges, got); diff != "" {
			t.Fatalf("edges: %s", diff)
		}
		if diff := cmp.Diff([]string{"file", "in0", "in1", "out"}, g.Ports); diff != "" {
			t.Errorf("ports: %s", diff)
		}
	}
	down, err := walk.Downstream(t.Context(), db, lineage.Ref{Artifact: list[0].Outputs[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	// All but the first stage, and what they made and read but for the file,
	// which was not made from it.
	if len(down.Executions) != stages-1 || len(down.Artifacts) != stages {
		t.Errorf("downstream are %d executions and %d artifacts", len(down.Executions), len(down.Artifacts))
	}
}

func closure(start int, next func(int) []int) []string {
	seen := map[int]bool{start: true}
	for todo := []int{start}; len(todo) > 0; {
		i := todo[0]
		todo = todo[1:]
		for _, j := range next(i) {
			if !seen[j] {
				seen[j] = true
				todo = append(todo, j)
			}
		}
	}
	list := []string{}
	for i := range seen {
		list = append(list, fmt.Sprint("s", i))
	}
	slices.Sort(list)
	return list
}

func stages(g *walk.Graph) []string {
	list := []string{}
	for _, e := range g.Executions {
		list = append(list, e.Stage)
	}
	slices.Sort(list)
	return list
}

func TestResolve(t *testing.T) {
	db, c := lineagetest.New(t)
	first, second := lineagetest.TwoRuns(t, db, c)
	model := lineagetest.ID("model").String()
	score := lineage.Ref{Execution: 4, RunID: second, Stage: "score"}
	metrics := score
	metrics.Port, metrics.Artifact = "metrics", lineagetest.ID("metrics")
	for _, test := range []struct {
		ref  string
		want lineage.Ref
	}{
		{model, lineage.Ref{Artifact: lineagetest.ID("model")}},
		{model[:4], lineage.Ref{Artifact: lineagetest.ID("model")}},
		{first, lineage.Ref{RunID: first}},
		{first[:len(first)-2], lineage.Ref{RunID: first}},
		{"latest", lineage.Ref{RunID: second}},
		{"penguins", lineage.Ref{RunID: second}},
		{second + "/score", score},
		{"penguins/score", score},
		{"penguins/score.metrics", metrics},
		{"latest/score.metrics", metrics},
	} {
		got, err := db.Resolve(t.Context(), test.ref)
		if err != nil {
			t.Errorf("%s: %v", test.ref, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.ref, diff)
		}
	}
	for _, test := range []struct{ ref, msg, hint string }{
		{"nothing", "is neither a run, nor a pipeline that was run, nor an artifact", "one of: latest, penguins"},
		{"ab", "is too short", ""},
		{"", "is neither a run", "penguins"},
		{"20261123T", "may mean several things", first + ", " + second},
		{"penguins/nothing", `has no stage "nothing"`, "one of: load, model, score"},
		{"penguins/score.nothing", `has no output "nothing"`, "one of: score.metrics, score.report"},
		{"other/score", "is neither a run", "penguins"},
		{strings.Repeat("0", 64), "is neither a run", "penguins"},
	} {
		_, err := db.Resolve(t.Context(), test.ref)
		var ref *lineage.RefError
		if !errors.As(err, &ref) || !strings.Contains(err.Error(), test.msg) || !strings.Contains(ref.Hint(), test.hint) {
			t.Errorf("%s: error is %v", test.ref, err)
		}
	}
	if _, err := newEmpty(t).Resolve(t.Context(), "latest"); err == nil || !strings.Contains(err.Error(), "there are no runs yet") {
		t.Errorf("in an empty database: %v", err)
	}
}

func newEmpty(t *testing.T) *lineage.DB {
	db, _ := lineagetest.New(t)
	return db
}

// What a run has made is asked of the newest one that has ended.
func TestResolveEnded(t *testing.T) {
	db, c := lineagetest.New(t)
	_, ended := lineagetest.TwoRuns(t, db, c)
	going := lineagetest.Begin(t, db, "penguins")
	first := lineagetest.Begin(t, db, "cars")
	for _, ref := range []string{"penguins", "latest", "penguins/model", "latest/model"} {
		if got, err := db.ResolveEnded(t.Context(), ref); err != nil || got.RunID != ended {
			t.Errorf("%s: %+v, %v", ref, got, err)
		}
	}
	for ref, want := range map[string]string{going: going, "cars": first} {
		if got, err := db.ResolveEnded(t.Context(), ref); err != nil || got.RunID != want {
			t.Errorf("%s: %+v, %v", ref, got, err)
		}
	}
	if got, err := db.Resolve(t.Context(), "penguins"); err != nil || got.RunID != going {
		t.Errorf("any run: %+v, %v", got, err)
	}
	if run, err := db.EndedRunByRef(t.Context(), "penguins"); err != nil || run.ID != ended {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestResolveAmbiguousArtifact(t *testing.T) {
	db, _ := lineagetest.New(t)
	a, b := lineagetest.ID("x"), lineagetest.ID("x")
	b[31] ^= 1
	lineagetest.Record(t, db, lineage.Execution{RunID: lineagetest.Begin(t, db, "p"), Stage: "s", Kind: "k", Status: lineage.Succeeded, Outputs: []lineage.Output{{Port: "a", Type: "table", ID: a, Size: 1}, {Port: "b", Type: "table", ID: b, Size: 1}}})
	_, err := db.Resolve(t.Context(), a.Short())
	var ref *lineage.RefError
	if !errors.As(err, &ref) || len(ref.Candidates) != 2 || !slices.Contains(ref.Candidates, b.String()) {
		t.Errorf("error is %v", err)
	}
	if got, err := db.Resolve(t.Context(), b.String()); err != nil || got.Artifact != b {
		t.Errorf("%v, %v", got, err)
	}
}

func TestArtifact(t *testing.T) {
	db, c := lineagetest.New(t)
	first, _ := lineagetest.TwoRuns(t, db, c)
	a, err := db.Artifact(t.Context(), lineagetest.ID("table"))
	if err != nil {
		t.Fatal(err)
	}
	want := &lineage.Artifact{
		ArtifactNode: lineage.ArtifactNode{ID: lineagetest.ID("table"), Type: "table", Size: 1000}, Created: a.Created,
		MadeBy: []lineage.Use{{Execution: 1, RunID: first, Pipeline: "penguins", Stage: "load", Port: "table"}},
		ReadBy: []lineage.Use{{Execution: 2, RunID: first, Pipeline: "penguins", Stage: "model", Port: "train"}, {Execution: 3, RunID: first, Pipeline: "penguins", Stage: "model", Port: "train"}, {Execution: 4, RunID: first, Pipeline: "penguins", Stage: "score", Port: "data"}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	if a, err := db.Artifact(t.Context(), lineagetest.ID("csv")); err != nil || a.Path != "data/penguins.csv" || a.Type != "file" {
		t.Errorf("%+v, %v", a, err)
	}
}
