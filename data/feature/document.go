package feature

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/task"
)

// document puts together what the passes found.
func (f *fitter) document(spec Spec) (document, error) {
	doc := document{Format: formatName, Version: formatVersion, Keep: slices.Clone(spec.Keep)}
	for _, c := range f.columns[:len(spec.Features)] {
		out := fitted{Column: c.Name, Type: table.TypeName(c.typ), Indicator: c.Indicator}
		if c.Impute.Strategy != "" {
			out.Impute = &fill{Strategy: c.Impute.Strategy}
		}
		if c.numeric() {
			if out.Impute != nil {
				out.Impute.Number = &c.fill
			}
			out.Number = c.number()
		} else {
			if out.Impute != nil {
				out.Impute.Text = &c.text
			}
			category, err := c.category()
			if err != nil {
				return doc, err
			}
			out.Category = category
		}
		doc.Columns = append(doc.Columns, out)
	}
	if spec.Target == nil {
		return doc, nil
	}
	c := f.columns[len(spec.Features)]
	doc.Target = &fittedTarget{Column: c.Name, Type: table.TypeName(c.typ)}
	if f.task == Regression {
		doc.Target.Task, doc.Target.Number = task.Regression, c.number()
		return doc, nil
	}
	classes := c.counter.sorted()
	switch n := len(classes); {
	case n == 1:
		return doc, c.wrong("target", "look at the rows that reach this stage: a filter or a split may have taken the others",
			"the target has a single class %q, so there is nothing to tell apart", classes[0])
	case n > maxOneHot:
		return doc, c.wrong("task", "predict a column with fewer values, or write `task: regression` if it holds numbers",
			"the target has %d classes, at most %d are possible", n, maxOneHot)
	case n == 2:
		doc.Target.Task = task.Binary
	default:
		doc.Target.Task = task.Multiclass
	}
	doc.Target.Classes = classes
	if p := spec.Target.Positive; p != nil {
		return doc, makePositive(c, classes, *p)
	}
	return doc, nil
}

// makePositive puts a class of two behind the other.
func makePositive(c *columnFit, classes []string, positive string) error {
	if c.typ.ID() == arrow.BOOL {
		positive = strings.ToLower(positive) // True is what some write in YAML
	}
	at := slices.Index(classes, positive)
	switch {
	case at < 0:
		hint := "the classes are " + quoteSome(classes)
		if near, ok := diag.Nearest(positive, classes); ok {
			hint = fmt.Sprintf("did you mean %q? ", near) + hint
		}
		return c.wrong("positive", hint, "no row to learn from has the positive class %q", positive)
	case len(classes) != 2:
		return c.wrong("positive", "remove `positive`; metrics of one class are asked for by its name, as in recall["+positive+"]",
			"the target has %d classes, and only one of two can be the positive one", len(classes))
	case at == 0:
		slices.Reverse(classes)
	}
	return nil
}

// quoteSome lists names for a message, not more than people read.
func quoteSome(names []string) string {
	const most = 12
	quoted := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		quoted = append(quoted, strconv.Quote(name))
	}
	text := strings.Join(quoted, ", ")
	if rest := len(names) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func (c *columnFit) number() *fittedNumber {
	return &fittedNumber{Scaling: c.Scale, Center: c.scaling.Center, Scale: c.scaling.Scale}
}

func (c *columnFit) category() (*fittedCategory, error) {
	if err := c.checkStray(); err != nil {
		return nil, err
	}
	e := c.Encode
	out := &fittedCategory{
		Encoding:   e.Method,
		Unseen:     e.Unseen,
		Categories: c.counter.sorted(),
		Missing:    c.counter.missing > 0,
	}
	if out.Unseen == "" {
		out.Unseen = UnseenIgnore
		if e.Method == Ordinal {
			out.Unseen = UnseenError // a code is a number like any other, whichever it is
		}
	}
	counts := make([]int64, len(out.Categories), len(out.Categories)+1)
	for i, name := range out.Categories {
		counts[i] = c.counter.counts[name]
	}
	if out.Missing {
		counts = append(counts, c.counter.missing)
	}
	out.Infrequent = infrequent(counts, e.MinFrequency, e.MaxCategories)
	codes := len(counts)
	if rare := len(out.Infrequent); rare > 0 {
		codes -= rare - 1
	}
	out.DropFirst = e.Drop == DropFirst || e.Drop == DropIfBinary && codes == 2
	if e.Method == OneHot && codes > maxOneHot {
		return nil, c.wrong("encode", fmt.Sprintf("write `%s: {encode: {one_hot: {max_categories: 50, unseen: infrequent}}}`, or leave the column out if it is an identifier", c.Name),
			"%d categories would become %d features, at most %d are possible", codes, codes, maxOneHot)
	}
	return out, nil
}
