package nn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// Batches are all rows, each once; where a row would be left over it is joined to others.
func TestBatchesAreAllRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := batches{size: rapid.IntRange(2, 9).Draw(t, "size"), joins: rapid.Bool().Draw(t, "joins")}
		rows := rapid.IntRange(1, 60).Draw(t, "rows")
		full, count, last := 0, 0, 0
		for from, n := 0, b.next(0, rows); n > 0; n = b.next(from, rows) {
			count++
			switch {
			case n == b.size && last == 0:
				full++
			case last > 0 || n > b.most() || n == 1 && b.joins && rows > 1:
				t.Fatalf("a batch of %d rows behind %d", n, from)
			default:
				last = n
			}
			if from += n; from > rows {
				t.Fatalf("%d rows", from)
			}
		}
		if full != b.full(rows) || last != b.last(rows) || count != b.count(rows) || full*b.size+last != rows {
			t.Fatalf("%d batches, %d of them full, and %d rows", count, full, last)
		}
	})
}

// normalisedTrial is a network with a normalisation over batches, and rows that leave one over.
func normalisedTrial() (Spec, Signature, Data, Config) {
	spec, sig, _, _, cfg := threeClasses()
	spec.Layers = Expand([]Layer{NewLayer("mlp", &MLP{Units: []int{8, 8}, Activation: ReLU, BatchNorm: true, Dropout: 0.1})}, "")
	cfg.BatchSize, cfg.Epochs = 8, 3
	return spec, sig, blobs("train", 33, 4, 3, 0.25), cfg
}

// The row that is left over makes a batch of nine, with the same bits on any number of threads,
// of rows in memory or not, and after an end at any step.
func TestNoBatchOfOneRow(t *testing.T) {
	spec, sig, train, cfg := normalisedTrial()
	tr, _, err := newTrainer(spec, sig, train, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.plans) != 2 || tr.plans[8] == nil || tr.plans[9] == nil || tr.stepsPerEpoch() != 4 {
		t.Errorf("plans %v, %d steps", tr.plans, tr.stepsPerEpoch())
	}
	if err := tr.close(); err != nil {
		t.Error(err)
	}
	var norms int
	first := cfg
	first.OnEpoch = func(e Epoch) { norms += len(e.Norms) }
	want := encode(t, trainModel(t, spec, sig, train, nil, first))
	if norms < 3*4 {
		t.Errorf("%d norms", norms)
	}
	for _, threads := range []int{1, 2, 3} {
		cfg.Threads = threads
		for _, source := range []Source{train, slowly{&train}} {
			m, err := Train(t.Context(), spec, sig, source, nil, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encode(t, m), want) {
				t.Errorf("%d threads, %T: another model", threads, source)
			}
		}
	}
	for stop := 1; stop <= 12; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		var saved bytes.Buffer
		step, half := 0, cfg
		half.Checkpoint = func(save func(io.Writer) error) {
			if step++; step == stop {
				if err := save(&saved); err != nil {
					t.Error(err)
				}
				cancel()
			}
		}
		if _, err := Train(ctx, spec, sig, train, nil, half); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		rest := cfg
		rest.Resume, rest.OnAnew = &saved, func(why error) { t.Error(why) }
		if m, err := Train(t.Context(), spec, sig, train, nil, rest); err != nil || !bytes.Equal(encode(t, m), want) {
			t.Errorf("after step %d: another model, %v", stop, err)
		}
	}
}

// Nothing can be normalised over one row.
func TestBatchNormOfOneRow(t *testing.T) {
	spec, sig, train, cfg := normalisedTrial()
	one := train
	one.Rows, one.Features, one.Target = 1, one.Features[:4], one.Target[:1]
	for name, c := range map[string]struct {
		rows Data
		size int
	}{"batch size": {train, 1}, "one row": {one, 8}} {
		cfg.BatchSize = c.size
		_, err := Train(t.Context(), spec, sig, c.rows, nil, cfg)
		if e, ok := errors.AsType[*LayerError](err); !ok || e.Kind != "batch_norm" || e.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Of nine rows with a batch size of eight all are one batch.
	nine := train
	nine.Rows, nine.Features, nine.Target = 9, nine.Features[:36], nine.Target[:9]
	cfg.BatchSize = 8
	trainModel(t, spec, sig, nine, nil, cfg)
}
