// Package stages lists the built-in kinds of stages, and does nothing else.
package stages

import (
	"pipe/pipeline"
	"pipe/stages/check"
	"pipe/stages/compare"
	"pipe/stages/derive"
	"pipe/stages/evaluate"
	"pipe/stages/exec"
	"pipe/stages/export"
	"pipe/stages/forecast"
	"pipe/stages/ingest"
	"pipe/stages/manifest"
	"pipe/stages/predict"
	"pipe/stages/preprocess"
	"pipe/stages/relate"
	"pipe/stages/sql"
	"pipe/stages/train"
)

// All makes the registry of the built-in kinds. lookup gives the environment
// variables that exec stages may declare; commands starts what they run;
// processors are what networks are trained on beside the CPU, nil for nothing.
func All(lookup func(name string) (string, bool), commands *exec.Supervisor, processors train.Processors) *pipeline.Registry {
	kinds := []pipeline.Kind{
		ingest.Kind(lookup),
		train.Kind(processors),
		train.TreesKind(),
		evaluate.Kind(),
		predict.Kind(),
		check.Kind(),
		compare.Kind(),
		forecast.Kind(),
		forecast.NextKind(),
		export.Kind(),
		manifest.Kind(),
		sql.Kind(lookup, commands),
		exec.Kind(lookup, commands),
	}
	kinds = append(kinds, preprocess.Kinds()...)
	kinds = append(kinds, relate.Kinds()...)
	return pipeline.NewRegistry(append(kinds, derive.Kinds()...)...)
}
