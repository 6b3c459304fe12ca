package chart

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// A markDocument is a mark in JSON: an object with one member, whose name says
// what the mark is.
type markDocument struct {
	Line *Line `json:"line,omitempty"`
	Dots *Dots `json:"dots,omitempty"`
	Bars *Bars `json:"bars,omitempty"`
	Span *Span `json:"span,omitempty"`
	Rule *Rule `json:"rule,omitempty"`
}

// MarshalJSON implements json.Marshaler. Of lines with very many points those are
// left out that make no difference to the picture.
func (p *Plot) MarshalJSON() ([]byte, error) {
	type plot Plot // without this method
	q := plot(*p)
	f := p.frame()
	q.Marks = make(Marks, len(p.Marks))
	for i, m := range p.Marks {
		if l, ok := m.(Line); ok {
			m = l.seen(f)
		}
		q.Marks[i] = m
	}
	return json.Marshal(&q)
}

// MarshalJSON implements json.Marshaler.
func (m Marks) MarshalJSON() ([]byte, error) {
	list := make([]markDocument, len(m))
	for i, mark := range m {
		switch mark := mark.(type) {
		case Line:
			list[i].Line = &mark
		case Dots:
			list[i].Dots = &mark
		case Bars:
			list[i].Bars = &mark
		case Span:
			list[i].Span = &mark
		case Rule:
			list[i].Rule = &mark
		}
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Marks) UnmarshalJSON(data []byte) error {
	var list []markDocument
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*m = make(Marks, 0, len(list))
	for i, d := range list {
		switch {
		case d.Line != nil:
			*m = append(*m, *d.Line)
		case d.Dots != nil:
			*m = append(*m, *d.Dots)
		case d.Bars != nil:
			*m = append(*m, *d.Bars)
		case d.Span != nil:
			*m = append(*m, *d.Span)
		case d.Rule != nil:
			*m = append(*m, *d.Rule)
		default:
			return fmt.Errorf("mark %d is none of line, dots, bars, span and rule", i+1)
		}
	}
	return nil
}

// Numbers are values of a chart. In JSON those that are not finite are null.
type Numbers []float64

// MarshalJSON implements json.Marshaler.
func (n Numbers) MarshalJSON() ([]byte, error) {
	list := make([]*float64, len(n))
	for i, v := range n {
		list[i] = orNull(v)
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Numbers) UnmarshalJSON(data []byte) error {
	var list []*float64
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*n = make(Numbers, len(list))
	for i, v := range list {
		(*n)[i] = orNaN(v)
	}
	return nil
}

// The documents of what has single numbers that may not be finite.
type (
	gaugeDocument struct {
		Label string   `json:"label"`
		Value *float64 `json:"value"`
		Low   *float64 `json:"low"` // null: there is no interval
		High  *float64 `json:"high"`
		Mark  *float64 `json:"mark"` // null: there is nothing to compare with
		From  *float64 `json:"from"`
		To    *float64 `json:"to"`
	}
	spanDocument struct {
		Name string   `json:"name,omitempty"`
		From *float64 `json:"from"`
		To   *float64 `json:"to"`
	}
	ruleDocument struct {
		Note       string   `json:"note,omitempty"`
		At         *float64 `json:"at"`
		Horizontal bool     `json:"horizontal,omitempty"`
	}
)

// MarshalJSON implements json.Marshaler.
func (g *Gauge) MarshalJSON() ([]byte, error) {
	return json.Marshal(gaugeDocument{g.Label, orNull(g.Value), orNull(g.Low), orNull(g.High), orNull(g.Mark), orNull(g.From), orNull(g.To)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (g *Gauge) UnmarshalJSON(data []byte) error {
	var d gaugeDocument
	err := json.Unmarshal(data, &d)
	*g = Gauge{d.Label, orNaN(d.Value), orNaN(d.Low), orNaN(d.High), orNaN(d.Mark), orNaN(d.From), orNaN(d.To)}
	return err
}

// MarshalJSON implements json.Marshaler.
func (s Span) MarshalJSON() ([]byte, error) {
	return json.Marshal(spanDocument{s.Name, orNull(s.From), orNull(s.To)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Span) UnmarshalJSON(data []byte) error {
	var d spanDocument
	err := json.Unmarshal(data, &d)
	*s = Span{d.Name, orNaN(d.From), orNaN(d.To)}
	return err
}

// MarshalJSON implements json.Marshaler.
func (r Rule) MarshalJSON() ([]byte, error) {
	return json.Marshal(ruleDocument{r.Note, orNull(r.At), r.Horizontal})
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Rule) UnmarshalJSON(data []byte) error {
	var d ruleDocument
	err := json.Unmarshal(data, &d)
	*r = Rule{d.Note, orNaN(d.At), d.Horizontal}
	return err
}

func orNull(v float64) *float64 {
	if !finite(v) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

var errLengths = errors.New("lists that belong together have other lengths")

// Check says why the plot cannot be drawn or written: lists that belong
// together have other lengths, or its size is no number.
func (p *Plot) Check() error {
	for _, v := range []float64{p.Width, p.Height, p.X.Min, p.X.Max, p.Y.Min, p.Y.Max} {
		if !finite(v) {
			return errors.New("the size or a range is not finite")
		}
	}
	for i, m := range p.Marks {
		if err := m.check(); err != nil {
			return fmt.Errorf("mark %d: %w", i+1, err)
		}
	}
	return nil
}

func same(n int, lengths ...int) error {
	for _, l := range lengths {
		if l != n {
			return errLengths
		}
	}
	return nil
}

func (l Line) check() error { return same(len(l.X), len(l.Y)) }
func (d Dots) check() error { return same(len(d.X), len(d.Y)) }
func (b Bars) check() error { return same(len(b.Y), len(b.Low), len(b.High)) }
func (s Span) check() error { return nil }
func (r Rule) check() error { return nil }

// Check says why the matrix cannot be drawn.
func (m *Matrix) Check() error {
	if err := same(len(m.Rows), len(m.Shade), len(m.Text), len(m.Tips)); err != nil {
		return err
	}
	for i := range m.Rows {
		if err := same(len(m.Cols), len(m.Shade[i]), len(m.Text[i]), len(m.Tips[i])); err != nil {
			return err
		}
	}
	return nil
}
