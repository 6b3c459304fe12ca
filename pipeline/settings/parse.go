package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits of a file. They are far above what people write, and keep the work
// that a hostile file can cause linear in its size.
const (
	MaxSize      = 64 << 20  // bytes
	maxDepth     = 100       // lists and mappings in each other, after aliases
	minExpansion = 1_000_000 // characters that a file may always expand to
	expansion    = 10        // times its size that a longer file may expand to
)

// Parse reads the one YAML document of a source. It returns nil if the text is
// not YAML or breaks a limit; p then says why. Other problems, say a duplicate
// key, are reported and repaired, so that the rest can be checked.
func Parse(source []byte, p *Problems) *Document {
	if len(source) > MaxSize {
		p.At(At(1, 1), "divide it into several files", "the file has more than %d MiB", MaxSize>>20)
		return nil
	}
	if !checkText(source, p) {
		return nil
	}
	reader := &lineReader{rest: source}
	decoder := yaml.NewDecoder(reader)
	d := &Document{Problems: p, anchored: make(map[*yaml.Node]*Node), spoiled: make(map[place]int)}
	var doc yaml.Node
	switch err := decodeYAML(decoder, &doc); {
	case errors.Is(err, io.EOF):
		return d
	case err != nil:
		reportSyntax(source[:len(source)-len(reader.rest)], err, p)
		return nil
	}
	var next yaml.Node
	switch err := decodeYAML(decoder, &next); {
	case err == nil:
		p.At(At(next.Line, next.Column), "move it into a file of its own", "a second YAML document begins here")
		return nil
	case !errors.Is(err, io.EOF):
		reportSyntax(source[:len(source)-len(reader.rest)], err, p)
		return nil
	}
	if root := doc.Content[0]; root.Tag == "!!null" && root.Value == "" {
		return d // "---" alone, and what is said to be empty would begin after the file
	}
	d.limit = max(minExpansion, expansion*len(source))
	d.left = d.limit
	d.Root = d.resolve(doc.Content[0], 0)
	if d.broken {
		return nil
	}
	return d
}

// decodeYAML turns a panic of the YAML library, should there be one, into an
// error: what it reads is not ours.
func decodeYAML(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("yaml: %v", v)
		}
	}()
	return d.Decode(n)
}

// checkText reports what is not text at all: other encodings, control
// characters, and the marks that a failed merge leaves behind.
func checkText(source []byte, p *Problems) bool {
	line, start := 1, 0
	for i := 0; i < len(source); {
		r, size := rune(source[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(source[i:])
		}
		at := func() *Node { return At(line, 1+utf8.RuneCount(source[start:i])) }
		switch {
		case r == utf8.RuneError && size == 1:
			p.At(at(), "save the file as UTF-8", "the byte 0x%02x is not UTF-8", source[i])
			return false
		case isControl(r) && !(r == '\uFEFF' && i == 0):
			p.At(at(), `write it as an escape in double quotes, for example "\x1b"`,
				"the control character U+%04X is not allowed", r)
			return false
		case r == '<' && i == start && bytes.HasPrefix(source[i:], []byte("<<<<<<< ")):
			p.At(at(), "choose one of the two versions and remove the marks", "a merge conflict is not resolved")
			return false
		case r == '\n':
			line, start = line+1, i+1
		}
		i += size
	}
	return true
}

// isControl says whether YAML forbids r.
func isControl(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == '\u0085':
		return false
	case r < ' ', 0x7F <= r && r < 0xA0, r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
		return true
	}
	return false
}

// A lineReader hands out at most one line at a time, so that the place where the YAML
// parser stopped reading says about where it failed.
type lineReader struct{ rest []byte }

func (r *lineReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest) // and no more is looked at: a line may be very long
	if end := bytes.IndexByte(b[:n], '\n'); end >= 0 {
		n = end + 1
	}
	r.rest = r.rest[n:]
	return n, nil
}
