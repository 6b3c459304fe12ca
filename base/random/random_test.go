package random

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The vectors are those of the authors' Random123 distribution (kat_vectors,
// philox4x32 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}, [2]uint32{^uint32(0), ^uint32(0)},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.ctr, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.ctr, c.key, got, c.want)
		}
	}
}

func TestPermIsAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.Uint64().Draw(t, "seed"), "shuffle", rapid.Uint64().Draw(t, "step"))
		p := s.Perm(rapid.IntRange(0, 200).Draw(t, "n"))
		slices.Sort(p)
		for i, v := range p {
			if i != v {
				t.Fatalf("not a permutation: %v", p)
			}
		}
	})
}

func TestMoments(t *testing.T) {
	const n = 100_000
	s := New(7, "moments", 3)
	var u, z, zz float64
	for i := range uint64(n) {
		u += s.Float64(i)
		x := s.Normal(i)
		z += x
		zz += x * x
	}
	// Four standard errors: 0.289, 1 and 1.414 divided by sqrt(n).
	if d := math.Abs(u/n - 0.5); d > 4*0.289/math.Sqrt(n) {
		t.Errorf("uniform mean is off by %g", d)
	}
	if d := math.Abs(z / n); d > 4/math.Sqrt(n) {
		t.Errorf("normal mean is off by %g", d)
	}
	if d := math.Abs(zz/n - 1); d > 4*1.414/math.Sqrt(n) {
		t.Errorf("normal variance is off by %g", d)
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, s := range []struct {
		name string
		s    Stream
	}{
		{"base", New(1, "a", 0)}, {"seed", New(2, "a", 0)}, {"purpose", New(1, "b", 0)}, {"step", New(1, "a", 1)},
	} {
		for i := range uint64(100) {
			v := s.s.Uint64(i)
			if other, ok := seen[v]; ok {
				t.Fatalf("streams %s and %s share a number", s.name, other)
			}
			seen[v] = s.name
		}
	}
	if New(1, "a", 0).At(1) != New(1, "a", 1) {
		t.Error("At(1) differs from New at step 1")
	}
}

// The functions agree with those of package math to the last bits.
func TestFunctions(t *testing.T) {
	s := New(1, "functions", 0)
	for i := range uint64(100_000) {
		x := 1 - s.Float64(i)
		if i%3 == 0 {
			x *= x * x * x
		}
		if got, want := log(x), math.Log(x); math.Abs(got-want) > 3e-16*math.Abs(want) {
			t.Fatalf("log(%v) = %v, want %v", x, got, want)
		}
		v := s.Float64(i)
		if got, want := cosTurn(v), math.Cos(2*math.Pi*v); math.Abs(got-want) > 1e-15 {
			t.Fatalf("cosTurn(%v) = %v, want %v", v, got, want)
		}
	}
	for x, want := range map[float64]float64{0: 1, 0.25: 0, 0.5: -1, 0.75: 0} {
		if got := cosTurn(x); got != want {
			t.Errorf("cosTurn(%v) = %v", x, got)
		}
	}
	if got := math.Float64bits(New(7, "bits", 2).Normal(5)); got != 0xbfe536f9c6795cb0 {
		t.Errorf("the bits of a number are %#x", got)
	}
}
