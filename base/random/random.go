// Package random makes random numbers by counter: every number is a pure
// function of (seed, purpose, step, index), so that work can be divided among
// any number of threads, resumed in the middle, or done out of order, and
// still draw the same numbers. The generator is Philox4x32-10 of Salmon et
// al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
package random

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
)

// A Stream is an endless array of random numbers for one purpose at one step.
// It is a small value without state: the same index always gives the same
// number.
type Stream struct {
	key  uint64
	step uint64
}

// New gives the stream of a seed for a purpose ("shuffle", "dropout.2") at a
// step (an epoch, a batch; 0 if there is none). Different purposes or seeds
// give independent streams.
func New(seed uint64, purpose string, step uint64) Stream {
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	h.Write([]byte(purpose))
	return Stream{key: binary.LittleEndian.Uint64(h.Sum(nil)), step: step}
}

// At gives the stream of the same seed and purpose at another step, without
// hashing the purpose again.
func (s Stream) At(step uint64) Stream { return Stream{key: s.key, step: step} }

// Key is what the seed and the purpose come to, for those who draw the numbers
// of a stream themselves: the i-th 32-bit number is word i%4 of the Philox block
// of counter (i/4, step) and this key.
func (s Stream) Key() uint64 { return s.key }

// Uint64 is the i-th number, uniform over all 64-bit values.
func (s Stream) Uint64(i uint64) uint64 {
	// One block of Philox yields 128 bits: two neighbouring numbers.
	b := philox([4]uint32{uint32(i >> 1), uint32(i >> 33), uint32(s.step), uint32(s.step >> 32)},
		[2]uint32{uint32(s.key), uint32(s.key >> 32)})
	if i&1 == 0 {
		return uint64(b[0]) | uint64(b[1])<<32
	}
	return uint64(b[2]) | uint64(b[3])<<32
}

// Float64 is the i-th number, uniform in [0, 1), with 53 random bits.
func (s Stream) Float64(i uint64) float64 { return float64(s.Uint64(i)>>11) * 0x1p-53 }

// Float32 is the i-th number, uniform in [0, 1), with 24 random bits.
func (s Stream) Float32(i uint64) float32 { return float32(s.Uint64(i)>>40) * 0x1p-24 }

// Normal is the i-th number of a standard normal distribution (Box-Muller,
// from numbers 2i and 2i+1 of the stream).
func (s Stream) Normal(i uint64) float64 {
	u := 1 - s.Float64(2*i) // in (0, 1], so that the logarithm is finite
	v := s.Float64(2*i + 1)
	return math.Sqrt(-2*log(u)) * cosTurn(v)
}

// IntN is the i-th number, uniform in [0, n) up to a bias of n/2^64, by
// Lemire's multiplication. n must be positive.
func (s Stream) IntN(i uint64, n int) int {
	hi, _ := bits.Mul64(s.Uint64(i), uint64(n))
	return int(hi)
}

// Block is the i-th of n things of a circular block bootstrap (D. Politis and J. Romano, 1992):
// neighbours are drawn together, so many at a time, and the last ones are neighbours of the
// first. n and length must be positive.
func (s Stream) Block(i, n, length int) int {
	return (s.IntN(uint64(i/length), n) + i%length) % n
}

// Perm is a random permutation of 0..n-1 (Fisher-Yates).
func (s Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.IntN(uint64(i), i+1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}

// philox is Philox4x32 with ten rounds.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57
		w0, w1 = 0x9E3779B9, 0xBB67AE85
	)
	for range 10 {
		p0, p1 := uint64(m0)*uint64(c[0]), uint64(m1)*uint64(c[2])
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ k[0], uint32(p1), uint32(p0>>32) ^ c[3] ^ k[1], uint32(p0)}
		k[0] += w0
		k[1] += w1
	}
	return c
}
