package cell

import (
	"fmt"
	"math/bits"
	"strings"
)

// odd counts the texts of a column that people write for numbers and truth
// values, in one way or another. They are text unless a setting says otherwise,
// so it is for telling which.
type odd struct {
	numbers [len(usualNotations)]int64 // that each reads
	used    used                       // by all of them
	truths  [len(usualTruths)][2]int64
	written [len(usualDates)][len(usualClocks)]int64
}

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

// usualTruths are pairs of words for true and false.
var usualTruths = [...][2]string{{"yes", "no"}, {"y", "n"}, {"t", "f"}, {"on", "off"}}

// look counts a text, which is no number in the usual way.
func (o *odd) look(in *Rules, form Form, text []byte) {
	if len(text) == 0 || len(text) > maxNumber {
		return
	}
	if o.lookDate(in, text) || form == Text {
		return
	}
	switch c := text[0]; {
	case c|0x20 >= 'a' && c|0x20 <= 'z' && len(text) <= 3:
		for i, pair := range usualTruths {
			for v, word := range pair {
				if strings.EqualFold(word, string(text)) {
					o.truths[i][v]++
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
			o.truths[i][v] += n
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
			names = append(names, yamlText(n.Currency[bits.TrailingZeros32(uint32(m))]))
		}
		list = append(list, "currency: ["+strings.Join(names, ", ")+"]")
	}
	return strings.Join(list, ", ")
}
