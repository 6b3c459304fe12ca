package task

import (
	"math"
	"strings"
	"testing"
)

// What a transform makes of a number stands for that number, and a larger number
// has more made of it.
func TestTransformsAreUndone(t *testing.T) {
	domain := map[TransformKind][]float64{
		Log:   {1e-300, 1e-9, 0.5, 1, 1.0000001, 326, 18823, 1e15, 1e300},
		Log1p: {-0.999, -1e-12, 0, 1e-300, 1e-12, 0.5, 18823, 1e15, 1e300},
		Sqrt:  {0, 1e-300, 0.25, 2, 18823, 1e300},
		Logit: {1e-9, 0.1, 0.5, 0.75, 1 - 1e-9},
	}
	for _, name := range TransformKind("").Enum() {
		tr := &Transform{Kind: TransformKind(name)}
		if err := tr.Check(); err != nil {
			t.Fatal(err)
		}
		last := math.Inf(-1)
		for _, x := range domain[tr.Kind] {
			z := tr.Apply(x)
			if !(z > last) {
				t.Errorf("%s: %v gives %v, which is not above %v", name, x, z, last)
			}
			last = z
			// One unit in the last place of z may be |z| of them in x.
			if got := tr.Invert(z); math.Abs(got-x) > 1e-15*math.Abs(x)*(4+math.Abs(z)) {
				t.Errorf("%s: %v becomes %v becomes %v", name, x, z, got)
			}
		}
		last = math.Inf(-1)
		for z := -800.0; z < 800; z += 0.37 {
			if x := tr.Invert(z); !(x >= last) {
				t.Errorf("%s: %v stands for %v, which is below %v", name, z, x, last)
			} else {
				last = x
			}
		}
	}
	if none := (*Transform)(nil); none.Apply(-3) != -3 || none.Invert(-3) != -3 || none.Of("y") != "y" || none.Check() != nil {
		t.Error("no transform changes something")
	}
}

func TestTransformsRefuse(t *testing.T) {
	for _, c := range []struct {
		kind TransformKind
		x    float64
		want string
	}{{Log, 0, "log1p"}, {Log, -1, "price > 0"}, {Log1p, -1, "price > -1"}, {Sqrt, -0.5, "price >= 0"}, {Logit, 1, "price < 1"}, {Logit, 0, "price > 0"}} {
		tr := &Transform{Kind: c.kind}
		if z := tr.Apply(c.x); !math.IsNaN(z) {
			t.Errorf("%s of %v is %v", c.kind, c.x, z)
		}
		if _, msg, fix := tr.Refusal("price", c.x); !strings.Contains(fix, c.want) || strings.Contains(msg, "%!") {
			t.Errorf("%s of %v: %s, %s", c.kind, c.x, msg, fix)
		}
	}
	if (&Transform{Kind: "exp"}).Check() == nil {
		t.Error("exp is a transform")
	}
}
