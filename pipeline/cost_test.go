package pipeline_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"pipe/pipeline"
)

// What a hostile file costs grows with its size and not with the square of it.
// Each shape is read at one size and at eight times that, where quadratic work
// takes 64 times as long.
func TestCostIsLinear(t *testing.T) {
	// Reading a text is fast, and shows what it costs only in a long one.
	const short, long = 32 << 10, 1 << 20
	repeat := func(text string, n int) string { return strings.Repeat(text, n/len(text)) }
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	shapes := []struct {
		name string
		size int // in bytes
		text func(n int) string
	}{
		{"plain text", long, func(n int) string { return "pipeline: p\ndescription: " + repeat("x", n) }},
		{"words", long, func(n int) string { return "pipeline: p\ndescription: " + repeat("xyz ", n) + "x" }},
		{"text in quotes", long, func(n int) string { return "pipeline: p\ndescription: \"" + repeat("x", n) + "\"" }},
		{"escapes", long, func(n int) string { return "pipeline: p\ndescription: \"" + repeat(`\n`, n) + "\"" }},
		{"block", long, func(n int) string { return "pipeline: p\ndescription: |\n" + repeat("  xxxxxxxx\n", n) }},
		{"comment", long, func(n int) string { return "pipeline: p #" + repeat("x", n) }},
		{"quote that is not closed", long, func(n int) string { return "pipeline: p\ndescription: '" + repeat("x", n) }},
		{"list", short, func(n int) string { return "pipeline: p\ndescription: [" + repeat("x,", n) + "x]" }},
		{"unknown keys", short, func(n int) string { return "pipeline: p\n" + numbered("k%d: 1\n", n) }},
		{"unknown settings", short, func(n int) string {
			return "pipeline: p\nstages:\n  a:\n    uses: train\n    with:\n" + numbered("      k%d: 1\n", n)
		}},
		{"stages", short, func(n int) string { return "pipeline: p\nstages:\n" + numbered("  k%d: {uses: ingest}\n", n) }},
		{"chain", short, func(n int) string {
			return "pipeline: p\nstages:\n  k0: {uses: ingest}\n" + chain(n)
		}},
		{"references", short, func(n int) string { return "pipeline: p\ndescription: " + repeat("${a} ", n) }},
		{"parameters", short, func(n int) string { return "pipeline: p\nparams:\n" + numbered("  k%d: 1\n", n) }},
		{"files", long / 4, func(n int) string {
			return "pipeline: p\nstages:\n  a:\n    uses: exec\n    with:\n      command: x\n      files:\n" + numbered("        - f%d\n", n)
		}},
		{"duplicates", short, func(n int) string { return "pipeline: p\nstages: {" + repeat("a: 1,", n) + "}" }},
	}
	// The time of the processor: the machine may be busy with something else.
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	load := func(text string) time.Duration {
		begun := used()
		_, _ = pipeline.LoadBytes("p.yaml", []byte(text), testRegistry(), pipeline.Options{})
		return used() - begun
	}
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			once, eight := load(s.text(s.size)), load(s.text(8*s.size))
			if eight < 24*once+100*time.Millisecond {
				return
			}
			t.Errorf("%v for %d KiB and %v for %d KiB", once, s.size>>10, eight, 8*s.size>>10)
		})
	}
}

// chain makes stages of which each waits for the one before.
func chain(n int) string {
	var b strings.Builder
	for i := 1; b.Len() < n; i++ {
		fmt.Fprintf(&b, "  k%d: {uses: ingest, needs: k%d}\n", i, i-1)
	}
	return b.String()
}

// 400 KB of YAML would become 10 GB of text.
func TestExpansionIsBounded(t *testing.T) {
	text := "pipeline: x\nparams: {a: '" + strings.Repeat("x", 200_000) + "'}\nstages:\n  e: {uses: train, with: {name: '" +
		strings.Repeat("${a}", 50_000) + "'}}\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pipeline.LoadBytes("p.yaml", []byte(text), testRegistry(), pipeline.Options{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "expands to more than") {
		t.Errorf("the error is %.200v", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 200<<20 {
		t.Errorf("%d MiB were allocated", got>>20)
	}
}
