package plugin

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/base/nvidia"
)

// plugins are the packages with a plugin and where they put it, in the order of
// preference.
var plugins = []struct {
	source
	cudaMajor int
}{
	{source{"jax-cuda13-pjrt", "0.11.2", "jax_plugins/xla_cuda13/xla_cuda_plugin.so"}, 13},
	{source{"jax-cuda12-pjrt", "0.11.2", "jax_plugins/xla_cuda12/xla_cuda_plugin.so"}, 12},
	{source{"lammps-jax-pjrt-cpu", "0.11.2", "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"}, 0},
	{source{"xla-cpu-pjrt", "0.0.1", "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"}, 0},
}

// drivers are the oldest versions of the driver for those of CUDA, the newest first.
var drivers = []struct{ cudaMajor, driver int }{{13, 580}, {12, 525}}

// oldestDriver is the oldest version of the driver for one of CUDA.
func oldestDriver(cudaMajor int) int {
	for _, d := range drivers {
		if d.cudaMajor == cudaMajor {
			return d.driver
		}
	}
	return 0
}

// cudaFor is the newest version of CUDA for a driver, or the newest one of all
// where the driver is not known or too old for any.
func cudaFor(d nvidia.Driver) int {
	for _, row := range drivers {
		if d.Major() >= row.driver {
			return row.cudaMajor
		}
	}
	return drivers[0].cudaMajor
}

// installed are the packages that a version of CUDA needs.
func installed(cudaMajor int) []source {
	var list []source
	for _, p := range plugins {
		if p.cudaMajor == cudaMajor {
			list = append(list, p.source)
		}
	}
	for i := range parts {
		from := parts[i].of(cudaMajor)
		if !slices.ContainsFunc(list, func(s source) bool { return s.pkg == from.pkg }) {
			list = append(list, from)
		}
	}
	return list
}

// InstallCommand is what to type in a shell to install a plugin and all that it
// needs for GPUs with this driver. Running it again mends an installation.
func (p Places) InstallCommand() string {
	return installCommand(p.Home(), cudaFor(p.System.Driver()))
}

func installCommand(folder string, cudaMajor int) string {
	if folder == "" {
		folder = "FOLDER"
	}
	var b strings.Builder
	b.WriteString("pip install --upgrade --no-deps --only-binary=:all: --target " + diag.ShellWord(folder))
	for i, s := range installed(cudaMajor) {
		if i%4 == 0 {
			b.WriteString(" \\\n ")
		}
		b.WriteString(" " + s.pkg + "==" + s.version)
	}
	return b.String()
}

// packageOf is the package that a plugin was installed from, and its version.
func packageOf(path string) (name, version string) {
	for _, p := range plugins {
		if site, ok := strings.CutSuffix(path, "/"+p.file); ok {
			return p.pkg, packagesIn(site).version(p.source)
		}
	}
	return "", ""
}

// packages are those that are installed in a folder.
type packages struct {
	folder   string
	versions map[string][]string // by name, in lower case with _ for -
}

// packagesIn reads which packages are installed in a folder: each has a folder of
// its own that is named as it is and as its version is.
func packagesIn(folder string) packages {
	p := packages{folder, map[string][]string{}}
	entries, _ := os.ReadDir(folder) // no folder, no packages
	for _, e := range entries {
		full, ok := strings.CutSuffix(e.Name(), ".dist-info")
		if name, version, cut := strings.Cut(full, "-"); ok && cut && plain(version) {
			p.versions[normal(name)] = append(p.versions[normal(name)], version)
		}
	}
	return p
}

func normal(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }

// plain reports whether a version is one, and no text of somebody who means harm.
func plain(version string) bool {
	return version != "" && len(version) < 64 && strings.Trim(version, "0123456789abcdefghijklmnopqrstuvwxyz.+!_") == ""
}

// version is that of an installed package; empty if it is not known. Where an older
// version has left its folder, the one that lists the file as it is counts.
func (p packages) version(of source) string {
	versions := p.versions[normal(of.pkg)]
	if len(versions) == 1 {
		return versions[0]
	}
	info, err := os.Stat(filepath.Join(p.folder, of.file))
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(versions, func(v string) bool {
		return p.lists(normal(of.pkg)+"-"+v+".dist-info", of.file, info.Size())
	})
	if i < 0 {
		return ""
	}
	return versions[i]
}

const maxRecord = 8 << 20 // bytes, of the list of the files of a package

// lists reports whether a package has a file of this size.
func (p packages) lists(info, file string, size int64) bool {
	record, err := infile.ReadAll(filepath.Join(p.folder, info, "RECORD"), maxRecord)
	if err != nil {
		return false
	}
	lines := csv.NewReader(strings.NewReader(string(record)))
	lines.FieldsPerRecord = -1
	for {
		fields, err := lines.Read()
		if err != nil {
			return false
		}
		if len(fields) == 3 && fields[0] == file {
			return fields[2] == strconv.FormatInt(size, 10)
		}
	}
}
