package task

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
		if tr.Kind.Learned() {
			continue
		}
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

// Powers are undone as well, whatever the exponent is, and what none of their numbers
// stands for is one of their ends.
func TestPowersAreUndone(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tr := &Transform{Kind: YeoJohnson, Lambda: rapid.Float64Range(-3, 5).Draw(r, "lambda"), Low: -1000, High: 1000}
		least := -900.0
		if rapid.Bool().Draw(r, "box_cox") {
			tr.Kind, tr.Low, least = BoxCox, 0, 1e-3
		}
		if err := tr.Check(); err != nil {
			r.Fatal(err)
		}
		x, y := rapid.Float64Range(least, 900).Draw(r, "x"), rapid.Float64Range(least, 900).Draw(r, "y")
		if a, b := tr.Apply(x), tr.Apply(y); x < y && a > b {
			r.Fatalf("%v and %v become %v and %v", x, y, a, b)
		}
		// Where the curve is flat a step of what it gives is many of x.
		slope := (tr.Apply(x*1.0001+1e-4) - tr.Apply(x)) / (x*0.0001 + 1e-4)
		if got := tr.Invert(tr.Apply(x)); math.Abs(slope) > 1e-6 && math.Abs(got-x) > 1e-8*(1+math.Abs(x)) {
			r.Fatalf("%v becomes %v becomes %v", x, tr.Apply(x), got)
		}
		a, b := rapid.Float64Range(-50, 50).Draw(r, "a"), rapid.Float64Range(-50, 50).Draw(r, "b")
		if u, v := tr.Invert(a), tr.Invert(b); a < b && u > v || u < tr.Low || u > tr.High || u != u {
			r.Fatalf("%v and %v stand for %v and %v", a, b, u, v)
		}
	})
	for _, bad := range []Transform{{Kind: YeoJohnson, Low: 1}, {Kind: BoxCox, Low: -1}, {Kind: BoxCox, Lambda: math.NaN()}, {Kind: Log, Lambda: 1}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestTransformsRefuse(t *testing.T) {
	for _, c := range []struct {
		kind TransformKind
		x    float64
		want string
	}{{Log, 0, "log1p"}, {Log, -1, "price > 0"}, {Log1p, -1, "price > -1"}, {Sqrt, -0.5, "price >= 0"}, {Logit, 1, "price < 1"}, {Logit, 0, "price > 0"}, {BoxCox, 0, "yeo_johnson"}} {
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
