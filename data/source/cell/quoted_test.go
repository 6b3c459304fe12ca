package cell

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"
)

// TestQuoted: of a column that is text since a value of it is no number, what is none can
// be told from numbers, and is what stands in the data.
func TestQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"1.5", "1,5", `"1,5"`, `"1.5"`, `"`, `""`, "x", "1.000", "1e3", `"x`}).Draw(t, "text")
		target := Target{typ: String, like: Float64}.written(&Notation{Decimal: ','}, nil)
		if !target.Quotes() {
			t.Fatal("the target quotes nothing")
		}
		var b Builder
		b.Reset(target, 1)
		b.Set(new(Rules), 0, Text, []byte(text))
		made := b.Array(1).(*array.String).Value(0)
		if _, _, number := target.how.parse(Float64, []byte(text)); number != Float64.Accepts([]byte(made)) || !number && Unquote(made) != text {
			t.Fatalf("%q became %q", text, made)
		}
	})
}
