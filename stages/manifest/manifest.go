// Package manifest is the stage kind that lists what it is given: names,
// SHA-256 and a text, for release notes and for comparing files elsewhere.
package manifest

import (
	"context"
	"fmt"
	"strings"

	"pipe/pipeline"
)

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "manifest",
		Version: 1,
		Doc: `Writes a text, and lists the inputs with their SHA-256.

The list has the form of ` + "`sha256sum`" + `, so that ` + "`sha256sum -c`" + ` checks files that have the
names of the inputs. Each line of the text begins with ` + "`# `" + ` where there are inputs, and is as
it was written where there are none: a manifest without inputs is a small text file.`,
		Example: `release:
  uses: manifest
  inputs: {model: train.model, report: score.report}
  with: {text: "the model for the spring campaign"}
`,
		Inputs: []pipeline.Port{
			{Name: "*", Type: pipeline.Any, Doc: "what is listed, by name; none is allowed"},
		},
		Outputs: []pipeline.Port{
			{Name: "manifest", Type: pipeline.File, Doc: "the text, then a line `SHA-256  NAME` for each input, sorted by name"},
		},
		New: func() pipeline.Stage { return new(Stage) },
	}
}

// Stage is the configuration and the stage.
type Stage struct {
	Text string `yaml:"text" max:"65536" doc:"Written above the list. A line break at its end is added if it is missing."`
}

var _ pipeline.Stage = (*Stage)(nil)

// Run implements pipeline.Stage. The inputs are opened, which verifies them: a
// manifest never vouches for damaged bytes.
func (s *Stage) Run(ctx context.Context, env pipeline.Env) error {
	var b strings.Builder
	ports := env.Inputs()
	for _, line := range lines(s.Text) {
		if len(ports) > 0 {
			b.WriteString("# ")
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	for _, port := range ports {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, err := env.Open(port)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", in.ID(), port)
		if err := in.Close(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := env.Create("manifest")
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(b.String()))
	return err
}

// lines splits a text, without an empty line at its end.
func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
