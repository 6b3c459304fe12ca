package metric

import (
	"fmt"
	"slices"
)

// Repeated is a sample in which rows are there several times, as where models of several
// seeds have predicted them. Its rows are those that are drawn: a resample has all
// repetitions of a row or none of them, so that intervals are not narrower for having
// measured the same again. It is immutable.
type Repeated struct {
	all  Sample
	of   []int32   // the row that each of all is a repetition of, from 0 on
	each [][]int32 // the repetitions of each row
}

// NewRepeated says which row, from 0 on, each of a sample is a repetition of.
func NewRepeated(all Sample, of []int32) (*Repeated, error) {
	if len(of) != all.Rows() {
		return nil, fmt.Errorf("%d rows are repetitions, of %d", len(of), all.Rows())
	}
	s := &Repeated{all: all, of: of}
	for i, row := range of {
		if row < 0 || int(row) >= len(of) {
			return nil, fmt.Errorf("there is no row %d", row)
		}
		for int(row) >= len(s.each) {
			s.each = append(s.each, nil)
		}
		s.each[row] = append(s.each[row], int32(i))
	}
	if i := slices.IndexFunc(s.each, func(list []int32) bool { return list == nil }); i >= 0 {
		return nil, fmt.Errorf("row %d is not there", i)
	}
	return s, nil
}

// repetitions is how many of a row there are on average, from 1 on.
func repetitions(s Sample) int {
	if r, ok := s.(*Repeated); ok {
		return max(1, len(r.of)/max(1, len(r.each)))
	}
	return 1
}

// Rows implements Sample: without repetitions.
func (s *Repeated) Rows() int { return len(s.each) }

// Measure implements Sample: of all repetitions together.
func (s *Repeated) Measure(metrics List, count []int32) []Value {
	if count == nil {
		return s.all.Measure(metrics, nil)
	}
	all := make([]int32, len(s.of))
	for i, row := range s.of {
		all[i] = count[row]
	}
	return s.all.Measure(metrics, all)
}

// Guessed implements Sample.
func (s *Repeated) Guessed(b Baseline) (Sample, error) {
	all, err := s.all.Guessed(b)
	if err != nil {
		return nil, err
	}
	return &Repeated{all: all, of: s.of, each: s.each}, nil
}

func (s *Repeated) isWeighted() bool { return s.all.isWeighted() }

// strata are those of the first repetitions: what is true is the same of all.
func (s *Repeated) strata() (codes, int) {
	all, kinds := s.all.strata()
	list := newCodes(len(s.each), kinds)
	for _, each := range s.each {
		list.add(all.at(int(each[0])))
	}
	return list, kinds
}

// influences are the greatest among the repetitions.
func (s *Repeated) influences() (list []func(i int) float64) {
	for _, one := range s.all.influences() {
		list = append(list, func(row int) float64 {
			greatest := one(int(s.each[row][0]))
			for _, i := range s.each[row][1:] {
				greatest = max(greatest, one(int(i)))
			}
			return greatest
		})
	}
	return list
}

func (s *Repeated) take(rows []int32, scale []float64) (Sample, error) {
	var all, of []int32
	var scales []float64
	for at, row := range rows {
		for _, i := range s.each[row] {
			all, of = append(all, i), append(of, int32(at))
			if scale != nil {
				scales = append(scales, scale[at])
			}
		}
	}
	part, err := s.all.take(all, scales)
	if err != nil {
		return nil, err
	}
	return NewRepeated(part, of)
}
