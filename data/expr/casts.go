package expr

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/calendar"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// casts convert between the types of tables, by their names.
func casts() []function {
	const exactly = "What cannot be converted without a loss is an error with its row, and missing inside of `try`."
	list := []function{
		{name: "string", doc: "The value as files have it.", least: 1, most: 1, check: castTo(Text, arrow.BinaryTypes.String)},
		{name: "bool", doc: "Of a text true or false, of a number 1 or 0.", least: 1, most: 1, check: castTo(Bool, arrow.FixedWidthTypes.Boolean)},
		{name: "float64", doc: "The number of a text, a whole number (beyond 2 ** 53 the nearest decimal one) or true and false. " + exactly, least: 1, most: 1, check: castTo(Float, arrow.PrimitiveTypes.Float64)},
		{name: "float32", doc: "The same, rounded to 32 bits.", least: 1, most: 1, check: castTo(Float, arrow.PrimitiveTypes.Float32)},
		{name: "int64", doc: "The whole number of a text, of a decimal number that is whole, or of true and false.", least: 1, most: 1, check: castTo(Int, arrow.PrimitiveTypes.Int64)},
	}
	for _, t := range []arrow.DataType{arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32} {
		list = append(list, function{name: table.TypeName(t), doc: "The same, if it is in the range of the type.", least: 1, most: 1, check: castTo(Int, t)})
	}
	list = append(list, function{name: "uint64", doc: "The same, of 0 and above.", least: 1, most: 1, check: castTo(Uint, arrow.PrimitiveTypes.Uint64)})
	for _, k := range []Kind{Date, Timestamp, TimestampNs, Time} {
		name := table.TypeName(kindTypes[k])
		doc := map[Kind]string{
			Date:        "The day of a timestamp, or of a text: `date(x, \"%d.%m.%Y\")` in another form than 2006-01-02.",
			Timestamp:   "The midnight of a date, the microsecond of a finer timestamp, or what a text says; a form is as for date. Without a zone it is UTC.",
			TimestampNs: "The same in nanoseconds.",
			Time:        "The time of day of a timestamp or of a text.",
		}[k]
		list = append(list, function{name: name, usage: name + "(x, 'form')", doc: doc, least: 1, most: 2, check: castTo(k, kindTypes[k])})
	}
	return list
}

// castTo checks a conversion to a type.
func castTo(to Kind, dtype arrow.DataType) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		a := p.args[0]
		a.become(to)
		p.kind, p.dtype = to, dtype
		var layout *cell.Layout
		if len(p.args) == 2 {
			text, err := c.literalText(p, 1, "a form")
			if err != nil {
				return err
			}
			if err := c.wantText(p, 0); err != nil {
				return err
			}
			l, _, err := cell.ParseLayout(text)
			if err == nil && !l.Fits(cell.TypeFor(dtype)) {
				err = errorAt(0, "", "%q does not say a %s", text, table.TypeName(dtype))
			}
			if err != nil {
				return errorAt(p.args[1].at, `%d day, %m month, %Y year, %H hour, %M minute, %S second`, "the form is wrong: %v", err)
			}
			layout = l
			p.args = p.args[:1]
		}
		if a.kind == Unknown {
			return nil
		}
		if p.run = cast(a.kind, to, dtype, layout); p.run == nil {
			return misfit(p, 0, "no such value")
		}
		return nil
	}
}

// unfit says that a value was not converted.
func (m *machine) unfit(p *part, in []*vec, out *vec, i int) {
	m.reject(p, in, out, i, "is no "+table.TypeName(p.dtype), "try("+p.name+"(x)) is missing there")
}

// cast gives the conversion of a kind, nil if there is none.
func cast(from, to Kind, dtype arrow.DataType, layout *cell.Layout) kernel {
	switch {
	case from == Other:
		return nil
	case to == Text:
		return toText
	case from == Text:
		return fromText(to, dtype, layout)
	case to == Float && from.numeric(), to == Float && from == Bool:
		return toFloat(from, dtype)
	case (to == Int || to == Uint) && (from.numeric() || from == Bool):
		return toWhole(from, to, dtype)
	case to == Bool && (from.numeric() || from == Bool):
		return toBool(from)
	case perDay(from) > 0 && perDay(to) > 0:
		return toTime(from, to)
	}
	return nil
}

// toText writes values as files have them.
func toText(m *machine, p *part, in []*vec, out *vec) {
	a := p.args[0]
	if a.kind == Text {
		copy(out.s, in[0].s)
		return
	}
	s := newSink(a.dtype, m.n)
	if err := s.add(in[0], a.kind, m.n); err != nil {
		panic(err) // of values of a fixed size it has no reason to
	}
	copy(out.s, s.texts())
}

func fromText(to Kind, dtype arrow.DataType, layout *cell.Layout) kernel {
	least, most := bounds(dtype)
	return func(m *machine, p *part, in []*vec, out *vec) {
		for i, s := range in[0].s {
			if !out.valid.has(i) {
				continue
			}
			v, ok := parseText(to, s, layout)
			switch {
			case !ok:
				m.unfit(p, in, out, i)
			case to == Float:
				f := math.Float64frombits(uint64(v))
				if dtype.ID() == arrow.FLOAT32 {
					if f = float64(float32(f)); math.IsInf(f, 0) {
						m.unfit(p, in, out, i)
					}
				}
				out.f[i] = f
			case to == Bool:
				if v != 0 {
					out.b[i/64] |= 1 << (i % 64)
				}
			default:
				if out.i[i] = v; to == Int && (v < least || v > most) {
					m.unfit(p, in, out, i)
				}
			}
		}
	}
}

// parseText reads a text as a file is read: a float64 as its bits.
func parseText(to Kind, text string, layout *cell.Layout) (int64, bool) {
	text = strings.Trim(text, " \t")
	if to == Uint {
		v, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64)
		return int64(v), err == nil
	}
	nanos := int64(1)
	switch to {
	case TimeNs:
		to, nanos = Time, 1000
	case Bool:
		text = strings.ToLower(text)
	}
	t := map[Kind]cell.Type{Bool: cell.Bool, Int: cell.Int64, Float: cell.Float64, Date: cell.Date, Timestamp: cell.Timestamp, TimestampNs: cell.TimestampNs, Time: cell.Time}[to]
	v, ok := t.Parse([]byte(text), layout)
	return v * nanos, ok
}

func toFloat(from Kind, dtype arrow.DataType) kernel {
	return func(m *machine, p *part, in []*vec, out *vec) {
		switch from {
		case Float:
			copy(out.f, in[0].f)
		case Uint:
			uintToFloat(m, p, in, out)
		case Int:
			convert(out.f, in[0].i)
		case Bool:
			for i := range out.f {
				out.f[i] = 0
				if in[0].b.has(i) {
					out.f[i] = 1
				}
			}
		}
		if dtype.ID() != arrow.FLOAT32 {
			return
		}
		for i, x := range out.f {
			if out.f[i] = float64(float32(x)); math.IsInf(out.f[i], 0) && !math.IsInf(x, 0) {
				m.unfit(p, in, out, i)
			}
		}
	}
}

// bounds are the least and the greatest value of a type of integers.
func bounds(t arrow.DataType) (least, most int64) {
	switch t.ID() {
	case arrow.INT8:
		return math.MinInt8, math.MaxInt8
	case arrow.INT16:
		return math.MinInt16, math.MaxInt16
	case arrow.INT32:
		return math.MinInt32, math.MaxInt32
	case arrow.UINT8:
		return 0, math.MaxUint8
	case arrow.UINT16:
		return 0, math.MaxUint16
	case arrow.UINT32:
		return 0, math.MaxUint32
	}
	return math.MinInt64, math.MaxInt64
}

func toWhole(from, to Kind, dtype arrow.DataType) kernel {
	least, most := bounds(dtype)
	return func(m *machine, p *part, in []*vec, out *vec) {
		for i := range out.i {
			var v int64
			ok := true
			switch from {
			case Bool:
				if in[0].b.has(i) {
					v = 1
				}
			case Float:
				f := in[0].f[i]
				v, ok = wholeOf(f, to)
			case Uint:
				v = in[0].i[i]
				ok = to == Uint || v >= 0
			default:
				v = in[0].i[i]
				ok = to != Uint || v >= 0
			}
			if ok && to == Int {
				ok = v >= least && v <= most
			}
			if out.i[i] = v; !ok {
				m.unfitWhole(p, in, out, i, from)
			}
		}
	}
}

func (m *machine) unfitWhole(p *part, in []*vec, out *vec, i int, from Kind) {
	if x := 0.0; from == Float {
		if x = in[0].f[i]; x != math.Trunc(x) {
			m.reject(p, in, out, i, "is no whole number", p.name+"(round(x)), floor or ceil make one of it")
			return
		}
	}
	m.unfit(p, in, out, i)
}

// wholeOf converts a float that is a whole number.
func wholeOf(f float64, to Kind) (int64, bool) {
	switch {
	case f != math.Trunc(f):
		return 0, false
	case to == Uint:
		if f >= 0 && f < 1<<64 {
			return int64(uint64(f)), true
		}
		return 0, false
	}
	if f >= -1<<63 && f < 1<<63 {
		return int64(f), true
	}
	return 0, false
}

func toBool(from Kind) kernel {
	return func(m *machine, p *part, in []*vec, out *vec) {
		if from == Bool {
			copy(out.b, in[0].b)
			return
		}
		for i := range m.n {
			one, zero := false, false
			if from == Float {
				one, zero = in[0].f[i] == 1, in[0].f[i] == 0
			} else {
				one, zero = in[0].i[i] == 1, in[0].i[i] == 0
			}
			switch {
			case one:
				out.b[i/64] |= 1 << (i % 64)
			case !zero:
				m.unfit(p, in, out, i)
			}
		}
		out.clearMissing()
	}
}

// toTime converts between dates and times. A time of day is what a timestamp has
// of it, and a date its day; what is finer than the unit is an error.
func toTime(from, to Kind) kernel {
	per, other := perDay(from), perDay(to)
	if from == to {
		return func(_ *machine, _ *part, in []*vec, out *vec) { copy(out.i, in[0].i) }
	}
	clock := to == Time || to == TimeNs
	if clock && from == Date || (from == Time || from == TimeNs) && !clock {
		return nil
	}
	return func(m *machine, p *part, in []*vec, out *vec) {
		for i, v := range in[0].i {
			days, rest := calendar.Divide(v, per)
			if clock {
				days = 0
			}
			ok := true
			switch {
			case to == Date:
				rest = 0
				ok = days == int64(int32(days))
			case other < per:
				ok = rest%(per/other) == 0
				rest /= per / other
			default:
				rest *= other / per
			}
			if most := (math.MaxInt64 - rest) / other; days > most || days < math.MinInt64/other {
				ok = false
			}
			if out.i[i] = days*other + rest; !ok {
				m.unfit(p, in, out, i)
			}
		}
	}
}
