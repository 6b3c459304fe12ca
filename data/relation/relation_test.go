package relation

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/table/tabletest"
)

// background is the context of a test.
func background(t tabletest.T) context.Context {
	switch t := t.(type) {
	case testing.TB:
		return t.Context()
	case *rapid.T:
		return t.Context()
	}
	return context.Background()
}
