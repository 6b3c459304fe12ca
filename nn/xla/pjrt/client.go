package pjrt

/*
#include "calls.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"
)

// A Client owns devices, programs and buffers. Several goroutines may use it.
type Client struct {
	*Plugin
	client            *C.client_t_
	devices           []*C.device_t_
	platform, version string
	kinds             []string
}

// NewClient starts a plugin. Which options there are is a matter of the plugin: that
// of CUDA takes preallocate (bool), memory_fraction (float64) and visible_devices
// ([]int64), one for CPUs cpu_device_count (int).
func (p *Plugin) NewClient(options map[string]any) (*Client, error) {
	v, err := newValues(options)
	if err != nil {
		return nil, err
	}
	defer v.free()
	c := &Client{Plugin: p}
	if err := p.err("start the plugin "+p.path, C.client_create(p.table, v.list, v.n, &c.client)); err != nil {
		return nil, err
	}
	if err := c.ask(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// ask finds out what there is.
func (c *Client) ask() error {
	text := func(function C.int) (string, error) {
		var s *C.char
		var n C.size_t
		err := c.err("ask the plugin for its platform", C.client_text(c.table, c.client, function, &s, &n))
		return goText(s, n), err
	}
	var err error
	if c.platform, err = text(C.CLIENT_PLATFORM_NAME); err != nil {
		return err
	}
	if c.version, err = text(C.CLIENT_PLATFORM_VERSION); err != nil {
		return err
	}
	var list **C.device_t_
	var n C.size_t
	if err := c.err("ask the plugin for its devices", C.client_devices(c.table, c.client, &list, &n)); err != nil {
		return err
	}
	for _, d := range unsafe.Slice(list, int(n)) {
		var s *C.char
		var size C.size_t
		if err := c.err("ask a device for its name", C.device_kind(c.table, d, &s, &size)); err != nil {
			return err
		}
		c.devices, c.kinds = append(c.devices, d), append(c.kinds, goText(s, size))
	}
	if len(c.devices) == 0 {
		return fmt.Errorf("the plugin %s has no device", c.path)
	}
	return nil
}

// Platform is the name of the platform, as in "cuda", and its version.
func (c *Client) Platform() (name, version string) { return c.platform, c.version }

// Kinds are the names of the devices, as in "NVIDIA H200".
func (c *Client) Kinds() []string { return c.kinds }

// A Memory is how many bytes of a device are in use; 0 is what it does not say.
type Memory struct{ InUse, Peak, Limit int64 }

// Memory is that of a device.
func (c *Client) Memory(device int) (Memory, error) {
	d, err := c.device(device)
	if err != nil {
		return Memory{}, err
	}
	var out [3]C.int64_t
	err = c.err("ask a device for its memory", C.device_memory(c.table, d, &out[0]))
	return Memory{int64(out[0]), int64(out[1]), int64(out[2])}, err
}

// device is one of the devices, of a client that is not closed.
func (c *Client) device(i int) (*C.device_t_, error) {
	switch {
	case c.client == nil:
		return nil, errClosed
	case i < 0 || i >= len(c.devices):
		return nil, fmt.Errorf("there is no device %d: the plugin %s has %d", i, c.path, len(c.devices))
	}
	return c.devices[i], nil
}

// Close ends the client, whose programs and buffers have been freed.
func (c *Client) Close() error {
	if c.client == nil {
		return errClosed
	}
	err := c.err("end the plugin", C.client_destroy(c.table, c.client))
	c.client = nil
	return err
}

// An Executable is a compiled program. Several goroutines may run it.
type Executable struct {
	plugin     *Plugin
	loaded     *C.loaded_t_ // nil: it was compiled for a device that is not there
	executable *C.executable_t_
	outputs    int
}

// Compile compiles the text of a StableHLO module.
func (c *Client) Compile(code []byte, o CompileOptions) (*Executable, error) {
	options, err := o.encode()
	if err != nil {
		return nil, err
	}
	if c.client == nil {
		return nil, errClosed
	}
	x := &Executable{plugin: c.Plugin}
	err = c.err("compile the network", C.client_compile(c.table, c.client, chars(code), C.size_t(len(code)), chars(options), C.size_t(len(options)), &x.loaded))
	if err != nil {
		return nil, err
	}
	return x.open()
}

// Deserialize loads what Serialize has given, for the same plugin and kind of
// device. The plugin takes it at its word: the bytes have to be whole.
func (c *Client) Deserialize(data []byte) (*Executable, error) {
	if c.client == nil {
		return nil, errClosed
	}
	x := &Executable{plugin: c.Plugin}
	if err := c.err("load a compiled network", C.executable_load(c.table, c.client, chars(data), C.size_t(len(data)), &x.loaded)); err != nil {
		return nil, err
	}
	return x.open()
}

// CompileFor compiles for a kind of device that need not be there, which a plugin
// knows by a name or by options. The program cannot be run, but it has a Size.
func (p *Plugin) CompileFor(topology string, options map[string]any, code []byte, o CompileOptions) (*Executable, error) {
	encoded, err := o.encode()
	if err != nil {
		return nil, err
	}
	v, err := newValues(options)
	if err != nil {
		return nil, err
	}
	defer v.free()
	name := C.CString(topology)
	defer C.free(unsafe.Pointer(name))
	var t *C.topology_t_
	if err := p.err("describe the device", C.topology_create(p.table, name, C.size_t(len(topology)), v.list, v.n, &t)); err != nil {
		return nil, err
	}
	defer C.topology_free(p.table, t)
	x := &Executable{plugin: p}
	err = p.err("compile the network", C.compile_for(p.table, t, chars(code), C.size_t(len(code)), chars(encoded), C.size_t(len(encoded)), &x.executable))
	if err != nil {
		return nil, err
	}
	if err := x.count(); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

func chars(data []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(data))) }

// open looks at what was loaded.
func (x *Executable) open() (*Executable, error) {
	err := x.plugin.err("look at a compiled network", C.loaded_executable(x.plugin.table, x.loaded, &x.executable))
	if err == nil {
		err = x.count()
	}
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// count finds out how many results there are.
func (x *Executable) count() error {
	var n C.size_t
	err := x.plugin.err("look at a compiled network", C.executable_outputs(x.plugin.table, x.executable, &n))
	x.outputs = int(n)
	return err
}

// Outputs is how many results a program has.
func (x *Executable) Outputs() int { return x.outputs }

// Serialize is the compiled program.
func (x *Executable) Serialize() ([]byte, error) {
	if x.executable == nil {
		return nil, errFreed
	}
	var a C.executable_serialize_args
	if err := x.plugin.err("serialize a network", C.executable_serialize(x.plugin.table, x.executable, &a)); err != nil {
		return nil, err
	}
	defer C.serialized_free(&a)
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(a.bytes)), int(a.byte_count))), nil
}

// A Size is the memory of a program on a device, in bytes. Alias is what of the
// outputs is in the memory of donated arguments.
type Size struct{ Arguments, Outputs, Alias, Temp, Code, Peak int64 }

// Total is all that a run needs, arguments included.
func (s Size) Total() int64 { return s.Arguments + s.Outputs - s.Alias + s.Temp + s.Code }

// Size is known when a program is compiled.
func (x *Executable) Size() (Size, error) {
	if x.executable == nil {
		return Size{}, errFreed
	}
	var out [6]C.int64_t
	err := x.plugin.err("ask for the memory of a network", C.executable_memory(x.plugin.table, x.executable, &out[0]))
	return Size{int64(out[0]), int64(out[1]), int64(out[2]), int64(out[3]), int64(out[4]), int64(out[5])}, err
}

// Close frees the program.
func (x *Executable) Close() error {
	p := x.plugin
	var errs []error
	if x.executable != nil {
		errs = append(errs, p.err("free a network", C.executable_free(p.table, x.executable)))
	}
	if x.loaded != nil {
		errs = append(errs, p.err("free a network", C.loaded_free(p.table, x.loaded)))
	}
	x.executable, x.loaded = nil, nil
	return errors.Join(errs...)
}

// maxDevices is how many devices can share a program.
const maxDevices = C.MAX_DEVICES

// Run asks for a run on so many devices and returns as soon as it is queued: args has
// the arguments of the first device, then those of the next, and so has what it
// gives. Donated arguments are gone: only their handles are left to be freed.
//
// What fails on the device is an error of waiting for the results.
func (x *Executable) Run(args []*Buffer, devices int) ([]*Buffer, error) {
	switch {
	case x.loaded == nil:
		return nil, errFreed
	case devices < 1 || devices > maxDevices || len(args)%devices != 0:
		return nil, fmt.Errorf("run a network: %d arguments for %d devices (at most %d)", len(args), devices, maxDevices)
	}
	p := x.plugin
	// Networks have hundreds of parameters: neither arguments nor results cost an
	// allocation each.
	n := devices * x.outputs
	handles := make([]*C.buffer_t_, len(args)+n+1) // one more: so that there is a first
	in, out := handles[:len(args)], handles[len(args):]
	for i, b := range args {
		if b == nil || b.buffer == nil {
			return nil, fmt.Errorf("run a network: argument %d was freed", i)
		}
		in[i] = b.buffer
	}
	err := p.err("run a network", C.execute(p.table, x.loaded, &handles[0], C.size_t(len(args)/devices), &out[0], C.size_t(x.outputs), C.size_t(devices)))
	if err != nil {
		return nil, err
	}
	buffers, list := make([]Buffer, n), make([]*Buffer, n)
	for i := range list {
		buffers[i] = Buffer{p, out[i]}
		list[i] = &buffers[i]
	}
	return list, nil
}
