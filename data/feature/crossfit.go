package feature

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// crossedType is that of a column that is crossed, by the form of its values.
func crossedType(form Form) string {
	if form == Numbers {
		return table.TypeName(arrow.PrimitiveTypes.Float64)
	}
	return table.TypeName(arrow.BinaryTypes.String)
}

// prepareCrosses adds the columns that are made of others, behind them.
func (f *fitter) prepareCrosses(crosses []Cross, kinds []Kind) error {
	before := f.columns
	names := make(map[string]bool, len(before))
	for _, c := range before {
		names[c.Name] = true
	}
	for i, x := range crosses {
		if err := f.prepareCross(&x, before, names, kinds); err != nil {
			return atCross(i, err)
		}
	}
	return nil
}

// atCross says which of the crosses an error is about.
func atCross(i int, err error) error {
	if spec, ok := err.(*SpecError); ok {
		moved := *spec
		moved.Setting = fmt.Sprintf("cross.%d", i)
		return &moved
	}
	return err
}

// prepareCross adds those of one of them, of the columns before all, with names that are
// not taken.
func (f *fitter) prepareCross(x *Cross, before []*columnFit, names map[string]bool, kinds []Kind) error {
	if err := x.Check(); err != nil {
		return err
	}
	var sources []*columnFit
	form := Form(0)
	for _, name := range x.Columns() {
		at := slices.IndexFunc(before, func(c *columnFit) bool { return c.Name == name && !f.isPredicted(c) })
		if at < 0 {
			return &SpecError{Column: name, Msg: "it is crossed, and is no feature", Fix: "name it under `features`, too"}
		}
		source := before[at]
		of, err := crossable(x, source)
		if err != nil {
			return err
		}
		if form != 0 && of != form {
			return &SpecError{Column: name, Msg: fmt.Sprintf("it gives %s, and %q before it %s: an interaction multiplies numbers, or combines categories", of, sources[0].Name, form),
				Fix: "write `encode: one_hot` for whole numbers that stand for categories, or put `ordinal` or `target_encode` behind categories to make numbers of them"}
		}
		form, sources = of, append(sources, source)
	}
	opens := form == Numbers && slices.ContainsFunc(sources, func(c *columnFit) bool {
		return slices.ContainsFunc(c.chain, func(u use) bool { return u.keepsMissing() })
	})
	chain := Column{Name: x.Columns()[0], Chain: x.Steps()}
	if len(chain.Chain) == 0 && form == Texts {
		chain.Chain = []Step{{"one_hot", &OneHot{assumed: true}}}
	}
	for _, p := range x.products() {
		c := &columnFit{numbers: f.numbers, scratch: f.scratch, targets: f.targets, any: true}
		for _, i := range p {
			c.sources, c.of = append(c.sources, sources[i]), append(c.of, sources[i].Name)
		}
		c.Name, c.Type, c.form, c.opens = crossedName(c.of), crossedType(form), form, opens
		if names[c.Name] {
			return &SpecError{Column: c.Name, Msg: "there is such a column already", Fix: "remove one of the two, or rename the column in a `derive` stage"}
		}
		chain.Name = c.Name
		uses, err := chainOf(chain, kinds)
		if err == nil {
			_, err = uses.begin(form, form.String())
		}
		if err != nil {
			return err
		}
		c.chain, names[c.Name] = uses.uses, true
		if f.columns = append(f.columns, c); c.ready() {
			if err := c.advance(); err != nil {
				return err
			}
		}
	}
	return nil
}

// crossable refuses columns that are neither a number nor a category.
func crossable(x *Cross, c *columnFit) (Form, error) {
	wrong := func(fix, format string, args ...any) (Form, error) {
		return 0, &SpecError{Column: c.Name, Msg: fmt.Sprintf(format, args...), Fix: fix}
	}
	switch upTo, form := c.crossing(); {
	case form == Numbers && upTo < len(c.chain):
		return wrong("end its chain in a number, as `bin: {output: ordinal}` does", "`%s` makes several features of its number, and only a number can be multiplied", c.chain[upTo].kind.Name)
	case form == Numbers:
		return form, nil
	case form == Texts && x.Polynomial != nil:
		return wrong("write `interaction`, or put `ordinal` or `frequency` at the end of its chain", "it holds categories, and a polynomial is of numbers")
	case form == Texts:
		return form, nil
	case form == Times:
		return wrong("make the part that matters a column of its own in a `derive` stage, as in `hour: hour(at)`", "it holds times, which become several features")
	default:
		return wrong("leave it out", "its %s become an input of their own, and are not crossed", form)
	}
}

// crossing is how many steps make what is crossed of the column.
func (c *columnFit) crossing() (upTo int, form Form) {
	return crossing(c.form, len(c.chain), func(i int, in Form) Form { return c.chain[i].gives(in) })
}

// isPredicted says whether a column is a target.
func (f *fitter) isPredicted(c *columnFit) bool {
	return slices.ContainsFunc(f.predicted, func(t *targetFit) bool { return t.column == c })
}

// features are the columns that become features.
func (f *fitter) features() []*columnFit {
	return slices.DeleteFunc(slices.Clone(f.columns), f.isPredicted)
}

// ready says whether all is learned that the values of the column are made with.
func (c *columnFit) ready() bool {
	for _, s := range c.sources {
		if upTo, _ := s.crossing(); len(s.steps) < upTo {
			return false
		}
	}
	return true
}

// A source is a column of a piece as others are crossed of it.
type source struct {
	values Values
	done   bool
}

// crossed makes the values of a column of those that it is crossed of.
func (s *sight) crossed(c *columnFit, places map[string]int, v *Values) error {
	sources := make([]*Values, len(c.sources))
	for i, of := range c.sources {
		from := s.sources[of]
		if from == nil {
			from = new(source)
			s.sources[of] = from
		}
		if !from.done {
			from.values.place = v.place
			if err := s.besides(of, places, &from.values); err != nil {
				return err
			}
			if err := of.read(s.Rows.Column(places[of.Name]), &from.values); err != nil {
				return err
			}
			upTo, _ := of.crossing()
			if err := of.run(of.steps[:upTo], &from.values); err != nil {
				return err
			}
			from.done = true
		}
		sources[i] = &from.values
	}
	*v = Values{rows: int(s.Rows.NumRows()), buf: v.buf, Targets: v.Targets, place: v.place}
	if at := v.cross(c.form, sources, &s.combiner); at >= 0 {
		return tooLarge(c.Name, at)
	}
	return nil
}

// cross makes the values of those of other columns, and gives the first row whose
// product is infinite, or -1.
func (v *Values) cross(form Form, sources []*Values, with *combiner) (infinite int) {
	if form == Numbers {
		v.buf = slices.Grow(v.buf[:0], v.rows)[:v.rows]
		v.Numbers = v.buf
		factors := make([][]float64, len(sources))
		for i, s := range sources {
			factors[i] = s.Numbers
		}
		return product(v.Numbers, factors)
	}
	v.Texts = make([]string, v.rows)
	for r := range v.Texts {
		for i, s := range sources {
			text, ok := s.Text(r)
			with.add(i == 0, text, ok)
		}
		v.Texts[r] = with.take()
	}
	return -1
}
