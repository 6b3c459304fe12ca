package chart

import "math"

// Trace is a line through the points of a walk, without those that make no difference
// to the picture and are never held. Both axes of the plot have their ends, and the line
// is among its marks, without points. The walk is made once, or twice if the line goes
// back in x.
func (p *Plot) Trace(l Line, walk func(to func(x, y float64))) Line {
	t := tracer{frame: p.frame(), column: math.Inf(-1)}
	walk(t.add)
	switch {
	case t.back:
		l.X, l.Y = nil, nil
		walk(func(x, y float64) { l.X, l.Y = append(l.X, x), append(l.Y, y) })
	case t.n < manyPoints:
		l.X, l.Y = t.x, t.y
	default:
		t.end()
		l.X, l.Y = t.keptX, t.keptY
	}
	return l
}

// A tracer does what thin does, point by point.
type tracer struct {
	frame        *frame
	n            int
	x, y         Numbers // of few points, all
	keptX, keptY Numbers
	back         bool // or not a number: it is no one line from left to right

	column                 float64
	first, low, high, last tracePoint
	before                 float64
}

// A tracePoint is a point with its number and where it is drawn.
type tracePoint struct {
	x, y, py float64
	n        int
}

func (t *tracer) add(x, y float64) {
	if t.back = t.back || !finite(x) || !finite(y); t.back {
		return
	}
	px := t.frame.px(x)
	if t.n > 0 && px < t.before {
		t.back = true
		return
	}
	t.before = px
	at := tracePoint{x, y, t.frame.py(y), t.n}
	if t.n++; t.n < manyPoints {
		t.x, t.y = append(t.x, x), append(t.y, y)
	}
	if column := math.Floor(px * 2); column != t.column {
		t.end()
		t.column, t.first, t.low, t.high = column, at, at, at
	}
	if at.py < t.low.py {
		t.low = at
	}
	if at.py > t.high.py {
		t.high = at
	}
	t.last = at
}

// end keeps what is to be kept of the points of a column.
func (t *tracer) end() {
	if math.IsInf(t.column, -1) {
		return
	}
	a, b := t.low, t.high
	if a.n > b.n {
		a, b = b, a
	}
	last := -1
	for _, p := range []tracePoint{t.first, a, b, t.last} {
		if p.n > last {
			t.keptX, t.keptY, last = append(t.keptX, p.x), append(t.keptY, p.y), p.n
		}
	}
}
