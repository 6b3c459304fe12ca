package table

import (
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"
	"pgregory.net/rapid"
)

// TestFieldsAsDecodersReadThem draws tables of a few bytes: what the checks of
// this package see of a file must be what Arrow's decoder will see, or a count
// that is out of bounds passes as absent.
func TestFieldsAsDecodersReadThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		buf := rapid.SliceOfN(rapid.Byte(), 40, 40).Draw(t, "bytes")
		pos, list := rapid.IntRange(16, 24).Draw(t, "table"), rapid.IntRange(0, 12).Draw(t, "list of offsets")
		flatbuffers.WriteSOffsetT(buf[pos:], flatbuffers.SOffsetT(pos-list))
		flatbuffers.WriteVOffsetT(buf[list:], flatbuffers.VOffsetT(rapid.IntRange(0, 20).Draw(t, "bytes of the list")))
		theirs := flatbuffers.Table{Bytes: buf, Pos: flatbuffers.UOffsetT(pos)}
		for number := range 8 {
			want := int(theirs.Offset(flatbuffers.VOffsetT(4 + 2*number)))
			if want > 0 {
				want += pos
			}
			if got := (flatTable{buf, pos}).field(number); got != want {
				t.Fatalf("field %d is at %d, want %d", number, got, want)
			}
		}
	})
}
