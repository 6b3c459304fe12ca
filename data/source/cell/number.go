package cell

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// A number is what a decimal number is made of: ±digits x 10^exp.
type number struct {
	digits   uint64 // the first 19 significant digits
	exp      int    // power of ten of the last of them
	negative bool
	integral bool // neither a point nor an exponent
	exact    bool // no digit was left out of digits
	padded   bool // starts with a zero before another digit, as codes do
	exponent exponent
}

// An exponent is how a number has one.
type exponent uint8

const (
	noExponent exponent = iota
	plainExponent
	paddedExponent // starts with a zero before another digit, without a sign, as no program writes it
)

// scanNumber reads a decimal number: digits with an optional sign, point and
// exponent. Nothing else is a number: no blanks, no hexadecimal digits, no
// underscores, no infinity.
func scanNumber(b []byte) (n number, ok bool) {
	i := 0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		n.negative = b[0] == '-'
		i = 1
	}
	first := i
	n.digits, i = scanDigits(b, i, 0)
	seen := i - first
	n.padded = seen > 1 && b[first] == '0'
	n.exact, n.integral = true, true
	if i < len(b) && b[i] == '.' {
		fraction := i + 1
		n.digits, i = scanDigits(b, fraction, n.digits)
		n.exp = fraction - i
		seen -= n.exp
		n.integral = false
	}
	if seen == 0 {
		return n, false
	}
	if seen > maxDigits {
		n.rescan(b[first:i])
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		exp, ok := scanExponent(b[i+1:])
		n.integral = false
		n.exp += exp
		n.exponent = plainExponent
		if i+2 < len(b) && b[i+1] == '0' {
			n.exponent = paddedExponent
		}
		return n, ok
	}
	return n, i == len(b)
}

// scanDigits appends the digits from b[i] on to those of d, and gives where
// they end. It takes up to eight at a time: of y, each byte is the value of a
// digit, or more than 9. Bytes between the length and the capacity of b, which
// are those of the next fields, may be loaded but are not used.
func scanDigits(b []byte, i int, d uint64) (uint64, int) {
	for i+8 <= cap(b) {
		y := binary.LittleEndian.Uint64(b[i:cap(b)]) ^ 0x3030303030303030
		others := ((y + 0x7676767676767676) | y) & 0x8080808080808080
		n := min(bits.TrailingZeros64(others)/8, len(b)-i)
		if n == 8 {
			d = d*1e8 + eightDigits(y)
			i += 8
			continue
		}
		if n > 0 {
			d = d*smallPowers[n] + eightDigits(y<<(64-8*n))
		}
		return d, i + n
	}
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		d = d*10 + uint64(b[i]-'0')
	}
	return d, i
}

var smallPowers = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// eightDigits gives the number whose first digit is the lowest byte: pairs of
// digits, then pairs of pairs in two lanes of a multiplication.
func eightDigits(y uint64) uint64 {
	const lanes = 0x000000ff000000ff
	y = y*10 + y>>8
	return ((y&lanes)*(100+1000000<<32) + (y>>16&lanes)*(1+10000<<32)) >> 32
}

// maxDigits is how many decimal digits a uint64 can hold whatever they are.
const maxDigits = 19

// rescan reads digits, with or without a point, that are so many that n.digits
// has overflowed. It takes the first significant ones.
func (n *number) rescan(b []byte) {
	n.digits, n.exp = 0, 0
	count, fraction := 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			fraction = 1
		case count < maxDigits:
			n.digits = n.digits*10 + uint64(c-'0')
			n.exp -= fraction
			if n.digits != 0 {
				count++
			}
		default:
			n.exp += 1 - fraction
			n.exact = n.exact && c == '0'
		}
	}
}

// scanExponent reads a whole number up to where any float64 has overflowed.
func scanExponent(b []byte) (exp int, ok bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		if exp < 1e8 {
			exp = exp*10 + int(c-'0')
		}
	}
	if negative {
		exp = -exp
	}
	return exp, len(b) > 0
}

// int64 gives the value of a number that is an integer, however it is written
// (6, 6.0, 6e3), if it fits.
func (n *number) int64() (v int64, ok bool) {
	if n.exp == 0 && n.digits < 1<<63 && n.exact { // mostly
		v = int64(n.digits)
		if n.negative {
			v = -v
		}
		return v, true
	}
	return n.wholeInt64()
}

func (n *number) wholeInt64() (v int64, ok bool) {
	d, exp := n.digits, n.exp
	for ; exp < 0 && d != 0; exp++ {
		if d%10 != 0 {
			return 0, false
		}
		d /= 10
	}
	for ; exp > 0 && d != 0; exp-- {
		if d > math.MaxUint64/10 {
			return 0, false
		}
		d *= 10
	}
	switch {
	case !n.exact:
		return 0, false
	case n.negative:
		return -int64(d), d <= 1<<63
	}
	return int64(d), d < 1<<63
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [23]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float64 gives the nearest float64 of the number that b was scanned from, if
// it is finite. One exact operand times or over another is rounded once, so
// the result is the nearest one (W. D. Clinger, How to read floating point
// numbers accurately, 1990); what is not that simple strconv knows.
func (n *number) float64(b []byte) (v float64, ok bool) {
	if n.exact && n.digits <= 1<<53 && n.exp >= -22 && n.exp <= 22 {
		v = float64(n.digits)
		if n.exp < 0 {
			v /= powers[-n.exp]
		} else {
			v *= powers[n.exp]
		}
		if n.negative {
			v = -v
		}
		return v, true
	}
	if n.exact && n.exp < 0 && n.exp >= -19 && n.exponent == noExponent {
		if v = over(n.digits, -n.exp); n.negative {
			v = -v
		}
		return v, true
	}
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	return v, err == nil
}

func parseInt(b []byte) (int64, bool) {
	n, ok := scanNumber(b)
	if !ok {
		return 0, false
	}
	return n.int64()
}

func parseFloat(b []byte) (float64, bool) {
	n, ok := scanNumber(b)
	if !ok {
		return parseInfinity(b)
	}
	return n.float64(b)
}

// parseInfinity reads inf and infinity, with a sign or without, in the cases in
// which programs write them.
func parseInfinity(b []byte) (float64, bool) {
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	switch string(b) {
	case "inf", "Inf", "INF", "infinity", "Infinity", "INFINITY":
		return math.Inf(sign), true
	}
	return 0, false
}
