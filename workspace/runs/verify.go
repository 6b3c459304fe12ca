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
	Run       string          `json:"run"`
	Same      bool            `json:"same"`      // all bytes are
	Tolerance float64         `json:"tolerance"` // of values where bytes need not be the same
	Stages    []VerifiedStage `json:"stages"`

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
	Inexact string           `json:"inexact,omitempty"` // why its bytes need not be the same
	Close   bool             `json:"within_tolerance,omitempty"`
	Values  []VerifiedValue  `json:"values,omitempty"` // that it is judged by then

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

// A VerifiedValue is a metric of a stage whose bytes need not be the same.
type VerifiedValue struct {
	Name      string  `json:"name"`
	Recorded  float64 `json:"recorded"`
	Fresh     float64 `json:"fresh"`
	Deviation float64 `json:"deviation"` // as a share of the span of its curve
	Within    bool    `json:"within"`
}

// Verify executes a past run again in a clean room and compares every artifact.
// Values of stages whose bytes need not be the same may differ by the tolerance. Commands of a
// run that was imported run only if allowExec says so.
func Verify(ctx context.Context, w *workspace.Workspace, ref string, jobs int, tolerance float64, allowExec bool) (*Verification, error) {
	run, err := w.DB.EndedRunByRef(ctx, ref)
	if err != nil {
		return nil, err
	}
	plan, err := w.RecordedPlan(ctx, run)
	if err != nil {
		return nil, err
	}
	if !allowExec {
		if err := workspace.CheckCommands(run, plan); err != nil {
			return nil, err
		}
	}
	r, err := w.Runner(jobs)
	if err != nil {
		return nil, err
	}
	found, err := r.Verify(ctx, plan, run, content.Comparer{}, tolerance)
	if err != nil {
		return nil, err
	}
	v := &Verification{Run: found.RunID, Tolerance: found.Tolerance, Stages: []VerifiedStage{}, first: found.First(), Same: true}
	for _, s := range found.Stages {
		v.Same = v.Same && s.Same()
		stage := VerifiedStage{Stage: s.Stage, Kind: s.Kind, Same: s.Same() && s.Skipped == "", Skipped: s.Skipped, Outputs: []VerifiedOutput{},
			Changes: changesOf(s.Changes), Inexact: s.Inexact, Close: s.Close(), Fault: fault(s)}
		for _, x := range s.Values {
			stage.Values = append(stage.Values, VerifiedValue(x))
		}
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
	if s.Close() {
		return ""
	}
	for _, x := range s.Values {
		if !x.Within {
			return fmt.Sprintf("%s is %.4g, it was %.4g: that is %.2g of what training has changed it by", x.Name, x.Fresh, x.Recorded, x.Deviation)
		}
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
	case s.Inexact != "" && s.Err == nil:
		return diag.WithHint(err, "its bytes need not be the same, since "+s.Inexact+"; --tolerance says by how much its metrics may differ")
	case s.Err != nil:
		return fmt.Errorf("run %s is not reproduced: stage %s: %w", v.Run, s.Stage, s.Err)
	case len(s.Changes) > 0:
		return diag.WithHint(err, "this pipe or its environment is not the same as in that run, see the parts of the key above")
	}
	return diag.WithHint(err, fmt.Sprintf("stage %s (%s) is not deterministic: with the same inputs and seed it must write the same bytes, so no clock, "+
		"and no random numbers but from its seed", s.Stage, s.Kind))
}
