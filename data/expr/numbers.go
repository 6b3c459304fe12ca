package expr

import (
	"math"

	"pipe/base/exact"
)

// numbers are functions of numbers. Those of analysis are from package exact, so
// that they give the same bits on every machine.
func numbers() []function {
	real := func(name, doc string, f func(float64) float64) function {
		return function{name: name, doc: doc, least: 1, most: 1, check: strictly(Float, mapFloat(f), aFloat)}
	}
	return []function{
		{name: "abs", doc: "The value without its sign.", least: 1, most: 1, check: keepNumber(math.Abs, func(x int64) int64 { return max(x, -x) }, true)},
		{name: "sign", doc: "-1, 0 or 1.", least: 1, most: 1, check: keepNumber(sign, func(x int64) int64 { return int64(sign(float64(x))) }, false)},
		{name: "floor", doc: "The greatest whole number that is not above the value. It stays a decimal number: `int64(floor(x))`.", least: 1, most: 1, check: keepNumber(math.Floor, same64, false)},
		{name: "ceil", doc: "The least whole number that is not below the value.", least: 1, most: 1, check: keepNumber(math.Ceil, same64, false)},
		{name: "trunc", doc: "The value without what is behind the point.", least: 1, most: 1, check: keepNumber(math.Trunc, same64, false)},
		{name: "round", usage: "round(x, digits)", doc: "The nearest value with so many digits behind the point, 0 if none are given; with digits below 0, as in `round(x, -3)`, a decimal number. Of two equally near the even one, as NumPy has it.", least: 1, most: 2, check: checkRound},
		{name: "clip", usage: "clip(x, low, high)", doc: "`low` where the value is below it, `high` where it is above it, else the value.", least: 3, most: 3, check: checkClip},
		real("sqrt", "The square root; missing below 0.", math.Sqrt),
		real("exp", "e to the power of the value.", exact.ExpUlp),
		real("log", "The natural logarithm; missing of 0 and below.", exact.Log),
		real("log1p", "`log(1 + x)`, exact for small values.", exact.Log1p),
		real("log2", "The logarithm of base 2.", exact.Log2),
		real("log10", "The logarithm of base 10.", exact.Log10),
		{name: "pow", usage: "pow(x, y)", doc: "`x ** y`, a decimal number.", least: 2, most: 2, check: checkPower},
		real("sin", "The sine of an angle in radians.", exact.Sin),
		real("cos", "The cosine.", exact.Cos),
		real("tan", "The tangent.", exact.Tan),
		real("asin", "The arcsine; missing beyond 1.", exact.Asin),
		real("acos", "The arccosine; missing beyond 1.", exact.Acos),
		real("atan", "The arctangent.", exact.Atan),
		{name: "atan2", usage: "atan2(y, x)", doc: "The angle of the point (x, y), from -pi to pi.", least: 2, most: 2, check: strictly(Float, atan2, aFloat)},
		real("radians", "Degrees as radians.", func(x float64) float64 { return x * (math.Pi / 180) }),
		real("degrees", "Radians as degrees.", func(x float64) float64 { return x * (180 / math.Pi) }),
	}
}

// mapFloat applies a function to each value.
func mapFloat(f func(float64) float64) kernel {
	return func(m *machine, p *part, in []*vec, out *vec) {
		for i, x := range in[0].f {
			out.f[i] = f(x)
		}
		m.finite(p, in, out)
	}
}

func atan2(m *machine, p *part, in []*vec, out *vec) {
	for i, y := range in[0].f {
		out.f[i] = exact.Atan2(y, in[1].f[i])
	}
	m.finite(p, in, out)
}

func same64(x int64) int64 { return x }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// keepNumber is a function of whole numbers that gives whole ones, and of decimal
// ones that gives decimal ones. signed says that there is no result of the least
// integer.
func keepNumber(real func(float64) float64, whole func(int64) int64, signed bool) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		if err := c.wantNumber(p, 0); err != nil {
			return err
		}
		switch p.args[0].kind {
		case Float:
			p.kind, p.run = Float, mapFloat(real)
		case Int, Uint:
			c.convert(p, 0, Int)
			p.kind, p.run = Int, func(m *machine, p *part, in []*vec, out *vec) {
				for i, x := range in[0].i {
					if out.i[i] = whole(x); signed && x == math.MinInt64 {
						m.reject(p, in, out, i, beyond, beyondTodo)
					}
				}
			}
		}
		return nil
	}
}

// checkRound rounds to digits, as NumPy does: times the power of ten, to the
// nearest whole number, and back.
func checkRound(c *checker, p *part) error {
	digits := int64(0)
	if len(p.args) == 2 {
		var err error
		if digits, err = c.literalInt(p, 1, -15, 15); err != nil {
			return err
		}
	}
	k := p.args[0].kind
	p.args = p.args[:1]
	if k == Int && digits >= 0 {
		return keepNumber(nil, same64, false)(c, p)
	}
	if k == Unknown {
		return nil
	}
	power := math.Pow10(int(max(digits, -digits)))
	return strictly(Float, mapFloat(func(x float64) float64 {
		var y float64
		switch {
		case digits == 0:
			return math.RoundToEven(x)
		case digits > 0:
			y = math.RoundToEven(x*power) / power
		default:
			y = math.RoundToEven(x/power) * power
		}
		if math.IsInf(y, 0) || y != y {
			return x // so large that all digits are before the point
		}
		return y
	}), aFloat)(c, p)
}

func checkClip(c *checker, p *part) error {
	all := everything(p)
	k, err := c.common(p, "the values of clip", all...)
	if err != nil {
		return err
	}
	p.keepType(k, all)
	switch k {
	case Unknown:
	case Float:
		p.run = func(_ *machine, _ *part, in []*vec, out *vec) {
			for i, x := range in[0].f {
				out.f[i] = min(max(x, in[1].f[i]), in[2].f[i])
			}
		}
	case Int, Date, Timestamp, TimestampNs, Time, TimeNs:
		p.run = func(_ *machine, _ *part, in []*vec, out *vec) {
			for i, x := range in[0].i {
				out.i[i] = min(max(x, in[1].i[i]), in[2].i[i])
			}
		}
	default:
		return misfit(p, 0, "numbers, dates or times")
	}
	return nil
}
