package settings_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"pipe/pipeline/settings"
)

// TestReference compares what is written for people and editors about the
// settings of a network with files.
func TestReference(t *testing.T) {
	var text, table bytes.Buffer
	settings.WriteText(&text, new(network))
	compareFixture(t, "testdata/reference/network.txt", text.Bytes())
	settings.WriteMarkdown(&table, new(network))
	compareFixture(t, "testdata/reference/network.md", table.Bytes())
	compareFixture(t, "testdata/reference/schema.json", networkSchema(t))
}

func networkSchema(t *testing.T) []byte {
	t.Helper()
	s := settings.NewSchema()
	root := s.Of(new(network))
	root["$defs"] = s.Definitions
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// TestSchemaAccepts is about all types and tags.
func TestSchemaAccepts(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(networkSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("settings.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("settings.json")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("testdata/config/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var with map[string]any
	if err := yaml.Unmarshal(source, &with); err != nil {
		t.Fatal(err)
	}
	// YAML dates are texts for a schema; the YAML package makes times of them.
	with["window"] = map[string]any{"from": "2024-01-01"}
	with["columns"] = map[string]any{"year": "int64"} // a key was a number
	if err := schema.Validate(with); err != nil {
		t.Error(err)
	}
	with["epochs"] = "many"
	if schema.Validate(with) == nil {
		t.Error("the schema takes a text for a number")
	}
}

func TestCheckDocs(t *testing.T) {
	if err := settings.CheckDocs(new(network)); err != nil {
		t.Error(err)
	}
	type inner struct {
		B int `yaml:"b"`
	}
	if err := settings.CheckDocs(new(struct {
		A []inner `yaml:"a" doc:"A list."`
	})); err == nil {
		t.Error("a setting without documentation passes")
	}
}
