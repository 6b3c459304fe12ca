// Package pjrt runs StableHLO programs through a PJRT plugin (XLA for NVIDIA
// GPUs, or for CPUs), which it loads with dlopen: the program itself links to
// nothing but the C library.
package pjrt

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -ldl
#include "calls.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// A Plugin is a loaded library. It is never unloaded.
type Plugin struct{ api *C.PJRT_Api }

// Load opens a plugin.
func Load(path string) (*Plugin, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var api *C.PJRT_Api
	var text *C.char
	if C.lib_open(name, &api, &text) == nil {
		return nil, fmt.Errorf("load %s: %s", path, C.GoString(text))
	}
	p := &Plugin{api}
	return p, p.err("initialize the plugin", C.plugin_init(api))
}

func (p *Plugin) err(what string, e *C.PJRT_Error) error {
	if e == nil {
		return nil
	}
	var s *C.char
	var n C.size_t
	C.error_text(p.api, e, &s, &n)
	err := fmt.Errorf("%s: %s", what, C.GoStringN(s, C.int(n)))
	C.error_free(p.api, e)
	return err
}

// Version is the version of the C API that the plugin speaks.
func (p *Plugin) Version() (major, minor int) {
	var a, b C.int
	C.versions(p.api, &a, &b)
	return int(a), int(b)
}

// Attributes are what the plugin says of itself.
func (p *Plugin) Attributes() (map[string]any, error) {
	var v *C.PJRT_NamedValue
	var n C.size_t
	if err := p.err("attributes", C.plugin_attrs(p.api, &v, &n)); err != nil {
		return nil, err
	}
	return values(v, n), nil
}

func values(v *C.PJRT_NamedValue, n C.size_t) map[string]any {
	m := map[string]any{}
	for i := range n {
		x := C.named_at(v, i)
		name := C.GoStringN(x.name, C.int(x.name_size))
		switch x._type {
		case C.PJRT_NamedValue_kString:
			m[name] = C.GoStringN(C.named_string(x), C.int(x.value_size))
		case C.PJRT_NamedValue_kInt64:
			m[name] = int64(C.named_int(x))
		case C.PJRT_NamedValue_kFloat:
			m[name] = float64(C.named_float(x))
		case C.PJRT_NamedValue_kBool:
			m[name] = C.named_bool(x) != 0
		case C.PJRT_NamedValue_kInt64List:
			var list []int64
			for j := range x.value_size {
				list = append(list, int64(C.named_list(x, j)))
			}
			m[name] = list
		}
	}
	return m
}

// options makes values for C, which live until free.
func options(m map[string]any) (v *C.PJRT_NamedValue, n C.size_t, free func()) {
	if len(m) == 0 {
		return nil, 0, func() {}
	}
	var mem []unsafe.Pointer
	text := func(s string) *C.char {
		c := C.CString(s)
		mem = append(mem, unsafe.Pointer(c))
		return c
	}
	v = (*C.PJRT_NamedValue)(C.malloc(C.size_t(len(m)) * C.sizeof_PJRT_NamedValue))
	mem = append(mem, unsafe.Pointer(v))
	list := unsafe.Slice(v, len(m))
	for name, x := range m {
		c := text(name)
		switch x := x.(type) {
		case string:
			C.named(&list[n], c, C.PJRT_NamedValue_kString, text(x), 0, 0)
		case int:
			C.named(&list[n], c, C.PJRT_NamedValue_kInt64, nil, C.int64_t(x), 0)
		case float64:
			C.named(&list[n], c, C.PJRT_NamedValue_kFloat, nil, 0, C.float(x))
		case bool:
			k := C.int64_t(0)
			if x {
				k = 1
			}
			C.named(&list[n], c, C.PJRT_NamedValue_kBool, nil, k, 0)
		default:
			panic(fmt.Sprintf("option %s: %T", name, x))
		}
		n++
	}
	return v, n, func() {
		for _, p := range mem {
			C.free(p)
		}
	}
}

// A Client owns devices, programs and buffers.
type Client struct {
	*Plugin
	client  *C.PJRT_Client
	devices []*C.PJRT_Device
}

// NewClient starts a client. Options of the CUDA plugin: preallocate (bool),
// memory_fraction (float64), allocator (string), visible_devices.
func (p *Plugin) NewClient(opts map[string]any) (*Client, error) {
	v, n, free := options(opts)
	defer free()
	c := &Client{Plugin: p}
	if err := p.err("start a client", C.client_create(p.api, v, n, &c.client)); err != nil {
		return nil, err
	}
	var list **C.PJRT_Device
	var count C.size_t
	if err := p.err("list devices", C.client_devices(p.api, c.client, &list, &count)); err != nil {
		return nil, err
	}
	for i := range count {
		c.devices = append(c.devices, C.device_at(list, i))
	}
	if len(c.devices) == 0 {
		return nil, errors.New("the plugin has no device")
	}
	return c, nil
}

// Platform is the name of the platform and its version.
func (c *Client) Platform() (name, version string) {
	var s *C.char
	var n C.size_t
	if c.err("", C.client_platform(c.api, c.client, &s, &n)) == nil {
		name = C.GoStringN(s, C.int(n))
	}
	if c.err("", C.client_version(c.api, c.client, &s, &n)) == nil {
		version = C.GoStringN(s, C.int(n))
	}
	return name, version
}

// Kinds are the names of the devices.
func (c *Client) Kinds() (list []string) {
	for _, d := range c.devices {
		var s *C.char
		var n C.size_t
		if c.err("", C.device_kind(c.api, d, &s, &n)) == nil {
			list = append(list, C.GoStringN(s, C.int(n)))
		}
	}
	return list
}

// A Memory is how much memory of a device is in use.
type Memory struct{ InUse, Peak, Limit, Allocs int64 }

// Memory of the first device.
func (c *Client) Memory() (Memory, error) {
	var out [4]C.int64_t
	err := c.err("memory", C.device_memory(c.api, c.devices[0], &out[0]))
	return Memory{int64(out[0]), int64(out[1]), int64(out[2]), int64(out[3])}, err
}

// Close ends the client.
func (c *Client) Close() error { return c.err("close the client", C.client_destroy(c.api, c.client)) }

// DmaMap pins memory of the host, so that it is copied to the device without a
// staging buffer.
func (c *Client) DmaMap(p unsafe.Pointer, n int) error {
	return c.err("pin memory", C.dma_map(c.api, c.client, p, C.size_t(n)))
}

// An Executable is a compiled program on one device.
type Executable struct {
	*Client
	loaded  *C.PJRT_LoadedExecutable
	exec    *C.PJRT_Executable
	Outputs int
}

// Compile compiles the text (or bytecode) of a StableHLO module.
func (c *Client) Compile(code []byte, o CompileOptions) (*Executable, error) {
	x := &Executable{Client: c}
	opts := o.encode()
	err := c.err("compile", C.compile(c.api, c.client, (*C.char)(unsafe.Pointer(&code[0])), C.size_t(len(code)),
		(*C.char)(unsafe.Pointer(&opts[0])), C.size_t(len(opts)), &x.loaded))
	if err != nil {
		return nil, err
	}
	return x, x.open()
}

// Deserialize loads what Serialize gave.
func (c *Client) Deserialize(data []byte) (*Executable, error) {
	x := &Executable{Client: c}
	if err := c.err("load a program", C.exec_load(c.api, c.client, (*C.char)(unsafe.Pointer(&data[0])), C.size_t(len(data)), &x.loaded)); err != nil {
		return nil, err
	}
	return x, x.open()
}

func (x *Executable) open() error {
	if err := x.err("executable", C.loaded_exec(x.api, x.loaded, &x.exec)); err != nil {
		return err
	}
	var n C.size_t
	err := x.err("outputs", C.exec_outputs(x.api, x.exec, &n))
	x.Outputs = int(n)
	return err
}

// Serialize is the compiled program, for the same plugin and kind of device.
func (x *Executable) Serialize() ([]byte, error) {
	var a C.PJRT_Executable_Serialize_Args
	if err := x.err("serialize", C.exec_serialize(x.api, x.exec, &a)); err != nil {
		return nil, err
	}
	data := C.GoBytes(unsafe.Pointer(a.serialized_bytes), C.int(a.serialized_bytes_size))
	C.serialized_free(&a)
	return data, nil
}

// Fingerprint tells compiled programs apart.
func (x *Executable) Fingerprint() (string, error) {
	var s *C.char
	var n C.size_t
	if err := x.err("fingerprint", C.exec_fingerprint(x.api, x.exec, &s, &n)); err != nil {
		return "", err
	}
	return C.GoStringN(s, C.int(n)), nil
}

// A Size is the memory of a program, in bytes.
type Size struct{ Arguments, Outputs, Alias, Temp, Code, Peak int64 }

// Size is known when a program is compiled.
func (x *Executable) Size() (Size, error) {
	var out [6]C.int64_t
	err := x.err("memory of a program", C.exec_memory(x.api, x.exec, &out[0]))
	return Size{int64(out[0]), int64(out[1]), int64(out[2]), int64(out[3]), int64(out[4]), int64(out[5])}, err
}

// Cost is XLA's analysis of a program: "flops", "bytes accessed", and more.
func (x *Executable) Cost() (map[string]any, error) {
	var v *C.PJRT_NamedValue
	var n C.size_t
	if err := x.err("cost", C.exec_cost(x.api, x.exec, &v, &n)); err != nil {
		return nil, err
	}
	return values(v, n), nil
}

// Close frees the program.
func (x *Executable) Close() {
	C.exec_free(x.api, x.exec)
	if x.loaded != nil {
		C.loaded_free(x.api, x.loaded)
	}
}
