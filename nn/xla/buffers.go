package xla

import (
	"errors"

	"pipe/nn/xla/pjrt"
)

// buffers are a value in the memory of the devices: one for each.
type buffers []pjrt.Buffer

// element is what a buffer is made of.
type element interface {
	float32 | int32 | uint32 | uint8
}

// typeOf is the type of elements.
func typeOf[T element]() pjrt.Type {
	switch any(*new(T)).(type) {
	case float32:
		return pjrt.F32
	case int32:
		return pjrt.S32
	case uint8:
		return pjrt.U8
	}
	return pjrt.U32
}

// put brings numbers to all devices: to each of them, or a part of the first
// dimension if they are divided. data may be changed when it returns.
func put[T element](d *Device, data []T, divided bool, shape ...int) (buffers, error) {
	dims := make([]int64, len(shape))
	for i, n := range shape {
		dims[i] = int64(n)
	}
	if divided {
		dims[0] /= int64(d.o.Devices)
	}
	var list buffers
	for i := range d.o.Devices {
		part := data
		if n := len(data) / d.o.Devices; divided {
			part = data[i*n : (i+1)*n]
		}
		b, err := pjrt.Put(d.client.On(i), part, typeOf[T](), dims...)
		if err != nil {
			list.free()
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// A fetch is a copy to the host that is under way.
type fetch struct {
	wait func() error
}

// get begins to copy what is whole on each device to the host.
func (b buffers) get(into []float32) (fetch, error) {
	err := pjrt.Get(b[0], into)
	return fetch{func() error { return err }}, nil
}

func (b buffers) free() {
	for _, x := range b {
		x.Free()
	}
}

// join waits for all, and gives all errors.
func join(list []fetch) error {
	var errs []error
	for _, f := range list {
		errs = append(errs, f.wait())
	}
	return errors.Join(errs...)
}

// run starts a program on all devices.
func (d *Device) run(x *pjrt.Executable, args, outs []buffers) error {
	n := d.o.Devices
	flat := make([]pjrt.Buffer, 0, n*len(args))
	for i := range n {
		for _, b := range args {
			flat = append(flat, b[i])
		}
	}
	list, err := x.RunMany(flat, n)
	if err != nil {
		return err
	}
	for k := range outs {
		outs[k] = make(buffers, n)
		for i := range n {
			outs[k][i] = list[i*len(outs)+k]
		}
	}
	return nil
}
