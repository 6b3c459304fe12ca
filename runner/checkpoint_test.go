package runner

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// A counter counts to ten and can go on from any number. It says at which
// number it began.
type counter struct {
	from []uint64                                  // of each attempt
	at   func(ctx context.Context, n uint64) error // called before each number
}

func (c *counter) kind() pipeline.Kind {
	return pipeline.Kind{
		Name: "count", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: count\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New:     func() pipeline.Stage { return &counting{counter: c} },
	}
}

type counting struct {
	*counter
}

func (c *counting) Run(ctx context.Context, env pipeline.Env) error {
	var n uint64
	if r := env.Resume(); r != nil {
		defer r.Close()
		if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
			return err
		}
	}
	c.from = append(c.from, n)
	save := func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, n) }
	for n < 10 {
		if err := c.at(ctx, n); err != nil {
			return err
		}
		n++
		env.Checkpoint(save)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	fmt.Fprint(out, n)
	return nil
}

func newCounting(t *testing.T) (*world, *counter) {
	w, c := newWorld(t), &counter{at: func(context.Context, uint64) error { return nil }}
	w.reg = pipeline.NewRegistry(c.kind())
	w.runner.CheckpointEvery = time.Nanosecond
	return w, c
}

func (w *world) left() []artifacts.CheckpointInfo {
	w.Helper()
	list, err := w.runner.Store.Checkpoints()
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func (c *counter) expect(t *testing.T, from ...uint64) {
	t.Helper()
	if fmt.Sprint(c.from) != fmt.Sprint(from) {
		t.Errorf("the attempts began at %v, want %v", c.from, from)
	}
}

func TestInterruptedStageGoesOn(t *testing.T) {
	w, c := newCounting(t)
	w.runner.CheckpointEvery = time.Hour // only the end of the context makes it due
	ctx, cancel := context.WithCancel(t.Context())
	c.at = func(ctx context.Context, n uint64) error {
		if n == 6 {
			cancel()
		}
		return nil
	}
	const stages = "  c: {uses: count}\n"
	if _, err := w.runner.Run(ctx, w.plan(stages), Options{}); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	if n := len(w.left()); n != 1 {
		t.Errorf("%d checkpoints are left, want 1", n)
	}
	res, err := w.run(stages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, 0, 7)
	if got := w.text(res, "c"); got != "10" || len(w.left()) != 0 {
		t.Errorf("made %q; %d checkpoints are left", got, len(w.left()))
	}
}

func TestRetriesAndCheckpoints(t *testing.T) {
	late := func(ctx context.Context, n uint64) error {
		if n == 6 {
			<-ctx.Done()
		}
		return nil
	}
	broken := func(ctx context.Context, n uint64) error {
		if n == 6 {
			return errors.New("of the stage")
		}
		return nil
	}
	full := func(ctx context.Context, n uint64) error {
		if n == 6 {
			return fmt.Errorf("write: %w", &artifacts.StoreError{Op: "write", Err: errors.New("no space")})
		}
		return nil
	}
	for _, tt := range []struct {
		name, settings string
		opt            Options
		first          func(context.Context, uint64) error // in the first attempt
		from           uint64                              // of the second
	}{
		{"time-out", "timeout: {limit: 300ms, backoff: 100}", Options{}, late, 7},
		{"error", "", Options{}, broken, 0},
		{"panic", "", Options{}, func(context.Context, uint64) error { panic("of the stage") }, 0},
		{"store", "", Options{}, full, 6},
		{"no cache", "cache: false, timeout: {limit: 300ms, backoff: 100}", Options{}, late, 0},
		{"forced", "timeout: {limit: 300ms, backoff: 100}", Options{Force: []string{"c"}}, late, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, c := newCounting(t)
			c.at = func(ctx context.Context, n uint64) error {
				if len(c.from) == 1 {
					return tt.first(ctx, n)
				}
				return nil
			}
			res, err := w.run("  c: {uses: count, retry: {limit: 1, delay: 1ms}, "+tt.settings+"}\n", tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			c.expect(t, 0, tt.from)
			if res.Status != lineage.Succeeded || len(w.left()) != 0 {
				t.Errorf("%s; %d checkpoints are left", res.Status, len(w.left()))
			}
		})
	}
}

// A time-out of the last attempt leaves its checkpoint to the next run; an
// error of the stage leaves none.
func TestWhatAFailureLeaves(t *testing.T) {
	w, c := newCounting(t)
	c.at = func(ctx context.Context, n uint64) error { return map[uint64]error{3: errors.New("of the stage")}[n] }
	const stages = "  c: {uses: count, timeout: 1s}\n"
	w.run(stages, Options{})
	if n := len(w.left()); n != 0 {
		t.Errorf("an error left %d checkpoints", n)
	}
	c.at = func(ctx context.Context, n uint64) error {
		if n == 3 {
			<-ctx.Done()
		}
		return nil
	}
	w.run(stages, Options{})
	if n := len(w.left()); n != 1 {
		t.Errorf("a time-out left %d checkpoints", n)
	}
	w.run(stages, Options{})
	c.expect(t, 0, 0, 4)
}

func TestDamagedCheckpointIsNone(t *testing.T) {
	w, c := newCounting(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.at = func(ctx context.Context, n uint64) error { cancel(); return nil }
	const stages = "  c: {uses: count}\n"
	w.runner.Run(ctx, w.plan(stages), Options{})
	name := filepath.Join(w.dir, ".pipe", "checkpoints", w.left()[0].Name)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	whole[3] ^= 1
	if err := os.WriteFile(name, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	var logged atomic.Bool
	w.runner.Observe = func(ev Event) {
		if l, ok := ev.(StageLog); ok && strings.Contains(l.Message, "starts anew") && strings.Contains(l.Message, "hash") {
			logged.Store(true)
		}
	}
	if _, err := w.run(stages, Options{}); err != nil {
		t.Fatal(err)
	}
	c.expect(t, 0, 0)
	if !logged.Load() || len(w.left()) != 0 {
		t.Errorf("logged %v, %d checkpoints are left", logged.Load(), len(w.left()))
	}
}

// Offers are cheap, and few of them are taken.
func TestCheckpointIsRarelyDue(t *testing.T) {
	w, c := newCounting(t)
	w.runner.CheckpointEvery = 0
	saved := 0
	w.runner.At = func(point string) {
		if point == "runner.checkpoint.saved" {
			saved++
		}
	}
	if _, err := w.run("  c: {uses: count}\n", Options{}); err != nil {
		t.Fatal(err)
	}
	c.expect(t, 0)
	if saved != 0 {
		t.Errorf("%d checkpoints within a moment", saved)
	}
}

// What stands in front of a checkpoint is read as it was written, and whatever else
// stands there is none, or says what can be recorded.
func FuzzHead(f *testing.F) {
	written := func(c *checkpoints) []byte {
		var b bytes.Buffer
		if err := c.writeHead(&b); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	c := &checkpoints{work: artifacts.KeyOf([]artifacts.KeyPart{{Name: "a", Value: "b"}}), on: pipeline.Placement{Device: "NVIDIA H200, tf32"}, begunOn: "CPU"}
	text := written(c)
	h, size, ok := parseHead(append(slices.Clone(text), "the rest\n"...))
	if want := (head{c.work, c.on.Device, c.begunOn}); !ok || h != want || size != len(text) {
		f.Errorf("%+v of %d bytes, %v; want %+v of %d", h, size, ok, want, len(text))
	}
	for i := range text {
		if _, _, ok := parseHead(text[:i]); ok {
			f.Errorf("the first %d bytes are a head", i)
		}
	}
	if none := written(&checkpoints{}); len(none) > 0 {
		f.Errorf("%q in front of work that is always at the same place", none)
	}
	f.Add(text)
	f.Add([]byte(headMagic + `{"Device":"\u001b[31m"}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, size, ok := parseHead(b)
		if size < 0 || size > len(b) || ok != (size > 0) {
			t.Errorf("%d bytes, %v", size, ok)
		}
		if strings.ContainsAny(h.Device+h.BegunOn, "\n\x1b") {
			t.Errorf("it was done on %q and %q", h.Device, h.BegunOn)
		}
	})
}
