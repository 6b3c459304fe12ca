// Package charset reads files of text that are not UTF-8 as if they were. It owns
// which encodings there are, how a file tells its own, and how a position in a
// file of one becomes a position of UTF-8.
package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// A Name is that of an encoding, or Auto.
type Name string

// Auto is the encoding that the mark at the beginning of a file says, and UTF8 if
// there is none.
const (
	Auto Name = "auto"
	UTF8 Name = "utf-8"
)

type charset struct {
	name Name
	mark string // at the beginning of a file
	new  func() transform.Transformer
}

// charsets are the encodings besides UTF-8. Of those with marks that begin alike
// the longer one comes first. None has a state that a line end would not leave.
var charsets = []charset{
	{"utf-32le", "\xff\xfe\x00\x00", func() transform.Transformer { return wide{size: 4} }},
	{"utf-32be", "\x00\x00\xfe\xff", func() transform.Transformer { return wide{size: 4, big: true} }},
	{"utf-16le", "\xff\xfe", func() transform.Transformer { return wide{size: 2} }},
	{"utf-16be", "\xfe\xff", func() transform.Transformer { return wide{size: 2, big: true} }},
	{"windows-1252", "", of(charmap.Windows1252)},
	{"latin-1", "", of(charmap.ISO8859_1)},
	{"windows-1250", "", of(charmap.Windows1250)},
	{"windows-1251", "", of(charmap.Windows1251)},
	{"windows-1253", "", of(charmap.Windows1253)},
	{"windows-1254", "", of(charmap.Windows1254)},
	{"windows-1255", "", of(charmap.Windows1255)},
	{"windows-1256", "", of(charmap.Windows1256)},
	{"windows-1257", "", of(charmap.Windows1257)},
	{"windows-1258", "", of(charmap.Windows1258)},
	{"windows-874", "", of(charmap.Windows874)},
	{"iso-8859-2", "", of(charmap.ISO8859_2)},
	{"iso-8859-5", "", of(charmap.ISO8859_5)},
	{"iso-8859-7", "", of(charmap.ISO8859_7)},
	{"iso-8859-9", "", of(charmap.ISO8859_9)},
	{"iso-8859-15", "", of(charmap.ISO8859_15)},
	{"koi8-r", "", of(charmap.KOI8R)},
	{"koi8-u", "", of(charmap.KOI8U)},
	{"mac-roman", "", of(charmap.Macintosh)},
	{"cp437", "", of(charmap.CodePage437)},
	{"cp850", "", of(charmap.CodePage850)},
	{"cp852", "", of(charmap.CodePage852)},
	{"cp866", "", of(charmap.CodePage866)},
	{"shift_jis", "", of(japanese.ShiftJIS)},
	{"euc-jp", "", of(japanese.EUCJP)},
	{"euc-kr", "", of(korean.EUCKR)},
	{"gb18030", "", of(simplifiedchinese.GB18030)},
	{"big5", "", of(traditionalchinese.Big5)},
}

func of(e encoding.Encoding) func() transform.Transformer {
	return func() transform.Transformer { return e.NewDecoder().Transformer }
}

// utf16 is UTF-16 whose mark says the order of bytes: little-endian if there is none.
const utf16 Name = "utf-16"

// Enum implements settings.Enum.
func (Name) Enum() []string {
	names := []string{string(Auto), string(UTF8), string(utf16)}
	for _, c := range charsets {
		names = append(names, string(c.name))
	}
	return names
}

// OfMark is the encoding whose mark a file begins with, empty if it has none.
func OfMark(start []byte) Name {
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
		return UTF8
	}
	for _, c := range charsets {
		if c.mark != "" && bytes.HasPrefix(start, []byte(c.mark)) {
			return c.name
		}
	}
	return ""
}

// Of is the encoding of a file that begins with start and is said to have some.
func (n Name) Of(start []byte) Name {
	switch mark := OfMark(start); {
	case n == Auto && mark != "":
		return mark
	case n == Auto:
		return UTF8
	case n == utf16 && mark == "utf-16be":
		return mark
	case n == utf16:
		return "utf-16le"
	}
	return n
}

// IsWide says whether characters have two or four bytes each.
func (n Name) IsWide() bool {
	c := n.charset()
	return c != nil && c.mark != ""
}

func (n Name) charset() *charset {
	for i := range charsets {
		if charsets[i].name == n {
			return &charsets[i]
		}
	}
	return nil
}

// bad is what decoders write for bytes that are none of their encoding.
var bad = []byte(string(utf8.RuneError))

// A wide decodes UTF-16 and UTF-32.
type wide struct {
	transform.NopResetter
	size int
	big  bool
}

func (w wide) unit(b []byte) (u rune) {
	for i := range w.size {
		at := i
		if !w.big {
			at = w.size - 1 - i
		}
		u = u<<8 | rune(b[at])
	}
	return u
}

// Transform implements transform.Transformer.
func (w wide) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		n := w.size
		if len(src)-nSrc < n {
			if !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			n = len(src) - nSrc
		}
		r := utf8.RuneError
		if n == w.size {
			r = w.unit(src[nSrc:])
		}
		if w.size == 2 && r >= 0xd800 && r < 0xdc00 && n == 2 {
			if len(src)-nSrc < 4 && !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if len(src)-nSrc >= 4 {
				if low := w.unit(src[nSrc+2:]); low >= 0xdc00 && low < 0xe000 {
					r, n = (r-0xd800)<<10+low-0xdc00+0x10000, 4
				}
			}
		}
		if !utf8.ValidRune(r) {
			r = utf8.RuneError
		}
		if len(dst)-nDst < utf8.RuneLen(r) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += n
	}
	return nDst, nSrc, nil
}
