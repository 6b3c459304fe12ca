package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"pipe/data/source/block"
)

// A marker lists positions of a block. It looks at 64 bytes at a time, as bits of
// a word, and writes several positions in one go, of which those count that are
// there: how many there are is nothing that a processor could predict.
type marker struct {
	list []int32
	n    int
}

const inOneGo = 8

// newMarker makes one for at most n positions, in the memory of another list if
// that is large enough.
func newMarker(list []int32, n int) marker {
	if n += inOneGo; cap(list) < n {
		list = make([]int32, n+n/8)
	}
	return marker{list: list[:cap(list)]}
}

// add adds the bits of the bytes from a position on.
func (k *marker) add(at int, m uint64) {
	count := bits.OnesCount64(m)
	for done := 0; done < count; done += inOneGo {
		to := k.list[k.n+done:][:inOneGo]
		for i := range to {
			to[i] = int32(at + bits.TrailingZeros64(m))
			m &= m - 1
		}
	}
	k.n += count
}

// chunk gives the 64 bytes from a position on, behind the data zeros, which
// nothing looks for.
func chunk(data []byte, at int, last *[64]byte) []byte {
	if len(data)-at >= 64 {
		return data[at : at+64]
	}
	clear(last[:])
	copy(last[:], data[at:])
	return last[:]
}

// plainMarks lists the positions of delimiters and line ends, and the end of the
// data if no line end is there.
func plainMarks(list []int32, data []byte, delim byte) []int32 {
	k := newMarker(list, bytes.Count(data, []byte{delim})+bytes.Count(data, []byte{'\n'})+1)
	d, nl := ones*uint64(delim), uint64(ones*'\n')
	var last [64]byte
	for at := 0; at < len(data); at += 64 {
		c := chunk(data, at, &last)
		var ends uint64
		for i := 0; i < 64; i += 8 {
			x := binary.LittleEndian.Uint64(c[i : i+8])
			ends |= bitsOf(zeroBytes(x^d)|zeroBytes(x^nl)) << i
		}
		k.add(at, ends)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		k.list[k.n] = int32(len(data))
		k.n++
	}
	return k.list[:k.n]
}

// quotedMarks lists the positions of quotes, and of the delimiters and line ends
// that are outside of quotes: before which there is an even number of them. Where
// quotes are open is the sum without carry of all bits of quotes before.
func quotedMarks(list []int32, data []byte, delim, quote byte) []int32 {
	k := newMarker(list, bytes.Count(data, []byte{delim})+bytes.Count(data, []byte{'\n'})+bytes.Count(data, []byte{quote}))
	d, nl, qu := ones*uint64(delim), uint64(ones*'\n'), ones*uint64(quote)
	open := uint64(0)
	var last [64]byte
	for at := 0; at < len(data); at += 64 {
		c := chunk(data, at, &last)
		var quotes, ends uint64
		for i := 0; i < 64; i += 8 {
			x := binary.LittleEndian.Uint64(c[i : i+8])
			quotes |= bitsOf(zeroBytes(x^qu)) << i
			ends |= bitsOf(zeroBytes(x^d)|zeroBytes(x^nl)) << i
		}
		inside := quotes
		for shift := 1; shift < 64; shift *= 2 {
			inside ^= inside << shift
		}
		inside ^= open
		open = uint64(int64(inside) >> 63)
		k.add(at, ends&^inside|quotes)
	}
	return k.list[:k.n]
}

const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f

// zeroBytes has the top bit of each byte that is zero in x.
func zeroBytes(x uint64) uint64 { return ^(((x & low) + low) | x) &^ low }

// bitsOf gathers the top bits of eight bytes.
func bitsOf(tops uint64) uint64 { return tops * 0x0002040810204081 >> 56 }

// mark finds the marks of a block, if it can be read by them.
func (rs *records) mark() {
	rs.marked = !rs.plain && !rs.cut && rs.quote >= 0 && rs.isRFC() && !hasLoneCR(rs.data)
	if rs.marked {
		rs.marks = quotedMarks(rs.marks, rs.data, rs.delim, byte(rs.quote))
	}
}

// countTo counts the lines before a position, where a record starts.
func (rs *records) countTo(pos int) {
	if rs.marked && pos >= rs.counted {
		rs.lines += rs.breaks(rs.data[rs.counted:pos])
		rs.line, rs.counted = rs.lines, pos
	}
}

// nextMarked splits the next record by its marks, if it has the given number of
// fields, is as RFC 4180 has it and ends in a line feed. If not, nothing is done,
// and next says what it is.
func (rs *records) nextMarked(width int) bool {
	data, marks, at := rs.data, rs.marks, rs.at
	for at < len(marks) && int(marks[at]) < rs.pos {
		at++ // another has read on
	}
	fields, start := rs.fields[:0], int32(rs.pos)
	for i := 1; ; i++ {
		if at >= len(marks) {
			return false
		}
		f := field{start: start, end: marks[at]}
		at++
		sep := f.end
		if int(data[sep]) == rs.quote {
			if sep != start {
				return false
			}
			for f.start, f.form = start+1, quoted; ; f.form, at = doubled, at+2 {
				if at+1 >= len(marks) {
					return false
				}
				f.end, sep = marks[at], marks[at+1]
				if int(data[f.end]) != rs.quote {
					return false
				}
				if sep != f.end+1 || int(data[sep]) != rs.quote {
					break
				}
			}
			at += 2
			if sep != f.end+1 && (sep != f.end+2 || data[sep] != '\n' || data[sep-1] != '\r') {
				return false
			}
		} else if data[sep] == '\n' && sep > start && data[sep-1] == '\r' {
			f.end--
		}
		fields = append(fields, f)
		start = sep + 1
		if (data[sep] == '\n') != (i == width) {
			return false
		}
		if i == width {
			break
		}
	}
	if width == 1 && isBlank(fields) || int(start)-rs.pos > block.MaxRecord {
		return false
	}
	rs.fields, rs.start, rs.pos, rs.at = fields, rs.pos, int(start), at
	return true
}

// isUTF8 is utf8.Valid, and quicker where there are other characters here and
// there.
func isUTF8(b []byte) bool {
	for {
		for len(b) >= 8 && binary.LittleEndian.Uint64(b)&^low == 0 {
			b = b[8:]
		}
		i := 0
		for i < len(b) && b[i] < utf8.RuneSelf {
			i++
		}
		if b = b[i:]; len(b) == 0 {
			return true
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		b = b[n:]
	}
}
