//go:build !amd64

package csv

func findSigns(to []signs, data []byte, delim, quote byte) (returns bool) {
	return findSignsSlowly(to, data, delim, quote)
}
