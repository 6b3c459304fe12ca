package relation

import (
	"strings"
	"testing"
)

// What goes wrong in a goroutine of its own comes up where a runner can catch it.
func TestPanicsOfPartsComeUp(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "bad luck") {
			t.Errorf("recovered %q", text)
		}
	}()
	g := &grouping{with: Means{Threads: 3}}
	g.each(func(part int) error {
		if part == 7 {
			panic("bad luck")
		}
		return nil
	})
	t.Error("no panic came up")
}
