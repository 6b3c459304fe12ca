package metric

import (
	"math"

	"pipe/base/exact"
)

// clipEps bounds probabilities away from 0 and 1 in the log loss: the spacing
// of float32 at 1, since the network's output has that precision.
const clipEps = 0x1p-23

func logLoss() *Def {
	return &Def{Name: "log_loss", Mean: true, Title: "Log loss", Goal: Down, Range: Range{0, -math.Log(clipEps)}, Unit: Nats, Of: Probabilities, Source: "sklearn.metrics.log_loss",
		Doc:     "Mean of -ln p(actual class), p clipped to [2^-23, 1-2^-23], the precision of the network's float32 output.",
		Classes: func(t *Tally) (float64, error) { return t.mean(t.c.loss, t.c.lossOf), nil }}
}

func brier() *Def {
	return &Def{Name: "brier", Mean: true, Title: "Brier score", Goal: Down, Range: Range{0, 2}, Of: Probabilities, Source: "sklearn.metrics.brier_score_loss; several classes: G. W. Brier (1950)",
		Doc:     "Mean squared error of the probabilities; two classes: of the positive one, in [0, 1]; more: summed over classes, in [0, 2].",
		Classes: func(t *Tally) (float64, error) { return t.mean(t.c.squared, t.c.squaredOf), nil }}
}

// mean is that of numbers of the rows, which are computed if they are not kept.
func (t *Tally) mean(kept []float64, of func(i int) float64) float64 {
	var s exact.Sum
	for i := range t.c.rows {
		m := t.of(i)
		switch {
		case m == 0:
		case kept != nil:
			s.Add(kept[i] * m)
		default:
			s.Add(of(i) * m)
		}
	}
	return s.Value() / t.n
}
