package stablehlo

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// neutral is what a folding operation begins with.
func (f *Func) neutral(op string, t Type) Value {
	switch op {
	case "maximum":
		if t.float() {
			return f.Const(math.Inf(-1), t)
		}
		return f.Const(map[Type]float64{I32: math.MinInt32}[t], t)
	case "minimum":
		if t.float() {
			return f.Const(math.Inf(1), t)
		}
		return f.Const(math.MaxInt32, t)
	case "and":
		return f.Const(1, t)
	}
	return f.Const(0, t)
}

// Reduce folds dimensions, which are then gone: "add", "maximum", "minimum", "and", "or".
func (f *Func) Reduce(op string, a Value, dims ...int) Value {
	init := f.neutral(op, a.Type)
	var shape []int
	for i, d := range a.Shape {
		if !slices.Contains(dims, i) {
			shape = append(shape, d)
		}
	}
	return f.emit(shape, a.Type, "stablehlo.reduce(%s init: %s) applies stablehlo.%s across dimensions = %s : (%s, %s) -> %s",
		a.name, init.name, op, list(dims), a.typ(), init.typ(), tensor(shape, a.Type))
}

// Sum is Reduce("add", ...), and All folds all dimensions.
func (f *Func) Sum(a Value, dims ...int) Value { return f.Reduce("add", a, dims...) }

// Sums adds up several values of one shape along dimensions, all in one go over them.
func (f *Func) Sums(dims []int, values ...Value) []Value {
	a := values[0]
	zero, scalar := f.neutral("add", a.Type), tensor(nil, a.Type)
	var shape []int
	for i, d := range a.Shape {
		if !slices.Contains(dims, i) {
			shape = append(shape, d)
		}
	}
	f.n++
	name := fmt.Sprintf("%%%d", f.n)
	var left, right, sums, results []Value
	body := ""
	for i, v := range values {
		same("sums", a, v)
		left = append(left, value(fmt.Sprintf("%%a%d", i), nil, a.Type))
		right = append(right, value(fmt.Sprintf("%%b%d", i), nil, a.Type))
		sums = append(sums, value(fmt.Sprintf("%%r%d", i), nil, a.Type))
		body += fmt.Sprintf("      %s = stablehlo.add %s, %s : %s\n", sums[i].name, left[i].name, right[i].name, scalar)
		results = append(results, value(fmt.Sprintf("%s#%d", name, i), shape, a.Type))
	}
	var arguments []string
	for _, v := range append(left, right...) {
		arguments = append(arguments, v.name+": "+scalar)
	}
	operands, types := names(append(slices.Clone(values), slices.Repeat([]Value{zero}, len(values))...))
	given, scalars := names(sums)
	_, out := names(results)
	fmt.Fprintf(&f.body, "    %s:%d = \"stablehlo.reduce\"(%s) ({\n    ^bb0(%s):\n%s      stablehlo.return %s : %s\n    }) {dimensions = %s} : (%s) -> (%s)\n",
		name, len(values), operands, strings.Join(arguments, ", "), body, given, scalars, array(dims), types, out)
	return results
}

// All folds everything into a scalar.
func (f *Func) All(op string, a Value) Value {
	dims := make([]int, len(a.Shape))
	for i := range dims {
		dims[i] = i
	}
	if len(dims) == 0 {
		return a
	}
	return f.Reduce(op, a, dims...)
}

// A Windowing says how windows go over a value: for each of its dimensions.
type Windowing struct{ Size, Stride, Low, High []int }

func (w Windowing) shape(of []int) []int {
	shape := make([]int, len(of))
	for i, d := range of {
		shape[i] = (w.Low[i]+d+w.High[i]-w.Size[i])/w.Stride[i] + 1
	}
	return shape
}

func (w Windowing) padding() string {
	text := ""
	for i := range w.Low {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("[%d, %d]", w.Low[i], w.High[i])
	}
	return fmt.Sprintf("dense<[%s]> : tensor<%dx2xi64>", text, len(w.Low))
}

// ReduceWindow folds each window: "add" or "maximum".
func (f *Func) ReduceWindow(op string, a Value, w Windowing) Value {
	init := f.neutral(op, a.Type)
	shape := w.shape(a.Shape)
	scalar := tensor(nil, a.Type)
	return f.emit(shape, a.Type, `"stablehlo.reduce_window"(%s, %s) ({
    ^bb0(%%a: %s, %%b: %s):
      %%r = stablehlo.%s %%a, %%b : %s
      stablehlo.return %%r : %s
    }) {window_dimensions = %s, window_strides = %s, padding = %s} : (%s, %s) -> %s`,
		a.name, init.name, scalar, scalar, op, scalar, scalar, array(w.Size), array(w.Stride), w.padding(), a.typ(), init.typ(), tensor(shape, a.Type))
}

// Largest gives the largest element of each window and its number: numbers are of
// I32, not negative, and the smallest counts of those of equal elements.
func (f *Func) Largest(a, numbers Value, w Windowing) (largest, number Value) {
	low, far := f.neutral("maximum", a.Type), f.Const(math.MaxInt32, I32)
	shape := w.shape(a.Shape)
	s, n := tensor(nil, a.Type), tensor(nil, I32)
	f.n++
	name := fmt.Sprintf("%%%d", f.n)
	fmt.Fprintf(&f.body, `    %s:2 = "stablehlo.reduce_window"(%s, %s, %s, %s) ({
    ^bb0(%%a: %s, %%na: %s, %%b: %s, %%nb: %s):
      %%above = stablehlo.compare GT, %%a, %%b, FLOAT : (%s, %s) -> tensor<i1>
      %%equal = stablehlo.compare EQ, %%a, %%b, FLOAT : (%s, %s) -> tensor<i1>
      %%first = stablehlo.compare LT, %%na, %%nb, SIGNED : (%s, %s) -> tensor<i1>
      %%tie = stablehlo.and %%equal, %%first : tensor<i1>
      %%take = stablehlo.or %%above, %%tie : tensor<i1>
      %%r = stablehlo.select %%take, %%a, %%b : tensor<i1>, %s
      %%n = stablehlo.select %%take, %%na, %%nb : tensor<i1>, %s
      stablehlo.return %%r, %%n : %s, %s
    }) {window_dimensions = %s, window_strides = %s, padding = %s} : (%s, %s, %s, %s) -> (%s, %s)
`,
		name, a.name, numbers.name, low.name, far.name, s, n, s, n, s, s, s, s, n, n, s, n, s, n,
		array(w.Size), array(w.Stride), w.padding(), a.typ(), numbers.typ(), s, n, tensor(shape, a.Type), tensor(shape, I32))
	return value(name+"#0", shape, a.Type), value(name+"#1", shape, I32)
}

// SelectAndScatter adds each element of source to where the window that it stands
// for has its largest element, the first of equal ones; elsewhere it is 0.
func (f *Func) SelectAndScatter(a, source Value, w Windowing) Value {
	init := f.Const(0, a.Type)
	scalar := tensor(nil, a.Type)
	return f.emit(a.Shape, a.Type, `"stablehlo.select_and_scatter"(%s, %s, %s) ({
    ^bb0(%%a: %s, %%b: %s):
      %%r = stablehlo.compare GE, %%a, %%b, FLOAT : (%s, %s) -> tensor<i1>
      stablehlo.return %%r : tensor<i1>
    }, {
    ^bb0(%%a: %s, %%b: %s):
      %%r = stablehlo.add %%a, %%b : %s
      stablehlo.return %%r : %s
    }) {window_dimensions = %s, window_strides = %s, padding = %s} : (%s, %s, %s) -> %s`,
		a.name, source.name, init.name, scalar, scalar, scalar, scalar, scalar, scalar, scalar, scalar,
		array(w.Size), array(w.Stride), w.padding(), a.typ(), source.typ(), init.typ(), a.typ())
}

// Rows is the rows of table(V, ...) whose numbers are in ids(n), whole numbers:
// (n, ...). Numbers outside of the table are clamped.
func (f *Func) Rows(table, ids Value) Value {
	shape := append(slices.Clone(ids.Shape), table.Shape[1:]...)
	var offset []int
	sizes := []int{1}
	for i, d := range table.Shape[1:] {
		offset, sizes = append(offset, i+1), append(sizes, d)
	}
	return f.emit(shape, table.Type, `"stablehlo.gather"(%s, %s) {dimension_numbers = #stablehlo.gather<offset_dims = %s, collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = %s} : (%s, %s) -> %s`,
		table.name, ids.name, list(offset), array(sizes), table.typ(), ids.typ(), tensor(shape, table.Type))
}

// Sort puts whole numbers in ascending order, and what belongs to them in the same:
// equal ones stay in the order that they are in.
func (f *Func) Sort(keys, with Value) (sorted, and Value) {
	f.n++
	name := fmt.Sprintf("%%%d", f.n)
	k, w := tensor(nil, keys.Type), tensor(nil, with.Type)
	fmt.Fprintf(&f.body, `    %s:2 = "stablehlo.sort"(%s, %s) ({
    ^bb0(%%a: %s, %%b: %s, %%wa: %s, %%wb: %s):
      %%r = stablehlo.compare LT, %%a, %%b, SIGNED : (%s, %s) -> tensor<i1>
      stablehlo.return %%r : tensor<i1>
    }) {dimension = 0 : i64, is_stable = true} : (%s, %s) -> (%s, %s)
`, name, keys.name, with.name, k, k, w, w, k, k, keys.typ(), with.typ(), keys.typ(), with.typ())
	return value(name+"#0", keys.Shape, keys.Type), value(name+"#1", with.Shape, with.Type)
}

// AddRows is table(V, ...) with rows(n, ...) added to those whose numbers are in
// ids(n). Rows with numbers outside of the table are left out. unique says that all
// ids are different.
func (f *Func) AddRows(table, ids, rows Value, unique bool) Value {
	var window []int
	for i := range table.Shape[1:] {
		window = append(window, i+1)
	}
	scalar := tensor(nil, table.Type)
	return f.emit(table.Shape, table.Type, `"stablehlo.scatter"(%s, %s, %s) ({
    ^bb0(%%a: %s, %%b: %s):
      %%r = stablehlo.add %%a, %%b : %s
      stablehlo.return %%r : %s
    }) {scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = %s, inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, indices_are_sorted = false, unique_indices = %t} : (%s, %s, %s) -> %s`,
		table.name, ids.name, rows.name, scalar, scalar, scalar, scalar, list(window), unique, table.typ(), ids.typ(), rows.typ(), table.typ())
}
