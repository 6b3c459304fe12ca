package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkNoop is a whole command line that finds everything up to date,
// without the start of the process.
func BenchmarkNoop(b *testing.B) {
	dir := b.TempDir()
	if err := copyExamples(dir); err != nil {
		b.Fatal(err)
	}
	noop := func() {
		a := newApp(strings.NewReader(""), io.Discard, io.Discard, noEnv)
		if code := a.execute(context.Background(), []string{"run", filepath.Join(dir, "penguins.yaml")}); code != exitOK {
			b.Fatal("exit code", code)
		}
	}
	noop() // makes everything
	for b.Loop() {
		noop()
	}
}

// BenchmarkStart is what every command line pays before it does anything.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		newApp(strings.NewReader(""), io.Discard, io.Discard, noEnv).execute(context.Background(), []string{"version"})
	}
}
