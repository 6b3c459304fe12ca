package feature

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/data/leak"
	"pipe/data/table"
	"pipe/data/token"
)

// A Remark is something about a column, seen in fitting, that is allowed but
// seldom meant.
type Remark struct {
	Column string
	Msg    string
	Fix    string    // what to write if it is not meant
	Kind   leak.Kind // empty if it is none of those

	always bool // in however few rows
}

// Remarks are those of fitting, in the order of the columns. A transform that
// was read has none.
func (t *Transform) Remarks() []Remark { return t.remarks }

// minRemarkRows is how many rows are enough to say that they have something in
// common.
const minRemarkRows = 20

// remarks are those about the target, and then those about the features.
func (f *fitter) remarks() []Remark {
	var all []Remark
	for _, t := range f.predicted {
		all = append(all, t.remarks(f.rows)...)
	}
	for _, c := range f.features() {
		few := f.rows < minRemarkRows
		for _, r := range c.remarks {
			if r.always || !few {
				all = append(all, r)
			}
		}
		if !few && c.rising.dense(f.rows) {
			all = append(all, Remark{Kind: leak.Identifier, Column: c.Name, Msg: "the values count up with the rows, as those of an identifier do",
				Fix: "leave the column out of features if it numbers the rows: new rows have values beyond all that were learned"})
		}
	}
	return append(all, f.leaks(all)...)
}

// remarkIdentifier notes categories that are as many as rows, of which some have a
// feature, a number or an id of their own. fix says what to write to keep the column,
// empty if there is nothing.
func (f *Frequencies) remarkIdentifier(own int, fix string) {
	in, c := f.in, f.counter()
	rows := c.missing
	for _, n := range c.counts {
		rows += n
	}
	if int64(own) <= rows/2 {
		return
	}
	if in.doubt != "" {
		in.remarkKind(leak.Identifier, fmt.Sprintf("%d different values in %d rows; the column was read as text, since %s", len(c.counts), rows, in.doubt),
			"see the warning of the ingest stage for what to set there, or leave the column out of features")
		return
	}
	if fix != "" {
		fix = ", or " + fix
	}
	in.remarkKind(leak.Identifier, fmt.Sprintf("%d different values in %d rows, as in an identifier or free text: hardly any will be met again", len(c.counts), rows),
		"leave the column out of features"+fix)
}

// manyFeatures is how many features of one column are more than usual.
const manyFeatures = 200

// remarkMany finds categories that become many features, but are not as many as rows.
func (in *Input) remarkMany(v vocabulary, features int) {
	if features <= manyFeatures || slices.ContainsFunc(*in.remarks, func(r Remark) bool { return r.Column == in.Name }) {
		return
	}
	in.Remark(fmt.Sprintf("%d categories become a feature each, of which a network learns little where they are rare", len(v.Categories)),
		fmt.Sprintf("`%s: [target_encode]` makes one feature of them, `[hash: 32]` a few, `[embedding_ids]` an input for an embedding; or let rare ones share one: `encode: {one_hot: {max_categories: 50, unseen: infrequent}}`", in.Name))
}

// remarks finds classes that are taken for numbers, where nobody said that
// numbers are meant, and classes that are others only in how they are written.
func (f *targetFit) remarks(rows int64) []Remark {
	t, c := f.of, f.column
	if f.task == Classification {
		return f.spelling()
	}
	if f.task != Regression || t.Task == Regression || t.Scale != "" || t.Transform != nil {
		return nil
	}
	values := c.few.all()
	n := len(values)
	if n < 2 || n > 2 && rows < int64(n*rowsOfClass) {
		return nil
	}
	fix := fmt.Sprintf("write `target: {column: %s, task: classification}` if they stand for classes, else `task: regression`", t.Column)
	if table.ClassNamed(c.Type) == table.ClassReal {
		fix += fmt.Sprintf("; a column of classes is read as int64: `columns: {%s: int64}` of the ingest stage", t.Column)
	}
	return []Remark{{Column: t.Column, Fix: fix,
		Msg: fmt.Sprintf("the target has only the values %s, and is learned as a number", strings.Join(values[:n-1], ", ")+" and "+values[n-1])}}
}

// mostSpellings is how many ways of writing a class are named.
const mostSpellings = 3

// spelling finds classes that differ by case and blanks alone.
func (f *targetFit) spelling() []Remark {
	form := token.Normaliser{Form: token.NFKC, Case: token.Fold, Blanks: true}
	first := map[string]string{}
	var pairs []string
	for _, class := range f.classes.Sorted() {
		same := form.Normal(class)
		if other, ok := first[same]; ok {
			pairs = append(pairs, fmt.Sprintf("%q and %q", other, class))
		} else {
			first[same] = class
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	more := ""
	if n := len(pairs) - mostSpellings; n > 0 {
		pairs, more = pairs[:mostSpellings], fmt.Sprintf(", and %d more", n)
	}
	name := f.of.Column
	return []Remark{{Column: name, Msg: fmt.Sprintf("classes of the target differ by case or blanks alone, and are learned as different ones: %s%s", strings.Join(pairs, ", "), more),
		Fix: "write them alike in a stage `derive` before `split`, such as `columns: {label: lower(trim(label))}`, if they mean the same"}}
}

// How many different values of a target may be classes, how many of those that are no whole numbers, and how many
// rows each has on average, if there are more than two.
const (
	mostFew      = 10
	mostDecimals = 2
	rowsOfClass  = 10
)

// few is the different values of a column, as long as they are that.
type few struct {
	values []float64 // in their order
	many   bool
}

func (s *few) add(values []float64) {
	for _, x := range values {
		if s.many {
			return
		}
		at, known := slices.BinarySearch(s.values, x)
		if known || math.IsNaN(x) {
			continue
		}
		s.many = len(s.values) == mostFew
		s.values = slices.Insert(s.values, at, x)
	}
}

// merge adds the values of the next rows.
func (s *few) merge(next few) {
	s.add(next.values)
	s.many = s.many || next.many
}

// all are the values as texts; nil if they are measurements rather than classes.
func (s *few) all() []string {
	whole := !slices.ContainsFunc(s.values, func(x float64) bool { return x != math.Trunc(x) })
	if s.many || !whole && len(s.values) > mostDecimals {
		return nil
	}
	list := make([]string, len(s.values))
	for i, x := range s.values {
		list[i] = fmt.Sprint(x)
	}
	return list
}

// A rising column of integers grows from each row to the next.
type rising struct {
	any, broken bool
	first, last float64
}

func (r *rising) add(values []float64) {
	for _, x := range values {
		if r.broken {
			return
		}
		if !r.any {
			r.any, r.first = true, x
		} else if !(x > r.last) { // neither is NaN
			r.broken = true
		}
		r.last = x
	}
}

// merge adds the values of the next rows.
func (r *rising) merge(next rising) {
	switch {
	case !next.any:
	case !r.any:
		*r = next
	default:
		r.broken = r.broken || next.broken || !(next.first > r.last)
		r.last = next.last
	}
}

// dense says whether the values may number the rows of a table of which there
// are some here: they skip some, but not most.
func (r *rising) dense(rows int64) bool {
	return r.any && !r.broken && r.last-r.first < 10*float64(rows)
}

// minStrayNumbers is how many different numbers a column of categories hardly has.
const minStrayNumbers = 10

// checkStray refuses a column that nearly is one of numbers, but for a word
// that made it text, unless its encoding was asked for: as categories its
// numbers would be a feature each, and new ones among them mean nothing.
func (in *Input) checkStray(f *Frequencies, assumed bool) error {
	if !assumed || in.Type != "string" {
		return nil
	}
	rd := reading{column: in.Name, fitted: "float64"}
	isNumber := func(text string) bool { v := rd.number(text); return !math.IsNaN(v) && !math.IsInf(v, 0) }
	with, _ := in.filled()
	filled := func(text string) bool { return with.Strategy == Constant && text == *with.Text }
	counter := f.counter()
	var numbers, others, different int64
	for text, at := range counter.places {
		n := counter.counts[at]
		switch {
		case isNumber(text):
			numbers += n
			different++
		case !filled(text):
			others += n
		}
	}
	if numbers < 9*others || different <= minStrayNumbers || others == 0 && in.doubt == "" {
		return nil
	}
	if others == 0 { // the word is in other rows than those of training
		return in.Errorf("", fmt.Sprintf("see the warning of the ingest stage for what to set there; write `%s: {encode: one_hot}` if these are categories", in.Name),
			"it was read as text, since %s; each number would be a category", in.doubt)
	}
	word, most := "", int64(0)
	for _, text := range counter.sorted() {
		if n := counter.of(text); n > most && !isNumber(text) && !filled(text) {
			word, most = text, n
		}
	}
	q := shortQuote(word)
	return in.Errorf("", fmt.Sprintf("add %s to `missing` of the ingest stage, or mend it in the file; write `%s: {encode: one_hot}` if these are categories", q, in.Name),
		"it is text, since %s is no number, while %d of %d values are; each of them would be a category", q, numbers, numbers+others)
}
