package ingest

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// A tally counts what was seen in a column. Tallies of parts of a file add up
// in the order of the parts to the tally of the file.
type tally struct {
	classes  [numClasses]int64
	missing  int64            // whatever the type of the column is
	blanks   int64            // text of blanks alone, missing unless the column is text
	words    map[string]int64 // usual words for a missing value, missing unless the column is text
	examples [numClasses - firstExample]*example
	decimals uint8 // bits of decimals, of all decimal numbers
}

// maxExample bounds the bytes of an example.
const maxExample = 64

// An example is a value with its place.
type example struct {
	text string // its beginning if it is long
	line int64  // of the file, counted from 1
}

func (e *example) String() string {
	return fmt.Sprintf("%s in line %d", quoteText([]byte(e.text)), e.line)
}

// add adds the tally of later records, which start after a number of lines.
func (t *tally) add(u *tally, lines int64) {
	for i, n := range u.classes {
		t.classes[i] += n
	}
	t.missing += u.missing
	t.blanks += u.blanks
	t.decimals |= u.decimals
	for word, n := range u.words {
		t.word(word, n)
	}
	for i, e := range u.examples {
		if t.examples[i] == nil && e != nil {
			t.examples[i] = &example{e.text, e.line + lines}
		}
	}
}

func (t *tally) word(word string, n int64) {
	if t.words == nil {
		t.words = map[string]int64{}
	}
	t.words[word] += n
}

func (t *tally) example(c class) *example { return t.examples[c-firstExample] }

func sum(counts ...int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// values is how many values there are of which none is a word for missing.
func (t *tally) values() int64 { return sum(t.classes[:]...) }

func (t *tally) floats() int64 {
	return t.classes[classFloat] + t.classes[classRound] + t.classes[classExcess]
}

func (t *tally) numbers() int64 {
	return t.classes[classInt] + t.classes[classWide] + t.floats() + t.classes[classLost]
}

func (t *tally) times() int64 { return t.classes[classDate] + t.classes[classTimestamp] }

func (t *tally) wordCount() int64 { return sum(slices.Collect(maps.Values(t.words))...) }

// infer decides on the type of a column.
func (t *tally) infer() columnType {
	c := &t.classes
	switch n := t.values(); n {
	case 0:
		return stringType
	case c[classInt] + c[classWide]:
		return int64Type
	case c[classInt] + t.floats():
		return float64Type
	case c[classBool]:
		return boolType
	case c[classDate]:
		return dateType
	case t.times():
		return timestampType
	}
	return stringType
}

// missingAs is how many values are missing if the column has the type.
func (t *tally) missingAs(typ columnType) int64 {
	if typ == stringType {
		return t.missing
	}
	return t.missing + t.blanks + t.wordCount()
}

// doubt says why a column that is almost of another type became text. It is
// empty if there is nothing to say.
func (t *tally) doubt() string {
	n, lost := t.values(), t.classes[classLost]
	if n == 0 {
		return ""
	}
	if n == t.numbers() {
		if lost == 0 {
			return "it has integers above 2^53 beside decimal numbers, and a float64 does not hold both"
		}
		return fmt.Sprintf("a float64 does not keep %d of its %d numbers as they are written, such as %v",
			lost, n, t.example(classLost))
	}
	for _, family := range []struct {
		name  string
		count int64
	}{{"numbers", t.numbers()}, {"dates", t.times()}, {"true or false", t.classes[classBool]}} {
		if others := n - family.count; family.count < 9*others {
			continue
		}
		but := fmt.Sprintf("%d others", n-family.count)
		if e := t.example(classText); e != nil {
			but = e.String()
		}
		return fmt.Sprintf("%d of %d values are %s, but not %s", family.count, n, family.name, but)
	}
	return ""
}

// versions says whether decimal numbers of which some end in a zero are rather
// versions or codes: 1.10 beside 1.1, which as numbers are one.
func (t *tally) versions() bool {
	return t.classes[classRound] > 0 && t.decimals&tooLong == 0 && bits.OnesCount8(t.decimals) > 1
}

// countWords lists the words for a missing value with how often they occur.
func (t *tally) countWords() string {
	var counts []string
	for _, word := range slices.Sorted(maps.Keys(t.words)) {
		rows := "rows"
		if t.words[word] == 1 {
			rows = "row"
		}
		counts = append(counts, fmt.Sprintf("%q in %d %s", word, t.words[word], rows))
	}
	return strings.Join(counts, ", ")
}
