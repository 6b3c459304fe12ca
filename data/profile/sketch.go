package profile

import (
	"math"
	"slices"
)

// capacity is how many numbers a level of a sketch holds, bins how many a histogram
// has.
const (
	capacity = 4096
	bins     = 20
)

// A sketch keeps some of many numbers, from which the rank of any can be told. Level
// i holds numbers that stand for 2^i each: of a level that is full, in order, every
// other number goes up, in turn the first and the second of two, so that errors
// cancel. Nothing is drawn at random, so the same numbers in the same order give the
// same sketch. The error of a rank is below levels/capacity/2, 0.2 per cent of 10^8.
type sketch struct {
	levels [][]float64 // above the first each half is in order, as it came up
	second []bool      // which of two goes up next
	keys   []uint64    // scratch, twice the capacity
}

func (s *sketch) add(x float64) {
	if s.levels == nil {
		s.grow()
	}
	s.levels[0] = append(s.levels[0], x+0)
	for i := 0; len(s.levels[i]) >= capacity; i++ {
		s.fold(i)
	}
}

func (s *sketch) grow() {
	s.levels = append(s.levels, nil)
	s.second = append(s.second, false)
}

// fold moves half of a level up.
func (s *sketch) fold(i int) {
	if i+1 == len(s.levels) {
		s.grow()
	}
	level := s.levels[i]
	up := s.second[i]
	s.second[i] = !up
	take := func(x float64) {
		if up {
			s.levels[i+1] = append(s.levels[i+1], x)
		}
		up = !up
	}
	up = !up
	if i == 0 {
		s.sort(level)
		for _, x := range level {
			take(x)
		}
	} else {
		a, b := level[:capacity/2], level[capacity/2:]
		for len(a) > 0 && len(b) > 0 {
			if b[0] < a[0] {
				take(b[0])
				b = b[1:]
			} else {
				take(a[0])
				a = a[1:]
			}
		}
		for _, x := range a {
			take(x)
		}
		for _, x := range b {
			take(x)
		}
	}
	s.levels[i] = level[:0]
}

// sort sorts numbers by their bits, eight at a time: those of numbers that are not
// negative are in order, and those of the others in the other.
func (s *sketch) sort(list []float64) {
	if s.keys == nil {
		s.keys = make([]uint64, 2*capacity)
	}
	from, to := s.keys[:len(list)], s.keys[capacity:][:len(list)]
	var counts [8][256]int32
	for i, x := range list {
		key := math.Float64bits(x)
		key ^= uint64(int64(key)>>63) | 1<<63
		from[i] = key
		for d := range counts {
			counts[d][byte(key>>(8*d))]++
		}
	}
	for d := range counts {
		if counts[d][byte(from[0]>>(8*d))] == int32(len(list)) {
			continue // all have the same
		}
		at := int32(0)
		for b, n := range counts[d] {
			counts[d][b], at = at, at+n
		}
		for _, key := range from {
			b := byte(key >> (8 * d))
			to[counts[d][b]] = key
			counts[d][b]++
		}
		from, to = to, from
	}
	for i, key := range from {
		list[i] = math.Float64frombits(key ^ (uint64(int64(^key)>>63) | 1<<63))
	}
}

// folded says whether the sketch has lost numbers.
func (s *sketch) folded() bool { return len(s.levels) > 1 }

// A weighted number stands for several.
type weighted struct {
	x float64
	n int64
}

// A ranking is what a sketch holds, in order.
type ranking struct {
	list  []weighted
	total int64
}

func (s *sketch) sorted() *ranking {
	r := new(ranking)
	for i, level := range s.levels {
		for _, x := range level {
			r.list = append(r.list, weighted{x, 1 << i})
			r.total += 1 << i
		}
	}
	slices.SortFunc(r.list, func(a, b weighted) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return int(a.n - b.n)
	})
	return r
}

// quantile is the number at a rank: the least that has at least the share of all
// numbers up to it.
func (r *ranking) quantile(share float64) float64 {
	want := int64(math.Ceil(share * float64(r.total)))
	var below int64
	for _, w := range r.list {
		if below += w.n; below >= want {
			return w.x
		}
	}
	return r.list[len(r.list)-1].x
}

// histogram counts n numbers in bins between the least and the greatest. Those of
// whole numbers have as many of them each: else some had one more, and it would seem
// that there are more values.
func (r *ranking) histogram(least, most float64, n int64, whole bool) *Histogram {
	h := &Histogram{Min: least, Max: most, Count: make([]int64, bins)}
	width := most - least
	if width == 0 || math.IsInf(width, 0) {
		h.Count = []int64{n}
		return h
	}
	if width++; whole && width < 1<<52 {
		each := math.Ceil(width / bins)
		h.Count = make([]int64, int(math.Ceil(width/each)))
		h.Max = least + each*float64(len(h.Count))
	}
	var below, told int64
	at := 0
	put := func(upTo int) {
		share := int64(math.Round(float64(below) / float64(r.total) * float64(n)))
		h.Count[at] += share - told
		told, at = share, upTo
	}
	for _, w := range r.list {
		bin := min(len(h.Count)-1, int((w.x-least)/(h.Max-least)*float64(len(h.Count))))
		if bin > at {
			put(bin)
		}
		below += w.n
	}
	put(at)
	return h
}
