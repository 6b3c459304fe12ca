package format

import (
	"encoding/json"
	"fmt"

	"pipe/data/task"
	"pipe/nn"
	"pipe/trees"
)

// Trees are what there is to say of a model of boosted trees.
type Trees struct {
	Features  int                `json:"features"`
	Trees     int                `json:"trees"`
	Rounds    int                `json:"rounds"`
	Leaves    int                `json:"leaves"`
	Depth     int                `json:"depth"` // of the deepest
	Loss      string             `json:"loss"`
	Growth    string             `json:"growth"`             // the settings, for people
	Positive  *string            `json:"positive,omitempty"` // class of a binary model
	Task      task.Kind          `json:"task"`
	Threshold *float64           `json:"threshold,omitempty"` // of the probability of the positive class
	Gain      []trees.Importance `json:"importance"`

	Target  string     `json:"-"` // column that is predicted
	Classes []string   `json:"-"`
	Cut     *nn.Chosen `json:"-"`
}

// Name implements View.
func (*Trees) Name() string { return "trees" }

// TreesOf describes a model.
func TreesOf(m *trees.Model) *Trees {
	v := &Trees{Features: len(m.Columns), Trees: len(m.Trees), Rounds: m.Rounds(), Leaves: m.Leaves(), Depth: m.Depth(), Loss: m.Summary.Loss,
		Growth: m.Summary.Optimizer, Task: m.Signature.Task, Gain: m.Importance(), Target: m.Signature.Column, Classes: m.Signature.Classes, Cut: m.Summary.Threshold}
	if v.Task == task.Binary {
		cut := m.Signature.Cut()
		v.Positive, v.Threshold = &m.Signature.Classes[1], &cut
	}
	return v
}

// treesDifference says where two models begin to differ.
func treesDifference(a, b *trees.Model) (string, error) {
	if at := trees.FirstDifference(a, b); at >= 0 {
		return fmt.Sprintf("tree %d of %d and %d is the first that differs", at+1, len(a.Trees), len(b.Trees)), nil
	}
	document := func(m *trees.Model) ([]byte, error) {
		return json.Marshal(map[string]any{"signature": m.Signature, "summary": m.Summary, "columns": m.Columns, "start": m.Start})
	}
	return firstChangeOf(a, b, document)
}
