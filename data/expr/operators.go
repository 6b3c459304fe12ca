package expr

import (
	"cmp"
	"math"
	"math/bits"

	"pipe/base/calendar"
	"pipe/base/exact"
)

// operators are the signs and words between and before values.
func operators() []function {
	binary := func(name string, check func(*checker, *part) error) function {
		return function{name: name, usage: "a " + name + " b", least: 2, most: 2, check: check}
	}
	list := []function{
		binary("+", checkSum), binary("-", checkSum),
		binary("*", arithmetic(mulInt, func(x, y, out []float64) {
			y, out = y[:len(x)], out[:len(x)]
			for i, a := range x {
				out[i] = a * y[i]
			}
		})),
		binary("/", arithmetic(nil, func(x, y, out []float64) {
			y, out = y[:len(x)], out[:len(x)]
			for i, a := range x {
				out[i] = a / y[i]
			}
		})),
		binary("//", arithmetic(floorDivInt, func(x, y, out []float64) {
			y, out = y[:len(x)], out[:len(x)]
			for i, a := range x {
				out[i] = floorDiv(a, y[i])
			}
		})),
		binary("%", arithmetic(modInt, func(x, y, out []float64) {
			y, out = y[:len(x)], out[:len(x)]
			for i, a := range x {
				out[i] = mod(a, y[i])
			}
		})),
		binary("**", checkPower),
		{name: "neg", usage: "-x", least: 1, most: 1, check: checkNegative},
		binary("and", logic(true)), binary("or", logic(false)),
		{name: "not", usage: "not x", least: 1, most: 1, check: strictly(Bool, not, aBool)},
		{name: "in", usage: "x in [1, 2]", least: 2, most: -1, check: checkIn},
		binary("??", checkCoalesce),
	}
	for _, name := range []string{"==", "!=", "<", "<=", ">", ">="} {
		list = append(list, binary(name, checkComparison))
	}
	return list
}

// arithmetic checks an operator of numbers: of two integers it is the kernel of
// those, if there is one, and of others that of floats.
func arithmetic(whole kernel, real func(x, y, out []float64)) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		for i := range p.args {
			if err := c.wantNumber(p, i); err != nil {
				return err
			}
		}
		return numeric(c, p, whole, real)
	}
}

// numeric is arithmetic of arguments that are known to be numbers.
func numeric(c *checker, p *part, whole kernel, real func(x, y, out []float64)) error {
	a, b := p.args[0].kind, p.args[1].kind
	switch {
	case whole != nil && (a == Unknown || b == Unknown) && a != Float && b != Float:
		return nil // a whole number or not, nobody knows yet
	case whole != nil && a != Float && b != Float:
		c.convert(p, 0, Int)
		c.convert(p, 1, Int)
		p.kind, p.run = Int, whole
		return nil
	}
	c.convert(p, 0, Float)
	c.convert(p, 1, Float)
	p.kind, p.finds, p.run = Float, true, func(m *machine, p *part, in []*vec, out *vec) {
		real(in[0].f, in[1].f, out.f)
		m.finite(p, in, out)
	}
	return nil
}

// checkSum is + and -, which days can be counted with, too.
func checkSum(c *checker, p *part) error {
	a, b := p.args[0], p.args[1]
	whole := b.kind == Int || b.kind == Uint
	switch {
	case a.kind == Date && whole:
		if err := c.whole(p, 1); err != nil {
			return err
		}
		p.kind, p.run = Date, addInt(p.name == "-", true)
		return nil
	case p.name == "+" && b.kind == Date && (a.kind == Int || a.kind == Uint):
		if err := c.whole(p, 0); err != nil {
			return err
		}
		p.kind, p.run = Date, addInt(false, true)
		return nil
	case p.name == "-" && (a.kind == Date || b.kind == Date):
		k, err := c.common(p, "the sides of -", 0, 1)
		if err != nil {
			return err
		}
		if k == Date {
			p.kind, p.run = Int, addInt(true, false)
		}
		return nil
	case p.name == "+" && a.kind == Text && b.kind == Text:
		return errorAt(p.at, "write concat(a, b)", "texts are not added")
	case isMoment(a.kind) || isMoment(b.kind):
		return errorAt(p.at, `write seconds_between(a, b), date_diff("day", a, b) or date_add("hour", 2, a)`, "%s does not take %s and %s", p.name, a.kind, b.kind)
	case a.kind == Unknown || b.kind == Unknown:
		known := a
		if a.kind == Unknown {
			known = b
		}
		if known.kind == Unknown || known.kind == Missing || known.kind.numeric() || known.kind == Date || p.name == "-" && known.value != nil {
			if known.kind == Float {
				p.kind = Float
			}
			return nil
		}
	}
	for i := range p.args {
		if err := c.wantNumber(p, i); err != nil {
			return err
		}
	}
	if p.name == "-" {
		return numeric(c, p, addInt(true, false), func(x, y, out []float64) {
			y, out = y[:len(x)], out[:len(x)]
			for i, a := range x {
				out[i] = a - y[i]
			}
		})
	}
	return numeric(c, p, addInt(false, false), func(x, y, out []float64) {
		y, out = y[:len(x)], out[:len(x)]
		for i, a := range x {
			out[i] = a + y[i]
		}
	})
}

const (
	beyond     = "is beyond int64"
	beyondTodo = "float64(x) of one side makes it a decimal number"
)

// addInt adds or subtracts, and finds what does not fit into an int64 or, of days,
// into a date.
func addInt(subtract, days bool) kernel {
	return func(m *machine, p *part, in []*vec, out *vec) {
		x := in[0].i
		y, sum := in[1].i[:len(x)], out.i[:len(x)]
		var wrong int64
		if subtract {
			for i, a := range x {
				b := y[i]
				r := a - b
				sum[i] = r
				wrong |= (a ^ b) & (a ^ r)
			}
		} else {
			for i, a := range x {
				b := y[i]
				r := a + b
				sum[i] = r
				wrong |= (a ^ r) & (b ^ r)
			}
		}
		if wrong >= 0 && !days {
			return
		}
		for i, a := range x {
			b, r := y[i], sum[i]
			over := (a^r)&(b^r) < 0
			if subtract {
				over = (a^b)&(a^r) < 0
			}
			if over && !days {
				m.reject(p, in, out, i, beyond, beyondTodo)
			} else if days && (over || r < calendar.FirstDay || r > calendar.LastDay) {
				m.reject(p, in, out, i, beyondYears, beyondYearsTodo)
			}
		}
	}
}

func mulInt(m *machine, p *part, in []*vec, out *vec) {
	x := in[0].i
	y, product := in[1].i[:len(x)], out.i[:len(x)]
	wrong := false
	over := func(a, b int64) bool {
		hi, lo := bits.Mul64(uint64(a), uint64(b))
		high := int64(hi) - a>>63&b - b>>63&a
		return high != int64(lo)>>63
	}
	for i, a := range x {
		b := y[i]
		product[i] = a * b
		wrong = wrong || over(a, b)
	}
	if !wrong {
		return
	}
	for i, a := range x {
		if over(a, y[i]) {
			m.reject(p, in, out, i, beyond, beyondTodo)
		}
	}
}

func floorDivInt(m *machine, p *part, in []*vec, out *vec) {
	for i, a := range in[0].i {
		b := in[1].i[i]
		switch {
		case b == 0:
			m.undefined(p, in, out, i)
		case b == -1:
			if out.i[i] = -a; a == math.MinInt64 {
				m.reject(p, in, out, i, beyond, beyondTodo)
			}
		default:
			q := a / b
			if a%b != 0 && (a < 0) != (b < 0) {
				q--
			}
			out.i[i] = q
		}
	}
}

func modInt(m *machine, p *part, in []*vec, out *vec) {
	for i, a := range in[0].i {
		b := in[1].i[i]
		switch b {
		case 0:
			m.undefined(p, in, out, i)
		case -1:
			out.i[i] = 0
		default:
			r := a % b
			if r != 0 && (r < 0) != (b < 0) {
				r += b
			}
			out.i[i] = r
		}
	}
}

// mod has the sign of the divisor, as in Python, R and Polars.
func mod(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	r := math.Mod(a, b)
	if r == 0 {
		return math.Copysign(0, b)
	}
	if (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// floorDiv goes with mod: a is b times it and mod.
func floorDiv(a, b float64) float64 {
	if b == 0 || math.IsInf(a, 0) {
		return math.NaN()
	}
	r := math.Mod(a, b)
	q := (a - r) / b
	if r != 0 && (r < 0) != (b < 0) {
		q--
	}
	if q == 0 {
		return math.Copysign(0, a/b)
	}
	f := math.Floor(q)
	if q-f > 0.5 {
		f++
	}
	return f
}

// finite makes missing what is no number, and what is infinite though no operand
// was.
func (m *machine) finite(p *part, in []*vec, out *vec) {
	if finite(out.f) {
		return
	}
	for i, x := range out.f {
		if x-x == 0 {
			continue
		}
		carried, missing := false, false
		for k, v := range in {
			if p.args[k].kind == Float {
				carried = carried || math.IsInf(v.f[i], 0)
				missing = missing || v.f[i] != v.f[i]
			}
		}
		switch {
		case missing:
			out.drop(i, m.n)
		case x != x || !carried:
			m.undefined(p, in, out, i)
		}
	}
}

// checkPower has short ways for the powers that are written most.
func checkPower(c *checker, p *part) error {
	for i := range p.args {
		if err := c.float(p, i); err != nil {
			return err
		}
	}
	power := func(x, y, out []float64) {
		y, out = y[:len(x)], out[:len(x)]
		for i, a := range x {
			out[i] = exact.Pow(a, y[i])
		}
	}
	if l := p.args[1].value; l != nil && l.f == 2 {
		p.finds = true // of NaN ** 0 it would make 1
		power = func(x, _, out []float64) {
			out = out[:len(x)]
			for i, a := range x {
				out[i] = a * a
			}
		}
	}
	p.kind, p.run = Float, func(m *machine, p *part, in []*vec, out *vec) {
		power(in[0].f, in[1].f, out.f)
		m.finite(p, in, out)
	}
	return nil
}

func checkNegative(c *checker, p *part) error {
	if err := c.wantNumber(p, 0); err != nil {
		return err
	}
	switch p.args[0].kind {
	case Float:
		p.kind, p.run = Float, func(_ *machine, _ *part, in []*vec, out *vec) {
			for i, x := range in[0].f {
				out.f[i] = -x
			}
		}
	case Int, Uint:
		c.convert(p, 0, Int)
		p.kind, p.run = Int, negateInt
	}
	return nil
}

func negateInt(m *machine, p *part, in []*vec, out *vec) {
	for i, x := range in[0].i {
		if out.i[i] = -x; x == math.MinInt64 {
			m.reject(p, in, out, i, beyond, beyondTodo)
		}
	}
}

// checkComparison gives two values one kind.
func checkComparison(c *checker, p *part) error {
	for _, a := range p.args {
		if a.kind == Missing {
			return errorAt(a.at, "write is_missing(x)", "what is compared with missing is missing")
		}
	}
	if a, b := p.args[0], p.args[1]; a.value != nil && b.value != nil && a.kind == b.kind && (c.namesColumn(a) || c.namesColumn(b)) {
		return c.meaning(errorAt(a.at, "", "both sides of %s are texts, so that it is the same in all rows", p.name), b, a)
	}
	p.takeUnsigned()
	if p.wholes() {
		p.kind, p.run = Bool, mixedComparison(p)
		return nil
	}
	k, err := c.common(p, "the sides of "+p.name, 0, 1)
	if err != nil {
		return err
	}
	p.kind = Bool
	ordered := p.name != "==" && p.name != "!="
	switch {
	case k == Bool && ordered:
		return errorAt(p.at, "write x and not y", "true and false have no order")
	case k == Bool:
		unequal := p.name == "!="
		p.run = func(m *machine, p *part, in []*vec, out *vec) {
			for w := range out.b {
				out.b[w] = in[0].b[w] ^ in[1].b[w]
			}
			if !unequal {
				out.b.negate(m.n)
			}
			out.clearMissing()
		}
	case k == Float:
		p.run = comparison(p.name, func(v *vec) []float64 { return v.f })
	case k == Text:
		p.run = comparison(p.name, func(v *vec) []string { return v.s })
	case k == Uint:
		p.run = comparison(p.name, func(v *vec) []uint64 { return unsigned(v.i) })
	case k.whole():
		p.run = comparison(p.name, func(v *vec) []int64 { return v.i })
	}
	return nil
}

// negate makes true what is false.
func (b bitset) negate(rows int) {
	for w := range b {
		b[w] = ^b[w]
	}
	if tail := rows % 64; tail > 0 {
		b[len(b)-1] &= 1<<tail - 1
	}
}

// comparison compares values of a type. There are three loops for six operators.
func comparison[T cmp.Ordered](name string, of func(*vec) []T) kernel {
	swapped := name == ">" || name == "<="
	negated := name == "!=" || name == ">=" || name == "<="
	less := name != "==" && name != "!="
	return func(m *machine, _ *part, in []*vec, out *vec) {
		x, y := of(in[0]), of(in[1])
		if swapped {
			x, y = y, x
		}
		for w := range out.b {
			from, to := w*64, min(w*64+64, m.n)
			if less {
				out.b[w] = lessBits(x[from:to], y[from:to])
			} else {
				out.b[w] = equalBits(x[from:to], y[from:to])
			}
		}
		if negated {
			out.b.negate(m.n)
		}
		out.clearMissing()
	}
}

func lessBits[T cmp.Ordered](x, y []T) (word uint64) {
	y = y[:len(x)]
	for i := range x {
		var bit uint64
		if x[i] < y[i] {
			bit = 1
		}
		word |= bit << i
	}
	return word
}

func equalBits[T cmp.Ordered](x, y []T) (word uint64) {
	y = y[:len(x)]
	for i := range x {
		var bit uint64
		if x[i] == y[i] {
			bit = 1
		}
		word |= bit << i
	}
	return word
}
