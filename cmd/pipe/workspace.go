package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/runner/machine"
	"pipe/stages/exec"
)

// storeName is the directory beside the pipelines that holds everything that
// pipe makes.
const storeName = ".pipe"

// databaseName is the lineage database in a store.
const databaseName = "lineage.db"

// A workspace is an open store with its database.
type workspace struct {
	dir   string
	store *artifacts.Store
	db    *lineage.DB
	at    func(point string) // see crash_on.go; nil in a normal build
	also  func(runner.Event) // sees the events of runs beside the view; may be nil
}

// logs is where what stages say is kept.
func (w *workspace) logs() string { return filepath.Join(w.dir, "logs") }

// close lets go of the store. What it cannot clean up, pipe gc does.
func (w *workspace) close() {
	w.store.Close()
	w.db.Close()
}

// chosenStore is the directory that flags or environment name, if they do.
func (a *app) chosenStore() (string, bool) {
	if a.storeDir != "" {
		return a.storeDir, true
	}
	if dir, ok := a.lookup("PIPE_STORE"); ok && dir != "" {
		return dir, true
	}
	return "", false
}

// storeFor is the store of a pipeline file: beside the file.
func (a *app) storeFor(file string) string {
	if dir, ok := a.chosenStore(); ok {
		return dir
	}
	return filepath.Join(filepath.Dir(file), storeName)
}

// findStore looks for an existing store: the chosen one, the nearest in this
// folder or above it, or that of the folder pipelines/.
func (a *app) findStore() (string, error) {
	if dir, ok := a.chosenStore(); ok {
		if !isStore(dir) {
			return "", diag.Usage(diag.WithHint(fmt.Errorf("%s is not a store", dir), "run a pipeline first: pipe run FILE --store "+dir))
		}
		return dir, nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := cwd; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{filepath.Join(dir, storeName), filepath.Join(dir, "pipelines", storeName)} {
			if isStore(candidate) {
				return candidate, nil
			}
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return "", diag.Usage(diag.WithHint(errors.New("no store here: nothing has been run yet"),
		"run a pipeline first (pipe run FILE), or name its store with --store DIR"))
}

func isStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, databaseName))
	return err == nil
}

// open opens a store for writing, and makes it if need be.
func open(dir string) (*workspace, error) {
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s is a file, but the store is a folder", dir), "move the file away, or name another folder with --store"))
	}
	fsys, at, err := crashPoints()
	if err != nil {
		return nil, err
	}
	first := !isStore(dir)
	store, err := artifacts.OpenFS(dir, fsys)
	if errors.Is(err, fs.ErrPermission) {
		return nil, diag.WithHint(err, "put the store where you may write: --store DIR")
	}
	if err != nil {
		return nil, err
	}
	db, err := lineage.OpenWith(filepath.Join(dir, databaseName), lineage.Options{Claims: store, At: at})
	if err != nil {
		return nil, err
	}
	if first && filepath.Base(dir) == storeName {
		ignoreInGit(dir)
	}
	return &workspace{dir: dir, store: store, db: db, at: at}, nil
}

// ignoreInGit keeps a new store out of version control: it is large, and one that
// comes with a project could not be trusted. Who wants it otherwise deletes the
// file. No run fails because it cannot be written.
func ignoreInGit(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, ".gitignore"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return
	}
	_, _ = f.WriteString("# Made by pipe.\n*\n")
	_ = f.Close()
}

// openExisting opens the store that findStore finds, for commands that only
// look.
func (a *app) openExisting() (*workspace, error) {
	dir, err := a.findStore()
	if err != nil {
		return nil, err
	}
	return openToRead(dir)
}

// openToRead opens a store for commands that only look.
func openToRead(dir string) (*workspace, error) {
	store := artifacts.OpenReadOnly(dir)
	db, err := readDatabase(dir, store)
	if err != nil {
		return nil, err
	}
	return &workspace{dir: dir, store: store, db: db}, nil
}

// readDatabase opens the database of a store to read. One that an earlier pipe
// has made is migrated first: who has a new pipe wants to see the old runs. Who
// may not write to it is told that it is old.
func readDatabase(dir string, store *artifacts.Store) (*lineage.DB, error) {
	path, opt := filepath.Join(dir, databaseName), lineage.Options{Claims: store}
	db, err := lineage.OpenReadOnlyWith(path, opt)
	if !lineage.IsOld(err) {
		return db, err
	}
	migrated, failed := lineage.OpenWith(path, opt)
	if failed != nil {
		return nil, err
	}
	if err := migrated.Close(); err != nil {
		return nil, err
	}
	return lineage.OpenReadOnlyWith(path, opt)
}

// runner gives what executes stages in a store. It is the only place that makes
// one, so that all commands offer a stage the same machine. jobs is the number
// of stages at once, 0 for what the configuration of the store says.
func (a *app) runner(ws *workspace, jobs int) (*runner.Runner, error) {
	c, err := readConfig(ws.dir)
	if err != nil {
		return nil, err
	}
	offered := a.offered(c.Machine, jobs)
	return &runner.Runner{Store: ws.store, DB: ws.db, Environment: environment(), LogDir: ws.logs(), Capacity: offered,
		Machine: a.machine(c.Machine, offered), CheckpointEvery: c.Machine.CheckpointEvery, EndLeftovers: exec.EndLeftovers, At: ws.at}, nil
}

// offered is what the stages of one run may use together: what the machine
// has, unless the configuration of the store or a flag says otherwise.
func (a *app) offered(c machineConfig, jobs int) pipeline.Resources {
	if jobs <= 0 {
		jobs = c.CPU
	}
	r := capacity(jobs)
	if m := int64(c.Memory); m > 0 {
		r.Memory = m
	}
	r.GPU = c.GPU
	if a.gpus >= 0 {
		r.GPU = a.gpus
	}
	if visible := a.visibleGPUs(); visible != nil {
		r.GPU = min(r.GPU, len(visible))
	}
	return r
}

// machine is what the runs of this machine share. What a run may use by itself is
// a part of it: --jobs bounds a run, not the machine.
func (a *app) machine(c machineConfig, offered pipeline.Resources) *machine.Machine {
	m := &machine.Machine{Locks: a.locks, CPU: max(offered.CPU, capacity(c.CPU).CPU), Memory: offered.Memory, GPUs: a.gpuNames(offered.GPU)}
	if len(c.Limits) > 0 {
		m.Limits = make(map[string]int, len(c.Limits))
	}
	for _, l := range c.Limits {
		m.Limits[l.Key] = l.Value
	}
	return m
}

// visibleGPUs are the names of the GPUs that pipe itself may use, nil if it may
// use all that there are.
func (a *app) visibleGPUs() (names []string) {
	if visible, ok := a.lookup("CUDA_VISIBLE_DEVICES"); ok && visible != "" {
		for name := range strings.SplitSeq(visible, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// gpuNames are the GPUs that n slots stand for.
func (a *app) gpuNames(n int) []string {
	names := a.visibleGPUs()
	if names != nil {
		return names[:n]
	}
	for i := range n {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// machineLocks is the file in which all processes of the machine, of whichever
// user, lock what they use of it. PIPE_MACHINE names another one.
const machineLocks = "/tmp/pipe.slots"

func newLocks(lookup func(string) (string, bool)) *machine.Locks {
	if path, ok := lookup("PIPE_MACHINE"); ok && path != "" {
		return machine.NewLocks(path)
	}
	return machine.NewLocks(machineLocks)
}

func (a *app) gpuFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.gpus, "gpus", -1, "GPU slots of a run; -1 takes machine.gpu of config.yaml")
}

// capacity is what the machine offers to one run. GPUs are not detected.
func capacity(jobs int) pipeline.Resources {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	return pipeline.Resources{CPU: jobs, Memory: totalMemory()}
}

// totalMemory reads the memory of the machine in bytes. Where it cannot be
// read there is no limit.
func totalMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 1 << 62
	}
	defer f.Close()
	var kib int64
	if _, err := fmt.Fscanf(f, "MemTotal: %d kB", &kib); err != nil {
		return 1 << 62
	}
	return kib << 10
}

// environment describes this process for the lineage.
func environment() lineage.Environment {
	host, _ := os.Hostname() // a machine without a name is recorded without one
	v := buildVersion()
	env := lineage.Environment{
		PipeVersion: v.Version, GoVersion: runtime.Version(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Hostname: host,
	}
	if v.Revision != "" {
		env.Details = map[string]string{"revision": v.Revision}
	}
	return env
}

// A version says which pipe this is.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (v version) String() string {
	parts := []string{"pipe", v.Version}
	if v.Revision != "" {
		parts = append(parts, v.Revision[:min(12, len(v.Revision))])
	}
	if v.Modified {
		parts = append(parts, "(modified)")
	}
	return strings.Join(append(parts, v.Go, v.Platform), " ")
}

func buildVersion() version {
	v := version{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// load reads a pipeline file.
func (a *app) load(file string, opt pipeline.Options) (*pipeline.Plan, error) {
	if st, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, missingPipeline(file)
	} else if err == nil && st.IsDir() {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s is a folder", file), "name a pipeline file in it"))
	}
	project, err := a.projectOf(file)
	if err != nil {
		return nil, err
	}
	opt.File = project.allows
	return pipeline.Load(file, a.registry(), opt)
}

func missingPipeline(file string) error { return missingFile("pipeline file", file, "*.yaml", "*.yml") }

// escapeGlob makes a pattern that matches a folder whatever its name.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// missingFile says which files there are that could have been meant.
func missingFile(what, file string, patterns ...string) error {
	err := fmt.Errorf("%s %s does not exist", what, file)
	var names []string
	for _, pattern := range patterns {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(file)), pattern)) // the pattern is well formed
		names = append(names, found...)
	}
	if near, ok := diag.Nearest(file, names); ok {
		return diag.Usage(diag.WithHint(err, fmt.Sprintf("did you mean %s?", near)))
	}
	if len(names) > 0 {
		names = names[:min(len(names), 8)]
		return diag.Usage(diag.WithHint(err, "in that folder: "+strings.Join(names, ", ")))
	}
	return diag.Usage(err)
}
