package pipeline

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"pipe/base/diag"
)

// A Comparison is a condition on a number, written ">= 0.95".
type Comparison struct {
	Op    string // one of >=, >, <=, < and ==
	Bound float64
}

// operators, longer ones before those that they begin with.
var operators = []string{">=", "<=", "==", ">", "<"}

// CutOperator takes the operator off the begin of a condition. It is empty if
// there is none.
func CutOperator(text string) (op, rest string) {
	text = strings.TrimSpace(text)
	for _, op := range operators {
		if after, ok := strings.CutPrefix(text, op); ok {
			return op, strings.TrimSpace(after)
		}
	}
	return "", text
}

// ParseBound reads the number of a condition.
func ParseBound(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number", strings.TrimSpace(text))
	}
	return v, nil
}

// UnmarshalText reads a comparison.
func (c *Comparison) UnmarshalText(text []byte) error {
	const hint = `write a comparison in quotes: ">= 0.95"`
	op, rest := CutOperator(string(text))
	if op == "" {
		return diag.WithHint(fmt.Errorf("%q is no condition: it begins with >=, >, <=, < or ==", diag.Shorten(string(text))), hint)
	}
	v, err := ParseBound(rest)
	if err != nil {
		return diag.WithHint(err, hint)
	}
	*c = Comparison{op, v}
	return nil
}

// MarshalText writes the one form of the comparison.
func (c Comparison) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Comparison) String() string {
	return c.Op + " " + strconv.FormatFloat(c.Bound, 'g', -1, 64)
}

// Holds compares a value with a limit, which need not be Bound.
func (c Comparison) Holds(v, limit float64) bool {
	switch c.Op {
	case ">=":
		return v >= limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case "<":
		return v < limit
	}
	return v == limit
}

// Telling writes a value with four digits, or more where it would otherwise
// look like the value that it is compared with.
func Telling(v, other float64) string {
	for digits := 4; digits < 17; digits++ {
		s := strconv.FormatFloat(v, 'g', digits, 64)
		if s != strconv.FormatFloat(other, 'g', digits, 64) {
			return s
		}
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
