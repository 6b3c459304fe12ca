package feature

import (
	"cmp"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/leak"
	"pipe/data/order"
	"pipe/data/table"
	"pipe/data/tensor"
)

// A columnFit is the chain of one column, as far as it was learned.
type columnFit struct {
	column // its steps are those that are fitted

	at      int // in the table
	chain   []use
	fitters []Fitter // of the chain as far as they were begun
	inputs  []*Input // of the fitters
	base    int      // the step whose values the statistics are of
	stats   *statistics
	numbers *order.Store
	scratch *scratch
	targets *Targets
	passing bool // a Passer is to be given the values in the next pass
	due     bool // takes part in the current pass

	element tensor.Type // of lists
	shape   []int       // of the lists of a row
	doubt   string      // why it was read as text though nearly all values are of another type
	any     bool        // some value is not missing
	always  bool        // a constant stands for missing values
	rising  rising      // integers
	few     few         // numbers of the target
	remarks []Remark
	looked  *leak.Column // what it has in some rows; nil: nothing is said of it

	sources []*columnFit // that it is crossed of; nil: it is read
	beside  string       // the column that a step looks at, too
	besides string       // its type
}

func (f *fitter) newColumn(name string, at int, field arrow.Field, form Form, chain []use) *columnFit {
	c := &columnFit{at: at, chain: chain, numbers: f.numbers, scratch: f.scratch, targets: f.targets, column: column{Name: name, Type: table.TypeName(field.Type), form: form}}
	c.element, c.shape, _ = table.ShapeOf(field)
	c.any = form == Lists // nothing is missing
	c.doubt, _ = field.Metadata.GetValue(table.DoubtKey)
	return c
}

func (c *columnFit) wrong(setting, fix, format string, args ...any) error {
	return Column{Name: c.Name}.wrong(setting, fix, format, args...)
}

func (c *columnFit) fitted() bool { return len(c.steps) == len(c.chain) }

// advance learns what needs no further pass over the values.
func (c *columnFit) advance() error {
	if c.stats != nil && !c.stats.ready && c.stats.wanted() && c.due {
		c.stats.ready = c.stats.settled()
	}
	c.passing = false
	for !c.fitted() {
		k := len(c.steps)
		if len(c.fitters) == k {
			if err := c.begin(k); err != nil {
				return err
			}
		}
		if c.stats.wanted() && !c.stats.ready {
			return nil
		}
		if p, ok := c.fitters[k].(Passer); ok && p.Again() {
			c.passing = true
			return nil
		}
		fitted, err := c.fitters[k].Done()
		if err == nil {
			err = c.stats.failed
		}
		if err != nil {
			return err
		}
		if _, whole := fitted.(Whole); whole && slices.ContainsFunc(c.steps, func(s step) bool { return keepsMissing(s.Fitted) }) {
			name := c.chain[k].kind.Name
			return c.wrong("", "remove `impute: keep`", "%s makes an input of its own, of which nothing can be missing: it has what it needs for rows without a value", name)
		}
		c.steps = append(c.steps, step{c.chain[k].kind, c.chain[k].kind.Version, fitted})
		if !c.holdsOrder(len(c.steps)) {
			c.stats.free()
		}
	}
	return nil
}

// begin starts to learn a step, and those behind it that share its statistics.
func (c *columnFit) begin(k int) error {
	form, shape := c.form, c.shape
	for i, s := range c.chain[:k] {
		form = s.gives(form)
		if r, ok := c.steps[i].Fitted.(reshaper); ok {
			shape = r.shape()
		}
	}
	c.base, c.stats = k, &statistics{numbers: c.numbers}
	open := c.opens || slices.ContainsFunc(c.steps, func(s step) bool { return keepsMissing(s.Fitted) })
	in := &Input{open: open, Name: c.Name, Type: c.Type, Form: form, Of: c.element, Shape: shape, stats: c.stats, doubt: c.doubt, remarks: &c.remarks, scratch: c.scratch, targets: c.targets, besideType: c.besides}
	for {
		f, err := c.chain[len(c.fitters)].setting.Fit(in)
		if err != nil {
			return err
		}
		c.fitters, c.inputs = append(c.fitters, f), append(c.inputs, in)
		filling, ok := f.(filling)
		c.always = c.always || ok && filling.always()
		if !ok || len(c.fitters) == len(c.chain) {
			return nil
		}
		in = in.behind(filling)
	}
}

// holdsOrder says whether a step that was begun, from the given one on, needs the
// order of the values.
func (c *columnFit) holdsOrder(from int) bool {
	for _, in := range c.inputs[from:] {
		if in.ordered {
			return true
		}
	}
	return false
}

// read gives the values of a batch as they are in the table.
func (c *columnFit) read(arr arrow.Array, v *Values) (err error) {
	*v = Values{rows: arr.Len(), buf: v.buf, Targets: v.Targets, place: v.place, beside: v.beside}
	switch c.form {
	case Texts:
		v.Texts, v.Valid, err = texts(c.Name, arr)
		return err
	case Lists:
		v.Lists, _ = table.Lists(arr)
		return nil
	case Times:
		v.setNumbers(times(arr, v.buf), false)
		return nil
	}
	numbers, shared, err := floats(c.Name, arr, v.buf)
	if err != nil {
		return err
	}
	v.setNumbers(numbers, shared)
	for i, x := range numbers {
		if math.Abs(x) > math.MaxFloat64 {
			return &ValueError{Column: c.Name, Row: int64(i), Reason: Infinite, Msg: string(Infinite),
				Fix: "leave it empty where the table is made, and declare `impute`"}
		}
	}
	return nil
}

// seen are the values of a column in a piece of the table, and what they tell
// whatever the other pieces are.
type seen struct {
	values Values
	any    bool
	rising rising
	few    few
	absent int64
	below  int64     // how many numbers are before those that were sorted
	sorted order.Run // in memory of the sorter
	sorter order.Sorter
	looked any // what a looker has seen
	counts *counter

	numbers []float64 // of the rows that are looked at
	texts   []string  // likewise
}

// look has the steps that are known made of the values of a piece, and sees what they
// tell. It changes nothing of the column.
func (c *columnFit) look(s *seen, first, target bool) error {
	v := &s.values
	if first {
		s.any, s.rising, s.few = anyValue(v), rising{}, few{}
		if c.form == Numbers && table.ClassNamed(c.Type) == table.ClassWhole {
			s.rising.add(v.Numbers)
		}
		if c.form == Numbers && target {
			s.few.add(v.Numbers)
		}
	}
	if !c.due {
		return nil
	}
	to := c.base
	if c.passing {
		to = len(c.steps)
	}
	if err := c.run(c.steps[:to], v); err != nil {
		return err
	}
	if c.passing {
		if l, ok := c.fitters[len(c.steps)].(looker); ok {
			s.looked = l.Look(v)
		}
		return nil
	}
	c.stats.gather(v, s)
	if c.stats.counter != nil && !c.stats.again {
		if s.counts == nil {
			s.counts = newCounter(false)
		}
		s.counts.add(v)
	}
	return nil
}

// take gives what was seen in the next piece to who waits for it: to the statistics
// before the step that is learned, or else to the step.
func (c *columnFit) take(s *seen, first bool) error {
	if first {
		c.any = c.any || s.any
		c.rising.merge(s.rising)
		c.few.merge(s.few)
		if c.looked != nil {
			c.looked.Numbers, c.looked.Texts = append(c.looked.Numbers, s.numbers...), append(c.looked.Texts, s.texts...)
		}
	}
	switch {
	case !c.due:
	case c.passing:
		if l, ok := c.fitters[len(c.steps)].(looker); ok {
			return l.Took(s.looked)
		}
		return c.fitters[len(c.steps)].(Passer).Add(&s.values)
	default:
		ok, err := c.stats.take(s)
		if err != nil {
			return err
		}
		if !ok {
			return c.wrong("encode", "leave the column out, or make groups of its values first",
				"more than %d different values: this is an identifier or free text, not a category", maxDistinct)
		}
	}
	return nil
}

func anyValue(v *Values) bool {
	for _, x := range v.Numbers {
		if !math.IsNaN(x) {
			return true
		}
	}
	for i := range v.Texts {
		if _, ok := v.Text(i); ok {
			return true
		}
	}
	return false
}

// run puts values through steps for their values alone. A value that a step
// fails at is an error.
func (c *columnFit) run(steps []step, v *Values) error {
	out := Out{column: c.Name, rows: v.rows, brief: c.brief}
	if c.opens {
		out.leaveMissing(v)
	}
	for _, s := range steps {
		// All rows set their outputs in one place, where nobody looks.
		out.vectors = make([]float32, len(s.Outputs()))
		s.run(v, &out)
	}
	if len(out.fails) == 0 {
		return nil
	}
	return slices.MinFunc(out.fails, func(a, b *ValueError) int { return cmp.Compare(a.Row, b.Row) })
}
