package cell

import (
	"fmt"
	"math/bits"
	"strings"

	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

// odd counts the texts of a column that people write for numbers and truth
// values, in one way or another. They are text unless a setting says otherwise,
// so it is for telling which.
type odd struct {
	numbers [len(usualNotations)]int64 // that each reads
	used    used                       // by all of them
	truths  [len(usualTruths)][2][len(cases)]int64
	written [len(usualDates)][len(usualClocks)]int64
	nanos   int64 // dates with nanoseconds
	far     int64 // dates of years that nanoseconds do not reach
	beyond  int64 // times that no type holds, see isBeyond
	lists   int64 // of numbers
}

// mixes says whether there are dates that no timestamp holds beside one another.
func (o *odd) mixes() bool { return o.nanos > 0 && o.far > 0 }

// usualCurrencies are those that are known without being told.
var usualCurrencies = []string{"$", "€", "£", "¥", "₹", "₽", "₩", "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR"}

// usualNotations are the ways in which people write numbers, with anything
// around them, the less surprising first.
var usualNotations = [...]Notation{
	usualNotation(0, ""), usualNotation(0, ","), usualNotation(',', ""), usualNotation(',', "."),
	usualNotation(0, "'"), usualNotation(0, " "), usualNotation(',', " "),
}

func usualNotation(decimal byte, group string) Notation {
	return Notation{Decimal: decimal, Group: group, Percent: true, Accounting: true, Currency: usualCurrencies}
}

// usualTruths are pairs of words for true and false, which stand in one of the cases.
var (
	usualTruths = [...][2]string{{"yes", "no"}, {"y", "n"}, {"t", "f"}, {"on", "off"}}
	cases       = [...]func(string) string{strings.ToLower, strings.ToUpper, func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }}
)

// look counts a text, which is no number in the usual way.
func (o *odd) look(in *Rules, form Form, text []byte) {
	if len(text) > 0 && text[0] == '[' && form != Text && new(lists).look(text, tensor.F32) {
		o.lists++
	}
	if len(text) == 0 || len(text) > maxNumber {
		return
	}
	if isBeyond(text) {
		o.beyond++
		return
	}
	if o.lookDate(in, text) || form == Text {
		return
	}
	switch c := text[0]; {
	case c|0x20 >= 'a' && c|0x20 <= 'z' && len(text) <= 3:
		for i, pair := range usualTruths {
			for v, word := range pair {
				if len(word) == len(text) && strings.EqualFold(word, string(text)) {
					o.truths[i][v][caseOf(text)]++
				}
			}
		}
		return
	case c >= 'a' && c <= 'z':
		return
	case c >= 'A' && c <= 'Z' && (len(text) < 4 || text[3] > '9'):
		return // no code of a currency, which has three letters
	}
	var buf [maxNumber]byte
	out, b, u, ok := usualNotations[0].affixes(text, &buf)
	if !ok || len(b) == 0 || hasOther(b) {
		return
	}
	for i := range usualNotations {
		if plain, u, ok := usualNotations[i].between(text, out, b, u); ok && classify(plain).number() {
			o.numbers[i]++
			o.used |= u
		}
	}
}

// caseOf is in which of the cases a word stands that differs in nothing else.
func caseOf(word []byte) int {
	switch {
	case word[0] >= 'a':
		return 0
	case len(word) == 1 || word[1] < 'a':
		return 1
	}
	return 2
}

// wordsOfTruth are the settings that read so many words as true and false, empty if
// they are none, or only some of a pair.
func (o *odd) wordsOfTruth(values int64) string {
	for i, pair := range usualTruths {
		var found [2][]string
		count := int64(0)
		for v, word := range pair {
			for k, n := range o.truths[i][v] {
				if count += n; n > 0 {
					found[v] = append(found[v], cases[k](word))
				}
			}
		}
		if count == values && len(found[0]) > 0 && len(found[1]) > 0 {
			return truthWords(found[0], found[1])
		}
	}
	return ""
}

func truthWords(yes, no []string) string {
	return fmt.Sprintf("true_words: %s, false_words: %s", yamlList(yes), yamlList(no))
}

// truthSettings are the settings that read a word as true or false, empty if it is none.
func truthSettings(word []byte) string {
	for _, pair := range usualTruths {
		for _, w := range pair {
			if len(w) == len(word) && strings.EqualFold(w, string(word)) {
				as := cases[caseOf(word)]
				return truthWords([]string{as(pair[0])}, []string{as(pair[1])})
			}
		}
	}
	return ""
}

func yamlList(texts []string) string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = settings.Quote(text)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// hasOther says whether a text has a character that no number has between its
// affixes.
func hasOther(b []byte) bool {
	for _, c := range b {
		if c < 0x80 && c-'0' > 9 && strings.IndexByte(" .,'eE+-", c) < 0 {
			return true
		}
	}
	return false
}

func (o *odd) add(p *odd) {
	o.used |= p.used
	o.nanos += p.nanos
	o.far += p.far
	o.beyond += p.beyond
	o.lists += p.lists
	for i, n := range p.numbers {
		o.numbers[i] += n
	}
	for i, clocks := range p.written {
		for k, n := range clocks {
			o.written[i][k] += n
		}
	}
	for i, pair := range p.truths {
		for v, n := range pair {
			for k := range n {
				o.truths[i][v][k] += n[k]
			}
		}
	}
}

// oddNumbers finds how numbers are written that a column has, and how many of its
// values are numbers then. also is another way in which they all are.
func (t *Tally) oddNumbers() (n *Notation, count int64, also *Notation) {
	for i := range usualNotations {
		plain := t.classes[classInt] + t.classes[classWide]
		switch n := &usualNotations[i]; {
		case n.Decimal == 0:
			plain += t.floats()
		case n.Group == "." && t.decimals == 1<<3:
			plain += t.floats() // groups, all of them
		}
		switch read := t.odd.numbers[i]; {
		case read == 0:
		case read+plain > count:
			n, count, also = &usualNotations[i], read+plain, nil
		case read+plain == count && also == nil && n.Group == "," && usualNotations[i].Decimal == ',':
			also = &usualNotations[i]
		}
	}
	return n, count, also
}

// settings writes a notation as it stands in a pipeline file, as far as a
// column uses it.
func (n *Notation) settings(u used) string {
	var list []string
	if n.Decimal == ',' && u&usedComma != 0 {
		list = append(list, `decimal: ","`)
	}
	if n.Group != "" && u&usedGroups != 0 {
		list = append(list, fmt.Sprintf("thousands: %q", n.Group))
	}
	if u&usedPercent != 0 {
		list = append(list, "percent: true")
	}
	if u&usedAccounting != 0 {
		list = append(list, "accounting: true")
	}
	if u >= usedCurrency {
		var names []string
		for m := u / usedCurrency; m != 0; m &= m - 1 {
			names = append(names, n.Currency[bits.TrailingZeros64(uint64(m))])
		}
		list = append(list, "currency: "+yamlList(names))
	}
	return strings.Join(list, ", ")
}
