package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// A Scope says which columns an expression can name. The zero value has none.
type Scope struct {
	types map[string]arrow.DataType
	order []string
	// Open says that there may be others, of types that are not known yet.
	Open bool
}

// ScopeOf has the columns of a table.
func ScopeOf(schema *arrow.Schema) *Scope {
	s := new(Scope)
	for _, f := range schema.Fields() {
		s.Set(f.Name, f.Type)
	}
	return s
}

// ScopeOfOutline has the columns of a table that is not there yet.
func ScopeOfOutline(outline *table.Outline) *Scope {
	s := new(Scope)
	for _, f := range outline.Fields() {
		s.Set(f.Name, f.Type)
	}
	return s
}

// Set adds a column or changes its type; nil is one that is not known.
func (s *Scope) Set(name string, t arrow.DataType) {
	if s.types == nil {
		s.types = map[string]arrow.DataType{}
	}
	if _, ok := s.types[name]; !ok {
		s.order = append(s.order, name)
	}
	s.types[name] = t
}

// Check finds what is wrong with an expression over the columns of a scope. It gives
// the type of its values, nil if that hangs on columns that are not known. The
// error is an *Error.
func (e *Expr) Check(s *Scope) (arrow.DataType, error) {
	c := newChecker(s)
	root, err := c.root(e.root)
	if err != nil {
		return nil, err
	}
	return root.dtype, nil
}

// CheckCondition is Check of an expression that has to be true or false.
func (e *Expr) CheckCondition(s *Scope) error {
	t, err := e.Check(s)
	if err == nil && t != nil && t.ID() != arrow.BOOL {
		err = errorAt(e.root.at, "write a comparison, such as price > 0", "a condition is true or false, and this is %s", table.TypeName(t))
	}
	return err
}

// Bind prepares to evaluate the expression. The scope has all columns, with their
// types. The error is an *Error.
func (e *Expr) Bind(s *Scope) (*Program, error) {
	c := newChecker(s)
	root, err := c.root(e.root)
	if err != nil {
		return nil, err
	}
	return &Program{text: e.text, root: root, inputs: c.names, regs: c.regs}, nil
}

// A checker gives every part its type.
type checker struct {
	scope   *Scope
	inputs  map[string]int // place of each column
	columns []*part        // one for each input, so that it is loaded once
	names   []string
	regs    int
	try     int   // that of the innermost try around; -1: none
	great   *part // a constant beyond int64 that was to be converted
}

func newChecker(s *Scope) *checker { return &checker{scope: s, inputs: map[string]int{}, try: -1} }

func (c *checker) root(n *node) (*part, error) {
	p, err := c.check(n)
	if err != nil {
		return nil, err
	}
	if p.kind == Missing {
		return nil, errorAt(p.at, "say of which type, such as float64(missing)", "nothing says of which type the missing value is")
	}
	if p.kind == Other && p.column < 0 {
		return nil, errorAt(p.at, "", "lists cannot be computed")
	}
	return p, nil
}

func (c *checker) part(p *part) *part {
	p.reg, p.try, p.column = c.regs, c.try, -1
	c.regs++
	return p
}

func (c *checker) check(n *node) (*part, error) {
	switch n.op {
	case constant:
		v := n.value
		return c.constant(n.at, v), nil
	case column:
		return c.columnPart(n)
	}
	p := c.part(&part{at: n.at, name: n.name})
	if n.name == "try" {
		defer func(outer int) { c.try = outer }(c.try)
		c.try = p.reg
	}
	for _, a := range n.args {
		arg, err := c.check(a)
		if err != nil {
			return nil, err
		}
		p.args = append(p.args, arg)
	}
	f := functionNamed(n.name)
	if got := len(p.args); got < f.least || f.most >= 0 && got > f.most {
		return nil, errorAt(n.at, "write "+f.usage, "%s takes %s, not %d", f.name, f.counts(), got)
	}
	if err := f.check(c, p); err != nil {
		return nil, err
	}
	if a := c.great; a != nil {
		return nil, errorAt(a.at, "write it with a point, as a decimal number, or as a text in quotes; it is compared with columns of whole numbers as it is", "%d is beyond int64", uint64(a.value.i))
	}
	if p.dtype == nil {
		p.dtype = kindTypes[p.kind]
	}
	return p, nil
}

func (c *checker) constant(at int, v literal) *part {
	return c.part(&part{at: at, kind: v.kind, dtype: kindTypes[v.kind], value: &v})
}

func (c *checker) columnPart(n *node) (*part, error) {
	t, ok := c.scope.types[n.name]
	if !ok && !c.scope.Open {
		err := errorAt(n.at, "", "there is no column %q", n.name)
		if near, is := diag.Nearest(n.name, c.scope.order); is {
			err.Todo = fmt.Sprintf("did you mean %q?", near)
		} else if functionNamed(n.name) != nil {
			err.Todo = "write " + functionNamed(n.name).usage
		} else {
			err.Todo = "the columns are " + some(c.scope.order) + "; a text is written in quotes"
		}
		return nil, err
	}
	at, ok := c.inputs[n.name]
	if !ok {
		at = len(c.names)
		c.inputs[n.name] = at
		c.names = append(c.names, n.name)
		p := c.part(&part{at: n.at, name: n.name, dtype: t})
		p.column = at
		if t != nil {
			p.kind = kindOf(t)
		}
		c.columns = append(c.columns, p)
	}
	p := *c.columns[at]
	p.at = n.at
	return &p, nil
}

// some lists names, but not thousands.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// describe says what a part is, for a message.
func (p *part) describe() string {
	t := p.kind.String()
	if p.dtype != nil {
		t = table.TypeName(p.dtype)
	}
	switch {
	case p.value != nil && p.kind == Text:
		return diag.Quote(p.value.s) + " is a text"
	case p.value != nil:
		return "this is " + t
	case p.column >= 0:
		return fmt.Sprintf("%s is %s", p.name, t)
	}
	if _, is := levels[p.name]; is || p.name == "neg" {
		return "this is " + t
	}
	return fmt.Sprintf("%s is %s", p.name, t)
}

// misfit says that an argument is of a kind that is not taken.
func misfit(p *part, i int, want string) error {
	a := p.args[i]
	todo := ""
	switch {
	case a.kind == Text && strings.Contains(want, "number"):
		todo = "a text that says a number is converted by float64(x) or int64(x)"
	case a.kind == Bool && strings.Contains(want, "number"):
		todo = "int64(x) makes 1 of true and 0 of false"
	case want == "a text":
		todo = "string(x) makes a text of it"
	case strings.Contains(want, "true or false"):
		todo = "write a comparison, such as x > 0"
	case a.kind == Text && strings.Contains(want, "date"):
		todo = `date(x) and timestamp(x) read texts, date(x, "%d.%m.%Y") those in other forms`
	}
	name := p.name
	if name == "neg" {
		name = "-"
	}
	return errorAt(a.at, todo, "%s takes %s, and %s", name, want, a.describe())
}

// become makes a missing constant one of a kind.
func (p *part) become(k Kind) {
	if p.kind == Missing {
		p.kind, p.dtype = k, kindTypes[k]
	}
}

// want checks that an argument is of one of some kinds. A missing constant becomes
// one of the first.
func (c *checker) want(p *part, i int, what string, kinds ...Kind) error {
	a := p.args[i]
	a.become(kinds[0])
	if a.kind == Unknown {
		return nil
	}
	for _, k := range kinds {
		if a.kind == k {
			return nil
		}
	}
	return c.meaning(misfit(p, i, what), a)
}

// meaning adds to what is wrong that one of some arguments is a text in quotes where a
// column of that name was meant, as in SQL.
func (c *checker) meaning(err error, args ...*part) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	for _, a := range args {
		if c.namesColumn(a) {
			e.Todo = fmt.Sprintf("a column is written without quotes, or in backticks: `%s`", a.value.s)
		}
	}
	return err
}

// namesColumn says whether an argument is a text in quotes that is the name of a column.
func (c *checker) namesColumn(a *part) bool {
	if a.value == nil || a.kind != Text {
		return false
	}
	_, is := c.scope.types[a.value.s]
	return is
}

func (c *checker) wantNumber(p *part, i int) error {
	return c.want(p, i, "a number", Float, Int, Uint)
}

func (c *checker) wantText(p *part, i int) error { return c.want(p, i, "a text", Text) }

func (c *checker) wantBool(p *part, i int) error {
	return c.want(p, i, "what is true or false", Bool)
}

// float makes an argument, which is a number, a Float.
func (c *checker) float(p *part, i int) error {
	if err := c.wantNumber(p, i); err != nil {
		return err
	}
	c.convert(p, i, Float)
	return nil
}

// whole makes an argument an Int.
func (c *checker) whole(p *part, i int) error {
	a := p.args[i]
	a.become(Int)
	if a.kind == Float {
		err := misfit(p, i, "a whole number")
		err.(*Error).Todo = "floor(x), ceil(x) and round(x) inside of int64() make one of it"
		return err
	}
	if err := c.want(p, i, "a whole number", Int, Uint); err != nil {
		return err
	}
	c.convert(p, i, Int)
	return nil
}

// convert puts a conversion between number kinds around an argument.
func (c *checker) convert(p *part, i int, to Kind) {
	a := p.args[i]
	if a.kind == to || !a.kind.numeric() {
		return
	}
	if l := a.value; l != nil && a.kind == Int && to == Float {
		l.kind, l.f = Float, float64(l.i)
		a.kind, a.dtype = Float, kindTypes[Float]
		return
	}
	if a.kind == Uint && a.value != nil && a.value.i < 0 && c.great == nil {
		c.great = a
	}
	w := c.part(&part{at: a.at, name: "int64", kind: to, dtype: kindTypes[to], args: []*part{a}})
	switch {
	case to == Int:
		w.run = uintToInt
	case a.kind == Int:
		w.run = func(_ *machine, _ *part, in []*vec, out *vec) { convert(out.f, in[0].i) }
	default:
		w.run = uintToFloat
	}
	p.args[i] = w
}

func uintToFloat(_ *machine, _ *part, in []*vec, out *vec) {
	for i, x := range in[0].i {
		out.f[i] = float64(uint64(x))
	}
}

func uintToInt(m *machine, p *part, in []*vec, out *vec) {
	for i, x := range in[0].i {
		if out.i[i] = x; x < 0 {
			m.reject(p, in, out, i, "is beyond int64", "float64(x) holds it, not to the last digit")
		}
	}
}

// literalText is an argument that has to be a constant text.
func (c *checker) literalText(p *part, i int, what string) (string, error) {
	a := p.args[i]
	if a.value == nil || a.kind != Text {
		return "", errorAt(a.at, "write "+functionNamed(p.name).usage, "%s takes %s in quotes here", p.name, what)
	}
	return a.value.s, nil
}

// literalInt is an argument that has to be a constant whole number.
func (c *checker) literalInt(p *part, i int, least, most int64) (int64, error) {
	a := p.args[i]
	if a.value == nil || a.kind != Int || a.value.i < least || a.value.i > most {
		return 0, errorAt(a.at, "write "+functionNamed(p.name).usage, "%s takes a whole number from %d to %d here, which no column can be", p.name, least, most)
	}
	return a.value.i, nil
}

// common gives arguments one kind. what is for messages: "the values of if".
func (c *checker) common(p *part, what string, args ...int) (Kind, error) {
	kind, first := Missing, -1
	for _, i := range args {
		a := p.args[i]
		switch {
		case a.kind == Missing:
		case a.kind == Unknown:
			return Unknown, nil
		case a.kind == Other:
			return kind, errorAt(a.at, "", "%s is a list, which cannot be computed with", a.name)
		case first < 0 || kind == a.kind:
			kind = a.kind
			if first < 0 {
				first = i
			}
		case kind.numeric() && a.kind.numeric():
			if kind == Float || a.kind == Float {
				kind = Float
			} else {
				kind = Int
			}
		case a.kind == Text && a.value != nil && c.reads(kind):
		case kind == Text && p.args[first].value != nil && c.reads(a.kind):
			kind, first = a.kind, i
		default:
			return kind, c.differ(p, what, first, i)
		}
	}
	if kind == Missing {
		return kind, errorAt(p.at, "say of which type, such as float64(missing)", "nothing says of which type the missing value is")
	}
	for _, i := range args {
		a := p.args[i]
		a.become(kind)
		if a.kind == Text && kind != Text && a.value != nil {
			if err := a.reread(kind); err != nil {
				return kind, c.meaning(err, a)
			}
		}
		c.convert(p, i, kind)
	}
	return kind, nil
}

// reads says whether a constant text in quotes is read as a kind.
func (c *checker) reads(k Kind) bool {
	return k == Date || k == Timestamp || k == TimestampNs || k == Time || k == TimeNs
}

// reread makes a constant text a date or a time.
func (p *part) reread(k Kind) error {
	v, ok := parseText(k, p.value.s, nil)
	if !ok {
		return errorAt(p.at, "write it as 2006-01-02, 2006-01-02T15:04:05 or 15:04:05", "%s is no %s", diag.Quote(p.value.s), k)
	}
	p.kind, p.dtype = k, kindTypes[k]
	*p.value = literal{kind: k, i: v}
	return nil
}

// differ says that two arguments do not go together.
func (c *checker) differ(p *part, what string, i, j int) error {
	a, b := p.args[i], p.args[j]
	todo := ""
	kinds := map[Kind]bool{a.kind: true, b.kind: true}
	switch {
	case kinds[Text] && (kinds[Int] || kinds[Float] || kinds[Uint]):
		todo = "compare with a number without quotes, or convert the text: float64(x)"
		if a.value == nil && b.value == nil {
			todo = "convert one of them: float64(x), string(x)"
		}
	case kinds[Date] && (kinds[Timestamp] || kinds[TimestampNs]):
		todo = "convert one of them: date(x), timestamp(x)"
	default:
		todo = "convert one of them, such as by string(x)"
	}
	return c.meaning(errorAt(b.at, todo, "%s are of different types: %s, and %s", what, a.describe(), b.describe()), a, b)
}
