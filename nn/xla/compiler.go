package xla

import (
	"fmt"

	"pipe/nn/xla/pjrt"
)

// A Compiler compiles programs for NVIDIA GPUs that are not there, to know their
// memory.
type Compiler struct{ plugin *pjrt.Plugin }

// NewCompiler opens a plugin for CUDA.
func NewCompiler(path string) (*Compiler, error) {
	plugin, err := pjrt.Load(path)
	if err != nil {
		return nil, err
	}
	return &Compiler{plugin}, nil
}

// A Target is a GPU to compile for, as XLA describes it.
type Target struct {
	Name         string
	Major, Minor int // of what it can compute (compute capability)
	Cores        int // streaming multiprocessors
	FPUs         int // of a core
	Threads      int // of a core
	Shared       int // bytes of memory of a core that its threads share
	Block        int // what of it a block of threads may have
	Cache        int // bytes of the second level
	Clock        float64
	Memory       int64
	Bandwidth    float64
}

// text is a GpuTargetConfigProto of XLA.
func (t *Target) text() string {
	return fmt.Sprintf(`gpu_device_info {
  threads_per_block_limit: 1024
  threads_per_warp: 32
  shared_memory_per_block: 49152
  shared_memory_per_core: %d
  threads_per_core_limit: %d
  core_count: %d
  fpus_per_core: %d
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  memory_bandwidth: %.0f
  l2_cache_size: %d
  clock_rate_ghz: %v
  device_memory_size: %d
  shared_memory_per_block_optin: %d
  cuda_compute_capability { major: %d minor: %d }
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 8 patch: 0 }
runtime_version { major: 13 minor: 0 patch: 0 }
device_description_str: %q
`, t.Shared, t.Threads, t.Cores, t.FPUs, t.Bandwidth, t.Cache, t.Clock, t.Memory, t.Block, t.Major, t.Minor, t.Name)
}

// Memory is what a program takes on a GPU, in bytes, beside its arguments.
func (c *Compiler) Memory(text string, t Target) (int64, error) {
	// Without a device nothing can be tried out, and kernels of Triton need that.
	o := pjrt.CompileOptions{Flags: map[string]any{"xla_gpu_autotune_level": 0, "xla_gpu_enable_triton_gemm": false}}
	x, err := c.plugin.CompileFor(cuda, map[string]any{"target_config": t.text(), "topology": "1x1x1"}, []byte(text), o)
	if err != nil {
		return 0, fmt.Errorf("compile a step of training for %s: %w", t.Name, err)
	}
	defer x.Close()
	return working(x)
}

// Memory is what a program takes on the device, in bytes, beside its arguments.
func (d *Device) Memory(text string) (int64, error) {
	c := d.begin(text)
	defer d.abandon(c)
	x, err := c.wait(d.ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", d.Name(), err)
	}
	return working(x)
}

// working is the memory of a program beside its arguments, in bytes.
func working(x *pjrt.Executable) (int64, error) {
	size, err := x.Size()
	return size.Temp + size.Outputs - size.Alias + size.Code, err
}
