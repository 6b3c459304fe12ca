package settings_test

import (
	"os"
	"testing"

	"pipe/pipeline/settings"
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
			p := settings.NewProblems(name, source)
			n := settings.Parse(source, p).Root
			b.ReportAllocs()
			for b.Loop() {
				stage := new(network)
				settings.Decode(n, nil, stage, p)
				settings.Canonical(stage)
				settings.JSON(stage)
			}
			if err := p.Err(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
