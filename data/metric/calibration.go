package metric

import (
	"math"

	"slices"

	"pipe/base/exact"
	"pipe/base/random"
)

// Bins is the number of equal bins of the calibration errors.
const Bins = 15

func ece() *Def {
	return &Def{Name: "ece", Title: "Calibration error", Goal: Down, Range: unitRange, Of: Probabilities, Source: "M. P. Naeini et al. (2015)",
		Doc:     "Expected calibration error: mean gap between confidence and accuracy over 15 equal bins of the top probability.",
		Classes: (*Tally).meanGap}
}

func mce() *Def {
	return &Def{Name: "mce", Title: "Max calibration error", Goal: Down, Range: unitRange, Of: Probabilities, Source: "M. P. Naeini et al. (2015)",
		Doc:     "Largest gap between confidence and accuracy among 15 equal bins of the top probability.",
		Classes: (*Tally).largestGap}
}

// CalibrationError is the mean and the largest gap of ece and mce.
func (c *Classes) CalibrationError() (mean, largest float64) {
	v := c.Measure(List{ece(), mce()}, nil)
	return v[0].Value, v[1].Value
}

// binOf is the bin (lo, hi] of n equal ones over [0, 1] that holds p; 0 is in
// the first. The edges are the nearest float64 to b/n.
func binOf(p float64, n int) int {
	b := min(max(int(math.Ceil(p*float64(n)))-1, 0), n-1)
	// p*n is rounded, so that near an edge the bin may be off by one.
	for b > 0 && p <= float64(b)/float64(n) {
		b--
	}
	for b < n-1 && p > float64(b+1)/float64(n) {
		b++
	}
	return b
}

// A Bin of a reliability diagram: rows by predicted probability.
type Bin struct {
	Low, High float64 // (Low, High]
	Rows      int64
	Weight    float64 // of the rows together: their number, if they have none
	Predicted float64 // mean predicted probability; 0 if there is no row
	Observed  float64 // share of rows in which the event came; 0 if there is no row
}

// Gap is the distance of prediction and observation.
func (b Bin) Gap() float64 { return math.Abs(b.Observed - b.Predicted) }

func (t *Tally) bins(n int, p func(i int) float64, event func(i int) bool) []Bin {
	bins := make([]Bin, n)
	sums := make([]exact.Sum, n)
	hits, weight := make([]exact.Sum, n), make([]exact.Sum, n)
	for i := range t.c.rows {
		m := t.of(i)
		if m == 0 {
			continue
		}
		b := binOf(p(i), n)
		bins[b].Rows += t.times(i)
		weight[b].Add(m)
		sums[b].Add(p(i) * m)
		if event(i) {
			hits[b].Add(m)
		}
	}
	for b := range bins {
		bins[b].Low, bins[b].High = float64(b)/float64(n), float64(b+1)/float64(n)
		if w := weight[b].Value(); w > 0 {
			bins[b].Weight = w
			bins[b].Predicted = sums[b].Value() / w
			bins[b].Observed = hits[b].Value() / w
		}
	}
	return bins
}

// times is how often row i occurs.
func (t *Tally) times(i int) int64 {
	if t.count == nil {
		return 1
	}
	return int64(t.count[i])
}

// topBins groups the rows by their top probability; the event is that the most
// probable class was the actual one, whatever the threshold is.
func (t *Tally) topBins() []Bin {
	return t.bins(Bins,
		func(i int) float64 { return t.c.Probability(i, int(t.c.top.at(i))) },
		func(i int) bool { return t.c.top.at(i) == t.c.actual.at(i) })
}

func (t *Tally) meanGap() (float64, error) {
	var s exact.Sum
	for _, b := range t.topBins() {
		s.Add(b.Weight * b.Gap())
	}
	return s.Value() / t.n, nil
}

func (t *Tally) largestGap() (float64, error) {
	var worst float64
	for _, b := range t.topBins() {
		worst = max(worst, b.Gap())
	}
	return worst, nil
}

// Confidences is the reliability diagram behind ece and mce: rows by the
// probability of the most probable class, and how often it was right.
func (c *Classes) Confidences() []Bin { return c.tally(nil).topBins() }

// Reliability is the reliability diagram of one class: rows by its
// probability, and how often it was the actual one.
func (c *Classes) Reliability(class, bins int) []Bin {
	t := c.tally(nil)
	return t.bins(bins,
		func(i int) float64 { return c.Probability(i, class) },
		func(i int) bool { return c.Actual(i) == class })
}

// Chance is the calibration error of ece that probabilities have which are exactly right: its mean
// over samples of rows with these probabilities, and what it exceeds in one of twenty. The number
// of rows of a bin that come true is taken for normal.
func (c *Classes) Chance() (mean, high float64) {
	t := c.tally(nil)
	var variance [Bins]exact.Sum
	for i := range c.rows {
		p, m := c.Probability(i, int(c.top.at(i))), t.of(i)
		variance[binOf(p, Bins)].Add(p * (1 - p) * m * m)
	}
	stream := random.New(0, "evaluate.calibration", 0)
	draws := make([]float64, 2000)
	var sum float64
	for d := range draws {
		for b := range variance {
			draws[d] += math.Sqrt(variance[b].Value()) * math.Abs(stream.Normal(uint64(d*Bins+b))) / t.n
		}
		sum += draws[d]
	}
	slices.Sort(draws)
	return sum / float64(len(draws)), Quantile(draws, .95)
}

// Brier is what the Brier score of two classes is made of: Uncertainty - Discrimination +
// Miscalibration (T. Dimitriadis, T. Gneiting, A. Jordan, Stable reliability diagrams for
// probabilistic classifiers, 2021). No bins are chosen for it.
type Brier struct {
	Uncertainty    float64 // the score of the share of the second class, said of every row
	Discrimination float64 // by how much it falls if rows are told apart, with the best probabilities that keep their order
	Miscalibration float64 // by how much it rises since the probabilities are others
}

// BrierParts takes the Brier score of two classes apart.
func (c *Classes) BrierParts() Brier {
	t := c.tally(nil)
	// Pools of neighbours in the order of the scores, from the highest, in each of which the share
	// of the second class is no larger than in that before: those of isotonic regression.
	type pool struct{ positive, all float64 }
	var pools []pool
	var tp, all float64
	t.steps(1, func(_ float64, p, n float64) {
		one := pool{p - tp, p + n - all}
		tp, all = p, p+n
		for len(pools) > 0 {
			last := pools[len(pools)-1]
			if last.positive*one.all > one.positive*last.all {
				break
			}
			one = pool{one.positive + last.positive, one.all + last.all}
			pools = pools[:len(pools)-1]
		}
		if one.all > 0 {
			pools = append(pools, one)
		}
	})
	var best exact.Sum
	for _, p := range pools {
		best.Add(p.positive * (1 - p.positive/p.all))
	}
	score, _ := t.measure(brier())
	b := Brier{Uncertainty: tp * (1 - tp/all) / all}
	b.Discrimination = max(0, b.Uncertainty-best.Value()/all)
	b.Miscalibration = max(0, score-best.Value()/all)
	return b
}
