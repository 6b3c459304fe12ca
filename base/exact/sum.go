// Package exact is arithmetic whose results can be relied on to the last digits.
package exact

import "math"

// A Sum adds numbers with the compensation of Neumaier (1974), so that the error
// does not grow with how many there are, and their order hardly shows. Its zero
// value is 0.
type Sum struct{ total, lost float64 }

// Add adds a number.
func (s *Sum) Add(x float64) {
	t := s.total + x
	if math.Abs(s.total) >= math.Abs(x) {
		s.lost += (s.total - t) + x
	} else {
		s.lost += (x - t) + s.total
	}
	s.total = t
}

// Value is the sum so far.
func (s *Sum) Value() float64 {
	if math.IsInf(s.total, 0) { // and what was lost is not a number
		return s.total
	}
	return s.total + s.lost
}
