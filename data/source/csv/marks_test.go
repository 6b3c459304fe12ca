package csv

import (
	"bytes"
	"slices"
	"strings"
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
		marked.marked = marked.markable
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
				same := string(marked.text(f)) == string(walked.text(walked.fields[i]))
				if f.mark = 0; f != walked.fields[i] || !same {
					rt.Fatalf("field %d of the record at %d of %q is %v, want %v", i, marked.start, data, f, walked.fields[i])
				}
			}
		}
		if (marked.bad == nil) != (walked.bad == nil) || marked.bad != nil && *marked.bad != *walked.bad || marked.lines != walked.lines {
			rt.Fatalf("%q ends with %v in line %d, want %v, %d", data, marked.bad, marked.lines, walked.bad, walked.lines)
		}
	})
}

// TestSignsAreThoseThatAreFoundSlowly holds the quick way of the machine against the
// one of all.
func TestSignsAreThoseThatAreFoundSlowly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(rt, "n")
		bytes := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("\",;\r\n\x00\x80\xff\x22\xa2\x0a\x8a")))
		data := rapid.SliceOfN(bytes, 64*n, 64*n).Draw(rt, "data")
		delim, quote := bytes.Draw(rt, "delimiter"), bytes.Draw(rt, "quote")
		quick, slow := make([]signs, n), make([]signs, n)
		returns, want := findSigns(quick, data, delim, quote), findSignsSlowly(slow, data, delim, quote)
		if returns != want || !slices.Equal(quick, slow) {
			rt.Fatalf("%q by %q and %q: %v, %x, want %v, %x", data, delim, quote, returns, quick, want, slow)
		}
	})
}

// TestMarks looks at each byte alone.
func TestMarks(t *testing.T) {
	var k marker // is used again
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.OneOf(rapid.SampledFrom([]string{"a", ",", "\"", "\r", "\n", "é", "漢", "\xc3", strings.Repeat("x", 60), strings.Repeat(",", 5000)}), rapid.String())
		data := []byte(strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(rt, "pieces"), ""))
		quote := rapid.SampledFrom([]int{'"', -1}).Draw(rt, "quote")
		k.mark(data, ',', quote)
		var want []int32
		inside := false
		for i, c := range data {
			switch {
			case int(c) == quote:
				inside = !inside
				want = append(want, int32(i))
			case (c == ',' || c == '\n') && !inside:
				want = append(want, int32(i))
			}
		}
		if got := k.marks(data, false); !slices.Equal(got, want) {
			rt.Fatalf("marks of %q: %v, want %v", data, got, want)
		}
		if k.text != utf8.Valid(data) || k.returns != bytes.ContainsRune(data, '\r') || k.quotes != (bytes.IndexByte(data, '"') >= 0 && quote >= 0) {
			rt.Fatalf("%q: text %v, returns %v, quotes %v", data, k.text, k.returns, k.quotes)
		}
	})
}
