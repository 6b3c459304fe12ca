package main

import (
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pipe/workspace"

	_ "github.com/mattn/go-sqlite3" // the driver
)

// evil is what a terminal would obey: a title, a colour, a cleared screen by the
// old and by the one-byte code, and letters from right to left.
const evil = "n\x1b]0;owned\a\x1b[31m\u009b2J\u202e\r"

const hostilePipeline = `pipeline: p
params: {text: "\e[31m"}
schedule: {cron: "0 3 * * *"}
stages:
  load: {uses: ingest, description: "\e]0;owned\a", with: {path: in.csv, columns: {"n\e]0;owned\a\e[31m\x9b2J\u202e\r": string}}}
  fit: {uses: exec, with: {shell: "echo 1 > outputs/model", outputs: {model: model}}}
  say:
    uses: exec
    inputs: {model: fit}
    with:
      shell: printf '\033]0;owned\007\n'; printf '\033[2J' >&2; cp m.json outputs/m
      files: [m.json]
      outputs: {m: metrics}
      metrics: {accuracy: up}
      set: {X: $text}
    promote: {to: production, when: {accuracy: ">= 0"}}
  no: {uses: exec, when: true, with: {shell: "printf '\\033[31m'; exit 1", outputs: {x: file}}}
`

// hostileTexts are the columns of the database into which somebody else could
// have written what he likes.
var hostileTexts = []string{
	"runs.error", "runs.hostname", "runs.trigger", "pipelines.file", "params.value", "executions.reason", "executions.error",
	"executions.kind", "metrics.name", "metric_points.name", "execution_outputs.type", "execution_outputs.port",
	"execution_inputs.path", "execution_inputs.from_stage", "column_edges.in_column", "column_edges.out_column", "key_parts.name", "key_parts.value",
	"events.message", "environments.hostname", "schedules.id",
}

// Nothing that others made reaches a terminal so that it obeys, by any command.
func TestHostileTexts(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"p.yaml":     hostilePipeline,
		"in.csv":     "\"" + evil + "\",b\n\"" + evil + "\",2\nx,3\n",
		"m.json":     `{"accuracy": 1, "` + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(evil, "\x1b", `\u001b`), "\a", `\u0007`), "\r", `\r`) + `": 1}`,
		"other.yaml": "pipeline: p\nstages: {\"a\\e[31m\": {uses: \"\\e[2J\", \"\\e[31m\": 1}}\n",
		"n\x1b.yaml": "pipeline: [\n",

		"system/proc/driver/nvidia/version":            "NVRM version: \x1b[31m 580.1\n",
		"system/proc/driver/nvidia/gpus/0/information": "Model: " + evil + "\nGPU UUID: " + evil + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := writeFile(name, text); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		_, out := runBounded(t, t.Context(), args)
		if at := steering(out); at >= 0 {
			t.Errorf("%q: %q", args, out[max(0, at-60):min(len(out), at+20)])
		}
		return out
	}
	if out := run("run", "p.yaml", "-v", "--keep-going"); !strings.Contains(out, `\x1b`) {
		t.Fatalf("nothing is hostile in %s", out)
	}
	run("export", "latest", "-o", "b.tar")
	run("run", "p.yaml", "--json", "--keep-going", "--set", "text=\x1b[32m")

	commands := map[string][][]string{
		"run":      {{"p.yaml"}, {"other.yaml"}, {"n\x1b.yaml"}, {"\x1b[31m"}, {"p.yaml", "--set", evil}, {"p.yaml", "--" + evil}, {"p.yaml", "--dry-run"}},
		"plan":     {{"p.yaml"}, {"p.yaml", "--explain"}, {"p.yaml", "--json"}, {"other.yaml"}},
		"estimate": {{"p.yaml"}, {"other.yaml"}, {evil}, {"p.yaml", "--stage", evil}, {"p.yaml", "--gpu", evil}, {"p.yaml", "--precision", evil}},
		"ls":       {{}, {"--json"}, {evil}},
		"show":     {{}, {"latest"}, {"latest/load"}, {"latest/say"}, {"latest/no"}, {"latest/load.table"}, {"latest/say.m"}, {"latest", "--json"}, {evil}},
		"lineage":  {{"latest/load.table"}, {"latest/load.table", "--columns"}, {"latest/say.m", "--format", "dot"}, {"latest/say.m", "--format", "mermaid"}, {"latest/say.m", "--format", "json"}},
		"query":    {{"SELECT * FROM executions"}, {"--json", "SELECT * FROM executions"}, {"SELECT '" + evil + "' AS \"" + evil + "\""}, {"--json", "SELECT '" + evil + "' AS \"" + evil + "\""}, {evil}},
		"report":   {{}, {"-o", "-"}, {evil}},
		"predict":  {{"in.csv"}, {evil}},
		"forecast": {{}, {"in.csv"}, {"in.csv", "--steps", "-1"}, {evil}, {"--model", evil}},
		"evaluate": {{"in.csv"}, {evil}, {"in.csv", "--metric", evil}, {"in.csv", "--slice", evil}},
		"schedule": {{"p.yaml", "--list"}, {".", "--list"}, {evil}},
		"export":   {{"latest", "-o", "no/" + evil}, {evil}},
		"import":   {{"p.yaml"}, {evil}, {"b.tar", "--json"}},
		"stages":   {{}, {"describe", evil}},
		"schema":   {{}},
		"version":  {{}},
		"doctor":   {{}, {"--json"}, {"--root", "system"}, {"--root", "system", "--json"}, {"--root", evil}, {evil}},
		"get":      {{"latest/load.table", "-o", "got.csv", "--force"}, {"latest/say.m", "-o", evil}, {evil, "-o", "x"}},
		"forget":   {{"--row", evil}, {"--row", evil + ":1"}},
		"cat":      {{"latest/fit.model"}, {evil}}, // what is not told but handed on is not spelled out
		"check":    {{}, {"--json"}},
		"gc":       {{}, {"--json"}},
		"logs":     {{}, {"latest/say"}, {evil}},
		"models":   {{}, {"--history"}, {"--json"}, {evil}},
		"promote":  {{evil, "--to", evil, "--reason", evil}, {"latest", "--to", "x", "--reason", evil}},
		"retire":   {{evil, "--reason", evil}, {"p@x", "--reason", evil}},
		"why":      {{"latest/say"}, {"latest/load"}, {evil}},
		"rerun":    {{"latest"}, {evil}},
		"verify":   {{"latest"}, {"latest", "--json"}, {evil}},
		"diff":     {{"latest", "latest"}, {"latest/say.m", "latest/load.table"}, {evil, evil}},
	}
	var missing []string
	for _, c := range newApp(nil, nil, nil, func(string) (string, bool) { return "", false }).root().Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" && c.Name() != "help" && commands[c.Name()] == nil {
			missing = append(missing, c.Name())
		}
	}
	if len(missing) > 0 {
		t.Errorf("the table of commands lacks %v", missing)
	}
	all := func() {
		for _, name := range slices.Sorted(maps.Keys(commands)) {
			for _, args := range commands[name] {
				run(append([]string{name}, args...)...)
			}
		}
	}
	all()

	// The same over a database in which nothing can be trusted.
	db, err := sql.Open("sqlite3", filepath.Join(workspace.StoreName, workspace.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(columns []string) {
		for _, column := range columns {
			table, name, _ := strings.Cut(column, ".")
			if _, err := db.Exec("UPDATE "+table+" SET "+name+" = "+name+" || ?", evil); err != nil {
				t.Errorf("%s: %v", column, err)
			}
		}
	}
	spoil(hostileTexts)
	all()
	spoil([]string{"executions.stage", "models.stage", "runs.pipeline", "models.pipeline"}) // what the references above name
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out := run("query", "SELECT stage FROM executions"); !strings.Contains(out, `\x1b`) {
		t.Errorf("nothing is hostile in %s", out)
	}
	all()
}

// steering is where a text would steer a terminal, or -1.
func steering(text string) int {
	for i, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e' {
			return i
		}
	}
	return -1
}
