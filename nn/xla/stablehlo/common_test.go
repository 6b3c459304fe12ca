package stablehlo

import "testing"

// Products of the same operands are found, however these are called.
func TestCommon(t *testing.T) {
	f := &Func{Common: NewCommon()}
	a, b := f.Arg(F32, false, 6), f.Arg(F32, false, 3, 2)
	f.MatMul(f.Reshape(a, 2, 3), 1, b, 0, F32)
	first := f.Position()
	f.MatMul(f.Reshape(a, 3, 2), 1, f.Transpose(b, 1, 0), 0, F32) // others
	if f.MatMul(f.Reshape(a, 2, 3), 1, b, 0, F32); len(f.Common.Products) != 1 {
		t.Fatalf("products that are made twice: %+v", f.Common.Products)
	}
	if got, want := f.Common.Products[0], (Twice{first, f.Position(), 4 * 2 * 2}); got != want {
		t.Errorf("%+v is made twice, not %+v", got, want)
	}
	if want := 2. * (2*3*2 + 3*2*3); f.Products != want || f.Dots != 2 {
		t.Errorf("%v operations of %d products, not %v", f.Products, f.Dots, want)
	}
	plain := &Func{}
	x := plain.Arg(F32, false, 2, 2)
	plain.MatMul(x, 1, x, 0, F32)
	if plain.MatMul(x, 1, x, 0, F32); plain.Dots != 2 {
		t.Errorf("%d products are counted where nobody looks for the same", plain.Dots)
	}
}
