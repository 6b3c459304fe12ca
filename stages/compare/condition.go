package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline"
)

// A Condition compares a figure with a number, or with one of another variant:
// "<= 0.2", "< log_loss.mean[units=64]", "> 1.5 * log_loss.mean[units=64]".
type Condition struct {
	pipeline.Comparison
	other string // whose multiple by Bound is compared with; empty: Bound is
}

// UnmarshalText reads a condition.
func (c *Condition) UnmarshalText(text []byte) error {
	*c = Condition{}
	op, rest := pipeline.CutOperator(string(text))
	other := rest
	factor, after, times := strings.Cut(rest, "*")
	if times {
		other = strings.TrimSpace(after)
	}
	if _, _, _, ok := cutFigure(other); op == "" || !ok {
		return c.Comparison.UnmarshalText(text)
	}
	c.Op, c.Bound, c.other = op, 1, other
	if !times {
		return nil
	}
	v, err := pipeline.ParseBound(factor)
	if err != nil {
		return diag.WithHint(err, `write a number before the *: "> 1.5 * log_loss.mean[units=64]"`)
	}
	c.Bound = v
	return nil
}

// MarshalText writes the one form of the condition.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Condition) String() string {
	switch {
	case c.other == "":
		return c.Comparison.String()
	case c.Bound == 1:
		return c.Op + " " + c.other
	}
	return c.Comparison.String() + " * " + c.other
}

// cutFigure divides log_loss.mean[units=64]. Without a case it is that of the best variant.
func cutFigure(key string) (of, statistic string, c names.Case, ok bool) {
	of, statistic, ok = cutStatistic(key)
	if ok {
		return of, statistic, nil, true
	}
	open := strings.LastIndexByte(key, '[')
	if open < 0 {
		return "", "", nil, false
	}
	_, c, ok = names.SplitCase("x" + key[open:])
	of, statistic, known := cutStatistic(key[:open])
	if m, is := strings.CutSuffix(key[:open], "."+ahead); is {
		of, statistic, known = m, ahead, m != ""
	}
	return of, statistic, c, ok && known && len(c) > 0
}

// ahead is the lower end of the 95% interval of how much better the best variant is than
// the one in brackets, on the same rows.
const ahead = "ahead"

// ahead of a variant is negative if none is better: then it is that of the next best.
func (r *results) ahead(v *variant, m string) float64 {
	if v != r.best() {
		if d := v.behind(m); d != nil {
			low, _, _ := d.Gain()
			return low
		}
		return math.NaN()
	}
	least := math.NaN()
	for _, other := range r.variants {
		if d := other.behind(m); d != nil {
			_, high, _ := d.Gain()
			if !(least >= -high) {
				least = -high
			}
		}
	}
	return least
}

// figure is what is recorded under a name: of the best variant, or of the one with the
// values in brackets.
func (r *results) figure(key string) (float64, error) {
	of, name, c, _ := cutFigure(key)
	if !slices.Contains(r.metrics, of) {
		return 0, diag.WithHint(fmt.Errorf("no case has a metric %q", of), diag.NearestHint(of, r.metrics))
	}
	v := r.best()
	if len(c) > 0 {
		var list []*variant
		var all []string
		for _, one := range r.variants {
			all = append(all, one.of.String())
			if one.of.Within(c) {
				list = append(list, one)
			}
		}
		switch {
		case len(list) == 0:
			return 0, diag.WithHint(fmt.Errorf("%s: no variant has %s", key, c), diag.NearestHint(c.String(), all))
		case len(list) > 1:
			return 0, diag.WithHint(fmt.Errorf("%s: %d variants have %s", key, len(list), c), "name the values on all axes, as "+list[0].of.String())
		}
		v = list[0]
	}
	var value float64
	if name == ahead {
		value = r.ahead(v, of)
	} else {
		value = v.value(of, name)
	}
	switch {
	case math.IsNaN(value) && name == ahead:
		return 0, diag.WithHint(fmt.Errorf("%s is not known", key), "connect the predictions of the cases, which are to be of the same rows; it is there for metrics that say what is better")
	case math.IsNaN(value) && name == "pooled":
		return 0, diag.WithHint(fmt.Errorf("%s is not known", key), "connect the predictions of the cases; it is there for metrics of the rows of one target")
	case math.IsNaN(value):
		return 0, diag.WithHint(fmt.Errorf("%s is not defined: there is one case", key), "it takes several seeds or folds")
	}
	return value, nil
}

// judge compares what is recorded with a condition.
func (r *results) judge(key string, c Condition) (v verdict, err error) {
	v = verdict{key: key, condition: c, limit: c.Bound}
	if v.value, err = r.figure(key); err != nil {
		return v, err
	}
	if c.other != "" {
		other, err := r.figure(c.other)
		if err != nil {
			return v, err
		}
		v.limit = float64(c.Bound * other)
	}
	v.met = c.Holds(v.value, v.limit)
	return v, nil
}

func (v verdict) sentence() string {
	text := fmt.Sprintf("%s is %s, required %s", v.key, pipeline.Telling(v.value, v.limit), v.condition)
	if v.condition.other != "" {
		text += ", which is " + pipeline.Telling(v.limit, v.value)
	}
	return text
}
