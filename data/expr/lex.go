package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength bounds the bytes of an expression.
const MaxLength = 10_000

// An Error is what is wrong with an expression, and where.
type Error struct {
	At   int // byte of the expression that the fault begins with
	Msg  string
	Todo string // what to write instead; may be empty
}

func (e *Error) Error() string { return e.Msg }

// Hint says what to do next.
func (e *Error) Hint() string { return e.Todo }

// Offset is the place in the text, for who knows where the text was written.
func (e *Error) Offset() int { return e.At }

func errorAt(at int, todo, format string, args ...any) *Error {
	return &Error{At: at, Todo: todo, Msg: fmt.Sprintf(format, args...)}
}

// A tokenType says what a token is.
type tokenType uint8

const (
	endToken    tokenType = iota
	nameToken             // of a column or a function
	quotedToken           // a name in backticks
	wordToken             // and, or, not, in, true, false, missing
	intToken
	floatToken
	textToken
	signToken
)

// A token is a word of an expression.
type token struct {
	is   tokenType
	text string // what it means: a text without its quotes
	at   int
	end  int
}

// words are those that are no names. They may be written in capitals, as in SQL.
var words = []string{"and", "or", "not", "in", "true", "false", "missing"}

// signs are what is made of other characters; longer ones come first.
var signs = []string{"**", "//", "==", "!=", "<=", ">=", "<>", "??", "+", "-", "*", "/", "%", "<", ">", "=", "(", ")", "[", "]", ","}

// foreign are what other languages have in place of what is written here.
var foreign = []struct{ sign, todo string }{
	{"&&", "write and"}, {"||", "write or; to join texts there is concat"}, {"&", "write and"}, {"|", "write or"},
	{"!", "write not"}, {"^", "write **"}, {"?", "write if(condition, value, other)"}, {":", "write if(condition, value, other)"},
	{"{", "a list is written [1, 2]"}, {"~", "write not"},
}

// lex cuts a text into tokens, the last of which is endToken.
func lex(text string) ([]token, error) {
	if len(text) > MaxLength {
		return nil, errorAt(0, "make a column of a part of it first", "the expression has %d bytes, at most %d are possible", len(text), MaxLength)
	}
	var tokens []token
	for i := 0; ; {
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return append(tokens, token{is: endToken, at: i, end: i}), nil
		}
		t, err := next(text, i)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		i = t.end
	}
}

// next reads the token that begins at a byte.
func next(text string, at int) (token, error) {
	c := text[at]
	switch {
	case c == '"' || c == '\'' || c == '`':
		return quoted(text, at)
	case isDigit(text, at) || c == '.' && isDigit(text, at+1):
		return number(text, at)
	}
	r, size := utf8.DecodeRuneInString(text[at:])
	switch {
	case r == utf8.RuneError && size == 1:
		return token{}, errorAt(at, "", "the byte 0x%02x is not UTF-8", c)
	case r == '_' || unicode.IsLetter(r):
		return name(text, at)
	}
	for _, s := range signs {
		if strings.HasPrefix(text[at:], s) {
			return token{signToken, s, at, at + len(s)}, nil
		}
	}
	for _, f := range foreign {
		if strings.HasPrefix(text[at:], f.sign) {
			return token{}, errorAt(at, f.todo, "%s means nothing here", f.sign)
		}
	}
	if c == '.' {
		return token{}, errorAt(at, "a name with a point is written in backticks: `a.b`", "a point is no part of a name")
	}
	return token{}, errorAt(at, "a name with other characters than letters, digits and _ is written in backticks: `unit price`", "%q means nothing here", r)
}

func isDigit(text string, at int) bool { return at < len(text) && text[at]-'0' < 10 }

// quoted reads a text or a name in quotes. Twice the quote is the quote itself;
// nothing else is special, so that regular expressions are written as they are.
func quoted(text string, at int) (token, error) {
	quote := text[at]
	var b strings.Builder
	for i := at + 1; i < len(text); i++ {
		if text[i] != quote {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		t := token{textToken, b.String(), at, i + 1}
		if !utf8.ValidString(t.text) {
			return t, errorAt(at, "", "the text is not UTF-8")
		}
		if quote == '`' {
			if t.is = quotedToken; t.text == "" {
				return t, errorAt(at, "", "the name between the backticks is empty")
			}
		}
		return t, nil
	}
	return token{}, errorAt(at, fmt.Sprintf("a %c inside of it is written twice", quote), "the %c has no end", quote)
}

// number reads 12, 1_000, 1.5, .5, 1e-3.
func number(text string, at int) (token, error) {
	i, is := at, intToken
	digits := func() {
		for isDigit(text, i) || i > at && i < len(text) && text[i] == '_' && isDigit(text, i+1) && isDigit(text, i-1) {
			i++
		}
	}
	digits()
	if i < len(text) && text[i] == '.' {
		is, i = floatToken, i+1
		digits()
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		j := i + 1
		if j < len(text) && (text[j] == '+' || text[j] == '-') {
			j++
		}
		if isDigit(text, j) {
			is, i = floatToken, j
			digits()
		}
	}
	t := token{is, strings.ReplaceAll(text[at:i], "_", ""), at, i}
	if r, _ := utf8.DecodeRuneInString(text[i:]); r == '_' || r == '.' || unicode.IsLetter(r) || isDigit(text, i) {
		return t, errorAt(at, "a name that begins with a digit is written in backticks: `2nd`", "%q is no number", text[at:i+utf8.RuneLen(r)])
	}
	if is == intToken {
		if len(t.text) > 1 && t.text[0] == '0' {
			return t, errorAt(at, "write it without the zero, or as a text in quotes", "%s begins with a zero", t.text)
		}
		return t, nil
	}
	if _, err := strconv.ParseFloat(t.text, 64); err != nil {
		return t, errorAt(at, "", "%s is beyond float64", t.text)
	}
	return t, nil
}

// name reads a name or a word.
func name(text string, at int) (token, error) {
	i := at
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		i += size
	}
	t := token{nameToken, text[at:i], at, i}
	if (t.text == "timestamp" || t.text == "time") && strings.HasPrefix(text[i:], "[ns]") {
		t.text, t.end = text[at:i+4], i+4
		return t, nil
	}
	lower := strings.ToLower(t.text)
	for _, w := range words {
		if t.text == w || t.text == strings.ToUpper(w) {
			t.is, t.text = wordToken, lower
		}
	}
	return t, nil
}
