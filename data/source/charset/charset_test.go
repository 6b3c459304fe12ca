package charset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/source"
)

func fileOf(data []byte) *source.File {
	return &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "in.txt"}
}

// TestReadsWhatEncodersWrite: any part of a file is the part of its text that it
// encodes.
func TestReadsWhatEncodersWrite(t *testing.T) {
	encoders := map[Name]encoding.Encoding{
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"utf-32le": utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf-32be": utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
		"windows-1252": charmap.Windows1252, "shift_jis": japanese.ShiftJIS, "gb18030": simplifiedchinese.GB18030,
	}
	letters := map[Name]string{"windows-1252": "ab\r\n,é€", "shift_jis": "ab\r\n,日本ア"}
	rapid.Check(t, func(rt *rapid.T) {
		var names []Name
		for _, c := range charsets {
			if encoders[c.name] != nil {
				names = append(names, c.name)
			}
		}
		name := rapid.SampledFrom(names).Draw(rt, "encoding")
		alphabet := letters[name]
		if alphabet == "" {
			alphabet = "ab\r\n,é€日\U0001F600"
		}
		text := rapid.StringOf(rapid.SampledFrom([]rune(alphabet))).Draw(rt, "text")
		data, err := encoders[name].NewEncoder().String(text)
		if err != nil {
			rt.Fatal(err)
		}
		f, err := open(t.Context(), fileOf([]byte(data)), name, rapid.IntRange(8, 40).Draw(rt, "chunk"))
		if err != nil {
			rt.Fatalf("%v in % x", err, data)
		}
		if f.Size != int64(len(text)) {
			rt.Fatalf("%d bytes of text, want %d", f.Size, len(text))
		}
		from := rapid.IntRange(0, len(text)).Draw(rt, "from")
		to := rapid.IntRange(from, len(text)).Draw(rt, "to")
		part := make([]byte, to-from)
		if err := f.ReadFull(part, int64(from)); err != nil || string(part) != text[from:to] {
			rt.Fatalf("bytes %d to %d are %q, want %q, error %v", from, to, part, text[from:to], err)
		}
	})
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		name  Name
		start string
		want  Name
	}{
		{Auto, "a,b", UTF8}, {Auto, "\xef\xbb\xbfa", UTF8}, {Auto, "\xff\xfea\x00", "utf-16le"}, {Auto, "\xfe\xff\x00a", "utf-16be"},
		{Auto, "\xff\xfe\x00\x00a\x00\x00\x00", "utf-32le"}, {Auto, "\x00\x00\xfe\xff", "utf-32be"}, {Auto, "", UTF8},
		{"utf-16", "a\x00", "utf-16le"}, {"utf-16", "\xfe\xff\x00a", "utf-16be"}, {"utf-16", "\xff\xfe", "utf-16le"},
		{"windows-1252", "a", "windows-1252"}, {UTF8, "\xff\xfe", UTF8},
	} {
		if got := c.name.Of([]byte(c.start)); got != c.want {
			t.Errorf("%s of %q is %s, want %s", c.name, c.start, got, c.want)
		}
	}
}

func TestUndecoded(t *testing.T) {
	for _, c := range []struct {
		name       Name
		data       string
		want, hint string
	}{
		{"shift_jis", "a,b\n\x83\x41,\xff\n", "in.txt:2:3: the bytes ff are not shift_jis", "another encoding"},
		{"utf-16le", "a\x00\n\x00b\x00\x00\xd8c\x00", "in.txt:2:2: the bytes 00 d8 are not utf-16le", "another encoding"},
		{"utf-16be", "\x00a\x00", "in.txt:1:2: the bytes 00 are not utf-16be", "cut off"},
		{"utf-32le", "a\x00\x00\x00\x00\x00\x11\x00", "in.txt:1:2: the bytes 00 00 11 00 are not utf-32le", "another encoding"},
		{"euc-jp", strings.Repeat("x", 50) + "\n\ny\xa4", "in.txt:3:2: the bytes a4 are not euc-jp", "cut off"},
	} {
		_, err := open(t.Context(), fileOf([]byte(c.data)), c.name, 16)
		if err == nil || err.Error() != c.want || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%q: error %v, hint %q, want %s", c.data, err, diag.HintOf(err), c.want)
		}
	}
}

func TestGuess(t *testing.T) {
	for want, text := range map[Name]string{
		"windows-1252": "city\nK\xf6ln\nM\xe1laga, \x80 5\n", "shift_jis": "\x96\xbc\x91\x4f,\x83\x4a\x83\x69\n", "windows-1251": "\xcc\xee\xf1\xea\xe2\xe0,\xcf\xe5\xf0\xec\xfc",
		"euc-kr": "\xbc\xad\xbf\xef,\xba\xce\xbb\xea", "euc-jp": "\xa5\xab\xa5\xca,\xa4\xa2",
	} {
		if got := Guess([]byte(text)); got != want {
			t.Errorf("%q is taken for %s, want %s", text, got, want)
		}
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := fmt.Errorf("enough")
	cancel(stop)
	if _, err := Open(ctx, fileOf([]byte("a")), "latin-1"); err != stop {
		t.Errorf("error is %v", err)
	}
}

// FuzzOpen: whatever a file holds, it gives an error or valid text that does not
// depend on where it is cut.
func FuzzOpen(f *testing.F) {
	for i := range charsets {
		f.Add([]byte("a\x00,\x00\x83\x41\xd8\x3d\xde\x00\n"), uint8(i), uint8(9))
	}
	f.Fuzz(func(t *testing.T, data []byte, which, size uint8) {
		name := charsets[int(which)%len(charsets)].name
		Guess(data)
		whole, wantErr := open(t.Context(), fileOf(data), name, 1<<20)
		parts, err := open(t.Context(), fileOf(data), name, 8+int(size))
		if wantErr != nil {
			if err == nil || err.Error() != wantErr.Error() {
				t.Fatalf("error %v in parts, %v of the whole", err, wantErr)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		a, errA := io.ReadAll(io.NewSectionReader(whole, 0, whole.Size))
		b, errB := io.ReadAll(io.NewSectionReader(parts, 0, parts.Size))
		if errA != nil || errB != nil || !bytes.Equal(a, b) || !utf8.Valid(a) {
			t.Fatalf("%q in parts, %q of the whole, errors %v, %v", b, a, errB, errA)
		}
	})
}
