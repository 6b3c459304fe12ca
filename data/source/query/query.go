// Package query looks at the text of an SQL query, as far as a source has to know
// what it asks for. It does not parse it: the database does.
package query

import (
	"errors"
	"strings"

	"pipe/base/diag"
)

// A Query is one SELECT, without what may follow it.
type Query struct {
	Text    string
	Ordered bool // it says in which order the rows come
}

// Read looks at a query.
func Read(text string) (Query, error) {
	q := Query{}
	s := scanner{rest: text}
	depth, first, end := 0, "", 0
	last, ended := "", false
	for s.next() {
		if s.token == ";" && depth == 0 {
			ended = true
			continue
		}
		if ended {
			return q, diag.WithHint(errors.New("more than one statement"), "one SELECT gives the rows: join what is needed in it")
		}
		end = len(text) - len(s.rest)
		switch word := strings.ToUpper(s.token); {
		case first == "":
			first = word
			if word == "(" {
				depth++
			}
		case word == "(":
			depth++
		case word == ")":
			if depth--; depth < 0 {
				return q, errors.New("a parenthesis is closed that was not opened")
			}
		case word == "BY" && last == "ORDER" && depth == 0:
			q.Ordered = true
		}
		last = strings.ToUpper(s.token)
	}
	switch {
	case s.open != "":
		return q, errors.New("it ends in " + s.open)
	case depth > 0:
		return q, errors.New("a parenthesis is not closed")
	case first == "":
		return q, errors.New("it is empty")
	case first != "SELECT" && first != "WITH" && first != "VALUES" && first != "(" && first != "TABLE":
		return q, diag.WithHint(errors.New("it is no SELECT"), "a source only reads: begin with SELECT or WITH")
	}
	q.Text = text[:end]
	return q, nil
}

// A scanner finds words and signs, and passes over texts and comments.
type scanner struct {
	rest  string
	token string
	open  string // what the text ends in
}

func (s *scanner) next() bool {
	for s.rest != "" {
		c := s.rest[0]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			s.rest = s.rest[1:]
		case strings.HasPrefix(s.rest, "--"):
			_, s.rest, _ = strings.Cut(s.rest, "\n")
		case strings.HasPrefix(s.rest, "/*"):
			if !s.until("*/", "a comment") {
				return false
			}
		case c == '\'':
			s.token = "''"
			return s.until("'", "a text")
		case c == '"', c == '`':
			s.token = `""`
			return s.until(string(c), "a name")
		case c == '$' && dollars(s.rest) != "":
			s.token = "''"
			return s.until(dollars(s.rest), "a text")
		case isWord(c):
			n := 1
			for n < len(s.rest) && (isWord(s.rest[n]) || s.rest[n] == '$') {
				n++
			}
			s.token, s.rest = s.rest[:n], s.rest[n:]
			return true
		default:
			s.token, s.rest = s.rest[:1], s.rest[1:]
			return true
		}
	}
	return false
}

// until passes over what begins and ends with the same mark, or begins with two
// bytes and ends with the mark.
func (s *scanner) until(mark, what string) bool {
	n := strings.Index(s.rest[len(mark):], mark)
	if n < 0 {
		s.open, s.rest = what, ""
		return false
	}
	s.rest = s.rest[n+2*len(mark):]
	return true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// dollars is the mark that a text in dollar signs begins and ends with.
func dollars(s string) string {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '$':
			return s[:i+1]
		case !isWord(s[i]) || i == 1 && s[i] >= '0' && s[i] <= '9':
			return ""
		}
	}
	return ""
}

// Name writes the name of a table or a column as SQL has it in quotes.
func Name(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
