package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"pipe/base/names"
	"pipe/pipeline/settings"
)

// A bound value is what an axis is in a case.
type bound struct {
	axis, label string
	value       *settings.Node
	at          *settings.Node // where the case says so; nil if that is the value
}

// place is where to report what is wrong with the case.
func (b bound) place() *settings.Node { return cmp.Or(b.at, b.value) }

// A variant is a case with its values, sorted by axis as names.Case is. That of a
// stage without a matrix is empty.
type variant []bound

func (v variant) name() names.Case {
	c := make(names.Case, len(v))
	for i, b := range v {
		c[i] = names.Value{Axis: b.axis, Label: b.label}
	}
	return c
}

func (v variant) sorted() variant {
	slices.SortFunc(v, func(a, b bound) int { return strings.Compare(a.axis, b.axis) })
	return v
}

func (v variant) get(axis string) *bound {
	for i := range v {
		if v[i].axis == axis {
			return &v[i]
		}
	}
	return nil
}

// seed is that of the run, unless the case has one.
func (v variant) seed(run uint64) uint64 {
	if b := v.get(seedAxis); b != nil {
		if seed, ok := seedOf(b.value); ok {
			return seed
		}
	}
	return run
}
