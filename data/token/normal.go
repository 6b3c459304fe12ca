package token

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// A Form is a normal form of Unicode, in which equal texts are equal bytes.
type Form string

const (
	NFC  Form = "nfc"
	NFKC Form = "nfkc" // also what only looks different: full width, ligatures, superscripts
	None Form = "none" // as it is
)

// Enum implements settings.Enum.
func (Form) Enum() []string { return []string{string(NFC), string(NFKC), string(None)} }

// A Case says what becomes of upper case.
type Case string

const (
	Lower Case = "lower"
	Fold  Case = "fold" // for comparison: lower, and ß is ss
	Keep  Case = "keep"
)

// Enum implements settings.Enum.
func (Case) Enum() []string { return []string{string(Lower), string(Fold), string(Keep)} }

// A Normaliser brings texts into one form, in the order of its fields.
type Normaliser struct {
	Form   Form
	Case   Case
	Strip  bool   // accents: characters that combine with others
	URLs   string // in place of each address; empty leaves them
	Names  string // likewise of each @mention
	Digits string // likewise of each number
	Blanks bool   // one space for each run of blanks and control characters, none at the ends
}

// Normal is the text in its form.
func (n *Normaliser) Normal(text string) string {
	text = n.formed(Valid(text))
	switch n.Case {
	case Lower:
		text = lower(text)
	case Fold:
		text = cases.Fold().String(text)
	}
	if n.Strip {
		text = stripped(text)
	}
	if n.Case == Fold || n.Strip {
		text = n.formed(text)
	}
	if n.URLs != "" {
		text = replaced(text, urlAt, n.URLs)
	}
	if n.Names != "" {
		text = replaced(text, mentionAt, n.Names)
	}
	if n.Digits != "" {
		text = replaced(text, numberAt, n.Digits)
	}
	if n.Blanks {
		text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return isBlank(r) || unicode.IsControl(r) }), " ")
	}
	return text
}

func (n *Normaliser) formed(text string) string {
	switch n.Form {
	case NFC:
		return norm.NFC.String(text)
	case NFKC:
		return norm.NFKC.String(text)
	}
	return text
}

// lower is the text in lower case, itself if it is that.
func lower(text string) string {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return string(AppendLower(make([]byte, 0, len(text)), text))
		}
	}
	return text
}

// stripped is the text without combining characters.
func stripped(text string) string {
	if isASCII(text) {
		return text
	}
	apart := norm.NFD.String(text)
	out := make([]byte, 0, len(apart))
	for i := 0; i < len(apart); {
		p := norm.NFD.PropertiesString(apart[i:])
		size := max(1, p.Size())
		if p.CCC() == 0 {
			out = append(out, apart[i:i+size]...)
		}
		i += size
	}
	return norm.NFC.String(string(out))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// replaced is the text with something in place of all that a finder finds, which
// tells how many bytes lie at the beginning of rest, before which is a character; 0 if
// none, and below 0 how many are none.
func replaced(text string, find func(before rune, rest string) int, by string) string {
	var out strings.Builder
	from, before := 0, rune(0)
	for i := 0; i < len(text); {
		if n := find(before, text[i:]); n > 0 {
			out.WriteString(text[from:i])
			out.WriteString(by)
			i += n
			from = i
			before, _ = utf8.DecodeLastRuneInString(text[:i])
			continue
		} else if n < 0 {
			i -= n
			before, _ = utf8.DecodeLastRuneInString(text[:i])
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i, before = i+n, r
	}
	if from == 0 {
		return text
	}
	out.WriteString(text[from:])
	return out.String()
}

// urlAt finds an address that begins with http://, https:// or www., up to a blank or
// what encloses it, without the punctuation at its end.
func urlAt(before rune, rest string) int {
	if c := rest[0] | 0x20; c != 'h' && c != 'w' || isWord(before) {
		return 0
	}
	head := 0
	for _, begin := range [...]string{"http://", "https://", "www."} {
		if len(rest) > len(begin) && strings.EqualFold(rest[:len(begin)], begin) {
			head = len(begin)
		}
	}
	if head == 0 {
		return 0
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return isBlank(r) || unicode.IsControl(r) || strings.ContainsRune(`<>"`, r) })
	if end < 0 {
		end = len(rest)
	}
	if n := len(strings.TrimRight(rest[:end], ".,;:!?)]}'")); n > head {
		return n
	}
	return 0
}

// mentionAt finds @ with word characters behind it, and none before it.
func mentionAt(before rune, rest string) int {
	if rest[0] != '@' || isWord(before) {
		return 0
	}
	n := 1 + runOf(rest[1:], isWord)
	if n == 1 {
		return 0
	}
	return n
}

// numberAt finds digits that are no part of a word, with groups and decimals.
func numberAt(before rune, rest string) int {
	if isWord(before) {
		return 0
	}
	n := runOf(rest, unicode.IsDigit)
	if n == 0 {
		return 0
	}
	for n+1 < len(rest) && (rest[n] == '.' || rest[n] == ',') {
		more := runOf(rest[n+1:], unicode.IsDigit)
		if more == 0 {
			break
		}
		n += 1 + more
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n < len(rest) && isWord(r) {
		return -n // "3rd"
	}
	return n
}

// runOf is how many bytes at the beginning of a text are of a kind.
func runOf(text string, is func(rune) bool) int {
	for i, r := range text {
		if !is(r) {
			return i
		}
	}
	return len(text)
}
