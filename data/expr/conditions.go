package expr

import (
	"cmp"
	"math"

	"pipe/base/diag"
)

// conditions are what chooses, and what knows missing values.
func conditions() []function {
	return []function{
		{name: "if", usage: "if(condition, value, other)", doc: "`value` where the condition is true, else `other`: also where the condition is missing. Without `other` it is missing there.", least: 2, most: 3, check: checkCase},
		{name: "case", usage: "case(condition, value, ..., other)", doc: "The value behind the first condition that is true, else `other`, or missing without it.", least: 2, most: -1, check: checkCase},
		{name: "coalesce", usage: "coalesce(x, y, ...)", doc: "The first value that is not missing. `x ?? y` is the same.", least: 1, most: -1, check: checkCoalesce},
		{name: "is_missing", doc: "Whether the value is missing.", least: 1, most: 1, check: checkMissing},
		{name: "try", usage: "try(x)", doc: "`x`, and missing where it would be an error: `try(int64(code))`. What becomes missing is counted.", least: 1, most: 1, check: checkTry},
		{name: "between", usage: "between(x, low, high)", doc: "Whether `x` is at least `low` and at most `high`; missing if one of them is.", least: 3, most: 3, check: checkBetween},
		{name: "min", usage: "min(x, y, ...)", doc: "The least of the values; missing if one is.", least: 2, most: -1, check: extreme(true)},
		{name: "max", usage: "max(x, y, ...)", doc: "The greatest of the values; missing if one is.", least: 2, most: -1, check: extreme(false)},
		{name: "hash", usage: "hash(x, buckets)", doc: "A whole number from 0 to buckets - 1, always the same for a value, and evenly spread. Whole and decimal numbers are different values: 1 and 1.0.", least: 2, most: 2, check: checkHash},
	}
}

// logic is `and`, or `or` as `not (not a and not b)`. The right side counts only
// where the left one does not decide.
func logic(and bool) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		for i := range p.args {
			if err := c.wantBool(p, i); err != nil {
				return err
			}
		}
		p.kind, p.lazy = Bool, func(m *machine, p *part, mask bitset) *vec { return m.logic(p, mask, and) }
		return nil
	}
}

func (m *machine) logic(p *part, mask bitset, and bool) *vec {
	out := &m.regs[p.reg]
	words := words64(m.n)
	open := m.masks[p.reg][0][:words]
	open.fill(m.n)
	if mask != nil {
		copy(open, mask)
	}
	left := m.eval(p.args[0], mask)
	for w := range open { // without the rows that the left side decides
		known := ^uint64(0)
		if left.valid != nil {
			known = left.valid[w]
		}
		if and {
			open[w] &^= known &^ left.b[w]
		} else {
			open[w] &^= left.b[w]
		}
	}
	right := m.eval(p.args[1], open)
	out.prepare(Bool, m.n)
	if left.valid == nil && right.valid == nil {
		for w := range out.b {
			if and {
				out.b[w] = left.b[w] & right.b[w]
			} else {
				out.b[w] = left.b[w] | right.b[w]
			}
		}
		return out
	}
	valid := out.validity(m.n)
	for w := range out.b {
		known, also := ^uint64(0), ^uint64(0)
		if left.valid != nil {
			known = left.valid[w]
		}
		if right.valid != nil {
			also = right.valid[w]
		}
		a, b := left.b[w], right.b[w]
		if and {
			out.b[w] = a & b
			valid[w] &= known&also | known&^a | also&^b
		} else {
			out.b[w] = a | b
			valid[w] &= known&also | a | b
		}
	}
	return out
}

func not(m *machine, _ *part, in []*vec, out *vec) {
	copy(out.b, in[0].b)
	out.b.negate(m.n)
	out.clearMissing()
}

// checkCase is if and case: conditions and values in turn.
func checkCase(c *checker, p *part) error {
	var values []int
	for i := range p.args {
		if i%2 == 0 && i+1 < len(p.args) {
			if err := c.wantBool(p, i); err != nil {
				return err
			}
			continue
		}
		values = append(values, i)
	}
	k, err := c.common(p, "the values of "+p.name, values...)
	if err != nil {
		return err
	}
	p.keepType(k, values)
	p.lazy = (*machine).choose
	return nil
}

// keepType gives a part the type that its values have in common, such as int8.
func (p *part) keepType(k Kind, values []int) {
	p.kind, p.dtype = k, kindTypes[k]
	first := p.args[values[0]].dtype
	for _, i := range values {
		if a := p.args[i]; a.kind != k || a.value != nil || a.dtype != first {
			return
		}
	}
	if k != Unknown {
		p.dtype = first
	}
}

func (m *machine) choose(p *part, mask bitset) *vec {
	out := &m.regs[p.reg]
	words := words64(m.n)
	rest, now := m.masks[p.reg][0][:words], m.masks[p.reg][1][:words]
	rest.fill(m.n)
	if mask != nil {
		copy(rest, mask)
	}
	out.prepare(p.kind, m.n)
	if len(p.args)%2 == 0 {
		clear(out.validity(m.n))
	}
	for i := 0; i < len(p.args) && !rest.empty(); i += 2 {
		if i+1 == len(p.args) {
			out.take(p.kind, m.eval(p.args[i], rest), rest, m.n)
			break
		}
		copy(now, rest)
		condition := m.eval(p.args[i], rest)
		for w := range now {
			now[w] &= condition.b[w] // false where it is missing
			rest[w] &^= now[w]
		}
		if !now.empty() {
			out.take(p.kind, m.eval(p.args[i+1], now), now, m.n)
		}
	}
	return out
}

func checkCoalesce(c *checker, p *part) error {
	all := everything(p)
	k, err := c.common(p, "the values of "+p.name, all...)
	if err != nil {
		return err
	}
	p.keepType(k, all)
	p.lazy = func(m *machine, p *part, mask bitset) *vec {
		out := &m.regs[p.reg]
		rest, now := m.masks[p.reg][0][:words64(m.n)], m.masks[p.reg][1][:words64(m.n)]
		rest.fill(m.n)
		if mask != nil {
			copy(rest, mask)
		}
		out.prepare(p.kind, m.n)
		clear(out.validity(m.n))
		for _, a := range p.args {
			if rest.empty() {
				break
			}
			v := m.eval(a, rest)
			copy(now, rest)
			for w := range now {
				if v.valid != nil {
					now[w] &= v.valid[w]
				}
				rest[w] &^= now[w]
			}
			out.take(p.kind, v, now, m.n)
		}
		return out
	}
	return nil
}

func checkMissing(c *checker, p *part) error {
	p.args[0].become(Bool)
	if p.args[0].kind == Other {
		return misfit(p, 0, "a single value")
	}
	p.kind, p.lazy = Bool, func(m *machine, p *part, mask bitset) *vec {
		v, out := m.eval(p.args[0], mask), &m.regs[p.reg]
		out.prepare(Bool, m.n)
		if v.valid == nil {
			clear(out.b)
		} else {
			copy(out.b, v.valid)
			out.b.negate(m.n)
		}
		return out
	}
	return nil
}

func checkTry(_ *checker, p *part) error {
	a := p.args[0]
	if a.kind == Missing {
		return errorAt(a.at, "", "there is nothing to try")
	}
	p.kind, p.dtype = a.kind, a.dtype
	p.lazy = func(m *machine, p *part, mask bitset) *vec {
		failed, all := m.masks[p.reg][0][:words64(m.n)], m.masks[p.reg][1][:words64(m.n)]
		clear(failed)
		all.fill(m.n)
		v, out := m.eval(p.args[0], mask), &m.regs[p.reg]
		out.prepare(p.kind, m.n)
		out.take(p.kind, v, all, m.n)
		if !failed.empty() {
			for w := range out.validity(m.n) {
				out.valid[w] &^= failed[w]
			}
			if p.kind == Bool {
				out.clearMissing()
			}
		}
		return out
	}
	return nil
}

// checkBetween is x >= low and x <= high.
func checkBetween(c *checker, p *part) error {
	p.takeUnsigned()
	if p.wholes() {
		p.kind, p.run = Bool, mixedBetween(p)
		return nil
	}
	k, err := c.common(p, "the values of between", 0, 1, 2)
	if err != nil {
		return err
	}
	p.kind = Bool
	switch {
	case k == Bool:
		return misfit(p, 0, "numbers, texts, dates or times")
	case k == Float:
		p.run = between(func(v *vec) []float64 { return v.f })
	case k == Text:
		p.run = between(func(v *vec) []string { return v.s })
	case k == Uint:
		p.run = between(func(v *vec) []uint64 { return unsigned(v.i) })
	default:
		p.run = between(func(v *vec) []int64 { return v.i })
	}
	return nil
}

func between[T cmp.Ordered](of func(*vec) []T) kernel {
	return func(m *machine, _ *part, in []*vec, out *vec) {
		x, low, high := of(in[0]), of(in[1]), of(in[2])
		for w := range out.b {
			from, to := w*64, min(w*64+64, m.n)
			out.b[w] = lessBits(x[from:to], low[from:to]) | lessBits(high[from:to], x[from:to])
		}
		out.b.negate(m.n)
		out.clearMissing()
	}
}

// extreme is min or max.
func extreme(least bool) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		all := everything(p)
		k, err := c.common(p, "the values of "+p.name, all...)
		if err != nil {
			return err
		}
		p.keepType(k, all)
		switch {
		case k == Bool:
			return misfit(p, 0, "numbers, texts, dates or times")
		case k == Float:
			p.run = fold(least, func(v *vec) []float64 { return v.f })
		case k == Text:
			p.run = fold(least, func(v *vec) []string { return v.s })
		case k == Uint:
			p.run = fold(least, func(v *vec) []uint64 { return unsigned(v.i) })
		default:
			p.run = fold(least, func(v *vec) []int64 { return v.i })
		}
		return nil
	}
}

func fold[T cmp.Ordered](least bool, of func(*vec) []T) kernel {
	return func(_ *machine, _ *part, in []*vec, out *vec) {
		to := of(out)
		copy(to, of(in[0]))
		for _, v := range in[1:] {
			for i, x := range of(v) {
				if least && x < to[i] || !least && x > to[i] {
					to[i] = x
				}
			}
		}
	}
}

// checkIn looks a value up among constants.
func checkIn(c *checker, p *part) error {
	if a := p.args[0]; c.namesColumn(a) {
		return c.meaning(errorAt(a.at, "", "%s is a text, so that it is the same in all rows", diag.Quote(a.value.s)), a)
	}
	for _, a := range p.args[1:] {
		switch {
		case a.value == nil:
			return errorAt(a.at, "write a == b or a == c", "the list of in has constants only")
		case a.value.kind == Missing:
			return errorAt(a.at, "write x in [...] or is_missing(x)", "missing is in no list")
		}
	}
	if of := p.args[0].kind; of == Int || of == Uint { // which no constant is that the other kind alone can hold
		kept := p.args[:1:1]
		for _, a := range p.args[1:] {
			switch l := a.value; {
			case (l.kind == Int || l.kind == Uint) && l.kind != of && l.i < 0:
			case (l.kind == Int || l.kind == Uint) && l.kind != of:
				a.kind, a.dtype, l.kind = of, kindTypes[of], of
				kept = append(kept, a)
			default:
				kept = append(kept, a)
			}
		}
		p.args = kept
	}
	k, err := c.common(p, "the values of in", everything(p)...)
	if err != nil || c.great != nil {
		return err
	}
	p.kind = Bool
	var list []literal
	for _, a := range p.args[1:] {
		list = append(list, *a.value)
	}
	p.args = p.args[:1]
	switch {
	case k == Bool:
		return errorAt(p.at, "write x or not x", "true and false need no list")
	case k == Float:
		p.run = lookUp(setOf(list, func(l literal) float64 { return l.f + 0 }), func(v *vec) []float64 { return v.f })
	case k == Text:
		p.run = lookUp(setOf(list, func(l literal) string { return l.s }), func(v *vec) []string { return v.s })
	default:
		p.run = lookUp(setOf(list, func(l literal) int64 { return l.i }), func(v *vec) []int64 { return v.i })
	}
	return nil
}

func setOf[T comparable](list []literal, of func(literal) T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, l := range list {
		set[of(l)] = true
	}
	return set
}

func lookUp[T comparable](set map[T]bool, of func(*vec) []T) kernel {
	return func(m *machine, _ *part, in []*vec, out *vec) {
		clear(out.b)
		for i, x := range of(in[0]) {
			if set[x] {
				out.b[i/64] |= 1 << (i % 64)
			}
		}
		out.clearMissing()
	}
}

// checkHash divides values among buckets.
func checkHash(c *checker, p *part) error {
	buckets, err := c.literalInt(p, 1, 1, math.MaxInt32)
	if err != nil {
		return err
	}
	a := p.args[0]
	a.become(Bool)
	if a.kind == Other {
		return misfit(p, 0, "a single value")
	}
	p.args = p.args[:1]
	p.kind, p.run = Int, func(m *machine, p *part, in []*vec, out *vec) {
		for i := range out.i {
			out.i[i] = int64(hashOf(p.args[0].kind, in[0], i) >> 32 * uint64(buckets) >> 32)
		}
	}
	return nil
}

// hashOf is FNV-1a of the bytes of a value, mixed once more so that all its bits
// are even. It must never change: columns are made of it.
func hashOf(k Kind, v *vec, i int) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	word := func(x uint64) {
		for range 8 {
			h = (h ^ x&0xff) * prime
			x >>= 8
		}
	}
	switch {
	case k == Text:
		s := v.s[i]
		for j := range len(s) {
			h = (h ^ uint64(s[j])) * prime
		}
	case k == Float:
		word(math.Float64bits(v.f[i] + 0)) // of both zeros the same
	case k == Bool:
		if v.b.has(i) {
			word(1)
		} else {
			word(0)
		}
	default:
		word(uint64(v.i[i]))
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
