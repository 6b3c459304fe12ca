package stablehlo

import (
	"fmt"
	"strings"
)

// Loop runs a body so many times. It gets the number of the turn, a scalar of
// I32, and the values, and gives the values of the next turn, of the same types.
// It may use nothing else from outside: what does not change goes through too.
func (f *Func) Loop(turns int, values []Value, body func(turn Value, values []Value) []Value) []Value {
	zero := f.Const(0, I32)
	init := append([]Value{zero}, values...)
	f.n++
	base := f.n
	inside := make([]Value, len(init))
	var bind, types []string
	for i, v := range init {
		inside[i] = value(fmt.Sprintf("%%w%d_%d", base, i), v.Shape, v.Type)
		bind = append(bind, inside[i].name+" = "+v.name)
		types = append(types, v.typ())
	}
	all := strings.Join(types, ", ")
	fmt.Fprintf(&f.body, "    %%l%d:%d = stablehlo.while(%s) : %s\n    cond {\n", base, len(init), strings.Join(bind, ", "), all)
	f.regions++
	end := f.Const(float64(turns), I32)
	more := f.Compare("LT", inside[0], end)
	fmt.Fprintf(&f.body, "    stablehlo.return %s : %s\n    } do {\n", more.name, more.typ())
	f.turns = turns
	next := append([]Value{f.Add(inside[0], f.Const(1, I32))}, body(inside[0], inside[1:])...)
	f.regions--
	f.turns = 0
	given, _ := names(next)
	fmt.Fprintf(&f.body, "    stablehlo.return %s : %s\n    }\n", given, all)
	results := make([]Value, len(values))
	for i, v := range values {
		same("loop", v, next[i+1])
		results[i] = value(fmt.Sprintf("%%l%d#%d", base, i+1), v.Shape, v.Type)
	}
	return results
}
