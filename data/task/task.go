// Package task names what a target can be: a number, one of two classes, or one
// of several. Data sets, networks, metrics and pages all use these words.
package task

import "fmt"

// A Kind is what a model does with its target. It is written into data sets,
// model files and metrics.
type Kind string

const (
	Regression Kind = "regression" // a number
	Binary     Kind = "binary"     // one of two classes, of which the second is the positive one
	Multiclass Kind = "multiclass" // one of two or more classes, none of which is special

	// Of several targets that one network learns. Each of them is a Regression, or Binary.
	Multioutput Kind = "multioutput" // a number for each
	Multilabel  Kind = "multilabel"  // whether a row has it, for each
)

// All lists the kinds.
func All() []Kind { return []Kind{Binary, Multiclass, Regression, Multioutput, Multilabel} }

// Of is what several targets of the same kind are together, empty if there is no
// such thing.
func Of(each Kind) Kind {
	switch each {
	case Regression:
		return Multioutput
	case Binary:
		return Multilabel
	}
	return ""
}

// IsOne says whether there is one target.
func (k Kind) IsOne() bool { return k != Multioutput && k != Multilabel }

// IsClassification says whether a target is one of classes.
func (k Kind) IsClassification() bool { return k != Regression && k != Multioutput }

// Check says whether a target of the kind can have a number of classes. It
// refuses a kind that is none.
func (k Kind) Check(classes int) error {
	switch k {
	case Regression, Multioutput, Multilabel: // whose labels have classes of their own
		if classes != 0 {
			return fmt.Errorf("a %s target has no classes, but there are %d", string(k), classes)
		}
	case Binary:
		if classes != 2 {
			return fmt.Errorf("a binary task has 2 classes, not %d", classes)
		}
	case Multiclass:
		if classes < 2 {
			return fmt.Errorf("a multiclass task has 2 or more classes, not %d", classes)
		}
	default:
		return fmt.Errorf("unknown task %q: want %s, %s or %s", string(k), Regression, Binary, Multiclass)
	}
	return nil
}
