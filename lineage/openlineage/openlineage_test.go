package openlineage

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

var (
	tableID = artifacts.Sum([]byte("table"))
	modelID = artifacts.Sum([]byte("model"))
)

const runID = "20261123T031500-3f9a2c"

// demo is a plan of two stages whose names try to break out of texts.
func demo() *pipeline.Plan {
	return &pipeline.Plan{
		Pipeline: "demo", File: "a folder/demo.yaml", Source: []byte("pipeline: demo\n"),
		Steps: []*pipeline.Step{
			{Name: `load "x" <b>`, Kind: &pipeline.Kind{Name: "ingest"}, Files: []pipeline.FileInput{{Port: "path", Path: "a.csv", Resolved: "/data/a \u202e.csv"}}},
			{Name: "model", Kind: &pipeline.Kind{Name: "train"}, Inputs: []pipeline.Edge{
				{Port: "pinned", Type: pipeline.Model, Artifact: modelID},
				{Port: "train", Type: pipeline.Table, From: pipeline.Ref{Stage: `load "x" <b>`, Port: "table"}}}},
		},
	}
}

// happenings are the events of a run that ends with err, if it is not nil.
func happenings(err error) []runner.Event {
	load := demo().Steps[0].Name
	status := lineage.Succeeded
	var unmet *pipeline.RequirementError
	switch {
	case errors.As(err, &unmet):
		status = lineage.RequirementFailed
	case errors.Is(err, runner.ErrInterrupted):
		status = lineage.Interrupted
	case err != nil:
		status = lineage.Failed
	}
	list := []runner.Event{
		runner.RunStarted{RunID: runID, Pipeline: "demo", Stages: []string{load, "model"}},
		runner.StageFinished{Stage: load, Status: lineage.Cached, Origin: 7, Outputs: []lineage.Output{{Port: "table", Type: "table", ID: tableID, Size: 100}}},
		runner.StageStarted{Stage: "model", Kind: "train", Attempt: 1, Reason: "not made before"},
		runner.StageProgress{Stage: "model", Done: 1, Total: 2},
		runner.StageStarted{Stage: "model", Kind: "train", Attempt: 2},
	}
	end := runner.StageFinished{Stage: "model", Status: status, Err: err, Metrics: []lineage.Metric{{Name: "loss", Value: 0.5}, {Name: "f1", Value: 0.75, Class: "failed"}}}
	if err == nil {
		end.Outputs = []lineage.Output{{Port: "model", Type: "model", ID: modelID, Size: 50}}
	}
	res := &runner.Result{RunID: runID, Status: status, Stages: []runner.StageResult{{Stage: load, Status: lineage.Cached}, {Stage: "model", Status: status, Err: err}}}
	return append(list, end, runner.RunFinished{Result: res})
}

func observe(t *testing.T, sink Sink, events []runner.Event) error {
	t.Helper()
	at := time.Date(2026, 11, 23, 3, 15, 0, 0, time.UTC)
	o := New(Config{
		Plan: demo(), Namespace: "tests", Version: "1 %", Sink: sink,
		Now: func() time.Time { at = at.Add(time.Second); return at },
		Describe: func(portType string, id artifacts.ID) (*Schema, error) {
			if portType != "table" {
				return nil, nil
			}
			return &Schema{Rows: 3, Fields: []Field{{"a", "int64", 1}, {"b", "string", -1}}}, nil
		},
		Columns: func(_ context.Context, run, stage string, origin int64) ([]lineage.ColumnEdge, error) {
			if run != runID {
				t.Errorf("columns of run %s were asked for", run)
			}
			if origin == 7 {
				return []lineage.ColumnEdge{{OutPort: "table", OutColumn: "a", InPort: "path", InColumn: "a"}, {OutPort: "table", OutColumn: "b", InPort: "path", InColumn: "b"}}, nil
			}
			return []lineage.ColumnEdge{{OutPort: "model", OutColumn: "a", InPort: "train", InColumn: "a"}, {OutPort: "model", OutColumn: "a", InPort: "train", InColumn: "b"}}, nil
		},
	})
	for _, ev := range events {
		o.Observe(ev)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return o.Close(ctx)
}

// A memory keeps events.
type memory struct{ bytes.Buffer }

func (m *memory) Send(_ context.Context, event []byte) error {
	m.Write(append(event, '\n'))
	return nil
}
func (m *memory) Close() error { return nil }

// specification reads the published schemas.
func specification(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := filepath.Glob("testdata/spec/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(doc.(map[string]any)["$id"].(string), doc); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// checkEvent validates an event and each of its facets. It returns the facets.
func checkEvent(t *testing.T, c *jsonschema.Compiler, line string) []string {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	root, err := c.Compile(specURL)
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, line)
	}
	var seen []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for key, e := range v {
				if url, ok := facetURLs[key]; ok {
					if facet, ok := e.(map[string]any); ok && facet["_schemaURL"] != nil {
						s, err := c.Compile(url)
						if err != nil {
							t.Fatal(err)
						}
						if err := s.Validate(facet); err != nil || facet["_schemaURL"] != url {
							t.Errorf("facet %s: %v\n%v", key, err, facet)
						}
						seen = append(seen, key)
					}
				}
				walk(e)
			}
		}
	}
	walk(doc)
	return seen
}

func TestEventsAreValid(t *testing.T) {
	c := specification(t)
	seen := map[string]bool{}
	for name, want := range map[string]struct {
		err  error
		last string
	}{
		"succeeded":   {nil, "COMPLETE"},
		"failed":      {errors.New("out of \"luck\"\n\xff"), "FAIL"},
		"gate":        {&pipeline.RequirementError{Failed: []string{"accuracy is 0.9, required >= 0.95"}}, "FAIL"},
		"interrupted": {runner.ErrInterrupted, "ABORT"},
	} {
		m := &memory{}
		if err := observe(t, m, happenings(want.err)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(m.Bytes(), []byte(`"classes":{"f1":"failed"}`)) {
			t.Errorf("%s: no event says which class f1 is about", name)
		}
		var got []string
		for s := bufio.NewScanner(m); s.Scan(); {
			for _, f := range checkEvent(t, c, s.Text()) {
				seen[f] = true
			}
			var ev event
			if err := json.Unmarshal(s.Bytes(), &ev); err != nil {
				t.Fatal(err)
			}
			got = append(got, ev.EventType+" "+ev.Job.Name)
		}
		wantEvents := []string{"START demo", `START demo.load "x" <b>`, `COMPLETE demo.load "x" <b>`, "START demo.model", want.last + " demo.model", want.last + " demo"}
		if diff := cmp.Diff(wantEvents, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for key := range facetURLs {
		if !seen[key] {
			t.Errorf("no event has the facet %s", key)
		}
	}
}

// The IDs of runs follow from those of pipe, and parents can be found.
func TestRunIDs(t *testing.T) {
	a, b := uuid(runID), uuid(runID+"/model")
	if a == b || a != uuid(runID) || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(a) {
		t.Errorf("%s and %s", a, b)
	}
	m := &memory{}
	if err := observe(t, m, happenings(nil)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(m.String(), `"parent":{"_producer":"urn:pipe:1%20%25","_schemaURL":"`+facetURLs["parent"]+`","job":{"name":"demo","namespace":"tests"},"run":{"runId":"`+a+`"}}`); n != 4 {
		t.Errorf("%d events have the run as parent, want 4:\n%s", n, m)
	}
}

// A server is one that answers as a function says.
func server(t *testing.T, answer func(n int64, w http.ResponseWriter, r *http.Request)) (string, func() []string) {
	t.Helper()
	var n atomic.Int64
	var mu sync.Mutex
	var bodies []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		mu.Unlock()
		answer(n.Add(1), w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { mu.Lock(); defer mu.Unlock(); return append([]string(nil), bodies...) }
}

func openFast(t *testing.T, url, key string) *httpSink {
	t.Helper()
	s, err := OpenSink(url, key)
	if err != nil {
		t.Fatal(err)
	}
	h := s.(*httpSink)
	h.wait = time.Millisecond
	h.client.Timeout = 10 * time.Second // the machine may be busy
	return h
}

func TestServer(t *testing.T) {
	ok := func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) }
	for name, c := range map[string]struct {
		answer   func(n int64, w http.ResponseWriter, r *http.Request)
		requests int // that the server saw
		want     []string
	}{
		"works": {func(_ int64, w http.ResponseWriter, _ *http.Request) { ok(w) }, 6, nil},
		"fails at times": {func(n int64, w http.ResponseWriter, _ *http.Request) {
			if n%3 != 0 {
				http.Error(w, "busy", http.StatusServiceUnavailable)
			} else {
				ok(w)
			}
		}, 18, nil},
		"is broken": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of order", http.StatusInternalServerError)
		},
			9, []string{"500", "out of order", "5 events were not told"}},
		"refuses": {func(_ int64, w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no such tenant", http.StatusForbidden)
		},
			3, []string{"403", "no such tenant"}},
		"is slow": {func(_ int64, w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			9, []string{"5 events were not told"}},
		"hangs up": {func(_ int64, w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, -1, []string{"were not told"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, bodies := server(t, c.answer)
			sink := openFast(t, url, "secret")
			if name == "is slow" {
				sink.client.Timeout = 50 * time.Millisecond
			}
			err := observe(t, sink, happenings(nil))
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if c.want == nil && err != nil {
				t.Error(err)
			}
			if got := bodies(); c.requests >= 0 && len(got) != c.requests {
				t.Errorf("%d requests, want %d", len(got), c.requests)
			} else if c.want == nil {
				for _, b := range got {
					if !strings.HasPrefix(b, `POST /api/v1/lineage Bearer secret {"eventType":`) {
						t.Errorf("request %.100s", b)
					}
				}
			}
		})
	}
}

func TestServerIsGone(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	err := observe(t, openFast(t, strings.Replace(s.URL, "http://", "http://user:password@", 1)+"/events", ""), happenings(nil))
	if err == nil || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "password@") {
		t.Errorf("got %v", err)
	}
}

// Who is told is decided by the user, not by the server, and no secret of the
// address is shown.
func TestRedirects(t *testing.T) {
	elsewhere, told := server(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {})
	other := strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
	tests := map[string]struct {
		code int
		to   string
		want string // in the error; empty: it is told
	}{
		"same server":     {http.StatusTemporaryRedirect, "/here", ""},
		"another server":  {http.StatusTemporaryRedirect, other + "/?stolen", "it redirects to another server, localhost"},
		"another request": {http.StatusMovedPermanently, "/moved?key=hidden", "it has moved to http://127.0.0.1"},
		"a circle":        {http.StatusTemporaryRedirect, "/events", "it redirects more than 5 times"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := server(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/events" {
					http.Redirect(w, r, tt.to, tt.code)
				}
			})
			err := observe(t, openFast(t, strings.Replace(url, "http://", "http://name:pass@", 1)+"/events?token=secret", ""), happenings(nil))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && regexp.MustCompile("secret|name|pass|hidden|stolen").MatchString(err.Error()) {
				t.Errorf("%v tells too much", err)
			}
		})
	}
	if got := told(); len(got) > 0 {
		t.Errorf("another server was told %v", got)
	}
}

func TestAnswerOfTheServerIsOneVisibleLine(t *testing.T) {
	url, _ := server(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "no\nerror: \x1b[31mall is lost\a")
	})
	err := observe(t, openFast(t, url, ""), happenings(nil))
	if err == nil || !strings.Contains(err.Error(), `no error: \x1b[31mall is lost\x07`) {
		t.Errorf("got %v", err)
	}
	if _, err := OpenSink("http://?token=secret", ""); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// The end of a run waits for a slow server, but not for ever.
func TestCloseEnds(t *testing.T) {
	url, _ := server(t, func(_ int64, w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	sink, err := OpenSink(url, "")
	if err != nil {
		t.Fatal(err)
	}
	o := New(Config{Plan: demo(), Version: "1", Sink: sink})
	for _, ev := range happenings(nil) {
		o.Observe(ev)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := o.Close(ctx); err == nil || !strings.Contains(err.Error(), "events were not told in time") {
		t.Errorf("got %v", err)
	}
	o.Observe(happenings(nil)[0]) // after Close: nothing happens
}

// A full queue drops events instead of holding up the run.
func TestQueueIsBounded(t *testing.T) {
	block := make(chan struct{})
	q := newQueue(func(context.Context, happening) error { <-block; return nil })
	for range maxQueue + 10 {
		q.add(happening{})
	}
	close(block)
	if lost := q.close(t.Context()); lost < 9 || lost > 10 {
		t.Errorf("%d events were lost, want 9 or 10", lost)
	}
}

func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events.jsonl")
	for range 2 {
		sink, err := OpenSink(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := observe(t, sink, happenings(nil)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(data, []byte("\n")); n != 12 {
		t.Errorf("%d lines, want 12", n)
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "no", "folder"), "http://", "https://%zz"} {
		if _, err := OpenSink(bad, ""); err == nil {
			t.Errorf("%s was opened", bad)
		}
	}
}
