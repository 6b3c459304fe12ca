package task

import (
	"fmt"
	"math"

	"pipe/base/exact"
)

// A Transform is a rising function of the numbers of a target, which a network
// learns in their place. Since it rises, a quantile of what was learned is the
// quantile of the target; a mean is not the mean.
//
// A nil Transform leaves numbers as they are.
type Transform struct {
	Kind TransformKind `json:"kind"`
}

// A TransformKind is a function of numbers.
type TransformKind string

const (
	Log   TransformKind = "log"   // the logarithm, of numbers above 0
	Log1p TransformKind = "log1p" // the logarithm of 1 + x, of numbers above -1
	Sqrt  TransformKind = "sqrt"  // the square root, of numbers from 0 on
	Logit TransformKind = "logit" // log(x / (1-x)), of numbers between 0 and 1
)

// Enum lists the kinds.
func (TransformKind) Enum() []string {
	return []string{string(Log), string(Log1p), string(Sqrt), string(Logit)}
}

// Check refuses what is no transform.
func (t *Transform) Check() error {
	if t == nil {
		return nil
	}
	switch t.Kind {
	case Log, Log1p, Sqrt, Logit:
		return nil
	}
	return fmt.Errorf("unknown transform %q of a target", string(t.Kind))
}

// Apply is what is learned in place of x, NaN where there is nothing.
func (t *Transform) Apply(x float64) float64 {
	switch {
	case t == nil:
		return x
	case !t.takes(x):
		return math.NaN()
	}
	switch t.Kind {
	case Log:
		return exact.Log(x)
	case Log1p:
		return exact.Log1p(x)
	case Sqrt:
		return math.Sqrt(x)
	}
	return exact.Log(x / (1 - x))
}

// takes says whether there is something to learn in place of x.
func (t *Transform) takes(x float64) bool {
	switch t.Kind {
	case Log:
		return x > 0
	case Log1p:
		return x > -1
	case Sqrt:
		return x >= 0
	}
	return x > 0 && x < 1
}

// Invert is the number that z was learned in place of. What is below all that
// there is, as -1 is below all square roots, stands for the lowest number.
func (t *Transform) Invert(z float64) float64 {
	if t == nil {
		return z
	}
	switch t.Kind {
	case Log:
		return exact.ExpUlp(z)
	case Log1p:
		return expm1(z)
	case Sqrt:
		if z < 0 {
			return 0
		}
		return float64(z * z)
	}
	return exact.Logistic(z)
}

// expm1 is exp(z) - 1 without loss of digits near 0 (Kahan).
func expm1(z float64) float64 {
	u := exact.ExpUlp(z)
	switch d := u - 1; {
	case u == 1:
		return z
	case d == -1 || math.IsInf(u, 1):
		return d
	default:
		return d * z / exact.Log(u)
	}
}

// Of writes the transform of a column as a formula, for people.
func (t *Transform) Of(column string) string {
	switch {
	case t == nil:
		return column
	case t.Kind == Log1p:
		return "log(1 + " + column + ")"
	}
	return string(t.Kind) + "(" + column + ")"
}

// Refusal says why nothing can be learned in place of x, and what to do about it.
func (t *Transform) Refusal(column string, x float64) (reason, msg, fix string) {
	const filter = "leave such rows out by a `filter` stage (`where: %s`)"
	switch t.Kind {
	case Log:
		reason, fix = "the target has no logarithm, which is of numbers above 0", fmt.Sprintf(filter, column+" > 0")
		if x == 0 {
			fix = "write `transform: log1p`, which takes 0, or " + fix
		} else {
			fix = "write `transform: none`, or " + fix
		}
	case Log1p:
		reason, fix = "the target has no log1p, which is of numbers above -1", "write `transform: none`, or "+fmt.Sprintf(filter, column+" > -1")
	case Sqrt:
		reason, fix = "the target has no square root", "write `transform: none`, or "+fmt.Sprintf(filter, column+" >= 0")
	default:
		reason, fix = "the target has no logit, which is of numbers between 0 and 1", "write `transform: none`, or "+fmt.Sprintf(filter, column+" > 0 and "+column+" < 1")
	}
	return reason, fmt.Sprintf("%v: %s", x, reason), fix
}
