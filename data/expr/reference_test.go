package expr_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/data/expr"
	"pipe/data/table"
)

// A value is that of one row in the slow evaluation: nil, or an int64, float64,
// string or bool.
type value any

// A generated expression is its text beside what it should give in a row. The
// second is written from the rules of the language, one value at a time, and knows
// nothing of vectors, masks and bits.
type generated struct {
	text string
	at   func(row map[string]value) value
}

// failed is what an expression gives that is an error outside of try.
type failed struct{}

type generator struct {
	*rapid.T
	depth int
}

func (g *generator) pick(name string, n int) int { return rapid.IntRange(0, n-1).Draw(g.T, name) }

func (g *generator) deeper(f func() generated) generated {
	g.depth++
	defer func() { g.depth-- }()
	return f()
}

// strict applies a function to values none of which is missing or an error.
func strict(f func(v []value) value, args ...generated) func(map[string]value) value {
	return func(row map[string]value) value {
		var vs []value
		missing := false
		for _, a := range args {
			v := a.at(row)
			if _, bad := v.(failed); bad {
				return v
			}
			missing = missing || v == nil
			vs = append(vs, v)
		}
		if missing {
			return nil
		}
		return f(vs)
	}
}

func (g *generator) column(names ...string) generated {
	name := names[g.pick("column", len(names))]
	return generated{name, func(row map[string]value) value { return row[name] }}
}

func (g *generator) int() generated {
	if g.depth > 3 {
		if g.pick("leaf", 2) == 0 {
			return g.column("a", "b")
		}
		v := rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 100, math.MaxInt64, 1 << 40}).Draw(g.T, "constant")
		return generated{fmt.Sprint(v), func(map[string]value) value { return v }}
	}
	return g.deeper(func() generated {
		switch g.pick("int", 6) {
		case 0:
			x, y := g.int(), g.int()
			op := rapid.SampledFrom([]string{"+", "-", "*", "//", "%"}).Draw(g.T, "op")
			return generated{"(" + x.text + " " + op + " " + y.text + ")", strict(func(v []value) value { return wholeOp(op, v[0].(int64), v[1].(int64)) }, x, y)}
		case 1:
			return g.choice(g.int)
		case 2:
			x := g.text()
			return generated{"length(" + x.text + ")", strict(func(v []value) value { return int64(len([]rune(v[0].(string)))) }, x)}
		case 3:
			x := g.int()
			return generated{"try(" + x.text + ")", func(row map[string]value) value {
				if v := x.at(row); v != (value)(failed{}) {
					return v
				}
				return nil
			}}
		case 4:
			x := g.int()
			return generated{"abs(" + x.text + ")", strict(func(v []value) value {
				if i := v[0].(int64); i == math.MinInt64 {
					return failed{}
				} else {
					return max(i, -i)
				}
			}, x)}
		}
		return g.column("a", "b")
	})
}

// wholeOp computes with integers of any size, and sees whether the result fits.
func wholeOp(op string, x, y int64) value {
	a, b, r := big.NewInt(x), big.NewInt(y), new(big.Int)
	switch op {
	case "+":
		r.Add(a, b)
	case "-":
		r.Sub(a, b)
	case "*":
		r.Mul(a, b)
	default:
		if y == 0 {
			return nil
		}
		m := new(big.Int)
		r.DivMod(a, b, m) // whose rest is never below 0
		if y < 0 && m.Sign() != 0 {
			r.Sub(r, big.NewInt(1))
			m.Add(m, b)
		}
		if op == "%" {
			r = m
		}
	}
	if !r.IsInt64() {
		return failed{}
	}
	return r.Int64()
}

func (g *generator) float() generated {
	if g.depth > 3 {
		return g.column("x", "y")
	}
	return g.deeper(func() generated {
		switch g.pick("float", 5) {
		case 0:
			x, y := g.number(), g.float()
			op := rapid.SampledFrom([]string{"+", "-", "*", "/"}).Draw(g.T, "op")
			return generated{"(" + x.text + " " + op + " " + y.text + ")", strict(func(v []value) value { return realOp(op, real(v[0]), real(v[1])) }, x, y)}
		case 1:
			return g.choice(g.float)
		case 2:
			x := g.number()
			return generated{"sqrt(" + x.text + ")", strict(func(v []value) value { return defined(math.Sqrt(real(v[0])), real(v[0])) }, x)}
		case 3:
			x := g.int()
			return generated{"float64(" + x.text + ")", strict(func(v []value) value { return real(v[0]) }, x)}
		}
		return g.column("x", "y")
	})
}

func (g *generator) number() generated {
	if g.pick("number", 2) == 0 {
		return g.int()
	}
	return g.float()
}

func real(v value) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v.(float64)
}

// defined is missing where there is no result of numbers.
func defined(v float64, of ...float64) value {
	if math.IsNaN(v) {
		return nil
	}
	if math.IsInf(v, 0) {
		for _, x := range of {
			if math.IsInf(x, 0) {
				return v
			}
		}
		return nil
	}
	return v
}

func realOp(op string, x, y float64) value {
	switch op {
	case "+":
		return defined(x+y, x, y)
	case "-":
		return defined(x-y, x, y)
	case "*":
		return defined(x*y, x, y)
	}
	return defined(x/y, x, y)
}

func (g *generator) text() generated {
	if g.depth > 3 {
		return g.column("s", "t")
	}
	return g.deeper(func() generated {
		switch g.pick("text", 5) {
		case 0:
			x, y := g.text(), g.text()
			return generated{"concat(" + x.text + ", " + y.text + ")", strict(func(v []value) value { return v[0].(string) + v[1].(string) }, x, y)}
		case 1:
			return g.choice(g.text)
		case 2:
			x := g.text()
			return generated{"upper(" + x.text + ")", strict(func(v []value) value { return strings.ToUpper(v[0].(string)) }, x)}
		case 3:
			x := g.int()
			return generated{"string(" + x.text + ")", strict(func(v []value) value { return strconv.FormatInt(v[0].(int64), 10) }, x)}
		}
		return g.column("s", "t")
	})
}

func (g *generator) bool() generated {
	if g.depth > 3 {
		return g.column("p", "q")
	}
	return g.deeper(func() generated {
		switch g.pick("bool", 8) {
		case 0, 1:
			x, y := g.bool(), g.bool()
			if g.pick("and", 2) == 0 {
				return generated{"(" + x.text + " and " + y.text + ")", decided(x, y, false)}
			}
			return generated{"(" + x.text + " or " + y.text + ")", decided(x, y, true)}
		case 2:
			x := g.bool()
			return generated{"(not " + x.text + ")", strict(func(v []value) value { return !v[0].(bool) }, x)}
		case 3:
			x, y := g.int(), g.int()
			return g.compare(x, y, func(a, b value) int { return cmp.Compare(a.(int64), b.(int64)) })
		case 4:
			x, y := g.number(), g.float()
			return g.compare(x, y, func(a, b value) int { return cmp.Compare(real(a), real(b)) })
		case 5:
			x, y := g.text(), g.text()
			return g.compare(x, y, func(a, b value) int { return strings.Compare(a.(string), b.(string)) })
		case 6:
			x := g.number()
			return generated{"is_missing(" + x.text + ")", func(row map[string]value) value {
				v := x.at(row)
				if _, bad := v.(failed); bad {
					return v
				}
				return v == nil
			}}
		}
		x := g.int()
		return generated{"(" + x.text + " in [1, 2, 100])", strict(func(v []value) value { i := v[0].(int64); return i == 1 || i == 2 || i == 100 }, x)}
	})
}

// decided is `and` or `or`: the right side counts where the left one leaves it open.
func decided(x, y generated, by bool) func(map[string]value) value {
	return func(row map[string]value) value {
		a := x.at(row)
		if _, bad := a.(failed); bad || a == (value)(by) {
			return a
		}
		b := y.at(row)
		if _, bad := b.(failed); bad || b == (value)(by) || a != nil {
			return b
		}
		return nil
	}
}

func (g *generator) compare(x, y generated, order func(a, b value) int) generated {
	op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(g.T, "op")
	return generated{"(" + x.text + " " + op + " " + y.text + ")", strict(func(v []value) value {
		o := order(v[0], v[1])
		return map[string]bool{"==": o == 0, "!=": o != 0, "<": o < 0, "<=": o <= 0, ">": o > 0, ">=": o >= 0}[op]
	}, x, y)}
}

// choice is an if, case or coalesce of values of a type.
func (g *generator) choice(of func() generated) generated {
	x, y := of(), of()
	switch g.pick("choice", 4) {
	case 0:
		return generated{"(" + x.text + " ?? " + y.text + ")", func(row map[string]value) value {
			if v := x.at(row); v != nil {
				return v
			}
			return y.at(row)
		}}
	case 1:
		c := g.bool()
		return generated{"if(" + c.text + ", " + x.text + ")", picked([]generated{c, x})}
	case 2:
		c, d, z := g.bool(), g.bool(), of()
		return generated{"case(" + c.text + ", " + x.text + ", " + d.text + ", " + y.text + ", " + z.text + ")", picked([]generated{c, x, d, y, z})}
	}
	c := g.bool()
	return generated{"if(" + c.text + ", " + x.text + ", " + y.text + ")", picked([]generated{c, x, y})}
}

func picked(args []generated) func(map[string]value) value {
	return func(row map[string]value) value {
		for i := 0; i+1 < len(args); i += 2 {
			c := args[i].at(row)
			if _, bad := c.(failed); bad {
				return c
			}
			if c == true {
				return args[i+1].at(row)
			}
		}
		if len(args)%2 == 1 {
			return args[len(args)-1].at(row)
		}
		return nil
	}
}

// rows draws a table whose rows are also maps.
func rows(t *rapid.T) (*arrow.Schema, []arrow.Array, []map[string]value) {
	n := rapid.SampledFrom([]int{1, 3, 63, 64, 65, 130, 1024, 1030, 2100}).Draw(t, "rows")
	seed := rapid.Uint64().Draw(t, "seed")
	next := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
	list := make([]map[string]value, n)
	for i := range list {
		list[i] = map[string]value{}
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	column := func(name string, arr arrow.Array) {
		fields = append(fields, arrow.Field{Name: name, Type: arr.DataType()})
		arrays = append(arrays, arr)
	}
	ints := []int64{0, 1, -1, 2, -3, 7, 100, math.MaxInt64, math.MinInt64, 1 << 33}
	floats := []float64{0, 1, -1, 0.5, -2.25, 3, 100, 1e308, -1e308, math.Inf(1), math.NaN(), 1e-300}
	texts := []string{"", "a", "b", "Zoë", "ab", "12"}
	for k, name := range []string{"a", "b", "x", "y", "s", "t", "p", "q"} {
		missing := k%2 == 0
		valid := make([]bool, n)
		is, fs, ss, bs := make([]int64, n), make([]float64, n), make([]string, n), make([]bool, n)
		for i := range n {
			valid[i] = !missing || next(4) > 0
			is[i], fs[i], ss[i], bs[i] = ints[next(len(ints))], floats[next(len(floats))], texts[next(len(texts))], next(2) == 0
			var v value
			switch k / 2 {
			case 0:
				v = is[i]
			case 1:
				if v = fs[i]; math.IsNaN(fs[i]) {
					v = nil
				}
			case 2:
				v = ss[i]
			case 3:
				v = bs[i]
			}
			if valid[i] {
				list[i][name] = v
			}
		}
		switch k / 2 {
		case 0:
			column(name, table.NewArray(is, valid))
		case 1:
			column(name, table.NewArray(fs, valid))
		case 2:
			column(name, table.NewArray(ss, valid))
		case 3:
			column(name, table.NewArray(bs, valid))
		}
	}
	return arrow.NewSchema(fields, nil), arrays, list
}

// The fast evaluation gives what the slow one does, whatever the expression, and
// wherever the rows are cut.
func TestEvaluationIsTheSlowOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schema, columns, list := rows(t)
		g := &generator{T: t}
		e := []func() generated{g.int, g.float, g.text, g.bool}[g.pick("type", 4)]()
		var want []string
		firstBad := -1
		for i, row := range list {
			switch v := e.at(row).(type) {
			case nil:
				want = append(want, "·")
			case failed:
				if firstBad < 0 {
					firstBad = i
				}
				want = append(want, "error")
			default:
				want = append(want, asText(v))
			}
		}
		got, _, _, err := evaluate(e.text, schema, columns)
		var row *expr.RowError
		if errors.As(err, &row) {
			if row.Row != int64(firstBad) {
				t.Fatalf("%s: %v, wanted the first error in row %d", e.text, err, firstBad+1)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", e.text, err)
		}
		if firstBad >= 0 {
			t.Fatalf("%s: no error, wanted one in row %d", e.text, firstBad+1)
		}
		for i := range want {
			if got[i] == "NaN" { // a column that is passed on as it is
				got[i] = "·"
			}
			if got[i] != want[i] {
				t.Fatalf("%s: row %d %v\n got %s\nwant %s", e.text, i, list[i], got[i], want[i])
			}
		}
		from := rapid.IntRange(0, len(list)-1).Draw(t, "from")
		var cut []arrow.Array
		for _, c := range columns {
			cut = append(cut, slice(c, from, len(list)))
		}
		part, _, _, err := evaluate(e.text, schema, cut)
		if err != nil || strings.ReplaceAll(strings.Join(part, "|"), "NaN", "·") != strings.Join(got[from:], "|") {
			t.Fatalf("%s: from row %d on: %v", e.text, from, err)
		}
	})
}

func asText(v value) string {
	var arr arrow.Array
	switch v := v.(type) {
	case int64:
		arr = table.NewArray([]int64{v}, nil)
	case float64:
		arr = table.NewArray([]float64{v}, nil)
	case string:
		arr = table.NewArray([]string{v}, nil)
	case bool:
		arr = table.NewArray([]bool{v}, nil)
	}
	texts, _, err := table.Texts(arr)
	if err != nil {
		panic(err)
	}
	return texts[0]
}
