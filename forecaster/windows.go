package forecaster

import (
	"math"

	"pipe/data/tensor"
	"pipe/nn"
)

// A windowed is a series as a network sees it: what is missing is filled, and columns are of the training
// part's mean and deviation.
type windowed struct {
	target []float64 // as measured, NaN where it is not
	filled []float64
	past   [][]float32
	known  [][]float32
	static []float32
	scale  float64
	scales []float64 // where training has no scale: by how many steps are known
	// base is what the network learns the difference to, by origin and step; nil: nothing.
	base map[int][]float64
}

// A window is one origin of a series.
type window struct {
	series int32
	origin int32 // steps that are known
}

// A windows is the windows of series, which are made as they are needed.
type windows struct {
	net    *Network
	plan   *Plan
	series []windowed
	list   []window
	before []int // of each series: targets from this step on are none
}

// Len implements nn.Source.
func (w *windows) Len() int { return len(w.list) }

// Gather implements nn.Source.
func (w *windows) Gather(rows []int, into *nn.Batch) error {
	for _, r := range rows {
		s, o := &w.series[w.list[r].series], int(w.list[r].origin)
		center, scale := w.net.level(s, o)
		if len(into.Inputs) > 0 {
			w.net.inputs(w.plan, s, o, center, scale, into.Inputs)
		}
		base := s.base[o]
		at := 0
		for range 1 + len(w.net.Quantiles) {
			for h := range w.plan.Horizon {
				v := math.NaN()
				if t := o + h; t < w.before[w.list[r].series] && t < len(s.target) {
					v = w.net.normal(s.target[t], center, scale, base, h)
				}
				into.Targets[at] = append(into.Targets[at], v)
				at++
			}
		}
		into.Weights = append(into.Weights, 1)
	}
	return nil
}

// normal is a target as the network learns it.
func (n *Network) normal(v, center, scale float64, base []float64, h int) float64 {
	if base != nil {
		return (v - base[h]) / scale
	}
	return (v - center) / scale
}

// restored is normal the other way round.
func (n *Network) restored(v, center, scale float64, base []float64, h int) float64 {
	if base != nil {
		return float64(v*scale) + base[h]
	}
	return float64(v*scale) + center
}

// level is what is taken from the values of a window, and what they are divided by.
func (n *Network) level(s *windowed, origin int) (center, scale float64) {
	from := max(0, origin-n.Lookback)
	values := s.filled[from:origin]
	switch n.Center {
	case CenterLast:
		center = values[len(values)-1]
	case CenterMean:
		for _, v := range values {
			center += v
		}
		center /= float64(len(values))
	}
	by := s.scale
	if s.scales != nil {
		by = s.scales[origin]
	}
	if n.Scale == ScaleSeries {
		return center, by
	}
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	// A window that is nearly constant would make noise of what follows.
	return center, max(math.Sqrt(squares/float64(len(values))), 0.1*by)
}

// inputs adds what the network is given at an origin.
func (n *Network) inputs(p *Plan, s *windowed, origin int, center, scale float64, into []tensor.Rows) {
	x := into[0].F32
	for t := origin - n.Lookback; t < origin; t++ {
		at := max(0, t) // before its begin a series was what it was then
		x = append(x, float32((s.filled[at]-center)/scale))
		for _, c := range s.past {
			x = append(x, c[at])
		}
		for _, c := range s.known {
			x = append(x, c[at])
		}
	}
	into[0].F32 = x
	next := 1
	if n.aheadWidth(len(s.known)) > 0 {
		x := into[next].F32
		base := s.base[origin]
		for h := range p.Horizon {
			for _, c := range s.known {
				x = append(x, c[origin+h])
			}
			if n.Base != NoBase {
				x = append(x, float32((base[h]-center)/scale))
			}
		}
		into[next].F32 = x
		next++
	}
	if len(s.static) > 0 {
		into[next].F32 = append(into[next].F32, s.static...)
	}
}

// aheadWidth is how many numbers of each step ahead the network is given.
func (n *Network) aheadWidth(known int) int {
	if n.Base != NoBase {
		return known + 1
	}
	return known
}
