package pipeline

import (
	"testing"

	"pipe/base/diag"
)

func TestComparison(t *testing.T) {
	for _, c := range []struct {
		text, form string
		value      float64
		holds      bool
	}{
		{">= 0.95", ">= 0.95", .95, true},
		{">=0.95", ">= 0.95", .9499, false},
		{" > 1e-3 ", "> 0.001", .001, false},
		{"< 5", "< 5", 4, true},
		{"<= -1", "<= -1", -1, true},
		{"== 1", "== 1", 1, true},
	} {
		var got Comparison
		if err := got.UnmarshalText([]byte(c.text)); err != nil || got.String() != c.form || got.Holds(c.value, got.Bound) != c.holds {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"", "0.95", ">=", "=> 1", ">= NaN", "> Inf", "< baseline", "!= 1", "> 1 2"} {
		var c Comparison
		if err := c.UnmarshalText([]byte(text)); err == nil || diag.HintOf(err) == "" {
			t.Errorf("%q is read as %q with error %v", text, c, err)
		}
	}
}

func FuzzComparison(f *testing.F) {
	for _, text := range []string{">= 0.95", "== -1e300", "> 1_0", ">", "< 0x1p-3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c, again Comparison
		if c.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(c.String())); err != nil || again != c {
			t.Fatalf("%q is written %q, which reads as %q (%v)", text, c, again, err)
		}
	})
}

// TestTelling: a value that misses a limit by little must not look like it.
func TestTelling(t *testing.T) {
	for _, c := range []struct {
		v, limit float64
		want     string
	}{
		{.93, .95, "0.93"}, {.949999, .95, "0.949999"}, {.9499999999999998, .95, "0.9499999999999998"}, {2, 2, "2"},
	} {
		if got := Telling(c.v, c.limit); got != c.want {
			t.Errorf("Telling(%v, %v) = %s, want %s", c.v, c.limit, got, c.want)
		}
	}
}
