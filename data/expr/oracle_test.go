package expr_test

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// NumPy says what numbers are, and DuckDB what dates and conditions are; see
// testdata/oracle.py.
func TestOracle(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.tsv")
	if err != nil {
		t.Fatal(err)
	}
	schema, columns := sample()
	for line := range strings.Lines(string(text)) {
		e, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		values, _, _, err := evaluate(e, schema, columns)
		if err != nil {
			t.Errorf("%s: %v", e, err)
			continue
		}
		got := values[0]
		if got == "·" {
			got = "missing"
		}
		if got == want {
			continue
		}
		a, err1 := strconv.ParseFloat(got, 64)
		b, err2 := strconv.ParseFloat(want, 64)
		if err1 != nil || err2 != nil || math.Abs(a-b) > 1e-14*math.Abs(b) {
			t.Errorf("%s = %s, want %s", e, got, want)
		}
	}
}
