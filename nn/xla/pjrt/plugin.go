// Package pjrt runs StableHLO programs through a PJRT plugin: XLA for GPUs of
// NVIDIA, or for CPUs. The plugin is a library that is opened at run time; this
// program links to nothing but the C library, and brings the layouts of the ABI
// that it uses (abi.h).
//
// Nothing of this package is finalised by the garbage collector: close and free.
package pjrt

/*
#cgo CFLAGS: -O2
#cgo linux LDFLAGS: -ldl
#include "calls.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"pipe/base/infile"
)

// A Plugin is an open library. It is never closed: what it has started goes on
// until the process ends.
type Plugin struct {
	path  string
	table *C.table
}

// Load opens a plugin. Doing so runs code of it.
//
// A file that is none, or that speaks another version of the ABI, is an error
// that says so.
func Load(path string) (*Plugin, error) {
	wrong := func(format string, args ...any) (*Plugin, error) {
		return nil, fmt.Errorf("open the plugin %s: %w", path, fmt.Errorf(format, args...))
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open the plugin: %w", err)
	}
	if err := infile.Check(path, info); err != nil {
		return wrong("%w", err)
	}
	// A name without a folder would be looked for where the libraries of the system are.
	whole, err := filepath.Abs(path)
	if err != nil {
		return wrong("%w", err)
	}
	name := C.CString(whole)
	defer C.free(unsafe.Pointer(name))
	var why *C.char
	table := C.plugin_open(name, &why)
	if table == nil {
		return wrong("%s", C.GoString(why))
	}
	p := &Plugin{path, table}
	if major, minor := p.Version(); major != C.MAJOR || minor < C.MINOR_FROM {
		return wrong("it speaks version %d.%d of the PJRT API; one from %d.%d on, below %d.0, is needed", major, minor, C.MAJOR, C.MINOR_FROM, C.MAJOR+1)
	}
	if lacks := C.plugin_lacks(table); lacks != nil {
		return wrong("it has no function %s of the PJRT API", C.GoString(lacks))
	}
	if err := p.err("initialize it", C.plugin_initialize(p.table)); err != nil {
		return wrong("%w", err)
	}
	return p, nil
}

// Version is the version of the ABI that the plugin speaks.
func (p *Plugin) Version() (major, minor int) {
	return int(p.table.version.major), int(p.table.version.minor)
}

// An Error is what a plugin says.
type Error struct {
	Doing   string
	Code    Code
	Message string // in the words of the plugin
}

// A Code is the kind of an error, as in the status codes of Abseil.
type Code int

// ResourceExhausted is the Code of a device whose memory is full.
const ResourceExhausted Code = 8

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Doing, e.Message) }

// Hint says what to do about it.
func (e *Error) Hint() string {
	if e.Code == ResourceExhausted {
		return "the memory of the device is full: take a smaller batch_size, with accumulate for as many rows in a step"
	}
	return ""
}

// err makes an error of one of the plugin's, which it frees.
func (p *Plugin) err(doing string, e *C.error_t_) error {
	if e == nil {
		return nil
	}
	defer C.error_free(p.table, e)
	var text *C.char
	var n C.size_t
	C.error_text(p.table, e, &text, &n)
	return &Error{doing, Code(C.error_code(p.table, e)), goText(text, n)}
}

// goText copies a text of the plugin's.
func goText(text *C.char, n C.size_t) string {
	const most = 1 << 16
	if text == nil {
		return ""
	}
	return C.GoStringN(text, C.int(min(n, most)))
}

// Attributes are what the plugin says of itself: texts, int64, lists of them,
// float64 and booleans by name.
func (p *Plugin) Attributes() (map[string]any, error) {
	var v *C.named
	var n C.size_t
	if err := p.err("ask the plugin for its attributes", C.plugin_attributes(p.table, &v, &n)); err != nil {
		return nil, err
	}
	m := map[string]any{}
	if v == nil {
		return m, nil
	}
	for range n {
		name := goText(v.name, v.name_size)
		switch v._type {
		case C.STRING:
			m[name] = goText(C.named_text(v), v.count)
		case C.INT64:
			m[name] = int64(C.named_number(v))
		case C.INT64_LIST:
			var list []int64
			if from := (*int64)(unsafe.Pointer(C.named_numbers(v))); from != nil {
				list = slices.Clone(unsafe.Slice(from, int(v.count)))
			}
			m[name] = list
		case C.FLOAT:
			m[name] = float64(C.named_fraction(v))
		case C.BOOL:
			m[name] = bool(C.named_yes(v))
		}
		v = C.named_next(v)
	}
	return m, nil
}

// values are options in memory of C.
type values struct {
	list   *C.named
	n      C.size_t
	memory []unsafe.Pointer
}

func (v *values) keep(p unsafe.Pointer) unsafe.Pointer {
	v.memory = append(v.memory, p)
	return p
}

func (v *values) free() {
	for _, p := range v.memory {
		C.free(p)
	}
}

// newValues takes texts, int, []int64, float64 and booleans.
func newValues(options map[string]any) (*values, error) {
	v := &values{}
	if len(options) == 0 {
		return v, nil
	}
	text := func(s string) *C.char { return (*C.char)(v.keep(unsafe.Pointer(C.CString(s)))) }
	v.list = (*C.named)(v.keep(C.calloc(C.size_t(len(options)), C.sizeof_named)))
	list := unsafe.Slice(v.list, len(options))
	for _, name := range slices.Sorted(maps.Keys(options)) {
		x := options[name]
		to, key := &list[v.n], text(name)
		switch x := x.(type) {
		case string:
			C.name_value(to, key, C.STRING, text(x), 0, 0, nil, C.size_t(len(x)))
		case int:
			C.name_value(to, key, C.INT64, nil, C.int64_t(x), 0, nil, 1)
		case float64:
			C.name_value(to, key, C.FLOAT, nil, 0, C.float(x), nil, 1)
		case bool:
			yes := C.int64_t(0)
			if x {
				yes = 1
			}
			C.name_value(to, key, C.BOOL, nil, yes, 0, nil, 1)
		case []int64:
			numbers := (*C.int64_t)(v.keep(C.calloc(C.size_t(max(1, len(x))), 8)))
			copy(unsafe.Slice((*int64)(unsafe.Pointer(numbers)), len(x)), x)
			C.name_value(to, key, C.INT64_LIST, nil, 0, 0, numbers, C.size_t(len(x)))
		default:
			v.free()
			return nil, fmt.Errorf("option %s: %T is no type of an option", name, x)
		}
		v.n++
	}
	return v, nil
}

var (
	errClosed = errors.New("the client of the plugin is closed")
	errFreed  = errors.New("the network was freed, or compiled for a device that is not there")
)
