package nn

import (
	"context"
	"errors"
	"time"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
)

// A Trial is how long training takes, measured on rows that were made up.
type Trial struct {
	Step  time.Duration // of the optimizer, with a full batch
	Steps int           // that were measured
	Row   time.Duration // to measure the loss of a row, as is done after each epoch
}

// Bounds of a trial.
const (
	trialRate    = 1e-9 // of learning: what means nothing must not make the loss explode
	trialBatches = 32   // of an epoch
	trialRows    = 1024 // that losses are measured of
)

// Try trains for as long as it is given, but for a step at least, on as many rows as
// there would be or fewer. Before that it trains a little that does not count: memory
// is touched, and programs are compiled.
func Try(ctx context.Context, spec Spec, sig Signature, rows int, cfg Config, budget time.Duration) (trial Trial, err error) {
	cfg.EarlyStopping, cfg.OnEpoch, cfg.OnRows, cfg.Resume, cfg.Checkpoint = nil, nil, nil, nil, nil
	cfg.Optimizer, cfg.Schedule = cfg.Optimizer.WithRate(trialRate), nil
	batch := min(cfg.BatchSize, rows)
	source := madeUp{sig: &sig, vocabularies: spec.Vocabularies(), rows: min(rows/batch, max(1, cfg.Accumulate)*trialBatches) * batch, numbers: make([]float32, 1<<12)}
	stream := random.New(cfg.Seed, "trial", 0)
	for i := range source.numbers {
		source.numbers[i] = stream.Float32(uint64(i))
	}
	watched := source
	watched.rows = min(rows, trialRows)
	t, _, err := newTrainer(spec, sig, source, watched, cfg)
	if t != nil {
		defer func() { err = errors.Join(err, t.close()) }()
	}
	if err != nil {
		return trial, err
	}
	warm := 1
	if t.how.device() != nil {
		warm = t.stepsPerEpoch() // in which each of its programs runs
	}
	if _, _, err = t.take(ctx, warm, 0); err != nil {
		return trial, err
	}
	if trial.Steps, trial.Step, err = t.take(ctx, 1, budget); err != nil {
		return trial, err
	}
	for range min(2, warm) {
		begun := time.Now()
		if _, _, err = t.evaluate(ctx, t.evals[1], t.measure[1]); err != nil {
			return trial, err
		}
		trial.Row = time.Since(begun) / time.Duration(watched.rows)
	}
	return trial, nil
}

// take takes so many steps, and more until some time has gone by, over and over the
// rows. It says how many there were and how long one took.
func (t *trainer) take(ctx context.Context, least int, budget time.Duration) (steps int, each time.Duration, err error) {
	begun := time.Now()
	for {
		t.at.Row = 0
		if err := t.begin(); err != nil {
			return 0, 0, err
		}
		for t.at.Row < t.train.rows && err == nil {
			err = errors.Join(ctx.Err(), t.step())
			steps++
			if steps >= least && time.Since(begun) >= budget {
				break
			}
		}
		err = errors.Join(err, t.settle())
		t.feed.stop()
		if err != nil {
			return 0, 0, err
		}
		if took := time.Since(begun); steps >= least && took >= budget {
			return steps, took / time.Duration(steps), nil
		}
		t.at.Epoch++
	}
}

// madeUp is rows of a signature that mean nothing.
type madeUp struct {
	sig          *Signature
	vocabularies []int // of the token ids that inputs are; 0: they are none
	rows         int
	numbers      []float32 // from 0 to 1, over and over
}

// Len is the number of rows.
func (m madeUp) Len() int { return m.rows }

// Gather makes up rows. Ragged ones are as long as they can be.
func (m madeUp) Gather(rows []int, into *Batch) error {
	inputs := m.sig.AllInputs()
	for _, row := range rows {
		into.Weights = append(into.Weights, 1)
		for i, h := range m.sig.Heads() {
			y := float64(row % max(1, len(h.Classes)))
			if h.Task == task.Regression {
				y = h.Unscaled(float64(m.number(row))) // what is counted is 0 or more
			}
			into.Targets[i] = append(into.Targets[i], y)
		}
		for i := range into.Inputs {
			in, b := &inputs[i], &into.Inputs[i]
			for k := range in.Shape.Size() {
				v := 2*m.number(row+k) - 1
				if n := m.vocabularies[i]; n > 0 {
					v = float32(int(m.number(row+k) * float32(n)))
				}
				if in.Sparse > 0 && k%2 == 0 {
					v = float32(int(m.number(row+k) * float32(in.Sparse-1)))
				}
				switch in.Type {
				case tensor.U8:
					b.U8 = append(b.U8, uint8(128+127*v))
				case tensor.I32:
					b.I32 = append(b.I32, int32(v))
				default:
					b.F32 = append(b.F32, v)
				}
			}
			if in.Ragged {
				b.Ends = append(b.Ends, b.Len())
			}
		}
	}
	return nil
}

func (m madeUp) number(i int) float32 { return m.numbers[i%len(m.numbers)] }
