package evaluate

import (
	"context"
	"errors"
	"fmt"

	"pipe/data/metric"
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/linear"
	"pipe/nn"
)

// A thresholdBy is what the threshold of the model was chosen by. That of simple models is
// chosen by the same, or the model would be better for its threshold alone. There are no
// validation data here, so each half of the rows is predicted by what learned from the other.
type thresholdBy struct {
	metric *metric.Def
	costs  Costs // of the metric cost
}

// thresholdBy is nil if the threshold was not chosen, or nobody says by which costs: then
// simple models have that of the model.
func (s *Stage) thresholdBy(m *estimator.Model) *thresholdBy {
	chosen := m.Summary.Threshold
	if chosen == nil {
		return nil
	}
	if def, ok := metric.ForThreshold().Find(chosen.Metric); ok {
		return &thresholdBy{metric: def}
	}
	if def, ok := s.defs().Find(chosen.Metric); ok && s.Costs != nil {
		return &thresholdBy{def, *s.Costs}
	}
	return nil
}

func (by *thresholdBy) key() string {
	return fmt.Sprintf("%s %g %g", by.metric.Name, by.costs.FalseAlarm, by.costs.Miss)
}

// choose is 0 if there is no best threshold, as where one half has one class alone.
func (by *thresholdBy) choose(ctx context.Context, sig nn.Signature, rows *drawn, learn func(nn.Source) (estimator.Predictor, error)) (float64, error) {
	var parts [2]half
	for row := range rows.Len() {
		parts[row%2] = half{rows, append(parts[row%2].rows, row)}
	}
	var actual []int32
	var prob []float64
	for i, part := range parts {
		p, err := learn(parts[1-i])
		var unfit *linear.UnfitError
		if errors.As(err, &unfit) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		b := nn.Batch{Inputs: make([]tensor.Rows, len(rows.inputs)), Targets: make([][]float64, len(rows.targets))}
		if err := rows.Gather(part.rows, &b); err != nil {
			return 0, errors.Join(err, p.Close())
		}
		said, err := p.Predict(b.Inputs, len(part.rows))
		if err := errors.Join(err, p.Close(), ctx.Err()); err != nil {
			return 0, err
		}
		prob = append(prob, said...)
		for _, class := range b.Targets[0] {
			actual = append(actual, int32(class))
		}
	}
	classes, err := metric.NewClasses(sig.Classes, actual, prob)
	if err != nil {
		return 0, err
	}
	at, _, err := classes.BestThreshold(by.metric)
	if err != nil {
		return 0, nil // it is undefined everywhere
	}
	return at, nil
}

// half are some of the rows.
type half struct {
	of   *drawn
	rows []int
}

var _ nn.Source = half{}

// Len implements nn.Source.
func (h half) Len() int { return len(h.rows) }

// Gather implements nn.Source.
func (h half) Gather(rows []int, into *nn.Batch) error {
	list := make([]int, len(rows))
	for i, row := range rows {
		list[i] = h.rows[row]
	}
	return h.of.Gather(list, into)
}
