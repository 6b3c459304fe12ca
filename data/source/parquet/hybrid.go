package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// A hybrid reads whole numbers of a fixed width in bits, in runs of one number and
// runs of packed ones.
type hybrid struct {
	buf    []byte
	width  int
	run    int // left of a run of value
	value  uint32
	packed int // left of a run of packed numbers
	bit    int // of buf, of the next packed number
}

func newHybrid(buf []byte, width int) (hybrid, error) {
	if width < 0 || width > 32 {
		return hybrid{}, fmt.Errorf("numbers of %d bits", width)
	}
	return hybrid{buf: buf, width: width}, nil
}

var errRuns = errors.New("it has fewer values than it says")

// next begins the next run.
func (h *hybrid) next() error {
	h.buf = h.buf[min((h.bit+7)/8, len(h.buf)):]
	h.bit = 0
	head, n := binary.Uvarint(h.buf)
	if n <= 0 {
		return errRuns
	}
	h.buf = h.buf[n:]
	if head&1 == 0 {
		bytes := (h.width + 7) / 8
		if head>>1 == 0 || head>>1 > 1<<31 || len(h.buf) < bytes {
			return errRuns
		}
		h.run, h.value = int(head>>1), 0
		for i := range bytes {
			h.value |= uint32(h.buf[i]) << (8 * i)
		}
		h.buf = h.buf[bytes:]
		return nil
	}
	groups := head >> 1
	if groups == 0 || groups > 1<<28 {
		return errRuns
	}
	h.packed = int(groups) * 8
	// The last run may be cut off where its values end.
	if h.width > 0 {
		h.packed = min(h.packed, len(h.buf)*8/h.width)
	}
	if h.packed == 0 {
		return errRuns
	}
	return nil
}

// read fills dst.
func (h *hybrid) read(dst []uint32) error {
	for len(dst) > 0 {
		switch {
		case h.run > 0:
			n := min(h.run, len(dst))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.run -= n
			dst = dst[n:]
		case h.packed > 0:
			n := min(h.packed, len(dst))
			h.unpack(dst[:n])
			h.packed -= n
			dst = dst[n:]
		default:
			if err := h.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hybrid) unpack(dst []uint32) {
	mask := uint64(1)<<h.width - 1
	bit, i := h.bit, 0
	for ; i < len(dst) && bit>>3+8 <= len(h.buf); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(h.buf[bit>>3:]) >> (bit & 7) & mask)
		bit += h.width
	}
	for ; i < len(dst); i++ {
		dst[i] = uint32(bitsAt(h.buf, bit) & mask)
		bit += h.width
	}
	h.bit = bit
}

// bitsAt is the number that begins at a bit; what is beyond the end is 0.
func bitsAt(buf []byte, bit int) uint64 {
	var last [16]byte
	copy(last[:], buf[min(bit>>3, len(buf)):])
	v := binary.LittleEndian.Uint64(last[:]) >> (bit & 7)
	if bit&7 > 0 {
		v |= uint64(last[8]) << (64 - bit&7)
	}
	return v
}

// bits sets n bits of a bitmap from at on to numbers of one bit, and says how many
// of them are 1.
func (h *hybrid) bits(dst []byte, at, n int) (ones int, err error) {
	for n > 0 {
		switch {
		case h.run > 0:
			k := min(h.run, n)
			bitutil.SetBitsTo(dst, int64(at), int64(k), h.value&1 == 1)
			if h.value&1 == 1 {
				ones += k
			}
			h.run -= k
			at, n = at+k, n-k
		case h.packed > 0:
			k := min(h.packed, n)
			bitutil.CopyBitmap(h.buf, h.bit, k, dst, at)
			ones += bitutil.CountSetBits(dst, at, k)
			h.bit += k
			h.packed -= k
			at, n = at+k, n-k
		default:
			if err := h.next(); err != nil {
				return 0, err
			}
		}
	}
	return ones, nil
}
