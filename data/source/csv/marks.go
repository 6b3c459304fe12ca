package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"pipe/data/source/block"
)

// sized gives a list of n positions, in the memory of another if that is large
// enough.
func sized(list []int32, n int) []int32 {
	if cap(list) < n {
		list = make([]int32, n+n/8)
	}
	return list[:n]
}

// quotedMarks lists the positions of quotes, and of the delimiters and line ends
// that are outside of quotes: before which there is an even number of them. It
// looks at 64 bytes at a time, as bits of a word; where quotes are open is the sum
// without carry of all bits before. The list is in marks if it is large enough.
func quotedMarks(marks []int32, data []byte, delim, quote byte) []int32 {
	marks = sized(marks, bytes.Count(data, []byte{delim})+bytes.Count(data, []byte{'\n'})+bytes.Count(data, []byte{quote}))
	d, nl, qu := ones*uint64(delim), uint64(ones*'\n'), ones*uint64(quote)
	n, open := 0, uint64(0)
	var last [64]byte
	for at := 0; at < len(data); at += 64 {
		chunk := data[at:]
		if len(chunk) < 64 {
			clear(last[:]) // no delimiter is a zero
			copy(last[:], chunk)
			chunk = last[:]
		}
		var quotes, ends uint64
		for i := 0; i < 64; i += 8 {
			x := binary.LittleEndian.Uint64(chunk[i : i+8])
			quotes |= bitsOf(zeroBytes(x^qu)) << i
			ends |= bitsOf(zeroBytes(x^d)|zeroBytes(x^nl)) << i
		}
		inside := quotes
		for shift := 1; shift < 64; shift *= 2 {
			inside ^= inside << shift
		}
		inside ^= open
		open = uint64(int64(inside) >> 63)
		for m := ends&^inside | quotes; m != 0; m &= m - 1 {
			marks[n] = int32(at + bits.TrailingZeros64(m))
			n++
		}
	}
	return marks[:n]
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
