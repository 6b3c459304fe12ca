package evaluate

import (
	"fmt"
	"slices"

	"pipe/data/metric"
	"pipe/data/report/chart"
	"pipe/data/task"
)

// A headline is the metric that a reader is to look at first.
type headline struct {
	at  int    // its place among the metrics
	why string // it is that one; empty: the settings say so
}

// From which shares of a class on an accuracy says little, since most of it is had by a guess.
const (
	rareOfTwo  = 0.2 // of two classes, the rarer one has less
	evenShares = 3   // of several, the most frequent one has more times the rows of an even share, or than the rarest
)

// chooseHeadline is the first metric that was asked for; where none was, what fits the task and the
// shares of its classes.
func (r *results) chooseHeadline(asked bool) headline {
	if asked {
		return headline{}
	}
	p := r.data()
	if p.classes == nil {
		if r.task == task.Regression {
			return headline{why: fmt.Sprintf("%s comes first: it is in the unit of %s, and large errors count more in it than in %s.", r.metrics[0].Title, r.model.Signature.Column, metric.All().Named("mae")[0].Title)}
		}
		return headline{}
	}
	name, fits := r.imbalance()
	at := slices.IndexFunc(r.metrics, func(d *metric.Def) bool { return d.Name == name })
	if at < 0 {
		if fits == "" {
			fits = "the classes have about as many rows"
		}
		return headline{why: fmt.Sprintf("%s comes first: %s.", r.metrics[0].Title, fits)}
	}
	if v := r.measured[0].values[at]; v.Undefined != "" {
		return headline{}
	}
	return headline{at, fmt.Sprintf("%s comes first: %s.", r.metrics[at].Title, fits)}
}

// imbalance is the metric that fits classes of which one is rare, and says how rare; empty: none is.
// Where all rows are of one class there is none, and it says so.
func (r *results) imbalance() (name, says string) {
	p := r.data()
	if p.classes == nil {
		return "", ""
	}
	shares := make([]float64, len(p.classes.Names))
	for _, c := range p.classes.PerClass() {
		shares[slices.Index(p.classes.Names, c.Class)] = float64(c.Rows) / float64(p.sample.Rows())
	}
	most, least := slices.Max(shares), slices.Min(shares)
	fits := ""
	switch {
	case most == 1: // then nothing says more, and what is of a class without rows says nothing
		return "", "all rows are " + p.classes.Names[slices.Index(shares, most)]
	case len(shares) == 2 && least < rareOfTwo && shares[1] == least:
		name, fits = "average_precision", fmt.Sprintf("%s of the rows are %s", chart.Percentage(least, 1), p.classes.Names[1])
	case len(shares) == 2 && least < rareOfTwo:
		name, fits = "balanced_accuracy", fmt.Sprintf("%s of the rows are %s", chart.Percentage(least, 1), p.classes.Names[0])
	case len(shares) > 2 && (most > evenShares*least):
		name, fits = "macro_f1", fmt.Sprintf("%s of the rows are %s and %s %s", chart.Percentage(most, 1), p.classes.Names[slices.Index(shares, most)],
			chart.Percentage(least, 1), p.classes.Names[slices.Index(shares, least)])
	}
	if name == "" {
		return "", ""
	}
	return name, fmt.Sprintf("%s, so that an accuracy of %s needs no model", fits, chart.Percentage(most, 1))
}

// inOrder are the places of the metrics as people read them, the headline first.
func (r *results) inOrder() []int {
	list := []int{r.headline.at}
	for i := range r.metrics {
		if i != r.headline.at {
			list = append(list, i)
		}
	}
	return list
}
