package runs

import (
	"context"
	"fmt"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A Verification is what came of executing a past run again.
type Verification struct {
	Run    string          `json:"run"`
	Same   bool            `json:"same"`
	Stages []VerifiedStage `json:"stages"`

	first *runner.VerifiedStage // that did not give the same again
}

// A VerifiedStage compares what a stage gave then and now.
type VerifiedStage struct {
	Stage   string           `json:"stage"`
	Kind    string           `json:"kind"`
	Same    bool             `json:"same"`
	Skipped string           `json:"skipped,omitempty"` // why there was nothing to judge
	Error   string           `json:"error,omitempty"`   // why it could not be judged
	Outputs []VerifiedOutput `json:"outputs"`
	Changes []Change         `json:"key_changes,omitempty"`

	Fault string `json:"-"` // what is wrong with it
}

// A VerifiedOutput is an output with its two artifacts; the zero ID is none.
type VerifiedOutput struct {
	Port       string       `json:"port"`
	Type       string       `json:"type"`
	Recorded   artifacts.ID `json:"recorded,omitzero"`
	Fresh      artifacts.ID `json:"fresh,omitzero"`
	Same       bool         `json:"same"`
	Difference string       `json:"difference,omitempty"` // where they begin to differ
}

// Verify executes a past run again in a clean room and compares every artifact.
func Verify(ctx context.Context, w *workspace.Workspace, ref string, jobs int) (*Verification, error) {
	run, err := w.DB.EndedRunByRef(ctx, ref)
	if err != nil {
		return nil, err
	}
	plan, err := w.RecordedPlan(ctx, run)
	if err != nil {
		return nil, err
	}
	r, err := w.Runner(jobs)
	if err != nil {
		return nil, err
	}
	found, err := r.Verify(ctx, plan, run, content.Comparer{})
	if err != nil {
		return nil, err
	}
	v := &Verification{Run: found.RunID, Stages: []VerifiedStage{}, first: found.First()}
	v.Same = v.first == nil
	for _, s := range found.Stages {
		stage := VerifiedStage{Stage: s.Stage, Kind: s.Kind, Same: s.Same() && s.Skipped == "", Skipped: s.Skipped, Outputs: []VerifiedOutput{},
			Changes: changesOf(s.Changes), Fault: fault(s)}
		if s.Err != nil {
			stage.Error = s.Err.Error()
		}
		for _, o := range s.Outputs {
			stage.Outputs = append(stage.Outputs, VerifiedOutput{o.Port, o.Type, o.Recorded, o.Fresh, o.Same(), o.Difference})
		}
		v.Stages = append(v.Stages, stage)
	}
	return v, nil
}

// fault says what is wrong with a stage.
func fault(s runner.VerifiedStage) string {
	if s.Err != nil {
		return "cannot be verified: " + s.Err.Error()
	}
	for _, o := range s.Outputs {
		if !o.Same() {
			return fmt.Sprintf("output %s differs: %s", o.Port, o.Difference)
		}
	}
	return ""
}

// Err is an error if a stage did not give the same again.
func (v *Verification) Err() error {
	s := v.first
	if s == nil {
		return nil
	}
	err := fmt.Errorf("run %s is not reproduced: stage %s: %s", v.Run, s.Stage, fault(*s))
	switch {
	case s.Err != nil:
		return fmt.Errorf("run %s is not reproduced: stage %s: %w", v.Run, s.Stage, s.Err)
	case len(s.Changes) > 0:
		return diag.WithHint(err, "this pipe or its environment is not the same as in that run, see the parts of the key above")
	}
	return diag.WithHint(err, fmt.Sprintf("stage %s (%s) is not deterministic: with the same inputs and seed it must write the same bytes, so no clock, "+
		"and no random numbers but from its seed", s.Stage, s.Kind))
}
