package xla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/xla/pjrt"
	"pipe/nn/xla/stablehlo"
)

// A Precision is how exactly products are made.
type Precision string

// The precisions.
const (
	Float32  Precision = "float32"  // as on the CPU
	TF32     Precision = "tf32"     // of float32 numbers on tensor cores, which see 10 bits of the fraction
	BFloat16 Precision = "bfloat16" // between layers too; parameters, sums and statistics stay float32
)

// Precisions are all there are, the most exact first.
func Precisions() []Precision { return []Precision{Float32, TF32, BFloat16} }

// Options say how a Device computes.
type Options struct {
	Precision     Precision // "" is Float32
	Deterministic bool      // the same bits whenever the same is computed
	Devices       int       // that share each batch; 0 is 1
	Visible       []int     // which GPUs of the machine; nil: all
	// Cache is a folder that compiled programs are kept in, "": they are not. They
	// belong to an Identity, which says all that they depend on beside the network:
	// the plugin, the libraries that it uses, the driver and the kind of device.
	Cache, Identity string
	Unfused         bool  // attention is never a call of cuDNN's
	Room            int64 // bytes of data sets that the device may keep; 0: half of its memory, up to mostRoom; below 0: none

	piece int // steps of recurrent layers in a turn of a loop; 0: pieceSteps
}

// A Device is the GPUs of a plugin, or its CPUs, as a backend. One goroutine at a
// time may use it and what it makes.
type Device struct {
	ctx       context.Context // while it lasts, the compiler is waited for
	o         Options
	client    *pjrt.Client
	name      string // of the platform
	kind      string // of the device
	version   string // of the platform
	pending   *program
	variables map[*variable]bool // all there are
	failed    error
	left      []*compilation // that nobody waits for
	tuning    sync.Mutex
	draft     bool // there is no client, see Draft
}

var _ backend.Device = (*Device)(nil)

// Open starts a plugin. Close the Device after use. When the context ends, what waits
// for the compiler fails with its cause.
func Open(ctx context.Context, path string, o Options) (*Device, error) {
	if o.Precision == "" {
		o.Precision = Float32
	}
	if !slices.Contains(Precisions(), o.Precision) {
		return nil, fmt.Errorf("%q is no precision of XLA", o.Precision)
	}
	o.Devices = max(1, o.Devices)
	plugin, err := pjrt.Load(path)
	if err != nil {
		return nil, err
	}
	attributes, err := plugin.Attributes()
	if err != nil {
		return nil, err
	}
	client, err := plugin.NewClient(clientOptions(attributes, o.Visible))
	if err != nil {
		return nil, err
	}
	d := &Device{ctx: ctx, o: o, client: client}
	d.name, d.version = client.Platform()
	if n := len(client.Kinds()); n < o.Devices {
		return nil, errors.Join(fmt.Errorf("%d devices are asked for, %s has %d", o.Devices, path, n), d.Close())
	}
	d.kind = client.Kinds()[0]
	return d, nil
}

// clientOptions are those for a plugin that says so much of itself.
func clientOptions(attributes map[string]any, visible []int) map[string]any {
	options := map[string]any{}
	if _, cuda := attributes["cuda_version"]; !cuda {
		return options
	}
	options["preallocate"] = false // else it takes three quarters of the memory, and others may be at work on the GPU
	if visible != nil {
		list := make([]int64, len(visible))
		for i, n := range visible {
			list[i] = int64(n)
		}
		options["visible_devices"] = list
	}
	return options
}

// cuda is the platform of NVIDIA's GPUs.
const cuda = "cuda"

// cuda says whether it is a GPU of NVIDIA's.
func (d *Device) cuda() bool { return strings.EqualFold(d.name, cuda) }

// cudnn says whether attention may be a call of cuDNN's, whose sums have no fixed order.
func (d *Device) cudnn() bool { return d.cuda() && !d.o.Deterministic && !d.o.Unfused }

// compute is the type of activations.
func (d *Device) compute() stablehlo.Type {
	if d.o.Precision == BFloat16 {
		return stablehlo.BF16
	}
	return stablehlo.F32
}

// Name tells the device from others, for people.
func (d *Device) Name() string { return fmt.Sprintf("%s, %s", d.kind, d.o.Precision) }

// queued is how many runs are asked for before one looks at the first: a power of
// two. To look at each would keep a small network waiting for most of the time.
const queued = 32

// Ahead is how many runs may be asked for before one looks at the first.
func (d *Device) Ahead() int { return queued }

// Variable makes memory that programs share.
func (d *Device) Variable(data []float32, parts ...int) backend.Variable {
	return d.variable(data, parts...)
}

// Compile makes a program of a graph.
func (d *Device) Compile(g *graph.Graph, keep []*graph.Node, o backend.Options) (backend.Program, error) {
	p, err := d.Join([]backend.Part{{Graph: g, Keep: keep, Places: o.Places}}, backend.JoinOptions{})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Join makes a program of graphs that are computed one after the other.
func (d *Device) Join(parts []backend.Part, o backend.JoinOptions) (backend.Queue, error) {
	p, err := d.program(parts, o)
	if err != nil {
		return nil, err // and no program, of whatever type
	}
	return p, nil
}

// flush starts the runs that were only noted.
func (d *Device) flush() error {
	p, err := d.pending, d.failed
	d.pending, d.failed = nil, nil
	if p == nil {
		return err
	}
	if e := p.flush(); e != nil {
		p.flight.err, p.flight.known = e, true
		err = errors.Join(err, e)
	}
	return err
}

// mostRoom is how many bytes of tables are welcome at most: they are in the memory
// of the host, too, while they are brought over.
const mostRoom = 8 << 30

// Room is how many bytes of tables are welcome: a part of the memory of a device.
func (d *Device) Room() int64 {
	if d.o.Room != 0 {
		return d.o.Room
	}
	m, err := d.client.Memory(0)
	if err != nil || m.Limit <= 0 {
		return 1 << 30 // of the memory of the machine: the plugin does not say
	}
	return min(m.Limit/2, mostRoom)
}

// Peak is how many bytes of the memory of a device were in use at most, 0 if the
// plugin does not say.
func (d *Device) Peak() int64 {
	m, err := d.client.Memory(0)
	if err != nil {
		return 0
	}
	return m.Peak
}

// flags are those of XLA.
func (d *Device) flags() map[string]any {
	flags := map[string]any{}
	if d.cuda() && d.o.Deterministic {
		flags["xla_gpu_deterministic_ops"] = true
	}
	return flags
}

// compile compiles a module, if it was not compiled before.
func (d *Device) compile(text string) (*pjrt.Executable, error) {
	flags, c, path := d.flags(), cache{d.o.Cache, d.o.Identity}, ""
	if c.folder != "" && c.identity != "" {
		path = c.path(text, flags, d.o.Devices)
		if x := c.load(path, d.client); x != nil {
			return x, nil
		}
	}
	if d.cuda() && !d.o.Deterministic {
		// XLA tries kernels out and takes the fastest: others would disturb it.
		d.tuning.Lock()
		defer d.tuning.Unlock()
	}
	x, err := d.client.Compile([]byte(text), pjrt.CompileOptions{Partitions: d.o.Devices, Flags: flags})
	if err != nil {
		return nil, err
	}
	if path != "" {
		c.save(path, x)
	}
	return x, nil
}

// Close frees what is on the device and ends the client of the plugin. Programs
// have been closed. If the compiler is still at work on some, it ends later.
func (d *Device) Close() error {
	var errs []error
	for v := range d.variables {
		errs = append(errs, v.Close())
	}
	if len(d.left) > 0 {
		go d.end() // an error would come too late for anybody
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, d.end())...)
}
