package diag

import (
	"strings"
	"unicode/utf8"
)

// maxSuggest is the longest name, in code points, for which Nearest looks for
// a neighbour: nobody misspells a longer one, and the work is quadratic.
const maxSuggest = 64

// Nearest finds the name that was probably meant: one that it stands for (see
// Abbreviated), or else one that it is not far from. The distance is optimal
// string alignment (insertions, deletions, substitutions and swaps of
// neighbours each count one) with letters compared without case. A name
// farther away than a third of the length of the longer text is none; of
// several equally near the alphabetically first one is taken.
func Nearest(name string, names []string) (string, bool) {
	want := fold(name)
	if len(want) == 0 || len(want) > maxSuggest {
		return "", false
	}
	if full, ok := Abbreviated(name, names); ok {
		return full, true
	}
	best, bestDistance := "", maxSuggest
	for _, candidate := range names {
		have := fold(candidate)
		longer := max(len(want), len(have))
		limit := min((longer+2)/3, longer-1, bestDistance)
		if len(have) > maxSuggest || longer-min(len(want), len(have)) > limit {
			continue
		}
		d := alignmentDistance(want, have)
		if d > limit || d == bestDistance && candidate >= best {
			continue
		}
		best, bestDistance = candidate, d
	}
	return best, best != ""
}

// Abbreviated finds the name that a shorter one stands for: "lr" has the initials
// of learning_rate, and "acc" is the beginning of accuracy. Of several the
// shortest is taken, and of those the alphabetically first.
func Abbreviated(name string, names []string) (string, bool) {
	want := strings.ToLower(name)
	best := ""
	for _, candidate := range names {
		have := strings.ToLower(candidate)
		fits := len(want) >= 2 && initials(have) == want || len(want) >= 3 && strings.HasPrefix(have, want)
		if fits && have != want && (best == "" || len(candidate) < len(best) || len(candidate) == len(best) && candidate < best) {
			best = candidate
		}
	}
	return best, best != ""
}

// initials are the first letters of the words of a name, if it has several.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("_-. ", r) })
	if len(words) < 2 {
		return ""
	}
	var b strings.Builder
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		b.WriteRune(r)
	}
	return b.String()
}

func fold(s string) []rune { return []rune(strings.ToLower(s)) }

// alignmentDistance is the optimal string alignment distance of a and b, in
// O(len(a)·len(b)) time and three rows of memory.
// Formula: https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance
func alignmentDistance(a, b []rune) int {
	before := make([]int, len(b)+1) // row i-2
	above := make([]int, len(b)+1)  // row i-1
	row := make([]int, len(b)+1)    // row i
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := above[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(above[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
