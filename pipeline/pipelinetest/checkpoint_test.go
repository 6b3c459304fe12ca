package pipelinetest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"pipe/pipeline"
)

// tally adds up the numbers to ten, and misbehaves as its fault says.
type tally struct {
	fault string
}

type tallied struct{ N, Sum int }

func (s *tally) Run(ctx context.Context, env pipeline.Env) error {
	var at tallied
	if s.fault != "never asks" {
		var err error
		if at, err = s.resume(env); err != nil {
			return err
		}
	}
	if s.fault == "starts anew" {
		at = tallied{}
	}
	for n := range at.N {
		if s.fault != "forgets points" {
			env.Point("n", int64(n), 1)
		}
	}
	save := func(w io.Writer) error { return json.NewEncoder(w).Encode(at) }
	for at.N < 10 {
		env.Checkpoint(save)
		if err := ctx.Err(); err != nil {
			return err
		}
		env.Point("n", int64(at.N), 1)
		at.N++
		at.Sum += at.N
	}
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	fmt.Fprint(out, at.Sum)
	return nil
}

func (s *tally) resume(env pipeline.Env) (at tallied, err error) {
	r := env.Resume()
	if r == nil {
		return at, nil
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return at, err
	}
	if err := json.Unmarshal(text, &at); err != nil || !strings.HasSuffix(string(text), "\n") {
		if s.fault == "trusts" {
			return at, err
		}
		return tallied{}, nil
	}
	if s.fault == "loses" {
		at.Sum--
	}
	return at, nil
}

func tallyCase(fault string) Case {
	return Case{Kind: pipeline.Kind{
		Name: "tally", Version: 1, Doc: "Adds up numbers.", Example: "sum:\n  uses: tally\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "The sum."}},
		New:     func() pipeline.Stage { return &tally{fault: fault} },
	}}
}

func TestConformCheckpoints(t *testing.T) {
	Conform(t, tallyCase(""))
	for fault, want := range map[string]string{
		"never asks":     "never asks for one",
		"starts anew":    "did not go on from it",
		"forgets points": "a run from checkpoint 5 of 10 had other points",
		"loses":          `a run from checkpoint 1 of 10 made other bytes of "out"`,
		"trusts":         "unexpected end of JSON input",
	} {
		if got := failuresOf(t, conformCheckpoints, tallyCase(fault)); !strings.Contains(got, want) {
			t.Errorf("%s: got failures %q, want %q", fault, got, want)
		}
	}
}
