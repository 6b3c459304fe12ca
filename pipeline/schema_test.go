package pipeline

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"pipe/pipeline/settings"
)

// The kinds of testdata/generated/penguins.yaml, in outline.

type noRun struct{}

func (noRun) Run(context.Context, Env) error { return nil }

type schemaIngest struct {
	noRun
	Path    settings.FilePath    `yaml:"path" required:"true" doc:"The file."`
	Columns settings.Map[string] `yaml:"columns" enum:"string,int64" doc:"Types."`
}

type schemaSplit struct {
	noRun
	Parts    settings.Map[float64] `yaml:"parts" required:"true" min:"2" doc:"Shares."`
	Stratify string                `yaml:"stratify" doc:"Column."`
}

type schemaPreprocess struct {
	noRun
	Target   string                  `yaml:"target" doc:"Column to predict."`
	Features settings.Map[schemaCol] `yaml:"features" required:"true" doc:"Columns to learn from."`
}

type schemaCol struct {
	Impute string `yaml:"impute" enum:"none,median,most_frequent" default:"none" doc:"Imputation."`
	Scale  string `yaml:"scale" enum:"none,standard" default:"none" doc:"Scaling."`
	Encode string `yaml:"encode" enum:"auto,one_hot" default:"auto" doc:"Encoding."`
}

type schemaTrain struct {
	noRun
	Network   []layer         `yaml:"network" required:"true" min:"1" doc:"Layers."`
	Loss      string          `yaml:"loss" enum:"mse,cross_entropy" default:"mse" doc:"Loss."`
	Optimizer schemaOptimizer `yaml:"optimizer" default:"adam" doc:"Optimizer."`
	Epochs    int             `yaml:"epochs" default:"10" min:"1" doc:"Passes."`
	BatchSize int             `yaml:"batch_size" default:"32" min:"1" doc:"Rows in a step."`
	Stopping  *schemaStopping `yaml:"early_stopping" doc:"When to stop."`
}

type schemaOptimizer struct {
	settings.OneOf
	Adam *schemaAdam `yaml:"adam" doc:"Adam."`
}

type schemaAdam struct {
	LearningRate float64 `yaml:"learning_rate" default:"0.001" above:"0" doc:"Step size."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"Decay."`
}

type schemaStopping struct {
	Monitor  string `yaml:"monitor" default:"validation.loss" doc:"Curve."`
	Patience int    `yaml:"patience" default:"5" min:"1" doc:"Epochs."`
}

type schemaEvaluate struct {
	noRun
	Metrics []string                 `yaml:"metrics" enum:"accuracy,macro_f1,log_loss" doc:"What to compute."`
	Require settings.Map[Comparison] `yaml:"require" doc:"What has to be reached."`
}

func schemaRegistry() *Registry {
	in := func(name string, t PortType) Port { return Port{Name: name, Type: t, Doc: "An input."} }
	return NewRegistry(
		Kind{Name: "ingest", Version: 1, Doc: "Reads.", New: func() Stage { return new(schemaIngest) }},
		Kind{Name: "split", Version: 1, Doc: "Splits.", Inputs: []Port{in("table", Table)},
			New: func() Stage { return new(schemaSplit) }},
		Kind{Name: "preprocess", Version: 1, Doc: "Fits.", Inputs: []Port{in("train", Table), in("*", Table)},
			New: func() Stage { return new(schemaPreprocess) }},
		Kind{Name: "train", Version: 1, Doc: "Trains.",
			Inputs: []Port{in("train", Dataset), {Name: "validation", Type: Dataset, Optional: true}},
			New:    func() Stage { return new(schemaTrain) }},
		Kind{Name: "evaluate", Version: 1, Doc: "Scores.", Inputs: []Port{in("model", Model), in("data", Dataset)},
			New: func() Stage { return new(schemaEvaluate) }},
	)
}

func compileSchema(t *testing.T, r *Registry) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(r)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaAcceptsAndRefuses(t *testing.T) {
	schema := compileSchema(t, schemaRegistry())
	source, err := os.ReadFile("testdata/generated/penguins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		old, new string // replaced in the example
		accept   bool
	}{
		{"the example", "", "", true},
		{"parameter for a number", "epochs: 100", "epochs: $epochs", true},
		{"parameter for a list", "[accuracy, macro_f1, log_loss]", "$metrics", true},
		{"parameter in a text", "data/penguins.csv", "data/${name}.csv", true},
		{"bare name of a variant", "{adam: {learning_rate: $learning_rate, weight_decay: 1e-4}}", "adam", true},
		{"variant written out", "dropout: 0.1", "dropout: {rate: 0.1}", true},
		{"retry as a number", "uses: train", "uses: train\n    retry: 2", true},
		{"retry as a mapping", "uses: train", "uses: train\n    retry: {limit: 2, delay: 30s}", true},
		{"needs", "uses: train", "uses: train\n    needs: [load]", true},
		{"resources", "uses: train", "uses: train\n    resources: {memory: 2GB, cpu: 2}", true},
		{"unknown key at the top", "seed: 7", "sede: 7", false},
		{"unknown key of a stage", "uses: train", "uses: train\n    retries: 2", false},
		{"unknown setting", "epochs: 100", "epoch: 100", false},
		{"unknown setting far inside", "weight_decay", "decay", false},
		{"unknown kind", "uses: train", "uses: trian", false},
		{"unknown input", "train: features.train", "train: features.train, tset: features.test", false},
		{"missing input", "{model: model, data: features.test}", "{model: model}", false},
		{"missing setting", "target: species\n      features:", "target:", false},
		{"wrong type", "epochs: 100", "epochs: many", false},
		{"out of bounds", "batch_size: 32", "batch_size: 0", false},
		{"not in the enum", "loss: cross_entropy", "loss: hinge", false},
		{"two variants", "dropout: 0.1", "{dropout: 0.1, flatten: {}}", false},
		{"variant without its settings", "dropout: 0.1", "dropout", false},
		{"duration without unit", "uses: train", "uses: train\n    timeout: 30", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(string(source), tt.old, tt.new, 1)
			if tt.old != "" && text == string(source) {
				t.Fatalf("the example has no %q", tt.old)
			}
			var doc any
			if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); (err == nil) != tt.accept {
				t.Errorf("accepted: %v, want %v: %v", err == nil, tt.accept, err)
			}
		})
	}
}

func TestSchemaOfNoKinds(t *testing.T) { compileSchema(t, NewRegistry()) }

func TestSchemaOfRecursiveKind(t *testing.T) {
	schema := compileSchema(t, generatedRegistry())
	with := map[string]any{"path": "a.csv", "layers": []any{map[string]any{"residual": []any{map[string]any{"dropout": 0.5}}}}}
	doc := map[string]any{
		"pipeline": "p",
		"stages": map[string]any{"model": map[string]any{
			"uses": "network", "with": with, "inputs": map[string]any{"train": "a"},
		}},
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	with["layers"] = []any{map[string]any{"residual": []any{map[string]any{"dropout": 5}}}}
	if schema.Validate(doc) == nil {
		t.Error("a rate of 5 is accepted")
	}
}
