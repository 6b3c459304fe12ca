package xla

import (
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
}

func (d *Device) variable(data []float32, sizes ...int) *variable {
	if len(sizes) == 0 {
		sizes = []int{len(data)}
	}
	return &variable{d: d, sizes: sizes, data: slices.Clone(data), waiting: true, parts: make([]buffers, len(sizes))}
}

// Size is how many numbers there are.
func (v *variable) Size() int { return len(v.data) }

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
	copy(v.data, from)
	v.waiting = true
	return nil
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

func (v *variable) free() {
	for i := range v.parts {
		v.become(i, nil)
	}
}
