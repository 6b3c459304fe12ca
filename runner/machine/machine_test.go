package machine

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// kinds runs a test with locks in a file, and with those of one process.
func kinds(t *testing.T, f func(t *testing.T, l *Locks)) {
	t.Run("file", func(t *testing.T) {
		l := NewLocks(filepath.Join(t.TempDir(), "slots"))
		h, err := l.open()
		if err != nil {
			t.Fatal(err)
		}
		h.close()
		if l.local != nil && l.reason == nil {
			t.Skip("this system has no locks of open files")
		}
		f(t, l)
		if err := l.Local(); err != nil {
			t.Error(err)
		}
	})
	t.Run("process", func(t *testing.T) {
		l := NewLocks(filepath.Join(t.TempDir(), "no folder", "slots"))
		f(t, l)
		if l.local == nil || l.Local() == nil && l.reason != nil {
			t.Error("it locked in a folder that is not there")
		}
	})
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func try(t *testing.T, r *Request, want string) {
	t.Helper()
	lack, err := r.Try(noon)
	got := "has it"
	if lack != nil {
		got = lack.Kind + ": " + lack.Holder
	}
	if err != nil || got != want {
		t.Fatalf("%s: %s, %v; want %s", r.who, got, err, want)
	}
}

func TestPartsAreTakenAndGivenBack(t *testing.T) {
	kinds(t, func(t *testing.T, l *Locks) {
		m := &Machine{Locks: l, CPU: 4, Memory: 8 << 30, GPUs: []string{"2", "GPU-5a"}, Limits: map[string]int{"db": 2}}
		a := m.Request(Need{CPU: 3, GPU: 1}, "a", noon)
		try(t, a, "has it")
		if !slices.Equal(a.GPUs(), []string{"2"}) {
			t.Errorf("it got the GPUs %q", a.GPUs())
		}
		b := m.Request(Need{CPU: 2}, "b", noon)
		try(t, b, "cpu: a")
		c := m.Request(Need{GPU: 2}, "c", noon)
		try(t, c, "gpu: a")
		d := m.Request(Need{GPU: 1, Memory: 5 << 30, Limits: map[string]int{"db": 1}}, "d", noon)
		try(t, d, "has it")
		if !slices.Equal(d.GPUs(), []string{"GPU-5a"}) {
			t.Errorf("it got the GPUs %q", d.GPUs())
		}
		e := m.Request(Need{Memory: 3<<30 + 1}, "e", noon)
		try(t, e, "memory: d")
		f := m.Request(Need{Limits: map[string]int{"db": 2}}, "f", noon)
		try(t, f, "db: d")
		a.Release()
		try(t, b, "has it")
		try(t, c, "gpu: d")
		d.Release()
		for _, r := range []*Request{c, e, f} {
			try(t, r, "has it")
			r.Release()
		}
		b.Release()
		// Free units need not be side by side.
		var one []*Request
		for i := range 4 {
			one = append(one, m.Request(Need{CPU: 1, Memory: 1 << 30}, fmt.Sprint(i), noon))
			try(t, one[i], "has it")
		}
		one[0].Release()
		one[2].Release()
		try(t, m.Request(Need{CPU: 2, Memory: 6 << 30}, "gaps", noon), "has it")
	})
}

// What one lacks who has waited long is kept for it, and nothing else is.
func TestLongWaitEnds(t *testing.T) {
	kinds(t, func(t *testing.T, l *Locks) {
		m := &Machine{Locks: l, CPU: 2, GPUs: []string{"0", "1"}}
		small := m.Request(Need{GPU: 1}, "small", noon)
		try(t, small, "has it")
		wide := m.Request(Need{GPU: 2}, "wide", noon.Add(-DefaultPatience))
		try(t, wide, "gpu: small")
		late := m.Request(Need{GPU: 1}, "late", noon.Add(-DefaultPatience))
		try(t, late, "gpu: wide") // though one is free
		cpu := m.Request(Need{CPU: 2}, "cpu", noon)
		try(t, cpu, "has it")
		small.Release()
		try(t, late, "gpu: wide")
		try(t, wide, "has it")
		try(t, late, "gpu: wide")
		wide.Release()
		try(t, late, "has it")
		late.Release()

		// Who gives up gives up its turn.
		try(t, small, "has it")
		wide = m.Request(Need{GPU: 2}, "wide", noon.Add(-DefaultPatience))
		try(t, wide, "gpu: small")
		wide.Release()
		try(t, late, "has it")
	})
}

// Who cannot even ask says so after a while.
func TestMutexThatIsNotGivenBack(t *testing.T) {
	kinds(t, func(t *testing.T, l *Locks) {
		h, err := l.open()
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := h.lock(mutexByte, 1); !ok || err != nil {
			t.Fatal(ok, err)
		}
		r := (&Machine{Locks: l, CPU: 1}).Request(Need{CPU: 1}, "a", noon)
		try(t, r, ": ")
		if lack, err := r.Try(noon.Add(time.Minute)); err != nil || lack == nil || lack.Kind != "the lock of "+l.path {
			t.Errorf("%+v, %v", lack, err)
		}
		h.close()
		try(t, r, "has it")
	})
}

// Many at once, as of several processes: nobody ever has what somebody else has,
// and everybody gets a turn.
func TestNothingIsTakenTwice(t *testing.T) {
	kinds(t, func(t *testing.T, l *Locks) {
		m := &Machine{Locks: l, CPU: 3, Memory: 100 << 20, GPUs: []string{"a", "b", "c"}, Limits: map[string]int{"x": 2}, Patience: 5 * time.Millisecond}
		var mu sync.Mutex
		var used Need
		taken := map[string]bool{}
		change := func(r *Request, sign int) {
			mu.Lock()
			defer mu.Unlock()
			used.CPU += sign * r.need.CPU
			used.Memory += int64(sign) * r.need.Memory
			used.GPU += sign * r.need.Limits["x"] // of the limit
			for _, g := range r.GPUs() {
				if taken[g] == (sign > 0) {
					t.Errorf("GPU %s was taken twice", g)
				}
				taken[g] = sign > 0
			}
			if used.CPU > m.CPU || used.Memory > m.Memory || used.GPU > 2 {
				t.Errorf("in use at once: %+v", used)
			}
		}
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(1, uint64(w)))
				for range 30 {
					n := Need{CPU: rnd.IntN(4), Memory: rnd.Int64N(101) << 20, GPU: rnd.IntN(4), Limits: map[string]int{"x": rnd.IntN(3)}}
					r := m.Request(n, fmt.Sprint(w), time.Now())
					for {
						lack, err := r.Try(time.Now())
						if err != nil {
							t.Error(err)
							return
						}
						if lack == nil {
							break
						}
						time.Sleep(50 * time.Microsecond)
					}
					if len(r.GPUs()) != n.GPU {
						t.Errorf("got %d GPUs of %d", len(r.GPUs()), n.GPU)
					}
					change(r, +1)
					change(r, -1)
					r.Release()
				}
			})
		}
		wg.Wait()
	})
}

// The file may stand where others can write: it is followed nowhere.
func TestFileIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "slots")
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, dir} {
		l := NewLocks(path)
		r := (&Machine{Locks: l, CPU: 1}).Request(Need{CPU: 1}, "me", noon)
		try(t, r, "has it")
		if l.local == nil {
			t.Errorf("%s was locked", path)
		}
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestWhatCannotBeHad(t *testing.T) {
	m := &Machine{Limits: map[string]int{"db": 2}}
	for name, n := range map[string]int{"db": 3, "web": 1} {
		if err := m.Check(Need{Limits: map[string]int{name: n}}); err == nil {
			t.Errorf("%d of %s can be had", n, name)
		}
	}
	if err := m.Check(Need{Limits: map[string]int{"db": 2}}); err != nil {
		t.Error(err)
	}
}
