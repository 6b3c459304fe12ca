package pipeline

import (
	"os"
	"testing"
)

// BenchmarkDecode decodes many stages of one file and makes their canonical
// forms, as a load does.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"minimal", "full"} {
		b.Run(name, func(b *testing.B) {
			source, err := os.ReadFile("testdata/config/" + name + ".yaml")
			if err != nil {
				b.Fatal(err)
			}
			p := newProblems(name, source)
			n, _ := parseYAML(source, p)
			b.ReportAllocs()
			for b.Loop() {
				stage := new(network)
				decodeInto(n, nil, stage, p)
				canonical(stage)
				settings(stage)
			}
			if err := p.err(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
