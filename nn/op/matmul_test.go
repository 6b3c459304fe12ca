package op

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// reference is the definition: one chain of rounded products, added in the
// order of the inner index.
func reference(c, a, b []float32, m, k, n int, at, bt bool) {
	for i := range m {
		for j := range n {
			var sum float32
			for l := range k {
				x, y := a[i*k+l], b[l*n+j]
				if at {
					x = a[l*m+i]
				}
				if bt {
					y = b[j*k+l]
				}
				sum += float32(x * y)
			}
			c[i*n+j] = sum
		}
	}
}

// Products are those of the definition to the bit, for any number of threads,
// over sizes around the blocks of the implementation and with memory at any
// offset.
func TestMatmulIsTheDefinitionForAnyNumberOfThreads(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("elsewhere the compiler may fuse products and sums of gonum")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {32, 7, 32}, {8, 63, 9}, {64, 65, 66}, {129, 131, 137}, {1, 200, 1}} {
		m, k, n := size[0], size[1], size[2]
		for offset := range 3 {
			a, b := numbers("a", m*k+offset)[offset:], numbers("b", k*n+offset)[offset:]
			a[0], b[0] = 0, 0 // zeros are skipped, which must not show
			c := make([]float32, m*n+offset)[offset:]
			want := make([]float32, m*n)
			for _, threads := range []int{1, 2, 4} {
				runtime.GOMAXPROCS(threads)
				check := func(name string) {
					t.Helper()
					if !slices.Equal(c, want) {
						t.Errorf("%s of %d x %d x %d at offset %d on %d threads has other bits", name, m, k, n, offset, threads)
					}
				}
				reference(want, a, b, m, k, n, false, false)
				mul(c, a, b, m, k, n)
				check("mul")
				reference(want, a, b, m, k, n, true, false)
				mulAT(c, a, b, k, m, n)
				check("mulAT")
				reference(want, a, b, m, k, n, false, true)
				mulBT(c, a, b, make([]float32, n*k), m, n, k)
				check("mulBT")
			}
		}
	}
}

func BenchmarkMatmul(b *testing.B) {
	for _, s := range [][3]int{{32, 32, 32}, {32, 64, 64}, {256, 784, 512}} {
		m, k, n := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, k, n), func(b *testing.B) {
			x, y, c := numbers("x", m*k), numbers("y", k*n), make([]float32, m*n)
			for b.Loop() {
				mul(c, x, y, m, k, n)
			}
			b.ReportMetric(float64(2*m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
