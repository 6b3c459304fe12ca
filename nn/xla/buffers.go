package xla

import (
	"pipe/nn/xla/pjrt"
)

// buffers are a value in the memory of the devices: one for each.
type buffers []*pjrt.Buffer

// put brings numbers to all devices: to each of them, or a part of the first
// dimension if they are divided. data may be changed when it returns.
func put[T pjrt.Element](d *Device, data []T, divided bool, shape ...int) (buffers, error) {
	n := len(data)
	if divided {
		n /= d.o.Devices
		shape = append([]int{shape[0] / d.o.Devices}, shape[1:]...)
	}
	var list buffers
	for i := range d.o.Devices {
		part := data
		if divided {
			part = data[i*n : (i+1)*n]
		}
		b, err := pjrt.Put(d.client, i, part, shape...)
		if err != nil {
			list.free()
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func (b buffers) free() {
	for _, x := range b {
		x.Free()
	}
}

// run starts a program on all devices.
func (d *Device) run(x *pjrt.Executable, args, outs []buffers) error {
	n := d.o.Devices
	flat := make([]*pjrt.Buffer, 0, n*len(args))
	for i := range n {
		for _, b := range args {
			flat = append(flat, b[i])
		}
	}
	list, err := x.Run(flat, n)
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
