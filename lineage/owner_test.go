package lineage

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestOwnerGone(t *testing.T) {
	self, err := currentOwner()
	if err != nil {
		t.Fatal(err)
	}
	if self.bootID == "" || self.pidStart == 0 {
		t.Skip("this system does not tell one process from a later one")
	}
	now := time.Now()
	fresh, stale := now.Add(-time.Second), now.Add(-2*heartbeatLimit)
	other := func(change func(*Owner)) Owner {
		o := self
		change(&o)
		return o
	}
	tests := []struct {
		name  string
		owner Owner
		beat  time.Time
		want  bool
	}{
		{"this process", self, stale, false},
		{"its number was used again", other(func(o *Owner) { o.pidStart-- }), fresh, true},
		{"no such process", other(func(o *Owner) { o.pid = 1 << 30 }), fresh, true},
		{"start time not known", other(func(o *Owner) { o.pidStart = 0 }), stale, false},
		{"before the last boot", other(func(o *Owner) { o.bootID = "other" }), fresh, true},
		{"another machine, alive", other(func(o *Owner) { o.bootID, o.hostname = "other", "other" }), fresh, false},
		{"another machine, silent", other(func(o *Owner) { o.bootID, o.hostname = "other", "other" }), stale, true},
		{"another container, alive", other(func(o *Owner) { o.namespace = "other" }), fresh, false},
		{"another container, silent", other(func(o *Owner) { o.namespace = "other" }), stale, true},
	}
	for _, test := range tests {
		if got := self.gone(test.owner, test.beat, now); got != test.want {
			t.Errorf("%s: gone is %v, want %v", test.name, got, test.want)
		}
	}
	blind := Owner{hostname: "somewhere"} // a system without /proc
	if blind.gone(self, fresh, now) || !blind.gone(self, stale, now) {
		t.Error("without a look at processes the heartbeat must decide")
	}
}

// A zombie is dead, although its number is still taken.
func TestZombieIsGone(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	start, ok := processStart(child.Process.Pid)
	if start == 0 {
		t.Skip("processes cannot be looked at here")
	}
	if !ok {
		t.Skip("it ended too soon")
	}
	io.Copy(io.Discard, stdout) // until it has closed its output
	for begun := time.Now(); time.Since(begun) < 5*time.Second; runtime.Gosched() {
		if _, alive := processStart(child.Process.Pid); !alive {
			return
		}
	}
	t.Error("it ended and was not waited for, and counts as alive")
}
