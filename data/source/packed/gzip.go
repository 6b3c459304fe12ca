package packed

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

const gzipMagic = "\x1f\x8b"

// errBehind says that something follows compressed data that is none.
var errBehind = errors.New("other bytes follow")

// A members reads what gzip has written, one file behind the other. Zeros may fill up
// the end, as some media do, which gzip takes for nothing as well.
type members struct {
	*gzip.Reader
	in *bufio.Reader
}

func ungzip(r *bufio.Reader, _ int) (io.ReadCloser, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &members{z, r}, nil
}

// Read implements io.Reader.
func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.Reader.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil // the end comes again
		}
		switch start, err := m.in.Peek(len(gzipMagic)); {
		case len(start) == 0 && err != io.EOF:
			return 0, err
		case len(start) > 0 && bytes.HasPrefix([]byte(gzipMagic), start):
			if err := m.Reset(m.in); err != nil {
				return 0, err
			}
			m.Multistream(false)
		default:
			return 0, m.zeros()
		}
	}
}

// zeros reads zeros up to the end. The first other byte is left.
func (m *members) zeros() error {
	for {
		b, err := m.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errors.Join(errBehind, m.in.UnreadByte())
		}
	}
}

// peek gives the beginning of what follows.
func peek(r *bufio.Reader) []byte {
	const shown = 16
	b, _ := r.Peek(shown) // fewer at the end
	return b
}
