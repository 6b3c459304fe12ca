package trees

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/task"
	"pipe/nn"
)

// A Loss names what is minimised.
type Loss string

// The losses. Auto is SquaredError of numbers and CrossEntropy of classes.
const (
	Auto          Loss = "auto"
	SquaredError  Loss = "squared_error"
	AbsoluteError Loss = "absolute_error"
	Quantile      Loss = "quantile"
	CrossEntropy  Loss = "cross_entropy"
)

// Tasks are those that a loss is for.
func (l Loss) Tasks() []task.Kind {
	var list []task.Kind
	for _, k := range task.All() {
		if l == Auto || (l == CrossEntropy) == k.IsClassification() {
			list = append(list, k)
		}
	}
	return list
}

// A Config says how trees are trained.
type Config struct {
	Loss     Loss
	Quantile float64 // of the loss Quantile

	Rounds       int
	LearningRate float64
	MaxLeaves    int     // of a tree
	MaxDepth     int     // 0: no limit
	MinRows      int     // of a leaf
	MaxBins      int     // of a column
	L2           float64 // on the values of leaves
	MinGain      float64 // of a split
	RowShare     float64 // of rows that each round draws
	ColumnShare  float64 // of columns that each tree draws

	// Patience is how many rounds in a row without a better loss of validation end
	// training; 0: all rounds are run.
	Patience int

	ClassWeights   []float64    // of each class in the loss, of training and validation; nil: all 1
	BalanceClasses bool         // these are the inverse of the shares of the classes
	Sampling       *nn.Sampling // draws the rows of training; nil: each is there once
	Prior          bool         // probabilities are those of the rows before these three

	Categories []string       // columns whose numbers are categories
	Monotone   map[string]int // columns that the output follows (1), or goes against (-1)

	Seed    uint64
	Threads int
	OnRound func(nn.Epoch)

	// Checkpoint is offered to save how far training has come, wherever it can go on from;
	// nil: nobody wants it. Resume is what was saved by an earlier attempt at the same work,
	// nil: there is none; if it is of no use, OnAnew is told why, and training begins anew.
	Checkpoint func(save func(io.Writer) error)
	Resume     io.Reader
	OnAnew     func(why error)
}

func (c *Config) loss(t task.Kind) (Loss, error) {
	if !slices.Contains(c.Loss.Tasks(), t) {
		return "", fmt.Errorf("loss %s is not for %s", c.Loss, t)
	}
	switch {
	case c.Loss != Auto:
		return c.Loss, nil
	case t.IsClassification():
		return CrossEntropy, nil
	}
	return SquaredError, nil
}

// mark says of columns that they are of categories, or monotone.
func (c *Config) mark(columns []Column, t task.Kind) error {
	find := func(setting, name string) (*Column, error) {
		at := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if at < 0 {
			names := namesOf(columns)
			return nil, diag.WithHint(fmt.Errorf("%s: there is no feature %q", setting, name), "the features are "+strings.Join(names[:min(len(names), 50)], ", "))
		}
		return &columns[at], nil
	}
	for _, name := range c.Categories {
		col, err := find("categories", name)
		if err != nil {
			return err
		}
		col.Category = true
	}
	if len(c.Monotone) > 0 && !slices.Contains(MonotoneTasks(), t) {
		return diag.WithHint(errors.New("monotone: it is of one number, or of two classes"), "remove monotone")
	}
	for i := range columns {
		columns[i].Monotone = c.Monotone[columns[i].Name]
	}
	for name := range c.Monotone {
		col, err := find("monotone", name)
		if err != nil {
			return err
		}
		if col.Category {
			return diag.WithHint(fmt.Errorf("monotone: %q is of categories, which have no order", name), "remove it from monotone")
		}
	}
	return nil
}

func namesOf(columns []Column) []string {
	var list []string
	for i := range columns {
		list = append(list, columns[i].Name)
	}
	return list
}

// MonotoneTasks are those of which an output can be held to a direction.
func MonotoneTasks() []task.Kind { return []task.Kind{task.Binary, task.Regression} }

// Memory is about how many bytes training takes for so many rows of training and validation.
func Memory(rows, columns, outputs, leaves int) int64 {
	const row = 8 + 8 + 16 + 16 + 4 + 4 + 4 + 4 // target, weight, and what growing takes
	each := int64(columns) + row + 24*int64(outputs)
	histograms := int64(columns) * binStride * 16 * int64(leaves)
	sample := 4 * int64(columns) * int64(min(rows, sampleRows))
	return int64(rows)*each + histograms + sample
}

// Seconds is about how long one processor works: measured with the tables of bench/trees, of
// 10,000 to 250,000 rows and 7 to 14 features.
func Seconds(rows, validation, columns, outputs, rounds int) float64 {
	const cell, row, tree = 3.5e-9, 15e-9, 1e-4
	return float64(rounds) * float64(outputs) * (float64(rows)*(cell*float64(columns)+row) + float64(validation)*2*row + tree)
}

// String writes the settings for people.
func (c *Config) String() string {
	text := fmt.Sprintf("learning rate %v, at most %d leaves", c.LearningRate, c.MaxLeaves)
	if c.MaxDepth > 0 {
		text += fmt.Sprintf(" and depth %d", c.MaxDepth)
	}
	text += fmt.Sprintf(", %d rows or more in each", c.MinRows)
	if c.L2 > 0 {
		text += fmt.Sprintf(", l2 %v", c.L2)
	}
	if c.RowShare < 1 {
		text += fmt.Sprintf(", %v of the rows", c.RowShare)
	}
	if c.ColumnShare < 1 {
		text += fmt.Sprintf(", %v of the columns", c.ColumnShare)
	}
	return text
}
