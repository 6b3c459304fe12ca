package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// The kinds of these tests have the shape of the built-in ones, and do nothing.

type ingestStage struct {
	Path    settings.FilePath    `yaml:"path" doc:"The file."`
	Columns settings.Map[string] `yaml:"columns" doc:"Types of columns."`
}

type splitStage struct {
	Parts settings.Map[float64] `yaml:"parts" required:"true" min:"2" doc:"Name and share of each part."`
}

func (s *splitStage) OutputPorts([]string) []pipeline.Port {
	ports := make([]pipeline.Port, len(s.Parts))
	for i, part := range s.Parts {
		ports[i] = pipeline.Port{Name: part.Key, Type: pipeline.Table}
	}
	return ports
}

func (s *splitStage) Validate() error {
	sum := 0.0
	for _, part := range s.Parts {
		sum += part.Value
	}
	if sum > 1.0001 {
		return settings.FieldErrorf("parts", "the shares add up to %g", sum)
	}
	return nil
}

type preprocessStage struct {
	Target string `yaml:"target" required:"true" doc:"Column to predict."`
}

func (s *preprocessStage) OutputPorts(inputs []string) []pipeline.Port {
	ports := []pipeline.Port{{Name: "transform", Type: pipeline.Transform}}
	for _, in := range inputs {
		ports = append(ports, pipeline.Port{Name: in, Type: pipeline.Dataset})
	}
	return ports
}

// preprocessStage is a Fitter.
func (s *preprocessStage) Fitted() string { return "transform" }

func (s *preprocessStage) Source(output string) string {
	if output == "transform" {
		return ""
	}
	return output
}

func (s *preprocessStage) Applier() *pipeline.Kind {
	return &pipeline.Kind{Name: "apply", Version: 1, New: func() pipeline.Stage { return new(applyStage) }}
}

type applyStage struct{}

func (*applyStage) Run(context.Context, pipeline.Env) error { return nil }

func (*applyStage) OutputPorts(inputs []string) []pipeline.Port {
	return []pipeline.Port{{Name: inputs[0], Type: pipeline.Dataset}}
}

type trainStage struct {
	Hidden       int                   `yaml:"hidden" default:"16" min:"1" doc:"Units of the hidden layer."`
	LearningRate float64               `yaml:"learning_rate" default:"0.01" above:"0" doc:"Step size."`
	Epochs       int                   `yaml:"epochs" default:"10" min:"1" max:"100000" doc:"Passes over the data."`
	Name         string                `yaml:"name" doc:"A text."`
	Layers       []int                 `yaml:"layers" doc:"Some numbers."`
	Options      settings.Map[float64] `yaml:"options" doc:"Some named numbers."`
}

type evaluateStage struct {
	Metrics []string `yaml:"metrics" required:"true" doc:"What to compute."`
}

// evaluateStage is a Measurer.
func (s *evaluateStage) CheckMetric(name string, inputs map[string]pipeline.Facts) error {
	if set, metric, ok := strings.Cut(name, "."); ok {
		if _, connected := inputs[set]; connected {
			name = metric
		}
	}
	if !slices.Contains(s.Metrics, name) {
		return diag.WithHint(fmt.Errorf("there is no metric %q", name), "known: "+strings.Join(s.Metrics, ", "))
	}
	return nil
}

func (s *evaluateStage) MetricGoal(string) (metric.Goal, error) { return metric.Up, nil }

func (s *evaluateStage) MainMetrics() []string { return s.Metrics[:1] }

// execStage is a KeyContributor.
type execStage struct {
	Command string              `yaml:"command" required:"true" doc:"What to run."`
	Script  settings.FilePath   `yaml:"script" doc:"A script."`
	Files   []settings.FilePath `yaml:"files" doc:"Further files."`
	Env     []string            `yaml:"env" doc:"NAME=VALUE."`

	Goals settings.Map[metric.Goal] `yaml:"goals" added:"true" doc:"Of metrics."`
}

// MetricGoal makes it a GoalTeller.
func (s *execStage) MetricGoal(name string) (metric.Goal, error) {
	goal, ok := s.Goals.Get(name)
	if !ok {
		return "", diag.WithHint(fmt.Errorf("nothing says what is better of %q", name), "add it to goals")
	}
	return goal, nil
}

func (s *execStage) KeyParts() []artifacts.KeyPart {
	var parts []artifacts.KeyPart
	for _, e := range s.Env {
		name, value, _ := strings.Cut(e, "=")
		parts = append(parts, artifacts.KeyPart{Name: "env." + name, Value: value})
	}
	slices.Reverse(parts) // the order must not matter
	return parts
}

func (s *execStage) Validate() error {
	if s.Command == "fail" {
		return errors.New("the command is known to fail")
	}
	return nil
}

type joinStage struct{}

func (*ingestStage) Run(context.Context, pipeline.Env) error     { return nil }
func (*splitStage) Run(context.Context, pipeline.Env) error      { return nil }
func (*preprocessStage) Run(context.Context, pipeline.Env) error { return nil }
func (*trainStage) Run(context.Context, pipeline.Env) error      { return nil }
func (*evaluateStage) Run(context.Context, pipeline.Env) error   { return nil }
func (*execStage) Run(context.Context, pipeline.Env) error       { return nil }
func (*joinStage) Run(context.Context, pipeline.Env) error       { return nil }

func testRegistry() *pipeline.Registry { return pipeline.NewRegistry(testKinds()...) }

func testKinds() []pipeline.Kind {
	in := func(name string, t pipeline.PortType) pipeline.Port { return pipeline.Port{Name: name, Type: t} }
	optional := func(p pipeline.Port) pipeline.Port { p.Optional = true; return p }
	return []pipeline.Kind{
		{Name: "ingest", Version: 1,
			Inputs:  []pipeline.Port{optional(in("file", pipeline.File))},
			Outputs: []pipeline.Port{in("table", pipeline.Table), {Name: "schema", Type: pipeline.File, Aside: true}},
			New:     func() pipeline.Stage { return &ingestStage{} }},
		{Name: "split", Version: 1, Seeded: true,
			Inputs: []pipeline.Port{in("table", pipeline.Table)},
			New:    func() pipeline.Stage { return &splitStage{} }},
		{Name: "preprocess", Version: 1,
			Inputs: []pipeline.Port{in("train", pipeline.Table), in("*", pipeline.Table)},
			New:    func() pipeline.Stage { return &preprocessStage{} }},
		{Name: "train", Version: 3, Seeded: true, Engine: "f32-1",
			Inputs:  []pipeline.Port{in("train", pipeline.Dataset), optional(in("validation", pipeline.Dataset))},
			Outputs: []pipeline.Port{in("model", pipeline.Model)},
			New:     func() pipeline.Stage { return &trainStage{} }},
		{Name: "evaluate", Version: 1,
			Inputs: []pipeline.Port{in("model", pipeline.Model), in("data", pipeline.Dataset),
				{Name: "against", Type: pipeline.Table, Optional: true, Beside: true, Doc: "predictions of another model"}, in("*", pipeline.Dataset)},
			Outputs: []pipeline.Port{in("metrics", pipeline.Metrics), in("report", pipeline.Report),
				in("predictions", pipeline.Table)},
			New: func() pipeline.Stage { return &evaluateStage{} }},
		{Name: "exec", Version: 1,
			Inputs:  []pipeline.Port{in("*", pipeline.Any)},
			Outputs: []pipeline.Port{in("out", pipeline.File)},
			New:     func() pipeline.Stage { return &execStage{} }},
		{Name: "join", Version: 1,
			Inputs:  []pipeline.Port{in("*", pipeline.Table)},
			Outputs: []pipeline.Port{in("table", pipeline.Table)},
			New:     func() pipeline.Stage { return &joinStage{} }},
	}
}
