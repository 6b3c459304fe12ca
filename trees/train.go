package trees

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/random"
	"pipe/nn"
)

// Train grows trees on the rows of a source. With validation data, which may be nil, the model
// has the trees up to the round that was best by its loss. It gives up where ctx is done.
func Train(ctx context.Context, sig nn.Signature, train, validation nn.Source, cfg Config) (*Model, error) {
	loss, err := cfg.loss(sig.Task)
	if err != nil {
		return nil, err
	}
	m := &Model{Signature: sig}
	if m.Columns, err = columnsOf(&sig); err != nil {
		return nil, err
	}
	if len(m.Columns) == 0 {
		return nil, errors.New("there are no features")
	}
	if err := cfg.mark(m.Columns, sig.Task); err != nil {
		return nil, err
	}
	if n := train.Len(); n < 1 || n > maxRows {
		return nil, fmt.Errorf("%d rows to train on: 1 to %d are possible", n, maxRows)
	}
	sum, list, err := survey(train, &sig, m.Columns, &cfg)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if train, err = cfg.balance(train, &sig, sum); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t, err := newTraining(&cfg, m, loss, list, train, validation)
	if err != nil {
		return nil, err
	}
	m.Summary = *sum
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return m, m.validate()
}

// balance gives classes their weights, and draws rows, as the configuration says.
func (c *Config) balance(train nn.Source, sig *nn.Signature, s *nn.Summary) (nn.Source, error) {
	if c.BalanceClasses {
		c.ClassWeights = nn.Balanced(s.ClassCounts)
	}
	if c.Sampling == nil && !c.Prior {
		return train, nil
	}
	b := &nn.Balance{Weights: slices.Clone(c.ClassWeights), Prior: c.Prior}
	if b.Weights == nil {
		b.Weights = slices.Repeat([]float64{1}, len(s.ClassCounts))
	}
	s.Balance = b
	if c.Sampling == nil {
		return train, nil
	}
	each := func(look func(from int, classes []float64)) error {
		return pass(train, sig, false, func(from int, _ []int, b *nn.Batch) error {
			look(from, b.Targets[0])
			return nil
		})
	}
	rows, quotas, err := c.Sampling.Draw(each, s.ClassCounts, c.Seed)
	if err != nil {
		return nil, err
	}
	b.Sample(quotas, s.ClassCounts)
	return nn.Drawn(train, rows), nil
}

// A training is the state of one.
type training struct {
	cfg    *Config
	m      *Model
	o      *objective
	g      *grower
	parts  []*table      // training rows, and those of validation
	raw    [][][]float64 // of each of them: of each output, the sum of trees for each row
	curves []nn.Curve

	rounds, best int // that are run, and the best of them
	bestLoss     float64
}

func newTraining(cfg *Config, m *Model, loss Loss, list []bins, train, validation nn.Source) (*training, error) {
	t := &training{cfg: cfg, m: m}
	for _, part := range []struct {
		name string
		src  nn.Source
	}{{"train", train}, {"validation", validation}} {
		if part.src == nil {
			continue
		}
		p, err := read(part.name, part.src, &m.Signature, list, cfg)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		t.curves = append(t.curves, nn.Curve{Name: part.name + ".loss"})
	}
	first := t.parts[0]
	t.o = newObjective(cfg, loss, &m.Signature, first.rows)
	t.g = newGrower(cfg, first, m.Columns)
	m.Start = t.o.start(first)
	for _, p := range t.parts {
		raw := make([][]float64, len(m.Start))
		for j := range raw {
			raw[j] = make([]float64, p.rows)
		}
		t.raw = append(t.raw, raw)
	}
	t.begin()
	return t, nil
}

// begin is where there are no trees yet.
func (t *training) begin() {
	for _, raw := range t.raw {
		for j := range raw {
			for r := range raw[j] {
				raw[j][r] = t.m.Start[j]
			}
		}
	}
	t.o.measure(t.parts[0], t.raw[0], true)
	t.bestLoss = math.Inf(1)
}

// run runs rounds until all are run, or nothing gets better.
func (t *training) run(ctx context.Context) error {
	if t.cfg.Resume != nil {
		if err := t.load(t.cfg.Resume); err != nil && t.cfg.OnAnew != nil {
			t.cfg.OnAnew(err)
		}
	}
	for !t.ended() {
		if t.rounds > 0 && t.cfg.Checkpoint != nil {
			t.cfg.Checkpoint(t.save)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		t.round(t.rounds + 1)
		var losses []float64
		for i, p := range t.parts {
			loss := t.o.measure(p, t.raw[i], i == 0)
			if !finite(loss) {
				return fmt.Errorf("the loss of round %d is %v: lower the learning rate, or raise l2", t.rounds+1, loss)
			}
			losses = append(losses, loss)
		}
		t.note(losses)
	}
	t.finish()
	return nil
}

// note keeps the losses of a round, and tells them.
func (t *training) note(losses []float64) {
	t.rounds++
	e := nn.Epoch{Number: t.rounds, Of: t.cfg.Rounds}
	for i, loss := range losses {
		t.curves[i].Values = append(t.curves[i].Values, loss)
		e.Values = append(e.Values, nn.Value{Name: t.curves[i].Name, Value: loss})
	}
	if t.cfg.OnRound != nil {
		t.cfg.OnRound(e)
	}
	if loss := losses[len(losses)-1]; len(losses) == 1 || loss < t.bestLoss {
		t.best, t.bestLoss = t.rounds, loss
	}
}

// ended says whether all rounds are run, the last one has divided nothing, or none was better
// than the best for too long.
func (t *training) ended() bool {
	last := t.m.Trees[max(0, len(t.m.Trees)-len(t.m.Start)):]
	return t.rounds >= t.cfg.Rounds || t.rounds > 0 && !slices.ContainsFunc(last, func(tree Tree) bool { return len(tree.Nodes) > 1 }) ||
		len(t.parts) > 1 && t.cfg.Patience > 0 && t.rounds-t.best >= t.cfg.Patience
}

// round adds a tree for each output.
func (t *training) round(number int) {
	g := t.g
	for j := range t.m.Start {
		g.draw(number, j)
		g.quantise(t.o, j)
		tree := g.grow()
		t.o.values(g, tree, j, t.raw[0][j])
		t.m.Trees = append(t.m.Trees, tree.Tree)
		for i, p := range t.parts {
			raw := t.raw[i][j]
			if i == 0 && len(g.rows) == p.rows {
				parallel(t.cfg.Threads, len(tree.leaves), func(k int) {
					l := &tree.leaves[k]
					v := tree.Nodes[l.node].Value
					for _, r := range g.rows[l.from:l.to] {
						raw[r] += v
					}
				})
				continue
			}
			chunks := (p.rows + chunkRows - 1) / chunkRows
			parallel(t.cfg.Threads, chunks, func(c int) {
				for r := c * chunkRows; r < min((c+1)*chunkRows, p.rows); r++ {
					raw[r] += tree.Nodes[tree.leafOf(p.columns, r)].Value
				}
			})
		}
	}
}

// draw chooses the rows of a round and the columns of a tree of it.
func (g *grower) draw(round, output int) {
	n, stream := g.t.rows, random.New(g.cfg.Seed, "trees.rows", uint64(round))
	g.rows = append(g.rows[:0], g.all...)
	if g.cfg.RowShare < 1 {
		g.rows = slices.DeleteFunc(g.rows, func(r int32) bool { return !(stream.Float64(uint64(r)) < g.cfg.RowShare) })
	}
	if len(g.rows) == 0 {
		g.rows = append(g.rows, int32(stream.IntN(0, n)))
	}
	f := len(g.columns)
	g.drawn = g.drawn[:0]
	if g.cfg.ColumnShare >= 1 {
		for c := range f {
			g.drawn = append(g.drawn, c)
		}
		return
	}
	perm := random.New(g.cfg.Seed, fmt.Sprintf("trees.columns.%d", output), uint64(round)).Perm(f)
	take := make([]bool, f)
	for _, c := range perm[:max(1, int(math.Ceil(g.cfg.ColumnShare*float64(f))))] {
		take[c] = true
	}
	for c := range f {
		if take[c] {
			g.drawn = append(g.drawn, c)
		}
	}
}

// finish drops the trees after the best round, and says how the model came about.
func (t *training) finish() {
	m, rounds, best := t.m, t.rounds, t.best
	m.Trees = m.Trees[:best*len(m.Start)]
	for i := range m.Trees {
		for j := range m.Trees[i].Nodes {
			if n := &m.Trees[i].Nodes[j]; !n.Leaf() {
				c := &m.Columns[n.Column]
				c.Gain += n.Gain
				c.Splits++
			}
		}
	}
	s := &m.Summary
	s.Parameters, s.Loss, s.Optimizer, s.Seed = m.Leaves(), string(t.o.loss), t.cfg.String(), t.cfg.Seed
	s.BatchSize, s.EpochsRun, s.BestEpoch = s.Rows, rounds, best
	s.Curves = t.curves
	if b := s.Balance; b != nil && b.Prior {
		for i, shift := range b.Shift() {
			m.Start[i] -= shift
		}
	}
	if t.o.loss == Quantile {
		s.Loss = fmt.Sprintf("%s %v", Quantile, t.cfg.Quantile)
	}
	if len(t.parts) > 1 {
		s.ValidationRows, s.Monitor, s.StoppedEarly = t.parts[1].rows, "validation.loss", rounds < t.cfg.Rounds
	}
}
