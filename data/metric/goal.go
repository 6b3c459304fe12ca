package metric

import (
	"fmt"

	"pipe/base/diag"
)

// A Meaning says how a value of a metric is to be read. It belongs to the
// metric: whoever makes a value says it with it, and it is recorded beside it,
// so that nobody has to guess it from a name.
type Meaning struct {
	Goal  Goal
	Class string // that it is about; empty if it is about all, or nobody said
}

// A Goal says which values of a metric are the better ones.
type Goal string

const (
	None Goal = ""     // no value is better than another (a number of rows), or nobody said
	Up   Goal = "up"   // more is better
	Down Goal = "down" // less is better
)

// Gain is by how much a value is better than another: negative if it is worse,
// and 0 if neither is or there is no goal.
func (g Goal) Gain(v, than float64) float64 {
	switch g {
	case Up:
		return v - than
	case Down:
		return than - v
	}
	return 0
}

// MarshalText gives the word.
func (g Goal) MarshalText() ([]byte, error) { return []byte(g), nil }

// UnmarshalText reads up or down.
func (g *Goal) UnmarshalText(text []byte) error {
	switch word := Goal(text); word {
	case Up, Down:
		*g = word
		return nil
	}
	return diag.WithHint(fmt.Errorf("%.40q is no goal: up or down", text), "up: more is better; down: less is better")
}
