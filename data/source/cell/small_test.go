package cell

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestSmallNumbers: of numbers so small that a float64 has fewer digits those are kept that
// programs write, with as many digits as they like, and no other is taken for one of them.
func TestSmallNumbers(t *testing.T) {
	for text, want := range map[string]class{
		"1e-310": classFloat, "4.9e-324": classFloat, "5e-324": classFloat, "4.9406564584124654e-324": classFloat, "-2.2250738585072009e-308": classFloat,
		"3e-324": classLost, "1.23456789012345e-320": classLost, "2e-324": classLost, "0.0e-400": classFloat,
	} {
		if got := classify([]byte(text)); got != want {
			t.Errorf("%s is of class %d, want %d", text, got, want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		v := math.Float64frombits(rapid.Uint64Range(1, 1<<52).Draw(rt, "v"))
		text := strconv.FormatFloat(v, 'e', rapid.IntRange(-1, 16).Draw(rt, "digits"), 64)
		same, err := strconv.ParseFloat(text, 64)
		if err != nil {
			rt.Fatal(err)
		}
		if got, ok := parseFloat([]byte(text)); !ok || got != same {
			rt.Fatalf("%s is read as %v", text, got)
		}
		if got := classify([]byte(text)); same == v && got != classFloat {
			rt.Fatalf("%s is of class %d", text, got)
		}
	})
}
