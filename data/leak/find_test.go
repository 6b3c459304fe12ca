package leak

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/base/random"
)

func numbers(name string, n int, f func(i int) float64) Column {
	c := Column{Name: name, Numbers: make([]float64, n)}
	for i := range c.Numbers {
		c.Numbers[i] = f(i)
	}
	return c
}

func texts(name string, n int, f func(i int) string) Column {
	c := Column{Name: name, Texts: make([]string, n)}
	for i := range c.Texts {
		c.Texts[i] = f(i)
	}
	return c
}

func TestFind(t *testing.T) {
	const n = 2_000
	s := random.New(1, "test", 0)
	price := numbers("price", n, func(i int) float64 { return math.Exp(float64(s.At(1).Normal(uint64(i))) / 2) })
	class := texts("class", n, func(i int) string { return []string{"a", "b", "c"}[s.At(2).Uint64(uint64(i))%3] })
	rare := texts("rare", n, func(i int) string { return fmt.Sprint(s.At(3).Uint64(uint64(i))%50 == 0) })
	noise := numbers("noise", n, func(i int) float64 { return float64(s.At(4).Normal(uint64(i))) })
	id := texts("id", n, func(i int) string { return fmt.Sprint("x", i) })
	few := texts("few", n, func(i int) string { return fmt.Sprint(s.At(5).Uint64(uint64(i)) % 7) })
	near := func(of Column, by float64) Column {
		return numbers("near", n, func(i int) float64 { return of.Numbers[i] + by*noise.Numbers[i] })
	}
	coded := numbers("coded", n, func(i int) float64 { return float64(class.Texts[i][0]) })
	for _, tt := range []struct {
		what     string
		target   Column
		classes  bool
		lagged   bool
		features []Column
		want     string // KIND COLUMN, ...
	}{
		{"nothing", price, false, false, []Column{noise, id, few}, ""},
		{"no class", class, true, false, []Column{noise, id, few, price}, ""},
		{"no rare class", rare, true, false, []Column{noise, id, few, price}, ""},
		{"a copy", price, false, false, []Column{noise, numbers("c", n, func(i int) float64 { return price.Numbers[i] })}, "target_copy c"},
		{"another unit", price, false, false, []Column{noise, numbers("c", n, func(i int) float64 { return 3 - 100*price.Numbers[i] })}, "target_copy c"},
		{"another unit, some missing", price, false, false, []Column{numbers("c", n, func(i int) float64 {
			if i%3 == 0 {
				return math.NaN()
			}
			return 2 * price.Numbers[i]
		})}, "target_copy c"},
		{"other words", class, true, false, []Column{noise, coded}, "target_copy coded"},
		{"other words, alone", class, true, false, []Column{coded}, "target_copy coded"},
		{"a function", price, false, false, []Column{noise, numbers("log", n, func(i int) float64 { return math.Log(price.Numbers[i]) })}, "perfect_feature log"},
		{"nearly", price, false, false, []Column{noise, near(price, 0.01)}, "perfect_feature near"},
		{"nearly, but alone", price, false, false, []Column{near(price, 0.01)}, ""},
		{"nearly, but earlier", price, false, true, []Column{noise, near(price, 0.01)}, ""},
		{"about", price, false, false, []Column{noise, near(price, 0.5)}, ""},
		{"finer words", class, true, false, []Column{noise, texts("fine", n, func(i int) string { return class.Texts[i] + few.Texts[i] })}, "perfect_feature fine"},
		{"finer words of a rare class", rare, true, false, []Column{noise, texts("fine", n, func(i int) string { return rare.Texts[i] + few.Texts[i] })}, "perfect_feature fine"},
		{"a row number of sorted classes", numbers("y", n, func(i int) float64 { return float64(i / 1000) }), true, false, []Column{noise, numbers("row", n, func(i int) float64 { return float64(i) })}, "perfect_feature row"},
	} {
		var got []string
		for _, f := range Find(tt.target, tt.classes, tt.lagged, tt.features) {
			got = append(got, fmt.Sprint(f.Kind, " ", f.Column))
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf("%s: %q, want %q (%v)", tt.what, got, tt.want, Find(tt.target, tt.classes, tt.lagged, tt.features))
		}
	}
}

func TestFindIdentifier(t *testing.T) {
	for name, want := range map[string]bool{"id": true, "ID": true, "user_id": true, "userId": true, "row_number": true, "uuid": true, "width": false, "humid": false, "valid": false, "key": true, "grid": false, "paid": false} {
		c := numbers(name, 200, func(i int) float64 { return float64(i * 7919 % 211) })
		c.Whole = true
		if _, got := FindIdentifier(c); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	c := numbers("id", 200, func(i int) float64 { return float64(i % 20) })
	c.Whole = true
	if f, ok := FindIdentifier(c); ok {
		t.Errorf("values that come again: %v", f)
	}
}

// A sample is of about the same size whatever the table is, and no rhythm of its rows.
func TestSample(t *testing.T) {
	for _, tt := range []struct{ rows, columns, least, most int }{{500, 3, 500, 500}, {10_000, 3, 10_000, 10_000}, {300_000, 3, 9_700, 10_300}, {300_000, 1000, 900, 1100}} {
		s, n, odd := NewSample(int64(tt.rows), tt.columns), 0, 0
		for row := range int64(tt.rows) {
			if s.Has(row) {
				n++
				odd += int(row % 2)
			}
		}
		if n < tt.least || n > tt.most || 10*odd < 4*n || 10*odd > 6*n {
			t.Errorf("%+v: %d rows, %d of them odd", tt, n, odd)
		}
	}
}
