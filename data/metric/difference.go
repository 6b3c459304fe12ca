package metric

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Difference is by how much a metric of one sample is more than that of another of
// the same rows.
type Difference struct {
	*Def
	Value     float64
	Interval  *Interval // nil: there is none, as where it is undefined in most resamples
	Undefined string    // why there is no value; empty: there is one
}

// Gain is the interval of how much better the first sample is; ok is false if there is
// none. It is certain that one of them is better if 0 is not inside.
func (d *Difference) Gain() (low, high float64, ok bool) {
	if d.Undefined != "" || d.Interval == nil || d.Goal == None {
		return 0, 0, false
	}
	if d.Goal == Down {
		return -d.Interval.High, -d.Interval.Low, true
	}
	return d.Interval.Low, d.Interval.High, true
}

// Differences compares a sample with each of several others of the same rows. These are
// all resampled together, so that what makes a row hard for both does not count (the paired
// bootstrap): the interval is narrower than the two of the metrics lead one to believe.
func (o Drawing) Differences(ctx context.Context, a Sample, others []Sample, metrics List) ([][]Difference, error) {
	if len(others) == 0 {
		return nil, nil
	}
	for _, b := range others {
		if err := SameRows(a, b); err != nil {
			return nil, err
		}
	}
	samples := append([]Sample{a}, others...)
	// differences are those of all metrics to the first other, then to the second.
	differences := func(of []Sample, count []int32) (list []Value) {
		own := of[0].Measure(metrics, count)
		for _, b := range of[1:] {
			for i, v := range b.Measure(metrics, count) {
				d := own[i]
				if d.Undefined == "" {
					d.Undefined = v.Undefined
				}
				d.Value -= v.Value
				list = append(list, d)
			}
		}
		return list
	}
	list := make([][]Difference, len(others))
	for i, v := range differences(samples, nil) {
		j := i / len(metrics)
		list[j] = append(list[j], Difference{Def: v.Def, Value: v.Value, Undefined: v.Undefined})
	}
	r := resampled(o.Block, samples...)
	drawn, whole := make([]Sample, len(samples)), make([]Sample, len(samples))
	for i, s := range samples {
		var err error
		if drawn[i], whole[i], err = r.part(s); err != nil {
			return nil, err
		}
	}
	draws, err := r.draw(ctx, o.Threads, func(count []int32) []Value { return differences(drawn, count) })
	if err != nil {
		return nil, err
	}
	for i, part := range differences(whole, nil) {
		d := &list[i/len(metrics)][i%len(metrics)]
		if d.Undefined != "" || r.rows != nil && (d.Unweighted || part.Undefined != "") {
			continue
		}
		if d.Interval = percentile(draws, i); d.Interval != nil && r.rows != nil {
			by := d.Value - part.Value
			d.Interval.Low, d.Interval.High = d.Interval.Low+by, d.Interval.High+by
		}
	}
	return list, nil
}

// SameRows says how two samples are not of the same rows, as far as these can be told
// apart: by what is true of them, and how much they count. How often each is repeated does
// not matter.
func SameRows(a, b Sample) error {
	if a.Rows() != b.Rows() {
		return fmt.Errorf("there are %d rows here and %d there", a.Rows(), b.Rows())
	}
	if _, repeated := b.(*Repeated); repeated {
		if _, both := a.(*Repeated); !both {
			return SameRows(b, a)
		}
	}
	differ := func(i int) error { return fmt.Errorf("row %d is another one there: the target has another value", i+1) }
	switch a := a.(type) {
	case *Classes:
		b, ok := b.(*Classes)
		if !ok || !slices.Equal(a.Names, b.Names) {
			return errors.New("the classes are others there")
		}
		if i, same := a.actual.equal(&b.actual, a.rows); !same {
			return differ(i)
		}
		return sameWeights(a.weights, b.weights)
	case *Values:
		b, ok := b.(*Values)
		if !ok {
			return errors.New("the target is of another kind there")
		}
		for i := range a.Actual {
			if a.Actual[i] != b.Actual[i] {
				return differ(i)
			}
		}
		return sameWeights(a.weights, b.weights)
	case *Repeated:
		if other, ok := b.(*Repeated); ok && slices.Equal(a.of, other.of) {
			return SameRows(a.all, other.all)
		}
		first, err := firstOf(a)
		if err != nil {
			return err
		}
		if b, err = firstOf(b); err != nil {
			return err
		}
		return SameRows(first, b)
	case *Several:
		b, ok := b.(*Several)
		if !ok || !slices.Equal(a.names, b.names) {
			return errors.New("the targets are others there")
		}
		for i, one := range a.samples {
			if err := SameRows(one, b.samples[i]); err != nil {
				return fmt.Errorf("%s: %w", a.names[i], err)
			}
		}
	}
	return nil
}

// firstOf is a sample with the first repetition of each row.
func firstOf(s Sample) (Sample, error) {
	r, ok := s.(*Repeated)
	if !ok {
		return s, nil
	}
	rows := make([]int32, len(r.each))
	for i, each := range r.each {
		rows[i] = each[0]
	}
	return r.all.take(rows, nil)
}

func sameWeights(a, b weights) error {
	if !slices.Equal(a, b) {
		return errors.New("the weights of the rows are others there")
	}
	return nil
}
