package metric

import (
	"context"
	"math"
	"slices"
	"sync"

	"pipe/base/exact"
	"pipe/base/random"
)

// How much the bootstrap costs at most: 10 million draws, so much work whatever the
// number of rows is.
const (
	mostDrawn = 50_000 // rows that are resampled; of more rows, so many of them
	manyRows  = 10_000 // beyond which there are fewer resamples
	mostHeavy = 15_000 // rows that are all drawn, since single ones of them move a metric

	// fewestRows is how many there are at least for an interval: of fewer, the one from the least
	// that resamples give to the greatest would hold less often than it says, 1 - 2^(1-n).
	fewestRows      = 6
	fewestBlocks    = 5   // of rows that follow each other, below which there is no interval
	fewestResamples = 100 // of however many rows

	fewestDrawn = 5_000 // rows that are resampled with however many repetitions
)

// drawable is how many rows of samples are resampled: fewer of those with repetitions,
// which are measured with them.
func drawable(times int) int { return max(fewestDrawn, mostDrawn/times) }

func resamples(rows, size, block int) int {
	switch {
	case Drawing{Block: block}.Without(rows) != "":
		return 0
	case rows > mostDrawn:
		return max(fewestResamples, mostDrawn*200/rows)
	case size > manyRows:
		return 200
	}
	return 1000
}

// A resampling is how the rows of a sample are drawn again.
//
// Of many rows a part is drawn, each row of which stands for several: it occurs as
// often as they would together (A. Kleiner et al., A scalable bootstrap for massive
// data, 2014). Classes, and the labels of several, have as many rows in the part as
// there are, or as many as the others, so that it has those of rare classes. So do the
// rows that count most, by their errors or weights: of errors with heavy tails a few
// are most of what an rmse varies by, and a part would have some of them or none.
type resampling struct {
	rows   []int32   // of the part; nil: all
	stands []float64 // for how many each stands
	times  []*poisson
	n      int // how many are drawn
	size   int // and how many that are with their repetitions
	block  int // neighbours that are drawn together; 0 is each by itself
}

// resampled is how the rows of samples are drawn, which are of the same rows. Of rows in
// blocks all are drawn: a part would have holes.
func resampled(block int, samples ...Sample) *resampling {
	times := 1
	for _, s := range samples {
		times = max(times, repetitions(s))
	}
	n, most := samples[0].Rows(), drawable(times)
	if n <= most || block > 1 {
		return &resampling{n: n, size: n * times, block: block}
	}
	kind, kinds := samples[0].strata()
	strata := newCodes(n, 2*kinds)
	for i := range n {
		strata.add(2 * kind.at(i))
	}
	heavy(samples, mostHeavy/(mostDrawn/most), func(i int) { strata.set(i, strata.at(i)|1) })
	r := partOf(strata, 2*kinds, n, most)
	r.size = r.n * times
	return r
}

// heavy marks the rows that are among the few that count most in a metric, at most so many.
func heavy(samples []Sample, most int, mark func(i int)) {
	var counts []func(i int) float64
	for _, s := range samples {
		counts = append(counts, s.influences()...)
	}
	n := samples[0].Rows()
	for _, influence := range counts {
		key := func(i int) (uint64, bool) { return orderedKey(influence(i)), true }
		left := most / len(counts)
		var limit uint64 // of equal ones none or all
		fallingKeys(n, key, func(piece []uint64) bool {
			if left >= len(piece) {
				left -= len(piece)
				return true
			}
			limit = piece[left]
			return false
		})
		for i := range n {
			if k, _ := key(i); limit > 0 && k > limit {
				mark(i)
			}
		}
	}
}

// partOf draws so many rows; strata is of which of some kinds each is.
func partOf(strata codes, kinds, rows, most int) *resampling {
	sizes := make([]int, kinds)
	for i := range rows {
		sizes[strata.at(i)]++
	}
	quotas := apportion(sizes, most)
	r := &resampling{}
	stands, times := make([]float64, len(sizes)), make([]*poisson, len(sizes))
	left, need := slices.Clone(sizes), slices.Clone(quotas)
	for h := range sizes {
		if quotas[h] > 0 {
			stands[h] = float64(sizes[h]) / float64(quotas[h])
			times[h] = newPoisson(stands[h])
		}
	}
	// Each row is taken with the chance that keeps all parts of its kind equally likely.
	stream := random.New(0, "evaluate.part", 0)
	for i := range rows {
		h := strata.at(i)
		if stream.IntN(uint64(i), left[h]) < need[h] {
			need[h]--
			r.rows, r.stands, r.times = append(r.rows, int32(i)), append(r.stands, stands[h]), append(r.times, times[h])
		}
		left[h]--
	}
	r.n = len(r.rows)
	return r
}

// apportion gives each size as many of most as the others, or itself if that is less.
func apportion(sizes []int, most int) []int {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return sizes[a] - sizes[b] })
	quotas := make([]int, len(sizes))
	for i, h := range order {
		quotas[h] = min(sizes[h], most/(len(order)-i))
		most -= quotas[h]
	}
	return quotas
}

// fill is how often each row occurs in resample b, which depends on b alone.
func (r *resampling) fill(b int, count []int32) {
	if r.rows == nil {
		clear(count)
		at := random.New(0, "evaluate.bootstrap", 0).At(uint64(b))
		if r.block > 1 {
			for i := range count {
				count[at.Block(i, len(count), r.block)]++
			}
			return
		}
		for i := range count {
			count[at.IntN(uint64(i), len(count))]++
		}
		return
	}
	at := random.New(0, "evaluate.bootstrap", 1).At(uint64(b))
	for i := range count {
		count[i] = r.times[i].at(at.Float64(uint64(i)))
	}
}

// draw measures every resample. They are kept by number, so that threads do not show.
func (r *resampling) draw(ctx context.Context, threads int, measure func(count []int32) []Value) ([][]Value, error) {
	draws := make([][]Value, resamples(r.n, r.size, r.block))
	threads = max(1, min(threads, len(draws)))
	var wg sync.WaitGroup
	for worker := range threads {
		wg.Go(func() {
			count := make([]int32, r.n)
			for b := worker; b < len(draws) && ctx.Err() == nil; b += threads {
				r.fill(b, count)
				draws[b] = measure(count)
			}
		})
	}
	wg.Wait()
	return draws, ctx.Err()
}

// part is what is drawn of a sample, and the same rows, each counting as what it
// stands for.
func (r *resampling) part(s Sample) (drawn, whole Sample, err error) {
	if r.rows == nil {
		s = keeping(s)
		return s, s, nil
	}
	if drawn, err = s.take(r.rows, nil); err == nil {
		whole, err = s.take(r.rows, r.stands)
	}
	return keeping(drawn), whole, err
}

// keeping is a sample that keeps what resampling asks for again and again. A sample of few
// rows does; one of rows with many repetitions may not.
func keeping(s Sample) Sample {
	switch s := s.(type) {
	case *Classes:
		if s.order == nil {
			kept := *s
			kept.keep()
			return &kept
		}
	case *Values:
		if s.order == nil {
			kept := *s
			kept.order = ordered(&kept)
			return &kept
		}
	case *Repeated:
		return &Repeated{all: keeping(s.all), of: s.of, each: s.each}
	}
	return s
}

// A poisson is the distribution of how often something occurs.
type poisson struct {
	from  int32
	below []float64 // chance of at most from, from+1, ...
}

// newPoisson is the distribution with a mean, which is 1 or more.
func newPoisson(mean float64) *poisson {
	mode := math.Floor(mean)
	low := max(0, math.Floor(mean-9*math.Sqrt(mean)))
	high := math.Ceil(mean + 9*math.Sqrt(mean) + 12)
	p := &poisson{from: int32(low), below: make([]float64, int(high-low)+1)}
	at := int(mode - low)
	p.below[at] = 1
	for k := at; k > 0; k-- {
		p.below[k-1] = p.below[k] * (low + float64(k)) / mean
	}
	for k := at; k+1 < len(p.below); k++ {
		p.below[k+1] = p.below[k] * mean / (low + float64(k+1))
	}
	var sum float64
	for k, v := range p.below {
		sum += v
		p.below[k] = sum
	}
	for k := range p.below {
		p.below[k] /= sum
	}
	return p
}

// at is the number that u of all are below; u is in [0, 1).
func (p *poisson) at(u float64) int32 {
	i, found := slices.BinarySearch(p.below, u)
	if found {
		i++
	}
	return p.from + int32(min(i, len(p.below)-1))
}

// influences are how much a row counts in metrics, which may be other rows in each:
// squared errors, distances to the mean (in r2), and errors as shares.
func (v *Values) influences() []func(i int) float64 {
	var sum exact.Sum
	for _, a := range v.Actual {
		sum.Add(a / float64(v.Rows()))
	}
	mean := sum.Value()
	root := func(i int) float64 { return math.Sqrt(v.of(i, nil)) } // of what is squared: only the order matters
	return []func(i int) float64{
		func(i int) float64 { return root(i) * v.abs(i) },
		func(i int) float64 { return root(i) * math.Abs(v.Actual[i]-mean) },
		func(i int) float64 { return v.of(i, nil) * (v.abs(i) / max(math.Abs(v.Actual[i]), 0x1p-52)) },
	}
}

// influences are the weights: what else a row does to a metric of classes has a bound.
func (c *Classes) influences() []func(i int) float64 {
	if !c.isWeighted() {
		return nil
	}
	return []func(i int) float64{func(i int) float64 { return c.of(i, nil) }}
}

func (s *Several) influences() (list []func(i int) float64) {
	for _, one := range s.samples {
		list = append(list, one.influences()...)
	}
	return list
}

func (c *Classes) strata() (codes, int) { return c.actual, c.classes }

func (v *Values) strata() (codes, int) { return codes{}, 1 }

// strata are the rows by the rarest label that they have.
func (s *Several) strata() (codes, int) {
	kind := make([]int32, s.Rows())
	rows := make([]int, len(s.samples)+1)
	for j, one := range s.samples {
		if c, ok := one.(*Classes); ok {
			for i := range c.rows {
				rows[j+1] += c.Actual(i)
			}
		}
	}
	for j, one := range s.samples {
		if c, ok := one.(*Classes); ok {
			for i := range c.rows {
				if c.Actual(i) == 1 && (kind[i] == 0 || rows[j+1] < rows[kind[i]]) {
					kind[i] = int32(j + 1)
				}
			}
		}
	}
	return codes{large: kind}, len(rows)
}

func (c *Classes) take(rows []int32, scale []float64) (Sample, error) {
	r := CollectClasses(c.Names, len(rows))
	var prob []float64
	for _, row := range rows {
		prob = c.AppendRow(prob[:0], int(row))
		r.AddAs(c.actual.at(int(row)), c.taken.at(int(row)), prob...)
	}
	part, err := r.Sample()
	if err != nil {
		return nil, err
	}
	part.weights = c.weights.take(rows, scale)
	return part, nil
}

func (v *Values) take(rows []int32, scale []float64) (Sample, error) {
	actual, predicted := make([]float64, len(rows)), make([]float64, len(rows))
	for i, row := range rows {
		actual[i], predicted[i] = v.Actual[row], v.predicted(int(row))
	}
	part, err := NewValues(actual, predicted)
	if err != nil {
		return nil, err
	}
	part.weights = v.weights.take(rows, scale)
	return part, nil
}

func (s *Several) take(rows []int32, scale []float64) (Sample, error) {
	parts := make([]Sample, len(s.samples))
	for i, one := range s.samples {
		var err error
		if parts[i], err = one.take(rows, scale); err != nil {
			return nil, err
		}
	}
	return NewSeveral(s.names, parts)
}

// take is the weights of some rows, times a scale unless that is nil.
func (w weights) take(rows []int32, scale []float64) weights {
	if w == nil {
		return scale
	}
	part := make(weights, len(rows))
	for i, row := range rows {
		part[i] = w[row]
		if scale != nil {
			part[i] *= scale[i]
		}
	}
	return part
}
