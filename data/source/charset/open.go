package charset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"pipe/base/diag"
	"pipe/data/source"
)

// chunk is how much of a file is decoded at a time, in bytes of the file.
const chunk = 256 << 10

// Open gives a file as UTF-8. It reads all of the file once, to know how long that
// is and that all of it can be decoded; what cannot is an error with its place.
// After that any part is decoded as it is read: nothing is kept but a position
// for each 256 KiB of the file.
func Open(ctx context.Context, file *source.File, name Name) (*source.File, error) {
	return open(ctx, file, name, chunk)
}

func open(ctx context.Context, file *source.File, name Name, chunk int) (*source.File, error) {
	c := name.charset()
	if c == nil {
		return nil, fmt.Errorf("%s: unknown encoding %q", file.Name, name)
	}
	d := &decoded{file: file, charset: c, marks: []mark{{}}}
	raw, text := make([]byte, chunk), make([]byte, 0, 3*chunk+utf8.UTFMax)
	line, column := int64(1), int64(1)
	for at := (mark{}); at.in < file.Size; {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		raw = raw[:min(int64(chunk), file.Size-at.in)]
		if err := file.ReadFull(raw, at.in); err != nil {
			return nil, err
		}
		var n int
		text, n = d.decode(text, raw, at.in+int64(len(raw)) == file.Size)
		if i := bytes.Index(text, bad); i >= 0 {
			count(text[:i], &line, &column)
			return nil, d.undecoded(raw[d.inputOf(raw, i):], line, column)
		}
		count(text, &line, &column)
		at.in += int64(n)
		at.out += int64(len(text))
		d.marks = append(d.marks, at)
	}
	return &source.File{ReaderAt: d, Size: d.marks[len(d.marks)-1].out, Name: file.Name}, nil
}

// A decoded is a file of another encoding as UTF-8.
type decoded struct {
	file    *source.File
	charset *charset
	marks   []mark // of each piece that is decoded at a time, and of the end
}

// A mark is a place between two characters.
type mark struct {
	in, out int64 // in the file, and in its text
}

// decode gives the text of the characters that are whole in raw, and how many
// bytes they have.
func (d *decoded) decode(text, raw []byte, atEnd bool) ([]byte, int) {
	t := d.charset.new()
	text = text[:cap(text)]
	out, in := 0, 0
	for {
		nDst, nSrc, err := t.Transform(text[out:], raw[in:], atEnd)
		out, in = out+nDst, in+nSrc
		if !errors.Is(err, transform.ErrShortDst) {
			return text[:out], in
		}
		text = append(text, make([]byte, len(text))...)
	}
}

// inputOf is the place in raw of the character that a place in its text is of.
func (d *decoded) inputOf(raw []byte, at int) int {
	t := d.charset.new()
	var one [utf8.UTFMax]byte
	for in, out := 0, 0; ; {
		room := one[:]
		var nDst, nSrc int
		for n := 1; n <= len(room); n++ { // no more than a character
			if nDst, nSrc, _ = t.Transform(room[:n], raw[in:], true); nDst > 0 {
				break
			}
		}
		if out+nDst > at || nSrc == 0 {
			return in
		}
		in, out = in+nSrc, out+nDst
	}
}

// count moves a place, in lines and characters from 1, behind a text.
func count(text []byte, line, column *int64) {
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		*line += int64(n)
		*column = 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	*column += int64(utf8.RuneCount(text))
}

func (d *decoded) undecoded(raw []byte, line, column int64) error {
	n := 1
	if d.charset.mark != "" {
		n = min(len(raw), wideSize(d.charset))
	}
	hint := "look whether the file has another encoding, or was cut off"
	if raw[0] >= utf8.RuneSelf && utf8.Valid(raw) {
		hint = "the file may be UTF-8: set encoding: auto"
	}
	return diag.WithHint(fmt.Errorf("%s:%d:%d: the bytes % x are not %s", d.file.Name, line, column, raw[:n], d.charset.name), hint)
}

func wideSize(c *charset) int { return c.new().(wide).size }

// ReadAt implements io.ReaderAt.
func (d *decoded) ReadAt(p []byte, offset int64) (n int, err error) {
	size := d.marks[len(d.marks)-1].out
	if offset < 0 || offset >= size {
		return 0, io.EOF
	}
	var raw, text []byte
	// The last mark at or before the offset.
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].out > offset }) - 1
	for ; n < len(p) && i+1 < len(d.marks); i++ {
		from, to := d.marks[i], d.marks[i+1]
		if need := int(to.in - from.in); cap(raw) < need {
			raw = make([]byte, need)
			text = make([]byte, 0, int(to.out-from.out)+utf8.UTFMax)
		}
		raw = raw[:to.in-from.in]
		if err := d.file.ReadFull(raw, from.in); err != nil {
			return n, err
		}
		text, _ = d.decode(text, raw, true)
		if int64(len(text)) != to.out-from.out {
			return n, fmt.Errorf("%s has changed while it was read", d.file.Name)
		}
		n += copy(p[n:], text[offset+int64(n)-from.out:])
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}
