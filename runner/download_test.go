package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A getting is a stage that reads files, also of servers.
type getting struct {
	Files []settings.Paths `yaml:"files" doc:"What to read."`
	Text  string           `yaml:"text" default:"" doc:"What to write."`
	Limit int              `yaml:"limit" default:"0" doc:"Bytes."`

	headers func() (map[string]string, error)
}

func (g *getting) Run(_ context.Context, env pipeline.Env) error { return copyInputs(env, g.Text) }
func (g *getting) DownloadHeaders() (map[string]string, error)   { return g.headers() }
func (g *getting) DownloadLimit() int64                          { return int64(g.Limit) }

// A served is what a server has, with what it was asked.
type served struct {
	*httptest.Server
	mu      sync.Mutex
	files   map[string][]byte
	asked   []string // METHOD PATH RANGE AUTHORIZATION
	n       int      // how often it was asked since instead was set
	instead func(n int, w http.ResponseWriter, r *http.Request) bool
}

func serveFiles(t *testing.T, files map[string][]byte) *served {
	s := &served{files: files}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, strings.Join(strings.Fields(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")+" "+r.Header.Get("Authorization")), " "))
	s.n++
	n, instead, content := s.n, s.instead, s.files[r.URL.Path]
	s.mu.Unlock()
	switch {
	case instead != nil && instead(n, w, r):
	case content == nil:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", `"`+artifacts.Sum(content).Short()+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// faults has the server do something else from now on.
func (s *served) faults(instead func(n int, w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n, s.instead = 0, instead
}

// took gives what was asked since the last call.
func (s *served) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func newDownloadWorld(t *testing.T) *world {
	w := newWorld(t)
	w.reg = pipeline.NewRegistry(pipeline.Kind{
		Name: "gets", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: gets\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New: func() pipeline.Stage {
			return &getting{headers: func() (map[string]string, error) {
				if v, ok := os.LookupEnv("TEST_TOKEN"); ok {
					return map[string]string{"Authorization": v}, nil
				}
				return nil, nil
			}}
		},
	})
	w.runner.Downloads.Wait = time.Microsecond
	return w
}

func gets(text string, addresses ...string) string {
	return fmt.Sprintf("  s: {uses: gets, with: {text: '%s', files: ['%s']}}\n", text, strings.Join(addresses, "', '"))
}

func pin(content []byte) string { return address.Pin + artifacts.Sum(content).String() }

// fails runs stages that are to fail, with a message that shows no secret.
func (w *world) fails(stages, want string) error {
	w.Helper()
	_, err := w.run(stages, Options{})
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error()+diag.HintOf(err), "hidden") {
		w.Errorf("%v, want %s", err, want)
	}
	return err
}

// What a server has is downloaded once, by its hash, and never shown with what is
// secret of its address.
func TestDownload(t *testing.T) {
	w := newDownloadWorld(t)
	hello := []byte("hello")
	s := serveFiles(t, map[string][]byte{"/data.txt": hello})
	at := s.URL + "/data.txt?token=hidden&v=1"
	shown := s.URL + "/data.txt?token=***&v=1"

	// A plan asks nobody, whether it can go on or not.
	for stages, want := range map[string]Action{gets("", at): WillFail, gets("", at+pin(hello)): WillRun} {
		list, err := w.runner.Explain(t.Context(), w.plan(stages), Options{})
		if err != nil || list[0].Action != want || strings.Contains(fmt.Sprint(list[0].Reason, list[0].Downloads), "hidden") {
			t.Errorf("%+v, %v", list, err)
		}
		if want == WillRun && !slices.Equal(list[0].Downloads, []string{shown}) {
			t.Errorf("would download %q", list[0].Downloads)
		}
	}
	if asked := s.took(); asked != nil {
		t.Errorf("a plan asked %q", asked)
	}

	w.fails(gets("", s.URL+"/gone?token=hidden"+pin(hello)), "/gone?token=***: the server answers 404 Not Found")
	w.fails(gets("", at+pin([]byte("other"))), "its SHA-256 is "+artifacts.Sum(hello).String()+", and should be "+artifacts.Sum([]byte("other")).String())
	w.fails("  s: {uses: gets, with: {limit: 4, files: ['"+s.URL+"/data.txt']}}\n", "more than 4 bytes")
	s.took()
	err := w.fails(gets("", at), "does not say what it holds")
	if !strings.Contains(diag.HintOf(err), "write "+pin(hello)) {
		t.Errorf("the hint does not give the hash: %s", diag.HintOf(err))
	}
	s.took()

	// Its bytes are in the store by now.
	res, err := w.run(gets("", at+pin(hello)), Options{})
	if err != nil || w.text(res, "s") != "(files/"+shown+"=hello)" {
		t.Fatal(w.text(res, "s"), err)
	}
	list, err := w.runner.DB.Executions(t.Context(), res.RunID)
	if err != nil || list[0].Inputs[0].Path != shown || list[0].Inputs[0].ID != artifacts.Sum(hello) || list[0].Inputs[0].Size != 5 || strings.Contains(string(list[0].Config), "hidden") {
		t.Errorf("recorded as %+v, %v", list[0].Inputs, err)
	}
	if asked := s.took(); asked != nil {
		t.Errorf("the server was asked %q for what the store has", asked)
	}
	if f, err := w.runner.Explain(t.Context(), w.plan(gets("", at+pin(hello))), Options{}); err != nil || f[0].Action != WillSkip || f[0].Downloads != nil {
		t.Errorf("%+v, %v", f, err)
	}

	// Another store has to ask, and does without the server from then on.
	w = newDownloadWorld(t)
	t.Setenv("TEST_TOKEN", "Bearer hidden")
	if _, err := w.run(gets("", at+pin(hello)), Options{}); err != nil {
		t.Fatal(err)
	}
	if asked := s.took(); !slices.Equal(asked, []string{"GET /data.txt Bearer hidden"}) {
		t.Errorf("asked %q", asked)
	}
	s.Close()
	res, err = w.run(gets("another key", at+pin(hello)), Options{Force: []string{"s"}})
	if err != nil || res.Stages[0].Status != lineage.Succeeded {
		t.Errorf("without the server: %v", err)
	}
}

// A file that is at another place has the same bytes, and nobody is asked for them.
func TestDownloadMoved(t *testing.T) {
	w := newDownloadWorld(t)
	hello := []byte("hello")
	s := serveFiles(t, map[string][]byte{"/a.txt": hello, "/b.txt": hello})
	for i, from := range []string{s.URL + "/a.txt" + pin(hello), s.URL + "/a.txt?v=2" + pin(hello), s.URL + "/b.txt" + pin(hello)} {
		if res, err := w.run(gets("", from), Options{}); err != nil || res.Stages[0].Status != lineage.Succeeded {
			t.Errorf("%d: %v", i, err)
		}
	}
	if asked := s.took(); len(asked) != 1 {
		t.Errorf("asked %q for the same bytes", asked)
	}
}

// Two stages that want the same file at once get it once.
func TestDownloadTogether(t *testing.T) {
	w := newDownloadWorld(t)
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	s := serveFiles(t, map[string][]byte{"/a": content})
	both := make(chan struct{})
	s.faults(func(n int, _ http.ResponseWriter, _ *http.Request) bool { <-both; return false })
	w.runner.Observe = func(ev Event) {
		if log, ok := ev.(StageLog); ok && strings.Contains(log.Message, "waiting for a download") {
			close(both)
		}
	}
	at := s.URL + "/a" + pin(content)
	stages := "  a: {uses: gets, with: {text: a, files: ['" + at + "']}}\n  b: {uses: gets, with: {text: b, files: ['" + at + "']}}\n"
	if _, err := w.run(stages, Options{}); err != nil {
		t.Fatal(err)
	}
	if asked := s.took(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

// A download that is cut off goes on in the next run where it ended, is tried again
// within a run, and never mixes two files.
func TestDownloadResumed(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	other := bytes.Repeat([]byte("abcdefghij"), 100_000)
	cut := func(w http.ResponseWriter) bool {
		w.Header().Set("ETag", `"`+artifacts.Sum(content).Short()+`"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:400_000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w := newDownloadWorld(t)
	w.runner.Downloads.Tries = 1
	s := serveFiles(t, map[string][]byte{"/a": content})
	at := s.URL + "/a" + pin(content)
	for _, unpinned := range []bool{false, true} {
		from := at
		if unpinned {
			from = s.URL + "/a?again"
		}
		s.faults(func(n int, w http.ResponseWriter, _ *http.Request) bool { return n == 1 && cut(w) })
		err := w.fails(gets("", from), "unexpected EOF")
		if !strings.Contains(diag.HintOf(err), "is kept, and the next run goes on") {
			t.Errorf("hint %q", diag.HintOf(err))
		}
		s.took()
		if unpinned {
			if err := w.fails(gets("", from), "does not say what it holds"); !strings.Contains(diag.HintOf(err), pin(content)) {
				t.Error(diag.HintOf(err))
			}
		} else if _, err := w.run(gets("", from), Options{}); err != nil {
			t.Fatal(err)
		}
		if asked := s.took(); len(asked) != 1 || asked[0] != "GET /a bytes=400000-" {
			t.Errorf("asked %q", asked)
		}
	}
	if left, err := os.ReadDir(filepath.Join(w.dir, ".pipe", "parts")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}

	// The file changes in between.
	w = newDownloadWorld(t)
	w.runner.Downloads.Tries = 1
	s.faults(func(n int, w http.ResponseWriter, _ *http.Request) bool { return n == 1 && cut(w) })
	w.fails(gets("", at), "unexpected EOF")
	s.took()
	s.mu.Lock()
	s.files["/a"] = other
	s.mu.Unlock()
	w.fails(gets("", at), "its SHA-256 is "+artifacts.Sum(other).String())

	// In a run it is tried again.
	w = newDownloadWorld(t)
	s.took()
	s.mu.Lock()
	s.files["/a"] = content
	s.mu.Unlock()
	s.faults(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n == 1 && cut(w) || n == 2
	})
	if _, err := w.run(gets("", at), Options{}); err != nil {
		t.Fatal(err)
	}
	if asked := s.took(); !slices.Equal(asked, []string{"GET /a", "GET /a bytes=400000-", "GET /a bytes=400000-"}) {
		t.Errorf("asked %q", asked)
	}
}

// A run that is stopped stops to download, and keeps what has come.
func TestDownloadStopped(t *testing.T) {
	w := newDownloadWorld(t)
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	s := serveFiles(t, map[string][]byte{"/a": content})
	ctx, cancel := context.WithCancel(t.Context())
	s.faults(func(n int, rw http.ResponseWriter, r *http.Request) bool {
		if n > 1 {
			return false
		}
		rw.Header().Set("ETag", `"`+artifacts.Sum(content).Short()+`"`)
		rw.Write(content[:500_000])
		rw.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	w.runner.Observe = func(ev Event) {
		if p, ok := ev.(StageProgress); ok && p.Done == 500_000 {
			cancel()
		}
	}
	plan := w.plan(gets("", s.URL+"/a"+pin(content)))
	if _, err := w.runner.Run(ctx, plan, Options{}); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	s.took()
	if _, err := w.runner.Run(t.Context(), plan, Options{}); err != nil {
		t.Fatal(err)
	}
	if asked := s.took(); len(asked) != 1 || asked[0] != "GET /a bytes=500000-" {
		t.Errorf("asked %q", asked)
	}
}

// A page to log in, in place of the file, is said to be one.
func TestDownloadPage(t *testing.T) {
	w := newDownloadWorld(t)
	s := serveFiles(t, nil)
	s.faults(func(_ int, rw http.ResponseWriter, _ *http.Request) bool {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(rw, "<html>log in</html>")
		return true
	})
	if err := w.fails(gets("", s.URL+"/data.csv"), "does not say"); !strings.Contains(diag.HintOf(err), "page in HTML") {
		t.Error(diag.HintOf(err))
	}
	if err := w.fails(gets("", s.URL+"/page.html"), "does not say"); strings.Contains(diag.HintOf(err), "page in HTML") {
		t.Error(diag.HintOf(err))
	}
	s.faults(func(_ int, rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(401); return true })
	if err := w.fails(gets("", s.URL+"/data.csv"), "401 Unauthorized"); !strings.Contains(diag.HintOf(err), "header_env") {
		t.Error(diag.HintOf(err))
	}
}

// The files of a stage come side by side, and a stage whose one file fails ends the others.
func TestDownloadsOfAStage(t *testing.T) {
	w := newDownloadWorld(t)
	files, addresses := map[string][]byte{}, []string{}
	s := serveFiles(t, files)
	for i := range downloadsAtOnce + 2 {
		name := fmt.Sprintf("/%d.txt", i)
		files[name] = []byte(name)
		addresses = append(addresses, s.URL+name+pin(files[name]))
	}
	all := make(chan struct{})
	s.faults(func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == downloadsAtOnce {
			close(all)
		}
		<-all // so many are under way together
		return false
	})
	var most int64
	w.runner.Observe = func(ev Event) {
		if p, ok := ev.(StageProgress); ok {
			most = max(most, p.Done)
		}
	}
	if res, err := w.run(gets("", addresses...), Options{}); err != nil || res.Stages[0].Status != lineage.Succeeded || most != int64(6*len(files)) {
		t.Errorf("%v, %d bytes", err, most)
	}

	w = newDownloadWorld(t)
	s.faults(func(_ int, rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/1.txt" {
			http.NotFound(rw, r)
			return true
		}
		<-r.Context().Done() // until it is not wanted any more
		return true
	})
	w.fails(gets("", addresses...), "/1.txt: the server answers 404 Not Found")
}
