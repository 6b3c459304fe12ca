package trees

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/tensor"
	"pipe/nn"
)

const (
	sampleRows  = 200_000 // that quantiles are of
	chunkRows   = 4096
	maxCategory = 1 << 24 // numbers that float32 tells apart
)

// A bins says into which bin a number of a column comes: the first whose edge it does
// not exceed, the bin of its category, or the last of all if it is missing.
type bins struct {
	edges      []float32
	categories []int32
	category   bool
	direct     []uint8 // the bins of the categories 0, 1 and so on, as far as they are there
}

// mostDirect is how many categories have their bins listed by their number.
const mostDirect = 1 << 12

// count is how many bins there are, without that of missing values.
func (b *bins) count() int {
	if b.category {
		return len(b.categories)
	}
	return len(b.edges) + 1
}

func (b *bins) of(v float32) uint8 {
	if b.category {
		if i := int(v); v >= 0 && v < mostDirect && i < len(b.direct) && float32(i) == v {
			return b.direct[i]
		}
		c := Column{Categories: b.categories}
		if at := c.index(v); at >= 0 {
			return uint8(at)
		}
		return uint8(len(b.categories))
	}
	if v != v {
		return uint8(len(b.edges) + 1)
	}
	lo, hi := 0, len(b.edges)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); v <= b.edges[mid] {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return uint8(lo)
}

// numericBins cuts sorted numbers into bins of about as many rows each; each number gets
// its own if there are few.
func numericBins(sorted []float32, most int) bins {
	distinct := 1
	for i := 1; i < len(sorted); i++ {
		if sorted[i] != sorted[i-1] {
			distinct++
		}
	}
	var b bins
	if distinct <= most {
		for i := 1; i < len(sorted); i++ {
			if sorted[i] != sorted[i-1] {
				b.edges = append(b.edges, between(sorted[i-1], sorted[i]))
			}
		}
		return b
	}
	for k := 1; k < most; k++ {
		at := len(sorted) * k / most
		edge := sorted[at]
		next, _ := slices.BinarySearchFunc(sorted[at:], edge, func(a, b float32) int {
			if a <= b {
				return -1
			}
			return 1
		})
		if at+next == len(sorted) {
			break
		}
		edge = between(edge, sorted[at+next])
		if n := len(b.edges); n == 0 || edge > b.edges[n-1] {
			b.edges = append(b.edges, edge)
		}
	}
	return b
}

// between is a number that is at least a and below b.
func between(a, b float32) float32 {
	m := float32(float64(a)/2 + float64(b)/2)
	if m < a || m >= b {
		return a
	}
	return m
}

// categoryBins gives each of the most frequent categories a bin.
func categoryBins(counts map[int32]int, most int) bins {
	type counted struct {
		value int32
		n     int
	}
	var list []counted
	for v, n := range counts {
		list = append(list, counted{v, n})
	}
	slices.SortFunc(list, func(a, b counted) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.value, b.value)) })
	b := bins{category: true}
	for _, c := range list[:min(most, len(list))] {
		b.categories = append(b.categories, c.value)
	}
	slices.Sort(b.categories)
	if n := len(b.categories); n > 0 {
		for v := range min(mostDirect, int32(b.categories[n-1])+1) {
			at, known := slices.BinarySearch(b.categories, v)
			if !known {
				at = n
			}
			b.direct = append(b.direct, uint8(at))
		}
	}
	return b
}

// A table is rows as trees are grown from them.
type table struct {
	name    string
	rows    int // that have a weight
	bins    []bins
	columns [][]uint8   // bin of each row
	targets [][]float64 // of each head: class, or the number on the scale of training
	weights []float64   // nil: all are 1; otherwise 1 on average
	total   float64     // of the weights
}

// pass looks at all rows that have a weight, some at a time: used says which of them those are.
func pass(src nn.Source, sig *nn.Signature, inputs bool, look func(from int, used []int, b *nn.Batch) error) error {
	ins := sig.AllInputs()
	b := &nn.Batch{Targets: make([][]float64, len(sig.Heads()))}
	if inputs {
		b.Inputs = make([]tensor.Rows, len(ins))
	}
	var list, used []int
	for from := 0; from < src.Len(); from += chunkRows {
		list, used = list[:0], used[:0]
		for i := from; i < min(from+chunkRows, src.Len()); i++ {
			list = append(list, i)
		}
		for i := range b.Inputs {
			b.Inputs[i].Reset(ins[i].Type, 0)
		}
		for i := range b.Targets {
			b.Targets[i] = b.Targets[i][:0]
		}
		b.Weights = b.Weights[:0]
		if err := src.Gather(list, b); err != nil {
			return err
		}
		for i := range b.Inputs {
			if n := len(list) * ins[i].Shape.Size(); b.Inputs[i].Len() != n {
				return fmt.Errorf("%d numbers of %s for %d rows of shape %v", b.Inputs[i].Len(), ins[i].Name, len(list), ins[i].Shape)
			}
		}
		for i, w := range b.Weights {
			if !(w >= 0) || w-w != 0 {
				return fmt.Errorf("row %d weighs %v", from+i+1, w)
			}
			if w > 0 {
				used = append(used, i)
			}
		}
		if err := look(from, used, b); err != nil {
			return err
		}
	}
	return nil
}

// survey looks at all rows once. It finds what cannot be trained on, and how columns are cut
// into bins.
func survey(src nn.Source, sig *nn.Signature, columns []Column, cfg *Config) (*nn.Summary, []bins, error) {
	sum := &nn.Summary{Rows: src.Len()}
	stream := random.New(cfg.Seed, "trees.bins", 0)
	share := float64(sampleRows) / float64(src.Len())
	samples := make([][]float32, len(columns))
	counts := make([]map[int32]int, len(columns))
	for i := range columns {
		if columns[i].Category {
			counts[i] = map[int32]int{}
		}
	}
	ins := sig.AllInputs()
	targets := newSummaries(sig)
	drawn := make([]bool, chunkRows)
	err := pass(src, sig, true, func(from int, used []int, b *nn.Batch) error {
		at := 0
		for _, r := range used {
			drawn[r] = share >= 1 || stream.Float64(uint64(from+r)) < share
		}
		for i := range ins {
			size := ins[i].Shape.Size()
			for j := range size {
				c := &columns[at+j]
				for _, r := range used {
					v := value(&b.Inputs[i], r*size+j)
					switch {
					case v != v:
					case v-v != 0:
						return fmt.Errorf("feature %s of row %d is %v", c.Name, from+r+1, v)
					case !c.Category:
						if drawn[r] {
							samples[at+j] = append(samples[at+j], v)
						}
					case v != float32(math.Trunc(float64(v))) || v > maxCategory || v < -maxCategory:
						return diag.WithHint(fmt.Errorf("feature %s of row %d is %v, which is no category: those are whole numbers", c.Name, from+r+1, v),
							"leave it out of categories, or make it in the preprocess stage by `encode: ordinal` with `scale: none`")
					default:
						counts[at+j][int32(v)]++
					}
				}
			}
			at += size
		}
		for j := range targets {
			if err := targets[j].add(from, b.Targets[j]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	list := make([]bins, len(columns))
	parallel(cfg.Threads, len(columns), func(i int) {
		if columns[i].Category {
			list[i] = categoryBins(counts[i], cfg.MaxBins)
			return
		}
		slices.Sort(samples[i])
		if len(samples[i]) > 0 {
			list[i] = numericBins(samples[i], cfg.MaxBins)
		}
	})
	for i, c := range columns {
		if c.Category {
			columns[i].Categories = list[i].categories
		} else if len(sig.Inputs) == 0 {
			var r nn.InputRange
			if s := samples[i]; len(s) > 0 {
				r = nn.InputRange{Min: s[0], Max: s[len(s)-1]}
			}
			sum.Features = append(sum.Features, r)
		}
	}
	summarize(sum, sig, targets)
	return sum, list, nil
}

// read makes a table of all rows.
func read(name string, src nn.Source, sig *nn.Signature, list []bins, cfg *Config) (*table, error) {
	heads := sig.Heads()
	t := &table{name: name, bins: list, columns: make([][]uint8, len(list)), targets: make([][]float64, len(heads))}
	for i := range t.columns {
		t.columns[i] = make([]uint8, 0, src.Len())
	}
	ins := sig.AllInputs()
	type place struct{ input, element, size int }
	var places []place
	for i := range ins {
		for j := range ins[i].Shape.Size() {
			places = append(places, place{i, j, ins[i].Shape.Size()})
		}
	}
	even := true
	err := pass(src, sig, true, func(from int, used []int, b *nn.Batch) error {
		parallel(cfg.Threads, len(places), func(c int) {
			p, x := places[c], &b.Inputs[places[c].input]
			bins, col := &list[c], t.columns[c]
			for _, r := range used {
				col = append(col, bins.of(value(x, r*p.size+p.element)))
			}
			t.columns[c] = col
		})
		for _, r := range used {
			w := float64(b.Weights[r])
			for j, h := range heads {
				y := b.Targets[j][r]
				if !h.Task.IsClassification() {
					y = h.Scaled(y)
				} else if y != math.Trunc(y) || y < 0 || y >= float64(len(h.Classes)) {
					return fmt.Errorf("target %s of row %d is %v, which is not one of %d classes", h.Column, from+r+1, y, len(h.Classes))
				}
				if !finite(y) {
					return fmt.Errorf("target %s of row %d is %v", h.Column, from+r+1, b.Targets[j][r])
				}
				t.targets[j] = append(t.targets[j], y)
				if cfg.ClassWeights != nil {
					w *= cfg.ClassWeights[int(y)]
				}
			}
			even = even && w == 1
			t.weights = append(t.weights, w)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if t.rows = len(t.weights); t.rows == 0 {
		return nil, fmt.Errorf("%s has no rows with a weight", name)
	}
	if even {
		t.weights, t.total = nil, float64(t.rows)
		return t, nil
	}
	sum := 0.
	for _, w := range t.weights {
		sum += w
	}
	for i := range t.weights {
		t.weights[i] *= float64(t.rows) / sum
	}
	t.total = float64(t.rows)
	return t, nil
}

func (t *table) weight(r int) float64 {
	if t.weights == nil {
		return 1
	}
	return t.weights[r]
}
