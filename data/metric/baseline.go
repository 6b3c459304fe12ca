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
	sorted := slices.Sorted(slices.Values(actual))
	var mean float64
	for i, y := range sorted {
		mean += (y - mean) / float64(i+1)
	}
	return ValueBaselines(mean, Quantile(sorted, .5))
}

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
