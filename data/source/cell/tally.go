package cell

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// A Tally counts what was seen in a column. The zero value is ready to use.
// Tallies of parts of a file add up, in the order of the parts, to the tally of
// the file.
type Tally struct {
	classes  [numClasses]int64
	missing  int64            // whatever the type of the column is
	blanks   int64            // text of blanks alone, missing unless the column is text
	words    map[string]int64 // usual words for a missing value, missing unless the column is text
	examples [numClasses - firstExample]*example
	last     *example
	decimals uint8 // bits of decimals, of all decimal numbers
	infinite bool  // the data say of a value that is infinite that it is a number

	listed map[string]*int64 // texts that are listed as missing

	noted *noted // values that are read as a setting says, nil if there are none
	odd   *odd   // values of text that are numbers by another, nil if there is no text
	lists *lists // nil if there are none

	decimal int64 // numbers with decimals in a column of which whole ones are expected
	large   bool  // there are whole ones that a float64 might not hold
}

// maxExample bounds the bytes of an example.
const maxExample = 64

// An example is a value with its place.
type example struct {
	text string // its beginning if it is long
	line int64  // counted from 1; 0 in data without lines
	row  bool   // line is a row of data that have no lines
	file string // empty if there is one only
}

func (e *example) String() string {
	s := Quote([]byte(e.text))
	switch {
	case e.line > 0 && e.row:
		s += fmt.Sprintf(" in row %d", e.line)
	case e.line > 0:
		s += fmt.Sprintf(" in line %d", e.line)
	}
	switch {
	case e.file == "":
		return s
	case e.line > 0:
		return s + " of " + e.file
	}
	return s + " in " + e.file
}

// after is the example in a file in which a number of lines come first.
func (e *example) after(lines int64) *example {
	return &example{e.text, e.line + lines, e.row, e.file}
}

// Add adds the tally of later records, which start after a number of lines.
func (t *Tally) Add(u *Tally, lines int64) {
	for i, n := range u.classes {
		t.classes[i] += n
	}
	t.missing += u.missing
	t.blanks += u.blanks
	t.decimals |= u.decimals
	t.infinite = t.infinite || u.infinite
	t.decimal += u.decimal
	t.large = t.large || u.large
	for word, n := range u.words {
		t.word(word, n)
	}
	for i, e := range u.examples {
		if t.examples[i] == nil && e != nil {
			t.examples[i] = e.after(lines)
		}
	}
	for text, n := range u.listed {
		t.list([]byte(text), *n)
	}
	if u.lists != nil {
		if t.lists == nil {
			t.lists = new(lists)
		}
		t.lists.add(u.lists)
	}
	if u.noted != nil {
		if t.noted == nil {
			t.noted = new(noted)
		}
		t.noted.add(u.noted, lines)
	}
	if u.odd != nil {
		if t.odd == nil {
			t.odd = new(odd)
		}
		t.odd.add(u.odd)
	}
}

// A Verdict is what became of a value.
type Verdict uint8

// Verdicts.
const (
	Fine  Verdict = iota
	First         // fine, and Place wants to know where it is
	Wrong         // it is not of the type that is declared
)

// Empty says whether all of a number of values are missing.
func (t *Tally) Empty(values int64) bool { return t.missing == values }

// Null counts values that are missing.
func (t *Tally) Null(n int64) { t.missing += n }

// Value counts a value of a column by what it looks like, or checks it against
// the type that the column has. raw is its text, with any blanks around it.
func (t *Tally) Value(in *Rules, column ColumnType, form Form, raw []byte) Verdict {
	text := raw
	if !isTrim(raw) {
		text = trimBlanks(raw)
	}
	if in.Missing.may(text) && t.absent(in, form, raw, text) {
		if column.NeedsAll() {
			return Wrong
		}
		return Fine
	}
	switch want := column.Type; {
	case want.IsList(), want == Undeclared && form == Listed:
		return t.listValue(in, column, form, text)
	case want == String:
	case want == Undeclared:
		c, used := class(0), used(0)
		if in.Notation == nil || form == Number {
			c = classify(text)
		} else {
			c, used = in.Notation.classify(text)
		}
		if form > Quoted {
			c = form.class(c, text)
		}
		switch {
		case used != 0 && c != classText:
			return t.note(in, c, used, form, text)
		case c == classText && in.Missing.isWord(form, text):
			t.word(string(text), 1)
		case c >= firstExample:
			return t.beside(in, c, form, text, t.count(in, c, form, text))
		default:
			if c == classFloat && t.decimals&tooLong == 0 {
				t.decimals |= decimals(text)
			}
			t.classes[c]++
			return t.beside(in, c, form, text, Fine)
		}
	default:
		used, ok := column.accepts(in, form, text)
		switch {
		case column.Expected && form == Truth && isNumber(column.Type):
			return Fine
		case column.Expected && column.Type == Int64 && !column.exact && used == 0 && (!ok || len(text) > maxShort):
			return t.expectWhole(in, column, form, text, ok)
		case used != 0 && ok:
			v := Fine
			if used&usedPercent == 0 {
				v = t.besideExpected(in, column, form, text)
			}
			return t.use(used, text, v)
		case ok:
			return t.besideExpected(in, column, form, text)
		case in.Missing.isWord(form, text):
			t.word(string(text), 1)
		case column.Expected:
			return t.count(in, classText, form, text)
		default:
			return Wrong
		}
	}
	return Fine
}

// isNumber says whether truth values are 1 and 0 where others of the type are expected.
func isNumber(t Type) bool { return t == Int64 || t == Float64 }

// maxShort is how many bytes a whole number may have that a float64 holds for sure.
const maxShort = 15

// expectWhole counts a value of which a whole number is expected, and that is none, or a
// long one.
func (t *Tally) expectWhole(in *Rules, column ColumnType, form Form, text []byte, ok bool) Verdict {
	if ok {
		t.large = true
		return t.besideExpected(in, column, form, text)
	}
	column.Type = Float64
	_, decimal := column.accepts(in, form, text)
	if n, number := scanNumber(text); !number || n.integral || !decimal {
		if in.Missing.isWord(form, text) {
			t.word(string(text), 1)
			return Fine
		}
		return t.count(in, classText, form, text)
	}
	if t.decimal++; t.example(classText) != nil {
		return Fine
	}
	t.last = exampleOf(text)
	t.examples[classText-firstExample] = t.last
	return First
}

// Widens says whether a column of which whole numbers are expected has decimal ones, so
// that it is one of these.
func (t *Tally) Widens() bool { return t.decimal > 0 && t.classes[classText] == 0 && !t.large }

// absent counts a value that may be missing if it is.
func (t *Tally) absent(in *Rules, form Form, raw, text []byte) bool {
	switch in.Missing.absence(form, in.Trim, raw, text) {
	case absent:
		t.missing++
		if len(text) > 0 {
			t.list(text, 1)
		}
	case blank:
		t.blanks++
	default:
		return false
	}
	return true
}

// count counts a value of a class that is exemplified.
func (t *Tally) count(in *Rules, c class, form Form, text []byte) Verdict {
	t.classes[c]++
	switch c {
	case classRound, classExcess:
		if t.decimals&tooLong == 0 {
			t.decimals |= decimals(text)
		}
	case classInfinite:
		t.infinite = t.infinite || form == Number
	case classText:
		if t.odd == nil {
			t.odd = new(odd)
		}
		t.odd.look(in, form, text)
	}
	if t.example(c) != nil {
		return Fine
	}
	t.last = exampleOf(text)
	t.examples[c-firstExample] = t.last
	return First
}

// list counts a text that is listed as missing.
func (t *Tally) list(text []byte, n int64) {
	if count := t.listed[string(text)]; count != nil {
		*count += n
		return
	}
	if t.listed == nil {
		t.listed = map[string]*int64{}
	}
	t.listed[string(text)] = &n
}

func exampleOf(text []byte) *example {
	return &example{text: string(text[:min(len(text), maxExample)])}
}

// Place says in which line the value is whose verdict was First.
func (t *Tally) Place(line int64) { t.last.line = line }

// PlaceRow is Place for data without lines: it says in which row, counted from 1.
func (t *Tally) PlaceRow(row int64) { t.last.line, t.last.row = row, true }

func (t *Tally) word(word string, n int64) {
	if t.words == nil {
		t.words = map[string]int64{}
	}
	t.words[word] += n
}

func (t *Tally) example(c class) *example { return t.examples[c-firstExample] }

func sum(counts ...int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// values is how many values there are of which none is a word for missing.
func (t *Tally) values() int64 { return sum(t.classes[:]...) }

func (t *Tally) floats() int64 {
	return t.classes[classFloat] + t.classes[classRound] + t.classes[classExcess]
}

func (t *Tally) numbers() int64 {
	return t.classes[classInt] + t.classes[classWide] + t.floats() + t.classes[classLost] + t.classes[classInfinite]
}

func (t *Tally) dates() int64 { return t.classes[classDate] + t.classes[classFarDate] }

func (t *Tally) times() int64 {
	return t.dates() + t.classes[classTimestamp] + t.classes[classFar]
}

// mixes says whether there are nanoseconds beside times too far for them.
func (t *Tally) mixes() bool {
	return t.classes[classNanos] > 0 && t.classes[classFar]+t.classes[classFarDate] > 0
}

// beyond says whether all values are times, some of which no type holds.
func (t *Tally) beyond() bool {
	if t.odd == nil || t.odd.beyond == 0 {
		return false
	}
	switch t.values() - t.odd.beyond {
	case t.times() + t.classes[classNanos], t.classes[classTime] + t.classes[classTimeNanos]:
		return true
	}
	return false
}

func (t *Tally) wordCount() int64 { return sum(slices.Collect(maps.Values(t.words))...) }

// Type decides on the type of a column.
func (t *Tally) Type() Type {
	c := &t.classes
	if t.mixed() {
		return String
	}
	switch n := t.values(); n {
	case 0:
		return String
	case c[classInt] + c[classWide]:
		return Int64
	case c[classInt] + t.floats() + c[classInfinite]:
		if t.onlyInfinite() {
			return String
		}
		return Float64
	case c[classBool]:
		return Bool
	case c[classList]:
		return List
	case t.dates():
		return Date
	case t.times():
		return Timestamp
	case t.times() + c[classNanos]:
		if !t.mixes() {
			return TimestampNs
		}
	case c[classTime]:
		return Time
	case c[classTime] + c[classTimeNanos]:
		return TimeNs
	}
	if l := t.layout(); l != nil {
		return l.typeOf(t.odd.nanos > 0)
	}
	return String
}

// onlyInfinite says whether all values are a word, inf, that may mean something else.
func (t *Tally) onlyInfinite() bool { return t.values() == t.classes[classInfinite] && !t.infinite }

// layout is that of an inferred type of dates or times, nil if it is the usual one.
func (t *Tally) layout() *Layout {
	if n := t.values(); n > 0 && n == t.classes[classText] && t.odd != nil {
		if d := t.odd.dates(n); d.sure() && !t.odd.mixes() {
			return d.layout
		}
	}
	return nil
}

// mixed says whether there are amounts in several currencies.
func (t *Tally) mixed() bool { return t.noted != nil && t.noted.used.currencies() > 1 }

// missingAs is how many values are missing if the column has the type.
func (t *Tally) missingAs(typ Type) int64 {
	if typ == String {
		return t.missing
	}
	return t.missing + t.blanks + t.wordCount()
}

const mixesNanos = "it has nanoseconds beside years before 1678 or after 2261, and a timestamp[ns] does not hold both"

// doubt says why a column that is almost of another type became text. It is
// empty if there is nothing to say.
func (t *Tally) doubt() string {
	n, lost := t.values(), t.classes[classLost]
	if n == 0 {
		return ""
	}
	if t.mixes() && n == t.times()+t.classes[classNanos] {
		return mixesNanos
	}
	if t.onlyInfinite() {
		return ""
	}
	if t.beyond() {
		return fmt.Sprintf("no type holds %d of its %d times as they are written, such as %v", t.odd.beyond, n, t.example(classText))
	}
	if n == t.numbers() {
		if t.mixed() {
			return "it has amounts in several currencies"
		}
		if lost == 0 {
			return "it has integers above 2^53 beside decimal numbers, and a float64 does not hold both"
		}
		return fmt.Sprintf("a float64 does not keep %d of its %d numbers as they are written, such as %v",
			lost, n, t.example(classLost))
	}
	if t.odd != nil {
		if t.odd.lists == n {
			return fmt.Sprintf("its %d values are lists of numbers, such as %v", n, t.example(classText))
		}
		switch d := t.odd.dates(n - n/10); {
		case d.layout == nil:
		case d.count == n && d.sure():
			return mixesNanos
		case d.count < n:
			return fmt.Sprintf("%d of %d values are dates as %s has them, and %d others are not", d.count, n, d.layout, n-d.count)
		case d.short:
			return fmt.Sprintf("its %d values are dates with two digits of a year, such as %v", n, t.example(classText))
		case d.also != nil:
			return fmt.Sprintf("its %d values are dates, such as %v, and nothing says whether as %s or %s", n, t.example(classText), d.layout, d.also)
		}
		if t.odd.wordsOfTruth(n) != "" {
			return fmt.Sprintf("its %d values are words for true and false, such as %v", n, t.example(classText))
		}
		if _, count, _ := t.oddNumbers(); count == n {
			return fmt.Sprintf("its %d values are numbers in a notation that is not set, such as %v", n, t.example(classText))
		} else if others := n - count; count >= 9*others {
			return fmt.Sprintf("%d of %d values are numbers, some in a notation that is not set, and %d others are not", count, n, others)
		}
	}
	for _, family := range []struct {
		name  string
		count int64
	}{{"numbers", t.numbers()}, {"dates", t.times() + t.classes[classNanos]}, {"times of day", t.classes[classTime] + t.classes[classTimeNanos]}, {"true or false", t.classes[classBool]}} {
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
func (t *Tally) versions() bool {
	return t.classes[classRound] > 0 && t.decimals&tooLong == 0 && bits.OnesCount8(t.decimals) > 1
}

// countWords lists the usual words for a missing value with how often they occur.
func (t *Tally) countWords() string { return counted(t.words) }

// countListed lists the texts that are listed as missing with how often they occur.
func (t *Tally) countListed() string {
	counts := make(map[string]int64, len(t.listed))
	for text, n := range t.listed {
		counts[text] = *n
	}
	return counted(counts)
}

func counted(words map[string]int64) string {
	var counts []string
	for _, word := range slices.Sorted(maps.Keys(words)) {
		rows := "rows"
		if words[word] == 1 {
			rows = "row"
		}
		counts = append(counts, fmt.Sprintf("%s in %d %s", Quote([]byte(word)), words[word], rows))
	}
	return strings.Join(counts, ", ")
}
