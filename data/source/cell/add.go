package cell

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
)

// Add counts a value and puts it into a row, as t.Value and b.Set do one after the
// other: it is the inner loop of reading, which parses a value that is as most are
// in one go, and leaves what is not to them.
func (b *Builder) Add(t *Tally, in *Rules, column *ColumnType, row int, form Form, raw []byte) Verdict {
	if column.Type == Undeclared && form <= Quoted && len(raw) > 0 && !in.Missing.first[raw[0]] {
		ok := false
		switch b.quick {
		case Int64:
			if b.values[row], ok = shortInt(raw); ok {
				t.classes[classInt]++
			}
		case Float64:
			ok = b.addFloat(t, row, raw)
		case String:
			ok = b.addWord(t, in, raw)
		case Bool, Date, Timestamp:
			ok = b.addOther(t, row, raw)
		}
		if ok {
			return Fine
		}
	}
	v := t.Value(in, *column, form, raw)
	b.Set(in, row, form, raw)
	return v
}

// addWord adds a text that begins with a letter and can be nothing else.
func (b *Builder) addWord(t *Tally, in *Rules, raw []byte) bool {
	if len(raw) <= maxNumber && (in.Notation != nil || !isWordy(raw)) || raw[0]|0x20-'a' > 'z'-'a' || raw[len(raw)-1] <= ' ' ||
		t.odd == nil || t.example(classText) == nil {
		return false
	}
	t.classes[classText]++
	b.text(raw)
	return true
}

// isWordy says of most texts that begin with a letter that they are neither a word
// that means something nor a date nor an amount. What it says no to may be none of
// these as well.
func isWordy(raw []byte) bool {
	l := letters[raw[0]]
	if len(raw) < int(l.least) {
		return false
	}
	last := raw[len(raw)-1]
	return (!l.month || last-'0' > 9 && last|0x20 != 'm') && (raw[0] >= 'a' || raw[3] > '9')
}

// A letter is what words may mean that begin with it.
type letter struct {
	least uint8 // bytes from which on they mean no truth value, infinity or missing value
	month bool  // it begins the name of one
}

var letters = func() (list [256]letter) {
	for c := range list {
		list[c].least = math.MaxUint8
	}
	for c := byte('a'); c <= 'z'; c++ {
		l := letter{least: 5, month: strings.IndexByte("adfjmnos", c) >= 0}
		switch c {
		case 'f':
			l.least = uint8(len("false") + 1)
		case 'i':
			l.least = uint8(len("infinity") + 1)
		}
		list[c], list[c-'a'+'A'] = l, l
	}
	return list
}()

// addOther adds a value of a type that is no number, if it is of the class that
// such values mostly have.
func (b *Builder) addOther(t *Tally, row int, raw []byte) bool {
	switch b.quick {
	case Bool:
		v, ok := parseBool(raw)
		if ok = ok && len(raw) > 1; ok { // 0 and 1 are numbers
			t.classes[classBool]++
			if v {
				b.bytes()[row/8] |= 1 << (row % 8)
			}
		}
		return ok
	case Date:
		v, ok := parseDate(raw)
		if ok = ok && fitsNanos(int64(v)); ok {
			t.classes[classDate]++
			b.days()[row] = v
		}
		return ok
	}
	if len(raw) <= len("2006-01-02") {
		return false
	}
	m, ok := scanTimestamp(raw)
	if ok = ok && m.nanos%1e3 == 0 && fitsNanos(m.days); ok {
		t.classes[classTimestamp]++
		b.values[row], _ = m.micros()
	}
	return ok
}

const (
	zeros   = 0x3030303030303030
	beyond9 = 0x7676767676767676 // added to the value of a digit, leaves the top bit clear
	tops    = 0x8080808080808080
)

// wide is how many bytes a short number may load, from its first one on.
const wide = 40

// eight loads eight bytes as the values of digits. They may be behind the length of
// b, but are in its capacity.
func eight(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:cap(b)]) ^ zeros }

// first keeps the first n of eight digits, 1 to 8, behind zeros.
func first(y uint64, n int) uint64 { return y << (64 - 8*n) }

func areDigits(y uint64) bool { return ((y+beyond9)|y)&tops == 0 }

// shortInt parses a whole number of at most 15 digits that is written as programs
// do: without zeros or a plus sign before it.
func shortInt(b []byte) (v int64, ok bool) {
	i := 0
	if b[0] == '-' {
		i = 1
	}
	n := len(b) - i
	if n < 1 || n > 15 || cap(b) < wide || b[i] == '0' && (n > 1 || i > 0) {
		return 0, false
	}
	y := eight(b, i)
	if n <= 8 {
		y = first(y, n)
		ok = areDigits(y)
		v = int64(eightDigits(y))
	} else {
		high, low := first(y, n-8), eight(b, len(b)-8)
		ok = areDigits(high) && areDigits(low)
		v = int64(eightDigits(high)*1e8 + eightDigits(low))
	}
	return (v ^ -int64(i)) + int64(i), ok // negative if i is 1
}

// addFloat adds a decimal number with a point behind one to seven digits, and at
// most 19 digits, or a whole number of at most eight. Signs, numbers of digits and
// zeros at the end are nothing that a processor could predict, so there are no
// branches on them.
func (b *Builder) addFloat(t *Tally, row int, raw []byte) bool {
	i := 0
	if raw[0] == '-' {
		i = 1
	}
	n := len(raw) - i
	if n < 1 || n > 20 || cap(raw) < wide {
		return false
	}
	y := eight(raw, i)
	whole := bits.TrailingZeros64(((y+beyond9)|y)&tops) / 8
	if (1-whole)&(int(y&0xff)-1) < 0 { // more than one digit, of which the first is 0
		return false
	}
	if whole >= n {
		v := float64(eightDigits(first(y, n)))
		if v == 0 && i > 0 {
			return false
		}
		t.classes[classInt]++
		b.values[row] = int64(math.Float64bits(v) | uint64(i)<<63)
		return true
	}
	decimal := n - whole - 1
	if whole == 0 || whole == 8 || raw[i+whole] != '.' || decimal < 1 || decimal > 16 || whole+decimal > 17 {
		return false
	}
	digits := eightDigits(first(y, whole)) * tens[decimal]
	at := i + whole + 1
	if decimal <= 8 {
		y = first(eight(raw, at), decimal)
		if !areDigits(y) {
			return false
		}
		digits += eightDigits(y)
	} else {
		high, low := first(eight(raw, at), decimal-8), eight(raw, len(raw)-8)
		if !areDigits(high) || !areDigits(low) {
			return false
		}
		digits += eightDigits(high)*1e8 + eightDigits(low)
	}
	short := classFloat
	if len(raw) <= maxVersion && decimal >= 2 {
		short = classRound
	}
	c := classFloat
	if raw[len(raw)-1] == '0' {
		c = short
	}
	if t.example(classRound) == nil && c == classRound || digits == 0 && i > 0 {
		return false
	}
	if t.decimals&tooLong == 0 {
		t.decimals |= decimals(raw)
	}
	t.classes[c]++
	if digits <= maxExact {
		b.floats()[row] = float64((int64(digits)^-int64(i))+int64(i)) / powers[decimal]
	} else {
		b.values[row] = int64(math.Float64bits(over(digits, decimal)) | uint64(i)<<63)
	}
	return true
}

// tens are the powers of ten in a uint64.
var tens = [20]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// over is the float64 nearest to digits / 10^exp, of an exp of at most 19. What two
// float64 do not hold exactly is divided as integers: the quotient has 63 or 64 bits,
// of which a float64 keeps 53, and whether there is a remainder is as good as all
// bits that would come.
func over(digits uint64, exp int) float64 {
	if digits <= maxExact {
		return float64(int64(digits)) / powers[exp]
	}
	above, below := bits.LeadingZeros64(digits), bits.LeadingZeros64(tens[exp])
	digits <<= above
	q, rest := bits.Div64(digits>>1, digits<<63, tens[exp]<<below)
	if rest != 0 {
		q |= 1
	}
	return float64(q) * math.Float64frombits(uint64(1023+below-above-63)<<52)
}
