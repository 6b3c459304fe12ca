package leak

import (
	"fmt"
	"strings"
	"testing"

	"pipe/base/random"
)

// Things of which some rows are in train and others in a test are found; numbers, words and
// codes of which the target was made are none, and neither are values that say nothing of it.
func TestThings(t *testing.T) {
	const n = 3_000
	s := random.New(2, "test", 0)
	draw := func(k, i, of int) int { return int(s.At(uint64(k)).Uint64(uint64(i)) % uint64(of)) }
	coin := func(thing int) string { return []string{"ill", "well"}[draw(1, thing, 2)] }
	for _, tt := range []struct {
		what, column string
		value        func(i int) int
		text         string // of the value, if it is one
		target       func(i, value int) string
		classes      bool
		from         int // of the test
		want         bool
	}{
		{"patients", "patient", func(i int) int { return draw(2, i, 300) }, "p%d", func(_, v int) string { return coin(v) }, true, n, true},
		{"patients of a number", "patient_id", func(i int) int { return draw(2, i, 300) }, "", func(_, v int) string { return coin(v) }, true, n, true},
		{"nameless", "q7", func(i int) int { return draw(2, i, 300) }, "p%d", func(_, v int) string { return coin(v) }, true, n, true},
		{"houses", "house_id", func(i int) int { return draw(2, i, 300) }, "", func(_, v int) string { return fmt.Sprint(draw(3, v, 100)) }, false, n, true},
		{"patients that are in train alone", "patient", func(i int) int { return draw(2, i, 300) + 300*(i/n) }, "p%d", func(_, v int) string { return coin(v) }, true, n, false},
		{"a row each", "patient", func(i int) int { return i % n }, "p%d", func(_, v int) string { return coin(v) }, true, n, false},
		{"nothing", "patient", func(i int) int { return draw(2, i, 300) }, "p%d", func(i, _ int) string { return coin(i) }, true, n, false},
		{"a rare class", "patient", func(i int) int { return draw(2, i, 1200) }, "p%d", func(i, _ int) string { return fmt.Sprint(draw(4, i, 300) == 0) }, true, n, false},
		{"the number that was cut", "delay", func(i int) int { return draw(2, i, 100) }, "", func(_, v int) string { return fmt.Sprint(v > 30) }, true, n, false},
		{"the number itself", "price", func(i int) int { return draw(2, i, 300) }, "", func(_, v int) string { return fmt.Sprint(v * v) }, false, n, false},
		{"the classes", "code", func(i int) int { return draw(2, i, 30) }, "c%d", func(_, v int) string { return fmt.Sprint(v) }, true, n, false},
		{"codes, some of them frequent", "diagnosis", func(i int) int { return draw(2, i, 10) * draw(5, i, 10) * draw(6, i, 10) }, "c%d", func(_, v int) string { return coin(v) }, true, n, false},
	} {
		rows := func(from int) (values []string, numbers []float64, targets []string) {
			for i := from; i < from+n; i++ {
				v := tt.value(i)
				text := fmt.Sprint(v)
				if tt.text != "" {
					text = fmt.Sprintf(tt.text, v)
				} else {
					numbers = append(numbers, float64(v))
				}
				values, targets = append(values, text), append(targets, tt.target(i, v))
			}
			return values, numbers, targets
		}
		values, numbers, targets := rows(0)
		others, _, _ := rows(tt.from)
		got := Finding{}
		things, ok := FindThings(tt.column, values, numbers, targets, tt.classes)
		if ok {
			got, ok = things.Meet("test", others)
		}
		if ok != tt.want || ok && (got.Column != tt.column || !strings.Contains(got.Msg, "3000 of 3000 rows of test")) {
			t.Errorf("%s: %v, %v, want %v", tt.what, got, ok, tt.want)
		}
	}
}
