package trace

import (
	"bytes"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/walk"
)

var update = flag.Bool("update", false, "rewrite the expected texts")

// hostile names try to end a label, to begin markup, or to steer a terminal.
var hostile = []string{
	`plain`, `a"b`, `a\`, `a\"`, "a\nb", `"]; evil [label="`, `<b>bold</b>`, "`code`", `#quot;`, `end`, `-->|x|`,
	"\x1b[31mred", "\u202egnp.exe", "\xff\xfe", `--> e2["x"]`, `%%{init}%%`, "日本語", `</script>`, `\N\G\l`,
}

// hostileGraph puts a name in every place that a graph has.
func hostileGraph(name string) *walk.Graph {
	csv, model := artifacts.Sum([]byte("csv")), artifacts.Sum([]byte("model"))
	return &walk.Graph{
		Artifacts:  []lineage.ArtifactNode{{ID: csv, Type: "file", Size: 10, Path: name}, {ID: model, Type: name, Size: 20}},
		Executions: []walk.ExecutionNode{{ID: 7, RunID: name, Pipeline: name, Stage: name, Kind: name, Status: lineage.Succeeded}},
		Ports:      []string{name},
		Edges:      []walk.Edge{{Execution: 7, Artifact: 0}, {Execution: 7, Artifact: 1, Output: true}},
	}
}

func TestLineageFormats(t *testing.T) {
	for format, write := range map[string]func(io.Writer, *walk.Graph) error{
		"dot": WriteDOT, "mermaid": WriteMermaid, "json": WriteJSON,
	} {
		var all bytes.Buffer
		for _, name := range hostile {
			var b bytes.Buffer
			if err := write(&b, hostileGraph(name)); err != nil {
				t.Fatal(err)
			}
			switch format {
			case "dot":
				checkDOT(t, name, b.String())
			case "mermaid":
				checkMermaid(t, name, b.String())
			}
			if i := strings.IndexFunc(b.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x202e && format != "json" }); i >= 0 {
				t.Errorf("%s of %q holds a control character:\n%q", format, name, b.String()[i:])
			}
			all.Write(b.Bytes())
		}
		golden := "testdata/hostile." + format
		if *update {
			if err := os.WriteFile(golden, all.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), all.String()); diff != "" {
			t.Errorf("%s (-want +got; go test ./workspace/trace -update accepts it):\n%s", golden, diff)
		}
	}
}

// checkDOT reads the part of the language that is written: a quoted string
// may hold anything but a bare quote, and no backslash that DOT gives a
// meaning to but the line break between two lines.
func checkDOT(t *testing.T, name, text string) {
	const (
		id    = `[ae][0-9a-f]+`
		label = `"(?:[^"\\\n]|\\[\\"n])*"`
	)
	grammar := regexp.MustCompile(`^(?:digraph lineage \{|\}|  rankdir=LR;|  (?:node|edge) \[fontname="sans-serif"(?:, fontsize=10)?\];|` +
		`  ` + id + ` \[shape=(?:note|cylinder|box), label=` + label + `\];|  ` + id + ` -> ` + id + ` \[label=` + label + `\];)$`)
	checkLines(t, "DOT", name, text, grammar, 10)
}

func checkMermaid(t *testing.T, name, text string) {
	const (
		id    = `[ae][0-9a-f]+`
		label = `"(?:[\pL\pN /.,:=+_-]|#[0-9]+;|<br>)*"`
	)
	grammar := regexp.MustCompile(`^(?:flowchart LR|  ` + id + `(?:\(` + label + `\)|\[\(` + label + `\)\]|\[` + label + `\])|  ` + id + ` -->\|` + label + `\| ` + id + `)$`)
	checkLines(t, "Mermaid", name, text, grammar, 6)
}

func checkLines(t *testing.T, language, name, text string, grammar *regexp.Regexp, want int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != want {
		t.Errorf("%s of %q has %d lines, want %d:\n%s", language, name, len(lines), want, text)
	}
	for _, line := range lines {
		if !grammar.MatchString(line) {
			t.Errorf("%s of %q: not a statement: %s", language, name, line)
		}
	}
}
