package csv

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"pipe/data/source"
)

// A policy is what becomes of a record that has another number of fields than
// there are columns, or cannot be read.
type policy uint8

const (
	rowsError policy = iota
	rowsSkip
	rowsPad
	rowsCollect
)

var policies = map[string]policy{"error": rowsError, "skip": rowsSkip, "pad": rowsPad, "collect": rowsCollect}

// A fit says how records are made to have as many fields as there are columns.
type fit struct {
	policy
	width    int
	trailing bool // a delimiter at the end of a line begins no field
}

// any says whether it may change anything.
func (f *fit) any() bool { return f.policy != rowsError || f.trailing }

// Bounds of what is kept of the records that were left out.
const (
	maxRejected     = 10_000 // of a file
	maxRejectedText = 1024   // bytes of each
	maxNamed        = 3      // in a warning
)

// ragged is what was found of records that do not fit.
type ragged struct {
	skipped, padded int64
	rejected        []source.Rejected // the first that were skipped
	short           []int64           // lines of the first that were padded
}

// append adds what was found in the next part of a file, after a number of lines.
func (g *ragged) append(next *ragged, lines int64) {
	g.skipped += next.skipped
	g.padded += next.padded
	for _, r := range next.rejected[:min(len(next.rejected), maxRejected-len(g.rejected))] {
		r.Line += lines
		g.rejected = append(g.rejected, r)
	}
	for _, line := range next.short[:min(len(next.short), maxNamed-len(g.short))] {
		g.short = append(g.short, line+lines)
	}
}

// nextFitting is next where records are made to fit or left out.
func (rs *records) nextFitting() bool {
	for rs.record() {
		f := &rs.fit
		if last := len(rs.fields) - 1; f.trailing && last == f.width && rs.fields[last].form == bare && rs.fields[last].start == rs.fields[last].end {
			rs.fields = rs.fields[:last]
		}
		if f.policy == rowsPad && len(rs.fields) < f.width {
			rs.pad()
		}
		switch {
		case f.policy != rowsSkip && f.policy != rowsCollect:
			return true
		case len(rs.fields) != f.width:
			rs.reject(rs.pos, wrongCount(len(rs.fields), f.width))
		case !rs.valid && !utf8.Valid(rs.data[rs.start:rs.pos]):
			rs.reject(rs.pos, notUTF8)
		default:
			return true
		}
	}
	return false
}

func wrongCount(n, want int) string { return fmt.Sprintf("%s, want %d", countFields(n), want) }

func countFields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// pad adds fields without a value.
func (rs *records) pad() {
	end := rs.fields[len(rs.fields)-1].end
	for len(rs.fields) < rs.fit.width {
		rs.fields = append(rs.fields, field{start: end, end: end})
	}
	if rs.out != nil {
		if rs.out.padded++; len(rs.out.short) < maxNamed {
			rs.out.short = append(rs.out.short, int64(rs.line)+1)
		}
	}
}

// resync moves behind the line that a syntax error is in, if its end is in the
// data.
func (rs *records) resync() bool {
	bad := rs.bad
	rs.bad = nil
	rs.lines, rs.pos = rs.line+rs.breaks(rs.data[rs.start:bad.pos]), bad.pos
	if !rs.skipLine() {
		return false
	}
	rs.reject(rs.pos, bad.msg)
	return true
}

// reject leaves out the record that ends at a position.
func (rs *records) reject(end int, reason string) {
	if rs.out == nil {
		return
	}
	rs.out.skipped++
	if len(rs.out.rejected) >= maxRejected {
		return
	}
	text := bytes.TrimRight(rs.data[rs.start:end], "\r\n")
	if len(text) > maxRejectedText {
		text = text[:maxRejectedText]
	}
	rs.out.rejected = append(rs.out.rejected, source.Rejected{
		Line: int64(rs.line) + 1, Text: string(bytes.ToValidUTF8(text, []byte("\uFFFD"))), Reason: reason,
	})
}
