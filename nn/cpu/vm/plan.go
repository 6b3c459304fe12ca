package vm

import (
	"cmp"
	"slices"
)

// align is the distance, in bytes, that buffers of the arena keep to: a cache line.
const align = 64

// live drops the instructions whose results nobody reads. Kept buffers and the
// memory of the caller count as read at the end.
func (b *Builder) live(keep []Buffer) []Instr {
	needed := make([]bool, len(b.buffers))
	for _, k := range keep {
		needed[b.buffers[k].root] = true
	}
	for id, x := range b.buffers {
		needed[id] = needed[id] || x.bound != nil
	}
	used := make([]bool, len(b.instrs))
	count := 0
	for i := len(b.instrs) - 1; i >= 0; i-- {
		in := &b.instrs[i]
		for _, p := range in.P {
			used[i] = used[i] || p.mode >= write && needed[b.buffers[p.buffer].root]
		}
		if !used[i] {
			continue
		}
		count++
		for _, p := range in.P {
			if p.mode != absent {
				needed[b.buffers[p.buffer].root] = true
			}
		}
	}
	list := make([]Instr, 0, count)
	for i, in := range b.instrs {
		if used[i] {
			list = append(list, in)
		}
	}
	return list
}

// A layout says where the buffers are in the arena.
type layout struct {
	offset []int // by root buffer, in bytes; -1 for those without a place
	bytes  int   // size of the arena
}

// plan goes through the instructions once. A buffer gets a place at the
// instruction that first mentions it, the smallest hole that is large enough,
// and gives it back after the last one.
func (b *Builder) plan(list []Instr, keep []Buffer) layout {
	const never = -1
	last := make([]int, len(b.buffers))
	for i := range last {
		last[i] = never
	}
	for i, in := range list {
		for _, p := range in.P {
			if p.mode != absent {
				last[b.buffers[p.buffer].root] = i
			}
		}
	}
	for _, k := range keep {
		last[b.buffers[k].root] = len(list)
	}
	l := layout{offset: make([]int, len(b.buffers))}
	for i := range l.offset {
		l.offset[i] = never
	}
	var free holes
	var ends []Buffer // of this instruction
	for i, in := range list {
		ends = ends[:0]
		for _, p := range in.P {
			if p.mode == absent {
				continue
			}
			root := b.buffers[p.buffer].root
			if b.buffers[root].bound != nil {
				continue
			}
			if l.offset[root] == never {
				if from, ok := b.takeOver(in, p, last, i, l.offset); ok {
					l.offset[root] = l.offset[from]
					last[from] = never // its place is not given back
				} else {
					size := roundUp(b.buffers[root].bytes)
					at, ok := free.take(size)
					if !ok {
						at = free.top(l.bytes)
						l.bytes = max(l.bytes, at+size)
					}
					l.offset[root] = at
				}
			}
			if last[root] == i && !slices.Contains(ends, root) {
				ends = append(ends, root)
			}
		}
		for _, root := range ends {
			if last[root] == i {
				free.give(l.offset[root], roundUp(b.buffers[root].bytes))
			}
		}
	}
	for _, k := range keep { // those that no instruction mentions
		if root := b.buffers[k].root; b.buffers[root].bound == nil && l.offset[root] == never {
			l.offset[root] = l.bytes
			l.bytes += roundUp(b.buffers[root].bytes)
		}
	}
	return l
}

// takeOver finds the buffer that p may be put on: an operand of its size that
// ends with this instruction.
func (b *Builder) takeOver(in Instr, p Operand, last []int, now int, offset []int) (Buffer, bool) {
	if p.over == 0 || p.over > len(in.P) || b.buffers[p.buffer].root != p.buffer {
		return 0, false
	}
	q := in.P[p.over-1]
	if q.mode == absent {
		return 0, false
	}
	from := b.buffers[q.buffer].root
	x := b.buffers[from]
	if from != q.buffer || x.bound != nil || last[from] != now || offset[from] < 0 || x.bytes != b.buffers[p.buffer].bytes {
		return 0, false
	}
	n := 0
	for _, o := range in.P { // another operand that reads the same buffer would see it change
		if o.mode != absent && b.buffers[o.buffer].root == from {
			n++
		}
	}
	return from, n == 1
}

func roundUp(bytes int) int { return (bytes + align - 1) / align * align }

// holes are the free places of the arena, by offset, no two of them adjacent.
type holes []hole

type hole struct{ at, size int }

// take gives the smallest hole that is large enough, or a part of it.
func (h *holes) take(size int) (at int, ok bool) {
	best := -1
	for i, x := range *h {
		if x.size >= size && (best < 0 || x.size < (*h)[best].size) {
			best = i
			if x.size == size {
				break
			}
		}
	}
	if best < 0 {
		return 0, false
	}
	x := &(*h)[best]
	at = x.at
	x.at, x.size = x.at+size, x.size-size
	if x.size == 0 {
		*h = slices.Delete(*h, best, best+1)
	}
	return at, true
}

// top is where the arena grows: at its end, or at the begin of a hole there,
// which is then no hole any more.
func (h *holes) top(end int) int {
	if n := len(*h); n > 0 && (*h)[n-1].at+(*h)[n-1].size == end {
		end = (*h)[n-1].at
		*h = (*h)[:n-1]
	}
	return end
}

// give adds a hole and joins it with its neighbours.
func (h *holes) give(at, size int) {
	i, _ := slices.BinarySearchFunc(*h, at, func(x hole, at int) int { return cmp.Compare(x.at, at) })
	*h = slices.Insert(*h, i, hole{at, size})
	if i+1 < len(*h) && at+size == (*h)[i+1].at {
		(*h)[i].size += (*h)[i+1].size
		*h = slices.Delete(*h, i+1, i+2)
	}
	if i > 0 && (*h)[i-1].at+(*h)[i-1].size == at {
		(*h)[i-1].size += (*h)[i].size
		*h = slices.Delete(*h, i, i+1)
	}
}
