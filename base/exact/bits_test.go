package exact

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// What is computed is written down in models and artifacts, so no change of a function
// may change a bit of what it gives, on any machine.
func TestBitsStayAsTheyWere(t *testing.T) {
	pow := func(y float64) func(float64) float64 { return func(x float64) float64 { return Pow(x, y) } }
	for _, f := range []struct {
		name string
		of   func(float64) float64
		want uint64
	}{
		{"exp", Exp, 0x3365f0030887c4f0}, {"exp to the last place", ExpUlp, 0x6d3df827f704f9f1}, {"log", Log, 0xca0c01a0e04e3cbd}, {"log1p", Log1p, 0x902da90a4abf279d}, {"log2", Log2, 0x711f0e3134bff41a}, {"log10", Log10, 0xbe63e1b4ed966897},
		{"pow 1.5", pow(1.5), 0xf66e5f0416d94bd3}, {"pow -3", pow(-3), 0xbc41ec9cef15516b}, {"pow 0.3", pow(0.3), 0x78c205e8049e25c6}, {"pow 1000", pow(1000), 0x8684ea03f4c17843}, {"pow -0.7", pow(-0.7), 0xe680a80bf4126536},
	} {
		h := fnv.New64a()
		add := func(x float64) {
			y := f.of(x)
			if y != y {
				y = math.NaN() // of which there are several
			}
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(y)))
		}
		state := uint64(1)
		for range 100_000 {
			state = state*6364136223846793005 + 1442695040888963407
			add(math.Float64frombits(state))                // anything
			add(float64(state>>40)/(1<<20) - 4)             // about 1
			add(1 + float64(int32(state>>32))*0x1p-60)      // next to 1
			add(math.Float64frombits(state >> 12))          // next to 0
			add(math.Ldexp(math.Sqrt2/2, int(state>>56)-8)) // where a logarithm is cut
		}
		for i := -330; i < 310; i++ {
			add(math.Pow10(i))
		}
		if got := h.Sum64(); got != f.want {
			t.Errorf("%s: the sum of all bits is %#x, want %#x", f.name, got, f.want)
		}
	}
}
