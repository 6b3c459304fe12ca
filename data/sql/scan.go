package sql

import "strings"

// A tokenKind says what a token is.
type tokenKind uint8

const (
	signToken tokenKind = iota
	wordToken           // a word or a number
	nameToken           // a name in quotes
	textToken           // a text in single quotes
)

// A token is a piece of a query.
type token struct {
	kind    tokenKind
	text    string // as it is written
	at, end int
	depth   int // of parentheses around it
}

// is compares with a word of SQL or with a sign.
func (t token) is(word string) bool {
	return (t.kind == wordToken || t.kind == signToken) && strings.EqualFold(t.text, word)
}

func (t token) isName() bool {
	return t.kind == nameToken || t.kind == wordToken && (t.text[0] < '0' || t.text[0] > '9')
}

// name is what a token names, without its quotes.
func (t token) name() string {
	if t.kind != nameToken && t.kind != textToken {
		return t.text
	}
	inside := t.text[1 : len(t.text)-1]
	if quote := t.text[:1]; quote != "[" {
		inside = strings.ReplaceAll(inside, quote+quote, quote)
	}
	return inside
}

// scan cuts a text into tokens and passes over blanks and comments.
func (d Dialect) scan(text string) ([]token, error) {
	var tokens []token
	var open []int // places of the parentheses that are not closed yet
	for at := 0; at < len(text); {
		c, rest := text[at], text[at:]
		t := token{at: at, depth: len(open)}
		switch {
		case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			at++
			continue
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			at += n
			continue
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return nil, &Error{at, "a comment is not closed", "write */ at its end"}
			}
			at += n + 4
			continue
		case c == '\'' || c == '"' || c == '`':
			n := quoted(rest)
			if n < 0 {
				what := "name"
				if c == '\'' {
					what = "text"
				}
				return nil, &Error{at, "a " + what + " is not closed", "write " + string(c) + " at its end"}
			}
			t.kind, t.end = nameToken, at+n
			if c == '\'' {
				t.kind = textToken
			}
		case c == '[' && d.Brackets && strings.IndexByte(rest, ']') > 0:
			t.kind, t.end = nameToken, at+strings.IndexByte(rest, ']')+1
		case isWord(c):
			n := 1
			for n < len(rest) && (isWord(rest[n]) || rest[n] == '$') {
				n++
			}
			t.kind, t.end = wordToken, at+n
		default:
			t.end = at + 1
			switch c {
			case '(':
				open = append(open, at)
			case ')':
				if len(open) == 0 {
					return nil, &Error{at, "a parenthesis is closed that was not opened", ""}
				}
				open = open[:len(open)-1]
				t.depth--
			}
		}
		t.text = text[t.at:t.end]
		tokens, at = append(tokens, t), t.end
	}
	if len(open) > 0 {
		return nil, &Error{open[len(open)-1], "a parenthesis is not closed", ""}
	}
	return tokens, nil
}

// quoted is the length of what stands in quotes, in which they are doubled.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
