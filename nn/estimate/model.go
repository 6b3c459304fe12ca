package estimate

import (
	"time"

	"pipe/nn/xla"
)

// What a GPU reaches of what its data sheet says, as measured with XLA on an H200:
// docs/estimate.md has the measurements and the errors that remain.
const (
	productShare = 0.60                   // of the peak of tensor cores
	plainShare   = 0.75                   // of the peak of products in float32, which have none
	movingShare  = 0.75                   // of the bandwidth of memory
	feedShare    = 0.78                   // of that from the memory of the machine
	piece        = 2400 * time.Nanosecond // between one piece of work and the next
	pieceBound   = 3600 * time.Nanosecond // the same if all is deterministic, with kernels that nobody has tuned
	window       = 20 * time.Microsecond  // of a convolution, beside its products
	windowBound  = 80 * time.Microsecond  // the same if all is deterministic
	launch       = 10 * time.Microsecond  // of a program
	hop          = 5 * time.Microsecond   // of a message from one GPU to the next
)

// time is how long a program runs: each operator as long as its products take or
// the memory that it moves, whichever is longer (the roofline model).
func (d *Draft) time(m Machine, p pass) time.Duration {
	between, around, start := piece, window, launch
	share, moving := productShare, movingShare
	switch {
	case m.host:
		between, around, start, share, moving = hostPiece, 0, 0, hostShare, 1
	case d.deterministic:
		between, around = pieceBound, windowBound
	}
	peak := m.peak(d.precision)
	if peak == m.Float32 && !m.host {
		share = plainShare
	}
	seconds := start.Seconds()
	for _, o := range p.operations {
		rate := share * peak
		if m.host && o.Windows > 0 {
			rate = hostWindow * peak
		}
		seconds += roof(o, rate, moving*m.Bandwidth) + float64(o.Pieces)*between.Seconds() + float64(o.Windows)*around.Seconds()
	}
	return time.Duration(min(seconds*float64(time.Second), 1<<62))
}

// roof is the time of an operator in seconds.
func roof(o xla.Operation, products, bandwidth float64) float64 {
	return max(o.Products/products, float64(o.Moved)/bandwidth)
}

// feed is the time in which so many bytes of rows reach a GPU.
func (m *Machine) feed(bytes int64) time.Duration {
	if m.Feed <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) / (feedShare * m.Feed) * float64(time.Second))
}

// exchange is the time in which n GPUs sum up gradients of float32 by a ring
// (all-reduce), while none of them computes.
func (m *Machine) exchange(parameters, n int) time.Duration {
	if n < 2 || m.Link <= 0 {
		return 0
	}
	bytes := 2 * float64(n-1) / float64(n) * 4 * float64(parameters)
	return time.Duration(bytes/m.Link*float64(time.Second)) + time.Duration(2*(n-1))*hop
}
