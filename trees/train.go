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

// A training is the state of one.
type training struct {
	cfg    *Config
	m      *Model
	o      *objective
	g      *grower
	parts  []*table      // training rows, and those of validation
	raw    [][][]float64 // of each of them: of each output, the sum of trees for each row
	curves []nn.Curve
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
		p, err := read(part.name, part.src, &m.Signature, list, cfg.Threads)
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
			for r := range raw[j] {
				raw[j][r] = m.Start[j]
			}
		}
		t.raw = append(t.raw, raw)
	}
	return t, nil
}

// run runs rounds until all are run, or nothing gets better.
func (t *training) run(ctx context.Context) error {
	t.o.measure(t.parts[0], t.raw[0], true)
	best, bestLoss := 0, math.Inf(1)
	watched := len(t.parts) - 1 // validation, if there is any
	round := 0
	for round < t.cfg.Rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		round++
		divided := t.round(round)
		e := nn.Epoch{Number: round, Of: t.cfg.Rounds}
		for i, p := range t.parts {
			loss := t.o.measure(p, t.raw[i], i == 0)
			if !finite(loss) {
				return fmt.Errorf("the loss of round %d is %v: lower the learning rate, or raise l2", round, loss)
			}
			t.curves[i].Values = append(t.curves[i].Values, loss)
			e.Values = append(e.Values, nn.Value{Name: t.curves[i].Name, Value: loss})
		}
		if t.cfg.OnRound != nil {
			t.cfg.OnRound(e)
		}
		if loss := e.Values[watched].Value; watched == 0 || loss < bestLoss {
			best, bestLoss = round, loss
		}
		if !divided || watched > 0 && t.cfg.Patience > 0 && round-best >= t.cfg.Patience {
			break
		}
	}
	t.finish(round, best)
	return nil
}

// round adds a tree for each output. It says whether any of them asks anything.
func (t *training) round(number int) (divided bool) {
	g := t.g
	for j := range t.m.Start {
		g.draw(number, j)
		g.quantise(t.o, j)
		tree := g.grow()
		t.o.values(g, tree, j, t.raw[0][j])
		t.m.Trees = append(t.m.Trees, tree.Tree)
		divided = divided || len(tree.Nodes) > 1
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
	return divided
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
func (t *training) finish(rounds, best int) {
	m := t.m
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
	if t.o.loss == Quantile {
		s.Loss = fmt.Sprintf("%s %v", Quantile, t.cfg.Quantile)
	}
	if len(t.parts) > 1 {
		s.ValidationRows, s.Monitor, s.StoppedEarly = t.parts[1].rows, "validation.loss", rounds < t.cfg.Rounds
	}
}
