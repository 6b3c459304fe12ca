package sql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
)

// MaxLength bounds the bytes of a query.
const MaxLength = 1 << 20

// An Error is what is wrong with a query, and where.
type Error struct {
	At   int // byte of the query that the fault begins with; less than 0 if nobody knows
	Msg  string
	Todo string // what to write instead; may be empty
}

func (e *Error) Error() string { return e.Msg }

// Hint says what to do next.
func (e *Error) Hint() string { return e.Todo }

// Offset is the place in the text, for who knows where the text was written.
func (e *Error) Offset() int { return e.At }

// Place says the same in words, for who sees the text alone: the line and the
// character in it, counted from 1.
func (e *Error) Place(text string) string {
	if e.At < 0 || e.At > len(text) {
		return ""
	}
	before := text[:e.At]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return fmt.Sprintf("line %d, character %d", 1+strings.Count(before, "\n"), 1+len([]rune(line)))
}

// A Statement is the text of one SELECT.
type Statement struct {
	Text   string // without what follows it, such as a semicolon
	tokens []token
	end    int // number of the first token that is no part of it
	order  int // number of its ORDER outside of parentheses; -1 if it has none
	limit  int // number of the LIMIT or OFFSET behind it; end if there is none
}

// A Dialect is what tells the SQL of one engine from that of another here.
type Dialect struct {
	Brackets bool // [name] is a name in quotes, and not an element of a list
}

// Read finds the one SELECT of a text. The error is an *Error.
func (d Dialect) Read(text string) (*Statement, error) {
	if len(text) > MaxLength {
		return nil, &Error{-1, fmt.Sprintf("the query has more than %d KiB", MaxLength>>10), "split it into several stages"}
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return nil, &Error{at, "there is a NUL character", "remove it"}
	}
	tokens, err := d.scan(text)
	if err != nil {
		return nil, err
	}
	s := &Statement{tokens: tokens, order: -1}
	for s.end = len(tokens); s.end > 0 && tokens[s.end-1].is(";"); {
		s.end--
	}
	if s.end == 0 {
		return nil, &Error{0, "the query is empty", "begin with SELECT or WITH"}
	}
	s.limit = s.end
	if !tokens[0].is("SELECT") && !tokens[0].is("WITH") {
		return nil, &Error{tokens[0].at, fmt.Sprintf("a query begins with SELECT or WITH, not with %s", diag.Quote(tokens[0].text)),
			"it reads tables and gives rows; nothing else is allowed"}
	}
	for i, t := range tokens[:s.end] {
		switch {
		case t.is(";"):
			return nil, &Error{tokens[i+1].at, "there is more than one statement", "write one SELECT: WITH name AS (SELECT ...) holds what comes before"}
		case t.depth > 0:
		case t.is("ORDER") && s.at(i+1).is("BY"):
			s.order, s.limit = i, s.end
		case (t.is("LIMIT") || t.is("OFFSET") || t.is("FETCH")) && s.limit == s.end:
			s.limit = i
		}
	}
	s.Text = text[:tokens[s.end-1].end]
	return s, nil
}

// at is a token, or none behind the last.
func (s *Statement) at(i int) token {
	if i < 0 || i >= s.end {
		return token{}
	}
	return s.tokens[i]
}

// Ordered says whether the query itself says in which order its rows come.
func (s *Statement) Ordered() bool { return s.order >= 0 }

// Lines gives the name that the rows of the only table have in the query, if it does
// no more than choose and compute from row to row: then its rows have the order of
// that table.
func (s *Statement) Lines(isTable func(name string) bool) (alias string, ok bool) {
	if !s.at(0).is("SELECT") || s.at(1).is("DISTINCT") || s.order >= 0 {
		return "", false
	}
	from := -1
	for i, t := range s.tokens[:s.end] {
		if t.depth > 0 {
			continue
		}
		for _, word := range []string{"JOIN", "GROUP", "HAVING", "UNION", "INTERSECT", "EXCEPT", "WINDOW", "OVER", "QUALIFY"} {
			if t.is(word) {
				return "", false
			}
		}
		if t.is("FROM") && from < 0 {
			from = i
		}
	}
	name := s.at(from + 1)
	if from < 0 || !name.isName() || !isTable(name.name()) {
		return "", false
	}
	alias, next := name.name(), from+2
	if s.at(next).is("AS") {
		next++
	}
	ends := func(t token) bool {
		return t.text == "" || t.is("WHERE") || t.is("LIMIT") || t.is("OFFSET") || t.is("FETCH")
	}
	if t := s.at(next); t.isName() && !ends(t) {
		alias = t.name()
		next++
	}
	return alias, ends(s.at(next))
}

// Order cuts the text where more terms go behind those of its ORDER BY, or where an ORDER
// BY goes if it has none. between is what comes in front of these terms; it is empty if
// the query is ordered by all columns, as DuckDB writes it.
func (s *Statement) Order() (before, between, after string) {
	at := s.tokens[s.limit-1].end
	between = " ORDER BY "
	if s.order >= 0 {
		between = ", "
		if next := s.at(s.order + 3); s.at(s.order+2).is("ALL") && (s.order+3 == s.limit || next.is("ASC") || next.is("DESC") || next.is("NULLS")) {
			between = ""
		}
	}
	return s.Text[:at], between, s.Text[at:]
}

// OrderedBy is the text with these terms at that place.
func (s *Statement) OrderedBy(terms ...string) string {
	before, between, after := s.Order()
	return before + between + strings.Join(terms, ", ") + after
}

// Ordinals are terms for the first n columns of the result, each with something behind
// it.
func Ordinals(n int, behind string) []string {
	terms := make([]string, n)
	for i := range terms {
		terms[i] = strconv.Itoa(i+1) + behind
	}
	return terms
}

// Mentions says whether the query can read a column or a table of a name: it has the name
// somewhere, in any case and in any quotes.
func (s *Statement) Mentions(name string) bool {
	return slices.ContainsFunc(s.tokens[:s.end], func(t token) bool {
		return (t.isName() || t.kind == textToken) && strings.EqualFold(t.name(), name)
	})
}

// Makes says whether the query gives the name of a column to something else: to an
// expression, or to another column.
func (s *Statement) Makes(name string) bool {
	for i, t := range s.tokens[:s.end] {
		if t.is("(") && s.lists(i, name) {
			return true
		}
		if !t.isName() || !strings.EqualFold(t.name(), name) {
			continue
		}
		before := s.at(i - 1)
		if before.is(")") && !s.at(i+1).is(".") && !s.at(i+1).is("(") {
			return true
		}
		operand := i - 2 // before AS
		if !before.is("AS") {
			if operand = i - 1; !s.aliased(i) {
				continue
			}
		}
		same, start := s.at(operand), s.at(operand-1)
		if start.is(".") {
			start = s.at(operand - 3)
		}
		if !same.isName() || !strings.EqualFold(same.name(), name) || !start.is("SELECT") && !start.is(",") && !start.is("DISTINCT") {
			return true
		}
	}
	return false
}

// aliased says whether a name is one that an operand before it gets without AS. Names of
// tables are none.
func (s *Statement) aliased(i int) bool {
	next, before := s.at(i+1), s.at(i-1)
	ends := i+1 >= s.end || next.is(",") || next.is(")") || next.is("FROM") || next.is("UNION") || next.is("EXCEPT") || next.is("INTERSECT")
	if !ends || before.text == "" || before.kind == signToken || before.kind == wordToken && precedesOperand(before.text) {
		return false
	}
	first := i - 1
	if s.at(first - 1).is(".") {
		first -= 2
	}
	of := s.at(first - 1)
	return !of.is("FROM") && !of.is("JOIN")
}

// precedesOperand says whether a name behind a word is an operand, and no name that one gets.
func precedesOperand(word string) bool {
	switch strings.ToUpper(word) {
	case "SELECT", "DISTINCT", "ALL", "AS", "FROM", "JOIN", "ON", "USING", "WHERE", "HAVING", "BY", "AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE",
		"GLOB", "REGEXP", "MATCH", "ESCAPE", "BETWEEN", "COLLATE", "CASE", "WHEN", "THEN", "ELSE", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "WITH", "RECURSIVE", "OVER", "WINDOW", "VALUES":
		return true
	}
	return false
}

// lists says whether a parenthesis begins the names of the columns of a common table,
// WITH t(a, b) AS (SELECT, and a name is one of them.
func (s *Statement) lists(from int, name string) bool {
	found, i := false, from+1
	for ; s.at(i).isName() || s.at(i).is(","); i++ {
		found = found || strings.EqualFold(s.at(i).name(), name)
	}
	next := s.at(i + 2)
	return found && s.at(from-1).isName() && s.at(i).is(")") && s.at(i+1).is("AS") && (next.is("(") || next.is("NOT") || next.is("MATERIALIZED"))
}

// ReadsAll says whether the query can read columns that it does not name.
func (s *Statement) ReadsAll() bool {
	stars := []string{"SELECT", "DISTINCT", "ALL", ",", "."}
	for i, t := range s.tokens[:s.end] {
		if t.is("NATURAL") || t.is("COLUMNS") {
			return true
		}
		if t.is("ON") && s.at(i-1).is("DISTINCT") {
			stars = append(stars, ")")
		}
		if t.is("*") && slices.ContainsFunc(stars, s.at(i-1).is) {
			return true
		}
	}
	return false
}

// Find is where the query has a name for the first time; -1 if it has not.
func (s *Statement) Find(name string) int {
	for _, t := range s.tokens[:s.end] {
		if t.isName() && strings.EqualFold(t.name(), name) {
			return t.at
		}
	}
	return -1
}

// Names lists the names that are not in quotes, with where.
func (s *Statement) Names(do func(name string, at int)) {
	for _, t := range s.tokens[:s.end] {
		if t.kind == wordToken && t.isName() {
			do(t.text, t.at)
		}
	}
}

// Sample is where the query takes some rows by chance, as DuckDB writes it; -1 if it does
// not.
func (s *Statement) Sample() int {
	for i, t := range s.tokens[:s.end] {
		if t.is("SAMPLE") && s.at(i-1).is("USING") {
			return t.at
		}
	}
	return -1
}

// Calls lists the names that are called like functions, in lower case, with where.
func (s *Statement) Calls(do func(name string, at int)) {
	for i, t := range s.tokens[:s.end] {
		if t.isName() && s.at(i+1).is("(") {
			do(strings.ToLower(t.name()), t.at)
		}
	}
}

// dated says whether a token is an argument of a function of dates.
func (s *Statement) dated(i int) bool {
	depth := s.tokens[i].depth
	for i--; i > 0; i-- {
		if t := s.tokens[i]; t.is("(") && t.depth == depth-1 {
			return slices.Contains([]string{"date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff"}, strings.ToLower(s.tokens[i-1].name()))
		}
	}
	return false
}

// Clock finds what gives another time tomorrow, as far as that stands in the text: a
// function of the clock, 'now', and the time zone of the machine. Texts are such anywhere, or
// else as an argument of a function of dates.
func (s *Statement) Clock(anywhere bool) error {
	for i, t := range s.tokens[:s.end] {
		msg := ""
		switch lower := strings.ToLower(t.name()); {
		case t.kind == textToken && !anywhere && !s.dated(i):
			continue
		case t.kind == textToken && lower == "now":
			msg = "'now' is another time in each run"
		case t.kind == textToken && (lower == "localtime" || lower == "utc") && s.at(i-1).is(","):
			msg = fmt.Sprintf("%s depends on the time zone of the machine", t.text)
		case t.kind == wordToken && slices.Contains([]string{"current_date", "current_time", "current_timestamp"}, lower) && !s.at(i-1).is("."):
			msg = lower + " is another one in each run"
		case t.kind == wordToken && slices.Contains([]string{"date", "time", "datetime", "julianday", "unixepoch"}, lower) && s.at(i+1).is("(") && s.at(i+2).is(")"):
			msg = lower + "() is the time of now, another one in each run"
		default:
			continue
		}
		return &Error{t.at, msg, "write the time itself, or a parameter of the pipeline: '${day}'"}
	}
	return nil
}

// Name writes a name in quotes.
func Name(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
