package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const replacement = "\uFFFD"

// Valid is the text with the replacement character in place of bytes that are no
// UTF-8.
func Valid(text string) string { return strings.ToValidUTF8(text, replacement) }

// isWord says whether a character is \w of Python's regular expressions: a letter, a
// digit or an underscore.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isBlank is \s of Python's regular expressions.
func isBlank(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// isSymbol says whether a character can be a word by itself: one that is seen and is
// neither part of a word nor put on one.
func isSymbol(r rune) bool {
	return !isWord(r) && !isBlank(r) && !unicode.IsControl(r) && !unicode.IsMark(r)
}

// Symbols are characters that are words by themselves: AllSymbols, or those of a text.
type Symbols string

// AllSymbols are all characters that can be: punctuation, symbols and emoji.
const AllSymbols Symbols = "all"

func (s Symbols) has(r rune) bool {
	switch s {
	case "":
		return false
	case AllSymbols:
		return isSymbol(r)
	}
	return strings.ContainsRune(string(s), r)
}

// Other is the first of the characters that is none that can be a word by itself.
func (s Symbols) Other() (r rune, found bool) {
	if s == AllSymbols {
		return 0, false
	}
	for _, r := range string(s) {
		if !isSymbol(r) || r == utf8.RuneError {
			return r, true
		}
	}
	return 0, false
}

// isCased says whether a character has a case.
func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseless says whether a character does not count when it is asked what comes
// before or behind it: Case_Ignorable of Unicode.
func isCaseless(r rune) bool {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) {
		return true
	}
	return strings.ContainsRune("'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r)
}

// AppendLower adds the text in lower case, as str.lower of Python has it: by the full
// mapping of Unicode, with the sigma that ends a word.
func AppendLower(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch r {
		case 'İ':
			dst = append(dst, "i\u0307"...)
		case 'Σ':
			if endsWord(text, i, i+n) {
				dst = append(dst, "ς"...)
			} else {
				dst = append(dst, "σ"...)
			}
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += n
	}
	return dst
}

// endsWord says whether what lies between two places of a text is the last letter of
// a word that has others.
func endsWord(text string, from, to int) bool {
	before, behind := false, false
	for rest := text[:from]; rest != ""; {
		r, n := utf8.DecodeLastRuneInString(rest)
		rest = rest[:len(rest)-n]
		if !isCaseless(r) {
			before = isCased(r)
			break
		}
	}
	for _, r := range text[to:] {
		if !isCaseless(r) {
			behind = isCased(r)
			break
		}
	}
	return before && !behind
}
