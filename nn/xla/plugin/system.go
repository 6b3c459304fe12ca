package plugin

import (
	"bytes"
	"debug/elf"
	"path/filepath"
	"strings"

	"pipe/base/infile"
	"pipe/base/nvidia"
)

// A system is where the dynamic linker of the machine finds libraries.
type system struct {
	nvidia.System
	folders []string // that are searched first
	cache   []byte   // of the dynamic linker
}

const maxLinkerCache = 64 << 20 // bytes

// systemFolders are searched where the cache of the linker says nothing.
var systemFolders = []string{
	"/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib", "/usr/local/cuda/lib64",
}

func newSystem(s nvidia.System, folders []string) system {
	cache, _ := infile.ReadAll(s.Path("/etc/ld.so.cache"), maxLinkerCache) // not all systems have one
	return system{s, folders, cache}
}

// library finds a library by its name, as the linker does.
func (s system) library(name string) (path string, ok bool) {
	for _, folder := range s.folders {
		if path := filepath.Join(folder, name); isFile(path) {
			return path, true
		}
	}
	// The cache holds the names as they are, each with a zero byte behind it.
	end := []byte("/" + name + "\x00")
	for rest := s.cache; ; {
		at := bytes.Index(rest, end)
		if at < 0 {
			break
		}
		begin := bytes.LastIndexByte(rest[:at], 0) + 1
		if path := s.Path(string(rest[begin:at]) + "/" + name); isFile(path) {
			return path, true
		}
		rest = rest[at+len(end):]
	}
	for _, folder := range systemFolders {
		if path := s.Path(folder + "/" + name); isFile(path) {
			return path, true
		}
	}
	return "", false
}

// glibc is the version of the C library of the system; zero if there is none, or
// another one.
func (s system) glibc() (version [2]int) {
	path, ok := s.library("libc.so.6")
	if !ok {
		return version
	}
	f, err := infile.Open(path)
	if err != nil {
		return version
	}
	defer f.Close()
	x, err := elf.NewFile(f)
	if err != nil {
		return version
	}
	defined, err := x.DynamicVersions()
	if err != nil {
		return version
	}
	for _, v := range defined {
		version = newest(version, v.Name)
	}
	return version
}

// processor is the model of the processor, as the kernel tells it.
func processor(s nvidia.System) string {
	text, err := infile.ReadAll(s.Path("/proc/cpuinfo"), 16<<20)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
