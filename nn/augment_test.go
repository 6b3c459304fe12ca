package nn

import (
	"slices"
	"sync"
	"testing"

	"pipe/data/tensor"
)

// upside turns the sign of all features, and notes which rows of which epochs it was given.
type upside struct {
	mu   sync.Mutex
	seen map[int][]int
}

// Augment implements Augmenter.
func (u *upside) Augment(epoch int, rows []int, inputs []tensor.Rows) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.seen == nil {
		u.seen = map[int][]int{}
	}
	u.seen[epoch] = append(u.seen[epoch], rows...)
	for i := range inputs[0].F32 {
		inputs[0].F32[i] *= -1
	}
}

// An augmentation changes each row of training once an epoch, and no row that is
// measured: neither those of the training data nor those of validation.
func TestAugmentChangesWhatIsTrainedOn(t *testing.T) {
	c := newTrial()
	turned := line(107, 5)
	for i := range turned.Features {
		turned.Features[i] *= -1
	}
	plain := c
	plain.train = turned
	want := plain.trainer(t)
	if err := want.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	u := new(upside)
	c.cfg.Augment = u
	got := c.trainer(t)
	if err := got.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.numbers.flat, want.numbers.flat) {
		t.Error("training on rows that were changed gives other numbers than training on changed rows")
	}
	for epoch := 1; epoch <= c.cfg.Epochs; epoch++ {
		slices.Sort(u.seen[epoch])
		if rows := u.seen[epoch]; len(rows) != 107 || rows[0] != 0 || rows[106] != 106 || len(slices.Compact(slices.Clone(rows))) != 107 {
			t.Errorf("in epoch %d rows %v were changed", epoch, u.seen[epoch])
		}
	}
	if len(u.seen) != c.cfg.Epochs {
		t.Errorf("%d epochs were changed, of %d", len(u.seen), c.cfg.Epochs)
	}
	for i, name := range []string{"train.loss", "validation.loss"} {
		a, b := curve(got, name), curve(want, name)
		if same := slices.Equal(a, b); same != (i == 1) {
			t.Errorf("%s is %v, and %v of the rows that were changed before", name, a, b)
		}
	}
}

func curve(t *trainer, name string) []float64 {
	return t.at.Curves[slices.IndexFunc(t.at.Curves, func(c Curve) bool { return c.Name == name })].Values
}
