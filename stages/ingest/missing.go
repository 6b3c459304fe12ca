package ingest

import "bytes"

// blanks are what may stand around a number, and around a text if trim is set.
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

// missingTexts finds the texts that mean a missing value in every column.
type missingTexts struct {
	texts  map[string]bool
	first  [256]bool // the first bytes of texts, to be quick about others
	length int       // of the longest
}

func newMissingTexts(texts []string) *missingTexts {
	m := &missingTexts{texts: make(map[string]bool, len(texts))}
	for _, t := range texts {
		b := trimBlanks([]byte(t))
		if len(b) == 0 {
			continue // is one anyway
		}
		m.texts[string(b)] = true
		m.length = max(m.length, len(b))
		m.first[b[0]] = true
	}
	return m
}

// may is a quick no for most texts, without blanks around them.
func (m *missingTexts) may(b []byte) bool { return len(b) == 0 || m.first[b[0]] }

// has says whether a text, without blanks around it, means a missing value.
func (m *missingTexts) has(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	return m.first[b[0]] && len(b) <= m.length && m.texts[string(b)]
}

// An absence says in which columns a field is missing.
type absence uint8

const (
	present    absence = iota
	missing            // in every column
	onlyBlanks         // in every column but those of text
)

// absence looks at a field: its text raw, and that without blanks around it.
func (d *dialect) absence(form form, raw, text []byte) absence {
	switch {
	case form != bare && !d.quotedMissing, !d.missing.has(text):
		return present
	case len(text) == 0 && len(raw) > 0 && !(d.trim && form == bare):
		return onlyBlanks
	}
	return missing
}
