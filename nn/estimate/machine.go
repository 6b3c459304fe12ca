package estimate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/nn/xla"
)

// A Machine is a processor as its maker describes it, or as it was measured.
type Machine struct {
	Name string `json:"name"` // what people call it

	// Peaks of products in operations a second, of dense matrices. 0: it has no
	// units for that, and makes such products as those of float32.
	Float32  float64 `json:"float32_flops"`
	TF32     float64 `json:"tf32_flops,omitempty"`
	BFloat16 float64 `json:"bfloat16_flops,omitempty"`

	Memory    int64   `json:"memory"`         // in bytes
	Bandwidth float64 `json:"bandwidth"`      // of memory, in bytes a second
	Link      float64 `json:"link,omitempty"` // to another of its kind in a machine, in one direction, in bytes a second
	Feed      float64 `json:"feed,omitempty"` // likewise from the memory of the machine, by PCIe

	host   bool // the processor of this machine, whose figures were measured
	target xla.Target
}

// machines are GPUs that people train on. The figures are those of NVIDIA's data
// sheets and architecture papers, without sparsity: a sheet that gives products with
// sparsity gives twice as many. NVLink counts both directions there, here one.
var machines = []Machine{
	// H100 and H200 Tensor Core GPU, data sheets: SXM. NVLink 900 GB/s.
	{Name: "H200", Float32: 67e12, TF32: 494.7e12, BFloat16: 989.4e12, Memory: 141e9, Bandwidth: 4.8e12, Link: 450e9, Feed: 64e9, target: hopper(132)},
	{Name: "H100", Float32: 67e12, TF32: 494.7e12, BFloat16: 989.4e12, Memory: 80e9, Bandwidth: 3.35e12, Link: 450e9, Feed: 64e9, target: hopper(132)},
	// HGX B200, data sheet, one of its eight GPUs. NVLink 1,800 GB/s.
	{Name: "B200", Float32: 75e12, TF32: 1.1e15, BFloat16: 2.25e15, Memory: 180e9, Bandwidth: 8e12, Link: 900e9, Feed: 64e9, target: blackwell(148)},
	// A100 80 GB, data sheet: SXM. NVLink 600 GB/s.
	{Name: "A100", Float32: 19.5e12, TF32: 156e12, BFloat16: 312e12, Memory: 80e9, Bandwidth: 2.039e12, Link: 300e9, Feed: 32e9, target: ampere(108)},
	// L40S, data sheet. PCIe 4.0 x16.
	{Name: "L40S", Float32: 91.6e12, TF32: 183e12, BFloat16: 362e12, Memory: 48e9, Bandwidth: 864e9, Link: 32e9, Feed: 32e9, target: ada(142, 96<<20, 2.52)},
	// L4, data sheet. PCIe 4.0 x16.
	{Name: "L4", Float32: 30.3e12, TF32: 60e12, BFloat16: 121e12, Memory: 24e9, Bandwidth: 300e9, Link: 32e9, Feed: 32e9, target: ada(58, 48<<20, 2.04)},
	// GeForce RTX 4090, paper on the Ada architecture. PCIe 4.0 x16.
	{Name: "RTX4090", Float32: 82.6e12, TF32: 82.6e12, BFloat16: 165.2e12, Memory: 24e9, Bandwidth: 1.008e12, Link: 32e9, Feed: 32e9, target: ada(128, 72<<20, 2.52)},
	// T4, product brief. PCIe 3.0 x16.
	{Name: "T4", Float32: 8.1e12, Memory: 16e9, Bandwidth: 320e9, Link: 16e9, Feed: 16e9, target: turing(40)},
}

// What the compiler needs to know, from NVIDIA's papers on the architectures and the
// table of compute capabilities in the CUDA C++ Programming Guide.

func hopper(cores int) xla.Target {
	return xla.Target{Major: 9, Cores: cores, FPUs: 128, Threads: 2048, Shared: 228 << 10, Block: 227 << 10, Cache: 50 << 20, Clock: 1.98}
}

func blackwell(cores int) xla.Target {
	return xla.Target{Major: 10, Cores: cores, FPUs: 128, Threads: 2048, Shared: 228 << 10, Block: 227 << 10, Cache: 126 << 20, Clock: 1.965}
}

func ampere(cores int) xla.Target {
	return xla.Target{Major: 8, Cores: cores, FPUs: 64, Threads: 2048, Shared: 164 << 10, Block: 163 << 10, Cache: 40 << 20, Clock: 1.41}
}

func ada(cores, cache int, clock float64) xla.Target {
	return xla.Target{Major: 8, Minor: 9, Cores: cores, FPUs: 128, Threads: 1536, Shared: 100 << 10, Block: 99 << 10, Cache: cache, Clock: clock}
}

func turing(cores int) xla.Target {
	return xla.Target{Major: 7, Minor: 5, Cores: cores, FPUs: 64, Threads: 1024, Shared: 64 << 10, Block: 64 << 10, Cache: 4 << 20, Clock: 1.59}
}

// Target is the GPU as its compiler knows it.
func (m *Machine) Target() xla.Target {
	t := m.target
	t.Name, t.Memory, t.Bandwidth = "NVIDIA "+m.Name, m.Memory, m.Bandwidth
	return t
}

// Machines lists the GPUs that are known, the strongest first.
func Machines() []Machine {
	list := slices.Clone(machines)
	strength := func(m Machine) float64 { return m.Bandwidth * m.peak(xla.BFloat16) }
	slices.SortStableFunc(list, func(a, b Machine) int { return cmp.Compare(strength(b), strength(a)) })
	return list
}

// Names lists the names of the GPUs that are known.
func Names() []string {
	var names []string
	for _, m := range Machines() {
		names = append(names, m.Name)
	}
	return names
}

// Find gives a GPU by its name, however it is spelled: "h100", "RTX 4090".
func Find(name string) (Machine, error) {
	for _, m := range machines {
		if plain(m.Name) == plain(name) {
			return m, nil
		}
	}
	return Machine{}, diag.Unknown("GPU", name, Names())
}

// Recognize gives the GPU that a driver or a plugin calls so: "NVIDIA H100 80GB HBM3".
// One with other memory than the one that is known is not recognised.
func Recognize(kind string) (Machine, bool) {
	words := strings.FieldsFunc(kind, func(r rune) bool { return r == ' ' || r == '-' })
	for _, m := range machines {
		if slices.ContainsFunc(words, func(w string) bool { return plain(w) == plain(m.Name) }) || m.Name == "RTX4090" && slices.Contains(words, "4090") {
			for _, w := range words {
				gb, err := strconv.Atoi(strings.TrimSuffix(w, "GB"))
				if strings.HasSuffix(w, "GB") && err == nil && int64(gb)*1e9 != m.Memory {
					return Machine{}, false
				}
			}
			return m, true
		}
	}
	return Machine{}, false
}

func plain(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(name))
}

// peak is how many operations of products there are at most in a second.
func (m *Machine) peak(p xla.Precision) float64 {
	switch {
	case p == xla.TF32 && m.TF32 > 0:
		return m.TF32
	case p == xla.BFloat16 && m.BFloat16 > 0:
		return m.BFloat16
	}
	return m.Float32
}
