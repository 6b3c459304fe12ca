package feature

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pipe/pipeline/settings"
)

// A Cross is a choice of features that are made of several columns together, of what
// the chains of these have made.
type Cross struct {
	settings.OneOf
	Polynomial  *Polynomial  `yaml:"polynomial" doc:"Powers and products of columns of numbers, beside the columns themselves: x^2, x*y, y^2 of x and y."`
	Interaction *Interaction `yaml:"interaction" doc:"One column of several: the product of columns of numbers, or a category for each combination of categories."`
}

// A Polynomial is all products of columns up to a degree, but for the columns themselves.
type Polynomial struct {
	Columns         []string `yaml:"columns" short:"true" required:"true" min:"1" doc:"Columns of features whose chains end in a number. A name with * stands for all that fit, and so does type:number and its like."`
	Degree          int      `yaml:"degree" default:"2" min:"2" max:"16" doc:"Of how many factors a product is at most: 3 adds x^3 and x^2*y."`
	InteractionOnly bool     `yaml:"interaction_only" default:"false" doc:"Only products of different columns: x*y, no x^2."`
	Chain           []Step   `yaml:"chain" doc:"Transforms of each product, such as [scale: standard]. By default it is as it is."`
}

// An Interaction is one column of several.
type Interaction struct {
	Columns []string `yaml:"columns" short:"true" required:"true" min:"2" doc:"Columns of features, which all end in a number, or all hold categories. A name with * stands for all that fit, and so does type:text and its like."`
	Chain   []Step   `yaml:"chain" doc:"Transforms of the product or of the combined category, such as [target_encode] or [hash: 64]. By default a product is as it is, and a category becomes one_hot."`
}

// maxFactors bounds the columns that one is made of.
const maxFactors = 16

// Kind is what it is called.
func (c *Cross) Kind() string {
	if c.Polynomial != nil {
		return "polynomial"
	}
	return "interaction"
}

// Columns are those that are crossed, as they are written.
func (c *Cross) Columns() []string {
	if c.Polynomial != nil {
		return c.Polynomial.Columns
	}
	return c.Interaction.Columns
}

// Of is the same of other columns.
func (c *Cross) Of(columns []string) Cross {
	if c.Polynomial != nil {
		p := *c.Polynomial
		p.Columns = columns
		return Cross{Polynomial: &p}
	}
	i := *c.Interaction
	i.Columns = columns
	return Cross{Interaction: &i}
}

// Steps is the chain of what is crossed.
func (c *Cross) Steps() []Step {
	if c.Polynomial != nil {
		return c.Polynomial.Chain
	}
	return c.Interaction.Chain
}

// Validate finds settings that go with no columns.
func (p *Polynomial) Validate() error { return validateCrossed(p.Chain, Numbers) }

// Validate finds settings that go with no columns.
func (i *Interaction) Validate() error { return validateCrossed(i.Chain, Numbers|Texts) }

func validateCrossed(steps []Step, forms Form) error {
	if len(steps) == 0 {
		return nil
	}
	return AtField(Column{Chain: steps}.Validate(All(), forms))
}

// Check finds columns that cannot be crossed with each other, and products that are too
// many, once the names are those of columns.
func (c *Cross) Check() error {
	names := c.Columns()
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return &SpecError{Column: name, Setting: "columns", Msg: "it is crossed with itself", Fix: "name it once; `polynomial` makes its square"}
		}
	}
	if p := c.Polynomial; p != nil {
		if n := p.count(len(names)); n == 0 {
			return &SpecError{Setting: "columns", Msg: fmt.Sprintf("of %d columns there are no products of different ones", len(names)), Fix: "name two columns, or remove `interaction_only`"}
		} else if n > maxFeatures {
			return &SpecError{Setting: "columns", Msg: fmt.Sprintf("a polynomial of degree %d of %d columns has %s features, at most %d are possible", p.Degree, len(names), howMany(n), maxFeatures),
				Fix: "name fewer columns, or lower `degree`, or write `interaction_only: true`"}
		}
		return nil
	}
	switch n := len(names); {
	case n < 2:
		return &SpecError{Setting: "columns", Msg: "an interaction is of two columns or more", Fix: "name the others"}
	case n > maxFactors:
		return &SpecError{Setting: "columns", Msg: fmt.Sprintf("an interaction of %d columns, at most %d are possible", n, maxFactors), Fix: "name fewer, or write several interactions"}
	}
	return nil
}

// howMany writes a number that may be far too large.
func howMany(n float64) string {
	if n < 1e15 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return fmt.Sprintf("%.3g", n)
}

// count is the number of products of n columns, exact where that matters.
func (p *Polynomial) count(n int) float64 {
	total, term := 0.0, float64(n)
	for k := 2; k <= p.Degree; k++ {
		if p.InteractionOnly {
			term = term * math.Max(0, float64(n-k+1)) / float64(k)
		} else {
			term = term * float64(n+k-1) / float64(k)
		}
		total += term
	}
	return total
}

// products are those of the columns, each a list of places among them that do not fall,
// in the order of scikit-learn: by degree, then by the places.
func (c *Cross) products() [][]int {
	n := len(c.Columns())
	if c.Interaction != nil {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return [][]int{all}
	}
	var list [][]int
	for degree := 2; degree <= c.Polynomial.Degree; degree++ {
		list = c.Polynomial.append(list, make([]int, 0, degree), n, degree)
	}
	return list
}

func (p *Polynomial) append(list [][]int, begun []int, n, degree int) [][]int {
	if degree == 0 {
		return append(list, slices.Clone(begun))
	}
	from := 0
	if len(begun) > 0 {
		from = begun[len(begun)-1]
		if p.InteractionOnly {
			from++
		}
	}
	for i := from; i < n; i++ {
		list = p.append(list, append(begun, i), n, degree-1)
	}
	return list
}

// crossedName is the name of a column that is made of others: x^2*y of x, x and y.
func crossedName(of []string) string {
	var b strings.Builder
	for i := 0; i < len(of); {
		n := 1
		for i+n < len(of) && of[i+n] == of[i] {
			n++
		}
		if i > 0 {
			b.WriteByte('*')
		}
		b.WriteString(of[i])
		if n > 1 {
			fmt.Fprintf(&b, "^%d", n)
		}
		i += n
	}
	return b.String()
}

// crossing says how many steps of a chain make of a column what is crossed of it, and the
// form of that: the number at its end, or the category that its last step makes
// features of.
func crossing(start Form, steps int, next func(step int, in Form) Form) (upTo int, form Form) {
	form = start
	for i := range steps {
		made := next(i, form)
		if made == Features {
			return i, form
		}
		form = made
	}
	return steps, form
}

// crossing is that of a column that was learned.
func (c *column) crossing() (upTo int, form Form) {
	return crossing(c.form, len(c.steps), func(i int, in Form) Form { return c.steps[i].gives(in) })
}

// product multiplies numbers of columns, of which the last is first: so does scikit-learn,
// to the last bit. NaN is missing. It gives the first row that is infinite, or -1.
func product(to []float64, factors [][]float64) (infinite int) {
	n := len(factors)
	copy(to, factors[n-1])
	for i := n - 2; i >= 0; i-- {
		for r, x := range factors[i] {
			to[r] *= x
		}
	}
	return slices.IndexFunc(to, func(x float64) bool { return math.IsInf(x, 0) })
}

// A combiner makes one category of several. Different ones stay different: the sign
// between two of them is taken out of what they are.
type combiner struct {
	buf   []byte
	known map[string]string
}

// add begins a category, or adds one to it.
func (c *combiner) add(first bool, text string, there bool) {
	switch {
	case first:
		c.buf = c.buf[:0]
	default:
		c.buf = append(c.buf, '*')
	}
	if !there {
		c.buf = append(c.buf, missingName...)
		return
	}
	if text == missingName {
		c.buf = append(c.buf, '\\')
	}
	if !strings.ContainsAny(text, `*\`) {
		c.buf = append(c.buf, text...)
		return
	}
	for i := range len(text) {
		if text[i] == '*' || text[i] == '\\' {
			c.buf = append(c.buf, '\\')
		}
		c.buf = append(c.buf, text[i])
	}
}

// take gives the category.
func (c *combiner) take() string {
	if text, ok := c.known[string(c.buf)]; ok {
		return text
	}
	if c.known == nil || len(c.known) >= 1<<16 {
		c.known = map[string]string{}
	}
	text := string(c.buf)
	c.known[text] = text
	return text
}

// tooLarge says that a product is no number.
func tooLarge(column string, row int) *ValueError {
	return &ValueError{Column: column, Row: int64(row), Reason: TooLarge, Msg: "the product is too large for a number",
		Fix: "scale the columns that are multiplied, as `scale: standard` does"}
}

// checkCrossed refuses a crossed column of a document that could not have been learned.
func (t *Transform) checkCrossed(c *column) error {
	if c.Type != crossedType(c.form) {
		return fmt.Errorf("it is crossed, and so of no type %q", c.Type)
	}
	if len(c.of) < 2 || len(c.of) > maxFactors || c.Name != crossedName(c.of) {
		return errors.New("it is not named as what it is crossed of")
	}
	for _, name := range c.of {
		at := slices.IndexFunc(t.columns, func(of column) bool { return of.Name == name && of.of == nil })
		if at < 0 {
			return fmt.Errorf("it is crossed of %q, which is not there before it", name)
		}
		if upTo, form := t.columns[at].crossing(); form != c.form || form != Texts && (form != Numbers || upTo < len(t.columns[at].steps)) {
			return fmt.Errorf("it is crossed of %q, which has not its form", name)
		}
	}
	return nil
}
