package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"pipe/base/diag"
)

// Codecs of pages.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5 // as Hadoop frames it
	codecZstd   = 6
	codecLZ4Raw = 7
)

// maxPage bounds a page in memory. Writers make pages of a megabyte or, of long
// texts, some hundred.
const maxPage = 512 << 20

// A decompressor unpacks pages, one after the other.
type decompressor struct {
	zstd *zstd.Decoder
	gzip *gzip.Reader
	buf  []byte // of the page before
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// unpack gives the bytes of a page, which are good until the next one. Memory
// grows with what is there, and not with what is promised.
func (d *decompressor) unpack(codec int, in []byte, size int) ([]byte, error) {
	if size > maxPage {
		return nil, diag.WithHint(fmt.Errorf("a page becomes %d MiB in memory, more than %d", size>>20, maxPage>>20), "write smaller pages")
	}
	out, err := d.decode(codec, in, size)
	switch {
	case err != nil:
		return nil, err
	case len(out) != size:
		return nil, fmt.Errorf("a page has %d bytes, want %d", len(out), size)
	}
	d.buf = out
	return out, nil
}

func (d *decompressor) decode(codec int, in []byte, size int) ([]byte, error) {
	switch codec {
	case codecNone:
		return append(d.buf[:0], in...), nil
	case codecSnappy:
		const mostTimes = 22 // three bytes become 64
		if n, err := snappy.DecodedLen(in); err != nil || n != size || n/mostTimes > len(in) {
			return nil, errors.New("its compression is damaged")
		}
		return snappy.Decode(d.room(size), in)
	case codecGzip:
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(bytes.NewReader(in)); err != nil {
			return nil, err
		}
		return d.readAll(d.gzip, size)
	case codecBrotli:
		return d.readAll(brotli.NewReader(bytes.NewReader(in)), size)
	case codecZstd:
		if d.zstd == nil {
			var err error
			if d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxPage)); err != nil {
				return nil, err
			}
		}
		return d.zstd.DecodeAll(in, d.buf[:0])
	case codecLZ4Raw:
		return d.lz4(in, size)
	case codecLZ4:
		if out, err := d.hadoop(in, size); err == nil {
			return out, nil
		}
		return d.lz4(in, size) // some writers left the frame out
	case codecLZO:
		return nil, diag.WithHint(errors.New("it is compressed with LZO"), "write it with zstd or snappy")
	}
	return nil, fmt.Errorf("it is compressed by method %d", codec)
}

// room is a buffer of a size.
func (d *decompressor) room(size int) []byte {
	if cap(d.buf) < size {
		d.buf = make([]byte, size)
	}
	return d.buf[:size]
}

// readAll reads no more than a byte too many.
func (d *decompressor) readAll(in io.Reader, size int) ([]byte, error) {
	b := bytes.NewBuffer(d.buf[:0])
	_, err := b.ReadFrom(io.LimitReader(in, int64(size)+1))
	return b.Bytes(), err
}

func (d *decompressor) lz4(in []byte, size int) ([]byte, error) {
	const mostTimes = 256 // a byte that lengthens a copy adds 255
	if size/mostTimes > len(in) {
		return nil, errors.New("its compression is damaged")
	}
	if size == 0 {
		return nil, nil
	}
	out := d.room(size)
	n, err := lz4.UncompressBlock(in, out)
	return out[:max(n, 0)], err
}

// hadoop unpacks blocks that follow their size and their compressed size.
func (d *decompressor) hadoop(in []byte, size int) ([]byte, error) {
	const head = 8
	out, at := []byte(nil), 0
	if size/256 > len(in) {
		return nil, errors.New("its compression is damaged")
	}
	out = d.room(size)
	for len(in) > 0 {
		if len(in) < head {
			return nil, errShort
		}
		plain, packed := int64(binary.BigEndian.Uint32(in)), int64(binary.BigEndian.Uint32(in[4:]))
		if in = in[head:]; packed > int64(len(in)) || plain > int64(size-at) {
			return nil, errShort
		}
		n, err := lz4.UncompressBlock(in[:packed], out[at:at+int(plain)])
		if err != nil {
			return nil, err
		}
		at, in = at+n, in[packed:]
	}
	return out[:at], nil
}
