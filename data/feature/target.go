package feature

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/power"
	"pipe/data/table"
	"pipe/data/task"
)

// A fittedTarget is a target as it was learned.
type fittedTarget struct {
	Column  string    `json:"column"`
	Type    string    `json:"type"`
	Task    task.Kind `json:"task"`
	Classes []string  `json:"classes,omitempty"` // sorted, but of two the positive one is last
	Number  *scaling  `json:"number,omitempty"`

	Transform *task.Transform `json:"transform,omitempty"` // before Number; nil: none
}

// A targetFit is a target as far as it was learned.
type targetFit struct {
	of      *Target
	column  *columnFit
	task    Task
	classes *Frequencies
}

// prepareTarget begins to learn from a target, like from a feature.
func (f *fitter) prepareTarget(t *Target) error {
	schema := f.r.Schema()
	at, err := table.Column(schema, t.Column)
	if err != nil {
		return err
	}
	field := schema.Field(at)
	target := &targetFit{of: t}
	if target.task, err = t.taskOf(field.Type); err != nil {
		return err
	}
	form, chain := Numbers, []use(nil)
	switch {
	case target.task == Classification:
		kind := ordinalKind()
		form, chain = Texts, []use{{&kind, &classes{target}}}
	default:
		kind := scaleKind()
		if t.Transform != nil {
			var change Setting = changed{t.Transform}
			if t.Transform.Kind.Learned() {
				change = powered{t.Transform.Kind}
			}
			chain = []use{{&Kind{Name: "transform", Version: 1, Takes: Numbers}, change}, {&kind, unchanged{}}}
		}
		if t.Scale != None {
			chain = append(chain[:min(len(chain), 1)], use{&kind, &Scale{Method: cmp.Or(t.Scale, Standard)}})
		}
	}
	fit := f.newColumn(t.Column, at, field, form, chain)
	target.column = fit
	f.columns, f.predicted = append(f.columns, fit), append(f.predicted, target)
	return fit.advance()
}

// together refuses targets that no network learns together.
func (f *fitter) together() error {
	for _, t := range f.predicted {
		if first := f.predicted[0]; t.task != first.task {
			word := map[Task]string{Regression: "a number", Classification: "a class"}
			return t.column.wrong("targets", "train a model for each, or write `task: classification` for numbers that stand for two classes",
				"it is %s and %s is %s, and a network learns several numbers or several labels, not both", word[t.task], first.column.Name, word[first.task])
		}
	}
	return nil
}

// classes counts the classes of a target. It learns nothing that is applied.
type classes struct{ of *targetFit }

// Fit implements Setting.
func (c *classes) Fit(in *Input) (Fitter, error) {
	c.of.classes = in.Frequencies()
	return Fixed(ordinal{}), nil
}

// taskOf is the task of a target that is a column of a type.
func (t Target) taskOf(typ arrow.DataType) (Task, error) {
	c := Column{Name: t.Column}
	task, class := t.Task, table.ClassOf(typ)
	if task == "" || task == Auto {
		task = Classification
		if class.Numeric() {
			task = Regression
		}
	}
	orRegression := ""
	if class.Numeric() {
		orRegression = ", or write `task: regression`"
	}
	switch {
	case task == Regression && t.Positive != nil:
		fix := "write `task: classification` if its numbers stand for classes"
		if class == table.ClassReal {
			fix = "read the column as int64 or string if its numbers stand for classes"
		}
		return "", c.wrong("positive", fix, "the column is %s, and numbers have no positive class", table.TypeName(typ))
	case !class.Numeric() && formsOf(class)&Texts == 0:
		return "", c.wrong("target", "make a number or a class of it by a `derive` stage before, and predict that; or read it as string in `columns` of the ingest stage if its values are classes",
			"a column of type %s has neither numbers nor classes to predict", table.TypeName(typ))
	case task == Regression && !class.Numeric():
		fix := "write `task: classification`"
		if t.Transform != nil || t.Scale != "" {
			fix += ", without `transform` and `scale`"
		}
		return "", c.wrong("task", fix, "a regression predicts numbers, and the column is %s", table.TypeName(typ))
	case task == Classification && formsOf(class)&Texts == 0:
		return "", c.wrong("task", "write `task: regression`, or declare the column as int64 or string in `columns` of the ingest stage",
			"a column of type %s has no classes", table.TypeName(typ))
	case task == Classification && t.Transform != nil:
		return "", c.wrong("transform", "remove `transform`"+orRegression, "classes have no transform")
	case task == Classification && t.Scale != "":
		return "", c.wrong("scale", "remove `scale`"+orRegression, "classes have no scale")
	}
	return task, nil
}

// fitted puts together what was learned of the target.
func (f *targetFit) fitted() (*fittedTarget, error) {
	t, c := f.of, f.column
	out := &fittedTarget{Column: c.Name, Type: c.Type}
	if f.task == Regression {
		out.Task, out.Number, out.Transform = task.Regression, &unscaled, t.Transform
		if n := len(c.steps); n > 0 {
			s := c.steps[n-1].Fitted.(scaling)
			out.Number = &s
			if change, ok := c.steps[0].Fitted.(changed); ok {
				out.Transform = change.Transform
			}
		}
		return out, nil
	}
	classes := f.classes.Sorted()
	switch n := len(classes); {
	case n == 1:
		return nil, c.wrong("target", "look at the rows that reach this stage: a filter or a split may have taken the others",
			"the target has a single class %q, so there is nothing to tell apart", classes[0])
	case n > maxOneHot:
		return nil, c.wrong("task", "predict a column with fewer values, or write `task: regression` if it holds numbers",
			"the target has %d classes, at most %d are possible", n, maxOneHot)
	case n == 2:
		out.Task = task.Binary
	default:
		out.Task = task.Multiclass
	}
	out.Classes = classes
	if p := t.Positive; p != nil {
		return out, makePositive(c, classes, *p)
	}
	return out, nil
}

// changed is the transform of a target as a step, which learns nothing.
type changed struct{ *task.Transform }

// Fit implements Setting.
func (c changed) Fit(*Input) (Fitter, error) { return Fixed(c), nil }

// Outputs implements Fitted.
func (changed) Outputs() []Output { return nil }

// Apply implements Fitted.
func (c changed) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		y := c.Transform.Apply(x)
		if math.IsNaN(y) && !math.IsNaN(x) {
			reason, msg, fix := c.Refusal(out.column, x)
			out.Fail(i, Reason(reason), msg, fix)
		}
		v.Numbers[i] = y
	}
}

// powered is a transform of a target whose exponent is learned.
type powered struct{ kind task.TransformKind }

// Fit implements Setting.
func (p powered) Fit(in *Input) (Fitter, error) {
	return &poweredFit{newPowerFit(in, power.Family(p.kind)), p.kind}, nil
}

// A poweredFit learns the exponent as that of a feature is.
type poweredFit struct {
	*powerFit
	kind task.TransformKind
}

// Add implements Passer.
func (f *poweredFit) Add(v *Values) error {
	if f.kind == task.BoxCox {
		for i, x := range v.Numbers {
			if x <= 0 {
				reason, msg, fix := (&task.Transform{Kind: f.kind}).Refusal(f.in.Name, x)
				return &ValueError{Column: f.in.Name, Row: int64(i), Reason: Reason(reason), Msg: msg, Fix: fix}
			}
		}
	}
	return f.powerFit.Add(v)
}

// Done implements Fitter. What is predicted ends as far beyond the numbers of training
// as these are from each other.
func (f *poweredFit) Done() (Fitted, error) {
	learned, err := f.powerFit.Done()
	if err != nil {
		return nil, err
	}
	least, most := f.moments.Range()
	curve := learned.(powering).Curve
	t := &task.Transform{Kind: f.kind, Lambda: curve.Lambda, Pivot: curve.Pivot, Low: least - (most - least), High: most + (most - least)}
	if f.kind == task.BoxCox {
		t.Low = max(0, t.Low)
	}
	return changed{t}, f.in.finite(t.Low, t.High)
}

// unchanged is no scale behind a transform. It looks at all numbers, so that those
// are found that the transform cannot take.
type unchanged struct{}

// Fit implements Setting.
func (unchanged) Fit(in *Input) (Fitter, error) {
	in.Moments()
	return Fixed(unscaled), nil
}

// makePositive puts a class of two behind the other.
func makePositive(c *columnFit, classes []string, positive string) error {
	if c.Type == "bool" {
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

func (t *fittedTarget) check() error {
	if t.Task == task.Regression {
		if t.Number == nil || t.Classes != nil || !table.ClassNamed(t.Type).Numeric() {
			return errors.New("a regression has a scale and no classes")
		}
		if err := t.Transform.Check(); err != nil {
			return err
		}
		return t.Number.checkBrief()
	}
	n := len(t.Classes)
	if t.Number != nil || t.Transform != nil || t.Task == task.Binary && n != 2 || t.Task == task.Multiclass && n < 3 || n > maxOneHot ||
		t.Task != task.Binary && t.Task != task.Multiclass {
		return fmt.Errorf("task %q does not go with %d classes", t.Task, n)
	}
	compare := compareCategories(table.ClassNamed(t.Type) == table.ClassWhole)
	for i := 1; i < n; i++ {
		order := compare(t.Classes[i-1], t.Classes[i])
		if order == 0 || order > 0 && t.Task != task.Binary { // of two the positive one is last
			return fmt.Errorf("class %q is out of order", t.Classes[i])
		}
	}
	return nil
}
