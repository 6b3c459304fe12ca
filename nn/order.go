package nn

import (
	"math/bits"

	"pipe/base/random"
)

// An order is in which order an epoch takes the rows. It is a function of the
// seed and the epoch: no state, so that training can go on from any batch.
type order struct {
	rows    int
	listed  []int   // of few rows: the permutation itself
	feistel feistel // of many
}

// listedRows is up to how many rows an order is a list, drawn by Fisher and
// Yates: all orders are equally likely then. A Feistel network over few bits is
// far from that, and a list of many rows is far from small.
const listedRows = 1 << 16

// shuffled is the order of an epoch; list is memory that may be used again.
func shuffled(seed uint64, epoch, rows int, list []int) order {
	stream := random.New(seed, "shuffle", uint64(epoch))
	if rows > listedRows {
		return order{rows: rows, feistel: newFeistel(uint64(rows), stream)}
	}
	if cap(list) < rows {
		list = make([]int, rows)
	}
	list = list[:rows]
	for i := range list { // as random.Stream.Perm does
		j := stream.IntN(uint64(i), i+1)
		list[i] = list[j]
		list[j] = i
	}
	return order{rows: rows, listed: list}
}

// take fills dst with the rows from a place in the order on, and returns how
// many there were.
func (o *order) take(dst []int, from int) int {
	n := max(0, min(len(dst), o.rows-from))
	for i := range n {
		switch {
		case o.listed != nil:
			dst[i] = o.listed[from+i]
		case o.feistel.left > 0:
			dst[i] = int(o.feistel.at(uint64(from + i)))
		default: // as they are
			dst[i] = from + i
		}
	}
	return n
}

// A feistel is a pseudo-random permutation of 0..n-1 that needs no memory: a
// Feistel network permutes the numbers of as many bits as n-1 has, and a number
// that falls outside is permuted again until it is inside (Black and Rogaway,
// "Ciphers with Arbitrary Finite Domains", 2002), which is less than twice on
// average. The halves are left and right bits wide and swap their roles in each
// round.
type feistel struct {
	n           uint64
	left, right int
	keys        [feistelRounds]uint64
}

// feistelRounds is above the four rounds that make a Feistel network strong for
// random round functions (Luby and Rackoff, 1988); it is even, so that the
// halves have their places again in the end.
const feistelRounds = 8

func newFeistel(n uint64, stream random.Stream) feistel {
	width := max(2, bits.Len64(n-1))
	f := feistel{n: n, left: width / 2, right: width - width/2}
	for i := range f.keys {
		f.keys[i] = stream.Uint64(uint64(i))
	}
	return f
}

// at is where the permutation takes i.
func (f *feistel) at(i uint64) uint64 {
	for {
		if i = f.permute(i); i < f.n {
			return i
		}
	}
}

func (f *feistel) permute(x uint64) uint64 {
	a, b := x>>f.right, x&(1<<f.right-1) // left and right bits wide
	maskA, maskB := uint64(1)<<f.left-1, uint64(1)<<f.right-1
	for r := 0; r < feistelRounds; r += 2 {
		a ^= mix(b+f.keys[r]) & maskA
		b ^= mix(a+f.keys[r+1]) & maskB
	}
	return a<<f.right | b
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): each bit of
// the result depends on each of x.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
