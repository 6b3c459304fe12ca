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
)

// All lists the kinds.
func All() []Kind { return []Kind{Binary, Multiclass, Regression} }

// IsClassification says whether a target is one of classes.
func (k Kind) IsClassification() bool { return k != Regression }

// Check says whether a target of the kind can have a number of classes. It
// refuses a kind that is none.
func (k Kind) Check(classes int) error {
	switch k {
	case Regression:
		if classes != 0 {
			return fmt.Errorf("a regression has no classes, but there are %d", classes)
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
