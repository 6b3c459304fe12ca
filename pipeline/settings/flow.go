package settings

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// flowHint is what to do about a text in [ ] or { } that ends before it is meant to.
const flowHint = "put a text in quotes that holds , ? [ ] { or } here, or that goes on behind a quote: {where: \"max(a, b) > 2\"}"

// maxFlow is how much of a text in brackets is searched for the place where it fails.
const maxFlow = 2000

// flowFailure is where a text that begins with a bracket fails even if all brackets that
// are open there were closed, as that of a text that ends too early does. It is 0 if
// there is none, or the bracket itself is not closed.
func flowFailure(text []byte, msg string) int {
	var open []byte // closing brackets, the innermost last
	quote := byte(0)
	begins := true // a value, which may be in quotes
	for i, c := range text[:min(len(text), maxFlow)] {
		switch {
		case quote != 0:
			if c == quote && !(c == '"' && text[i-1] == '\\') {
				quote, begins = 0, c == '\'' // one that follows is a part of the text
			}
			continue
		case begins && (c == '"' || c == '\''):
			quote = c
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == ']' || c == '}':
			if len(open) == 0 || open[len(open)-1] != c {
				return 0
			}
			open = open[:len(open)-1]
		}
		begins = strings.IndexByte("[{,:", c) >= 0 || begins && (c == ' ' || c == '\n' || c == '\r')
		closed := append(bytes.Clone(text[:i+1]), reversed(open)...)
		if quote == 0 && c != ':' && decodeFails(closed, msg) { // a ':' is the next key, behind a bracket that is not closed
			return i
		}
	}
	return 0
}

func reversed(b []byte) []byte {
	r := make([]byte, 0, len(b))
	for i := range b {
		r = append(r, b[len(b)-1-i])
	}
	return r
}

func decodeFails(text []byte, msg string) bool {
	err := decodeYAML(yaml.NewDecoder(bytes.NewReader(text)), new(yaml.Node))
	return err != nil && syntaxText(err) == msg
}

// cutShort says how many entries behind one of a mapping in { } are what a comma in its
// value has cut off: of `{m: max(a, y)}`, whose value is max(a, the key "y)".
func cutShort(entries []*yaml.Node, i int) (n int) {
	value := entries[i+1]
	if value.Kind != yaml.ScalarNode || value.Style != 0 {
		return 0
	}
	open := parentheses(value.Value)
	for j := i + 2; open > 0 && j+1 < len(entries); j += 2 {
		key, none := entries[j], entries[j+1]
		if key.Kind != yaml.ScalarNode || none.Kind != yaml.ScalarNode || none.Tag != "!!null" || none.Value != "" || none.Anchor != "" {
			return 0
		}
		open += parentheses(key.Value)
		n++
	}
	return n
}

// parentheses is how many more of them a text opens than it closes.
func parentheses(s string) int { return strings.Count(s, "(") - strings.Count(s, ")") }
