package nn

import (
	"testing"

	"pipe/data/task"
)

// foreseeing is a Source that takes down what it was told of and what was gathered.
type foreseeing struct {
	Data
	told, gathered []int
	early          bool // something was gathered that it was not told of
}

func (f *foreseeing) Foresee(rows []int) error { f.told = append(f.told, rows...); return nil }

func (f *foreseeing) Gather(rows []int, into *Batch) error {
	f.gathered = append(f.gathered, rows...)
	f.early = f.early || len(f.gathered) > len(f.told)
	return f.Data.Gather(rows, into)
}

// All rows of an epoch are foretold before they are gathered, in their order, each
// once, from whatever row it begins.
func TestFeederForetells(t *testing.T) {
	const rows = 40_000
	source := &foreseeing{Data: Data{Rows: rows, Features: make([]float32, 3*rows), Target: make([]float64, rows)}}
	sig := Signature{Features: []string{"a", "b", "c"}, Column: "y", Task: task.Regression, Scale: 1}
	set, err := newSet("training data", source, &sig, []int{0})
	if err != nil {
		t.Fatal(err)
	}
	f := newFeeder(set, batches{size: 256})
	for epoch, from := range []int{0, 512} {
		source.told, source.gathered = nil, nil
		f.start(shuffled(1, epoch, rows, nil), from)
		x, y, w := newGiven(set.inputs, 256), make([]float32, 256), make([]float32, 256)
		for f.next() > 0 {
			if _, err := f.fill(x, y, w); err != nil {
				t.Fatal(err)
			}
		}
		f.stop()
		if source.early || len(source.told) != rows-from || len(source.gathered) != rows-from {
			t.Fatalf("%d rows were foretold and %d gathered of %d, something too early: %v", len(source.told), len(source.gathered), rows-from, source.early)
		}
		for i, row := range source.gathered {
			if source.told[i] != row {
				t.Fatalf("row %d was foretold at place %d, want %d", source.told[i], i, row)
			}
		}
	}
}
