package task

import (
	"fmt"
	"math"

	"pipe/base/exact"
	"pipe/data/power"
)

// A Transform is a rising function of the numbers of a target, which a network
// learns in their place. Since it rises, a quantile of what was learned is the
// quantile of the target; a mean is not the mean.
//
// A nil Transform leaves numbers as they are.
type Transform struct {
	Kind TransformKind `json:"kind"`
	// Lambda is the exponent of YeoJohnson and BoxCox, which is learned, and Pivot what
	// their curve is about; see power.Curve. What they stand for ends at Low and High,
	// since not all numbers are of their curves.
	Lambda float64 `json:"lambda,omitempty"`
	Pivot  float64 `json:"pivot,omitempty"`
	Low    float64 `json:"low,omitempty"`
	High   float64 `json:"high,omitempty"`
}

// A TransformKind is a function of numbers.
type TransformKind string

const (
	Log   TransformKind = "log"   // the logarithm, of numbers above 0
	Log1p TransformKind = "log1p" // the logarithm of 1 + x, of numbers above -1
	Sqrt  TransformKind = "sqrt"  // the square root, of numbers from 0 on
	Logit TransformKind = "logit" // log(x / (1-x)), of numbers between 0 and 1

	YeoJohnson TransformKind = TransformKind(power.YeoJohnson) // the power that makes numbers most normal
	BoxCox     TransformKind = TransformKind(power.BoxCox)     // the same of numbers above 0
)

// Enum lists the kinds.
func (TransformKind) Enum() []string {
	return []string{string(Log), string(Log1p), string(Sqrt), string(Logit), string(YeoJohnson), string(BoxCox)}
}

// Learned says whether something of the transform is learned from the target.
func (k TransformKind) Learned() bool { return k == YeoJohnson || k == BoxCox }

// Check refuses what is no transform.
func (t *Transform) Check() error {
	if t == nil {
		return nil
	}
	switch t.Kind {
	case Log, Log1p, Sqrt, Logit:
		if t.Lambda != 0 || t.Pivot != 0 || t.Low != 0 || t.High != 0 {
			return fmt.Errorf("the transform %s of a target has no exponent", t.Kind)
		}
		return nil
	case YeoJohnson, BoxCox:
		for _, x := range []float64{t.Lambda, t.Pivot, t.Low, t.High} {
			if x-x != 0 {
				return fmt.Errorf("the transform %s of a target has an exponent, a pivot or ends that are no numbers", t.Kind)
			}
		}
		if t.Kind == BoxCox && t.Pivot < 0 {
			return fmt.Errorf("the pivot %v of the transform %s of a target is below 0", t.Pivot, t.Kind)
		}
		if t.Low > t.High || t.Kind == BoxCox && t.Low < 0 {
			return fmt.Errorf("the transform %s of a target ends at %v and %v", t.Kind, t.Low, t.High)
		}
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
	case BoxCox, YeoJohnson:
		return t.curve().At(x)
	}
	return exact.Log(x / (1 - x))
}

// takes says whether there is something to learn in place of x.
func (t *Transform) takes(x float64) bool {
	switch t.Kind {
	case YeoJohnson:
		return x-x == 0
	case Log, BoxCox:
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
		return exact.Expm1Ulp(z)
	case Sqrt:
		if z < 0 {
			return 0
		}
		return float64(z * z)
	case BoxCox, YeoJohnson:
		return t.within(t.curve().Invert(z))
	}
	return exact.Logistic(z)
}

// curve is that of YeoJohnson and BoxCox.
func (t *Transform) curve() *power.Curve {
	return &power.Curve{Family: power.Family(t.Kind), Lambda: t.Lambda, Pivot: t.Pivot}
}

// within is x, or the end that it lies beyond.
func (t *Transform) within(x float64) float64 { return min(max(x, t.Low), t.High) }

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
	case BoxCox:
		reason, fix = "the target has no box_cox, which is of numbers above 0", "write `transform: yeo_johnson`, which takes any number, or "+fmt.Sprintf(filter, column+" > 0")
	case YeoJohnson:
		reason, fix = "the target is too large for its power", "write `transform: none`, or mend the value"
	case Log1p:
		reason, fix = "the target has no log1p, which is of numbers above -1", "write `transform: none`, or "+fmt.Sprintf(filter, column+" > -1")
	case Sqrt:
		reason, fix = "the target has no square root", "write `transform: none`, or "+fmt.Sprintf(filter, column+" >= 0")
	default:
		reason, fix = "the target has no logit, which is of numbers between 0 and 1", "write `transform: none`, or "+fmt.Sprintf(filter, column+" > 0 and "+column+" < 1")
	}
	return reason, fmt.Sprintf("%v: %s", x, reason), fix
}
