// Package pipelinetest runs stages in tests: with the real decoder, a real
// artifact store and verified inputs, but without a pipeline file, a runner or
// lineage. Conform is the suite that every kind of stage has to pass.
package pipelinetest
