package ingest

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/table"
)

// columnType is the type of a column as it is declared or inferred.
type columnType uint8

const (
	undeclared columnType = iota
	stringType
	int64Type
	float64Type
	boolType
	dateType
	timestampType
)

// typeNames are the names of the types in the order of the constants.
var typeNames = [...]string{"", "string", "int64", "float64", "bool", "date", "timestamp"}

func (t columnType) String() string { return typeNames[t] }

// typeOf finds a type by name; the decoder has checked that it exists.
func typeOf(name string) columnType {
	for i, n := range typeNames {
		if n == name {
			return columnType(i)
		}
	}
	return undeclared
}

func (t columnType) arrow() arrow.DataType {
	switch t {
	case int64Type:
		return arrow.PrimitiveTypes.Int64
	case float64Type:
		return arrow.PrimitiveTypes.Float64
	case boolType:
		return arrow.FixedWidthTypes.Boolean
	case dateType:
		return arrow.FixedWidthTypes.Date32
	case timestampType:
		return table.TimestampType()
	}
	return arrow.BinaryTypes.String
}

// accepts says whether a text, without blanks around it, is a value of the
// type. Whatever is accepted can be parsed.
func (t columnType) accepts(b []byte) (ok bool) {
	switch t {
	case int64Type:
		_, ok = parseInt(b)
	case float64Type:
		var n number
		n, ok = scanNumber(b)
		ok = ok && n.finite(b)
	case boolType:
		_, ok = parseBool(b)
	case dateType:
		_, ok = parseDate(b)
	case timestampType:
		_, ok = parseTimestamp(b)
	default:
		ok = true
	}
	return ok
}

// class is what a text looks like. A column is inferred to be of the narrowest
// type that keeps every value exactly as it was written.
type class uint8

const (
	classInt       class = iota // an integer that a float64 holds exactly
	classWide                   // an integer that only an int64 holds
	classFloat                  // any other decimal number
	classBool                   // true, True, TRUE, false, ...
	classDate                   // 2006-01-02
	classTimestamp              // 2006-01-02 15:04:05
	classText                   // anything else
	numClasses
)

// classify looks at a text without blanks around it. Digits that a number
// would lose make text of it: zeros before it (postal codes), a plus sign
// (telephone numbers), more digits than an int64 has (account numbers).
func classify(b []byte) class {
	if len(b) == 0 {
		return classText
	}
	switch c := b[0]; {
	case c-'0' < 10, c == '-', c == '.':
		if n, ok := scanNumber(b); ok {
			return n.class(b)
		}
		if len(b) < 10 || b[4] != '-' {
			return classText
		}
		if _, ok := parseDate(b); ok {
			return classDate
		}
		if _, ok := parseTimestamp(b); ok {
			return classTimestamp
		}
	case c|0x20 == 't', c|0x20 == 'f':
		if _, ok := parseBool(b); ok {
			return classBool
		}
	}
	return classText
}

func (n *number) class(b []byte) class {
	switch {
	case n.padded:
		return classText
	case !n.integral:
		if !n.finite(b) {
			return classText
		}
		return classFloat
	case n.negative && n.digits == 0:
		return classFloat // an int64 has no -0
	}
	if _, ok := n.int64(); !ok {
		return classText
	}
	if n.digits > 1<<53 {
		return classWide
	}
	return classInt
}

// A tally counts what was seen in a column. Tallies of parts of a file add up
// in any order to the tally of the file.
type tally struct {
	classes       [numClasses]int64
	missing       int64 // not in quotes
	quotedMissing int64 // in quotes, which in a column of text is a text
	text          *example
}

// An example is a text that is no number, with its place.
type example struct {
	text string
	line int64 // of the file, counted from 1
}

// add adds the tally of later records.
func (t *tally) add(u *tally) {
	for i, n := range u.classes {
		t.classes[i] += n
	}
	t.missing += u.missing
	t.quotedMissing += u.quotedMissing
	if t.text == nil {
		t.text = u.text
	}
}

func (t *tally) values() (n int64) {
	for _, c := range t.classes {
		n += c
	}
	return n
}

// numbers is how many values are numbers.
func (t *tally) numbers() int64 {
	return t.classes[classInt] + t.classes[classWide] + t.classes[classFloat]
}

// infer decides on the type of a column.
func (t *tally) infer() columnType {
	c := &t.classes
	switch n := t.values(); n {
	case 0:
		return stringType
	case c[classInt] + c[classWide]:
		return int64Type
	case c[classInt] + c[classFloat]:
		return float64Type
	case c[classBool]:
		return boolType
	case c[classDate]:
		return dateType
	case c[classDate] + c[classTimestamp]:
		return timestampType
	}
	return stringType
}

// missingAs is how many values are missing if the column has the type.
func (t *tally) missingAs(typ columnType) int64 {
	if typ == stringType {
		return t.missing
	}
	return t.missing + t.quotedMissing
}

// doubt says why a column that is almost one of numbers became text. It is
// empty if there is nothing to say.
func (t *tally) doubt() string {
	others := t.values() - t.numbers()
	if t.text == nil || t.numbers() < 9*others {
		return ""
	}
	return fmt.Sprintf("%d of %d values are numbers, but not %s in line %d",
		t.numbers(), t.values(), quoteText([]byte(t.text.text)), t.text.line)
}

// blanks are what may stand around a number, and around a text if trim is set.
const blanks = " \t"

// trimBlanks takes blanks off both ends. Most values have none.
func trimBlanks(b []byte) []byte {
	if len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' {
		return b
	}
	return bytes.Trim(b, blanks)
}

// missingTexts finds the texts that mean a missing value.
type missingTexts struct {
	texts  map[string]bool
	first  [256]bool // the first bytes of texts, to be quick about others
	blank  bool      // whether an empty text is one
	length int       // of the longest
}

func newMissingTexts(texts []string) *missingTexts {
	m := &missingTexts{texts: make(map[string]bool, len(texts))}
	for _, t := range texts {
		b := trimBlanks([]byte(t))
		m.texts[string(b)] = true
		m.length = max(m.length, len(b))
		if len(b) == 0 {
			m.blank = true
		} else {
			m.first[b[0]] = true
		}
	}
	return m
}

// has says whether a text, without blanks around it, means a missing value.
func (m *missingTexts) has(b []byte) bool {
	if len(b) == 0 {
		return m.blank
	}
	return m.first[b[0]] && len(b) <= m.length && m.texts[string(b)]
}
