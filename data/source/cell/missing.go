package cell

import (
	"bytes"
	"maps"
	"slices"
)

// blanks are what may stand around a number.
const blanks = " \t"

// trimBlanks takes blanks off both ends.
func trimBlanks(b []byte) []byte { return bytes.Trim(b, blanks) }

// isTrim says whether there are none, as is so for most values.
func isTrim(b []byte) bool { return len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' }

// isUsualWord says whether a text, without blanks around it, is one with which
// programs and people write a missing value. In a column of numbers, dates or
// truth values it can mean nothing else; in one of text it can (Namibia, the
// class None), so there it has to be listed in missing:.
func isUsualWord(b []byte) bool {
	switch string(b) {
	case "NA", "N/A", "n/a", "N.A.", "n.a.", "na", "NAN", "NaN", "nan", "-nan", "-NaN",
		"null", "NULL", "Null", "None", "none", "NONE", "nil", "NIL", "<NA>", `\N`,
		"#N/A", "#NA", "#N/A N/A", "#NULL!", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND",
		"-", "--", "?", ".":
		return true
	}
	return false
}

// Missing knows the texts that mean a missing value in columns of every type.
// The zero value knows the empty one.
type Missing struct {
	unquoted bool // what is in quotes is not missing
	texts    map[string]bool
	empty    bool      // the empty text is listed, too
	first    [256]bool // the first bytes of texts, to be quick about others
	length   int       // of the longest
}

// NewMissing lists texts that mean a missing value besides the empty one, and
// says whether they do so in quotes too. Blanks around them do not matter.
func NewMissing(texts []string, inQuotes bool) Missing {
	m := Missing{unquoted: !inQuotes, texts: make(map[string]bool, len(texts))}
	for _, t := range texts {
		b := trimBlanks([]byte(t))
		if len(b) == 0 {
			m.empty = true
			continue // is one anyway where text is all that there is
		}
		m.texts[string(b)] = true
		m.length = max(m.length, len(b))
		m.first[b[0]] = true
	}
	return m
}

// listed are the texts, sorted.
func (m *Missing) listed() []string { return slices.Sorted(maps.Keys(m.texts)) }

// may is a quick no for most texts, without blanks around them.
func (m *Missing) may(text []byte) bool { return len(text) == 0 || m.first[text[0]] }

// has says whether a text, without blanks around it, means a missing value.
func (m *Missing) has(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	return m.first[text[0]] && len(text) <= m.length && m.texts[string(text)]
}

// ListsAny says whether texts are listed at all.
func (m *Missing) ListsAny() bool { return m.empty || len(m.texts) > 0 }

// Lists says whether a text is listed, which an empty one is only if somebody did.
// It is what counts where the data tell nulls from texts themselves.
func (m *Missing) Lists(text []byte) bool {
	if text = trimBlanks(text); len(text) == 0 {
		return m.empty
	}
	return m.has(text)
}

// isWord says whether a text, without blanks around it, is a usual word for a
// missing value, which it means in a column that is not text.
func (m *Missing) isWord(form Form, text []byte) bool {
	return !(m.unquoted && form.quoted()) && isUsualWord(text)
}

// Numbers are the numbers among the texts that are listed, sorted.
func (m *Missing) Numbers() []float64 {
	var list []float64
	for text := range m.texts {
		if v, ok := parseFloat([]byte(text)); ok {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list
}

// An absence says in which columns a value is missing.
type absence uint8

const (
	present absence = iota
	absent          // in every column
	blank           // in every column but those of text
)

// absence looks at a text that is raw, and without the blanks around it.
func (m *Missing) absence(form Form, trim bool, raw, text []byte) absence {
	switch {
	case m.unquoted && form.quoted(), !m.has(text):
		return present
	case len(text) == 0 && len(raw) > 0 && !(trim && form == Bare):
		return blank
	}
	return absent
}
