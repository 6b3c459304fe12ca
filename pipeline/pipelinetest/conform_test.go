package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// repeat writes its input several times, and misbehaves as its fault says.
type repeat struct {
	Times  int               `yaml:"times" default:"2" min:"1" doc:"How many copies to write."`
	Header settings.FilePath `yaml:"header" doc:"A file that is written first."`

	fault string
	count *int // runs so far, over all stages of the kind
}

func (s *repeat) Run(ctx context.Context, env pipeline.Env) error {
	*s.count++
	if s.fault == "reads nothing" {
		_, err := env.Create("out")
		return err
	}
	if err := ctx.Err(); err != nil && s.fault != "ignores its context" {
		return err
	}
	if s.fault == "has no output" {
		return nil
	}
	data, err := s.read(env)
	if err != nil {
		return err
	}
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	for range s.Times {
		out.Write(data)
	}
	env.Metric("bytes", float64(len(data)*s.Times), metric.Meaning{})
	env.Point("copies", int64(s.Times), 1)
	env.Log().Info("done", "copies", s.Times)
	return s.misbehave(env, out)
}

func (s *repeat) read(env pipeline.Env) ([]byte, error) {
	in, err := env.Open("in")
	if err != nil {
		return nil, err
	}
	if s.fault != "leaves its input open" {
		defer in.Close()
	}
	data, err := io.ReadAll(in)
	switch {
	case err != nil:
		return nil, err
	case s.fault == "panics":
		_ = data[len("bytes#")-1]
	case !strings.HasSuffix(string(data), "#"):
		return nil, fmt.Errorf("%s: not complete", in.Name)
	}
	return data, nil
}

func (s *repeat) misbehave(env pipeline.Env, out io.Writer) error {
	switch s.fault {
	case "counts its runs":
		fmt.Fprint(out, *s.count)
	case "counts processors":
		fmt.Fprint(out, runtime.GOMAXPROCS(0))
	case "counts threads":
		env.Metric("threads", float64(env.Threads()), metric.Meaning{})
	case "asks for a seed":
		env.Seed()
	case "is stopped by a requirement":
		return &pipeline.RequirementError{Failed: []string{"too few"}}
	}
	return nil
}

func repeatKind(fault string) pipeline.Kind {
	count := 0
	return pipeline.Kind{
		Name: "repeat", Version: 1, Doc: "Writes its input several times.",
		Example: "copies:\n  uses: repeat\n  with: {times: 3}\n",
		Inputs:  []pipeline.Port{{Name: "in", Type: pipeline.Table, Doc: "What to copy."}},
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "The copies."}},
		New:     func() pipeline.Stage { return &repeat{fault: fault, count: &count} },
	}
}

func repeatCase(fault string) Case {
	return Case{Kind: repeatKind(fault), Inputs: map[string][]byte{"in": []byte("bytes#")}}
}

func TestRun(t *testing.T) {
	c := repeatCase("")
	c.With = "times: 3"
	r := Run(t, c)
	if got, want := string(r.Outputs["out"]), "bytes#bytes#bytes#"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
	if got, want := r.Metrics["bytes"], 18.0; got != want {
		t.Errorf("metric: got %v, want %v", got, want)
	}
	if got, want := r.Points, (Point{"copies", 3, 1}); len(got) != 1 || got[0] != want {
		t.Errorf("points: got %v, want %v", got, want)
	}
	if got, want := r.Log, "level=INFO msg=done copies=3\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

// fileReader copies an external file.
type fileReader struct {
	Path settings.FilePath `yaml:"path" required:"true" doc:"The file."`
}

func (s *fileReader) Run(ctx context.Context, env pipeline.Env) error {
	in, err := env.Open("path")
	if err != nil {
		return err
	}
	defer in.Close()
	return fmt.Errorf("%s: %v", in.Name, env.Inputs())
}

func TestExternalFileIsReadBySettingName(t *testing.T) {
	k := pipeline.Kind{Name: "read", Version: 1, New: func() pipeline.Stage { return new(fileReader) }}
	_, err := RunErr(t, Case{Kind: k, With: "path: data/a.csv", Inputs: map[string][]byte{"path": []byte("x")}})
	if want := "data/a.csv: [path]"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOutputsSurviveAGateOnly(t *testing.T) {
	r, err := RunErr(t, repeatCase("is stopped by a requirement"))
	var unmet *pipeline.RequirementError
	if !errors.As(err, &unmet) || len(r.Outputs) != 1 {
		t.Errorf("unmet: got %d outputs and error %v, want 1 and a RequirementError", len(r.Outputs), err)
	}
	c := repeatCase("")
	c.Inputs["in"] = []byte("cut")
	if r, err = RunErr(t, c); err == nil || len(r.Outputs) != 0 {
		t.Errorf("failure: got %d outputs and error %v, want none and an error", len(r.Outputs), err)
	}
}

func TestConform(t *testing.T) {
	Conform(t, repeatCase(""))
	Conform(t, repeatCase("is stopped by a requirement"))
}

// recorder is a testing.TB that notes failures in place of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.failures = append(r.failures, fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failuresOf runs a check and returns what it complained about.
func failuresOf(t *testing.T, check func(testing.TB, Case), c Case) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r, c)
	}()
	<-done
	return strings.Join(r.failures, "\n")
}

func TestChecksFindFaults(t *testing.T) {
	run := func(t testing.TB, c Case) { RunErr(t, c) }
	type test struct {
		fault string
		check func(testing.TB, Case)
		want  string
	}
	tests := []test{
		{"leaves its input open", run, "did not close the input"},
		{"has no output", run, `without its output "out"`},
		{"asks for a seed", run, "is not Seeded"},
		{"ignores its context", conformCancellation, "want context.Canceled"},
		{"panics", conformDamage, "panic: runtime error: index out of range"},
		{"reads nothing", conformDamage, "no error"},
		{"counts its runs", conformDeterminism, "a second run made other bytes"},
		{"counts threads", conformDeterminism, "a run on one thread had the metrics"},
	}
	if runtime.GOMAXPROCS(0) > 1 {
		tests = append(tests, test{"counts processors", conformDeterminism, "a run on one thread made other bytes"})
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			if got := failuresOf(t, tt.check, repeatCase(tt.fault)); !strings.Contains(got, tt.want) {
				t.Errorf("got failures %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCasesThatMakeNoSense(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Case)
		want string
	}{
		{"settings", func(c *Case) { c.With = "tmies: 2" }, `unknown key "tmies"`},
		{"missing input", func(c *Case) { c.Inputs = nil }, `needs the input "in"`},
		{"unknown input", func(c *Case) { c.Inputs["more"] = nil }, `no input "more"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := repeatCase("")
			tt.edit(&c)
			got := failuresOf(t, func(t testing.TB, c Case) { RunErr(t, c) }, c)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
