package csv

import (
	"bytes"
	"fmt"
)

// delimiters are the characters that are used as one.
const delimiters = ";\t|,"

// parts counts the delimiters of each kind in a record.
func parts(record []byte) (counts [len(delimiters)]int) {
	for i := range delimiters {
		counts[i] = bytes.Count(record, []byte{delimiters[i]})
	}
	return counts
}

// hintDelimiter says which delimiter the file rather has: one that is more
// frequent in the first record than the one that is set or, if there is another
// record that is not parted as the first one is, one that parts both alike. It
// is empty if there is none.
func (r *reading) hintDelimiter(record []byte) string {
	other, most := -1, bytes.Count(r.head, []byte{r.delim})
	first, here := parts(r.head), parts(record)
	for i, n := range first {
		if delimiters[i] != r.delim && n > 0 && (record == nil && n > most || record != nil && n == here[i]) {
			other, most = i, n
			if record != nil {
				break
			}
		}
	}
	if other < 0 {
		return ""
	}
	return fmt.Sprintf("set delimiter: %q", delimiters[other:other+1])
}
