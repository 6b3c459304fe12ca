package plugin

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"pipe/base/infile"
)

// A header is what a shared library says of itself.
type header struct {
	machine elf.Machine
	needs   []string // names of libraries without which it cannot be opened
	glibc   [2]int   // the version of the C library that it needs; zero if it says none
	paths   string   // where it looks for libraries, one behind the other
}

// entry is the function that makes a shared library a plugin.
const entry = "GetPjrtApi"

var errNoPlugin = errors.New("is no PJRT plugin: it has no function " + entry)

// readHeader reads a shared library, and refuses one that is no plugin.
func readHeader(path string) (header, error) {
	f, err := infile.Open(path)
	if err != nil {
		return header{}, err
	}
	defer f.Close()
	h, err := parseHeader(f)
	if err != nil {
		return header{}, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

func parseHeader(f io.ReaderAt) (h header, err error) {
	x, err := elf.NewFile(f)
	if err != nil {
		return h, fmt.Errorf("is no shared library: %w", err)
	}
	symbols, err := x.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return h, fmt.Errorf("is no shared library: %w", err)
	}
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == entry && s.Section != elf.SHN_UNDEF }) {
		return h, errNoPlugin
	}
	h.machine = x.Machine
	if h.needs, err = x.ImportedLibraries(); err != nil {
		return h, err
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		paths, err := x.DynString(tag)
		if err != nil {
			return h, err
		}
		h.paths += strings.Join(paths, ":") + ":"
	}
	if x.SectionByType(elf.SHT_GNU_VERNEED) == nil {
		return h, nil
	}
	needs, err := x.DynamicVersionNeeds()
	if err != nil {
		return h, err
	}
	for _, n := range needs {
		for _, v := range n.Needs {
			h.glibc = newest(h.glibc, v.Dep)
		}
	}
	return h, nil
}

// newest is the newer one of two versions of the C library, of which one is the
// name of a set of its functions, as in GLIBC_2.27.
func newest(have [2]int, name string) [2]int {
	version, ok := strings.CutPrefix(name, "GLIBC_")
	if !ok {
		return have
	}
	major, minor, _ := strings.Cut(version, ".")
	minor, _, _ = strings.Cut(minor, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil || slices.Compare(have[:], []int{a, b}) >= 0 {
		return have
	}
	return [2]int{a, b}
}

// machines are the names that ELF has for what Go is built for.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// fits reports whether it is made for this kind of processor.
func (h header) fits() bool {
	want, ok := machines[runtime.GOARCH]
	return !ok || h.machine == want
}

// cudaMajor is the version of CUDA that a plugin is made for: since 13 all
// libraries lie in one folder, before that each in its own.
func (h header) cudaMajor() int {
	if strings.Contains(h.paths, "nvidia/cublas/lib") {
		return 12
	}
	return 13
}
