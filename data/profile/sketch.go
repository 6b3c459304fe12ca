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
// i holds numbers that stand for 2^i each: a level that is full is sorted, and every
// other number goes up, in turn the first and the second of two, so that errors
// cancel. Nothing is drawn at random, so the same numbers in the same order give the
// same sketch. The error of a rank is below levels/capacity/2, 0.2 per cent of 10^8.
type sketch struct {
	levels [][]float64
	second []bool // which of two goes up next
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
	slices.Sort(level)
	from := 0
	if s.second[i] {
		from = 1
	}
	s.second[i] = !s.second[i]
	for ; from < len(level); from += 2 {
		s.levels[i+1] = append(s.levels[i+1], level[from])
	}
	s.levels[i] = level[:0]
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

// histogram counts n numbers in bins between the least and the greatest.
func (r *ranking) histogram(least, most float64, n int64) *Histogram {
	h := &Histogram{Min: least, Max: most, Count: make([]int64, bins)}
	if width := most - least; width == 0 || math.IsInf(width, 0) {
		h.Count = []int64{n}
		return h
	}
	var below, told int64
	at := 0
	put := func(upTo int) {
		share := int64(math.Round(float64(below) / float64(r.total) * float64(n)))
		h.Count[at] += share - told
		told, at = share, upTo
	}
	for _, w := range r.list {
		bin := min(bins-1, int((w.x-least)/(most-least)*bins))
		if bin > at {
			put(bin)
		}
		below += w.n
	}
	put(at)
	return h
}
