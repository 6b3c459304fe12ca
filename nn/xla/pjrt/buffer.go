package pjrt

/*
#include "calls.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// An Element is what buffers are made of. uint16 stands for bfloat16.
type Element interface {
	float32 | int32 | uint8 | uint16 | uint32 | uint64
}

func typeOf[T Element]() C.int {
	switch any(*new(T)).(type) {
	case float32:
		return C.TYPE_F32
	case int32:
		return C.TYPE_S32
	case uint8:
		return C.TYPE_U8
	case uint16:
		return C.TYPE_BF16
	case uint64:
		return C.TYPE_U64
	}
	return C.TYPE_U32
}

// A Buffer is memory of a device.
type Buffer struct {
	plugin *Plugin
	buffer *C.buffer_t_
}

// Free gives the memory back as soon as nothing that was queued needs it.
func (b *Buffer) Free() {
	if b != nil && b.buffer != nil {
		C.buffer_free(b.plugin.table, b.buffer)
		b.buffer = nil
	}
}

// Deleted says whether the memory is gone, as that of donated arguments is.
func (b *Buffer) Deleted() (bool, error) {
	if b == nil || b.buffer == nil {
		return true, nil
	}
	var gone C.bool
	err := b.plugin.err("look at a buffer", C.buffer_deleted(b.plugin.table, b.buffer, &gone))
	return bool(gone), err
}

// An Event is something that will have happened. It has to be waited for.
type Event struct {
	plugin *Plugin
	event  *C.event_t_
}

// Wait waits.
func (e *Event) Wait() error {
	if e.event == nil {
		return nil
	}
	err := e.plugin.err("wait for a device", C.event_await(e.plugin.table, e.event))
	C.event_free(e.plugin.table, e.event)
	e.event = nil
	return err
}

// Put brings numbers to a device: they may be changed when it returns.
func Put[T Element](c *Client, device int, data []T, dims ...int) (*Buffer, error) {
	if n := size(dims); n != len(data) || n < 1 {
		return nil, fmt.Errorf("bring numbers to a device: %d of them for %v", len(data), dims)
	}
	b, done, err := c.put(device, unsafe.Pointer(unsafe.SliceData(data)), typeOf[T](), C.DURING_CALL, dims)
	if err != nil {
		return nil, err
	}
	if err := done.Wait(); err != nil {
		b.Free()
		return nil, err
	}
	return b, nil
}

func (c *Client) put(device int, data unsafe.Pointer, t, semantics C.int, dims []int) (*Buffer, *Event, error) {
	d, err := c.device(device)
	if err != nil {
		return nil, nil, err
	}
	list := make([]C.int64_t, len(dims)+1) // one more: a scalar has a place too
	for i, n := range dims {
		list[i] = C.int64_t(n)
	}
	b, done := &Buffer{plugin: c.Plugin}, &Event{plugin: c.Plugin}
	err = c.err("bring numbers to a device",
		C.from_host(c.table, c.client, d, data, t, &list[0], C.size_t(len(dims)), semantics, &b.buffer, &done.event))
	if err != nil {
		return nil, nil, err
	}
	return b, done, nil
}

// size is how many elements there are, of a shape that is none -1.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		if d < 0 {
			return -1
		}
		n *= d
	}
	return n
}

// Get copies buffers to the host, one behind the other, and waits.
func Get[T Element](into []T, list ...*Buffer) (err error) {
	if len(into) == 0 {
		return nil
	}
	var pin runtime.Pinner
	pin.Pin(&into[0])
	defer pin.Unpin()
	left := unsafe.Slice((*byte)(unsafe.Pointer(&into[0])), len(into)*int(unsafe.Sizeof(into[0])))
	var events []*Event
	for _, b := range list {
		n, e, fail := b.copy(left)
		if fail != nil {
			err = fail
			break
		}
		events = append(events, e)
		left = left[n:]
	}
	for _, e := range events { // all of them: the memory is written to until then
		err = errors.Join(err, e.Wait())
	}
	if err == nil && len(left) != 0 {
		err = fmt.Errorf("copy from a device: %d bytes are missing", len(left))
	}
	return err
}

// copy begins to copy a buffer to memory that does not move.
func (b *Buffer) copy(to []byte) (n int, e *Event, err error) {
	n, err = b.bytes()
	if err != nil {
		return 0, nil, err
	}
	p := b.plugin
	if n > len(to) {
		return 0, nil, fmt.Errorf("copy from a device: %d bytes into %d", n, len(to))
	}
	e = &Event{plugin: p}
	return n, e, p.err("copy from a device", C.to_host(p.table, b.buffer, unsafe.Pointer(unsafe.SliceData(to)), C.size_t(n), &e.event))
}

// bytes is what a copy to the host takes.
func (b *Buffer) bytes() (int, error) {
	if b == nil || b.buffer == nil {
		return 0, errors.New("copy from a device: the buffer was freed")
	}
	var size C.size_t
	err := b.plugin.err("look at a buffer", C.to_host_bytes(b.plugin.table, b.buffer, &size))
	return int(size), err
}

// A Fetch is a copy to the host that is under way, in memory of its own. It has to
// be waited for.
type Fetch[T Element] struct {
	memory unsafe.Pointer
	n      int
	event  *Event
}

// Begin begins to copy a buffer.
func Begin[T Element](b *Buffer) (*Fetch[T], error) {
	n, err := b.bytes()
	if err != nil {
		return nil, err
	}
	f := &Fetch[T]{memory: C.malloc(C.size_t(max(1, n))), n: n}
	if _, f.event, err = b.copy(unsafe.Slice((*byte)(f.memory), n)); err != nil {
		C.free(f.memory)
		return nil, err
	}
	return f, nil
}

// Wait waits, and gives what was copied.
func (f *Fetch[T]) Wait() ([]T, error) {
	if f.memory == nil {
		return nil, errors.New("a copy from a device was waited for already")
	}
	err := f.event.Wait()
	var data []T
	if err == nil {
		data = append(data, unsafe.Slice((*T)(f.memory), f.n/int(unsafe.Sizeof(*new(T))))...)
	}
	C.free(f.memory)
	f.memory = nil
	return data, err
}

// A Pinned is memory of the host that a device reads by itself, which is several
// times as fast as copying from other memory, and goes on beside other work.
type Pinned struct {
	client *Client
	memory unsafe.Pointer
	n      int
	mapped bool
}

// pageSize is a multiple of that of all machines.
const pageSize = 1 << 16

// Pin makes pinned memory of so many bytes. A plugin that cannot pin has plain
// memory for it.
func (c *Client) Pin(bytes int) (*Pinned, error) {
	if c.client == nil {
		return nil, errClosed
	}
	n := (max(1, bytes) + pageSize - 1) / pageSize * pageSize
	m := &Pinned{client: c, memory: C.aligned_alloc(pageSize, C.size_t(n)), n: n}
	if m.memory == nil {
		return nil, fmt.Errorf("no memory for %d bytes", n)
	}
	if C.plugin_has(c.table, C.CLIENT_DMA_MAP) && C.plugin_has(c.table, C.CLIENT_DMA_UNMAP) {
		m.mapped = c.err("pin memory", C.dma_map(c.table, c.client, m.memory, C.size_t(n))) == nil
	}
	return m, nil
}

// Mapped says whether it is pinned.
func (m *Pinned) Mapped() bool { return m.mapped }

// Floats is the memory as numbers.
func (m *Pinned) Floats() []float32 { return unsafe.Slice((*float32)(m.memory), m.n/4) }

// Put begins to bring the first numbers to a device. They must not change before
// the event.
func (m *Pinned) Put(device, from int, dims ...int) (*Buffer, *Event, error) {
	if n := size(dims); from < 0 || n < 1 || (from+n)*4 > m.n {
		return nil, nil, fmt.Errorf("bring numbers to a device: %v from %d on are more than there are", dims, from)
	}
	return m.client.put(device, unsafe.Add(m.memory, 4*from), C.TYPE_F32, C.UNTIL_COPIED, dims)
}

// Close frees the memory, which nothing reads any more.
func (m *Pinned) Close() error {
	var err error
	if m.mapped {
		err = m.client.err("unpin memory", C.dma_unmap(m.client.table, m.client.client, m.memory))
	}
	C.free(m.memory)
	m.memory, m.n, m.mapped = nil, 0, false
	return err
}
