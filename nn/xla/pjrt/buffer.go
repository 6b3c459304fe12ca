package pjrt

/*
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// A Buffer is memory of a device.
type Buffer struct {
	*Client
	buffer *C.PJRT_Buffer
}

// Free gives the memory back. A donated buffer is freed too: only its handle is left.
func (b Buffer) Free() { C.buffer_free(b.api, b.buffer) }

// An Event is something that will have happened.
type Event struct {
	*Client
	event *C.PJRT_Event
}

// Wait waits and frees the event.
func (e Event) Wait() error {
	err := e.err("wait", C.event_await(e.api, e.event))
	C.event_free(e.api, e.event)
	return err
}

// Forget frees the event without waiting.
func (e Event) Forget() { C.event_free(e.api, e.event) }

// Ready is when the content of the buffer is there.
func (b Buffer) Ready() (Event, error) {
	var ev *C.PJRT_Event
	err := b.err("ready", C.buffer_ready(b.api, b.buffer, &ev))
	return Event{b.Client, ev}, err
}

// A Type is that of an element.
type Type int

// The types of elements that the spike has.
const (
	S32  Type = C.PJRT_Buffer_Type_S32
	U8   Type = C.PJRT_Buffer_Type_U8
	U32  Type = C.PJRT_Buffer_Type_U32
	U64  Type = C.PJRT_Buffer_Type_U64
	F32  Type = C.PJRT_Buffer_Type_F32
	BF16 Type = C.PJRT_Buffer_Type_BF16
)

// Semantics of host memory while it is copied.
const (
	DuringCall = C.PJRT_HostBufferSemantics_kImmutableOnlyDuringCall
	UntilDone  = C.PJRT_HostBufferSemantics_kImmutableUntilTransferCompletes
)

// FromHost copies memory to the first device. With UntilDone the memory has to
// be C memory (or pinned) and is not touched before the event.
func (c *Client) FromHost(data unsafe.Pointer, t Type, dims []int64, semantics int) (Buffer, Event, error) {
	var b *C.PJRT_Buffer
	var ev *C.PJRT_Event
	var d *C.int64_t
	if len(dims) > 0 {
		d = (*C.int64_t)(unsafe.Pointer(&dims[0]))
	}
	err := c.err("copy to the device", C.from_host(c.api, c.client, c.devices[0], data, C.int(t), d, C.size_t(len(dims)), C.int(semantics), &b, &ev))
	return Buffer{c, b}, Event{c, ev}, err
}

// Put copies numbers to the device and waits until the memory is free again.
func Put[T float32 | int32 | uint32 | uint64 | uint8](c *Client, data []T, t Type, dims ...int64) (Buffer, error) {
	b, ev, err := c.FromHost(unsafe.Pointer(unsafe.SliceData(data)), t, dims, DuringCall)
	if err != nil {
		return b, err
	}
	return b, ev.Wait()
}

// Get copies a buffer to the host and waits.
func Get[T float32 | int32 | uint32 | uint64 | uint8](b Buffer, dst []T) error {
	var pin runtime.Pinner
	pin.Pin(&dst[0])
	defer pin.Unpin()
	ev, err := b.ToHost(unsafe.Pointer(&dst[0]), len(dst)*int(unsafe.Sizeof(dst[0])))
	if err != nil {
		return err
	}
	return ev.Wait()
}

// ToHost begins to copy a buffer to the host. The memory has to be C memory or pinned.
func (b Buffer) ToHost(dst unsafe.Pointer, bytes int) (Event, error) {
	var ev *C.PJRT_Event
	err := b.err("copy to the host", C.to_host(b.api, b.buffer, dst, C.size_t(bytes), &ev))
	return Event{b.Client, ev}, err
}

// A Call is the memory of calls of a program: no call allocates.
type Call struct {
	x       *Executable
	in, out []*C.PJRT_Buffer
}

// NewCall prepares calls with so many arguments.
func (x *Executable) NewCall(arguments int) *Call {
	return &Call{x, make([]*C.PJRT_Buffer, arguments), make([]*C.PJRT_Buffer, x.Outputs)}
}

// Run starts the program. It returns as soon as the work is queued, unless event
// is set: then with an event of its end. Donated arguments are gone.
func (c *Call) Run(args, results []Buffer, event bool) (Event, error) {
	for i, b := range args {
		c.in[i] = b.buffer
	}
	clear(c.out)
	var ev *C.PJRT_Event
	var evs **C.PJRT_Event
	if event {
		evs = &ev
	}
	err := c.x.err("run", C.execute(c.x.api, c.x.loaded, &c.in[0], C.size_t(len(args)), &c.out[0], nil, 0, evs))
	if err != nil {
		return Event{}, err
	}
	for i, b := range c.out {
		results[i] = Buffer{c.x.Client, b}
	}
	return Event{c.x.Client, ev}, nil
}

// Devices is how many devices there are.
func (c *Client) Devices() int { return len(c.devices) }

// On is the client with another first device.
func (c *Client) On(device int) *Client {
	d := *c
	d.devices = c.devices[device:]
	return &d
}

// RunMany runs the program on several devices: args has those of the first
// device, then those of the next, and so have the results.
func (x *Executable) RunMany(args []Buffer, devices int) ([]Buffer, error) {
	in, out := make([]*C.PJRT_Buffer, len(args)), make([]*C.PJRT_Buffer, devices*x.Outputs)
	for i, b := range args {
		in[i] = b.buffer
	}
	if err := x.err("run", C.execute_many(x.api, x.loaded, &in[0], C.size_t(len(args)/devices), &out[0], C.size_t(x.Outputs), C.size_t(devices))); err != nil {
		return nil, err
	}
	var list []Buffer
	for _, b := range out {
		list = append(list, Buffer{x.Client, b})
	}
	return list, nil
}

// CompileFor compiles for a kind of device that need not be there. The program
// cannot be run, but it has a Size and a Cost, and Serialize.
func (p *Plugin) CompileFor(name string, opts map[string]any, code []byte, o CompileOptions) (*Executable, error) {
	v, n, free := options(opts)
	defer free()
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	var t *C.PJRT_TopologyDescription
	if err := p.err("topology", C.topology(p.api, c, C.size_t(len(name)), v, n, &t)); err != nil {
		return nil, err
	}
	x := &Executable{Client: &Client{Plugin: p}}
	enc := o.encode()
	return x, p.err("compile", C.compile_for(p.api, t, (*C.char)(unsafe.Pointer(&code[0])), C.size_t(len(code)),
		(*C.char)(unsafe.Pointer(&enc[0])), C.size_t(len(enc)), &x.exec))
}

// HostAlloc is memory of the C library, which Go does not move or free.
func HostAlloc(bytes int) unsafe.Pointer {
	return C.aligned_alloc(4096, C.size_t((bytes+4095)/4096*4096))
}
