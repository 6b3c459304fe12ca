package csv

import (
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"pipe/data/source"
)

// endless is a file that repeats a line and is nowhere in memory.
type endless struct{ line string }

func (e endless) ReadAt(p []byte, offset int64) (int, error) {
	for i := range p {
		p[i] = e.line[(offset+int64(i))%int64(len(e.line))]
	}
	return len(p), nil
}

// TestMemoryDoesNotGrowWithTheFile reads a file of 64 MiB, of which two batches and a
// few blocks are in memory at a time.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	line := "123,0.25,some text that fills the line so that there are fewer values,true\n"
	size := 64 << 20 / int64(len(line)) * int64(len(line))
	in := Usual()
	in.Header.Text = "false"
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	start, peak, steps := stats.HeapAlloc, uint64(0), 0
	rows, err := in.Open(t.Context(), source.Inputs{
		Files:   []*source.File{{ReaderAt: endless{line}, Size: size, Name: "in.csv"}},
		Threads: 2, Block: 32 << 10,
		Progress: func(int64, int64) {
			if steps++; steps%20 == 0 {
				runtime.ReadMemStats(&stats)
				peak = max(peak, stats.HeapAlloc)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := source.Write(t.Context(), discard{io.Discard}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if read.Rows != size/int64(len(line)) {
		t.Errorf("%d rows, want %d", read.Rows, size/int64(len(line)))
	}
	if peak > start+24<<20 {
		t.Errorf("the heap grew by %d MiB while reading %d MiB", (peak-start)>>20, size>>20)
	}
}
