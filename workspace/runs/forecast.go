package runs

import (
	"context"
	"fmt"

	"pipe/artifacts"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/models"
)

// A Forecast is what a run would do.
type Forecast struct {
	Gates  []models.Gate `json:"gates,omitempty"` // that it would judge
	Stages []Prospect    `json:"stages"`

	Memory int64 `json:"-"` // that the machine offers, in bytes

	missing error // the files that are not there
}

// A Prospect is what a run would do about a stage.
type Prospect struct {
	Stage  string        `json:"stage"`
	Kind   string        `json:"kind"`
	Action runner.Action `json:"action"`
	Reason string        `json:"reason,omitempty"`
	Key    artifacts.Key `json:"key,omitzero"` // zero while an input is unknown
	Parts  []Part        `json:"key_parts,omitempty"`
	Memory int64         `json:"memory,omitempty"` // in bytes
	// Downloads are the addresses of the files that it would download first.
	Downloads []string `json:"downloads,omitempty"`
	Device    string   `json:"device,omitempty"`  // that it is placed on, if that is not the CPU
	Against   string   `json:"against,omitempty"` // the run with the last execution of the stage
	Changes   []Change `json:"changes,omitempty"` // since then
}

// A Part is one of those that a key is made of.
type Part struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Foresee says what a run with these options would do.
func Foresee(ctx context.Context, w *workspace.Workspace, plan *pipeline.Plan, opt runner.Options) (*Forecast, error) {
	r, err := w.Runner(0)
	if err != nil {
		return nil, err
	}
	list, err := r.Explain(ctx, plan, opt)
	if err != nil {
		return nil, err
	}
	f := &Forecast{Stages: make([]Prospect, 0, len(list)), Memory: r.Capacity.Memory}
	if opt.Gates {
		if f.Gates, err = models.Gates(ctx, w, plan); err != nil {
			return nil, err
		}
	}
	if files := runner.Unreadable(plan); len(files) > 0 {
		f.missing = files
	}
	for _, x := range list {
		p := Prospect{Stage: x.Stage, Kind: x.Kind, Action: x.Action, Reason: x.Reason, Key: x.Key, Memory: x.Memory, Device: x.Device, Downloads: x.Downloads, Changes: changesOf(x.Changes)}
		if x.Against != nil {
			p.Against = x.Against.RunID
		}
		for _, part := range x.Parts {
			p.Parts = append(p.Parts, Part(part))
		}
		f.Stages = append(f.Stages, p)
	}
	return f, nil
}

// Err is the error of a run that cannot succeed, as far as that can be told: about
// the files that are not there, or else about the stages.
func (f *Forecast) Err() error {
	if f.missing != nil {
		return f.missing
	}
	for _, s := range f.Stages {
		if s.Action == runner.WillFail {
			return fmt.Errorf("stage %s can only fail: %s", s.Stage, s.Reason)
		}
	}
	return nil
}
