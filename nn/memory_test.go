package nn

import (
	"testing"
)

// What is promised before training is what training has then.
func TestMemoryIsKnownBefore(t *testing.T) {
	for name, s := range samples() {
		spec, sig, data, cfg := s.training()
		for _, validation := range []*Data{nil, &data} {
			var v Source
			rows := 0
			if validation != nil {
				v, rows = validation, validation.Rows
			}
			promised, err := Memory(spec, sig, data.Rows, rows, cfg)
			if err != nil {
				t.Fatal(err)
			}
			tr, _, err := newTrainer(spec, sig, data, v, cfg)
			if err != nil {
				t.Fatal(err)
			}
			// The rows of a Data need no batches that are gathered ahead.
			for _, f := range append(tr.measure[:], tr.feed) {
				if f != nil {
					f.ahead = true
				}
			}
			if got := tr.bytes(); got != promised {
				t.Errorf("%s: %d bytes were promised, training has %d", name, promised, got)
			}
			if err := tr.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// More units need more memory, and asking uses none of it.
func TestMemoryGrows(t *testing.T) {
	spec, sig, data, _, cfg := threeClasses()
	small, err := Memory(spec, sig, data.Rows, 0, cfg)
	if err != nil || small < 1000 {
		t.Fatalf("%d bytes, error %v", small, err)
	}
	spec.Layers = []Layer{dense(1<<15, ReLU)}
	large, err := Memory(spec, sig, 1<<20, 0, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if large < 4*3*spec.Inputs<<15 {
		t.Errorf("%d units in place of %d need %d bytes in place of %d", 1<<15, 32, large, small)
	}
}
