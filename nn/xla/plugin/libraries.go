package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Library is one that a plugin opens when it needs it, or a program or a table
// that it compiles with.
type Library struct {
	Name    string `json:"name"`
	Path    string `json:"path"`    // empty if it is missing
	Version string `json:"version"` // or, where there is none, its size in bytes

	part *part
}

// A source is a file of a package, and the version of that with which this program
// is to be installed.
type source struct{ pkg, version, file string }

// A part is a library of CUDA.
type part struct {
	name           string
	needed         bool // without it nothing can be computed
	bits           bool // another version may give other bits
	cuda13, cuda12 source
}

// parts are what a GPU needs besides the plugin. Those of CUDA 13 are of 13.0.2, with
// which this program was measured; those of CUDA 12, for older drivers, of 12.9.1.
var parts = []part{
	{"cuBLAS", true, true,
		source{"nvidia-cublas", "13.1.0.3", "nvidia/cu13/lib/libcublas.so.13"},
		source{"nvidia-cublas-cu12", "12.9.1.4", "nvidia/cublas/lib/libcublas.so.12"}},
	{"cuDNN", true, true,
		source{"nvidia-cudnn-cu13", "9.19.0.56", "nvidia/cudnn/lib/libcudnn.so.9"},
		source{"nvidia-cudnn-cu12", "9.19.0.56", "nvidia/cudnn/lib/libcudnn.so.9"}},
	{"ptxas", true, true,
		source{"nvidia-cuda-nvcc", "13.0.88", "nvidia/cu13/bin/ptxas"},
		source{"nvidia-cuda-nvcc-cu12", "12.9.86", "nvidia/cuda_nvcc/bin/ptxas"}},
	{"libdevice", true, true,
		source{"nvidia-nvvm", "13.0.88", "nvidia/cu13/nvvm/libdevice/libdevice.10.bc"},
		source{"nvidia-cuda-nvcc-cu12", "12.9.86", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc"}},
	{"CUDA runtime", true, true,
		source{"nvidia-cuda-runtime", "13.0.96", "nvidia/cu13/lib/libcudart.so.13"},
		source{"nvidia-cuda-runtime-cu12", "12.9.79", "nvidia/cuda_runtime/lib/libcudart.so.12"}},
	{"nvJitLink", false, true,
		source{"nvidia-nvjitlink", "13.0.88", "nvidia/cu13/lib/libnvJitLink.so.13"},
		source{"nvidia-nvjitlink-cu12", "12.9.86", "nvidia/nvjitlink/lib/libnvJitLink.so.12"}},
	{"NVRTC", false, true,
		source{"nvidia-cuda-nvrtc", "13.0.88", "nvidia/cu13/lib/libnvrtc.so.13"},
		source{"nvidia-cuda-nvrtc-cu12", "12.9.86", "nvidia/cuda_nvrtc/lib/libnvrtc.so.12"}},
	{"NCCL", false, true,
		source{"nvidia-nccl-cu13", "2.28.9", "nvidia/nccl/lib/libnccl.so.2"},
		source{"nvidia-nccl-cu12", "2.28.9", "nvidia/nccl/lib/libnccl.so.2"}},
	{"cuFFT", false, false,
		source{"nvidia-cufft", "12.0.0.61", "nvidia/cu13/lib/libcufft.so.12"},
		source{"nvidia-cufft-cu12", "11.4.1.4", "nvidia/cufft/lib/libcufft.so.11"}},
	{"cuSOLVER", false, false,
		source{"nvidia-cusolver", "12.0.4.66", "nvidia/cu13/lib/libcusolver.so.12"},
		source{"nvidia-cusolver-cu12", "11.7.5.82", "nvidia/cusolver/lib/libcusolver.so.11"}},
	{"cuSPARSE", false, false,
		source{"nvidia-cusparse", "12.6.3.3", "nvidia/cu13/lib/libcusparse.so.12"},
		source{"nvidia-cusparse-cu12", "12.5.10.65", "nvidia/cusparse/lib/libcusparse.so.12"}},
	{"CUPTI", false, false,
		source{"nvidia-cuda-cupti", "13.0.85", "nvidia/cu13/lib/libcupti.so.13"},
		source{"nvidia-cuda-cupti-cu12", "12.9.79", "nvidia/cuda_cupti/lib/libcupti.so.12"}},
	{"NVSHMEM", false, false,
		source{"nvidia-nvshmem-cu13", "3.4.5", "nvidia/nvshmem/lib/libnvshmem_host.so.3"},
		source{"nvidia-nvshmem-cu12", "3.4.5", "nvidia/nvshmem/lib/libnvshmem_host.so.3"}},
}

func (p *part) of(cudaMajor int) source {
	if cudaMajor == 12 {
		return p.cuda12
	}
	return p.cuda13
}

// toolkit is where CUDA lies that was not installed by packages of Python.
const toolkit = "/usr/local/cuda"

// findLibraries looks for the libraries where the plugin does: beside it, then
// where the linker finds them or, for what is no library, in the toolkit.
func (x *Plugin) findLibraries() []Library {
	// The linker goes up from the folder that a link to it leads to.
	folder := filepath.Dir(x.Path)
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	sites := []packages{packagesIn(filepath.Join(folder, "../..")), packagesIn(filepath.Join(folder, ".."))}
	list := make([]Library, len(parts))
	for i := range parts {
		p := &parts[i]
		from := p.of(x.CUDAMajor)
		list[i] = Library{Name: p.name, part: p}
		for _, site := range sites {
			if path := filepath.Join(site.folder, from.file); isFile(path) {
				list[i].Path, list[i].Version = path, site.version(from)
				break
			}
		}
		if list[i].Path == "" {
			list[i].Path = x.system.part(from.file)
		}
		if list[i].Path != "" && list[i].Version == "" {
			list[i].Version = versionOf(list[i].Path)
		}
	}
	return list
}

// part finds what is named by a file of a package elsewhere; empty if it is not there.
func (s system) part(file string) string {
	if name := filepath.Base(file); strings.HasPrefix(name, "lib") && strings.Contains(name, ".so") {
		path, _ := s.library(name)
		return path
	}
	for _, folder := range []string{"/bin/", "/nvvm/"} {
		if at := strings.Index(file, folder); at >= 0 {
			if path := s.Path(toolkit + file[at:]); isFile(path) {
				return path
			}
		}
	}
	return ""
}

// versionOf is what tells a file from those of other versions: the number at the
// end of its name, as in libcublas.so.13.1.0.3, or else its size.
func versionOf(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		if _, version, ok := strings.Cut(filepath.Base(real), ".so."); ok && strings.Contains(version, ".") && plain(version) {
			return version
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d bytes", info.Size())
}
