package feature

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/random"
)

// Targets are the target of the rows that a transform learns from, for one that is a
// TargetFitter.
type Targets struct {
	f       *fitter
	spec    *Target
	seed    uint64
	classes []string
	index   map[string]float64
}

// Classes lists the classes of the target in the order in which a network has them,
// once the statistics of the column are known; nil of a regression.
func (t *Targets) Classes() []string { return t.classes }

// Seed is for random numbers.
func (t *Targets) Seed() uint64 { return t.seed }

// Targets are those of the table, nil if it has none. Who asks for them is a
// TargetFitter.
func (in *Input) Targets() *Targets { return in.targets }

// A TargetFitter is a Passer that learns from the target, too: its Values have
// Targets.
type TargetFitter interface {
	Passer
	LearnsFromTarget()
}

// A Drawer is a Setting that draws random numbers from the seed of a Spec.
type Drawer interface{ Draws() bool }

// A CrossFitted is a Fitted that makes something else of the rows that it was learned
// from, for those who have just learned it: what their own targets tell nothing of.
// It is not stored.
type CrossFitted interface {
	Fitted
	ApplyTraining(v *Values, out *Out)
}

// settle finds the classes, once they are counted.
func (t *Targets) settle() error {
	if t == nil || t.f.predicted[0].task != Classification {
		return nil
	}
	fitted, err := t.f.predicted[0].fitted()
	if err != nil {
		return err
	}
	t.classes, t.index = fitted.Classes, make(map[string]float64, len(fitted.Classes))
	for i, class := range fitted.Classes {
		t.index[class] = float64(i)
	}
	return nil
}

// of gives the target of some rows that have one.
func (t *Targets) of(arr arrow.Array) ([]float64, error) {
	if t.classes == nil {
		values, shared, err := floats(t.spec.Column, arr, nil)
		if shared {
			values = append([]float64(nil), values...)
		}
		return values, err
	}
	names, _, err := texts(t.spec.Column, arr)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(names))
	for i, name := range names {
		at, ok := t.index[name]
		if !ok {
			return nil, fmt.Errorf("target: class %q was not counted", name) // the table has changed
		}
		values[i] = at
	}
	return values, nil
}

// A placement says where rows are in their table.
type placement struct {
	first    int64 // the row of the table that the first one of a piece is
	rows     []int // those of the piece that there are; nil: all
	training bool  // the table is that of training, which a CrossFitted asks for
}

// row is the row of the table that a value is in.
func (p *placement) row(i int) int64 { return p.first + int64(original(p.rows, i)) }

// folds divide rows into parts of equal size: each of as many rows beside each other
// is in another one, at random.
type folds struct {
	stream random.Stream
	perm   []int // of the block
	block  int64
}

func newFolds(seed uint64, column string, n int) *folds {
	return &folds{stream: random.New(seed, "fold."+column, 0), perm: make([]int, n), block: -1}
}

// clone is for another goroutine.
func (f *folds) clone() *folds {
	return &folds{stream: f.stream, perm: make([]int, len(f.perm)), block: -1}
}

// of is the fold of a row.
func (f *folds) of(row int64) int {
	n := int64(len(f.perm))
	if block := row / n; block != f.block {
		f.block = block
		stream := f.stream.At(uint64(block))
		for i := range f.perm {
			j := stream.IntN(uint64(i), i+1)
			f.perm[i] = f.perm[j]
			f.perm[j] = i
		}
	}
	return f.perm[row%n]
}

// targetsOf are the targets of a piece for the columns that learn from them now.
func targetsOf(columns []*columnFit, rec arrow.RecordBatch, targets []int) ([]float64, error) {
	for _, c := range columns {
		if c.due && c.passing {
			if _, ok := c.fitters[len(c.steps)].(TargetFitter); ok {
				return c.targets.of(rec.Column(targets[0])) // there is one, or nobody learns from it
			}
		}
	}
	return nil, nil
}
