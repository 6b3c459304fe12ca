package forecast

import "math"

// A symmetric matrix, of which the lower half is kept: row by row, each up to the diagonal.
type symmetric struct {
	n int
	v []float64
}

func newSymmetric(n int) *symmetric { return &symmetric{n, make([]float64, n*(n+1)/2)} }

func (s *symmetric) row(i int) []float64 { return s.v[i*(i+1)/2:][:i+1] }

func (s *symmetric) at(i, j int) *float64 { return &s.row(i)[j] }

// place copies a smaller one into the upper left corner.
func (s *symmetric) place(of *symmetric) { copy(s.v, of.v) }

// add adds the products of a vector's elements, so often.
func (s *symmetric) add(x []float64, times float64) {
	for i, a := range x {
		a *= times
		for j, b := range x[:i+1] {
			s.row(i)[j] += float64(a * b)
		}
	}
}

// addFrom adds the products in the rows from this one on.
func (s *symmetric) addFrom(x []float64, from int) {
	for i := from; i < len(x); i++ {
		row, a := s.row(i), x[i]
		for j, b := range x[:i+1] {
			row[j] += float64(a * b)
		}
	}
}

// add4 adds those of four vectors of equal length, which lie one behind the other.
func (s *symmetric) add4(x []float64) {
	n := len(x) / 4
	x0, x1, x2, x3 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n]
	for i := range n {
		a0, a1, a2, a3 := x0[i], x1[i], x2[i], x3[i]
		row := s.row(i)
		b0, b1, b2, b3 := x0[:len(row)], x1[:len(row)], x2[:len(row)], x3[:len(row)]
		for j := range row {
			row[j] += float64(a0*b0[j]) + float64(a1*b1[j]) + (float64(a2*b2[j]) + float64(a3*b3[j]))
		}
	}
}

// factor makes it its Cholesky factor, or says that it is not positive definite.
func (s *symmetric) factor() bool {
	for i := range s.n {
		ri := s.row(i)
		for j := range i {
			rj := s.row(j)
			ri[j] = (ri[j] - dot(ri[:j], rj[:j])) / rj[j]
		}
		d := ri[i] - dot(ri[:i], ri[:i])
		if !(d > 0) || math.IsInf(d, 0) {
			return false
		}
		ri[i] = math.Sqrt(d)
	}
	return true
}

// solve solves the equations of the matrix that it is the factor of.
func (s *symmetric) solve(b []float64) {
	for i := range s.n {
		r := s.row(i)
		b[i] = (b[i] - dot(r[:i], b[:i])) / r[i]
	}
	for i := s.n - 1; i >= 0; i-- {
		r := s.row(i)
		b[i] /= r[i]
		for j, v := range r[:i] {
			b[j] -= float64(v * b[i])
		}
	}
}

// dot sums in four lanes, always in the same order.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
