package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// place says which processor works on a step with its inputs.
func (r *Runner) place(ctx context.Context, s *pipeline.Step, inputs []lineage.Input) (pipeline.Placement, error) {
	if on, ok := r.placed[s.Name]; ok {
		return on, nil
	}
	p, ok := s.Stage.(pipeline.Placer)
	if !ok {
		return pipeline.Placement{}, nil
	}
	src := newSources(ctx, r.Store, taskInputs(inputs))
	src.peek = true // to hash gigabytes would make a run slow that has nothing to do
	return p.Place(r.gpus(s), src)
}

func (r *Runner) gpus(s *pipeline.Step) pipeline.GPUs {
	return pipeline.GPUs{Declared: s.Resources.GPU, Offered: r.Capacity.GPU}
}

// placeEarly says what is sure before the inputs of a step are there.
func (r *Runner) placeEarly(s *pipeline.Step) (pipeline.Placement, error) {
	if on, ok := r.placed[s.Name]; ok {
		return on, nil
	}
	p, ok := s.Stage.(pipeline.Placer)
	if !ok {
		return pipeline.Placement{}, nil
	}
	return p.Place(r.gpus(s), nil)
}

// placeAgain says which processor is to repeat an execution of a step: one of the
// class of that time, if it is here. The CPU always is.
func (r *Runner) placeAgain(ctx context.Context, s *pipeline.Step, rec *lineage.Execution) (pipeline.Placement, error) {
	if _, ok := s.Stage.(pipeline.Placer); !ok {
		return pipeline.Placement{}, nil
	}
	parts, err := r.DB.KeyParts(ctx, rec.ID)
	if err != nil {
		return pipeline.Placement{}, err
	}
	class := engineOf(parts)
	if class == s.Kind.Engine || rec.Device.Name == "" { // a CPU of another version: its key tells
		return pipeline.Placement{}, nil
	}
	on, err := r.place(ctx, s, rec.Inputs)
	if err == nil && on.Engine != class {
		err = errors.New("this machine has another device")
	}
	if err != nil {
		return on, diag.WithHint(fmt.Errorf("stage %s was made on %s: %w", rec.Stage, rec.Device.Name, err), "do it on a machine that has this device, with the same plugin and driver")
	}
	return on, err
}

// workOf is what a key of a step says of the work alone, and not of where and how
// it is done; zero if that is always the same.
func workOf(s *pipeline.Step, parts []artifacts.KeyPart) artifacts.Key {
	p, ok := s.Stage.(pipeline.Placer)
	if !ok {
		return artifacts.Key{}
	}
	var work []artifacts.KeyPart
	for _, part := range parts {
		switch part.Name {
		case "engine":
			continue
		case "config":
			var settings map[string]json.RawMessage
			if json.Unmarshal([]byte(part.Value), &settings) != nil {
				return artifacts.Key{}
			}
			for _, name := range p.Choices() {
				delete(settings, name)
			}
			text, err := json.Marshal(settings)
			if err != nil {
				return artifacts.Key{}
			}
			part.Value = string(text)
		}
		work = append(work, part)
	}
	return artifacts.KeyOf(work)
}

// engineOf is the numeric class in a key; empty if there is none.
func engineOf(parts []artifacts.KeyPart) string {
	if i := slices.IndexFunc(parts, func(p artifacts.KeyPart) bool { return p.Name == "engine" }); i >= 0 {
		return parts[i].Value
	}
	return ""
}
