package pipeline

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/pipeline/settings"
)

var update = flag.Bool("update", false, "rewrite the files in testdata from what the code does")

func compareFixture(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// network is the settings of a kind for tests, some of which contain themselves.
type network struct {
	noRun
	Path   settings.FilePath `yaml:"path" required:"true" doc:"The CSV file to read. Relative to the pipeline file."`
	Epochs int               `yaml:"epochs" default:"10" min:"1" max:"1000" doc:"Passes over the data."`
	Layers []layer           `yaml:"layers" doc:"From input to output."`
}

type layer struct {
	settings.OneOf
	Dense    *dense    `yaml:"dense" doc:"Fully connected."`
	Dropout  *dropout  `yaml:"dropout" doc:"Zeroes some values while training."`
	Residual *residual `yaml:"residual" doc:"Adds its input to its output."`
}

type dense struct {
	Units      int    `yaml:"units" required:"true" min:"1" doc:"Number of outputs."`
	Activation string `yaml:"activation" default:"linear" enum:"linear,relu,tanh" doc:"What follows."`
}

type dropout struct {
	Rate float64 `yaml:"rate" required:"true" short:"true" min:"0" below:"1" doc:"Share of zeroes."`
}

type residual struct {
	Layers []layer `yaml:"layers" required:"true" min:"1" short:"true" doc:"What the input goes through."`
}

func networkKind() Kind {
	return Kind{
		Name:    "network",
		Version: 1,
		Doc:     "Trains a network. It is for tests.\n\nMore is said here, with a `word`.",
		Example: "model:\n  uses: network\n  inputs: {train: features.train}\n  with:\n    path: a.csv\n    layers: [{dense: {units: 3}}]\n",
		Inputs: []Port{
			{Name: "train", Type: Dataset, Doc: "What to learn from."},
			{Name: "validation", Type: Dataset, Doc: "What to stop by.", Optional: true},
		},
		Outputs: []Port{{Name: "model", Type: Model, Doc: "The trained network."}},
		Seeded:  true,
		New:     func() Stage { return new(network) },
	}
}

// bareStage has no settings, and outputs that follow from its inputs.
type bareStage struct{}

func (*bareStage) Run(context.Context, Env) error { return nil }

func (*bareStage) OutputPorts([]string) []Port { return nil }

func generatedRegistry() *Registry {
	return NewRegistry(networkKind(), Kind{
		Name:    "listing",
		Version: 3,
		Doc:     "Lists <b>files</b> | things.",
		Inputs: []Port{
			{Name: "table", Type: Table, Doc: "A | B."},
			{Name: "*", Type: Any, Doc: "Whatever."},
		},
		New: func() Stage { return new(bareStage) },
	})
}

func TestDescribe(t *testing.T) {
	for _, k := range generatedRegistry().Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			var b bytes.Buffer
			if err := k.Describe(&b); err != nil {
				t.Fatal(err)
			}
			compareFixture(t, "testdata/generated/"+k.Name+".txt", b.Bytes())
		})
	}
}

func TestWriteMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMarkdown(&b, generatedRegistry()); err != nil {
		t.Fatal(err)
	}
	compareFixture(t, "testdata/generated/stages.md", b.Bytes())
}
