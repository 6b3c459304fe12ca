package token

import (
	"unicode"
	"unicode/utf8"
)

// Words cuts a text of valid UTF-8 into words for a sequence: letters, digits and
// underscores with the marks on them, and an apostrophe between letters. With
// punctuation, each other character that is no blank is a word of its own.
func Words(text string, punctuation bool, word func(from, to int)) {
	start, previous := -1, rune(0)
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case isWord(r) || start >= 0 && unicode.IsMark(r):
			if start < 0 {
				start = i
			}
		case start >= 0 && (r == '\'' || r == '\u2019') && unicode.IsLetter(previous) && letterAt(text[i+n:]):
		default:
			if start >= 0 {
				word(start, i)
				start = -1
			}
			if punctuation && isSymbol(r) {
				word(i, i+n)
			}
		}
		i, previous = i+n, r
	}
	if start >= 0 {
		word(start, len(text))
	}
}

func letterAt(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLetter(r)
}

// A TextEnd is one of the two ends of a text.
type TextEnd string

const (
	Start TextEnd = "start"
	End   TextEnd = "end"
)

// Enum implements settings.Enum.
func (TextEnd) Enum() []string { return []string{string(End), string(Start)} }

// A Padding says at which end rows are filled up.
type Padding string

const (
	PadNone  Padding = "none"
	PadEnd   Padding = "end"
	PadStart Padding = "start"
)

// Enum implements settings.Enum.
func (Padding) Enum() []string { return []string{string(PadNone), string(PadEnd), string(PadStart)} }
