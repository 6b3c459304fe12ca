package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/pipeline"
)

// learning is a stage whose bytes and loss depend on where it runs.
type learning struct {
	on   *pipeline.Placement
	err  *error
	loss map[string]float64 // by class
	runs *int
}

func (l *learning) Choices() []string { return nil }

func (l *learning) Place(pipeline.GPUs, pipeline.Sources) (pipeline.Placement, error) {
	return *l.on, *l.err
}

func (l *learning) Run(_ context.Context, env pipeline.Env) error {
	*l.runs++
	on := env.Placement()
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	fmt.Fprint(out, on.Engine)
	if on.Varies {
		fmt.Fprint(out, strings.Repeat("x", *l.runs))
	}
	env.Point("loss", 1, 2)
	env.Point("loss", 2, 1)
	env.Metric("loss", l.loss[on.Engine], metric.Meaning{Goal: metric.Down})
	env.Metric("epochs", float64(*l.runs), metric.Meaning{})
	return nil
}

// What another device has made, or one that gives other bits each time, is compared
// by what it measures of itself, and that is said. All else has to have the same bytes.
func TestVerifyWithinATolerance(t *testing.T) {
	near, far := 1.04, 1.06 // of a curve from 2 to 1
	gone := errors.New("there is no GPU here")
	for _, c := range []struct {
		name      string
		then, now pipeline.Placement
		missing   error
		here      float64 // the loss on what there is now
		exact     bool
		close     bool
		why       string
	}{
		{name: "the CPU", exact: true},
		{name: "the CPU, where now a GPU would be taken", now: pipeline.Placement{Engine: "xla H200", Device: "H200"}, exact: true},
		{name: "a GPU", then: pipeline.Placement{Engine: "xla H200", Device: "H200"}, now: pipeline.Placement{Engine: "xla H200", Device: "H200"}, exact: true},
		{name: "a GPU that is gone", then: pipeline.Placement{Engine: "xla H200", Device: "H200"}, missing: gone, here: near, close: true,
			why: "it was made on H200, which is not here: made again on CPU"},
		{name: "a GPU that is gone, with another result", then: pipeline.Placement{Engine: "xla H200", Device: "H200"}, missing: gone, here: far,
			why: "it was made on H200, which is not here: made again on CPU"},
		{name: "another GPU", then: pipeline.Placement{Engine: "xla H200", Device: "H200"}, now: pipeline.Placement{Engine: "xla H100", Device: "H100"}, here: near, close: true,
			why: "made again on H100"},
		{name: "a GPU that varies", then: pipeline.Placement{Engine: "xla H200", Device: "H200", Varies: true},
			now: pipeline.Placement{Engine: "xla H200", Device: "H200", Varies: true}, close: true, why: "two runs on H200 give different bits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			on, missing, runs := c.then, error(nil), 0
			loss := map[string]float64{}
			loss[c.now.Engine] = c.here
			loss[c.then.Engine] = 1
			w.reg = pipeline.NewRegistry(pipeline.Kind{Name: "learns", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: learns\n", Engine: "cpu/1",
				Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
				New:     func() pipeline.Stage { return &learning{on: &on, err: &missing, loss: loss, runs: &runs} }})
			const stages = "  s: {uses: learns}\n"
			res, err := w.run(stages, Options{})
			if err != nil {
				t.Fatal(err)
			}
			on, missing = c.now, c.missing
			v := w.verify(stages, res)
			s := v.Stages[0]
			if s.Same() != c.exact || s.Close() != c.close || s.Err != nil || (v.First() == nil) != (c.exact || c.close) {
				t.Errorf("same %t, close %t, error %v: %+v", s.Same(), s.Close(), s.Err, s.Values)
			}
			if !strings.Contains(s.Inexact, c.why) || c.why == "" && s.Inexact != "" {
				t.Errorf("%q, want %q", s.Inexact, c.why)
			}
			if c.exact && len(s.Changes) > 0 {
				t.Errorf("it was made on another device: %v", s.Changes)
			}
			if !c.exact && (len(s.Values) != 1 || s.Values[0].Name != "loss") {
				t.Errorf("compared by %+v", s.Values)
			}
		})
	}
}
