package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/workspace"
)

// A door is a place where pipe reads a file that somebody else may have made.
type door struct {
	name  string
	path  string   // of the file, below the project
	args  []string // of the command that reads it
	large bool     // a file of any size is rightly read, until somebody stops it
	soft  bool     // the command may succeed all the same
}

// Whatever stands in a door, the command ends: it is refused by name, or it stops
// when it is asked to, and it takes no memory to speak of.
func TestDoors(t *testing.T) {
	obstacles := []struct {
		name string
		put  func(path string) error
	}{
		{"named pipe", func(p string) error { return syscall.Mkfifo(p, 0o600) }},
		{"device", func(p string) error { return os.Symlink("/dev/zero", p) }},
		{"folder", func(p string) error { return os.Mkdir(p, 0o700) }},
		{"socket", func(p string) error { return makeSocket(p) }},
		{"huge", func(p string) error {
			f, err := os.Create(p)
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Truncate(1 << 40)
		}},
	}
	project := newDoorProject(t)
	for _, d := range project.doors() {
		for _, o := range obstacles {
			t.Run(d.name+"/"+o.name, func(t *testing.T) {
				dir := project.copy(t)
				t.Chdir(dir)
				if err := os.RemoveAll(d.path); err != nil {
					t.Fatal(err)
				}
				if err := o.put(d.path); err != nil {
					t.Skip(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if o.name == "huge" && d.large {
					time.AfterFunc(50*time.Millisecond, cancel)
				}
				code, out := runBounded(t, ctx, d.args)
				if code == exitOK && !d.soft || code == exitInterrupted && !(o.name == "huge" && d.large) {
					t.Errorf("exit code %d: %s", code, out)
				}
			})
		}
	}
}

// runBounded runs a command that must end, and must not take much memory.
func runBounded(t *testing.T, ctx context.Context, args []string) (code int, text string) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var out bytes.Buffer
	done := make(chan int, 1)
	lookup := func(name string) (string, bool) { return "/usr/bin:/bin", name == "PATH" }
	go func() { done <- newApp(strings.NewReader(""), &out, &out, lookup).execute(ctx, args) }()
	select {
	case code = <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%v does not end", args)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
		t.Errorf("%v took %d MiB", args, used>>20)
	}
	return code, out.String()
}

// makeSocket makes one by a short name: their paths are limited.
func makeSocket(path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	return os.Rename(filepath.Join(dir, "s"), path)
}

// A doorProject is a folder with pipelines and a store.
type doorProject struct {
	dir    string
	object string // the table that the first stage made
	spec   string // the pipeline file in the store
	log    string
}

const doorPipeline = `pipeline: p
schedule: {cron: "0 3 * * *"}
stages:
  load: {uses: ingest, with: {path: in.csv}}
  say: {uses: exec, with: {shell: "cat side.txt; cp side.txt outputs/x", files: [side.txt], outputs: {x: file}}}
`

func newDoorProject(t *testing.T) *doorProject {
	p := &doorProject{dir: t.TempDir()}
	for name, text := range map[string]string{"p.yaml": doorPipeline, "in.csv": "a,b\n1,2\n3,4\n", "side.txt": "side\n", "out.jsonl": "",
		"keyed.yaml": "pipeline: k\nstages:\n  e: {uses: exec, with: {shell: echo > outputs/x, env: [PATH], outputs: {x: file}}}\n"} {
		if err := writeFile(filepath.Join(p.dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(p.dir)
	for _, args := range [][]string{{"run", "p.yaml"}, {"export", "latest", "-o", "b.tar"}} {
		if code, out := runBounded(t, t.Context(), args); code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, out)
		}
	}
	db, err := lineage.OpenReadOnly(filepath.Join(workspace.StoreName, workspace.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs, err := db.Runs(t.Context(), lineage.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.Executions(t.Context(), runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	object := func(id artifacts.ID) string {
		return filepath.Join(workspace.StoreName, "objects", id.String()[:2], id.String()[2:])
	}
	p.spec = object(runs[0].SpecID)
	for _, e := range list {
		if e.Stage == "load" {
			p.object = object(e.Outputs[0].ID)
		}
	}
	p.log = filepath.Join(workspace.StoreName, "logs", runs[0].ID, "say.1.log")
	return p
}

func (p *doorProject) doors() []door {
	db := filepath.Join(workspace.StoreName, workspace.DatabaseName)
	return []door{
		{name: "pipeline file of run", path: "p.yaml", args: []string{"run", "p.yaml"}},
		{name: "pipeline file of plan", path: "p.yaml", args: []string{"plan", "p.yaml"}},
		{name: "pipeline file of schedule", path: "p.yaml", args: []string{"schedule", "p.yaml", "--list"}},
		{name: "file in a folder of schedules", path: "p.yaml", args: []string{"schedule", ".", "--list"}, soft: true},
		{name: "configuration of run", path: workspace.ConfigFile(workspace.StoreName), args: []string{"run", "p.yaml"}},
		{name: "configuration of gc", path: workspace.ConfigFile(workspace.StoreName), args: []string{"gc"}},
		{name: "bundle", path: "b.tar", args: []string{"import", "b.tar"}},
		{name: "input of ingest", path: "in.csv", args: []string{"run", "p.yaml"}, large: true},
		{name: "input of ingest in plan", path: "in.csv", args: []string{"plan", "p.yaml"}, large: true, soft: true},
		{name: "file of exec", path: "side.txt", args: []string{"run", "p.yaml"}, large: true},
		{name: "target of events", path: "out.jsonl", args: []string{"run", "p.yaml", "--openlineage", "out.jsonl"}, soft: true},
		{name: "object that is shown", path: p.object, args: []string{"show", "latest/load.table"}, large: true, soft: true},
		{name: "object that is checked", path: p.object, args: []string{"check"}, large: true},
		{name: "object that is exported", path: p.object, args: []string{"export", "latest", "-o", "x.tar"}, large: true},
		{name: "object that is an input", path: p.object, args: []string{"verify", "latest"}, large: true, soft: true},
		{name: "pipeline file of rerun", path: p.spec, args: []string{"rerun", "latest"}, large: true, soft: true},
		{name: "log", path: p.log, args: []string{"logs", "latest/say"}, large: true},
		{name: "database that is read", path: db, args: []string{"ls"}},
		{name: "database that is written", path: db, args: []string{"run", "p.yaml"}},
		{name: "lock of the objects", path: filepath.Join(workspace.StoreName, "objects.lock"), args: []string{"run", "p.yaml", "--force"}},
		{name: "claims", path: filepath.Join(workspace.StoreName, "claims.lock"), args: []string{"run", "p.yaml", "--force"}, soft: true},
		{name: "parameters", path: "params.yaml", args: []string{"run", "p.yaml", "-p", "params.yaml"}},
		{name: "secret", path: filepath.Join(workspace.StoreName, "secret"), args: []string{"run", "keyed.yaml"}},
		{name: "store", path: workspace.StoreName, args: []string{"ls", "--store", workspace.StoreName}},
	}
}

// copy makes a project of its own.
func (p *doorProject) copy(t *testing.T) string {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A question that never comes ends with the command.
func TestQueryWaitsForInput(t *testing.T) {
	newDoorProject(t)
	never, stop := io.Pipe()
	defer stop.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	a := newApp(never, &out, &out, func(string) (string, bool) { return "", false })
	if code := a.execute(ctx, []string{"query", "-"}); code == exitOK {
		t.Error(fmt.Sprint("exit code ", code, ": ", out.String()))
	}
}
