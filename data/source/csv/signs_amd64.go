package csv

// findSigns is findSignsSlowly with instructions that every amd64 has, 16 bytes at a
// time.
func findSigns(to []signs, data []byte, delim, quote byte) (returns bool) {
	if len(to) == 0 {
		return false
	}
	_ = data[64*len(to)-1]
	return findSignsSSE2(&to[0], &data[0], len(to), delim, quote) != 0
}

//go:noescape
func findSignsSSE2(to *signs, data *byte, n int, delim, quote byte) (returns uint64)
