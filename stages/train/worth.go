package train

import (
	"fmt"
	"time"

	"pipe/pipeline"
)

// work is the size of a training.
type work struct {
	operations float64 // of numbers
	steps      float64
}

// work is what training comes to if all epochs are run.
func (s *Train) work(src pipeline.Sources) (work, error) {
	size, err := s.measure(src)
	if err != nil {
		return work{}, err
	}
	shapes, err := size.spec.Shapes()
	if err != nil {
		return work{}, err
	}
	epochs, rows, batch := float64(s.Epochs), float64(size.rows), float64(s.BatchSize)
	// Forward and twice as much backward for each row, and forward once more to measure.
	return work{
		operations: epochs * shapes.Flops * (4*rows + float64(size.validation)),
		steps:      epochs * max(1, rows/batch),
	}, nil
}

// What the choice goes by: a CPU of a few cores, and what a GPU of a data centre
// does at least. These are constants, and nothing is measured, so that the same
// training is at the same place tomorrow and on the next machine of the kind: its
// key depends on it.
const (
	pays = 2 // a GPU is worth it if training takes this times as long on a CPU

	cpuRate  = 1e11                   // operations a second
	cpuStep  = 20 * time.Microsecond  // of a network without any
	gpuStep  = 200 * time.Microsecond // with its batch
	gpuStart = 20 * time.Second       // the plugin, and the compiler
)

func (w work) onCPU() time.Duration { return duration(w.operations/cpuRate, w.steps, cpuStep) }

func (w work) onGPU(precision string) time.Duration {
	rate := 2e13
	switch precision {
	case "tf32":
		rate = 5e13
	case "bfloat16":
		rate = 1e14
	}
	return gpuStart + duration(w.operations/rate, w.steps, gpuStep)
}

// duration is a time for operations, in seconds, and one for each step.
func duration(seconds, steps float64, step time.Duration) time.Duration {
	return time.Duration(min(seconds+steps*step.Seconds(), 1e9) * float64(time.Second))
}

// roughly rounds a time for people.
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return "a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
