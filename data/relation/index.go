package relation

import (
	"bytes"
	"hash/maphash"
	"math"
)

// A hasher gives keys hashes, others in each process, so that nobody can make a
// table whose keys all have the same.
type hasher struct{ seed maphash.Seed }

func newHasher() hasher { return hasher{maphash.MakeSeed()} }

func (h hasher) hash(key []byte) uint64 { return maphash.Bytes(h.seed, key) }

// partOf is which of 1<<bits parts the keys of a hash are in.
func partOf(hash uint64, bits int) int { return int(hash >> 32 >> (32 - bits)) }

// mostKeys is how many keys an index holds, and rows a part.
const mostKeys = math.MaxInt32 - 1

// An index numbers keys, at most mostKeys, in the order in which they first come.
type index struct {
	slots []uint64 // the lower half of the hash, and the number of the key + 1; 0 if it is empty
	n     int
	width int   // of all keys, while they have one
	ends  []int // of the keys, once they do not
	bytes []byte
}

func (x *index) key(id int32) []byte {
	if x.ends == nil {
		at := int(id) * x.width
		return x.bytes[at : at+x.width]
	}
	from := 0
	if id > 0 {
		from = x.ends[id-1]
	}
	return x.bytes[from:x.ends[id]]
}

// size is how many bytes of memory it takes, about.
func (x *index) size() int64 { return int64(8*cap(x.slots) + 8*cap(x.ends) + cap(x.bytes)) }

// find gives the number of a key, -1 if it is not there.
func (x *index) find(key []byte, hash uint64) int32 {
	if x.n == 0 {
		return -1
	}
	id, _ := x.look(key, hash)
	return id
}

// look gives the number of a key, or -1 and the slot that it would have.
func (x *index) look(key []byte, hash uint64) (id int32, slot int) {
	mask := len(x.slots) - 1
	for i := int(uint32(hash)) & mask; ; i = (i + 1) & mask {
		s := x.slots[i]
		if s == 0 {
			return -1, i
		}
		if uint32(s>>32) == uint32(hash) {
			if id := int32(uint32(s) - 1); bytes.Equal(x.key(id), key) {
				return id, i
			}
		}
	}
}

// add gives the number of a key, a new one if it was not there.
func (x *index) add(key []byte, hash uint64) (id int32, added bool) {
	if 4*x.n >= 3*len(x.slots) {
		x.grow()
	}
	id, slot := x.look(key, hash)
	if id >= 0 {
		return id, false
	}
	id = int32(x.n)
	switch {
	case x.ends != nil:
		x.ends = append(x.ends, len(x.bytes)+len(key))
	case x.n == 0:
		x.width = len(key)
	case x.width != len(key):
		x.ends = make([]int, x.n, 2*x.n+1)
		for i := range x.ends {
			x.ends[i] = (i + 1) * x.width
		}
		x.ends = append(x.ends, len(x.bytes)+len(key))
	}
	x.bytes = append(x.bytes, key...)
	x.n++
	x.slots[slot] = uint64(uint32(hash))<<32 | uint64(uint32(id)+1)
	return id, true
}

// grow doubles the slots.
func (x *index) grow() {
	old := x.slots
	x.slots = make([]uint64, max(16, 2*len(old)))
	mask := len(x.slots) - 1
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := int(s>>32) & mask
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = s
	}
}
