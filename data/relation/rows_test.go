package relation

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// divided gives the numbers of the rows of both sides, from a column of numbers.
func divided(t tabletest.T, rows *Rows, with Means, data []byte) (in, out []int64) {
	t.Helper()
	r := tabletest.Open(t, data)
	list := func(to *[]int64) func(arrow.RecordBatch) error {
		return func(rec arrow.RecordBatch) error {
			at, err := table.Column(rec.Schema(), "row")
			if err != nil {
				return err
			}
			values, _, err := table.Floats(rec.Column(at))
			*to = append(*to, converted[int64](values)...)
			return err
		}
	}
	if err := rows.Divide(background(t), with, r, list(&in), list(&out)); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// Rows that are there once stay, and of others the one that is to be kept.
func TestDistinctIsComparison(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts, numbers, valid, _, data := side(t, "row", 2)
		keep := rapid.SampledFrom([]Keep{KeepFirst, KeepLast, KeepNone}).Draw(t, "keep")
		key := func(i int) string {
			if !valid[i] {
				return fmt.Sprint("missing ", numbers[i])
			}
			return fmt.Sprintf("%q %d", texts[i], numbers[i])
		}
		var want []int64
		for i := range texts {
			same := []int{}
			for k := range texts {
				if key(k) == key(i) {
					same = append(same, k)
				}
			}
			if keep == KeepFirst && same[0] == i || keep == KeepLast && same[len(same)-1] == i || len(same) == 1 {
				want = append(want, int64(i))
			}
		}
		for _, with := range []Means{{Threads: 1}, {Threads: 3, rows: 7}, {Threads: 2, Budget: 1, rows: 4}} {
			rows, err := Distinct(background(t), with, tabletest.Open(t, data), []string{"text", "number"}, keep)
			if err != nil {
				t.Fatal(err)
			}
			got, others := divided(t, rows, with, data)
			if diff := cmp.Diff(want, got); diff != "" || int(rows.Len()) != len(got) || len(got)+len(others) != len(texts) {
				t.Fatalf("%+v keeps %v (%d of %d, %d others), want %v", with, got, rows.Len(), len(texts), len(others), want)
			}
			if !slices.IsSorted(others) {
				t.Fatalf("the others are out of order: %v", others)
			}
		}
	})
}

// A sample has the rows that were asked for, of each group its share, and does not
// depend on threads or pieces.
func TestSampleSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, numbers, _, _, data := side(t, "row", 2)
		s := Sample{Rows: int64(rapid.IntRange(0, 12).Draw(t, "rows"))}
		if s.Rows == 0 {
			s.Fraction = rapid.Float64Range(0.01, 1).Draw(t, "fraction")
		}
		groups := map[int64]int64{0: int64(len(numbers))}
		if rapid.Bool().Draw(t, "by") {
			s.By = []string{"number"}
			groups = map[int64]int64{}
			for _, n := range numbers {
				groups[n]++
			}
		}
		var first []int64
		for i, with := range []Means{{Threads: 1}, {Threads: 4, rows: 3}} {
			rows, short, err := s.Draw(background(t), with, 7, tabletest.Open(t, data))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := divided(t, rows, with, data)
			if i == 0 {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				t.Fatalf("other rows on other threads:\n%s", diff)
			}
			drawn := map[int64]int64{}
			for _, row := range got {
				g := int64(0)
				if s.By != nil {
					g = numbers[row]
				}
				drawn[g]++
			}
			few := 0
			for g, n := range groups {
				want := s.Fraction * float64(n)
				if s.Rows > 0 {
					want = float64(min(n, s.Rows))
					if n < s.Rows {
						few++
					}
				}
				if off := math.Abs(float64(drawn[g]) - want); off >= 1 || s.Rows > 0 && off > 0 {
					t.Fatalf("group %d: %d of %d rows, want %v", g, drawn[g], n, want)
				}
			}
			if want := math.Round(s.Fraction * float64(len(numbers))); s.Rows == 0 && float64(len(got)) != want {
				t.Fatalf("%d rows, want %v", len(got), want)
			}
			if short != few {
				t.Fatalf("%d groups are short, want %d", short, few)
			}
		}
	})
}

// Each row is as likely as any other, and so is each pair.
func TestSampleIsFair(t *testing.T) {
	const n, k, tries = 6, 3, 4000
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = int64(i)
	}
	data := tabletest.Table(t, "row", rows)
	counts := map[string]float64{}
	for seed := range uint64(tries) {
		s := Sample{Rows: k}
		drawn, _, err := s.Draw(t.Context(), Means{}, seed, tabletest.Open(t, data))
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for i := range int64(n) {
			if drawn.Has(i) {
				text += fmt.Sprint(i)
			}
		}
		counts[text]++
	}
	const choices = 20 // 3 of 6
	square := 0.0
	for _, c := range counts {
		d := c - tries/choices
		square += d * d / (tries / choices)
	}
	if len(counts) != choices || square > 43.8 { // of 19 degrees of freedom, one in a thousand
		t.Errorf("%d choices with chi squared %v", len(counts), square)
	}
}
