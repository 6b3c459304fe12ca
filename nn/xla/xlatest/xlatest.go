// Package xlatest finds the plugin that tests run on.
package xlatest

import (
	"os"
	"testing"
)

// Plugin is the path of the plugin, or skips.
func Plugin(t testing.TB) string {
	path := os.Getenv("PIPE_XLA")
	if path == "" {
		t.Skip("no plugin: PIPE_XLA is not set")
	}
	return path
}
