// Package pipeline says what a pipeline is: it turns YAML into positioned
// problems or into a typed Plan, and owns the vocabulary that stages are
// written in (Kind, Port, Stage, Env) and the cache Key. It starts no
// goroutine, runs no stage and knows no SQL.
//
// The configuration of a stage is a struct with tags, see package settings.
package pipeline
