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
)

// A wheel is a package that is installed.
type wheel struct{ name, version string }

// wheels are the packages that a GPU needs, in the versions with which they were
// measured: the libraries are those of CUDA 13.0.2. It is their only list.
var wheels = []wheel{
	{"jax-cuda13-pjrt", "0.11.2"},
	{"nvidia-cublas", "13.1.0.3"},
	{"nvidia-cudnn-cu13", "9.19.0.56"},
	{"nvidia-cuda-nvcc", "13.0.88"},
	{"nvidia-nvvm", "13.0.88"},
	{"nvidia-cuda-runtime", "13.0.96"},
	{"nvidia-cufft", "12.0.0.61"},
	{"nvidia-cusolver", "12.0.4.66"},
	{"nvidia-cusparse", "12.6.3.3"},
	{"nvidia-nccl-cu13", "2.28.9"},
	{"nvidia-nvjitlink", "13.0.88"},
	{"nvidia-cuda-nvrtc", "13.0.88"},
	{"nvidia-cuda-cupti", "13.0.85"},
	{"nvidia-nvshmem-cu13", "3.4.5"},
}

// InstallCommand is what to type in a shell to install a plugin with all that it
// needs into a folder. Running it again mends an installation.
func InstallCommand(folder string) string {
	if folder == "" {
		folder = "FOLDER"
	}
	var b strings.Builder
	b.WriteString("pip install --upgrade --no-deps --only-binary=:all: --target " + diag.ShellWord(folder))
	for i, w := range wheels {
		if i%4 == 0 {
			b.WriteString(" \\\n ")
		}
		b.WriteString(" " + w.name + "==" + w.version)
	}
	return b.String()
}

// packageOf is the package that a plugin was installed from, and its version.
func packageOf(path string) (name, version string) {
	for _, l := range layouts {
		if site, ok := strings.CutSuffix(path, string(filepath.Separator)+filepath.FromSlash(l.file)); ok {
			return l.pkg, packagesIn(site).version(l.pkg, l.file)
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

// version is that of a package, by a file of it; empty if it is not known. Where
// an older version has left its folder, the one that lists the file as it is counts.
func (p packages) version(name, file string) string {
	versions := p.versions[normal(name)]
	if len(versions) == 1 {
		return versions[0]
	}
	info, err := os.Stat(filepath.Join(p.folder, file))
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(versions, func(v string) bool {
		return p.lists(normal(name)+"-"+v+".dist-info", file, info.Size())
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
