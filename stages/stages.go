// Package stages lists the built-in kinds of stages, and does nothing else.
package stages

import (
	"pipe/pipeline"
	"pipe/stages/evaluate"
	"pipe/stages/exec"
	"pipe/stages/ingest"
	"pipe/stages/manifest"
	"pipe/stages/predict"
	"pipe/stages/preprocess"
	"pipe/stages/train"
)

// All makes the registry of the built-in kinds. lookup gives the environment
// variables that exec stages may declare; commands starts what they run.
func All(lookup func(name string) (string, bool), commands *exec.Supervisor) *pipeline.Registry {
	kinds := []pipeline.Kind{
		ingest.Kind(),
		train.Kind(),
		evaluate.Kind(),
		predict.Kind(),
		manifest.Kind(),
		exec.Kind(lookup, commands),
	}
	return pipeline.NewRegistry(append(kinds, preprocess.Kinds()...)...)
}
