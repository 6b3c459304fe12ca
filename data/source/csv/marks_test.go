package csv

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pipe/data/source/block"
)

// TestMarkedRecordsAreThoseThatAreWalked reads blocks by their marks as far as
// that goes, and as the records of a file are read one after the other.
func TestMarkedRecordsAreThoseThatAreWalked(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pieces := rapid.SampledFrom([]string{"a", "\"", "\"\"", ",", "\n", "\r\n", "\",\"", "\"\n\"", "some longer text, with 64 bytes of it or more, so that it fills a word", "x,\"y\"\n", "\"1\",2\n"})
		data := []byte{}
		for range rapid.IntRange(0, 60).Draw(rt, "pieces") {
			data = append(data, pieces.Draw(rt, "piece")...)
		}
		width := rapid.IntRange(1, 3).Draw(rt, "width")
		d := dialect{delim: ',', quote: '"', escape: -1, comment: -1}
		marked, walked := records{dialect: d, blank: width == 1}, records{dialect: d, blank: width == 1}
		marked.reset(block.Block{Data: data})
		walked.reset(block.Block{Data: data})
		marked.mark()
		for {
			quick := marked.marked && marked.nextMarked(width)
			more := quick
			if !quick {
				marked.countTo(marked.pos)
				more = marked.next()
				marked.counted = marked.pos
			}
			if walked.next() != more {
				rt.Fatalf("after byte %d of %q: %v, %v", marked.pos, data, more, walked.bad)
			}
			if !more {
				break
			}
			if quick {
				marked.countTo(marked.start)
			}
			if marked.pos != walked.pos || marked.line != walked.line || len(marked.fields) != len(walked.fields) {
				rt.Fatalf("record at %d, line %d of %q ends at %d; want %d, %d, %d", marked.start, marked.line, data, marked.pos, walked.start, walked.line, walked.pos)
			}
			for i, f := range marked.fields {
				if f != walked.fields[i] {
					rt.Fatalf("field %d of the record at %d of %q is %v, want %v", i, marked.start, data, f, walked.fields[i])
				}
			}
		}
		if (marked.bad == nil) != (walked.bad == nil) || marked.bad != nil && *marked.bad != *walked.bad || marked.lines != walked.lines {
			rt.Fatalf("%q ends with %v in line %d, want %v, %d", data, marked.bad, marked.lines, walked.bad, walked.lines)
		}
	})
}

func TestIsUTF8(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data := []byte(rapid.String().Draw(rt, "text"))
		data = append(data, rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(rt, "bytes")...)
		data = append(data, rapid.StringMatching(`[a-z]{0,20}`).Draw(rt, "tail")...)
		if isUTF8(data) != utf8.Valid(data) {
			rt.Fatalf("%q", data)
		}
	})
}
