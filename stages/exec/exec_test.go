package exec

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// surroundings is the environment of the tests.
func surroundings(name string) (string, bool) {
	value, ok := map[string]string{
		"PATH":  "/usr/local/bin:/usr/bin:/bin",
		"TOKEN": "hunter2",
		"EMPTY": "",
		"OTHER": "must not be seen",
	}[name]
	return value, ok
}

func newCase(with string, inputs map[string][]byte) pipelinetest.Case {
	types := map[string]pipeline.PortType{}
	for port, data := range inputs {
		if bytes.HasPrefix(data, arrowMagic) {
			types[port] = pipeline.Table
		}
	}
	return pipelinetest.Case{Kind: Kind(surroundings, NewSupervisor()), With: with, Inputs: inputs, Types: types, Seed: 7}
}

// TestLayByType: a table is named by its type, and of a file the bytes tell.
func TestLayByType(t *testing.T) {
	for _, c := range []struct {
		typ  pipeline.PortType
		data []byte
		want string
	}{
		{pipeline.Dataset, []byte("whatever"), "in.arrow"},
		{pipeline.File, people(t, []int64{1}), "in.arrow"},
		{pipeline.File, []byte("whatever"), "in"},
		{pipeline.Model, []byte("whatever"), "in"},
	} {
		stage := newCase(`{shell: "basename $PIPE_INPUT_IN > outputs/name", outputs: {name: file}}`, map[string][]byte{"in": c.data})
		stage.Types = map[string]pipeline.PortType{"in": c.typ}
		if got := string(pipelinetest.Run(t, stage).Outputs["name"]); got != c.want+"\n" {
			t.Errorf("%s: named %q, want %q", c.typ, got, c.want)
		}
	}
}

// people is a table in batches as other programs write them.
func people(t *testing.T, batches ...[]int64) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "age", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	f, err := os.Create(filepath.Join(t.TempDir(), "people.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fw, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, ages := range batches {
		rec, err := table.NewRecord(schema, table.NewArray(ages, nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := fw.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if err := fw.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestConform(t *testing.T) {
	pipelinetest.Conform(t, newCase(`
shell: |
  ./scripts/order.sh < "$PIPE_INPUT_RAW" > "$PIPE_OUTPUT_SORTED"
  mkdir -p "$PIPE_OUTPUT_PARTS/deep"
  cp "$PIPE_OUTPUT_SORTED" "$PIPE_OUTPUT_PARTS/deep/all"
  echo '{"lines": 3, "note": "fine"}' > "$PIPE_OUTPUT_COUNTS"
  cp "$PIPE_INPUT_AGES" "$PIPE_OUTPUT_AGES"
files: [scripts/order.sh]
outputs: {sorted: file, parts: directory, counts: metrics, ages: table}
`, map[string][]byte{
		"raw":                    []byte("c\na\nb\n"),
		"ages":                   people(t, []int64{30, 40}, []int64{50}),
		"files/scripts/order.sh": []byte("#!/bin/sh\nexec sort\n"),
	}))
}

func TestInputsAndFilesAreLaidOut(t *testing.T) {
	dir := pipelinetest.Run(t, newCase(`
shell: |
  mkdir "$PIPE_OUTPUT_D"; cd "$PIPE_OUTPUT_D"; mkdir sub
  echo one > z; echo two > sub/a; echo three > sub-a; chmod +x z
outputs: {d: directory}
`, nil)).Dirs["d"]
	c := newCase(`
shell: |
  cat "$PIPE_INPUT_AGES" data/extra.txt
  find inputs outputs data -type f -perm /100 | sed 's/$/ x/' | sort
  find inputs outputs data -type f ! -perm /100 | sort
  cat inputs/folder/sub-a
  : > outputs/none
files: [./data/extra.txt]
formats: {ages: csv}
outputs: {none: file}
`, map[string][]byte{
		"ages":                 people(t, []int64{30, 40}),
		"table-2":              people(t, []int64{1}),
		"plain":                []byte("text"),
		"files/data/extra.txt": []byte("extra\n"),
	})
	c.Dirs = map[string]fstest.MapFS{"folder": dir}
	r := pipelinetest.Run(t, c)
	want := `age 30 40 extra
data/extra.txt x
inputs/folder/z x
inputs/ages.csv
inputs/folder/sub-a
inputs/folder/sub/a
inputs/plain
inputs/table-2.arrow
three
`
	want = strings.Replace(want, "age 30 40 extra", "age\n30\n40\nextra", 1)
	if diff := cmp.Diff(want, messages(r.Log)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// messages takes the texts out of a log.
func messages(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		b.WriteString(strings.Trim(text, `"`) + "\n")
	}
	return b.String()
}

func TestTableAsCSV(t *testing.T) {
	r := pipelinetest.Run(t, newCase(`{shell: "printf 'line\\na\\nb\\n' > outputs/t.csv; cp $PIPE_INPUT_AGES outputs/u.arrow", outputs: {t: table, u: table}}`,
		map[string][]byte{"ages": people(t, []int64{1, 2})}))
	if got := messages(r.Log); !strings.HasPrefix(got, "read outputs/t.csv\" rows=2 ") {
		t.Errorf("log %q", got)
	}
	for name, want := range map[string]string{"t": "line\na\nb\n", "u": "age\n1\n2\n"} {
		in, err := table.Open(bytes.NewReader(r.Outputs[name]), int64(len(r.Outputs[name])))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := table.WriteCSV(&b, in); err != nil || b.String() != want {
			t.Errorf("%s is %q, %v; want %q", name, b.String(), err, want)
		}
	}
}

func TestEnvironmentIsOnlyWhatIsDeclared(t *testing.T) {
	r := pipelinetest.Run(t, newCase(`
shell: |
  env | grep -v '^\(PWD\|SHLVL\|_\|OLDPWD\)=' | sed "s|$PWD|WORK|" | sort > outputs/my-vars
outputs: {my-vars: file}
env: [TOKEN, EMPTY]
set: {GREETING: hello world}
`, map[string][]byte{"in": nil}))
	want := `EMPTY=
GREETING=hello world
HOME=WORK/home
LANG=C.UTF-8
PATH=/usr/local/bin:/usr/bin:/bin
PIPE_INPUT_IN=WORK/inputs/in
PIPE_OUTPUT_MY_VARS=WORK/outputs/my-vars
PIPE_SEED=7
PIPE_THREADS=2
PYTHONHASHSEED=0
TMPDIR=WORK/home
TOKEN=hunter2
`
	if diff := cmp.Diff(want, string(r.Outputs["my-vars"])); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestArgumentsAreNeverSplit(t *testing.T) {
	r := pipelinetest.Run(t, newCase(`
command: [sh, -c, 'printf "<%s>" "$@" > outputs/args', sh, a b, '', '*', "it's $HOME"]
outputs: {args: file}
`, nil))
	if got, want := string(r.Outputs["args"]), "<a b><><*><it's $HOME>"; got != want {
		t.Errorf("arguments are %s, want %s", got, want)
	}
}

func TestTablesAreStoredInCanonicalForm(t *testing.T) {
	run := func(batches ...[]int64) []byte {
		return pipelinetest.Run(t, newCase(`{command: [cp, inputs/t.arrow, outputs/t], outputs: {t: table}}`,
			map[string][]byte{"t": people(t, batches...)})).Outputs["t"]
	}
	a, b := run([]int64{1, 2, 3}), run([]int64{1}, []int64{2, 3})
	if !bytes.Equal(a, b) {
		t.Error("the batches of the command show in the bytes")
	}
	r, err := table.Open(bytes.NewReader(a), int64(len(a)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.NumRows() != 3 {
		t.Errorf("%d rows, want 3", r.NumRows())
	}
}

func TestMetricsAreRecorded(t *testing.T) {
	r := pipelinetest.Run(t, newCase(`
shell: |
  echo '{"accuracy": 0.97, "by_class": {"a": 1}, "name": "x", "none": null}' > outputs/m
outputs: {m: metrics}
`, nil))
	if diff := cmp.Diff(map[string]float64{"accuracy": 0.97}, r.Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestFailures(t *testing.T) {
	tests := []struct{ name, with, want, hint string }{
		{"exit status", `{shell: "echo first; echo second >&2; exit 3", outputs: {a: file}}`,
			"sh: exit status 3; its last lines:\n  first\n  second", ""},
		{"first failing command", `{shell: "false; : > outputs/a", outputs: {a: file}}`,
			"sh: exit status 1", ""},
		{"signal", `{shell: "kill -9 $$", outputs: {a: file}}`,
			"sh: signal: killed", ""},
		{"no such program", `{command: [pyhton3], outputs: {a: file}}`,
			`program "pyhton3" is not in PATH`, "PATH is /usr/local/bin:/usr/bin:/bin"},
		{"script that is not listed", `{command: [./run.sh], outputs: {a: file}}`,
			"./run.sh: no such file or directory", "the command runs in an empty folder of its own: a script of yours must be listed in files"},
		{"program of a virtual environment", `{command: [../venv/bin/python, x.py], outputs: {a: file}}`,
			"../venv/bin/python: no such file or directory", "the command runs in an empty folder of its own: write the whole path of the program, or activate its environment before you start pipe, which passes PATH on, and name the program without a folder"},
		{"program that is not at its path", `{command: [/nowhere/python], outputs: {a: file}}`,
			"/nowhere/python: no such file or directory", "install it there, or name it without a folder, to be found in PATH"},
		{"missing output", `{command: ["true"], outputs: {out-1: file}}`,
			"the command did not write its output outputs/out-1", "its full path is in the variable PIPE_OUTPUT_OUT_1"},
		{"undeclared output", `{shell: ": > outputs/a; : > outputs/b.csv; mkdir outputs/c", outputs: {a: file}}`,
			"the command wrote what it did not declare: outputs/b.csv, outputs/c", "declare it in outputs, under this very name, or write it elsewhere"},
		{"folder instead of file", `{shell: "mkdir outputs/a", outputs: {a: file}}`,
			"outputs/a is a folder, but declared as file", "declare it as directory"},
		{"file instead of folder", `{shell: ": > outputs/a", outputs: {a: directory}}`,
			"outputs/a is declared as a directory, but is not a folder", ""},
		{"link", `{shell: "ln -s /etc/passwd outputs/a", outputs: {a: file}}`,
			"outputs/a is not a regular file but a symbolic link", "write the bytes themselves: what a link or a device stands for may be different tomorrow"},
		{"named pipe", `{shell: "mkfifo outputs/a", outputs: {a: file}}`,
			"outputs/a is not a regular file but a named pipe", "write the bytes themselves: what a link or a device stands for may be different tomorrow"},
		{"link to a device", `{shell: "ln -s /dev/zero outputs/a", outputs: {a: file}}`,
			"outputs/a is not a regular file but a symbolic link", "write the bytes themselves: what a link or a device stands for may be different tomorrow"},
		{"link to a folder", `{shell: "ln -s /etc outputs/a", outputs: {a: directory}}`,
			"outputs/a is declared as a directory, but is not a folder", ""},
		{"other folder in place of outputs", `{shell: "rmdir outputs; ln -s /etc outputs", outputs: {passwd: file}}`,
			"the command removed the folder outputs, or put something else in its place", "write the outputs into the folder that is there"},
		{"no folder outputs", `{shell: "rmdir outputs", outputs: {a: file}}`,
			"the command removed the folder outputs, or put something else in its place", "write the outputs into the folder that is there"},
		{"named pipe in a folder", `{shell: "mkdir outputs/a; mkfifo outputs/a/b", outputs: {a: directory}}`,
			`output "a": b: it is not a regular file but a named pipe`, "a directory artifact holds files only: remove it or write it elsewhere"},
		{"link in a folder", `{shell: "mkdir outputs/a; ln -s /etc/passwd outputs/a/b", outputs: {a: directory}}`,
			`output "a": b: it is not a regular file but a symbolic link`,
			"a directory artifact holds files only: replace the link by a copy of what it points to, for example with cp -rL"},
		{"no table", `{shell: "echo a,b > outputs/a", outputs: {a: table}}`,
			`output "a": not an Arrow file or stream, or only a part of one`, "write an Arrow IPC file or stream; for CSV, name the file outputs/a.csv"},
		{"two tables", `{shell: ": > outputs/a; : > outputs/a.csv", outputs: {a: table}}`,
			"the command wrote what it did not declare: outputs/a.csv", "declare it in outputs, under this very name, or write it elsewhere"},
		{"file with an ending", `{shell: ": > outputs/a.csv", outputs: {a: file}}`,
			"the command did not write its output outputs/a\nthe command wrote what it did not declare: outputs/a.csv",
			"its full path is in the variable PIPE_OUTPUT_A\ndeclare it in outputs, under this very name, or write it elsewhere"},
		{"no data set", `{command: [cp, inputs/t.arrow, outputs/a], outputs: {a: dataset}}`,
			`output "a": `, ""},
		{"no metrics", `{shell: "echo 1 > outputs/a", outputs: {a: metrics}}`,
			`output "a": not a metrics document: `, `write a JSON object such as {"accuracy": 0.97}`},
		{"variable that is not set", `{command: ["true"], env: [ABSENT], outputs: {a: file}}`,
			"not set, though env or secrets of the stage name it: ABSENT", "set it before you start pipe: export ABSENT=..."},
		{"format of an input that is not there", `{command: ["true"], formats: {tabel: csv}, outputs: {a: file}}`,
			`formats: "tabel" is not connected; the inputs are t`, "formats is for inputs; a table among the outputs is Arrow, or CSV if its file is named outputs/NAME.csv"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, newCase(tt.with, map[string][]byte{"t": people(t, []int64{1})}))
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); !strings.HasPrefix(got, tt.want) || tt.want[len(tt.want)-1] != ' ' && got != tt.want {
				t.Errorf("error %q, want %q", got, tt.want)
			}
			if got := diag.HintOf(err); got != tt.hint {
				t.Errorf("hint %q, want %q", got, tt.hint)
			}
		})
	}
}

// A file with holes takes no space in the work folder, but would in the store.
func TestOutputLargerThanTheDisk(t *testing.T) {
	_, err := pipelinetest.RunErr(t, newCase(`{shell: "truncate -s 4E outputs/a || truncate -s 8T outputs/a", outputs: {a: file}}`, nil))
	if err == nil || !strings.Contains(err.Error(), "are free on the disk") {
		t.Errorf("error %v", err)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct{ with, want string }{
		{`{outputs: {a: file}}`, "there is no command"},
		{`{command: [a], shell: b, outputs: {a: file}}`, "command and shell cannot both be given"},
		{`{command: [""], outputs: {a: file}}`, "the program is empty"},
		{`{command: ["a\0"], outputs: {a: file}}`, "an argument cannot contain a NUL character"},
		{`{command: [a], outputs: {a: tabel}}`, `"tabel" is not a type of an output`},
		{`{command: [a], outputs: {a b: file}}`, `the name of an output cannot be "a b"`},
		{`{command: [a], outputs: {a-b: file, A_B: file}}`, `"a-b" and "A_B" have the same variable PIPE_OUTPUT_A_B`},
		{`{command: [a], outputs: {a: file}, files: [../x]}`, "../x is not below the folder of the pipeline file"},
		{`{command: [a], outputs: {a: file}, files: [x/../inputs/a]}`, "the folder inputs of the work folder has another use"},
		{`{command: [a], outputs: {a: file}, files: ["https://h/"]}`, "https://h/ names no file"},
		{`{command: [a], outputs: {a: file}, files: ["https://h/x/.."]}`, "is not below the folder of the pipeline file"},
		{`{command: [a], outputs: {a: file}, files: ["https://h/x", x]}`, "x is there twice"},
		{`{command: [a], outputs: {a: file}, files: ["https://h/x?v=1#x"]}`, "no SHA-256"},
		{`{command: [a], outputs: {a: file}, env: [a-b]}`, `"a-b" is not a name of a variable`},
		{`{command: [a], outputs: {a: file}, env: [PIPE_SEED]}`, "names that begin with PIPE_ are set by pipe"},
		{`{command: [a], outputs: {a: file}, env: [A], set: {A: b}}`, "A is there twice"},
		{`{command: [a], outputs: {a: file}, formats: {x: parquet}}`, `"parquet" is not a format of an input`},
	}
	for _, tt := range tests {
		_, err := pipeline.DecodeStage(Kind(surroundings, NewSupervisor()), tt.with)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\nerror %v\nwant %s", tt.with, err, tt.want)
		}
	}
}

func TestPrivateKeyPartsAreTheValuesOfEnv(t *testing.T) {
	stage := pipelinetest.Decode(t, Kind(surroundings, NewSupervisor()), `{command: [a], outputs: {a: file}, env: [TOKEN, EMPTY, ABSENT], secrets: [HOME]}`)
	got := stage.(pipeline.PrivateKeyContributor).PrivateKeyParts()
	want := []artifacts.KeyPart{
		{Name: "env.TOKEN", Value: "hunter2"},
		{Name: "env.EMPTY", Value: ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("key parts (-want +got):\n%s", diff)
	}
}
