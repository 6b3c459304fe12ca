package manifest_test

import (
	"testing"

	"pipe/artifacts"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/manifest"
)

func TestConform(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{
		Kind:   manifest.Kind(),
		With:   `text: what was released`,
		Inputs: map[string][]byte{"model": []byte("weights"), "report": []byte("<p>good</p>")},
	})
}

func TestManifest(t *testing.T) {
	weights := artifacts.Sum([]byte("weights")).String()
	empty := artifacts.Sum(nil).String()
	for _, test := range []struct {
		name, config string
		inputs       map[string][]byte
		want         string
	}{
		{"a text alone is the file", "text: |\n  one\n\n  two\n", nil, "one\n\ntwo\n"},
		{"a line break is added", "text: one", nil, "one\n"},
		{"nothing at all", "", nil, ""},
		{"a list", "", map[string][]byte{"b": []byte("weights"), "a": nil}, empty + "  a\n" + weights + "  b\n"},
		{"the text is a comment of the list", `text: "one\ntwo"`, map[string][]byte{"m": []byte("weights")},
			"# one\n# two\n" + weights + "  m\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := pipelinetest.Run(t, pipelinetest.Case{Kind: manifest.Kind(), With: test.config, Inputs: test.inputs})
			if text := string(got.Outputs["manifest"]); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}
