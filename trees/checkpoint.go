package trees

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"pipe/nn"
)

// A progress is how far training has come: the trees of all rounds, also of those behind the
// best, and the losses. All else follows from them.
type progress struct {
	Engine string     `json:"engine"` // another one would go on to other trees
	Curves []nn.Curve `json:"curves"`
	Trees  []Tree     `json:"trees"`
}

// maxProgress bounds the bytes of a checkpoint.
const maxProgress = maxSize

// save writes what training needs to go on from here.
func (t *training) save(w io.Writer) error {
	return json.NewEncoder(w).Encode(progress{Engine, t.curves, t.m.Trees})
}

// load goes on from a checkpoint. If it makes no sense, the error says why, and training is
// where it begins.
func (t *training) load(r io.Reader) error {
	var p progress
	if err := json.NewDecoder(io.LimitReader(r, maxProgress)).Decode(&p); err != nil {
		return err
	}
	rounds, err := t.possible(&p)
	if err != nil {
		return err
	}
	list := make([]*grown, len(p.Trees))
	for i := range p.Trees {
		if list[i], err = t.regrown(&p.Trees[i]); err != nil {
			return fmt.Errorf("tree %d: %w", i+1, err)
		}
	}
	k := len(t.m.Start)
	for i, part := range t.parts {
		chunks := (part.rows + chunkRows - 1) / chunkRows
		parallel(t.cfg.Threads, chunks, func(c int) {
			for n, tree := range list {
				raw := t.raw[i][n%k]
				for r := c * chunkRows; r < min((c+1)*chunkRows, part.rows); r++ {
					raw[r] += tree.Nodes[tree.leafOf(part.columns, r)].Value
				}
			}
		})
		if loss, said := t.o.measure(part, t.raw[i], i == 0), p.Curves[i].Values[rounds-1]; loss != said {
			t.begin()
			return fmt.Errorf("its trees have the %s %v on these rows, and it says %v", p.Curves[i].Name, loss, said)
		}
	}
	for round := range rounds {
		t.m.Trees = p.Trees[:(round+1)*k]
		var losses []float64
		for _, c := range p.Curves {
			losses = append(losses, c.Values[round])
		}
		t.note(losses)
	}
	return nil
}

// possible says how many rounds a checkpoint is of, if it can be one of this training.
func (t *training) possible(p *progress) (rounds int, err error) {
	k := len(t.m.Start)
	rounds = len(p.Trees) / k
	switch {
	case p.Engine != Engine:
		return 0, fmt.Errorf("it is of the engine %.20q, and this is %s", p.Engine, Engine)
	case rounds < 1 || len(p.Trees)%k != 0 || rounds > t.cfg.Rounds:
		return 0, fmt.Errorf("it has %d trees for %d outputs and %d rounds", len(p.Trees), k, t.cfg.Rounds)
	case !slices.EqualFunc(p.Curves, t.curves, func(a, b nn.Curve) bool { return a.Name == b.Name && len(a.Values) == rounds }):
		return 0, errors.New("its losses are not those of this training")
	}
	for i := range p.Trees {
		if err := p.Trees[i].check(t.m.Columns); err != nil {
			return 0, fmt.Errorf("tree %d: %w", i+1, err)
		}
	}
	return rounds, nil
}

// regrown is a tree with the sides of its questions, in terms of bins.
func (t *training) regrown(tree *Tree) (*grown, error) {
	out := &grown{Tree: *tree, sides: make([]*[binStride]bool, len(tree.Nodes))}
	for i := range tree.Nodes {
		n := &tree.Nodes[i]
		if n.Leaf() {
			continue
		}
		b := &t.parts[0].bins[n.Column]
		s := split{missing: n.Missing, bin: len(b.edges)}
		for _, v := range n.In {
			at, _ := slices.BinarySearch(b.categories, v)
			s.in[at>>6] |= 1 << (at & 63)
		}
		if !b.category && n.At != thresholdBeyond {
			at, there := slices.BinarySearch(b.edges, n.At)
			if !there {
				return nil, fmt.Errorf("node %d asks for %v, where no bin ends", i, n.At)
			}
			s.bin = at
		}
		out.sides[i] = s.sides(b)
	}
	return out, nil
}
