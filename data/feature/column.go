package feature

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/tensor"
)

// A column is a column of a table with the transforms that were learned for it.
type column struct {
	Name, Type string // the type as in training, by table.TypeName
	form       Form   // in which its values begin
	steps      []step
	brief      bool // it is written in the short form

	of     []string // the columns that it is crossed of; nil: it is read
	tapped bool     // others are crossed of it

	beside, besideType string // the column that a step looks at, too; empty: none does

	kept      []int // of the features that it could make those that were selected; nil: all
	made      int   // how many it could make
	at, width int   // of its features in the vector
	offsets   []int // of the first output of each step, from at
	number    bool  // the values at the end are a feature, the first
	whole     Whole // the last step, if it makes an input of its own; else nil
	opens     bool  // it is crossed of numbers that may be missing, and then is missing
	open      []int // of the features that it could make those that may be missing
}

// A step is a transform that was learned.
type step struct {
	kind    *Kind
	version int // of its kind when it was learned
	Fitted
}

// Names of features that no single value of the column stands for.
const (
	missingName    = "<missing>"
	infrequentName = "<infrequent>"
)

// derive lays out the features of the column and names them: those of its values
// first, then what transforms have made on the way.
func (c *column) derive() []table.Feature {
	var main, aside []string
	c.offsets = make([]int, len(c.steps))
	form := c.form
	var asides []int // steps whose features come last
	for i, s := range c.steps {
		form = s.gives(form)
		to := &main
		if form != Features {
			to, asides = &aside, append(asides, i)
		}
		c.offsets[i] = len(*to)
		for _, o := range s.Outputs() {
			*to = append(*to, c.Name+o.Suffix)
		}
	}
	if c.number = form == Numbers; c.number {
		main = append(main, c.Name)
	}
	for _, i := range asides {
		c.offsets[i] += len(main)
	}
	var features []table.Feature
	for _, name := range append(main, aside...) {
		features = append(features, table.Feature{Name: name, Column: c.Name})
	}
	c.made = len(features)
	c.findOpen()
	for _, at := range c.open {
		features[at].Missing = true
	}
	c.beside, c.besideType = besideOf(c.steps, func(s step) any { return s.Fitted })
	if n := len(c.steps); n > 0 {
		c.whole, _ = c.steps[n-1].Fitted.(Whole)
	}
	return features
}

// keepsMissing says whether missing values stay so behind a transform.
func keepsMissing(f Fitted) bool {
	filled, ok := f.(fill)
	return ok && filled.Strategy == Keep
}

// findOpen finds the features that may be missing: those that are made of the values
// once missing ones are to stay so.
func (c *column) findOpen() {
	c.open = nil
	from := slices.IndexFunc(c.steps, func(s step) bool { return keepsMissing(s.Fitted) })
	switch {
	case c.opens:
		from = 0
	case from < 0:
		return
	}
	for i, s := range c.steps {
		if _, says := s.Fitted.(missingness); says || i < from {
			continue
		}
		for k := range s.Outputs() {
			c.open = append(c.open, c.offsets[i]+k)
		}
	}
	if c.number {
		c.open = append(c.open, 0)
	}
}

// selected are those of the features that stay.
func (c *column) selected(features []table.Feature) ([]table.Feature, error) {
	c.width = len(features)
	if c.kept == nil {
		return features, nil
	}
	var list []table.Feature
	last := -1
	for _, i := range c.kept {
		if i <= last || i >= len(features) {
			return nil, fmt.Errorf("column %q: feature %d is out of order or not there", c.Name, i)
		}
		list, last = append(list, features[i]), i
	}
	if c.width = len(list); c.width == len(features) {
		return nil, fmt.Errorf("column %q: all features are selected", c.Name)
	}
	return list, nil
}

// check finds chains that cannot be applied: whose steps do not go together, or
// come to nothing. A chain that was fitted has none of it; one that was read may.
func (c *column) check() error {
	form := c.form
	can := formsOf(table.ClassNamed(c.Type))
	if can == 0 {
		can = Lists // or nothing that any column is
	}
	switch {
	case form&AnyForm == 0:
		return errors.New("it says neither that its values are numbers nor that they are categories, times or lists")
	case form&can == 0 && form == Lists:
		return fmt.Errorf("type %q is no list", c.Type)
	case form&can == 0 && form == Times:
		return fmt.Errorf("type %q is no time", c.Type)
	case form&can == 0 && form == Numbers:
		return fmt.Errorf("type %q is no number", c.Type)
	case form&can == 0:
		return fmt.Errorf("type %q is no category", c.Type)
	}
	for _, s := range c.steps {
		takes := s.kind.Takes
		if t, ok := s.Fitted.(Taker); ok {
			takes &= t.Takes()
		}
		if form&takes == 0 {
			return fmt.Errorf("%s cannot be applied to %s", s.kind.Name, form)
		}
		form = s.gives(form)
	}
	if form != Numbers && form != Features {
		return errors.New("the chain ends before there are features")
	}
	return nil
}

// apply puts the values of a batch through the chain. Features of row r begin at
// vectors[r*stride]. Values that cannot be transformed are in out.
func (c *column) apply(b *batch, v *Values, out *Out, vectors []float32, stride int) (rounded int64, err error) {
	*out = Out{column: c.Name, rows: b.rows(), stride: stride, brief: c.brief}
	if err := b.values(c, v, out); err != nil {
		return 0, err
	}
	if c.opens {
		out.leaveMissing(v)
	}
	steps := c.steps
	var last writer
	if n := len(steps); n > 0 && c.number && !c.tapped {
		if last, _ = steps[n-1].Fitted.(writer); last != nil {
			steps = steps[:n-1]
		}
	}
	upTo := b.upTo(c)
	for i, s := range steps {
		if i == upTo {
			b.tap(c, v)
		}
		if len(vectors) > 0 {
			out.vectors = vectors[c.offsets[i]:]
		}
		s.run(v, out)
	}
	if upTo == len(steps) {
		b.tap(c, v)
	}
	switch {
	case last != nil:
		last.write(c, v, out, vectors, stride)
	case c.number:
		rounded = c.write(v, out, vectors, stride)
	}
	b.tapped(c, out)
	if len(vectors) > 0 {
		c.clear(out, vectors, stride)
	}
	slices.SortStableFunc(out.fails, func(a, b *ValueError) int { return cmp.Compare(a.Row, b.Row) })
	return rounded, nil
}

// notThere is the one number that features have where they are missing, whichever NaN the
// table has.
var notThere = math.Float32frombits(0x7fc00000)

// clear makes the features of rows whose value is missing and stays so missing, too.
func (c *column) clear(out *Out, vectors []float32, stride int) {
	for r, is := range out.missing {
		if !is {
			continue
		}
		for _, at := range c.open {
			vectors[r*stride+at] = notThere
		}
	}
}

// applyWhole makes a column of a data set of the lists of a batch. Values that cannot
// be transformed are in out.
func (c *column) applyWhole(b *batch, v *Values, out *Out) (arrow.Array, error) {
	*out = Out{column: c.Name, rows: b.rows(), brief: c.brief}
	if err := b.values(c, v, out); err != nil {
		return nil, err
	}
	for _, s := range c.steps[:len(c.steps)-1] {
		s.run(v, out)
	}
	if c.tapped {
		b.tap(c, v) // the last step makes an input of what there is
	}
	in := c.whole.Input()
	width := tensor.Ragged
	if !in.Ragged() {
		width = in.Width()
	}
	rows := c.whole.Rows(v, out)
	b.tapped(c, out)
	if of := typeOf(&rows); of != in.Type && rows.Len() > 0 || width != tensor.Ragged && rows.Len() != width*b.rows() || width == tensor.Ragged && rows.Ends == nil {
		return nil, fmt.Errorf("column %q: its lists are no %s of shape %v", c.Name, in.Kind, in.Shape) // of a transform that somebody has made up
	}
	return table.NewLists(in.Type, rows, width), nil
}

// typeOf is the type of the elements of rows.
func typeOf(r *tensor.Rows) tensor.Type {
	switch {
	case r.U8 != nil:
		return tensor.U8
	case r.I32 != nil:
		return tensor.I32
	}
	return tensor.F32
}

// A writer is a transform of numbers that is the last of most chains, and that
// makes features of them in one go.
type writer interface {
	write(c *column, v *Values, out *Out, vectors []float32, stride int)
}

// A keeper is a transform that leaves alone the numbers that are there.
type keeper interface{ keeps() }

// run applies the transform, and takes away the numbers that it failed at.
func (s step) run(v *Values, out *Out) {
	if _, ok := s.Fitted.(keeper); !ok || !v.complete {
		v.own()
	}
	before := len(out.fails)
	if crossed, ok := s.Fitted.(CrossFitted); ok && v.place.training {
		crossed.ApplyTraining(v, out)
	} else {
		s.Apply(v, out)
	}
	if v.shared {
		return // nothing has changed
	}
	v.complete = false
	if v.Numbers != nil {
		for _, err := range out.fails[before:] {
			v.Numbers[err.Row] = math.NaN()
		}
		for r, is := range out.missing {
			if is {
				v.Numbers[r] = math.NaN() // whatever number was made of it
			}
		}
	}
}

// write makes features of the numbers at the end of the chain, and counts the
// integers among them that float32 cannot hold.
func (c *column) write(v *Values, out *Out, vectors []float32, stride int) (rounded int64) {
	whole := c.form == Numbers && table.ClassNamed(c.Type) == table.ClassWhole
	at := 0
	for r, x := range v.Numbers {
		y := float32(x)
		if y-y != 0 { // it is missing, or too large
			if !out.failed(r) {
				c.refuse(out, r, x)
			}
			y = 0
		} else if whole && float64(y) != x && x == math.Trunc(x) {
			rounded++
		}
		vectors[at] = y
		at += stride
	}
	return rounded
}

// largestSquare is about the largest number of which a scale can sum up the squares.
const largestSquare = 1e150

// refuse says why a number is no feature.
func (c *column) refuse(out *Out, row int, x float64) {
	if x != x {
		reason, fix := out.absent(row)
		out.Fail(row, reason, string(reason), fix)
		return
	}
	fix := "add `scale: standard` to the chain"
	if c.brief {
		fix = "add `scale: standard` to the column"
	}
	if math.Abs(x) > largestSquare {
		fix = "mend the value, or divide the column by a power of ten where the table is made"
	}
	out.Fail(row, TooLarge, fmt.Sprintf("%v is too large for a float32", x), fix)
}

// readLater gives the values of a batch of any table, read as those of training.
func (c *column) readLater(arr arrow.Array, v *Values, out *Out) (err error) {
	rd := reading{c.Name, c.Type, v.quoted}
	*v = Values{rows: arr.Len(), buf: v.buf, place: v.place, beside: v.beside}
	switch c.form {
	case Texts:
		v.Texts, v.Valid, err = rd.categories(arr)
		return err
	case Lists:
		v.Lists, err = rd.lists(arr, out)
		return err
	case Times:
		return rd.times(arr, v, out)
	}
	numbers, shared, err := rd.numbers(arr, v.buf)
	if err != nil {
		return err
	}
	v.setNumbers(numbers, shared)
	if v.complete = areFinite(numbers); v.complete {
		return nil
	}
	v.own()
	for i, x := range v.Numbers {
		if math.IsInf(x, 0) {
			out.fail(rd.notNumber(arr, i))
			v.Numbers[i] = math.NaN()
		}
	}
	return nil
}

// areFinite says whether there is neither an infinity nor a NaN. Times 0 both are
// NaN, which stays in a sum.
func areFinite(values []float64) bool {
	var a, b, c, d float64 // which do not wait for each other
	for len(values) >= 4 {
		a += values[0] * 0
		b += values[1] * 0
		c += values[2] * 0
		d += values[3] * 0
		values = values[4:]
	}
	for _, x := range values {
		a += x * 0
	}
	return a+b+c+d == 0
}
