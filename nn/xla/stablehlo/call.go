package stablehlo

import (
	"fmt"
	"slices"
	"strings"
)

// A Result is what a Call gives.
type Result struct {
	Shape []int
	Type  Type
	Order []int // of its dimensions in memory, the innermost first; nil: the last one is
}

// order is that of a shape if the last dimension is the innermost.
func order(rank int) []int {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = rank - 1 - i
	}
	return dims
}

// Call calls a function that the compiler knows by its name, with a text that says
// how. Operands are in memory as they are written: the last dimension is the
// innermost.
func (f *Func) Call(target, config string, operands []Value, results ...Result) []Value {
	layout := func(dims []int) string {
		if len(dims) == 1 {
			return "dense<0> : tensor<1xindex>"
		}
		return fmt.Sprintf("dense<%s> : tensor<%dxindex>", list(dims), len(dims))
	}
	var in, out, types []string
	for _, v := range operands {
		in = append(in, layout(order(len(v.Shape))))
	}
	f.n++
	var values []Value
	for i, r := range results {
		if r.Order == nil {
			r.Order = order(len(r.Shape))
		}
		out, types = append(out, layout(r.Order)), append(types, tensor(r.Shape, r.Type))
		values = append(values, value(fmt.Sprintf("%%%d#%d", f.n, i), slices.Clone(r.Shape), r.Type))
	}
	given, taken := names(operands)
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(config)
	fmt.Fprintf(&f.body, "    %%%d:%d = stablehlo.custom_call @%s(%s) {api_version = 2 : i32, backend_config = \"%s\", operand_layouts = [%s], result_layouts = [%s]} : (%s) -> (%s)\n",
		f.n, len(results), target, given, quoted, strings.Join(in, ", "), strings.Join(out, ", "), taken, strings.Join(types, ", "))
	return values
}
