package train

import (
	"fmt"
	"testing"
	"time"
)

// Rows per second are those of training, without the measuring of epochs, and not each
// step is told of.
func TestPace(t *testing.T) {
	now := time.Unix(0, 0)
	var told []string
	p := pace{now: func() time.Time { return now }, tell: func(done, total int64) { told = append(told, fmt.Sprint(done, "/", total)) }}
	p.epoch() // one that a checkpoint tells of again
	if p.attrs() != nil || told != nil {
		t.Errorf("before anything was trained: %v, %v", p.attrs(), told)
	}
	for epoch := range int64(2) {
		for step := range int64(5) {
			now = now.Add(50 * time.Millisecond)
			p.rows(epoch*50+(step+1)*10, 100)
		}
		now = now.Add(time.Minute)
		p.epoch()
	}
	if got := fmt.Sprint(p.attrs()); got != "[rows_per_second=200]" {
		t.Error(got)
	}
	if got := fmt.Sprint(told); got != "[10/100 50/100 50/100 60/100 100/100 100/100]" {
		t.Error(got)
	}
}
