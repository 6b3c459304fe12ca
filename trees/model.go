package trees

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"pipe/base/diag"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// Limits of a model.
const (
	maxColumns = 100_000
	maxNodes   = 1 << 25 // of all trees
	maxBins    = 255     // of a column, beside that of missing values
)

// A Model is a sum of trees.
type Model struct {
	Signature nn.Signature
	Summary   nn.Summary
	Columns   []Column
	Start     []float64 // of each output, what the trees add to
	Trees     []Tree    // round by round, in each one for each output
}

// A Column is one number of a row.
type Column struct {
	Name string `json:"name"`
	// Categories are the values that are told apart, if it is one of categories:
	// all others are taken as missing.
	Categories []int32 `json:"categories,omitempty"`
	Category   bool    `json:"category,omitempty"`
	Monotone   int     `json:"monotone,omitempty"` // 1: the output never falls where it rises, -1: never rises
	Gain       float64 `json:"gain"`               // by how much its splits lowered the loss of training, summed over all trees
	Splits     int     `json:"splits"`
}

// A Tree is its nodes: the first is the root, and children come after their parents.
type Tree struct {
	Nodes []Node `json:"nodes"`
}

// A Node is a leaf, or a question about a column.
type Node struct {
	Left  int `json:"left,omitempty"` // 0: it is a leaf
	Right int `json:"right,omitempty"`

	// Of a question. Rows go left whose number is at most At, or whose category is
	// one of In; missing ones, and unknown categories, go left if Missing says so.
	Column  int     `json:"column,omitempty"`
	At      float32 `json:"at,omitempty"`
	In      []int32 `json:"in,omitempty"`
	Missing bool    `json:"missing_left,omitempty"`
	Gain    float64 `json:"gain,omitempty"`

	Value float64 `json:"value,omitempty"` // of a leaf: what it adds to the output
	Rows  int     `json:"rows"`            // of training that came here
}

// Leaf says whether a node has no children.
func (n *Node) Leaf() bool { return n.Left == 0 }

// columnsOf are the columns of the inputs of a signature. Whole numbers are categories.
func columnsOf(sig *nn.Signature) ([]Column, error) {
	var list []Column
	for _, in := range sig.AllInputs() {
		if in.Ragged || in.Sparse > 0 {
			return nil, diag.WithHint(fmt.Errorf("input %q has rows of different lengths, and trees take columns", in.Name),
				"leave its column out in the preprocess stage, or make features of it; a network takes it as it is")
		}
		n := in.Shape.Size()
		if len(list)+n > maxColumns {
			return nil, fmt.Errorf("there are more than %d columns", maxColumns)
		}
		for i := range n {
			c := Column{Category: in.Type == tensor.I32}
			switch {
			case len(in.Features) == n:
				c.Name = in.Features[i]
			case n == 1:
				c.Name = in.Name
			default:
				c.Name = fmt.Sprintf("%s[%d]", in.Name, i)
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// Names are those of the columns that trees see of the inputs of a signature.
func Names(sig *nn.Signature) ([]string, error) {
	columns, err := columnsOf(sig)
	return namesOf(columns), err
}

// Rounds is how many trees there are for each output.
func (m *Model) Rounds() int { return len(m.Trees) / max(1, len(m.Start)) }

// Leaves is how many there are in all trees.
func (m *Model) Leaves() (n int) {
	for i := range m.Trees {
		n += (len(m.Trees[i].Nodes) + 1) / 2
	}
	return n
}

// Depth is that of the deepest tree: the most questions that are asked of a row.
func (m *Model) Depth() (most int) {
	for i := range m.Trees {
		nodes := m.Trees[i].Nodes
		depth := make([]int, len(nodes))
		for j := range nodes {
			if n := &nodes[j]; !n.Leaf() {
				depth[n.Left], depth[n.Right] = depth[j]+1, depth[j]+1
			}
			most = max(most, depth[j])
		}
	}
	return most
}

// validate checks that the parts of a model are possible and fit each other. A model
// that came from elsewhere may hold anything.
func (m *Model) validate() error {
	if err := m.Signature.Validate(); err != nil {
		return err
	}
	if m.Signature.Log {
		return errors.New("trees do not learn logarithms of rates")
	}
	want, err := columnsOf(&m.Signature)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(m.Columns, want, func(a, b Column) bool { return a.Name == b.Name && (a.Category || !b.Category) }) {
		return errors.New("the columns of the trees are not those of the inputs")
	}
	for i := range m.Columns {
		if err := m.Columns[i].check(); err != nil {
			return fmt.Errorf("column %q: %w", m.Columns[i].Name, err)
		}
	}
	k := m.Signature.Outputs()
	if len(m.Start) != k || len(m.Trees)%k != 0 {
		return fmt.Errorf("%d trees and %d starting values for %d outputs", len(m.Trees), len(m.Start), k)
	}
	for _, v := range m.Start {
		if !finite(v) {
			return fmt.Errorf("a tree starts at %v", v)
		}
	}
	total := 0
	for i := range m.Trees {
		if total += len(m.Trees[i].Nodes); total > maxNodes {
			return fmt.Errorf("the trees have more than %d nodes", maxNodes)
		}
		if err := m.Trees[i].check(m.Columns); err != nil {
			return fmt.Errorf("tree %d: %w", i+1, err)
		}
	}
	if s := &m.Summary; s.Rows < 1 || s.EpochsRun < 0 || s.BestEpoch < 0 || s.BestEpoch > s.EpochsRun || m.Rounds() != s.BestEpoch {
		return fmt.Errorf("%d rounds of trees, of which the summary says %d of %d", m.Rounds(), s.BestEpoch, s.EpochsRun)
	}
	for _, c := range m.Summary.Curves {
		if len(c.Values) != m.Summary.EpochsRun {
			return fmt.Errorf("the curve %q has %d values for %d rounds", c.Name, len(c.Values), m.Summary.EpochsRun)
		}
	}
	return nil
}

func (c *Column) check() error {
	switch {
	case len(c.Categories) > maxBins || len(c.Categories) > 0 && !c.Category:
		return fmt.Errorf("%d categories", len(c.Categories))
	case c.Monotone < -1 || c.Monotone > 1 || c.Monotone != 0 && c.Category:
		return fmt.Errorf("it is monotone by %d", c.Monotone)
	case !finite(c.Gain) || c.Splits < 0:
		return errors.New("its gain is no number")
	}
	for i, v := range c.Categories {
		if i > 0 && v <= c.Categories[i-1] {
			return fmt.Errorf("category %d is not in order", v)
		}
	}
	return nil
}

// check finds nodes that make no tree, or ask what cannot be asked.
func (t *Tree) check(columns []Column) error {
	if len(t.Nodes) == 0 {
		return errors.New("it has no nodes")
	}
	parents := make([]bool, len(t.Nodes))
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if i > 0 && !parents[i] {
			return fmt.Errorf("nothing leads to node %d", i)
		}
		if !finite(n.Value) || !finite(n.Gain) || !finite(float64(n.At)) {
			return fmt.Errorf("node %d holds a number that is none", i)
		}
		if n.Leaf() {
			if n.Right != 0 {
				return fmt.Errorf("node %d has one child", i)
			}
			continue
		}
		for _, child := range [...]int{n.Left, n.Right} {
			if child <= i || child >= len(t.Nodes) || parents[child] {
				return fmt.Errorf("node %d has the child %d, which is none of a tree", i, child)
			}
			parents[child] = true
		}
		if n.Column < 0 || n.Column >= len(columns) {
			return fmt.Errorf("node %d asks for column %d of %d", i, n.Column, len(columns))
		}
		c := &columns[n.Column]
		if !c.Category && len(n.In) > 0 {
			return fmt.Errorf("node %d asks for categories of numbers", i)
		}
		for j, v := range n.In {
			if _, known := slices.BinarySearch(c.Categories, v); !known || j > 0 && v <= n.In[j-1] {
				return fmt.Errorf("node %d asks for the category %d", i, v)
			}
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// binary says whether a target is one of two classes.
func binary(h *nn.Signature) bool { return h.Task == task.Binary }

// FirstDifference is the first tree in which two models differ, -1 if there is none.
func FirstDifference(a, b *Model) int {
	for i := range min(len(a.Trees), len(b.Trees)) {
		if !slices.EqualFunc(a.Trees[i].Nodes, b.Trees[i].Nodes, func(x, y Node) bool {
			in := slices.Equal(x.In, y.In)
			x.In, y.In = nil, nil
			return in && reflect.DeepEqual(x, y)
		}) {
			return i
		}
	}
	if n := min(len(a.Trees), len(b.Trees)); n < max(len(a.Trees), len(b.Trees)) {
		return n
	}
	return -1
}
