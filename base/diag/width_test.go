package diag_test

import (
	"testing"

	"pipe/base/diag"
)

func TestRuneWidth(t *testing.T) {
	for r, want := range map[rune]int{'a': 1, 'é': 1, '…': 1, '━': 1, '✓': 1, '企': 2, 'カ': 2, '🐧': 2, '\u0301': 0, '\ufe0f': 0} {
		if got := diag.RuneWidth(r); got != want {
			t.Errorf("%q takes %d columns, want %d", r, got, want)
		}
	}
}
