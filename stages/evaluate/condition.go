package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/expr"
	"pipe/data/metric"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A Condition compares a metric with a number or with an expression of what the best
// baseline, or a simple model, scores: ">= 0.95", "< baseline", "<= 0.5 * baseline", "> linear + 0.02".
type Condition struct {
	pipeline.Comparison
	others []string // that the bound depends on: is a multiple of, if there is no limit
	limit  string   // an expression in place of the bound; empty if there is none
}

const baselineName = "baseline"

// comparedWith are the names in a bound.
func comparedWith() []string { return []string{baselineName, linearModel, treesModel} }

// UnmarshalText reads a condition.
func (c *Condition) UnmarshalText(text []byte) error {
	*c = Condition{}
	op, rest := pipeline.CutOperator(string(text))
	c.Op = op
	if c.Op == "" {
		return conditionError("a condition begins with >=, >, <=, < or ==")
	}
	if v, err := pipeline.ParseBound(rest); err == nil {
		c.Bound = v
		return nil
	}
	e, err := limitOf(rest)
	if err != nil {
		var inside *expr.Error
		if errors.As(err, &inside) {
			inside.At += strings.LastIndex(string(text), rest)
		}
		return conditionError("%w", err)
	}
	c.others = e.Columns()
	if factor, _, ok := e.Multiple(); ok {
		c.Bound = factor
		return nil
	}
	c.limit = rest
	if _, err := c.Limit(nil); len(c.others) == 0 && err != nil {
		return conditionError("%w", err)
	}
	return nil
}

// limitOf reads an expression of what others score.
func limitOf(text string) (*expr.Expr, error) {
	e, err := expr.Parse(text)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, name := range e.Columns() {
		if !slices.Contains(comparedWith(), name) {
			return nil, fmt.Errorf("%q is neither a number nor one of %s", name, strings.Join(comparedWith(), ", "))
		}
		values[name] = 1
	}
	_, err = e.Number(values)
	var none *expr.NoNumber
	if errors.As(err, &none) {
		err = nil // perhaps of another baseline
	}
	return e, err
}

// Limit is what the condition compares with, if others score so.
func (c Condition) Limit(scores map[string]float64) (float64, error) {
	switch {
	case c.limit != "":
		e, err := limitOf(c.limit)
		if err != nil {
			return 0, err
		}
		return e.Number(scores)
	case len(c.others) > 0:
		return c.Bound * scores[c.others[0]], nil
	}
	return c.Bound, nil
}

func conditionError(format string, args ...any) error {
	return diag.WithHint(fmt.Errorf(format, args...), `write a comparison in quotes: ">= 0.95" or "< baseline"`)
}

// MarshalText writes the one form of the condition.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Condition) String() string {
	switch {
	case c.limit != "":
		return c.Op + " " + c.limit
	case len(c.others) == 0:
		return c.Comparison.String()
	case c.Bound == 1:
		return c.Op + " " + c.others[0]
	}
	return c.Comparison.String() + " * " + c.others[0]
}

// A target is what a condition is about: "outside.rmse", "recall[Gentoo]".
type target struct {
	key     string
	dataset string // port
	metric  *metric.Def
	across  *across // nil: it is about all rows
}

func parseTarget(known metric.List, key string) (target, error) {
	name, class := key, ""
	if open := strings.IndexByte(key, '['); open >= 0 {
		name, class = key[:open], key[open:]
	}
	t := target{key: key, dataset: dataPort}
	if a, def, ok, err := parseAcross(known, key); ok {
		t.across, t.metric = a, def
		return t, err
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		t.dataset, name = name[:dot], name[dot+1:]
		if t.dataset == dataPort {
			return t, fmt.Errorf("metrics of %s have no prefix: write %s", dataPort, name+class)
		}
	}
	var ok bool
	if t.metric, ok = known.Find(name + class); ok {
		return t, nil
	}
	if class != "" {
		names := known.OfOneClass().Names()
		for i, n := range names {
			names[i] = n + "[...]"
		}
		last := len(names) - 1
		return t, fmt.Errorf("%q: of a single class there are %s and %s", key, strings.Join(names[:last], ", "), names[last])
	}
	return t, unknownMetric(name, known.Names())
}

// connected checks that the data set is one of those that are.
func (t target) connected(ports []string) error {
	if slices.Contains(ports, t.dataset) {
		return nil
	}
	return diag.WithHint(fmt.Errorf("%s: no data set is connected as %q", t.key, t.dataset),
		fmt.Sprintf("connected are %s; add `%s: STAGE.PORT` to the inputs", strings.Join(ports, ", "), t.dataset))
}

// simpleKnown checks that the simple models of a condition will be there.
func (s *Stage) simpleKnown(t target, c Condition, ports []string) error {
	for _, name := range c.others {
		switch {
		case name == baselineName:
		case !s.Baselines.has(name):
			return diag.WithHint(fmt.Errorf("%s: nothing is known of %s: baselines is %s", t.key, name, s.Baselines), "set baselines to both, or leave it out")
		case t.dataset != dataPort:
			return diag.WithHint(fmt.Errorf("%s: what %s scores is known of data alone", t.key, name), "compare the metric of data with it, or this one with a number")
		case !slices.Contains(ports, trainPort):
			return diag.WithHint(fmt.Errorf("%s: no data set is connected as %q, which %s learns from", t.key, trainPort, name), "add `train: STAGE.PORT` to the inputs, with the data set that the model was trained on")
		}
	}
	return nil
}

func unknownMetric(name string, valid []string) error {
	err := fmt.Errorf("there is no metric %q", name)
	if name == "cost" {
		return diag.WithHint(err, "say what mistakes cost: `costs: {false_alarm: 1, miss: 10}`")
	}
	if near, ok := diag.Nearest(name, valid); ok {
		return diag.WithHint(err, "did you mean "+near+"?")
	}
	return diag.WithHint(err, "one of "+strings.Join(valid, ", "))
}

// checkTask tells whether a metric fits the task.
func checkTask(known metric.List, def *metric.Def, t task.Kind) error {
	if !def.For(t) {
		return fmt.Errorf("%s is not a metric of %s; valid are %s", def.Name, taskName(t), strings.Join(known.For(t).Names(), ", "))
	}
	return nil
}

func taskName(t task.Kind) string {
	switch {
	case t == task.Multioutput:
		return "regression of several numbers"
	case !t.IsClassification():
		return string(t)
	}
	return string(t) + " classification"
}

// A requirement is a condition on what is there.
type requirement struct {
	target
	Condition
}

// requirements resolves what is required against the task, the classes and the data
// sets that are connected.
func (s *Stage) requirements(sig *nn.Signature, ports []string) ([]requirement, error) {
	var list []requirement
	for _, e := range s.Require {
		t, err := parseTarget(s.defs(), e.Key)
		if err != nil {
			return nil, fmt.Errorf("require: %w", err)
		}
		if err := errors.Join(t.connected(ports), s.simpleKnown(t, e.Value, ports)); err != nil {
			return nil, fmt.Errorf("require: %w", err)
		}
		if class, ok := metric.ClassOf(t.metric.Name); ok {
			names, word, plural := sig.Classes, "class", "classes"
			if !sig.Task.IsOne() {
				names, word, plural = sig.Columns(), "target", "targets"
			}
			if !slices.Contains(names, class) {
				return nil, fmt.Errorf("require: %s: the model has no %s %q; its %s are %s", t.key, word, class, plural, quoteAll(names))
			}
		}
		if err := checkTask(s.defs(), t.metric, sig.Task); err != nil {
			return nil, fmt.Errorf("require: %w", err)
		}
		list = append(list, requirement{t, e.Value})
	}
	return list, nil
}

// quoteAll lists names for a message, not more than people read.
func quoteAll(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "none"
	}
	quoted := make([]string, 0, most)
	for i, n := range names {
		if i == most {
			return strings.Join(quoted, ", ") + fmt.Sprintf(" and %d more", len(names)-most)
		}
		quoted = append(quoted, strconv.Quote(n))
	}
	return strings.Join(quoted, ", ")
}

var _ settings.Validator = (*Stage)(nil)
