package metric

import "fmt"

// A ClassRows collects the rows of a classification one after the other, and holds no
// more of each than what the metrics need.
type ClassRows struct {
	c    *Classes
	n    int
	most int // rows that there is room for
	err  error
	row  []float64
	own  bool // rows say themselves what they are taken for
}

// CollectClasses begins a classification of about so many rows, for which there is
// room at once.
func CollectClasses(names []string, rows int) *ClassRows {
	k := len(names)
	r := &ClassRows{c: &Classes{Names: names, actual: newCodes(rows, k), top: newCodes(rows, k), classes: k}, most: rows}
	if k < 2 {
		r.err = fmt.Errorf("classification needs at least 2 classes, not %d", k)
		return r
	}
	r.c.paired = k == 2
	r.c.stride = k
	if r.c.paired {
		r.c.stride = 1
	}
	r.c.prob = make([]float64, 0, rows*r.c.stride)
	return r
}

// Add takes a row with the probability of each class or, with two classes, that of
// the second one.
func (r *ClassRows) Add(actual int32, prob ...float64) {
	if r.err != nil {
		return
	}
	k := r.c.classes
	r.row = append(r.row[:0], prob...)
	if k == 2 && len(prob) == 1 {
		r.row = append(r.row[:0], 1-prob[0], prob[0])
	}
	if len(r.row) != k {
		r.err = fmt.Errorf("%d probabilities for a row of %d classes", len(prob), k)
		return
	}
	if actual < 0 || int(actual) >= k {
		r.err = fmt.Errorf("row %d: class %d of %d", r.n, actual, k)
		return
	}
	best := 0
	for j, p := range r.row {
		if !(p >= 0 && p <= 1) {
			r.err = fmt.Errorf("row %d: probability of %q is %v", r.n, r.c.Names[j], p)
			return
		}
		if p > r.row[best] {
			best = j
		}
	}
	if r.c.paired && r.row[0] != 1-r.row[1] {
		r.unpair()
	}
	if r.c.paired {
		r.c.prob = append(r.c.prob, r.row[1])
	} else {
		r.c.prob = append(r.c.prob, r.row...)
	}
	r.c.actual.add(actual)
	r.c.top.add(int32(best))
	r.n++
}

// AddAs takes a row that is taken for a class whatever its probabilities are. Either all
// rows are, or none.
func (r *ClassRows) AddAs(actual, taken int32, prob ...float64) {
	if r.err == nil && (taken < 0 || int(taken) >= r.c.classes) {
		r.err = fmt.Errorf("row %d: taken for class %d of %d", r.n, taken, r.c.classes)
	}
	if !r.own {
		r.own, r.c.taken = true, newCodes(r.most, r.c.classes)
	}
	if r.Add(actual, prob...); r.err == nil {
		r.c.taken.add(taken)
	}
}

// unpair makes room for the probabilities of both classes, which are not each other's
// complement.
func (r *ClassRows) unpair() {
	both := make([]float64, 0, 2*max(r.most, r.n+1))
	for _, p := range r.c.prob {
		both = append(both, 1-p, p)
	}
	r.c.prob, r.c.stride, r.c.paired = both, 2, false
}

// Rows is the number of rows so far.
func (r *ClassRows) Rows() int { return r.n }

// Taken tells whether rows say what they are taken for.
func (r *ClassRows) Taken() bool { return r.own }

// Actual is the class of a row that was added.
func (r *ClassRows) Actual(i int) int { return int(r.c.actual.at(i)) }

// Sample is the classification of the rows so far. The error is that of the first row
// that there cannot be.
func (r *ClassRows) Sample() (*Classes, error) { return r.Since(0) }

// Since is the classification of the rows from one on.
func (r *ClassRows) Since(first int) (*Classes, error) {
	if r.err != nil {
		return nil, r.err
	}
	c := *r.c
	c.rows, c.areas = r.n-first, newAreas()
	c.prob, c.actual, c.top = c.prob[first*c.stride:], c.actual.since(first), c.top.since(first)
	if c.taken = c.taken.since(first); !r.own {
		c.taken = c.top
	}
	if c.rows <= mostDrawn {
		c.keep()
	}
	return &c, nil
}

// keep computes what resampling asks for again and again.
func (c *Classes) keep() {
	c.rank, c.loss, c.squared = make([]int32, c.rows), make([]float64, c.rows), make([]float64, c.rows)
	for i := range c.rows {
		c.rank[i], c.loss[i], c.squared[i] = c.rankOf(i), c.lossOf(i), c.squaredOf(i)
	}
	c.order = ordersOf(c)
}
