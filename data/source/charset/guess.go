package charset

import (
	"unicode"
	"unicode/utf8"
)

// Guess says which encoding the text of a file, which is not UTF-8, may have. It is
// for messages: no more than likely.
func Guess(text []byte) Name {
	high, runs := 0, 0 // bytes that are not ASCII, and those of them that are neighbours
	for i, b := range text {
		if b < utf8.RuneSelf {
			continue
		}
		high++
		if i > 0 && text[i-1] >= utf8.RuneSelf || i+1 < len(text) && text[i+1] >= utf8.RuneSelf {
			runs++
		}
	}
	if 2*runs < high {
		// Letters with accents stand among others; but the second byte of Shift JIS
		// may be ASCII.
		if share("shift_jis", text, unicode.Hiragana, unicode.Katakana) > 0.3 {
			return "shift_jis"
		}
		return "windows-1252"
	}
	for _, c := range []struct {
		name    Name
		scripts []*unicode.RangeTable
		least   float64
	}{
		{"euc-jp", []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}, 0.2},
		{"shift_jis", []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}, 0.2},
		{"euc-kr", []*unicode.RangeTable{unicode.Hangul}, 0.8},
		{"windows-1251", []*unicode.RangeTable{unicode.Cyrillic}, 0.9},
		{"gb18030", []*unicode.RangeTable{unicode.Han}, 0.7},
		{"shift_jis", []*unicode.RangeTable{unicode.Han}, 0.7},
	} {
		if share(c.name, text, c.scripts...) >= c.least {
			return c.name
		}
	}
	return "windows-1252"
}

// share is the part that some scripts have of what is not ASCII in a text, 0 if
// the text cannot be decoded. A character that the text ends in may be cut off.
func share(name Name, text []byte, scripts ...*unicode.RangeTable) float64 {
	d := decoded{charset: name.charset()}
	out, _ := d.decode(make([]byte, 0, 2*len(text)+utf8.UTFMax), text, false)
	others, of := 0, 0
	for _, r := range string(out) {
		switch {
		case r == utf8.RuneError:
			return 0
		case r < utf8.RuneSelf:
		case unicode.In(r, scripts...):
			of++
		default:
			others++
		}
	}
	if of == 0 {
		return 0
	}
	return float64(of) / float64(of+others)
}
