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

// A part is a library of CUDA.
type part struct {
	name   string
	needed bool // without it nothing can be computed
	bits   bool // another version may give other bits

	// The package and the file in it, for CUDA 13 and 12.
	pkg13, file13 string
	pkg12, file12 string
}

var parts = []part{
	{"cuBLAS", true, true, "nvidia-cublas", "nvidia/cu13/lib/libcublas.so.13", "nvidia-cublas-cu12", "nvidia/cublas/lib/libcublas.so.12"},
	{"cuDNN", true, true, "nvidia-cudnn-cu13", "nvidia/cudnn/lib/libcudnn.so.9", "nvidia-cudnn-cu12", "nvidia/cudnn/lib/libcudnn.so.9"},
	{"ptxas", true, true, "nvidia-cuda-nvcc", "nvidia/cu13/bin/ptxas", "nvidia-cuda-nvcc-cu12", "nvidia/cuda_nvcc/bin/ptxas"},
	{"libdevice", true, true, "nvidia-nvvm", "nvidia/cu13/nvvm/libdevice/libdevice.10.bc", "nvidia-cuda-nvcc-cu12", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc"},
	{"CUDA runtime", true, true, "nvidia-cuda-runtime", "nvidia/cu13/lib/libcudart.so.13", "nvidia-cuda-runtime-cu12", "nvidia/cuda_runtime/lib/libcudart.so.12"},
	{"nvJitLink", false, true, "nvidia-nvjitlink", "nvidia/cu13/lib/libnvJitLink.so.13", "nvidia-nvjitlink-cu12", "nvidia/nvjitlink/lib/libnvJitLink.so.12"},
	{"NVRTC", false, true, "nvidia-cuda-nvrtc", "nvidia/cu13/lib/libnvrtc.so.13", "nvidia-cuda-nvrtc-cu12", "nvidia/cuda_nvrtc/lib/libnvrtc.so.12"},
	{"NCCL", false, true, "nvidia-nccl-cu13", "nvidia/nccl/lib/libnccl.so.2", "nvidia-nccl-cu12", "nvidia/nccl/lib/libnccl.so.2"},
	{"cuFFT", false, false, "nvidia-cufft", "nvidia/cu13/lib/libcufft.so.12", "nvidia-cufft-cu12", "nvidia/cufft/lib/libcufft.so.11"},
	{"cuSOLVER", false, false, "nvidia-cusolver", "nvidia/cu13/lib/libcusolver.so.12", "nvidia-cusolver-cu12", "nvidia/cusolver/lib/libcusolver.so.11"},
	{"cuSPARSE", false, false, "nvidia-cusparse", "nvidia/cu13/lib/libcusparse.so.12", "nvidia-cusparse-cu12", "nvidia/cusparse/lib/libcusparse.so.12"},
	{"CUPTI", false, false, "nvidia-cuda-cupti", "nvidia/cu13/lib/libcupti.so.13", "nvidia-cuda-cupti-cu12", "nvidia/cuda_cupti/lib/libcupti.so.12"},
	{"NVSHMEM", false, false, "nvidia-nvshmem-cu13", "nvidia/nvshmem/lib/libnvshmem_host.so.3", "nvidia-nvshmem-cu12", "nvidia/nvshmem/lib/libnvshmem_host.so.3"},
}

func (p *part) of(cudaMajor int) (pkg, file string) {
	if cudaMajor == 12 {
		return p.pkg12, p.file12
	}
	return p.pkg13, p.file13
}

// toolkit is where CUDA lies that was not installed by packages of Python.
const toolkit = "/usr/local/cuda"

// findLibraries looks for the libraries where the plugin does: beside it, then
// where the linker finds them or, for what is no library, in the toolkit.
func (x *Plugin) findLibraries() []Library {
	folder := filepath.Dir(x.Path)
	sites := []packages{packagesIn(filepath.Join(folder, "../..")), packagesIn(filepath.Join(folder, ".."))}
	list := make([]Library, len(parts))
	for i := range parts {
		p := &parts[i]
		pkg, file := p.of(x.CUDAMajor)
		list[i] = Library{Name: p.name, part: p}
		for _, site := range sites {
			if path := filepath.Join(site.folder, file); isFile(path) {
				list[i].Path, list[i].Version = path, site.version(pkg, file)
				break
			}
		}
		if list[i].Path == "" {
			list[i].Path = x.system.part(file)
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
