package compare

import (
	"math"

	"pipe/data/metric"
	"pipe/forecast"
)

// known is the definition of a metric of rows or of forecasts; of these there is nothing but what is better. Nil: it is
// neither.
func known(name string) *metric.Def {
	if def, ok := metric.All().Find(name); ok {
		return def
	}
	lower, ok := forecast.LowerIsBetter(name)
	switch {
	case !ok:
		return nil
	case lower:
		return &metric.Def{Name: name, Title: name, Goal: metric.Down}
	}
	return &metric.Def{Name: name, Title: name, Goal: metric.Up}
}

// origins are the mean errors of forecasts from origins in time.
type origins struct {
	losses []float64 // NaN: there is none
	originFacts
}

// originFacts are what makes origins those of another case, and losses there comparable.
type originFacts struct {
	first          string // the time of the first
	every, horizon int    // steps
	season         int    // of the scale
	count          int
	series, values int // of which, and how many were held against a forecast
}

func (m *measured) origins() *origins {
	if len(m.Losses) == 0 {
		return nil
	}
	o := &origins{originFacts: originFacts{first: m.First, every: max(1, m.Every), horizon: m.Horizon, season: m.Season, count: len(m.Losses), series: m.Series}}
	if len(m.Datasets) > 0 {
		o.values = m.Datasets[0].Compared
	}
	for _, v := range m.Losses {
		if v == nil {
			o.losses = append(o.losses, math.NaN())
		} else {
			o.losses = append(o.losses, *v)
		}
	}
	return o
}

// meanOf is the mean over cases of what was lost at each origin; nil if they are not the same origins.
func meanOf(cases []result, like *origins) []float64 {
	var sum []float64
	for _, c := range cases {
		o := c.origins
		if o == nil || like == nil || o.originFacts != like.originFacts {
			return nil
		}
		if sum == nil {
			sum = make([]float64, len(o.losses))
		}
		for i, v := range o.losses {
			sum[i] += v / float64(len(cases))
		}
	}
	return sum
}

// pairOrigins finds by how much the best variant of forecasts is better at the same origins, where they are of the same
// horizon: the mean over its cases of what each has lost there.
func (r *results) pairOrigins() {
	like := r.best().cases[0].origins
	best := meanOf(r.best().cases, like)
	if best == nil || r.by != forecast.MASEName { // which the losses are
		return
	}
	for _, v := range r.variants[1:] {
		other := meanOf(v.cases, like)
		if other == nil {
			r.notes = append(r.notes, v.name()+" is not compared origin by origin: its forecasts are of other origins, steps ahead, seasons or series than those of the best")
			continue
		}
		block := forecast.BlockLength(len(best), like.horizon, like.every)
		i, err := forecast.Paired(best, other, block, metric.Level)
		if err != nil {
			r.notes = append(r.notes, "the forecasts are not compared origin by origin: "+err.Error())
			return
		}
		v.origins = &i
	}
}
