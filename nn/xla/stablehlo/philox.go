package stablehlo

// Philox gives the random words of so many blocks of the stream of a key at a step
// (ui64), from the first on: word i of the stream is word i mod 4 of block i / 4.
// They are the numbers of package random, whatever computes them (Salmon et al.,
// "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
func (f *Func) Philox(key uint64, step Value, blocks int) [4]Value {
	fill := func(v Value) Value { return f.Fill(v, blocks) }
	u32 := func(v uint32) Value { return f.Uint(uint64(v), U32, blocks) }
	high := func(v Value) Value {
		return f.Convert(f.Binary("shift_right_logical", v, f.Uint(32, U64, v.Shape...)), U32)
	}
	a, b := f.Iota(U32, 0, blocks), u32(0)
	c, d := fill(f.Convert(step, U32)), fill(high(step))
	k0, k1 := uint32(key), uint32(key>>32)
	wide := func(m uint64, x Value) (hi, lo Value) {
		p := f.Mul(f.Uint(m, U64, blocks), f.Convert(x, U64))
		return high(p), f.Convert(p, U32)
	}
	for range 10 {
		ph, pl := wide(0xD2511F53, a)
		qh, ql := wide(0xCD9E8D57, c)
		a = f.Binary("xor", f.Binary("xor", qh, b), u32(k0))
		b = ql
		c = f.Binary("xor", f.Binary("xor", ph, d), u32(k1))
		d = pl
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return [4]Value{a, b, c, d}
}
