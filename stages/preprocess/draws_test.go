package preprocess

import (
	"bytes"
	"testing"

	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// TestDraws: only a stage that encodes by the target has a seed, which moves its folds
// and nothing else.
func TestDraws(t *testing.T) {
	c := preprocessCase(t)
	seeded := func(with string) bool {
		return (&pipeline.Step{Kind: &c.Kind, Stage: pipelinetest.Decode(t, c.Kind, with)}).Seeded()
	}
	if seeded(measured) {
		t.Error("a stage that draws nothing has a seed")
	}
	c.With = "target: species\nfeatures:\n  island: [target_encode: {folds: 2}]\n"
	if !seeded(c.With) || !seeded("target: species\nfeatures: {island: {}}\ndefaults: {text: [target_encode]}") {
		t.Error("a stage that draws folds has no seed")
	}
	pipelinetest.Conform(t, c)
	first := pipelinetest.Run(t, c).Outputs
	different := false
	for c.Seed = 1; c.Seed < 4; c.Seed++ {
		again := pipelinetest.Run(t, c).Outputs
		different = different || !bytes.Equal(again["train"], first["train"])
		if !bytes.Equal(again["test"], first["test"]) && bytes.Equal(again["transform"], first["transform"]) {
			t.Errorf("seed %d changes the other table", c.Seed)
		}
	}
	if !different {
		t.Error("no seed changes the training rows")
	}
}
