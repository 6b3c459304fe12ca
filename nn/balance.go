package nn

import (
	"fmt"
	"slices"

	"pipe/base/exact"
	"pipe/base/random"
	"pipe/data/task"
)

// A Sampling draws training rows so that classes have about as many.
type Sampling struct {
	Over bool // rows of rare classes again; false: not all rows of frequent ones
	// Ratio is how many rows a class has at least for each of the most frequent one,
	// more than 0 and at most 1, as far as there are rows to leave out.
	Ratio float64
}

// A Balance is what was done to the shares of classes in training.
type Balance struct {
	Sampled []int `json:"sampled,omitempty"` // rows of each class that were trained on; nil: all, each once
	// Weights are how much a row of each class counted, with how often it was drawn:
	// the odds of classes in training are times these.
	Weights []float64 `json:"weights"`
	// Prior says that the probabilities are those of the training rows as they are.
	Prior bool `json:"prior,omitempty"`
}

// String says it for people.
func (b *Balance) String() string {
	text := "weighted"
	if b.Sampled != nil {
		rows := 0
		for _, n := range b.Sampled {
			rows += n
		}
		text = fmt.Sprintf("balanced by drawing %d rows", rows)
	}
	if b.Prior {
		return text + ", probabilities of the training rows as they are"
	}
	return text + ", probabilities of the balanced rows"
}

// Sample says how many rows of each class were drawn, of how many.
func (b *Balance) Sample(quotas, counts []int) {
	for class, n := range counts {
		if n > 0 {
			b.Weights[class] *= float64(quotas[class]) / float64(n)
		}
	}
	b.Sampled = quotas
}

// Shift is how much of its output each class has by what it counted: the logarithm of its
// weight, of two classes that of the second beside the first.
func (b *Balance) Shift() []float64 {
	if len(b.Weights) == 2 {
		return []float64{exact.Log(b.Weights[1]) - exact.Log(b.Weights[0])}
	}
	list := make([]float64, len(b.Weights))
	for class, w := range b.Weights {
		list[class] = exact.Log(w)
	}
	return list
}

// quotas is how many rows of each class are drawn.
func (s *Sampling) quotas(counts []int) []int {
	most, least := slices.Max(counts), 0
	for _, n := range counts {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	quotas := slices.Clone(counts)
	for i, n := range counts {
		switch {
		case n == 0:
		case s.Over:
			quotas[i] = max(n, int(s.Ratio*float64(most)))
		default:
			quotas[i] = int(min(float64(n), float64(least)/s.Ratio))
		}
	}
	return quotas
}

// Draw lists the rows to train on, in their order, and says how many of each class they are.
// Whether a row is left out, and which are drawn again, depends on seed, class and number
// alone. each gives the classes of all rows, which are counted in counts, some rows at a time.
func (s *Sampling) Draw(each func(look func(from int, classes []float64)) error, counts []int, seed uint64) (rows, quotas []int, err error) {
	quotas = s.quotas(counts)
	again := make([][]int, len(counts)) // how often each row of a class is drawn beyond once
	for class, n := range counts {
		if quotas[class] <= n {
			continue
		}
		again[class] = make([]int, n)
		stream := random.New(seed, "oversample", uint64(class))
		for i := range quotas[class] - n {
			again[class][stream.IntN(uint64(i), n)]++
		}
	}
	seen, drawn := make([]int, len(counts)), make([]int, len(counts))
	streams := make([]random.Stream, len(counts))
	for class := range streams {
		streams[class] = random.New(seed, "undersample", uint64(class))
	}
	err = each(func(from int, classes []float64) {
		for i, y := range classes {
			class := int(y)
			at := seen[class]
			seen[class]++
			switch need, left := quotas[class]-drawn[class], counts[class]-at; {
			case again[class] != nil:
				for range again[class][at] + 1 {
					rows = append(rows, from+i)
				}
			case need == left || streams[class].IntN(uint64(at), left) < need:
				rows = append(rows, from+i)
				drawn[class]++
			}
		}
	})
	return rows, quotas, err
}

// Drawn is a source of rows of another one, some more than once.
func Drawn(of Source, rows []int) Source { return &drawn{Source: of, rows: rows} }

// drawn are rows of a source, some more than once.
type drawn struct {
	Source
	rows []int
}

func (d *drawn) Len() int { return len(d.rows) }

func (d *drawn) places(rows []int) []int {
	list := make([]int, len(rows))
	for i, r := range rows {
		list[i] = d.rows[r]
	}
	return list
}

func (d *drawn) Gather(rows []int, into *Batch) error { return d.Source.Gather(d.places(rows), into) }

func (d *drawn) Foresee(rows []int) error {
	if f, ok := d.Source.(Foreseer); ok {
		return f.Foresee(d.places(rows))
	}
	return nil
}

// balance gives classes their weights, and draws rows, as the configuration says.
func (t *trainer) balance(s *Summary) error {
	weights := t.cfg.ClassWeights
	if t.cfg.BalanceClasses && t.sig.Task.IsClassification() {
		weights = Balanced(s.ClassCounts)
	}
	t.train.classes = weights
	if t.cfg.Sampling == nil && !t.cfg.Prior {
		return nil // and the model says nothing, as those of before
	}
	if t.sig.Task != task.Binary && t.sig.Task != task.Multiclass {
		return fmt.Errorf("classes are balanced, but the target is for %s", t.sig.Task)
	}
	b := &Balance{Weights: slices.Clone(weights), Prior: t.cfg.Prior}
	if weights == nil {
		b.Weights = slices.Repeat([]float64{1}, len(s.ClassCounts))
	}
	if t.cfg.Sampling != nil {
		each := func(look func(from int, classes []float64)) error {
			return t.train.each(false, func(from int, b *Batch) error {
				look(from, b.Targets[0])
				return nil
			})
		}
		rows, quotas, err := t.cfg.Sampling.Draw(each, s.ClassCounts, t.cfg.Seed)
		if err != nil {
			return err
		}
		b.Sample(quotas, s.ClassCounts)
		t.train.source, t.train.rows = Drawn(t.train.source, rows), len(rows)
	}
	s.Balance = b
	return nil
}

// restore puts the shares of the training rows back into the output (M. Saerens et
// al., 2002; C. Elkan, 2001). Training on rows that count w times makes the odds of a
// class w times what they are, which is the logarithm of w more in its output.
func (b *Balance) restore(m *Model) error {
	if b == nil || !b.Prior {
		return nil
	}
	for _, p := range m.Params {
		if p.Name != "output.bias" {
			continue
		}
		for i, shift := range b.Shift() {
			p.Data[i] -= float32(shift)
		}
		return nil
	}
	return fmt.Errorf("the output of the network has no bias to put the shares of the classes back into")
}
