package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A delta reads whole numbers of which each is written as the difference to the
// one before it.
type delta struct {
	buf   []byte
	mini  int // numbers of a small block
	minis int // small blocks of a block
	total int // numbers in all

	left   int // numbers not read
	first  bool
	last   uint64
	least  uint64 // difference of the block
	widths []byte // of its small blocks that are left
	block  []byte // small block at hand
	width  int
	inMini int // numbers left of it
	bit    int
}

// maxMini bounds the numbers of a block, of which writers take 128.
const maxMini = 1 << 16

func newDelta(buf []byte) (*delta, error) {
	d := &delta{buf: buf, first: true}
	size, minis, total, first := d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	if d.buf == nil || size == 0 || size > maxMini || minis == 0 || minis > size || size%minis != 0 || size/minis%8 != 0 || total > 1<<31 {
		return nil, errors.New("the head of its differences is damaged")
	}
	d.mini, d.minis, d.total, d.left = int(size/minis), int(minis), int(total), int(total)
	d.last = first>>1 ^ -(first & 1)
	return d, nil
}

// uvarint reads a number; buf is nil after one that is none.
func (d *delta) uvarint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.buf = nil
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

// read fills dst.
func (d *delta) read(dst []int64) error {
	if len(dst) > d.left {
		return errRuns
	}
	d.left -= len(dst)
	if d.first && len(dst) > 0 {
		dst[0], d.first = int64(d.last), false
		dst = dst[1:]
	}
	for len(dst) > 0 {
		if d.inMini == 0 {
			if err := d.next(); err != nil {
				return err
			}
		}
		n := min(d.inMini, len(dst))
		d.unpack(dst[:n])
		d.inMini -= n
		dst = dst[n:]
	}
	return nil
}

// next begins the next small block.
func (d *delta) next() error {
	if len(d.widths) == 0 {
		least := d.uvarint()
		if d.buf == nil || len(d.buf) < d.minis {
			return errRuns
		}
		d.least = least>>1 ^ -(least & 1)
		d.widths, d.buf = d.buf[:d.minis], d.buf[d.minis:]
	}
	d.width, d.widths = int(d.widths[0]), d.widths[1:]
	if d.width > 64 {
		return fmt.Errorf("differences of %d bits", d.width)
	}
	size := d.width * d.mini / 8
	if size > len(d.buf) {
		return errRuns
	}
	d.block, d.buf = d.buf[:size], d.buf[size:]
	d.inMini, d.bit = d.mini, 0
	return nil
}

func (d *delta) unpack(dst []int64) {
	last, least, bit := d.last, d.least, d.bit
	switch {
	case d.width == 0:
		for i := range dst {
			last += least
			dst[i] = int64(last)
		}
	case d.width <= 56:
		mask := uint64(1)<<d.width - 1
		for i := range dst {
			var v uint64
			if bit>>3+8 <= len(d.block) {
				v = binary.LittleEndian.Uint64(d.block[bit>>3:]) >> (bit & 7)
			} else {
				v = bitsAt(d.block, bit)
			}
			last += least + v&mask
			dst[i] = int64(last)
			bit += d.width
		}
	default:
		mask := ^uint64(0) >> (64 - d.width)
		for i := range dst {
			last += least + bitsAt(d.block, bit)&mask
			dst[i] = int64(last)
			bit += d.width
		}
	}
	d.last, d.bit = last, bit
}

// readDeltas reads all numbers, none below 0 and none above the greatest int32, and
// gives what follows them.
func readDeltas(buf []byte) (lengths []int32, rest []byte, err error) {
	d, err := newDelta(buf)
	if err != nil {
		return nil, nil, err
	}
	var some [512]int64
	for d.left > 0 {
		part := some[:min(d.left, len(some))]
		if err := d.read(part); err != nil {
			return nil, nil, err
		}
		for _, v := range part {
			if v < 0 || v > 1<<31-1 {
				return nil, nil, fmt.Errorf("a text of %d bytes", v)
			}
			lengths = append(lengths, int32(v))
		}
	}
	return lengths, d.buf, nil
}
