package cell

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// A Notation is how numbers and truth values are written in some data, where
// people write them otherwise than programs do (1234.5, true). The zero value
// is the way of programs.
type Notation struct {
	Decimal    byte           // stands before decimals: a point if it is 0, or a comma
	Group      string         // may stand between groups of digits: one of Groups
	Percent    bool           // 5% is 0.05
	Currency   []string       // what may stand before or behind an amount, one and the same in a column
	Accounting bool           // (5) and 5- are -5
	Zone       *time.Location // of times without one; nil is UTC
	True       []string       // words for true and false besides the usual ones
	False      []string
}

// Groups are the separators between groups of digits that a Notation can have. A
// blank stands for all kinds of it, as a straight apostrophe does for a curly one.
var Groups = []string{",", ".", "'", " "}

// MaxCurrency bounds the entries of Notation.Currency.
const MaxCurrency = 28

// used says what of a notation a number used: bits of the following, above
// them the bits of the currencies.
type used uint64

const (
	usedComma used = 1 << iota // a decimal comma
	usedGroups
	usedPercent
	usedAccounting
	usedTruth    // a word for true or false
	usedZone     // of a time without one
	usedLayout   // of dates or times
	usedCurrency // the first one
)

// currencies are the bits of different currencies.
func (u used) currencies() int { return bits.OnesCount64(uint64(u / usedCurrency)) }

// maxNumber bounds the bytes of a number in a notation.
const maxNumber = 64

// number rewrites a number, without blanks around it, as programs write it, into
// buf unless it is written so.
func (n *Notation) number(text []byte, buf *[maxNumber]byte) (plain []byte, u used, ok bool) {
	out, b, u, ok := n.affixes(text, buf)
	if !ok {
		return nil, 0, false
	}
	return n.between(text, out, b, u)
}

// affixes takes off what stands around the digits of a number, and gives its
// sign for a start.
func (n *Notation) affixes(text []byte, buf *[maxNumber]byte) (out, b []byte, u used, ok bool) {
	if len(text) > maxNumber-len("e-2") {
		return nil, nil, 0, false
	}
	out, b = buf[:0], text
	signed := false
	if n.Accounting && len(b) > 1 {
		switch last := len(b) - 1; {
		case b[0] == '(' && b[last] == ')':
			b, u = trimSpaces(b[1:last]), usedAccounting
		case b[last] == '-':
			b, u = trimSpaces(b[:last]), usedAccounting
		}
		if u != 0 {
			out, signed = append(out, '-'), true
		}
	}
	sign := func() {
		if !signed && len(b) > 0 && (b[0] == '-' || b[0] == '+') {
			out, b, signed = append(out, b[0]), b[1:], true
		}
	}
	sign()
	if i, rest := n.cutCurrency(b, 0, bytes.CutPrefix); i >= 0 {
		b, u = trimSpaces(rest), u|usedCurrency<<i
		sign()
	}
	if rest, found := bytes.CutSuffix(b, []byte("%")); found && n.Percent && u < usedCurrency {
		b, u = trimSpaces(rest), u|usedPercent
	}
	if i, rest := n.cutCurrency(b, len(b)-1, bytes.CutSuffix); i >= 0 && u < usedCurrency && u&usedPercent == 0 {
		b, u = trimSpaces(rest), u|usedCurrency<<i
	}
	return out, b, u, true
}

// between rewrites a number of which the affixes are known.
func (n *Notation) between(text, out, b []byte, u used) ([]byte, used, bool) {
	out, how, ok := n.core(out, b)
	switch u |= how; {
	case !ok:
		return nil, 0, false
	case u == 0:
		return text, 0, true
	case u&usedPercent != 0:
		if bytes.ContainsAny(out, "eE") {
			return nil, 0, false
		}
		out = append(out, "e-2"...)
	}
	return out, u, true
}

// cutCurrency takes a currency off one end. No currency has a digit or what
// stands between digits.
func (n *Notation) cutCurrency(b []byte, end int, cut func(b, affix []byte) ([]byte, bool)) (int, []byte) {
	if end < 0 || end >= len(b) || b[end] < 'A' && b[end] != '$' {
		return -1, b
	}
	for i, c := range n.Currency {
		if rest, found := cut(b, []byte(c)); found {
			return i, rest
		}
	}
	return -1, b
}

// core appends a number without sign, as programs write it.
func (n *Notation) core(out, b []byte) ([]byte, used, bool) {
	var u used
	decimal := n.Decimal
	if decimal == 0 {
		decimal = '.'
	}
	var g groups
	i, start := 0, 0
	digits := func() int {
		start = i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		out = append(out, b[start:i]...)
		return i - start
	}
	g.next(digits())
	for n.Group != "" {
		size := groupSize(n.Group, b[i:])
		if size == 0 || i == 0 {
			break
		}
		i += size
		g.next(digits())
		u = usedGroups
	}
	seen := i
	if !g.fine() {
		return out, u, false
	}
	if i < len(b) && b[i] == decimal {
		if decimal == ',' {
			u |= usedComma
		}
		out = append(out, '.')
		i++
		seen += digits()
	}
	if seen == 0 {
		return out, u, false
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if _, ok := scanExponent(b[i+1:]); !ok {
			return out, u, false
		}
		return append(out, b[i:]...), u, true
	}
	return out, u, i == len(b)
}

// groups are the lengths of groups of digits: all but the first have three
// digits or, as in India, all but the first and the last have two.
type groups struct {
	n, first, last int
	twos, threes   bool // among those between
}

func (g *groups) next(digits int) {
	switch g.n++; {
	case g.n == 1:
		g.first = digits
	case g.n > 2:
		g.twos = g.twos || g.last != 3
		g.threes = g.threes || g.last != 2
	}
	g.last = digits
}

func (g *groups) fine() bool {
	switch {
	case g.n == 1:
		return true
	case g.first == 0 || g.last != 3:
		return false
	case g.n == 2, !g.twos:
		return g.first <= 3
	}
	return !g.threes && g.first <= 2
}

// spaces are the blanks that stand in numbers: also those that do not break a
// line, as word processors and programs of many countries write.
var spaces = []string{" ", "\u00a0", "\u202f", "\u2009"}

// groupSize is the length of a separator of groups at the start of b.
func groupSize(group string, b []byte) int {
	switch {
	case len(b) == 0:
	case b[0] == group[0]:
		return 1
	case b[0] < 0x80:
	case group == " ":
		for _, s := range spaces {
			if strings.HasPrefix(string(b[:min(len(b), len(s))]), s) {
				return len(s)
			}
		}
	case group == "'" && bytes.HasPrefix(b, []byte("’")):
		return len("’")
	}
	return 0
}

// trimSpaces takes blanks of every kind off both ends.
func trimSpaces(b []byte) []byte { return bytes.Trim(b, " \t\u00a0\u202f\u2009") }

// truth reads a word for true or false.
func (n *Notation) truth(text []byte) (v bool, u used, ok bool) {
	if v = slices.Contains(n.True, string(text)); v || slices.Contains(n.False, string(text)) {
		return v, usedTruth, true
	}
	v, ok = parseBool(text)
	return v, 0, ok
}

// classify looks at a text as the function of that name does.
func (n *Notation) classify(text []byte) (class, used) {
	var buf [maxNumber]byte
	if plain, u, ok := n.number(text, &buf); ok {
		return classify(plain), u
	}
	if _, u, ok := n.truth(text); ok && text[0]-'0' > 9 {
		return classBool, u
	}
	c := classify(text)
	switch {
	case c.number():
		return classText, 0
	case n.Zone != nil && (c == classTimestamp || c == classNanos || c == classFar):
		t := Timestamp
		if c == classNanos {
			t = TimestampNs
		}
		_, u, ok := (&writing{n, nil}).parseTime(t, text)
		if !ok {
			return classText, 0
		}
		return c, u
	}
	return c, 0
}

// A writing is how the values of a column are written, where not in the usual
// way.
type writing struct {
	notation *Notation
	layout   *Layout
}

// in says whether the zone of the notation has a time.
func (n *Notation) in(m moment) bool {
	return n == nil || n.Zone == nil || m.at(n.Zone)
}

// matters says whether a value is written so: what the data say is a number is
// written as programs do, unless it is a date by its layout.
func (w *writing) matters(form Form) bool {
	return w.layout != nil || w.notation != nil && form != Number
}

// parse reads a value of a type as the bits that a Builder holds.
func (w *writing) parse(t Type, text []byte) (bits int64, u used, ok bool) {
	n := w.notation
	if n == nil {
		n = new(Notation)
	}
	var buf [maxNumber]byte
	switch t {
	case Int64:
		if text, u, ok = n.number(text, &buf); ok {
			bits, ok = parseInt(text)
		}
	case Float64:
		var v float64
		plain, how, is := n.number(text, &buf)
		if u = how; !is {
			plain = text
		}
		if v, ok = parseFloat(plain); !is && !math.IsInf(v, 0) {
			ok = false
		}
		bits = int64(math.Float64bits(v))
	case Bool:
		var v bool
		if v, u, ok = n.truth(text); v {
			bits = 1
		}
	case Date, Time, TimeNs, Timestamp, TimestampNs:
		return w.parseTime(t, text)
	}
	return bits, u, ok
}

func (w *writing) parseTime(t Type, text []byte) (bits int64, u used, ok bool) {
	var m moment
	switch {
	case w.layout != nil:
		m, ok = w.layout.read(text)
		u = usedLayout
	case t == Date:
		days, ok := parseDate(text)
		return int64(days), 0, ok
	case t == Time, t == TimeNs:
		m.nanos, ok = parseTimeNs(text)
	default:
		m, ok = scanTimestamp(text)
	}
	if ok && w.notation != nil && w.notation.Zone != nil && !m.zoned && (t == Timestamp || t == TimestampNs) {
		ok = m.at(w.notation.Zone)
		u |= usedZone
	}
	switch {
	case !ok:
		return 0, 0, false
	case t == Date:
		return m.days, u, true
	case t == Time:
		return m.nanos / 1e3, u, m.nanos%1e3 == 0
	case t == TimeNs:
		return m.nanos, u, true
	case t == Timestamp:
		bits, ok = m.micros()
	default:
		bits, ok = m.nanoseconds()
	}
	return bits, u, ok
}

// accepts says whether a text, without blanks around it, is a value of the
// column as the rules have it, and what it uses of them.
func (c ColumnType) accepts(in *Rules, form Form, text []byte) (u used, ok bool) {
	how := writing{in.Notation, c.layout}
	if !how.matters(form) || c.Type == String {
		return 0, c.Type.Accepts(text)
	}
	_, u, ok = how.parse(c.Type, text)
	return u, ok
}
