package quality

import "testing"

func TestMixUp(t *testing.T) {
	names := []string{"cat", "dog", "emu"}
	for _, test := range []struct {
		counts [][]int64
		want   string
	}{
		{[][]int64{{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}, "Every row was predicted right."},
		{[][]int64{{5, 0, 0}, {1, 5, 0}, {0, 0, 5}}, "One row was predicted wrong: dog was taken for cat."},
		{[][]int64{{5, 1, 1}, {1, 5, 0}, {0, 1, 5}}, "4 rows were predicted wrong, no two of them in the same way."},
		{[][]int64{{5, 1, 2}, {1, 5, 0}, {0, 0, 5}}, "4 rows were predicted wrong. The most frequent mistake is to take cat for emu: 2 times."},
		{[][]int64{{5, 3, 0}, {0, 5, 3}, {1, 0, 5}}, "7 rows were predicted wrong. 2 mistakes are the most frequent, 3 times each; one is to take cat for dog."},
	} {
		if got := mixUp(names, test.counts); got != test.want {
			t.Errorf("%v: %q, want %q", test.counts, got, test.want)
		}
	}
}
