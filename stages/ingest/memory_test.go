package ingest

import (
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"pipe/data/table"
)

// endless is a file that repeats a line and is nowhere in memory.
type endless struct{ line string }

func (e endless) ReadAt(p []byte, offset int64) (int, error) {
	for i := range p {
		p[i] = e.line[(offset+int64(i))%int64(len(e.line))]
	}
	return len(p), nil
}

// TestMemoryDoesNotGrowWithTheFile reads a file of 32 MiB, of which one batch and a
// few blocks are in memory at a time.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	line := "123,0.25,some text that fills the line so that there are fewer values,true\n"
	src := &source{ReaderAt: endless{line}, size: 32 << 20 / int64(len(line)) * int64(len(line)), name: "in.csv"}
	in := defaults()
	in.Header = false
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	start, peak, steps := stats.HeapAlloc, uint64(0), 0
	r := in.reader(src, 2, func(int64) {
		if steps++; steps%20 == 0 {
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc)
		}
	})
	r.blockBytes = 32 << 10
	s, err := in.survey(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	w, err := table.NewWriter(io.Discard, s.schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.load(t.Context(), s.survey, s.schema, s.plan, w.Write); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Rows() != src.size/int64(len(line)) {
		t.Errorf("%d rows, want %d", w.Rows(), src.size/int64(len(line)))
	}
	if peak > start+16<<20 {
		t.Errorf("the heap grew by %d MiB while reading %d MiB", (peak-start)>>20, src.size>>20)
	}
}
