package trees

import (
	"cmp"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/task"
	"pipe/nn"
)

// An objective is what is minimised, with the derivatives of each output for each row of training.
type objective struct {
	loss     Loss
	quantile float64
	outputs  int
	softmax  bool // the outputs are of the classes of one target
	threads  int
	grad     [][]float64
	hess     [][]float64
	most     [][]extent // of each output, those of chunks of rows
}

// An extent is how large derivatives are.
type extent struct{ g, h float64 }

func (e *extent) add(g, h float64) {
	if g = math.Abs(g); g > e.g {
		e.g = g
	}
	if h > e.h {
		e.h = h
	}
}

func newObjective(cfg *Config, loss Loss, sig *nn.Signature, rows int) *objective {
	o := &objective{loss: loss, quantile: cfg.Quantile, outputs: sig.Outputs(), softmax: sig.Task == task.Multiclass, threads: cfg.Threads}
	if loss == AbsoluteError {
		o.quantile = .5
	}
	for range o.outputs {
		o.grad, o.hess = append(o.grad, make([]float64, rows)), append(o.hess, make([]float64, rows))
		o.most = append(o.most, make([]extent, (rows+chunkRows-1)/chunkRows))
	}
	return o
}

// ranked says whether the best value of a leaf is a quantile.
func (o *objective) ranked() bool { return o.loss == AbsoluteError || o.loss == Quantile }

// start is where the sum of trees begins: the best constant.
func (o *objective) start(t *table) []float64 {
	list := make([]float64, o.outputs)
	if o.softmax {
		for r, y := range t.targets[0] {
			list[int(y)] += t.weight(r)
		}
		for i := range list {
			list[i] = exact.Log(max(list[i]/t.total, 1e-12))
		}
		return list
	}
	for j, ys := range t.targets {
		if o.ranked() {
			list[j] = quantile(slices.Clone(ys), func(i int) float64 { return t.weight(i) }, o.quantile)
			continue
		}
		var sum exact.Sum
		for r, y := range ys {
			sum.Add(t.weight(r) * y)
		}
		list[j] = sum.Value() / t.total
		if o.loss == CrossEntropy {
			p := min(max(list[j], 1e-12), 1-1e-12)
			list[j] = exact.Log(p / (1 - p))
		}
	}
	return list
}

// measure is the mean loss of sums of trees, and fills in derivatives if these are of training.
func (o *objective) measure(t *table, raw [][]float64, derive bool) float64 {
	chunks := (t.rows + chunkRows - 1) / chunkRows
	sums := make([]float64, chunks)
	parallel(o.threads, chunks, func(c int) {
		from, to := c*chunkRows, min((c+1)*chunkRows, t.rows)
		switch {
		case o.softmax:
			sums[c] = o.classes(t, raw, from, to, derive)
		case o.loss == CrossEntropy:
			for j := range raw {
				sums[c] += o.logistic(t, raw[j], j, from, to, derive)
			}
		default:
			for j := range raw {
				sums[c] += o.number(t, raw[j], j, from, to, derive)
			}
		}
	})
	total := 0.
	for _, s := range sums {
		total += s
	}
	if o.softmax {
		return total / t.total
	}
	return total / t.total / float64(o.outputs)
}

// logsAtOnce is of how many factors up to 2 the product is taken before its logarithm.
const logsAtOnce = 512

func (o *objective) logistic(t *table, raw []float64, j, from, to int, derive bool) (sum float64) {
	zs, ys := raw[from:to], t.targets[j][from:to]
	grad, hess := o.grad[j][:0], o.hess[j][:0]
	if derive {
		grad, hess = o.grad[j][from:to], o.hess[j][from:to]
	}
	product, most := 1., extent{}
	for i, z := range zs {
		y, a := ys[i], math.Abs(z)
		e := exact.Exp(-a)
		if t.weights == nil {
			product *= 1 + e
			if i%logsAtOnce == logsAtOnce-1 {
				sum, product = sum+exact.Log(product), 1
			}
			sum += float64((z+a)/2) - float64(y*z)
		} else {
			sum += float64(t.weights[from+i] * (exact.Log1p(e) + float64((z+a)/2) - float64(y*z)))
		}
		if !derive {
			continue
		}
		p := 1 / (1 + e)
		q := e * p // 1 - p without loss of digits
		h := p * q
		below := uint64(int64(math.Float64bits(z)) >> 63) // all bits, which no processor has to foretell
		g := math.Float64frombits(math.Float64bits(p)&^below|math.Float64bits(q)&below) - y
		if t.weights != nil {
			w := t.weights[from+i]
			g, h = w*g, w*h
		}
		grad[i], hess[i] = g, h
		most.add(g, h)
	}
	if derive {
		o.most[j][from/chunkRows] = most
	}
	return sum + exact.Log(product)
}

func (o *objective) classes(t *table, raw [][]float64, from, to int, derive bool) (sum float64) {
	z, p := make([]float64, o.outputs), make([]float64, o.outputs)
	most := make([]extent, o.outputs)
	for r := from; r < to; r++ {
		y, w := int(t.targets[0][r]), t.weight(r)
		for j := range raw {
			z[j] = raw[j][r]
		}
		softmax(p, z)
		sum -= float64(w * exact.Log(max(p[y], 1e-300)))
		if !derive {
			continue
		}
		for j := range p {
			g := p[j]
			if j == y {
				g--
			}
			o.grad[j][r], o.hess[j][r] = w*g, w*p[j]*(1-p[j])
			most[j].add(o.grad[j][r], o.hess[j][r])
		}
	}
	for j := range most {
		if derive {
			o.most[j][from/chunkRows] = most[j]
		}
	}
	return sum
}

func (o *objective) number(t *table, raw []float64, j, from, to int, derive bool) (sum float64) {
	var most extent
	for r := from; r < to; r++ {
		d, w := raw[r]-t.targets[j][r], t.weight(r)
		g := d
		switch {
		case !o.ranked():
			sum += float64(w * float64(d*d))
		case d > 0:
			g = 1 - o.quantile
			sum += float64(w * float64(g*d))
		default:
			g = -o.quantile
			sum += float64(w * float64(g*d))
		}
		if derive {
			o.grad[j][r], o.hess[j][r] = w*g, w
			most.add(w*g, w)
		}
	}
	if derive {
		o.most[j][from/chunkRows] = most
	}
	return sum
}

// values gives the leaves of a tree of the j-th output their values.
func (o *objective) values(g *grower, tree *grown, j int, raw []float64) {
	parallel(o.threads, len(tree.leaves), func(i int) {
		l := &tree.leaves[i]
		rows := g.rows[l.from:l.to]
		var v float64
		if o.ranked() {
			rest := make([]float64, len(rows))
			for k, r := range rows {
				rest[k] = g.t.targets[j][r] - raw[r]
			}
			v = min(max(quantile(rest, func(k int) float64 { return g.t.weight(int(rows[k])) }, o.quantile), l.low), l.high)
		} else {
			var sumG, sumH float64
			for _, r := range rows {
				sumG += o.grad[j][r]
				sumH += o.hess[j][r]
			}
			if sumH+g.cfg.L2 > 0 {
				v = g.value(sumG, sumH, l.low, l.high)
			}
		}
		tree.Nodes[l.node].Value = v * g.cfg.LearningRate
	})
}

// quantile is the weighted quantile of values: of even weights between two values, their
// middle where the share falls between them.
func quantile(values []float64, weight func(i int) float64, share float64) float64 {
	order := make([]int, len(values))
	total := 0.
	for i := range order {
		order[i] = i
		total += weight(i)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(values[a], values[b]), a-b) })
	at, sum := share*total, 0.
	for k, i := range order {
		if sum += weight(i); sum > at || k == len(order)-1 {
			return values[i]
		}
		if sum == at {
			return values[i]/2 + values[order[k+1]]/2
		}
	}
	return 0
}
