package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// one is a build function of one instruction whose operands are the given
// ones, then the made ones, in the order of which: -1 is one that is left out,
// k >= 100 is the made one k-100.
func one(op Op, tasks int32, args any, which ...int) func(*Table, []unsafe.Pointer, []unsafe.Pointer, func(int) unsafe.Pointer) []Instr {
	return func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
		ins := call(op, tasks, args)
		for k, w := range which {
			switch {
			case w >= 100:
				ins.P[k] = out[w-100]
			case w >= 0:
				ins.P[k] = in[w]
			}
		}
		return []Instr{ins}
	}
}

// normalise is normalisation in float64 of some elements of x: those that are
// listed, as one group; a channel function says whose gamma and beta they have.
func normalise(x, dy []float32, list []int, channel func(at int) int, gamma, beta []float32, eps float64, rms bool, y, dx, dgamma, dbeta []float64) (mean, variance float64) {
	k := float64(len(list))
	for _, at := range list {
		mean += float64(x[at]) / k
	}
	if rms {
		mean = 0
	}
	for _, at := range list {
		variance += (float64(x[at]) - mean) * (float64(x[at]) - mean) / k
	}
	r := 1 / math.Sqrt(variance+eps)
	var a, b float64
	for _, at := range list {
		c, xhat := channel(at), (float64(x[at])-mean)*r
		y[at] = xhat * float64(gamma[c])
		if beta != nil {
			y[at] += float64(beta[c])
		}
		a += float64(dy[at]) * float64(gamma[c]) / k
		b += float64(dy[at]) * float64(gamma[c]) * xhat / k
		dgamma[c] += float64(dy[at]) * xhat
		dbeta[c] += float64(dy[at])
	}
	if rms {
		a = 0
	}
	for _, at := range list {
		dx[at] = r * (float64(dy[at])*float64(gamma[channel(at)]) - a - (float64(x[at])-mean)*r*b)
	}
	return mean, variance
}

func TestRowNorm(t *testing.T) {
	const eps = 1e-5
	for _, d := range sizes {
		for kind := range 3 { // layer norm, without beta, RMS
			m, per := 7, 3
			x, dy, gamma, beta := numbers(1, m*d), numbers(2, m*d), numbers(3, d), numbers(4, d)
			for i := range x {
				x[i] += 3
			}
			args := RowNormArgs{Span: Span{N: int64(m), Per: int64(per)}, D: int64(d), Epsilon: eps, RMS: kind == 2}
			tasks := tasksOf(m, per)
			with := []int{2, -1, -1}[kind]
			fwd := (&trial{in: [][]float32{x, gamma, beta}, out: []int{m * d, m * 2},
				build: one(RowNorm, tasks, args, 0, 1, with, 100, 101)}).check(t)
			bwd := (&trial{in: [][]float32{x, gamma, fwd[1], dy}, out: []int{m * d, int(tasks) * 2 * d},
				build: one(RowNormGrad, tasks, args, 0, 1, 2, 3, 100, 101)}).check(t)
			y, dx, dgamma, dbeta := make([]float64, m*d), make([]float64, m*d), make([]float64, d), make([]float64, d)
			if kind > 0 {
				beta = nil
			}
			for r := range m {
				list := make([]int, d)
				for j := range list {
					list[j] = r*d + j
				}
				normalise(x, dy, list, func(at int) int { return at % d }, gamma, beta, eps, kind == 2, y, dx, dgamma, dbeta)
			}
			what := fmt.Sprintf("d %d kind %d", d, kind)
			near(t, what+" y", fwd[0], y, 2e-5)
			if d > 2 { // xhat of two values is +-1: dx is rounding errors times r
				near(t, what+" dx", bwd[0], dx, 2e-5)
			}
			got := make([]float32, 2*d)
			for k, v := range bwd[1] {
				got[k%(2*d)] += v
			}
			near(t, what+" dgamma", got, dgamma, 2e-5)
			near(t, what+" dbeta", got[d:], dbeta, 2e-5)
		}
	}
}

func TestBatchNorm(t *testing.T) {
	const eps, momentum = 1e-5, 0.1
	for _, s := range [][3]int{{1, 3, 1}, {2, 1, 1}, {5, 17, 1}, {70, 9, 1}, {4, 3, 9}, {3, 20, 49}, {1, 2, 16}, {130, 33, 1}} {
		n, c, plane := s[0], s[1], s[2]
		for _, weighted := range []bool{false, true} {
			for training := range 2 {
				x, dy, gamma, beta, rmean, rvar := numbers(1, n*c*plane), numbers(2, n*c*plane), numbers(3, c), numbers(4, c), numbers(5, c), numbers(6, c)
				weight := make([]float32, n)
				for j := range weight {
					weight[j] = float32(j%3) / 2
				}
				for j := range rvar {
					rvar[j] = 1 + rvar[j]/2
				}
				use := -1
				exists := func(int) bool { return true }
				if weighted {
					use, exists = 4, func(k int) bool { return weight[k] != 0 }
				}
				args := BatchNormArgs{Span: Span{N: int64(c), Per: 16}, Rows: int64(n), Plane: int64(plane), Epsilon: eps, Momentum: momentum, Training: training == 1}
				begin := func(k, at int) float32 {
					if k > 1 {
						return [][]float32{rmean, rvar}[k-2][at]
					}
					return float32(math.NaN())
				}
				fwd := (&trial{in: [][]float32{x, gamma, beta, nil, weight}, out: []int{n * c * plane, 2 * c, c, c}, begin: begin,
					build: one(BatchNorm, tasksOf(c, 16), args, 0, 1, 2, 100, 101, 102, 103, use)}).check(t)
				bwd := (&trial{in: [][]float32{x, gamma, fwd[1], dy, weight}, out: []int{n * c * plane, c, c},
					build: one(BatchNormGrad, tasksOf(c, 16), args, 0, 1, 2, 3, 100, 101, 102, use)}).check(t)
				y, dx, dgamma, dbeta := make([]float64, n*c*plane), make([]float64, n*c*plane), make([]float64, c), make([]float64, c)
				means, vars := make([]float64, c), make([]float64, c)
				for j := range c {
					var list []int
					for k := range n {
						for q := range plane {
							if exists(k) {
								list = append(list, (k*c+j)*plane+q)
							}
						}
					}
					mean, variance := normalise(x, dy, list, func(int) int { return j }, gamma, beta, eps, false, y, dx, dgamma, dbeta)
					if training == 1 && len(list) > 0 {
						unbiased := variance * float64(len(list)) / max(float64(len(list)-1), 1)
						means[j], vars[j] = float64(rmean[j])*0.9+0.1*mean, float64(rvar[j])*0.9+0.1*unbiased
						continue
					}
					means[j], vars[j] = float64(rmean[j]), float64(rvar[j])
					r := 1 / math.Sqrt(vars[j]+eps)
					dgamma[j] = 0
					for _, at := range list {
						xhat := (float64(x[at]) - means[j]) * r
						y[at] = xhat*float64(gamma[j]) + float64(beta[j])
						dx[at] = float64(dy[at]) * float64(gamma[j]) * r
						dgamma[j] += float64(dy[at]) * xhat
					}
				}
				what := fmt.Sprintf("%v weighted %v training %v", s, weighted, training)
				near(t, what+" y", fwd[0], y, 2e-5)
				near(t, what+" mean", fwd[2], means, 2e-5)
				near(t, what+" variance", fwd[3], vars, 2e-5)
				if n*plane > 3 {
					near(t, what+" dx", bwd[0], dx, 2e-5)
				}
				near(t, what+" dgamma", bwd[1], dgamma, 2e-5)
				near(t, what+" dbeta", bwd[2], dbeta, 2e-5)
			}
		}
	}
}

func TestGroupNorm(t *testing.T) {
	const eps = 1e-5
	for _, s := range [][4]int{{2, 4, 9, 2}, {3, 6, 1, 2}, {1, 3, 50, 1}, {2, 4, 17, 4}, {2, 32, 7, 8}} {
		n, c, plane, groups := s[0], s[1], s[2], s[3]
		x, dy, gamma, beta := numbers(1, n*c*plane), numbers(2, n*c*plane), numbers(3, c), numbers(4, c)
		args := GroupNormArgs{Span: Span{N: int64(n * groups), Per: 3}, Channels: int64(c), Plane: int64(plane), Groups: int64(groups), Epsilon: eps}
		tasks := tasksOf(n*groups, 3)
		fwd := (&trial{in: [][]float32{x, gamma, beta}, out: []int{n * c * plane, n * groups * 2},
			build: one(GroupNorm, tasks, args, 0, 1, 2, 100, 101)}).check(t)
		bwd := (&trial{in: [][]float32{x, gamma, fwd[1], dy}, out: []int{n * c * plane, n * 2 * c},
			build: one(GroupNormGrad, tasks, args, 0, 1, 2, 3, 100, 101)}).check(t)
		y, dx, dgamma, dbeta := make([]float64, n*c*plane), make([]float64, n*c*plane), make([]float64, c), make([]float64, c)
		for g := range n * groups {
			list := make([]int, c/groups*plane)
			for j := range list {
				list[j] = g*len(list) + j
			}
			normalise(x, dy, list, func(at int) int { return at / plane % c }, gamma, beta, eps, false, y, dx, dgamma, dbeta)
		}
		near(t, fmt.Sprint(s, " y"), fwd[0], y, 2e-5)
		near(t, fmt.Sprint(s, " dx"), bwd[0], dx, 2e-5)
		got := make([]float32, 2*c)
		for k, v := range bwd[1] {
			got[k%(2*c)] += v
		}
		near(t, fmt.Sprint(s, " dgamma"), got, dgamma, 2e-5)
		near(t, fmt.Sprint(s, " dbeta"), got[c:], dbeta, 2e-5)
	}
}

func TestSoftmax(t *testing.T) {
	const m, each = 6, 2
	for _, d := range sizes {
		for _, with := range []int{-1, 1} {
			x, dy := numbers(1, m*d), numbers(2, m*d)
			for i := range x {
				x[i] *= 20
			}
			lengths := []float32{float32(d), float32((d + 1) / 2), 0}
			args := SoftmaxArgs{Span: Span{N: m, Per: 4}, D: int64(d), Each: each}
			fwd := (&trial{in: [][]float32{x, lengths}, out: []int{m * d},
				build: one(Softmax, tasksOf(m, 4), args, 0, 100, with)}).check(t)
			bwd := (&trial{in: [][]float32{fwd[0], lengths, dy}, out: []int{m * d},
				build: one(SoftmaxGrad, tasksOf(m, 4), args, 0, 2, 100, with)}).check(t)
			y, dx := make([]float64, m*d), make([]float64, m*d)
			for r := range m {
				n, sum, dot := d, 0.0, 0.0
				if with > 0 {
					n = int(lengths[r/each])
				}
				for j := range n {
					sum += math.Exp(float64(x[r*d+j]) - 20)
				}
				for j := range n {
					y[r*d+j] = math.Exp(float64(x[r*d+j])-20) / sum
					dot += y[r*d+j] * float64(dy[r*d+j])
				}
				for j := range n {
					dx[r*d+j] = y[r*d+j] * (float64(dy[r*d+j]) - dot)
				}
			}
			near(t, fmt.Sprint(d, " y"), fwd[0], y, 2e-5)
			near(t, fmt.Sprint(d, " dx"), bwd[0], dx, 2e-5)
		}
	}
}
