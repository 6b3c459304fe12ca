package expr

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Bounds of texts. What an expression makes of a text could else grow with every
// function around it.
const (
	maxText  = 16 << 20  // bytes of one text
	maxTexts = 256 << 20 // of the rows of a chunk
	maxRegex = 1000      // bytes of a regular expression
	// Of what replace_all works on: matches are gathered, and each can become the
	// text a number of times.
	maxReplaced    = 1 << 20
	maxReplacement = 200
)

var errTooMuchText = errors.New("the texts of a batch have more than 2 GiB")

func texts() []function {
	return []function{
		{name: "lower", doc: "In small letters.", least: 1, most: 1, check: strictly(Text, mapText(strings.ToLower), aText)},
		{name: "upper", doc: "In capitals.", least: 1, most: 1, check: strictly(Text, mapText(strings.ToUpper), aText)},
		{name: "trim", doc: "Without white space at both ends.", least: 1, most: 1, check: strictly(Text, mapText(strings.TrimSpace), aText)},
		{name: "length", doc: "The number of characters (Unicode code points).", least: 1, most: 1, check: strictly(Int, length, aText)},
		{name: "contains", usage: "contains(x, part)", doc: "Whether the text has the part.", least: 2, most: 2, check: strictly(Bool, testText(strings.Contains), aText)},
		{name: "starts_with", usage: "starts_with(x, part)", doc: "Whether it begins with the part.", least: 2, most: 2, check: strictly(Bool, testText(strings.HasPrefix), aText)},
		{name: "ends_with", usage: "ends_with(x, part)", doc: "Whether it ends with the part.", least: 2, most: 2, check: strictly(Bool, testText(strings.HasSuffix), aText)},
		{name: "concat", usage: "concat(x, y, ...)", doc: "The texts one after the other; missing if one is.", least: 1, most: -1, check: strictly(Text, concat, aText)},
		{name: "replace", usage: "replace(x, old, new)", doc: "With every `old` replaced by `new`.", least: 3, most: 3, check: strictly(Text, replace, aText)},
		{name: "slice", usage: "slice(x, from, count)", doc: "`count` characters from a place on, all if it is left out. The first is 0; places below 0 count from the end.", least: 2, most: 3, check: strictly(Text, slice, aText, aWhole)},
		{name: "split", usage: "split(x, separator, place)", doc: "The part at a place of the text cut at each separator, the first is 0; places below 0 count from the end. Missing if there are not so many.", least: 3, most: 3, check: strictly(Text, split, aText, aText, aWhole)},
		{name: "pad", usage: "pad(x, count, fill)", doc: "With `fill`, one character, before it, until it has `count` characters: `pad(code, 5, '0')`.", least: 3, most: 3, check: checkPad},
		{name: "matches", usage: "matches(x, 'pattern')", doc: "Whether a regular expression (RE2) matches anywhere in the text; `^` and `$` are its ends.", least: 2, most: 2, check: checkMatches},
		{name: "extract", usage: "extract(x, 'pattern', group)", doc: "What the regular expression matches first, or one of its groups, from 1. Missing if it does not match.", least: 2, most: 3, check: checkExtract},
		{name: "replace_all", usage: "replace_all(x, 'pattern', 'new')", doc: "With every match of the regular expression replaced; `$1` is what the first group has matched, written `$${1}` in YAML where a letter or digit follows.", least: 3, most: 3, check: checkReplaceAll},
	}
}

// grow notes a text that was added to the memory of a vec, from a byte on.
func (m *machine) grow(p *part, in []*vec, out *vec, i, from int) {
	made := out.chars[from:]
	switch {
	case len(made) > maxText:
		m.reject(p, in, out, i, "is longer than 16 MiB", "")
		out.chars, made = out.chars[:from], nil
	case len(out.chars) > maxTexts:
		m.reject(p, in, out, i, "and the rows before it are longer than 256 MiB", "")
		out.chars, made = out.chars[:0], nil
	}
	out.s[i] = unsafe.String(unsafe.SliceData(made), len(made))
}

// mapText is for functions that seldom make a text longer.
func mapText(f func(string) string) kernel {
	return func(_ *machine, _ *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			out.s[i] = f(s)
		}
	}
}

func testText(f func(s, part string) bool) kernel {
	return func(_ *machine, _ *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			if f(s, in[1].s[i]) {
				out.b[i/64] |= 1 << (i % 64)
			}
		}
		out.clearMissing()
	}
}

func length(_ *machine, _ *part, in []*vec, out *vec) {
	for i, s := range in[0].s {
		out.i[i] = int64(utf8.RuneCountInString(s))
	}
}

func concat(m *machine, p *part, in []*vec, out *vec) {
	for i := range out.s {
		from := len(out.chars)
		for _, v := range in {
			if out.chars = append(out.chars, v.s[i]...); len(out.chars)-from > maxText {
				break
			}
		}
		m.grow(p, in, out, i, from)
	}
}

func replace(m *machine, p *part, in []*vec, out *vec) {
	for i, s := range in[0].s {
		before, after := in[1].s[i], in[2].s[i]
		if before == "" || !m.matters(out, i) || !strings.Contains(s, before) {
			out.s[i] = s
			continue
		}
		from := len(out.chars)
		for len(out.chars)-from <= maxText {
			at := strings.Index(s, before)
			if at < 0 {
				out.chars = append(out.chars, s...)
				break
			}
			out.chars = append(append(out.chars, s[:at]...), after...)
			s = s[at+len(before):]
		}
		m.grow(p, in, out, i, from)
	}
}

func slice(_ *machine, _ *part, in []*vec, out *vec) {
	for i, s := range in[0].s {
		from := in[1].i[i]
		if from < 0 {
			from = max(0, from+int64(utf8.RuneCountInString(s)))
		}
		start := skip(s, from)
		end := len(s)
		if len(in) == 3 {
			end = start + skip(s[start:], in[2].i[i])
		}
		out.s[i] = s[start:end]
	}
}

// skip gives the byte behind a number of characters.
func skip(s string, count int64) int {
	at := 0
	for ; count > 0 && at < len(s); count-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func split(m *machine, p *part, in []*vec, out *vec) {
	for i, s := range in[0].s {
		separator, place := in[1].s[i], in[2].i[i]
		if separator == "" {
			out.drop(i, m.n)
			continue
		}
		if place < 0 {
			place += int64(strings.Count(s, separator)) + 1
		}
		ok := place >= 0
		for ; ok && place > 0; place-- {
			_, s, ok = strings.Cut(s, separator)
		}
		if out.s[i], _, _ = strings.Cut(s, separator); !ok {
			out.drop(i, m.n)
		}
	}
}

func checkPad(c *checker, p *part) error {
	if err := c.wantText(p, 0); err != nil {
		return err
	}
	count, err := c.literalInt(p, 1, 0, 1000)
	if err != nil {
		return err
	}
	fill, err := c.literalText(p, 2, "a character")
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(fill) != 1 {
		return errorAt(p.args[2].at, "write "+functionNamed(p.name).usage, "pad fills with one character")
	}
	p.args = p.args[:1]
	p.kind, p.run = Text, func(m *machine, p *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			from := len(out.chars)
			for range int(count) - utf8.RuneCountInString(s) {
				out.chars = append(out.chars, fill...)
			}
			if len(out.chars) == from {
				out.s[i] = s
				continue
			}
			out.chars = append(out.chars, s...)
			m.grow(p, in, out, i, from)
		}
	}
	return nil
}

// pattern compiles the constant regular expression of a function.
func (c *checker) pattern(p *part) (*regexp.Regexp, error) {
	if err := c.wantText(p, 0); err != nil {
		return nil, err
	}
	text, err := c.literalText(p, 1, "a pattern")
	if err != nil {
		return nil, err
	}
	at := p.args[1].at
	if len(text) > maxRegex {
		return nil, errorAt(at, "", "the pattern has %d bytes, at most %d are possible", len(text), maxRegex)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		var wrong *syntax.Error
		msg := err.Error()
		if errors.As(err, &wrong) {
			msg = wrong.Code.String() + ": " + wrong.Expr
		}
		return nil, errorAt(at, "patterns are those of RE2: https://github.com/google/re2/wiki/Syntax", "the pattern is wrong: %s", msg)
	}
	return re, nil
}

func checkMatches(c *checker, p *part) error {
	re, err := c.pattern(p)
	if err != nil {
		return err
	}
	p.args = p.args[:1]
	p.kind, p.run = Bool, func(_ *machine, _ *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			if re.MatchString(s) {
				out.b[i/64] |= 1 << (i % 64)
			}
		}
		out.clearMissing()
	}
	return nil
}

func checkExtract(c *checker, p *part) error {
	re, err := c.pattern(p)
	if err != nil {
		return err
	}
	group := int64(0)
	if len(p.args) == 3 {
		if group, err = c.literalInt(p, 2, 0, int64(re.NumSubexp())); err != nil {
			err.(*Error).Todo = "a group of the pattern is what is in ( )"
			return err
		}
	}
	p.args = p.args[:1]
	p.kind, p.run = Text, func(m *machine, _ *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			at := re.FindStringSubmatchIndex(s)
			if at == nil || at[2*group] < 0 {
				out.drop(i, m.n)
				continue
			}
			out.s[i] = s[at[2*group]:at[2*group+1]]
		}
	}
	return nil
}

// noGroup is what a replacement names that is no group of a pattern, of which
// regexp.Expand would make nothing; "" if there is none.
func noGroup(re *regexp.Regexp, by string) string {
	names := regexp.MustCompile(`\$(?:\$|\{([\pL\p{Nd}_]+)\}|([\pL\p{Nd}_]+))`) // and $$, which is none
	for _, m := range names.FindAllStringSubmatch(by, -1) {
		name := m[1] + m[2]
		if n, err := strconv.Atoi(name); name != "" && re.SubexpIndex(name) < 0 && (err != nil || n > re.NumSubexp() || strconv.Itoa(n) != name) {
			return name
		}
	}
	return ""
}

func checkReplaceAll(c *checker, p *part) error {
	re, err := c.pattern(p)
	if err != nil {
		return err
	}
	by, err := c.literalText(p, 2, "a text")
	if err != nil {
		return err
	}
	if len(by) > maxReplacement {
		return errorAt(p.args[2].at, "", "the text has %d bytes, at most %d are possible", len(by), maxReplacement)
	}
	if name := noGroup(re, by); name != "" {
		return errorAt(p.args[2].at, "groups are counted from $1; before a letter, a digit or _ write ${1}, in YAML $${1}, and $$ for a $ itself, in YAML $$$$",
			"the pattern has no group %q", name)
	}
	p.args = p.args[:1]
	p.kind, p.run = Text, func(m *machine, p *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			if len(s) > maxReplaced {
				m.reject(p, in, out, i, "is of a text of more than 1 MiB", "")
				continue
			}
			from, rest := len(out.chars), 0
			for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
				out.chars = append(out.chars, s[rest:at[0]]...)
				out.chars = re.ExpandString(out.chars, by, s, at)
				if rest = at[1]; len(out.chars)-from > maxText {
					break
				}
			}
			out.chars = append(out.chars, s[rest:]...)
			m.grow(p, in, out, i, from)
		}
	}
	return nil
}
