package expr

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// A NoNumber says that an expression has no value.
type NoNumber struct{ Text string }

func (e *NoNumber) Error() string { return e.Text + " has no value" }

// Number evaluates an expression of numbers by name, which has to give a number. The
// error is an *Error, a *RowError or a *NoNumber.
func (e *Expr) Number(values map[string]float64) (float64, error) {
	s := new(Scope)
	for _, name := range e.Columns() {
		if _, ok := values[name]; ok {
			s.Set(name, arrow.PrimitiveTypes.Float64)
		}
	}
	p, err := e.Bind(s)
	if err != nil {
		return 0, err
	}
	if !kindOf(p.Type()).numeric() {
		return 0, errorAt(0, "", "this is %s, and no number", table.TypeName(p.Type()))
	}
	var in []arrow.Array
	for _, name := range p.Inputs() {
		arr := table.NewArray([]float64{values[name]}, nil)
		defer arr.Release()
		in = append(in, arr)
	}
	out, notes, err := p.Eval(in, 1, 0)
	if err != nil {
		return 0, err
	}
	defer out.Release()
	found, valid, err := table.Floats(out)
	if err != nil {
		return 0, err
	}
	if valid != nil || found[0]-found[0] != 0 {
		text := e.text
		if len(notes) > 0 {
			text = fmt.Sprintf("%s (%s)", text, notes[0].Example)
		}
		return 0, &NoNumber{text}
	}
	return found[0], nil
}

// Multiple says whether an expression is a column, or a number times a column.
func (e *Expr) Multiple() (factor float64, name string, ok bool) {
	if name, ok := e.Alone(); ok {
		return 1, name, true
	}
	if e.root.name != "*" || e.root.args[0].op != constant || e.root.args[1].op != column {
		return 0, "", false
	}
	switch v := e.root.args[0].value; v.kind {
	case Int:
		return float64(v.i), e.root.args[1].name, true
	case Float:
		return v.f, e.root.args[1].name, true
	}
	return 0, "", false
}
