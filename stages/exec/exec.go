// Package exec is the kind of stage that runs a command of the user's on
// declared inputs and outputs. It owns the work folder, the environment and
// the process group of the command.
package exec

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/format"
	"pipe/data/metric"
	"pipe/data/source/csv"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var doc = `Runs a command on declared inputs and outputs.

The command runs in an empty folder of its own, which holds

- the inputs, as ` + "`inputs/PORT`" + `: a table or data set as ` + "`inputs/PORT.arrow`" + ` (Arrow
  IPC file) or, with ` + "`formats: {PORT: csv}`, as `inputs/PORT.csv`" + `; a directory as a folder;
- the external files of ` + "`files`" + `, at their paths; a folder or a pattern there (` + "`images/`, `data/**/*.csv`" + `) stands for all files below it, whose names do not begin with a dot;
- the folder ` + "`outputs`" + `, where the command writes each of its outputs as ` + "`outputs/PORT`" + `
  (a table also as ` + "`outputs/PORT.arrow` or `outputs/PORT.csv`" + `), a folder if the type is directory. Of a folder, files with their paths and whether they are
  executable are kept; empty folders and times are not, and links are refused.

Its environment holds nothing but PATH, HOME and TMPDIR (both inside the work folder),
LANG=C.UTF-8, PYTHONHASHSEED=0, PIPE_INPUT_PORT and PIPE_OUTPUT_PORT with the full path of each (the port in upper
case), PIPE_SEED, PIPE_THREADS, for a stage with resources.gpu CUDA_VISIBLE_DEVICES with the GPUs
that it has for itself, and what ` + "`env`, `secrets` and `set`" + ` say.

Every process that the command starts ends with it, those in the background too.

The cached result is used again while the settings, inputs, files, seed and the values of
` + "`env`" + ` stay the same. The values of ` + "`secrets`" + ` and the programs that the
command calls are not part of that: when a program changes (` + "`pipe show RUN/STAGE`" + ` says which it was), say so in ` + "`set`" + `, for example
` + "`set: {TOOL_VERSION: \"2\"}`" + `. The command must give the same outputs each time; take random numbers from PIPE_SEED and no dates from the clock.

With ` + "`rows: true`" + ` a model behind the command can be asked about new rows as they are read: ` + "`pipe predict`" + ` and
` + "`pipe evaluate`" + ` run the command on them, with the files and other inputs that it had in training. It reads one table and
writes one, in which each row is made of the row in the same place, or with ` + "`group: customer`" + ` of the rows with the same value of that column. This is
checked when the stage runs: rows in are rows out, and the command is run again on some of the rows, in another order, and on one or two of them (or on one group) alone, which
must give the same. New rows have the columns of training; the target may be without any value, so that nothing can be made of it.

A table is written as Arrow (an IPC file or stream, compressed or not: ` + "`to_feather`" + ` in pandas,
` + "`write_ipc`" + ` in Polars) or, named ` + "`outputs/PORT.csv`" + `, as CSV, which is read as an ingest stage without
settings reads it. It is stored in one form:

` + table.CastsDoc() + `
Of the metadata, only what pipe wrote is kept. Every number at the top level of a metrics document becomes a metric. Whether more or
less of it is better nobody can guess: ` + "`metrics: {wer: down, bleu: up}`" + ` says so, for gates, the
list of best models and comparisons of runs.`

const example = `clean:
  uses: exec
  inputs: {raw: load}
  with:
    command: [python3, scripts/clean.py]
    files: [scripts/clean.py]
    outputs: {table: table, summary: file}
    formats: {raw: csv}
    env: [SALES_REGION]
    set: {DECIMALS: "2"}
`

// grace is how long a command has to end after a SIGTERM.
const grace = 5 * time.Second

// Kind describes the stage. lookup gives the environment variables that a
// stage may declare, and PATH; on starts the commands.
func Kind(lookup func(name string) (value string, ok bool), on *Supervisor) pipeline.Kind {
	return pipeline.Kind{
		Name:    "exec",
		Version: 2,
		Doc:     doc,
		Example: example,
		Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Doc: "What the command reads.", Optional: true}},
		Seeded:  true,
		New:     func() pipeline.Stage { return &Exec{lookup: lookup, on: on} },
	}
}

// Exec is the configuration, and the stage.
type Exec struct {
	Command []string                 `yaml:"command" doc:"Program and its arguments, each passed on as it is: no shell, no splitting at spaces."`
	Shell   string                   `yaml:"shell" doc:"Instead of command: a script for sh, which stops at the first command that fails. Use $NAME for variables of the environment, since ${NAME} is a parameter of the pipeline; pass parameters on in set."`
	Files   []settings.Paths         `yaml:"files" doc:"External files that the command needs, such as its scripts, and folders (images/) and patterns (data/**/*.csv) of such files. One that a server has (https://host/tool.tar.gz#sha256=...) is found by its name, tool.tar.gz. Their bytes and names are part of the key."`
	Outputs settings.Map[OutputType] `yaml:"outputs" required:"true" min:"1" doc:"What the command writes: the type of each output (table, dataset, transform, model, metrics, report, policy, file, directory, schema) by its name."`
	Formats settings.Map[Format]     `yaml:"formats" doc:"How the command wants to read an input, by its name: csv for a table."`
	Env     []string                 `yaml:"env" doc:"Variables that the command gets from the environment of pipe. Their values are part of the key, and stored only as hashes that are keyed by the store."`
	Secrets []string                 `yaml:"secrets" added:"true" doc:"Variables that the command gets from the environment of pipe, such as tokens and passwords. Their values are no part of the key: another value makes nothing run again. They are stored nowhere, and hidden in logs, errors and metrics."`
	Set     settings.Map[string]     `yaml:"set" doc:"Variables with fixed values."`

	pipeline.Download
	Metrics settings.Map[MetricSetting] `yaml:"metrics" added:"true" doc:"What is to be known of metrics that the command writes, by name, as in metrics: {wer: down}."`

	Rows  bool   `yaml:"rows" added:"true" doc:"Whether the command reads one table and writes one, with a row for each row that it reads, in their order, and makes it of that row alone. New rows then go through the command, too, when a model is asked about them. It is checked with some of the rows."`
	Group string `yaml:"group" added:"true" max:"1000" doc:"A column of the table that the command reads: with rows, it makes a row of that row and of the others that have the same value there, whichever rows else there are."`

	lookup func(string) (string, bool)
	on     *Supervisor
	again  *again // how new rows go through it; nil: these are not new
}

// A MetricSetting is what is to be known of a metric.
type MetricSetting struct {
	Goal metric.Goal `yaml:"goal" required:"true" short:"true" doc:"Which values are better: up, if more is better, or down. A gate compares models only by metrics with a goal."`
}

// MetricGoal implements pipeline.GoalTeller.
func (s *Exec) MetricGoal(name string) (metric.Goal, error) {
	if m, ok := s.Metrics.Get(name); ok {
		return m.Goal, nil
	}
	return metric.None, diag.WithHint(fmt.Errorf("nothing says whether more or less of %s is better", name),
		fmt.Sprintf("add metrics: {%s: up} or metrics: {%s: down} to the settings of the stage (with:)", name, name))
}

// An OutputType is the type of an output port.
type OutputType pipeline.PortType

// MarshalText gives the name of the type.
func (t OutputType) MarshalText() ([]byte, error) { return []byte(t), nil }

// UnmarshalText refuses what is no type of an output.
func (t *OutputType) UnmarshalText(text []byte) error {
	var names []string
	for _, known := range format.All() {
		if string(text) == string(known.Type) {
			*t = OutputType(known.Type)
			return nil
		}
		names = append(names, string(known.Type))
	}
	err := fmt.Errorf("%q is not a type of an output: %s", text, strings.Join(names, ", "))
	if near, ok := diag.Nearest(string(text), names); ok {
		return diag.WithHint(err, fmt.Sprintf("did you mean %q?", near))
	}
	return err
}

// A Format is how an input is laid out for the command.
type Format string

// CSV is the text form of a table, see table.WriteCSV.
const CSV Format = "csv"

// MarshalText gives the name of the format.
func (f Format) MarshalText() ([]byte, error) { return []byte(f), nil }

// UnmarshalText refuses what is no format.
func (f *Format) UnmarshalText(text []byte) error {
	if string(text) != string(CSV) {
		return fmt.Errorf("%q is not a format of an input: csv", text)
	}
	*f = CSV
	return nil
}

// OutputPorts are the declared outputs.
func (s *Exec) OutputPorts([]string) []pipeline.Port {
	ports := make([]pipeline.Port, len(s.Outputs))
	for i, o := range s.Outputs {
		ports[i] = pipeline.Port{Name: o.Key, Type: pipeline.PortType(o.Value), Doc: "Written by the command."}
	}
	return ports
}

// KeyParts are the versions of what reads tables that are written as CSV or Arrow.
func (s *Exec) KeyParts() []artifacts.KeyPart {
	var parts []artifacts.KeyPart
	types := map[pipeline.PortType]bool{}
	for _, o := range s.Outputs {
		types[pipeline.PortType(o.Value)] = true
	}
	if types[pipeline.Table] {
		parts = append(parts, artifacts.KeyPart{Name: "csv", Value: strconv.Itoa(csv.Version)})
	}
	if types[pipeline.Table] || types[pipeline.Dataset] {
		parts = append(parts, artifacts.KeyPart{Name: "arrow", Value: strconv.Itoa(table.ForeignVersion)})
	}
	if s.again != nil {
		parts = append(parts, s.again.keyPart())
	}
	return parts
}

// PrivateKeyParts are the values of the variables in env. One that is not set
// has no value, and the stage is not Ready.
func (s *Exec) PrivateKeyParts() []artifacts.KeyPart {
	var parts []artifacts.KeyPart
	for _, name := range s.Env {
		if value, ok := s.lookup(name); ok {
			parts = append(parts, artifacts.KeyPart{Name: "env." + name, Value: value})
		}
	}
	return parts
}

// Run lays out the work folder, runs the command and stores what it made.
func (s *Exec) Run(ctx context.Context, env pipeline.Env) error {
	m := s.mask()
	for _, name := range m.tooShort {
		env.Log().Warn("the value of a secret is too short to be hidden in what the command prints", "variable", name)
	}
	return m.hideError(s.run(ctx, env, m))
}

func (s *Exec) run(ctx context.Context, env pipeline.Env, m *mask) error {
	dir, err := env.Scratch()
	if err != nil {
		return err
	}
	w, err := newWorkDir(dir, s, m)
	if err != nil {
		return err
	}
	if s.Rows {
		if w.rowsPort, err = s.rowsPort(env); err != nil {
			return err
		}
	}
	if err := s.call(ctx, env, m, w); err != nil {
		return err
	}
	defer w.close()
	if err := w.collect(ctx, env); err != nil || !s.Rows || s.again != nil {
		return err
	}
	return s.checkRows(ctx, env, m, w)
}

// call runs the command in a work folder.
func (s *Exec) call(ctx context.Context, env pipeline.Env, m *mask, w *workDir) error {
	if err := w.layInputs(ctx, env); err != nil {
		return err
	}
	vars, err := s.environment(w, env)
	if err != nil {
		return err
	}
	argv := s.Command
	if s.Shell != "" {
		argv = []string{"sh", "-e", "-c", s.Shell}
	}
	run := command{argv: argv, dir: w.dir, path: s.path(), called: env.Program, env: vars, log: env.Log(), on: s.on, mask: m, grace: grace}
	for _, f := range s.Files {
		if _, several := f.Folder(); several {
			continue
		}
		run.scripts = append(run.scripts, filepath.FromSlash(placeOf(f)))
	}
	return run.run(ctx)
}
