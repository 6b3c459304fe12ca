package preprocess

import (
	"bytes"
	"testing"

	"pipe/pipeline/pipelinetest"
)

func applyCase(t testing.TB) pipelinetest.Case {
	fitted := preprocessCase(t)
	result := pipelinetest.Run(t, fitted)
	return pipelinetest.Case{Kind: applyKind(), With: "{}", Inputs: map[string][]byte{
		"transform": result.Outputs["transform"], "test": fitted.Inputs["test"], "again": fitted.Inputs["train"]}}
}

func TestApplyConforms(t *testing.T) { pipelinetest.Conform(t, applyCase(t)) }

// A stage that applies gives the bytes of the stage that has fitted.
func TestApplyMakesTheSame(t *testing.T) {
	want := pipelinetest.Run(t, preprocessCase(t)).Outputs
	got := pipelinetest.Run(t, applyCase(t)).Outputs
	if len(got) != 2 || !bytes.Equal(got["test"], want["test"]) || !bytes.Equal(got["again"], want["train"]) {
		t.Error("the data sets differ from those of preprocess")
	}
}
