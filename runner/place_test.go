package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// placed is a stage that more than one processor can work on. It writes where it
// was, and what it read.
type placed struct {
	Small bool `yaml:"small" default:"false" doc:"Take the CPU for inputs that are short."`
	on    *pipeline.Placement
	err   *error
}

func (p *placed) Place(gpus pipeline.GPUs, inputs pipeline.Sources) (pipeline.Placement, error) {
	if *p.err != nil {
		return pipeline.Placement{}, *p.err
	}
	if p.Small && inputs == nil {
		return pipeline.Placement{}, nil
	}
	if p.Small {
		in, err := inputs.Open("in")
		if err != nil {
			return pipeline.Placement{}, err
		}
		defer in.Close()
		if text, err := io.ReadAll(in); err != nil || len(text) < 5 {
			return pipeline.Placement{Why: "short"}, err
		}
	}
	on := *p.on
	on.GPUs = max(on.GPUs, gpus.Declared)
	return on, nil
}

func (p *placed) Choices() []string { return nil }

func (p *placed) Run(_ context.Context, env pipeline.Env) error {
	return copyInputs(env, fmt.Sprintf("%s%v", env.Placement().Engine, env.GPUs()))
}

// places is a world with a kind of stage that runs on what it is told.
func places(t *testing.T) (w *world, on *pipeline.Placement, err *error) {
	w, _ = shared(t)
	on, err = new(pipeline.Placement), new(error)
	w.reg = pipeline.NewRegistry(append(kindsOf(w.reg), pipeline.Kind{
		Name: "placed", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: placed\n", Engine: "cpu/1",
		Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Doc: "Anything.", Optional: true}},
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New:     func() pipeline.Stage { return &placed{on: on, err: err} },
	})...)
	return w, on, err
}

// The class of the processor is part of the key: results of one are not taken for
// those of another, and are found again when it is back.
func TestProcessorIsPartOfTheKey(t *testing.T) {
	w, on, _ := places(t)
	const stages = "  s: {uses: placed}\n"
	gpu := pipeline.Placement{Engine: "xla/1; H200", Device: "NVIDIA H200", GPUs: 1}
	for i, c := range []struct {
		on   pipeline.Placement
		want lineage.Status
		text string
	}{
		{pipeline.Placement{}, lineage.Succeeded, "[]"},
		{gpu, lineage.Succeeded, "xla/1; H200[7]"},
		{pipeline.Placement{}, lineage.Cached, "[]"},
		{gpu, lineage.Cached, "xla/1; H200[7]"},
	} {
		*on = c.on
		res, err := w.run(stages, Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.runner.DB.Executions(t.Context(), res.RunID)
		if err != nil || list[0].Device.Name != c.on.Device {
			t.Errorf("run %d: %+v is recorded, %v", i, list[0].Device, err)
		}
		if res.Stages[0].Status != c.want || w.text(res, "s") != c.text {
			t.Errorf("run %d: %s with %q, want %s with %q", i, res.Stages[0].Status, w.text(res, "s"), c.want, c.text)
		}
	}
	plain := w.plan(stages).Steps[0]
	key, _ := plain.Key(nil, pipeline.Placement{Device: "CPU", Why: "small"}, nil)
	if hit, err := w.runner.DB.Lookup(t.Context(), key); hit == nil || err != nil {
		t.Errorf("on the CPU the key is another one than it was: %v", err)
	}
}

// A stage takes the GPU that its processor is, declared or not, and one that needs
// more than there is does not run.
func TestProcessorIsTakenFromTheMachine(t *testing.T) {
	w, on, _ := places(t)
	*on = pipeline.Placement{Engine: "xla", GPUs: 2}
	if _, err := w.runner.Run(t.Context(), w.plan("  s: {uses: placed}\n  t: {uses: text}\n"), Options{}); err == nil || !strings.Contains(err.Error(), "needs 2 gpus") {
		t.Error(err)
	}
	if n := w.calls.Load(); n != 0 {
		t.Errorf("%d stages ran before", n)
	}
}

// A person is told in what the processors differ.
func TestWhyNamesTheProcessor(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"nn/3", "nn/4", "engine changed: was nn/3, now nn/4"},
		{"nn/3", "nn/3; xla/1 cuda; driver 580; 1 x NVIDIA H200", "engine changed: was that of the CPU, now xla/1 cuda; driver 580; 1 x NVIDIA H200"},
		{"nn/3; xla/1; driver 580", "nn/3", "engine changed: was xla/1; driver 580, now that of the CPU"},
		{"nn/3; xla/1; driver 580; 1 x NVIDIA H200", "nn/3; xla/1; driver 590; 1 x NVIDIA H200", "engine changed: was driver 580, now driver 590"},
		{"nn/3; xla/1; driver 580", "nn/3; xla/1; driver 580; NCCL 2.28", "engine changed: was without NCCL 2.28"},
		{"nn/3; xla/1; NCCL 2.28; driver 580", "nn/3; xla/1; driver 580", "engine changed: was with NCCL 2.28"},
	} {
		old, is := []artifacts.KeyPart{{Name: "engine", Value: c.old}}, []artifacts.KeyPart{{Name: "engine", Value: c.new}}
		if got := summary(changesBetween(old, is, nil)); got != c.want {
			t.Errorf("%s\nwant\n%s", got, c.want)
		}
	}
}

// What cannot be worked on here is found before any stage runs, unless it is in the
// cache.
func TestMissingProcessorEndsTheRunAtOnce(t *testing.T) {
	w, _, missing := places(t)
	*missing = errors.New("there is no GPU here")
	const stages = "  t: {uses: text}\n  s: {uses: placed, inputs: {in: t}}\n"
	if _, err := w.runner.Run(t.Context(), w.plan(stages), Options{}); err == nil || !strings.Contains(err.Error(), "stage s: there is no GPU here") {
		t.Error(err)
	}
	if n := w.calls.Load(); n != 0 {
		t.Errorf("%d stages ran before", n)
	}
	forecast, err := w.runner.Explain(t.Context(), w.plan(stages), Options{})
	if err != nil || forecast[1].Action != WillFail || forecast[1].Reason != "there is no GPU here" {
		t.Errorf("%+v, %v", forecast, err)
	}
}

// The choice may depend on what the stage is to read.
func TestProcessorIsChosenByInputs(t *testing.T) {
	w, on, _ := places(t)
	*on = pipeline.Placement{Engine: "xla"}
	for text, want := range map[string]string{"abc": "[](in=abc)", "abcdefg": "xla[](in=abcdefg)"} {
		res, err := w.run("  t: {uses: text, with: {text: "+text+"}}\n  s: {uses: placed, inputs: {in: t}, with: {small: true}}\n", Options{})
		if err != nil || w.text(res, "s") != want {
			t.Errorf("%s: %v, %v", text, res, err)
		}
	}
}

// A moving stage counts as a counting one does, on the processor of its setting.
type moving struct {
	counting
	On     string `yaml:"on" default:"cpu" doc:"Where to count."`
	Resume string `yaml:"resume" default:"same" doc:"Any goes on from everywhere."`
	Text   string `yaml:"text" default:"" doc:"What is counted."`
}

func (m *moving) Choices() []string { return []string{"on", "resume"} }

func (m *moving) Place(pipeline.GPUs, pipeline.Sources) (pipeline.Placement, error) {
	on := pipeline.Placement{Moves: m.Resume == "any"}
	if m.On != "cpu" {
		on.Engine, on.Device = "xla "+m.On, m.On
	}
	return on, nil
}

// Work that was interrupted goes on from where it was on the same processor. On
// another one it does so only if that is asked for, and then it is recorded.
func TestCheckpointsMove(t *testing.T) {
	w, c := newCounting(t)
	w.reg = pipeline.NewRegistry(pipeline.Kind{
		Name: "move", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: move\n", Engine: "cpu/1",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New:     func() pipeline.Stage { return &moving{counting: counting{c}} },
	})
	interrupt := func(with string, at uint64) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		c.at = func(_ context.Context, n uint64) error {
			if n == at {
				cancel()
			}
			return nil
		}
		if _, err := w.runner.Run(ctx, w.plan("  c: {uses: move, with: "+with+"}\n"), Options{}); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("%s: %v", with, err)
		}
		c.at = func(context.Context, uint64) error { return nil }
	}
	finish := func(with string) lineage.Device {
		t.Helper()
		res, err := w.run("  c: {uses: move, with: "+with+"}\n", Options{})
		if err != nil {
			t.Fatalf("%s: %v", with, err)
		}
		list, err := w.runner.DB.Executions(t.Context(), res.RunID)
		if err != nil || w.text(res, "c") != "10" {
			t.Fatal(err)
		}
		return list[0].Device
	}
	for _, s := range []struct {
		with string
		at   uint64 // where it is interrupted, 0 if it ends
		from uint64
		on   lineage.Device
	}{
		{"{on: gpu}", 6, 0, lineage.Device{}},
		{"{on: cpu}", 0, 0, lineage.Device{}},                                          // the other's is left alone
		{"{on: gpu}", 8, 7, lineage.Device{}},                                          // and is still there
		{"{on: gpu, text: other, resume: any}", 0, 0, lineage.Device{Name: "gpu"}},     // other work
		{"{on: cpu, resume: any}", 9, 9, lineage.Device{}},                             // goes on from it
		{"{on: cpu, resume: any}", 0, 10, lineage.Device{Name: "CPU", BegunOn: "gpu"}}, // and remembers
		{"{on: tpu, resume: any}", 0, 9, lineage.Device{Name: "tpu", BegunOn: "gpu"}},  // its own is gone
		{"{on: gpu}", 0, 9, lineage.Device{Name: "gpu"}},                               // all by itself
		{"{on: gpu, resume: any, text: third}", 3, 0, lineage.Device{}},                // its own one
		{"{on: gpu, resume: any, text: third}", 0, 4, lineage.Device{Name: "gpu"}},     // is of no other device
	} {
		c.from = nil
		if s.at > 0 {
			interrupt(s.with, s.at)
		} else if on := finish(s.with); on != s.on {
			t.Errorf("%s is recorded as %+v, want %+v", s.with, on, s.on)
		}
		if len(c.from) != 1 || c.from[0] != s.from {
			t.Errorf("%s began at %v, want %d", s.with, c.from, s.from)
		}
	}
}

// What a placement takes counts within the run and over the machine, and is no less
// than what is declared.
func TestPlacementIsCounted(t *testing.T) {
	w, _, _ := places(t)
	for declared, want := range map[int]int{0: 1, 1: 1, 3: 3} {
		step := w.plan(fmt.Sprintf("  s: {uses: placed, resources: {gpu: %d}}\n", declared)).Steps[0]
		on := pipeline.Placement{Engine: "xla", GPUs: 1}
		e := &execution{Runner: w.runner, plan: &pipeline.Plan{Steps: []*pipeline.Step{step}}, states: []stepState{{on: on}}}
		if got := e.need(job{}).GPU; got != want {
			t.Errorf("%d are declared: it takes %d of the run, want %d", declared, got, want)
		}
		if got := share(step, on, 0).GPU; got != want {
			t.Errorf("%d are declared: it takes %d of the machine, want %d", declared, got, want)
		}
	}
}

// What the CPU made in another class is refused for its key, and not for want of a
// device.
func TestRecomputeNamesAnotherClassOfTheCPU(t *testing.T) {
	w, _, _ := places(t)
	const stages = "  s: {uses: placed}\n"
	res, err := w.run(stages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.runner.DB.Executions(t.Context(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	kinds := kindsOf(w.reg)
	for i := range kinds {
		if kinds[i].Name == "placed" {
			kinds[i].Engine = "cpu/2"
		}
	}
	w.reg = pipeline.NewRegistry(kinds...)
	_, err = w.runner.RecomputeExecution(t.Context(), w.plan(stages), &list[0])
	if err == nil || !strings.Contains(err.Error(), "stage s would compute something else now: engine differs") {
		t.Error(err)
	}
}
