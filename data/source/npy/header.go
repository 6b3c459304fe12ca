package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A header is what the dictionary at the beginning of a file says.
type header struct {
	descr   string
	fortran bool
	shape   []int64
}

// maxDimensions is what NumPy allows.
const maxDimensions = 64

// parse reads a dictionary as Python writes it:
// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
func parse(text string) (h header, err error) {
	p := &parser{rest: text}
	p.want("{")
	seen := map[string]bool{}
	for p.err == nil && !p.skip("}") {
		key := p.quoted()
		p.want(":")
		if seen[key] {
			p.fail("%q is there twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			if h.descr = p.rest; strings.HasPrefix(p.rest, "[") {
				return h, errors.New("rows of named fields cannot be read: save each field, x[name], in a file of its own")
			}
			h.descr = p.quoted()
		case "fortran_order":
			if h.fortran = p.skip("True"); !h.fortran {
				p.want("False")
			}
		case "shape":
			h.shape = p.numbers()
		default:
			p.fail("%q is not known", key)
		}
		if !p.skip(",") {
			p.want("}")
			break
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("%q follows the dictionary", p.rest)
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("descr, fortran_order and shape are not all there")
	}
	return h, p.err
}

// A parser goes over a text until something is wrong.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// skip goes behind a text, if it comes next.
func (p *parser) skip(text string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \t\r\n"), text)
	if ok {
		p.rest = strings.TrimLeft(rest, " \t\r\n")
	}
	return ok
}

func (p *parser) want(text string) {
	if !p.skip(text) {
		p.fail("%q is missing before %.20q", text, p.rest)
	}
}

func (p *parser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if p.skip(quote) {
			text, rest, ok := strings.Cut(p.rest, quote)
			if !ok {
				p.fail("a text has no end")
			}
			p.rest = strings.TrimLeft(rest, " \t\r\n")
			return text
		}
	}
	p.fail("there is no text at %.20q", p.rest)
	return ""
}

func (p *parser) numbers() (list []int64) {
	p.want("(")
	for p.err == nil && !p.skip(")") {
		end := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		n, err := strconv.ParseInt(p.rest[:end], 10, 64)
		if err != nil || len(list) == maxDimensions {
			p.fail("the shape has no number at %.20q, or too many", p.rest)
		}
		p.rest = p.rest[end:]
		p.skip("L") // as Python 2 wrote it
		list = append(list, n)
		if !p.skip(",") {
			p.want(")")
			break
		}
	}
	return list
}
