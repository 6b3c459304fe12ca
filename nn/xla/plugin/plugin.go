// Package plugin finds the plugin through which XLA computes, and says what it
// would compute with, without starting it: from the files that lie there and from
// what the driver of the kernel tells. It owns where a plugin is looked for, which
// packages it is installed from, and what in it decides the bits of a result. It
// never loads a library; nn/xla/pjrt does.
package plugin

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/base/nvidia"
)

// Platforms of plugins.
const (
	CUDA = "cuda"
	CPU  = "cpu"
)

// Places is where to look, all of it from outside.
type Places struct {
	XLA          string   // PIPE_XLA: the plugin, or a folder with one; empty if not set
	Data         string   // folder of data of the user, as ~/.local/share; empty if there is none
	Environments []string // active virtual environments
	Cache        string   // where hashes of plugins are kept; empty for nowhere
	Libraries    []string // LD_LIBRARY_PATH
	Environment  []string // what is set of the variables that change what a plugin computes, as NAME=value
	Flags        string   // file of flags that XLA_FLAGS names; empty if it has none or has them itself
	System       nvidia.System
}

// changing are the variables that change what a plugin computes.
var changing = []string{"XLA_FLAGS", "NVIDIA_TF32_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG"}

// NewPlaces is where to look as the variables of the environment say.
func NewPlaces(lookup func(string) (string, bool)) Places {
	p := Places{System: nvidia.NewSystem(lookup)}
	get := func(name string) string { value, _ := lookup(name); return value }
	home := get("HOME")
	below := func(variable, folder string) string {
		if dir := get(variable); filepath.IsAbs(dir) { // others are to be ignored, says the XDG specification
			return dir
		}
		if home == "" {
			return ""
		}
		return filepath.Join(home, folder)
	}
	p.XLA = get("PIPE_XLA")
	p.Data = below("XDG_DATA_HOME", ".local/share")
	if dir := below("XDG_CACHE_HOME", ".cache"); dir != "" {
		p.Cache = filepath.Join(dir, "pipe", "xla")
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir := get(name); dir != "" {
			p.Environments = append(p.Environments, dir)
		}
	}
	for dir := range strings.SplitSeq(get("LD_LIBRARY_PATH"), ":") {
		if dir != "" {
			p.Libraries = append(p.Libraries, dir)
		}
	}
	for _, name := range changing {
		// XLA takes its flags at any white space, and a class is one line.
		if value := strings.Join(strings.Fields(get(name)), " "); value != "" {
			p.Environment = append(p.Environment, name+"="+diag.Visible(value))
		}
	}
	if flags := strings.TrimSpace(get("XLA_FLAGS")); flags != "" && flags[0] != '-' { // as XLA tells them apart
		p.Flags = flags
	}
	return p
}

// environment is what changes what a plugin computes, with what is in the file of
// flags.
func (p Places) environment() []string {
	if p.Flags == "" {
		return p.Environment
	}
	sum := "unknown"
	if data, err := infile.ReadAll(p.Flags, maxFlags); err == nil {
		sum = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return append(slices.Clone(p.Environment), "flags sha256 "+sum)
}

const maxFlags = 1 << 20 // bytes of a file of flags

// Home is the folder in which a plugin is looked for, and into which it is to be
// installed; empty if the user has no folder for data.
func (p Places) Home() string {
	if p.Data == "" {
		return ""
	}
	return filepath.Join(p.Data, "pipe", "xla")
}

// A Plugin is one that lies on this machine, with what it would compute with.
type Plugin struct {
	Path     string `json:"path"`     // of the library
	SHA256   string `json:"sha256"`   // of its bytes, in hexadecimal digits
	Platform string `json:"platform"` // CUDA or CPU; empty if it is neither
	Package  string `json:"package"`  // that it was installed from, as in jax-cuda13-pjrt; empty if that is not known
	Version  string `json:"version"`  // of the package; empty if it is not known

	CUDAMajor int       `json:"cuda_major,omitempty"` // version of CUDA that it is made for; 0 if it is not for CUDA
	Libraries []Library `json:"libraries,omitempty"`  // that it opens when it needs them

	Driver    nvidia.Driver `json:"-"`
	Processor string        `json:"processor,omitempty"` // its model, for the platform CPU

	Environment []string `json:"environment,omitempty"` // variables that change what it computes, as NAME=value, and the file that one names

	header header
	system system
	places Places // by which it was found
}

// A NotFoundError says that no plugin is installed where one is looked for.
type NotFoundError struct {
	Looked []string // places
	places Places
}

func (e *NotFoundError) Error() string {
	if len(e.Looked) == 0 {
		return "no XLA plugin is installed: there is no place to look for one (HOME and PIPE_XLA are not set)"
	}
	return "no XLA plugin is installed: looked in " + strings.Join(e.Looked, ", ")
}

// Problem is what it means where a plugin is wanted.
func (e *NotFoundError) Problem() *Problem {
	return &Problem{Message: "no XLA plugin is installed", Todo: "to train on an NVIDIA GPU, install one (2 GB to download, 3 to 5 GB of files)", Install: e.places.InstallCommand()}
}

// Hint implements the hint of package diag.
func (e *NotFoundError) Hint() string { return e.Problem().Hint() }

// Find looks for a plugin: at PIPE_XLA, in the home of plugins and in the active
// virtual environments, never elsewhere. What PIPE_XLA names has to be one;
// elsewhere one that cannot be read counts as none, and the *NotFoundError says why,
// and one for processors, which is there for tests, counts after all others.
// A plugin that does not fit this machine is found all the same: see Plugin.Check.
func Find(places Places) (*Plugin, error) {
	if places.XLA != "" {
		x, err := places.named()
		if err != nil {
			return nil, diag.WithHint(fmt.Errorf("PIPE_XLA: %w", err),
				"let it name the file of a PJRT plugin, as in xla_cuda_plugin.so, or a folder into which one was installed; or unset it")
		}
		return x, nil
	}
	var looked []string
	var forTests *Plugin
	for _, folder := range places.folders() {
		for _, path := range inFolder(folder) {
			x, err := places.open(path)
			switch {
			case err != nil:
				looked = append(looked, err.Error())
			case x.Platform != CPU:
				return x, nil
			case forTests == nil:
				forTests = x
			}
		}
		looked = append(looked, folder)
	}
	if forTests != nil {
		return forTests, nil
	}
	return nil, &NotFoundError{looked, places}
}

// named is the plugin at PIPE_XLA.
func (p Places) named() (*Plugin, error) {
	path, err := filepath.Abs(p.XLA)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return p.open(path)
	}
	var files []string
	for _, folder := range append([]string{path}, sites(path)...) {
		files = append(files, inFolder(folder)...)
	}
	for _, l := range plugins {
		if file := filepath.Join(path, filepath.Base(l.file)); isFile(file) {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no XLA plugin is in the folder %s", path)
	}
	return p.open(files[0])
}

// folders are the places besides PIPE_XLA.
func (p Places) folders() []string {
	var list []string
	if home := p.Home(); home != "" {
		list = append(list, home)
	}
	for _, env := range p.Environments {
		if found := sites(env); len(found) > 0 {
			list = append(list, found...)
		} else {
			list = append(list, env)
		}
	}
	return list
}

// sites are the folders of packages of a virtual environment.
func sites(env string) []string {
	lib := filepath.Join(env, "lib")
	entries, _ := os.ReadDir(lib) // no folder, no packages
	var list []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "python") {
			list = append(list, filepath.Join(lib, e.Name(), "site-packages"))
		}
	}
	return list
}

// inFolder are the files that should be plugins in a folder of packages.
func inFolder(folder string) []string {
	var list []string
	for _, l := range plugins {
		if path := filepath.Join(folder, l.file); exists(path) {
			list = append(list, path)
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// open reads what is to be known of a plugin.
func (p Places) open(path string) (*Plugin, error) {
	head, err := readHeader(path)
	if err != nil {
		return nil, err
	}
	facts, err := factsOf(path, p.Cache)
	if err != nil {
		return nil, err
	}
	x := &Plugin{Path: path, SHA256: facts.SHA256, Platform: facts.Platform, Driver: p.System.Driver(), Environment: p.environment(),
		header: head, system: newSystem(p.System, p.Libraries), places: p}
	x.Package, x.Version = packageOf(path)
	switch x.Platform {
	case CUDA:
		x.CUDAMajor = head.cudaMajor()
		x.Libraries = x.findLibraries()
	case CPU:
		x.Processor = processor(p.System)
	}
	return x, nil
}
