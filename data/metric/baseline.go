package metric

import "slices"

// A Baseline is what can be said of every row without looking at it.
type Baseline struct {
	Name  string
	Prob  []float64 // of each class
	Value float64   // of a regression

	Each []Baseline // of several targets
}

// ValueBaselines are the best guesses where numbers are known to have a mean and
// a median.
func ValueBaselines(mean, median float64) []Baseline {
	return []Baseline{{Name: "mean", Value: mean}, {Name: "median", Value: median}}
}

// BaselinesOf are the best guesses by numbers, which are not empty.
func BaselinesOf(actual []float64) []Baseline {
	sorted := slices.Clone(actual)
	slices.Sort(sorted)
	var mean float64
	for i, y := range sorted {
		mean += (y - mean) / float64(i+1)
	}
	return ValueBaselines(mean, Quantile(sorted, .5))
}

// Baselines are the best guesses by the numbers of a sample, which has rows.
func (v *Values) Baselines() []Baseline {
	if v.weights == nil {
		return BaselinesOf(v.Actual)
	}
	// What is left of a guess of 0 is the number itself, whose sign the order of rows needs.
	low := slices.Min(v.Actual)
	off := &Values{Actual: make([]float64, v.Rows()), guess: true, weights: v.weights}
	for i, y := range v.Actual {
		off.Actual[i] = y - low
	}
	off.order = ordered(off)
	e := off.errors(nil)
	if e.n == 0 {
		return nil
	}
	median, err := e.median()
	if err != nil {
		return nil
	}
	return ValueBaselines(low+e.mean(func(i int) float64 { return off.Actual[i] }), low+median)
}

// Baselines are the best guesses by the classes of a sample.
func (c *Classes) Baselines() []Baseline { return ClassBaselines(c.tally(nil).actual) }

// ClassBaselines are the best guesses where classes are known to have that many
// rows: the most frequent one, and each with its share. There are none if there
// are no rows.
func ClassBaselines(counts []float64) []Baseline {
	var total float64
	most := 0
	for j, n := range counts {
		total += n
		if n > counts[most] {
			most = j
		}
	}
	if total == 0 {
		return nil
	}
	majority, prior := make([]float64, len(counts)), make([]float64, len(counts))
	majority[most] = 1
	for j, n := range counts {
		prior[j] = n / total
	}
	return []Baseline{{Name: "majority", Prob: majority}, {Name: "prior", Prob: prior}}
}

// Best is the place of the best of several values of one metric; -1 if it is
// undefined in all. Of equally good ones it is the first.
func Best(values []Value) int {
	best := -1
	for i, v := range values {
		if v.Undefined == "" && (best < 0 || v.Better(v.Value, values[best].Value)) {
			best = i
		}
	}
	return best
}
