package cell

import "github.com/apache/arrow-go/v18/arrow"

// Read makes a column of texts one of the type, whose numbers and truth values are
// written in the usual way. Texts of nothing but blanks are missing, and wrong are the rows of those
// that are none of the type. n is the notation of times, nil for the usual one.
func (t Typed) Read(texts []string, valid []bool, n *Notation) (arr arrow.Array, wrong []int) {
	var b Builder
	target := TargetOf(t.Type)
	if t.Layout != nil || n != nil {
		target.how = &writing{n, t.Layout}
	}
	b.Reset(target, len(texts))
	rules := new(Rules)
	for row, text := range texts {
		b.misfit = false
		if valid != nil && !valid[row] || len(trimBlanks([]byte(text))) == 0 {
			b.Null(row)
			continue
		}
		if b.Set(rules, row, Text, []byte(text)); b.Misfit() {
			wrong = append(wrong, row)
		}
	}
	return b.Array(len(texts)), wrong
}
