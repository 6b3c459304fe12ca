// Package nvidia says which NVIDIA GPUs this machine has: from what the driver
// tells under /proc, so nothing is started and nothing is waited for. It is the
// owner of what a GPU is called, and of what CUDA_VISIBLE_DEVICES means. It knows
// nothing of what GPUs are used for.
package nvidia

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"pipe/base/infile"
)

// A System is where to look, and what the environment says of it.
type System struct {
	Root    string   // of the file system; empty is /
	Visible []string // the words of CUDA_VISIBLE_DEVICES; nil if it is not set
	Order   string   // CUDA_DEVICE_ORDER
}

// NewSystem is this machine as the variables of the environment describe it.
func NewSystem(lookup func(string) (string, bool)) System {
	s := System{}
	if value, ok := lookup("CUDA_VISIBLE_DEVICES"); ok {
		s.Visible = []string{}
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				s.Visible = append(s.Visible, word)
			}
		}
	}
	s.Order, _ = lookup("CUDA_DEVICE_ORDER")
	return s
}

// A GPU is one that this process may use.
type GPU struct {
	Name  string `json:"name"`           // as CUDA_VISIBLE_DEVICES has it
	Index int    `json:"index"`          // what CUDA calls it in this process
	Model string `json:"model"`          // as in "NVIDIA H200"; empty if it is not known
	UUID  string `json:"uuid,omitempty"` // empty if it is not known: some drivers tell it after the first use only
	Minor int    `json:"-"`              // N of the file /dev/nvidiaN; below 0 if it is not known
}

// A Driver is what the driver of the kernel tells.
type Driver struct {
	Loaded  bool   `json:"-"`       // whether there is one
	Version string `json:"version"` // as in "580.159.04"; empty if it is not known
	GPUs    []GPU  `json:"gpus"`    // that this process may use, in the order of their index
	Hidden  int    `json:"hidden"`  // how many GPUs CUDA_VISIBLE_DEVICES hides

	// Ambiguous says that the numbers of the GPUs may mean others to CUDA, which
	// counts the fastest first, where models differ.
	Ambiguous bool `json:"-"`
}

// Major is the part of the version before the first point; 0 if it is not known.
func (d Driver) Major() int {
	major, _, _ := strings.Cut(d.Version, ".")
	n, _ := strconv.Atoi(major)
	return n
}

// Models are the different models of the GPUs, sorted.
func (d Driver) Models() []string {
	var models []string
	for _, g := range d.GPUs {
		models = append(models, g.Model)
	}
	slices.Sort(models)
	return slices.Compact(models)
}

// Indices are what CUDA calls GPUs in this process, by their names.
func (d Driver) Indices(names []string) ([]int, error) {
	list := make([]int, len(names))
	for i, name := range names {
		at := slices.IndexFunc(d.GPUs, func(g GPU) bool { return g.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("the GPU %q is none of those that the driver knows", name)
		}
		list[i] = d.GPUs[at].Index
	}
	return list, nil
}

const (
	maxGPUs = 1024    // of one machine
	maxFile = 1 << 16 // bytes, of a file of the driver
)

// Path is where a file of the system is.
func (s System) Path(name string) string { return filepath.Join(cmp.Or(s.Root, "/"), name) }

// Driver reads what the driver tells. What it does not tell is empty.
func (s System) Driver() Driver {
	text, err := infile.ReadAll(s.Path("/proc/driver/nvidia/version"), maxFile)
	if err != nil {
		return Driver{GPUs: []GPU{}}
	}
	d := Driver{Loaded: true, Version: version(string(text))}
	all := s.all()
	models := Driver{GPUs: all}.Models()
	if s.Visible == nil {
		d.GPUs = all
	} else {
		d.GPUs = s.visible(all, models)
		d.Hidden = max(0, len(all)-len(d.GPUs))
	}
	byNumber := s.Visible == nil
	for i := range d.GPUs {
		d.GPUs[i].Index = i
		_, err := strconv.Atoi(d.GPUs[i].Name)
		byNumber = byNumber || err == nil
	}
	d.Ambiguous = byNumber && len(models) > 1 && s.Order != "PCI_BUS_ID"
	return d
}

// version is the first word that looks like one: there are two ways of writing
// the line, with and without "Open".
func version(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	for _, word := range strings.Fields(line) {
		parts := strings.Split(word, ".")
		number := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
		if len(parts) >= 2 && len(word) < 32 && !slices.ContainsFunc(parts, func(s string) bool { return !number(s) }) {
			return word
		}
	}
	return ""
}

// all are the GPUs in the order of the bus, named by their number.
func (s System) all() []GPU {
	const folder = "/proc/driver/nvidia/gpus"
	entries, _ := os.ReadDir(s.Path(folder)) // no folder, no GPU
	entries = entries[:min(len(entries), maxGPUs)]
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		return cmp.Or(cmp.Compare(len(a.Name()), len(b.Name())), cmp.Compare(a.Name(), b.Name()))
	})
	list := []GPU{}
	for _, e := range entries {
		text, err := infile.ReadAll(s.Path(filepath.Join(folder, e.Name(), "information")), maxFile)
		if err != nil {
			continue
		}
		g, ok := parse(string(text))
		if ok {
			list = append(list, g)
		}
	}
	// A container is given the files of its GPUs, but may be told of all of them.
	// On a machine that has just started there may be no files at all yet.
	given := slices.DeleteFunc(slices.Clone(list), func(g GPU) bool {
		_, err := os.Stat(s.Path(g.File()))
		return g.Minor < 0 || err != nil
	})
	if len(given) > 0 {
		list = given
	}
	for i := range list {
		list[i].Name = strconv.Itoa(i)
	}
	return list
}

// File is the device file of a GPU.
func (g GPU) File() string { return "/dev/nvidia" + strconv.Itoa(g.Minor) }

// parse reads the lines of a GPU, as in "Model:   NVIDIA H200".
func parse(text string) (g GPU, ok bool) {
	g.Minor = -1
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = printable(value)
		switch strings.TrimSpace(name) {
		case "Model":
			g.Model = value
		case "GPU UUID":
			if !strings.Contains(value, "?") {
				g.UUID = value
			}
		case "Device Minor":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 {
				g.Minor = n
			}
		case "GPU Excluded":
			if value == "Yes" {
				return GPU{}, false
			}
		}
	}
	return g, g.Model != ""
}

// printable is a value of a line without what could steer a terminal.
func printable(value string) string {
	value = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) && r != '\t' {
			return -1
		}
		return r
	}, value)
	value = strings.Join(strings.Fields(value), " ")
	return value[:min(len(value), 128)]
}

// visible are the GPUs that CUDA_VISIBLE_DEVICES names, in its order. As CUDA does,
// it ends at the first word that names none, and takes none if one is named twice.
func (s System) visible(all []GPU, models []string) []GPU {
	list := []GPU{}
	for _, word := range s.Visible {
		g, ok := named(word, all, models)
		if !ok {
			break
		}
		if slices.ContainsFunc(list, func(o GPU) bool { return o.Name == g.Name }) {
			return []GPU{}
		}
		list = append(list, g)
	}
	return list[:min(len(list), maxGPUs)]
}

func named(word string, all []GPU, models []string) (GPU, bool) {
	if i, err := strconv.Atoi(word); err == nil {
		if i < 0 || i >= len(all) {
			return GPU{}, false
		}
		return all[i], true
	}
	uuid := strings.HasPrefix(word, "GPU-")
	if !uuid && !strings.HasPrefix(word, "MIG-") || len(all) == 0 {
		return GPU{}, false
	}
	// The part of a GPU has a name that the driver does not tell here.
	unknown := GPU{Name: word, Minor: -1}
	if !uuid {
		if len(models) == 1 {
			unknown.Model = models[0] + " " + printable(word)
		}
		return unknown, true
	}
	known := true
	var found []GPU
	for _, g := range all {
		known = known && g.UUID != ""
		if strings.HasPrefix(g.UUID, word) {
			found = append(found, g)
		}
	}
	if len(found) == 1 {
		// All processes are to call it the same, or they would not see that they
		// share it. Where the models differ its number could mean another one.
		if len(models) > 1 {
			found[0].Name = word
		}
		return found[0], true
	}
	if known {
		return GPU{}, false
	}
	if len(models) == 1 {
		unknown.Model = models[0]
	}
	return unknown, true
}
