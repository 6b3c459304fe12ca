package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
)

// Bounds of what is hostile or was never meant.
const (
	maxDepth = 100  // of brackets in each other
	maxNodes = 1000 // names, constants, operators and calls
)

// An Expr is an expression that was parsed, of columns that are not known yet.
type Expr struct {
	text string
	root *node
}

// String is the expression as it was written.
func (e *Expr) String() string { return e.text }

// An op is what a node is.
type op uint8

const (
	constant op = iota
	column
	call
)

// A node is a part of an expression. Operators are calls of functions whose
// names are their signs.
type node struct {
	op   op
	name string // of a column, a function or an operator
	at   int
	args []*node

	value literal // of a constant
}

// A literal is the value of a constant, in the form of its kind.
type literal struct {
	kind Kind
	i    int64
	f    float64
	s    string
	b    bool
}

// Parse reads an expression. The error is an *Error.
func Parse(text string) (*Expr, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root, err := p.expression(0)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, err
	}
	return &Expr{text, root}, nil
}

// UnmarshalText reads an expression in settings.
func (e *Expr) UnmarshalText(text []byte) error {
	read, err := Parse(string(text))
	if err != nil {
		return err
	}
	*e = *read
	return nil
}

// MarshalText is String.
func (e Expr) MarshalText() ([]byte, error) { return []byte(e.text), nil }

// Columns lists the columns that the expression names, sorted.
func (e *Expr) Columns() []string {
	var names []string
	var walk func(*node)
	walk = func(n *node) {
		if n.op == column {
			names = append(names, n.name)
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	walk(e.root)
	slices.Sort(names)
	return slices.Compact(names)
}

// Alone says whether the expression is nothing but the name of a column.
func (e *Expr) Alone() (name string, ok bool) { return e.root.name, e.root.op == column }

// Try is the expression with try around it. A column alone has no need of it.
func (e *Expr) Try() *Expr {
	if e.root.op == column || e.root.name == "try" {
		return e
	}
	return &Expr{e.text, &node{op: call, name: "try", at: e.root.at, args: []*node{e.root}}}
}

type parser struct {
	tokens []token
	depth  int
	nodes  int
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.is != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

// is says whether the next token is a sign or word.
func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.is == signToken || t.is == wordToken) && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.take()
		return true
	}
	return false
}

func (p *parser) add(n *node) (*node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, errorAt(n.at, "make a column of a part of it first", "the expression has more than %d parts", maxNodes)
	}
	return n, nil
}

// Levels of operators, by how closely they bind.
const (
	orLevel = iota + 1
	andLevel
	notLevel
	compareLevel
	coalesceLevel
	sumLevel
	productLevel
	signLevel
	powerLevel
)

// levels are those of the operators between two values.
var levels = map[string]int{
	"or": orLevel, "and": andLevel,
	"==": compareLevel, "=": compareLevel, "!=": compareLevel, "<>": compareLevel,
	"<": compareLevel, "<=": compareLevel, ">": compareLevel, ">=": compareLevel, "in": compareLevel, "not": compareLevel,
	"??": coalesceLevel, "+": sumLevel, "-": sumLevel, "*": productLevel, "/": productLevel, "//": productLevel, "%": productLevel,
	"**": powerLevel,
}

// same are operators with two ways to write them.
var same = map[string]string{"=": "==", "<>": "!="}

// expression reads what binds at least as closely as a level.
func (p *parser) expression(level int) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errorAt(p.peek().at, "make a column of a part of it first", "brackets and signs are more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	compared := false
	for {
		t := p.peek()
		own, ok := levels[t.text]
		if !ok || t.is != signToken && t.is != wordToken || own < level {
			return left, nil
		}
		if own == compareLevel {
			if compared {
				return nil, errorAt(t.at, "write a < b and b < c, or between(b, a, c)", "comparisons cannot be chained")
			}
			compared = true
		}
		p.take()
		if left, err = p.binary(left, t, own); err != nil {
			return nil, err
		}
	}
}

// binary reads what is right of an operator.
func (p *parser) binary(left *node, t token, level int) (*node, error) {
	name := t.text
	if to, ok := same[name]; ok {
		name = to
	}
	switch name {
	case "not":
		if !p.accept("in") {
			return nil, errorAt(t.at, "write and not", "there is no operator between two values here")
		}
		n, err := p.list(left, t.at)
		if err != nil {
			return nil, err
		}
		return p.add(&node{op: call, name: "not", at: t.at, args: []*node{n}})
	case "in":
		return p.list(left, t.at)
	}
	from := level + 1
	if name == "**" || name == "??" { // from the right: 2 ** 3 ** 2 is 2 ** 9
		from = level
	}
	right, err := p.expression(from)
	if err != nil {
		return nil, err
	}
	return p.add(&node{op: call, name: name, at: t.at, args: []*node{left, right}})
}

// list reads [1, 2] or (1, 2) behind `in`.
func (p *parser) list(left *node, at int) (*node, error) {
	closing := "]"
	switch {
	case p.accept("["):
	case p.accept("("):
		closing = ")"
	default:
		return nil, errorAt(p.peek().at, "write x in [1, 2]", "a list is expected behind in")
	}
	args, err := p.arguments(closing)
	if err != nil {
		return nil, err
	}
	return p.add(&node{op: call, name: "in", at: at, args: append([]*node{left}, args...)})
}

// arguments reads expressions up to a closing bracket.
func (p *parser) arguments(closing string) (args []*node, err error) {
	for !p.accept(closing) {
		if len(args) > 0 && !p.accept(",") {
			return nil, p.unexpected("a comma or " + closing)
		}
		if len(args) > 0 && p.accept(closing) { // a comma at the end
			return args, nil
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	return args, nil
}

// unary reads a value with what stands before it.
func (p *parser) unary() (*node, error) {
	t := p.peek()
	switch {
	case p.accept("not"):
		n, err := p.expression(notLevel)
		if err != nil {
			return nil, err
		}
		return p.add(&node{op: call, name: "not", at: t.at, args: []*node{n}})
	case p.accept("-"):
		if p.peek().is == intToken && p.peek().text == leastInt && p.tokens[1].text != "**" {
			p.take()
			return p.add(&node{at: t.at, value: literal{kind: Int, i: math.MinInt64}})
		}
		n, err := p.expression(signLevel)
		if err != nil {
			return nil, err
		}
		if n.op == constant && n.value.negate() {
			n.at = t.at
			return n, nil
		}
		return p.add(&node{op: call, name: "neg", at: t.at, args: []*node{n}})
	case p.accept("+"):
		return p.expression(signLevel)
	}
	return p.primary()
}

// negate puts a minus before a number.
func (v *literal) negate() bool {
	switch v.kind {
	case Int:
		v.i = -v.i
	case Float:
		v.f = -v.f
	default:
		return false
	}
	return true
}

// leastInt is the least integer without its minus, which is one too great.
const leastInt = "9223372036854775808"

// primary reads a constant, a column, a call, or what is in brackets.
func (p *parser) primary() (*node, error) {
	t := p.take()
	n := &node{at: t.at}
	switch t.is {
	case intToken:
		v, err := strconv.ParseUint(t.text, 10, 64)
		if err != nil {
			return nil, errorAt(t.at, "write it with a point, as a decimal number, or as a text in quotes", "%s is beyond uint64", t.text)
		}
		if n.value = (literal{kind: Int, i: int64(v)}); v > math.MaxInt64 {
			n.value.kind = Uint
		}
	case floatToken:
		v, _ := strconv.ParseFloat(t.text, 64)
		n.value = literal{kind: Float, f: v}
	case textToken:
		n.value = literal{kind: Text, s: t.text}
	case quotedToken:
		n.op, n.name = column, t.text
	case nameToken:
		if p.is("(") {
			return p.call(t)
		}
		if strings.HasSuffix(t.text, "[ns]") {
			return nil, errorAt(t.at, "write "+t.text+"(x)", "a value to convert is expected")
		}
		n.op, n.name = column, t.text
	case wordToken:
		switch t.text {
		case "true", "false":
			n.value = literal{kind: Bool, b: t.text == "true"}
		case "missing":
			n.value = literal{kind: Missing}
		default:
			p.tokens = append([]token{t}, p.tokens...)
			return nil, p.unexpected("a value")
		}
	case signToken:
		if t.text == "(" {
			inner, err := p.expression(0)
			if err != nil {
				return nil, err
			}
			if !p.accept(")") {
				return nil, p.unexpected(")")
			}
			return inner, nil
		}
		fallthrough
	default:
		if t.is != endToken {
			p.tokens = append([]token{t}, p.tokens...)
		}
		return nil, p.unexpected("a value")
	}
	return p.add(n)
}

// call reads the arguments of a function.
func (p *parser) call(name token) (*node, error) {
	p.take()
	n := &node{op: call, name: name.text, at: name.at}
	if functionNamed(n.name) == nil {
		err := errorAt(name.at, "", "there is no function %q", n.name)
		lower := strings.ToLower(n.name)
		if near, ok := otherNames[lower]; ok {
			err.Todo = near
		} else if near, ok := diag.Nearest(n.name, functionNames()); ok {
			err.Todo = "did you mean " + near + "?"
		}
		return nil, err
	}
	var err error
	if n.args, err = p.arguments(")"); err != nil {
		return nil, err
	}
	return p.add(n)
}

func (p *parser) end() error {
	if t := p.peek(); t.is != endToken {
		return p.unexpected("an operator or the end")
	}
	return nil
}

// unexpected says what is there in place of what should be.
func (p *parser) unexpected(want string) error {
	t := p.peek()
	switch {
	case t.is == endToken:
		return errorAt(t.at, "", "the expression ends where %s is expected", want)
	case t.is == nameToken && strings.EqualFold(t.text, "is"):
		return errorAt(t.at, "write is_missing(x), or x == value", "is means nothing here")
	case t.is == textToken:
		return errorAt(t.at, "", "a text is where %s is expected", want)
	}
	return errorAt(t.at, "", "%s is where %s is expected", t.text, want)
}
