package xla

import (
	"errors"
	"fmt"
	"slices"

	"pipe/nn/xla/pjrt"
)

// A variable is numbers in the memory of a device, in parts that are buffers of
// their own. They get there when a program first needs them.
type variable struct {
	d       *Device
	sizes   []int // of the parts
	shape   []int // of a batch; else nil: parts are flat
	divided bool  // among devices, by the first dimension
	data    []float32
	waiting bool      // for data to be brought to the device
	parts   []buffers // nil: not on the device
	staging staging   // of a batch
}

func (d *Device) variable(data []float32, sizes ...int) *variable {
	if len(sizes) == 0 {
		sizes = []int{len(data)}
	}
	v := &variable{d: d, sizes: sizes, data: data, waiting: true, parts: make([]buffers, len(sizes))}
	if d.variables == nil {
		d.variables = map[*variable]bool{}
	}
	d.variables[v] = true
	return v
}

// Size is how many numbers there are.
func (v *variable) Size() (n int) {
	for _, size := range v.sizes {
		n += size
	}
	return n
}

// batch says that the variable holds a batch of a shape.
func (v *variable) batch(shape []int, devices int) {
	v.shape, v.divided = shape, devices > 1 && shape[0]%devices == 0
}

// Write makes the numbers what from holds.
func (v *variable) Write(from []float32) error {
	if len(from) != len(v.data) {
		return fmt.Errorf("%d numbers for a variable of %d", len(from), len(v.data))
	}
	if err := v.d.flush(); err != nil {
		return err
	}
	if v.shape != nil && len(from) >= stagedSize {
		return v.stage(from)
	}
	copy(v.data, from)
	v.waiting = true
	return nil
}

// stagedSize is the number of numbers from which on a batch goes through pinned
// memory: below, to copy it at once costs less.
const stagedSize = 1 << 14

// A staging is pinned memory for two batches: while one is on its way to the
// device, beside what that computes, the next can be filled in.
type staging struct {
	memory [2]*pjrt.Pinned
	events [2][]*pjrt.Event // of what was last brought from there
	next   int
}

// stage brings a batch to the device without waiting for it.
func (v *variable) stage(from []float32) error {
	s := &v.staging
	at := s.next
	s.next = 1 - at
	if s.memory[at] == nil {
		m, err := v.d.client.Pin(4 * len(v.data))
		if err != nil {
			return err
		}
		s.memory[at] = m
	}
	if err := s.wait(at); err != nil {
		return err
	}
	copy(s.memory[at].Floats(), from)
	shape, n := slices.Clone(v.shape), len(from)
	if v.divided {
		n /= v.d.o.Devices
		shape[0] /= v.d.o.Devices
	}
	var list buffers
	for i := range v.d.o.Devices {
		first := 0
		if v.divided {
			first = i * n
		}
		b, e, err := s.memory[at].Put(i, first, shape...)
		if err != nil {
			list.free()
			return err
		}
		list, s.events[at] = append(list, b), append(s.events[at], e)
	}
	v.become(0, list)
	v.waiting = false
	return nil
}

// wait waits until nothing is brought from a memory any more.
func (s *staging) wait(at int) error {
	var errs []error
	for _, e := range s.events[at] {
		errs = append(errs, e.Wait())
	}
	s.events[at] = s.events[at][:0]
	return errors.Join(errs...)
}

func (s *staging) close() error {
	var errs []error
	for i, m := range s.memory {
		if m != nil {
			errs = append(errs, s.wait(i), m.Close())
		}
		s.memory[i] = nil
	}
	return errors.Join(errs...)
}

// Read waits for all that was asked for.
func (v *variable) Read(into []float32) error {
	if err := v.d.flush(); err != nil {
		return err
	}
	if v.waiting {
		copy(into, v.data)
		return nil
	}
	var list []*pjrt.Buffer
	for _, b := range v.parts {
		list = append(list, b[0])
	}
	return pjrt.Get(into, list...)
}

// buffer is a part on the device.
func (v *variable) buffer(part int) (buffers, error) {
	if v.waiting {
		at := 0
		for i, size := range v.sizes {
			shape := []int{size}
			if v.shape != nil {
				shape = v.shape
			}
			b, err := put(v.d, v.data[at:at+size], v.divided, shape...)
			if err != nil {
				return nil, err
			}
			v.become(i, b)
			at += size
		}
		v.waiting = false
	}
	return v.parts[part], nil
}

// become takes a part as a program has left it.
func (v *variable) become(part int, b buffers) {
	v.parts[part].free()
	v.parts[part] = b
}

// Close frees what is on the device, and what brought it there.
func (v *variable) Close() error {
	delete(v.d.variables, v)
	err := v.staging.close()
	for i := range v.parts {
		v.become(i, nil)
	}
	return err
}
