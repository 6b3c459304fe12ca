package pipeline

import (
	"bytes"
	"context"
	"reflect"
	"testing"
)

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

func TestSchemaOfSettings(t *testing.T) {
	w := newSchemaWriter()
	w.reference(reflect.TypeFor[network]())
	compareFixture(t, "testdata/generated/schema.json", encodeJSON(w.defs))
}
