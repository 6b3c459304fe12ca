package cell

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/tensor"
)

// element is what the numbers of a type of lists are, empty if that is for all values
// to say: whole numbers if all are written as such and 32 bits hold them, else decimal ones.
func (t Type) element() tensor.Type {
	switch t {
	case ListF32:
		return tensor.F32
	case ListU8:
		return tensor.U8
	case ListI32:
		return tensor.I32
	}
	return ""
}

// IsList says whether it is a type of lists of numbers.
func (t Type) IsList() bool { return t >= List }

// A listScan goes through the numbers of a list as text: between brackets, apart by
// commas or, as NumPy writes them, by blanks or line ends.
//
//	for s := scanList(text); s.next(); { ... s.number ... }
//	if s.bad != "" { ... }
type listScan struct {
	rest   []byte
	raw    []byte // the number as it is written
	number number
	count  int    // of numbers, with this one
	bad    string // what is wrong, empty at the end of the list
	open   bool   // a number or the end comes next, not a comma
}

func scanList(text []byte) listScan {
	if len(text) < 2 || text[0] != '[' || text[len(text)-1] != ']' {
		return listScan{bad: "it is not in brackets"}
	}
	return listScan{rest: text[1 : len(text)-1], open: true}
}

func isListBlank(c byte) bool { return c == ' ' || c == ',' || c-'\t' < 5 }

// next goes on to the next number.
func (s *listScan) next() bool {
	if s.bad != "" {
		return false
	}
	b := s.rest
	i, commas := 0, 0
	for ; i < len(b) && isListBlank(b[i]); i++ {
		if b[i] == ',' {
			commas++
		}
	}
	if i == len(b) && commas == 0 {
		return false
	}
	if commas > 1 || s.open && commas > 0 || i == len(b) {
		return s.fail("a number is missing beside a comma")
	}
	s.open = false
	n := i
	for ; n < len(b) && !isListBlank(b[n]); n++ {
	}
	s.raw, s.rest = b[i:n], b[n:]
	var ok bool
	s.number, ok = scanNumber(s.raw)
	if s.count++; !ok {
		return s.fail(notElement(s.raw, s.count))
	}
	if s.count > table.MostListed {
		return s.fail(fmt.Sprintf("it has more than %d numbers", table.MostListed))
	}
	return true
}

func (s *listScan) fail(msg string) bool {
	s.bad = msg
	return false
}

// notElement says why a text is no number of a list.
func notElement(raw []byte, at int) string {
	switch {
	case raw[0] == '[' || raw[0] == '{':
		return fmt.Sprintf("element %d is a list or an object itself", at)
	case isUsualWord(raw):
		return fmt.Sprintf("element %d is missing (%s)", at, raw)
	}
	return fmt.Sprintf("element %d is %.40s, which is no number", at, raw)
}

// element is the number as one of a type. kept false means that it was rounded.
func (s *listScan) element(of tensor.Type) (v float64, kept, ok bool) {
	switch of {
	case tensor.F32:
		v, ok = s.number.float64(s.raw)
		short := float64(float32(v))
		if !ok || math.IsInf(short, 0) {
			return 0, false, false
		}
		return v, short == v || s.number.keptShort(float32(v)), true
	case tensor.U8:
		n, ok := s.number.int64()
		return float64(n), true, ok && n >= 0 && n <= math.MaxUint8
	}
	n, ok := s.number.int64()
	return float64(n), true, ok && n >= math.MinInt32 && n <= math.MaxInt32
}

// keptShort says whether a float32 still tells the number that was written: it is the
// one that its shortest text means.
func (n *number) keptShort(v float32) bool {
	d := n.digits
	for d != 0 && d%10 == 0 {
		d /= 10
	}
	switch {
	case !n.exact || d >= 1e9:
		return false
	case d < 1e6:
		return true // six digits are always kept, but for the smallest numbers
	}
	var buf [32]byte
	shortest, ok := scanNumber(strconv.AppendFloat(buf[:0], float64(v), 'e', -1, 32))
	e := shortest.digits
	for e != 0 && e%10 == 0 {
		e /= 10
	}
	return ok && d == e
}

// lists is what was seen of the lists of a column.
type lists struct {
	count   int64
	decimal bool  // a number has a point or an exponent, or more digits than 32 bits hold
	first   int   // how many numbers the first list has
	uneven  bool  // another has more or fewer
	rounded int64 // lists with a number that a float32 does not keep, if they are of it
}

func (l *lists) add(next *lists) {
	if l.count == 0 {
		l.first = next.first
	}
	l.uneven = l.uneven || next.uneven || next.count > 0 && next.first != l.first
	l.count += next.count
	l.decimal = l.decimal || next.decimal
	l.rounded += next.rounded
}

// look counts a list, if it is one of numbers of a type. An empty one stands for what
// all values say.
func (l *lists) look(text []byte, of tensor.Type) bool {
	decimal, rounded := false, false
	s := scanList(text)
	for s.next() {
		switch of {
		case "", tensor.F32:
			if _, _, ok := s.element(tensor.I32); !ok || !s.number.integral {
				decimal = true
			}
			_, kept, ok := s.element(tensor.F32)
			if !ok {
				return false
			}
			rounded = rounded || !kept
		default:
			if _, _, ok := s.element(of); !ok {
				return false
			}
		}
	}
	if s.bad != "" {
		return false
	}
	if l.count == 0 {
		l.first = s.count
	}
	l.uneven = l.uneven || s.count != l.first
	l.count++
	l.decimal = l.decimal || decimal
	if rounded {
		l.rounded++
	}
	return true
}

// ListType is what the lists of a column are, by what is declared and what was seen. It is
// nothing if nothing says it.
func (t *Tally) ListType(declared Type) (of tensor.Type, width int, ok bool) {
	l := t.lists
	of = declared.element()
	if l == nil || l.count == 0 {
		return of, tensor.Ragged, of != ""
	}
	if of == "" {
		if of = tensor.F32; !l.decimal {
			of = tensor.I32
		}
	}
	if width = l.first; l.uneven || table.CheckList(of, width) != nil {
		width = tensor.Ragged
	}
	return of, width, true
}

// listValue counts a value of a column of lists.
func (t *Tally) listValue(in *Rules, column ColumnType, form Form, text []byte) Verdict {
	if t.lists == nil {
		t.lists = new(lists)
	}
	if t.lists.look(text, column.Type.element()) {
		t.classes[classList]++
		return Fine
	}
	if column.Expected {
		return t.count(in, classText, form, text)
	}
	return Wrong
}

// CheckLists finds what is wrong with columns of lists as a whole: not all values are
// lists, or one is missing. data names them in messages.
func (p *Plan) CheckLists(data string) error {
	for _, t := range p.Targets {
		tally, typ := &p.Tallies[t.From], p.Types[t.From]
		if typ.Expected || !tally.Lists() && !typ.NeedsAll() {
			continue
		}
		fail := func(hint, format string, args ...any) error {
			return diag.WithHint(fmt.Errorf("%s: column %q: %s", data, p.Names[t.From], fmt.Sprintf(format, args...)), hint)
		}
		switch n, others := tally.values(), tally.values()-tally.classes[classList]; {
		case others > 0 && tally.example(classText) != nil:
			return fail(hintMixed, "%d of %d values are lists of numbers, but not %v", n-others, n, tally.example(classText))
		case others > 0:
			return fail(hintMixed, "%d of %d values are lists of numbers, and %d are not", n-others, n, others)
		case tally.missing+tally.blanks+tally.wordCount() > 0:
			return fail(hintNoList, "%d of %d rows have no list, and a column of lists has one in each row", p.Rows-n, p.Rows)
		}
	}
	return nil
}

const hintMixed = "make all values lists where the file is made, leave the column out with select:, or keep them as text with nested: text in format:"

// Missing is how many values are missing whatever the type of the column is.
func (t *Tally) Missing() int64 { return t.missing }

// Lists says whether values of the column are lists of numbers.
func (t *Tally) Lists() bool { return t.lists != nil && t.lists.count > 0 }

// WrongList says what is wrong with a text that is no list of numbers, empty if one is
// missing.
func WrongList(text []byte) (msg, hint string) { return List.wrongList(text) }

// wrongList says what is wrong with a text that is no list of the type.
func (t Type) wrongList(text []byte) (msg, hint string) {
	q := Quote(text)
	if isUsualWord(text) || len(text) == 0 {
		return "a list that is missing, and a column of lists has one in each row", hintNoList
	}
	of := t.element()
	if of == "" {
		of = tensor.F32
	}
	s := scanList(text)
	for s.next() {
		if _, _, ok := s.element(of); !ok {
			return fmt.Sprintf("%s is no list of %s: element %d is %.40s", q, elementNoun(of), s.count, s.raw), hintElement(of)
		}
	}
	const how = "a list is written [0.5, 2, 1e-3]: each has numbers alone, none of which is missing; declare the column as string in columns:"
	if text[0] != '[' {
		return q + " is no list of numbers, which stand in brackets", how
	}
	return "a list that is none of numbers: " + s.bad, how
}

const hintNoList = "write one there, leave the row out before, or leave the column out with select:"

func elementNoun(of tensor.Type) string {
	switch of {
	case tensor.U8:
		return "whole numbers from 0 to 255"
	case tensor.I32:
		return "whole numbers of 32 bits"
	}
	return "numbers that a float32 reaches"
}

func hintElement(of tensor.Type) string {
	if of == tensor.F32 {
		return "scale the numbers before"
	}
	return "declare the column as f32[] in columns: if its numbers are others"
}

// ParseList reads a list of numbers of a type from a text. why says what is wrong if it
// is none.
func ParseList(text string, of tensor.Type) (elements []float64, why string) {
	s := scanList(trimBlanks([]byte(text)))
	for s.next() {
		v, _, ok := s.element(of)
		if !ok {
			return nil, fmt.Sprintf("element %d is %.40s, and lists have %s", s.count, s.raw, elementNoun(of))
		}
		elements = append(elements, v)
	}
	if s.bad != "" {
		return nil, s.bad
	}
	return elements, ""
}

// setList adds the list of a row. Whatever is none of the type is an empty one, and a
// misfit.
func (b *Builder) setList(text []byte) {
	start := len(b.chars)
	s := scanList(text)
	for s.next() {
		v, _, ok := s.element(b.of)
		if !ok {
			s.fail("it misfits")
			break
		}
		switch b.of {
		case tensor.U8:
			b.chars = append(b.chars, byte(v))
		case tensor.I32:
			b.chars = binary.LittleEndian.AppendUint32(b.chars, uint32(int32(v)))
		default:
			b.chars = binary.LittleEndian.AppendUint32(b.chars, math.Float32bits(float32(v)))
		}
	}
	if s.bad != "" || b.width != tensor.Ragged && s.count != b.width {
		b.misfit = true
		b.chars = b.chars[:start]
	}
	b.offsets = append(b.offsets, int32(len(b.chars)/b.of.Size()))
}

// lists gives the rows that were set.
func (b *Builder) lists(rows int) arrow.Array {
	if b.width == tensor.Ragged {
		return table.NewRagged(b.of, b.offsets, b.chars)
	}
	return table.NewFixedArray(table.ListType(b.of, b.width), rows, b.chars, nil)
}

// misfit is the first value that is not of the type that is expected. It is empty if a
// list is missing.
func (t *Tally) misfit() *example {
	if e := t.example(classText); e != nil {
		return e
	}
	return new(example)
}

// Lists warns of what a column of lists of a type lost.
func (w *Warner) Lists(name string, of tensor.Type, t *Tally) {
	if t.lists != nil && t.lists.rounded > 0 && of == tensor.F32 {
		w.Warn("numbers of lists were rounded to float32, of which lists are", "column", name, "lists", t.lists.rounded)
	}
}
