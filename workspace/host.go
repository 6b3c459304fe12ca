package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/nvidia"
	"pipe/pipeline"
	"pipe/runner/machine"
)

// A Host is what a process knows of itself and its machine. All workspaces that
// it opens share it.
type Host struct {
	Registry func() *pipeline.Registry // made when it is asked for: most questions need none

	// Locks are those of what the machine has, which its processes share; if nil,
	// what runs of other processes use does not count.
	Locks *machine.Locks

	// Store is the directory of the store. If it is empty the store is beside the
	// pipeline file, or the nearest one.
	Store string

	GPUs   int           // slots of a run; below 0 is what the configuration of the store says
	NVIDIA nvidia.System // where GPUs are looked for

	// Processors identifies what there is beside the CPU to work on stages, empty
	// if there is nothing; nil if nothing ever is.
	Processors func() string

	Environ []string // of programs that are started, as os.Environ has it

	// The rest is for tests, which let the process die and count what it asks; nil
	// in a normal build.
	FS    artifacts.FS
	At    func(point string)
	Trace func(stmt string)
}

// NewHost is a host whose stores are beside the pipelines, and whose
// configurations say what runs may use. registry is asked for the kinds of stages.
func NewHost(registry func() *pipeline.Registry) *Host {
	return &Host{Registry: registry, GPUs: -1}
}

// StoreOf is the store of a pipeline file: beside the file.
func (h *Host) StoreOf(file string) string {
	if h.Store != "" {
		return h.Store
	}
	return filepath.Join(filepath.Dir(file), StoreName)
}

// FindStore looks for an existing store: the chosen one, the nearest in this
// folder or above it, or that of the folder pipelines/.
func (h *Host) FindStore() (string, error) {
	if dir := h.Store; dir != "" {
		if !IsStore(dir) {
			return "", diag.Usage(diag.WithHint(fmt.Errorf("%s is not a store", dir), "run a pipeline first: pipe run FILE --store "+dir))
		}
		return dir, nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := cwd; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{filepath.Join(dir, StoreName), filepath.Join(dir, "pipelines", StoreName)} {
			if IsStore(candidate) {
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

// StoreToFill is the store that FindStore finds, or else a new one in this folder.
func (h *Host) StoreToFill() (string, error) {
	if h.Store != "" {
		return h.Store, nil
	}
	dir, err := h.FindStore()
	if errors.As(err, new(*diag.UsageError)) {
		return StoreName, nil
	}
	return dir, err
}

// OpenToFill opens the store of StoreToFill for writing.
func (h *Host) OpenToFill() (*Workspace, error) {
	dir, err := h.StoreToFill()
	if err != nil {
		return nil, err
	}
	return h.Open(dir)
}

// OpenNearest opens the store that FindStore finds for what only looks.
func (h *Host) OpenNearest() (*Workspace, error) {
	dir, err := h.FindStore()
	if err != nil {
		return nil, err
	}
	return h.OpenToRead(dir)
}

// OpenNearestToWrite opens the store that FindStore finds for writing.
func (h *Host) OpenNearestToWrite() (*Workspace, error) {
	dir, err := h.FindStore()
	if err != nil {
		return nil, err
	}
	return h.Open(dir)
}

// Load reads a pipeline file.
func (h *Host) Load(file string, opt pipeline.Options) (*pipeline.Plan, error) {
	if st, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, MissingPipeline(file)
	} else if err == nil && st.IsDir() {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s is a folder", file), "name a pipeline file in it"))
	}
	project, err := h.projectOf(file)
	if err != nil {
		return nil, err
	}
	opt.File = project.allows
	return pipeline.Load(file, h.Registry(), opt)
}

// LoadVersion checks a version of a pipeline file as a run at a time does it.
func (h *Host) LoadVersion(file string, source []byte, at time.Time) (*pipeline.Plan, error) {
	project, err := h.projectOf(file)
	if err != nil {
		return nil, err
	}
	return pipeline.LoadBytes(file, source, h.Registry(), pipeline.Options{Run: runValues(at), File: project.allows})
}

// runValues are what a pipeline file can use as ${run.NAME}.
func runValues(at time.Time) map[string]string {
	return map[string]string{pipeline.ScheduledTime: at.UTC().Format(time.RFC3339)}
}

// MissingPipeline says which pipeline files there are that could have been meant.
func MissingPipeline(file string) error { return MissingFile("pipeline file", file, "*.yaml", "*.yml") }

// escapeGlob makes a pattern that matches a folder whatever its name.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// MissingFile says which files there are that could have been meant.
func MissingFile(what, file string, patterns ...string) error {
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
