package ingest

import (
	"bytes"
	"fmt"
	"io"
)

const (
	// blockBytes is how much of a file is split and parsed in one go. It fits
	// into the second-level cache together with the positions of its fields.
	// No output depends on it.
	blockBytes = 1 << 20

	// maxRecord bounds the bytes of a record, so that a quote that is never
	// closed cannot draw the rest of a file into memory.
	maxRecord = 64 << 20
)

// A source is the file that is read.
type source struct {
	io.ReaderAt
	size int64
	name string // for messages
}

// read fills buf from an offset of the file.
func (s *source) read(buf []byte, offset int64) error {
	n, err := s.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %s at byte %d: %w", s.name, offset, err)
}

// A block is a piece of a file that holds whole records.
type block struct {
	offset int64
	data   []byte
	cut    bool // the data ends inside of a record that is too long
}

// A splitter cuts a file into blocks, in order. It looks at nothing but quotes
// and line ends, at the speed of memory, so one goroutine keeps many parsers
// busy: a line end is the end of a record if an even number of quotes is
// before it. A stray quote misleads the splitter, but not the parser, which
// reads the records from the start of a block and stops at the stray quote
// before it comes to where the splitter went wrong.
type splitter struct {
	src    *source
	quote  int // -1 if there is none
	size   int // bytes of a block, usually
	offset int64
}

// next reads the next block into buf, which it may replace by a larger one.
// There is no data left if the block is empty.
func (s *splitter) next(buf []byte) (block, error) {
	for want := int64(s.size); ; want *= 2 {
		n := min(want, s.src.size-s.offset)
		if int64(cap(buf)) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if err := s.src.read(buf, s.offset); err != nil {
			return block{}, err
		}
		b := block{offset: s.offset, data: buf}
		if end := s.offset + n; end < s.src.size {
			cut := lastRecordEnd(buf, s.quote)
			if cut == 0 && n <= maxRecord {
				continue
			}
			if b.cut = cut == 0; !b.cut {
				b.data = buf[:cut]
			}
		}
		s.offset += int64(len(b.data))
		return b, nil
	}
}

// lastRecordEnd is the position after the last line end that is outside of
// quotes, 0 if there is none. The data starts outside of quotes.
func lastRecordEnd(data []byte, quote int) int {
	if quote < 0 {
		return bytes.LastIndexByte(data, '\n') + 1
	}
	q := []byte{byte(quote)}
	inside := bytes.Count(data, q)%2 == 1
	for end := len(data); ; {
		i := bytes.LastIndexByte(data[:end], '\n')
		if i < 0 {
			return 0
		}
		if bytes.Count(data[i+1:end], q)%2 == 1 {
			inside = !inside
		}
		if !inside {
			return i + 1
		}
		end = i
	}
}
