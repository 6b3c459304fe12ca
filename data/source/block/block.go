// Package block reads a file in pieces of whole records, several at a time, and
// hands on what was made of them in the order of the file.
package block

import (
	"bytes"
	"iter"

	"pipe/data/source"
)

const (
	// Usual is how much of a file is split and parsed in one go. It fits into
	// the second-level cache together with the positions of its fields. No
	// output depends on it.
	Usual = 1 << 20

	// MaxRecord bounds the bytes of a record, so that a quote that is never
	// closed, or a line that never ends, cannot draw the rest of a file into
	// memory.
	MaxRecord = 64 << 20
)

// A Block is a piece of a file that holds whole records.
type Block struct {
	Offset int64
	Data   []byte
	Cut    bool // the data ends inside of a record that is too long
}

// A Splitter cuts a file into blocks, in order. It looks at nothing but quotes
// and line ends, at the speed of memory, so one goroutine keeps many parsers
// busy: a line end is the end of a record if an even number of quotes is
// before it. A stray quote misleads the splitter, but not the parser, which
// reads the records from the start of a block and stops at the stray quote
// before it comes to where the splitter went wrong.
type Splitter struct {
	File   *source.File
	Quote  int   // around text with line ends, -1 if there is none
	Size   int   // bytes of a block, usually
	Offset int64 // of the next block

	// LastEnd, if there is one, knows better than to count quotes: it gives the
	// position after the last record that ends in data, 0 if none does. The data
	// begins with a record, and the file goes on after it.
	LastEnd func(data []byte) int
}

// Next reads the next block into buf, which it may replace by a larger one.
// There is no data left if the block is empty.
func (s *Splitter) Next(buf []byte) (Block, error) {
	for want := int64(s.Size); ; want *= 2 {
		n := min(want, s.File.Size-s.Offset)
		if int64(cap(buf)) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if err := s.File.ReadFull(buf, s.Offset); err != nil {
			return Block{}, err
		}
		b := Block{Offset: s.Offset, Data: buf}
		if end := s.Offset + n; end < s.File.Size {
			cut := s.lastEnd(buf)
			if cut == 0 && n <= MaxRecord {
				continue
			}
			if b.Cut = cut == 0; !b.Cut {
				b.Data = buf[:cut]
			}
		}
		s.Offset += int64(len(b.Data))
		return b, nil
	}
}

// Whole is as much of data as are whole records. It begins with one, and the file
// goes on after it.
func (s *Splitter) Whole(data []byte) []byte { return data[:s.lastEnd(data)] }

// Blocks cuts the file from Offset on, into buffers if there are any.
func (s Splitter) Blocks(buffers <-chan []byte) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		for {
			var buf []byte
			select {
			case buf = <-buffers:
			default:
			}
			b, err := s.Next(buf)
			if err == nil && len(b.Data) == 0 {
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func (s *Splitter) lastEnd(data []byte) int {
	if s.LastEnd != nil {
		return s.LastEnd(data)
	}
	return lastRecordEnd(data, s.Quote)
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
