package cell

import (
	"bytes"
	"math"
	"strconv"
)

// class is what a text looks like. A column is inferred to be of the narrowest
// type that keeps every value as it was written.
type class uint8

const (
	classInt       class = iota // an integer that a float64 holds exactly
	classWide                   // an integer that only an int64 holds
	classFloat                  // any other decimal number
	classBool                   // true, True, TRUE, false, ...
	classDate                   // 2006-01-02
	classTimestamp              // 2006-01-02 15:04:05
	classFarDate                // of a year that the nanoseconds of an int64 do not reach
	classFar                    // the same of a timestamp
	classNanos                  // 2006-01-02 15:04:05.123456789, of a year that they do
	classTime                   // 15:04:05
	classTimeNanos              // 15:04:05.123456789
	classList                   // [0.5, 1], in data that say of lists that they are some
	classInfinite               // inf
	classRound                  // a short decimal number that ends in a zero, such as 1.10
	classExcess                 // a decimal number of more than 17 significant digits
	classLost                   // a decimal number that a float64 does not keep, such as 1e-400
	classText                   // anything else
	numClasses

	// firstExample is the first class that is exemplified in messages.
	firstExample = classInfinite
)

// A Form is what the data say of a value besides its text.
type Form uint8

// Forms of values.
const (
	Bare   Form = iota // nothing
	Quoted             // it is in quotes, which need not mean that it is text
	Text               // it is text, and may be a date or a time
	Number             // it is a number
	Truth              // it is true or false
	Listed             // it is a list
)

// quoted says whether a form stands in quotes.
func (f Form) quoted() bool { return f == Quoted || f == Text }

// class is what a text that looks like c is, of a form that says something.
func (f Form) class(c class, text []byte) class {
	switch {
	case f == Number && c == classText:
		return surely(text)
	case f == Number && c == classRound:
		return classFloat // a number is no version
	case f == Text && (c < classDate || c > classTimeNanos):
		return classText
	}
	return c
}

// surely is the class of a text that the data say is a number, though it may look like
// a code. One that no type holds is lost, so that somebody hears of it.
func surely(text []byte) class {
	n, ok := scanNumber(text)
	if !ok {
		return classText
	}
	n.padded = false
	n.exponent = min(n.exponent, plainExponent)
	if c := n.class(text); c != classText {
		return c
	}
	return classLost
}

// number says whether a class is one of numbers.
func (c class) number() bool {
	switch c {
	case classInt, classWide, classFloat, classRound, classExcess, classLost:
		return true
	}
	return false
}

// classify looks at a text without blanks around it. Digits that a number
// would lose make text of it: zeros before it (postal codes), a plus sign
// (telephone numbers), more digits than an int64 has (account numbers), zeros
// before the digits of an exponent without a sign (2e05, part of a hash).
func classify(b []byte) class {
	if len(b) == 0 {
		return classText
	}
	switch c := b[0]; {
	case c-'0' < 10, c == '-', c == '.':
		if n, ok := scanNumber(b); ok {
			return n.class(b)
		}
		return classifyTime(b)
	case c|0x20 == 't', c|0x20 == 'f':
		if _, ok := parseBool(b); ok {
			return classBool
		}
	case c|0x20 == 'i', c == '+':
		if _, ok := parseInfinity(b); ok {
			return classInfinite
		}
	}
	return classText
}

// classifyTime looks at a text that begins as a number and is none.
func classifyTime(b []byte) class {
	switch {
	case len(b) < 4:
		return classText
	case len(b) >= 5 && b[2] == ':':
		switch nanos, ok := parseTimeNs(b); {
		case !ok:
			return classText
		case nanos%1e3 != 0:
			return classTimeNanos
		}
		return classTime
	case b[0] == '-':
		if _, ok := parseInfinity(b); ok {
			return classInfinite
		}
		return classText
	case len(b) < 10 || b[4] != '-':
		return classText
	}
	if days, ok := parseDate(b); ok {
		if !fitsNanos(int64(days)) {
			return classFarDate
		}
		return classDate
	}
	m, ok := scanTimestamp(b)
	switch near := fitsNanos(m.days); {
	case !ok:
		return classText
	case m.nanos%1e3 != 0 && near:
		return classNanos
	case m.nanos%1e3 != 0:
		return classText
	case !near:
		return classFar
	}
	return classTimestamp
}

func (n *number) class(b []byte) class {
	switch {
	case n.padded, n.exponent == paddedExponent:
		return classText
	case !n.integral:
		switch {
		case !n.plain() && !n.kept(b):
			return classLost
		case n.digits >= 1e17 && n.excess():
			return classExcess
		case len(b) <= maxVersion && n.exp <= -2 && b[len(b)-1] == '0' && n.exponent == noExponent:
			return classRound
		}
		return classFloat
	case n.negative && n.digits == 0:
		return classFloat // an int64 has no -0
	}
	if _, ok := n.int64(); !ok {
		return classText
	}
	if n.digits > maxExact {
		return classWide
	}
	return classInt
}

// maxExact is up to where a float64 holds every integer.
const maxExact = 1 << 53

// plain says of most numbers that kept would say yes, without converting.
func (n *number) plain() bool {
	return n.exp >= -290 && (n.exp <= -5 || // digits are below 1e20
		n.exp <= 0 && n.exact && n.digits <= maxExact)
}

// kept says whether a float64 is the decimal number that was written, as far
// as a float64 goes: it has neither become infinite nor zero, and if its
// neighbours are more than 1 apart it is exact or the shortest text for it.
func (n *number) kept(b []byte) bool {
	if n.digits == 0 {
		return true
	}
	v, ok := n.float64(b)
	switch {
	case !ok || v == 0:
		return false
	case v < leastNormal && v > -leastNormal:
		return n.keptSmall(math.Abs(v))
	case n.exponent != noExponent || v >= -maxExact && v <= maxExact:
		return true
	}
	written := bytes.TrimPrefix(b, []byte{'-'})
	if bytes.IndexByte(written, '.') >= 0 {
		written = bytes.TrimRight(bytes.TrimRight(written, "0"), ".")
	}
	return string(written) == strconv.FormatFloat(max(v, -v), 'f', -1, 64)
}

// leastNormal is the smallest number of which a float64 keeps as many digits as of others.
const leastNormal = 0x1p-1022

// keptSmall says of a number that small whether the float64 nearest to it is it, as far as
// it was written: rounded to as many digits it has the same.
func (n *number) keptSmall(v float64) bool {
	var buf [2 * maxDigits]byte
	digits := len(strconv.AppendUint(buf[:0], n.digits, 10))
	same, ok := scanNumber(strconv.AppendFloat(buf[:0], v, 'e', digits-1, 64))
	return ok && n.exact && same.digits == n.digits
}

// excess says whether the digits, of which there are 18 or more, are more than
// the 17 that tell all float64 apart.
func (n *number) excess() bool {
	d := n.digits
	for d%10 == 0 {
		d /= 10
	}
	return d >= 1e17 || !n.exact
}

// maxVersion bounds the bytes of what may be the version of something: 12.10.
const maxVersion = 6

// decimals gives the bit for the number of decimals of a decimal number, one
// that stands for too long if it is none that versions look like.
func decimals(b []byte) uint8 {
	if len(b) > maxVersion || b[0] == '-' {
		return tooLong
	}
	point := bytes.IndexByte(b, '.')
	if n := len(b) - 1 - point; point > 0 && n <= 3 {
		return 1 << n
	}
	return tooLong
}

const tooLong = 1 << 7
