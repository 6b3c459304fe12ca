package csv

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// signs say which of 64 bytes have a meaning, the first as the lowest bit.
type signs struct {
	quotes, ends uint64 // ends are delimiters and line feeds
	others       uint64 // that are no ASCII
}

// atOnce is how many of them are found in one go. They stay in the first cache.
const atOnce = 64

// findSignsSlowly finds the signs of len(to) times 64 bytes. It says whether there
// is a carriage return. It is findSigns where there is no quicker one, and what
// that is held against.
func findSignsSlowly(to []signs, data []byte, delim, quote byte) (returns bool) {
	d, nl, qu, cr := ones*uint64(delim), uint64(ones*'\n'), ones*uint64(quote), uint64(ones*'\r')
	var found uint64
	for at := range to {
		c := data[64*at:][:64]
		var s signs
		for i := 0; i < 64; i += 8 {
			x := binary.LittleEndian.Uint64(c[i : i+8])
			s.quotes |= bitsOf(zeroBytes(x^qu)) << i
			s.ends |= bitsOf(zeroBytes(x^d)|zeroBytes(x^nl)) << i
			s.others |= bitsOf(x&^low) << i
			found |= zeroBytes(x ^ cr)
		}
		to[at] = s
	}
	return found != 0
}

const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f

// zeroBytes has the top bit of each byte that is zero in x.
func zeroBytes(x uint64) uint64 { return ^(((x & low) + low) | x) &^ low }

// bitsOf gathers the top bits of eight bytes.
func bitsOf(tops uint64) uint64 { return tops * 0x0002040810204081 >> 56 }

// A marker lists the marks of a block: the positions of quotes, and of the
// delimiters and line feeds that are outside of quotes, before which there is an
// even number of them. It looks at 64 bytes at a time, as bits of a word.
type marker struct {
	list    []int32
	n       int
	open    uint64 // all ones if the next byte is in quotes
	quotes  bool   // there are some
	returns bool   // there are carriage returns
	text    bool   // all is UTF-8
	known   int    // so much is known of that
	signs   [atOnce]signs
}

// mark lists the marks of data, in which there are no quotes if quote is -1.
func (k *marker) mark(data []byte, delim byte, quote int) {
	k.n, k.open, k.quotes, k.returns, k.text, k.known = 0, 0, false, false, true, 0
	quoted := quote >= 0
	if !quoted {
		quote = int(delim)
	}
	for at := 0; at < len(data); at += 64 * atOnce {
		piece := data[at:min(at+64*atOnce, len(data))]
		k.room(len(piece) + inOneGo)
		n := len(piece) / 64
		k.returns = findSigns(k.signs[:n], piece, delim, byte(quote)) || k.returns
		if rest := piece[64*n:]; len(rest) > 0 {
			var last [64]byte // zeros behind the data, which nothing looks for
			copy(last[:], rest)
			k.returns = findSigns(k.signs[n:n+1], last[:], delim, byte(quote)) || k.returns
			n++
		}
		for i := range k.signs[:n] {
			s := &k.signs[i]
			if s.others != 0 && k.text {
				k.text = k.isText(data, at+64*i, s.others)
			}
			marks := s.ends
			if quoted && s.quotes|k.open != 0 {
				marks = k.outside(s)
			}
			k.add(at+64*i, marks)
		}
	}
}

// outside gives the marks where there are quotes, or where one is open. Where
// quotes are open is the sum without carry of all bits of quotes before.
func (k *marker) outside(s *signs) uint64 {
	k.quotes = true
	inside := s.quotes
	for shift := 1; shift < 64; shift *= 2 {
		inside ^= inside << shift
	}
	inside ^= k.open
	k.open = uint64(int64(inside) >> 63)
	return s.ends&^inside | s.quotes
}

// isText says whether the characters of others, which are bits of the 64 bytes at a
// position, are UTF-8.
func (k *marker) isText(data []byte, at int, others uint64) bool {
	for ; others != 0; others &= others - 1 {
		i := at + bits.TrailingZeros64(others)
		if i < k.known {
			continue // of a character that began before
		}
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return false
		}
		k.known = i + n
	}
	return true
}

const inOneGo = 8

// room makes room for n positions more.
func (k *marker) room(n int) {
	if len(k.list)-k.n < n {
		k.list = append(make([]int32, 0, 2*len(k.list)+n), k.list[:k.n]...)
		k.list = k.list[:cap(k.list)]
	}
}

// add adds the bits of the bytes from a position on. It writes several positions in
// one go, of which those count that are there: how many there are is nothing that a
// processor could predict.
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

// marks are those of the data. If end is true the end of the data is one that does
// not end in a line feed.
func (k *marker) marks(data []byte, end bool) []int32 {
	if end && len(data) > 0 && data[len(data)-1] != '\n' {
		k.room(1)
		k.list[k.n] = int32(len(data))
		k.n++
	}
	return k.list[:k.n]
}
