package jsonl

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"pipe/data/source/cell"
)

// maxDepth is how deep values may be nested, those that nobody asked for too.
const maxDepth = 100

// A kind is what a member of an object is.
type kind uint8

const (
	null   kind = iota
	scalar      // a text, number or truth value
	nested      // an object or a list
)

// A member is a name with a value in an object. The memory is that of the walk,
// until its next step.
type member struct {
	name []byte
	kind kind
	form cell.Form // of a scalar
	text []byte    // of a scalar; of what is nested, as it is written
	at   int       // where the value starts in the line
}

// A walk goes through the members of an object, which is one line:
//
//	for w.start(line); w.next(&m); { ... }
//	if w.bad != "" { ... w.pos ... }
//
// It takes exactly what RFC 8259 calls JSON.
type walk struct {
	line      []byte
	pos       int
	bad, hint string // what is wrong at pos; empty at the end of the object
	open      bool
	names     []byte // unescaped
	texts     []byte
	list      bool // the line is an element of a list

	prefix []byte // of the names of members
	full   []byte // name with its prefix
	inner  *walk  // for the value of a member
}

// within is the walk for an object that is the value of a member: the names of
// its members begin with that of the member and a point.
func (w *walk) within(name []byte) *walk {
	if w.inner == nil {
		w.inner = new(walk)
	}
	w.inner.prefix = append(append(w.inner.prefix[:0], name...), '.')
	w.inner.list = w.list
	return w.inner
}

func (w *walk) start(line []byte) {
	w.line, w.pos, w.bad, w.hint, w.open = line, 0, "", "", false
	w.blanks()
	switch {
	case w.take('{'):
		w.open = true
	case w.list && len(line) == w.pos:
		w.fail("nothing where an object is expected", "")
	case w.list:
		w.fail("no object", "each element of the list has to be one, as in [{\"a\": 1}, {\"a\": 2}]")
	case w.pos < len(line) && line[w.pos] == '[':
		w.fail("a list, where each line has to be one object", "set format: json if the file is one list")
	default:
		w.fail("no object", "each line has to be one object, as in {\"a\": 1, \"b\": \"x\"}")
	}
}

func (w *walk) fail(msg, hint string) bool {
	if w.bad == "" {
		w.bad, w.hint = msg, hint
	}
	return false
}

// unexpected fails at what is at pos.
func (w *walk) unexpected(want string) bool {
	if w.pos >= len(w.line) && w.list {
		return w.fail("the list goes on or ends where "+want+" is expected", "")
	}
	if w.pos >= len(w.line) {
		return w.fail("the line ends where "+want+" is expected", "each object has to be in one line; set format: json if the file is one list of objects")
	}
	r, _ := utf8.DecodeRune(w.line[w.pos:])
	return w.fail(fmt.Sprintf("%q where %s is expected", r, want), "")
}

func (w *walk) blanks() {
	for w.pos < len(w.line) {
		switch w.line[w.pos] {
		case ' ', '\t', '\r', '\n':
			w.pos++
		default:
			return
		}
	}
}

func (w *walk) take(c byte) bool {
	if w.pos < len(w.line) && w.line[w.pos] == c {
		w.pos++
		return true
	}
	return false
}

// next reads the next member. It returns false at the end of the object and if
// something is wrong.
func (w *walk) next(m *member) bool {
	if w.bad != "" {
		return false
	}
	first := w.open
	w.open = false
	w.blanks()
	switch {
	case w.take('}'):
		w.blanks()
		if w.pos < len(w.line) {
			w.after()
		}
		return false
	case first:
	case !w.take(','):
		return w.unexpected("a comma or }")
	}
	w.blanks()
	if w.pos >= len(w.line) || w.line[w.pos] != '"' {
		return w.unexpected("a name in double quotes")
	}
	name, ok := w.text(&w.names)
	if !ok {
		return false
	}
	if len(w.prefix) > 0 {
		w.full = append(append(w.full[:0], w.prefix...), name...)
		name = w.full
	}
	m.name = name
	w.blanks()
	if !w.take(':') {
		return w.unexpected("a colon")
	}
	w.blanks()
	m.at = w.pos
	return w.value(m)
}

func (w *walk) after() {
	if w.list {
		w.fail("text after the object, before a comma or the end of the list", "")
		return
	}
	w.fail("text after the object", "each line has to be one object")
}

func (w *walk) value(m *member) (ok bool) {
	if w.pos >= len(w.line) {
		return w.unexpected("a value")
	}
	switch c := w.line[w.pos]; {
	case c == '"':
		m.kind, m.form = scalar, cell.Text
		m.text, ok = w.text(&w.texts)
		return ok
	case c == '-' || c-'0' < 10:
		m.kind, m.form = scalar, cell.Number
		m.text, ok = w.number()
		return ok
	case c == '{' || c == '[':
		m.kind = nested
		if !w.skip(0) {
			return false
		}
		m.text = w.line[m.at:w.pos]
		return true
	}
	switch word := w.word(); string(word) {
	case "true", "false":
		m.kind, m.form, m.text = scalar, cell.Truth, word
	case "null":
		m.kind = null
	case "NaN", "Infinity":
		return w.fail(string(word)+" is not JSON", "write null for a value that is missing")
	default:
		return w.unexpected("a value")
	}
	w.pos += len(w.word())
	return true
}

// word is the letters at pos.
func (w *walk) word() []byte {
	rest := w.line[w.pos:]
	n := 0
	for n < len(rest) && (rest[n]|0x20)-'a' < 26 {
		n++
	}
	return rest[:n]
}

// number reads a number of JSON, as it is written.
func (w *walk) number() ([]byte, bool) {
	start := w.pos
	w.take('-')
	digits := func() bool {
		from := w.pos
		for w.pos < len(w.line) && w.line[w.pos]-'0' < 10 {
			w.pos++
		}
		return w.pos > from
	}
	first := w.pos
	if !digits() {
		if bytes.HasPrefix(w.line[w.pos:], []byte("Infinity")) {
			return nil, w.fail("-Infinity is not JSON", "write null for a value that is missing")
		}
		return nil, w.unexpected("a digit")
	}
	if w.line[first] == '0' && w.pos > first+1 {
		w.pos = first
		return nil, w.fail("a number that starts with a zero", "write it in double quotes if it is a code")
	}
	if w.take('.') && !digits() {
		return nil, w.unexpected("a digit")
	}
	if w.take('e') || w.take('E') {
		if !w.take('-') {
			w.take('+')
		}
		if !digits() {
			return nil, w.unexpected("a digit")
		}
	}
	return w.line[start:w.pos], true
}

// text reads a text in double quotes, into scratch if it has escapes.
func (w *walk) text(scratch *[]byte) ([]byte, bool) {
	w.pos++
	start := w.pos
	for w.pos < len(w.line) {
		switch c := w.line[w.pos]; {
		case c == '"':
			w.pos++
			return w.line[start : w.pos-1], true
		case c == '\\':
			return w.escaped(start, scratch)
		case c < ' ':
			return nil, w.fail("a control character in a text", `write it as \t, \n or \u0000`)
		}
		w.pos++
	}
	w.pos = start - 1
	return nil, w.fail("a text that is never closed", "")
}

// escaped goes on with text at its first backslash.
func (w *walk) escaped(start int, scratch *[]byte) ([]byte, bool) {
	out := append((*scratch)[:0], w.line[start:w.pos]...)
	defer func() { *scratch = out }()
	for w.pos < len(w.line) {
		c := w.line[w.pos]
		switch {
		case c == '"':
			w.pos++
			return out, true
		case c < ' ':
			return nil, w.fail("a control character in a text", `write it as \t, \n or \u0000`)
		case c != '\\':
			out = append(out, c)
			w.pos++
			continue
		}
		var ok bool
		if out, ok = w.escape(out); !ok {
			return nil, false
		}
	}
	w.pos = start - 1
	return nil, w.fail("a text that is never closed", "")
}

// plain are the escapes of one letter, and what they mean.
var plain = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape appends what an escape at pos means.
func (w *walk) escape(out []byte) ([]byte, bool) {
	rest := w.line[w.pos:]
	switch {
	case len(rest) > 1 && plain[rest[1]] != 0:
		w.pos += 2
		return append(out, plain[rest[1]]), true
	case len(rest) < 6 || rest[1] != 'u':
		return out, w.fail("an escape that JSON does not have", `a backslash is written \\`)
	}
	r, ok := hex4(rest[2:6])
	if !ok {
		return out, w.fail(`\u without four hexadecimal digits`, "")
	}
	n := 6
	if utf16.IsSurrogate(r) {
		second := rune(-1)
		if len(rest) >= 12 && rest[6] == '\\' && rest[7] == 'u' {
			second, _ = hex4(rest[8:12])
		}
		if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
			return out, w.fail(`half of a character: \uD800 to \uDFFF come in pairs`, "")
		}
		n = 12
	}
	w.pos += n
	return utf8.AppendRune(out, r), true
}

func hex4(b []byte) (r rune, ok bool) {
	for _, c := range b {
		switch {
		case c-'0' < 10:
			c -= '0'
		case (c|0x20)-'a' < 6:
			c = (c | 0x20) - 'a' + 10
		default:
			return -1, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// skip passes over a value, with all that is in it.
func (w *walk) skip(depth int) bool {
	if depth > maxDepth {
		return w.fail(fmt.Sprintf("values nested more than %d levels deep", maxDepth), "")
	}
	switch {
	case w.take('{'):
		return w.items('}', func() bool {
			if w.pos >= len(w.line) || w.line[w.pos] != '"' {
				return w.unexpected("a name in double quotes")
			}
			if _, ok := w.text(&w.texts); !ok {
				return false
			}
			w.blanks()
			if !w.take(':') {
				return w.unexpected("a colon")
			}
			w.blanks()
			return w.skip(depth + 1)
		})
	case w.take('['):
		return w.items(']', func() bool { return w.skip(depth + 1) })
	}
	var m member
	return w.value(&m)
}

// items passes over what is in brackets, behind the first of them.
func (w *walk) items(end byte, item func() bool) bool {
	w.blanks()
	if w.take(end) {
		return true
	}
	for {
		w.blanks()
		if !item() {
			return false
		}
		w.blanks()
		switch {
		case w.take(end):
			return true
		case !w.take(','):
			return w.unexpected(fmt.Sprintf("a comma or %c", end))
		}
	}
}
