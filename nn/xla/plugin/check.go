package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"pipe/base/diag"
)

// A Problem is what is missing or does not fit.
type Problem struct {
	Severity diag.Severity `json:"severity"` // of an Error nothing can be computed
	Message  string        `json:"message"`
	Todo     string        `json:"todo"`

	Install string `json:"-"` // the command that installs what is needed, if that is to be done
}

func (p *Problem) Error() string { return p.Message }

// Hint implements the hint of package diag.
func (p *Problem) Hint() string {
	if p.Install == "" {
		return p.Todo
	}
	return p.Todo + ":\n" + p.Install
}

// Problems are all that were found.
type Problems []*Problem

// Err is an error about those because of which nothing can be computed; nil if
// there are none.
func (l Problems) Err() error {
	var errs []error
	for _, p := range l {
		if p.Severity == diag.Error {
			errs = append(errs, p)
		}
	}
	return errors.Join(errs...)
}

func (l *Problems) add(severity diag.Severity, todo, format string, args ...any) {
	*l = append(*l, &Problem{Severity: severity, Message: fmt.Sprintf(format, args...), Todo: todo})
}

// Check says what is missing, and what of the plugin does not fit this machine.
func (x *Plugin) Check() Problems {
	var list Problems
	if x.Platform == "" {
		list.add(diag.Error, "use the plugin for NVIDIA GPUs or the one for processors; other devices are not supported",
			"the plugin %s is neither for CUDA nor for processors", x.Path)
	}
	if !x.header.fits() {
		list.add(diag.Error, "install the plugin on this machine: pip takes the one for its processor",
			"the plugin %s is made for %s, but this program for %s", x.Path, x.header.machine, runtime.GOARCH)
		return list // its libraries are those of another machine as well
	}
	list = append(list, x.checkSystem()...)
	if x.Platform != CUDA {
		return list
	}
	list = append(list, x.checkDriver()...)
	list = append(list, x.checkLibraries()...)
	return list
}

// checkSystem looks for what any plugin needs.
func (x *Plugin) checkSystem() (list Problems) {
	have, need := x.system.glibc(), x.header.glibc
	if have != [2]int{} && slices.Compare(have[:], need[:]) < 0 {
		list.add(diag.Error, "use a newer Linux, or a container with one",
			"the plugin needs version %d.%d of the C library (glibc), but this system has %d.%d", need[0], need[1], have[0], have[1])
	}
	for _, name := range x.header.needs {
		if _, ok := x.system.library(name); ok {
			continue
		}
		todo := "install it with the package manager of the system"
		switch name {
		case "libstdc++.so.6", "libgcc_s.so.1":
			todo = "install the C++ runtime: apt install libstdc++6, or dnf install libstdc++"
		case "libc.so.6":
			todo = "use a Linux with the GNU C library, such as Debian, Ubuntu or Fedora; Alpine has another one"
		}
		list.add(diag.Error, todo, "the plugin needs the library %s, which this system does not have", name)
	}
	return list
}

// checkDriver looks for a driver that is new enough, and for GPUs.
func (x *Plugin) checkDriver() (list Problems) {
	d, need := x.Driver, oldestDriver(x.CUDAMajor)
	if !d.Loaded {
		list.add(diag.Error, fmt.Sprintf("on a machine with an NVIDIA GPU, install its driver, R%d or newer; in a container, start that with the GPU (docker run --gpus all)", need),
			"this machine has no NVIDIA driver")
		return list
	}
	switch major := d.Major(); {
	case major == 0:
		list.add(diag.Warning, fmt.Sprintf("the plugin needs R%d or newer: nvidia-smi says which one there is", need), "the version of the NVIDIA driver is not known")
	case major < need:
		old := &Problem{Severity: diag.Error, Message: fmt.Sprintf("the NVIDIA driver %s is too old for CUDA %d, which needs R%d", d.Version, x.CUDAMajor, need),
			Todo: fmt.Sprintf("update the driver to R%d or newer", need)}
		if older := cudaFor(d); older < x.CUDAMajor {
			old.Todo += fmt.Sprintf(", or install the plugin for CUDA %d in place of this one", older)
			old.Install = x.places.InstallCommand()
		}
		list = append(list, old)
	}
	if _, ok := x.system.library("libcuda.so.1"); !ok {
		list.add(diag.Error, "install it with the driver; a container gets it with NVIDIA_DRIVER_CAPABILITIES=compute,utility",
			"the NVIDIA driver is loaded, but its library libcuda.so.1 is not there")
	}
	switch models := d.Models(); {
	case len(d.GPUs) == 0 && d.Hidden > 0:
		list.add(diag.Error, "unset CUDA_VISIBLE_DEVICES, or name one of them in it", "CUDA_VISIBLE_DEVICES hides the GPUs of this machine (%d)", d.Hidden)
	case len(d.GPUs) == 0:
		list.add(diag.Error, "nvidia-smi says why; in a container, start that with the GPU (docker run --gpus all)", "the NVIDIA driver %s knows no GPU", d.Version)
	case len(models) > 1:
		list.add(diag.Error, "choose those of one model: CUDA_VISIBLE_DEVICES=GPU-... with the name that nvidia-smi -L prints",
			"this machine has GPUs of different models (%s), which do not compute the same bits", strings.Join(models, ", "))
	case models[0] == "":
		list.add(diag.Error, "use it once (nvidia-smi), or name it by its number in CUDA_VISIBLE_DEVICES", "which GPU CUDA_VISIBLE_DEVICES means is not known")
	case d.Ambiguous:
		list.add(diag.Error, "set CUDA_DEVICE_ORDER=PCI_BUS_ID, or choose with CUDA_VISIBLE_DEVICES=GPU-... and the name that nvidia-smi -L prints",
			"this machine has GPUs of different models, and CUDA may number them differently")
	}
	files := []string{"/dev/nvidiactl", "/dev/nvidia-uvm"}
	for _, g := range d.GPUs {
		if g.Minor >= 0 {
			files = append(files, g.File())
		}
	}
	for _, name := range files {
		path := x.system.Path(name)
		if _, err := os.Stat(path); err == nil && !usable(path) {
			list.add(diag.Error, "let this user read and write it: usually by the group video or render (usermod -aG video USER, then log in again)",
				"%s is not to be used by this user", path)
		}
	}
	return list
}

// checkLibraries looks for those of CUDA, and for versions that are known to be bad.
func (x *Plugin) checkLibraries() (list Problems) {
	todo := "install all of it anew"
	if x.places.XLA != "" {
		todo = "unset PIPE_XLA, and install all of it anew"
	}
	add := func(severity diag.Severity, format string, args ...any) {
		list = append(list, &Problem{severity, fmt.Sprintf(format, args...), todo, x.places.InstallCommand()})
	}
	var missing, optional []string
	for _, l := range x.Libraries {
		pkg := l.part.of(x.CUDAMajor).pkg
		switch {
		case l.Path != "":
		case l.part.needed:
			missing = append(missing, l.Name+" ("+pkg+")")
		default:
			optional = append(optional, l.Name+" ("+pkg+")")
		}
	}
	if len(missing) > 0 {
		add(diag.Error, "libraries of CUDA are missing: %s", strings.Join(missing, ", "))
	}
	if len(optional) > 0 {
		add(diag.Warning, "libraries are missing that some networks need: %s", strings.Join(optional, ", "))
	}
	if x.leaks() {
		list.add(diag.Warning, "install the package nvidia-cublas 13.2 or newer in its place",
			"this version of cuBLAS may give wrong results on these GPUs when several computations run at once")
	}
	for _, p := range plugins {
		if x.Package == p.pkg && x.Version != p.version {
			add(diag.Warning, "this program was tried with %s %s, not with %s", p.pkg, p.version, cmp.Or(x.Version, "an unknown version"))
		}
	}
	return list
}

// leaky are the GPUs on which cuBLAS from 12.8 to 13.1 may give wrong results when
// two of its kernels run at once.
var leaky = []string{"B100", "B200", "B300", "GB200", "GB300"}

// leaks reports whether that can happen here.
func (x *Plugin) leaks() bool {
	models := strings.Fields(strings.Join(x.Driver.Models(), " "))
	if !slices.ContainsFunc(models, func(word string) bool { return slices.Contains(leaky, word) }) {
		return false
	}
	return slices.ContainsFunc(x.Libraries, func(l Library) bool {
		var major, minor int
		_, err := fmt.Sscanf(l.Version, "%d.%d.", &major, &minor)
		return l.Name == "cuBLAS" && err == nil && (major == 12 && minor >= 8 || major == 13 && minor < 2)
	})
}
