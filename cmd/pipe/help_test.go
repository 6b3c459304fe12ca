package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"pipe/cmd/pipe/ui"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func noEnv(string) (string, bool) { return "", false }

// run executes a command line in this process.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = newApp(strings.NewReader(""), &out, &err, noEnv).execute(context.Background(), args)
	return code, out.String(), err.String()
}

func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		eachCommand(c, visit)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	a := newApp(nil, nil, nil, noEnv)
	commands := 0
	eachCommand(a.root(), func(cmd *cobra.Command) {
		commands++
		path := cmd.CommandPath()
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 80 {
			t.Errorf("%s: short help %q is missing, a sentence, or long", path, cmd.Short)
		}
		if cmd.HasParent() && !cmd.Parent().HasParent() && cmd.GroupID == "" {
			t.Errorf("%s: help shows it in no group", path)
		}
		if !strings.Contains(cmd.Example, path) {
			t.Errorf("%s: no example shows it", path)
		}
		// What a command takes can be completed, but for words of the user.
		if want := regexp.MustCompile(`REF|RUN|STAGE|PIPELINE|MODEL|KIND`).FindString(cmd.Use); want != "" && cmd.ValidArgsFunction == nil {
			t.Errorf("%s: %s is not completed", path, want)
		}
		if cmd.RunE == nil || cmd.Args == nil {
			t.Errorf("%s: does nothing, or takes any arguments", path)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s: flag --%s has no usage, or a sentence", path, f.Name)
			}
		})
		// A line of help fits a terminal of 120 columns.
		code, out, _ := run(t, append(strings.Fields(path)[1:], "--help")...)
		if code != exitOK || !strings.Contains(out, "Examples:") {
			t.Errorf("%s --help: exit code %d", path, code)
		}
		for _, line := range strings.Split(out, "\n") {
			if ui.Width(line) > 130 {
				t.Errorf("%s --help: a line of %d columns: %s", path, ui.Width(line), line)
			}
		}
	})
	if commands < 14 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

// The examples in the help are command lines that the commands accept.
func TestExamplesParse(t *testing.T) {
	eachCommand(newApp(nil, nil, nil, noEnv).root(), func(cmd *cobra.Command) {
		for _, line := range strings.Split(cmd.Example, "\n") {
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " > ")
			line, _, _ = strings.Cut(strings.TrimSpace(line), "   ") // what follows is a remark
			var words []string
			for _, w := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
				words = append(words, strings.Trim(w, `"`))
			}
			found, rest, err := newApp(nil, nil, nil, noEnv).root().Find(words[1:])
			if err != nil || words[0] != "pipe" {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			} else if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	})
}

func TestCompletionScripts(t *testing.T) {
	for shell, want := range map[string]string{"bash": "__start_pipe", "zsh": "#compdef pipe", "fish": "complete -c pipe"} {
		code, out, stderr := run(t, "completion", shell)
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("completion for %s: exit code %d, %s", shell, code, stderr)
		}
	}
	// What the scripts ask pipe for.
	_, out, _ := run(t, "__complete", "stages", "describe", "tr")
	if !strings.Contains(out, "train\n") {
		t.Errorf("kinds are not completed:\n%s", out)
	}
}

// README.md shows the table that the program holds.
func TestExitCodesInReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Exit codes")
	section, _, _ = strings.Cut(section, "\n## ")
	var got, want []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \|$`).FindAllStringSubmatch(section, -1) {
		got = append(got, m[1]+" "+m[2])
	}
	for _, c := range exitCodes {
		want = append(want, fmt.Sprintf("%d %s", c.code, c.meaning))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md (-exit.go +README.md):\n%s", diff)
	}
}

// The schema is a schema, and tells a pipeline from something else.
func TestSchemaValidates(t *testing.T) {
	code, out, stderr := run(t, "schema")
	if code != exitOK {
		t.Fatal(stderr)
	}
	decode := func(text string) any {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", decode(out)); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	good := `{"pipeline": "p", "seed": 1, "stages": {
		"load": {"uses": "ingest", "with": {"path": "x.csv"}},
		"split": {"uses": "split", "inputs": {"table": "load"}, "with": {"parts": {"a": 0.5, "b": 0.5}}}}}`
	if err := schema.Validate(decode(good)); err != nil {
		t.Errorf("a good pipeline is refused: %v", err)
	}
	for what, change := range map[string][2]string{
		"an unknown key":     {`"seed"`, `"sede"`},
		"an unknown kind":    {`"ingest"`, `"ingst"`},
		"an unknown setting": {`"path"`, `"pth"`},
		"a wrong type":       {`{"a": 0.5, "b": 0.5}`, `3`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if err := schema.Validate(decode(bad)); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}

func TestJSONOutputOfStages(t *testing.T) {
	_, out, _ := run(t, "stages", "--json")
	var doc struct {
		Kinds []struct{ Name, Summary string }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	for _, k := range doc.Kinds {
		if k.Name == "" || k.Summary == "" {
			t.Errorf("kind %+v", k)
		}
	}
	if len(doc.Kinds) < 7 {
		t.Errorf("only %d kinds", len(doc.Kinds))
	}
}
