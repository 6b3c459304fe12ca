package op

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Sizes: m rows (examples), k inputs, n outputs.
//
// gonum's Sgemm works on fixed blocks of C, so that its result does not depend
// on how many goroutines share them, and adds one rounded product after the
// other in the order of the inner index. That holds for A·B and Aᵀ·B. It does
// not hold for A·Bᵀ, which is made of dot products in vector lanes whose order
// of summation no one promises; hence mulBT transposes B first.

// mul computes c(m,n) = a(m,k) b(k,n).
func mul(c, a, b []float32, m, k, n int) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, b, n, 0, c, n)
}

// mulAT computes c(k,n) = aᵀ b of a(m,k) and b(m,n).
func mulAT(c, a, b []float32, m, k, n int) {
	gonum.Implementation{}.Sgemm(blas.Trans, blas.NoTrans, k, n, m, 1, a, k, b, n, 0, c, n)
}

// mulBT computes c(m,k) = a bᵀ of a(m,n) and b(k,n), with the help of
// bt(n,k), which receives the transpose of b.
func mulBT(c, a, b, bt []float32, m, k, n int) {
	const tile = 32 // two tiles of 4 KiB stay in the first-level cache
	for i0 := 0; i0 < k; i0 += tile {
		for j0 := 0; j0 < n; j0 += tile {
			for i := i0; i < min(i0+tile, k); i++ {
				row := b[i*n : i*n+n]
				for j := j0; j < min(j0+tile, n); j++ {
					bt[j*k+i] = row[j]
				}
			}
		}
	}
	mul(c, a, bt, m, n, k)
}
