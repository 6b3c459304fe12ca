package expr

import (
	"cmp"
	"unsafe"
)

// takeUnsigned makes constants unsigned that are compared with a column of uint64, so
// that both are compared as such.
func (p *part) takeUnsigned() {
	unsigned := false
	for _, a := range p.args {
		switch {
		case a.kind == Uint:
			unsigned = true
		case a.kind != Int || a.value == nil || a.value.i < 0:
			return
		}
	}
	for _, a := range p.args {
		if unsigned && a.kind == Int {
			a.kind, a.dtype, a.value.kind = Uint, kindTypes[Uint], Uint
		}
	}
}

// wholes says whether some arguments are whole numbers of both kinds, signed and not, so
// that they are compared as what they are: no value is beyond the other kind then.
func (p *part) wholes() bool {
	signed, unsigned := false, false
	for _, a := range p.args {
		switch a.kind {
		case Int:
			signed = true
		case Uint:
			unsigned = true
		default:
			return false
		}
	}
	return signed && unsigned
}

// compareWhole compares two integers, each unsigned or not.
func compareWhole(x int64, kx Kind, y int64, ky Kind) int {
	switch {
	case kx == ky && kx == Int:
		return cmp.Compare(x, y)
	case kx == Int && x < 0:
		return -1
	case ky == Int && y < 0:
		return 1
	}
	return cmp.Compare(uint64(x), uint64(y))
}

// mixedComparison compares a column of uint64 with signed integers.
func mixedComparison(p *part) kernel {
	kx, ky := p.args[0].kind, p.args[1].kind
	holds := map[string][3]bool{"==": {1: true}, "!=": {0: true, 2: true}, "<": {0: true}, "<=": {0: true, 1: true}, ">": {2: true}, ">=": {1: true, 2: true}}[p.name]
	return func(_ *machine, _ *part, in []*vec, out *vec) {
		clear(out.b)
		y := in[1].i
		for i, x := range in[0].i {
			if holds[1+compareWhole(x, kx, y[i], ky)] {
				out.b[i/64] |= 1 << (i % 64)
			}
		}
		out.clearMissing()
	}
}

// mixedBetween is between of integers that are unsigned and others that are not.
func mixedBetween(p *part) kernel {
	x, low, high := p.args[0].kind, p.args[1].kind, p.args[2].kind
	return func(_ *machine, _ *part, in []*vec, out *vec) {
		clear(out.b)
		for i, v := range in[0].i {
			if compareWhole(v, x, in[1].i[i], low) >= 0 && compareWhole(v, x, in[2].i[i], high) <= 0 {
				out.b[i/64] |= 1 << (i % 64)
			}
		}
		out.clearMissing()
	}
}

// unsigned views integers as those of a column of uint64.
func unsigned(v []int64) []uint64 {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(&v[0])), len(v))
}
