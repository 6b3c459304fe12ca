package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/runner"
	"pipe/workspace/content"
)

func (a *app) verifyCommand() *cobra.Command {
	var (
		jobs   int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Execute a past run again in a clean room and compare every artifact",
		Long: `Execute every stage of a past run again, in an empty store, and compare each artifact with the one that the run
recorded. A stage is fed with the recorded bytes of its inputs, so each one is judged by itself, and all that
differ are named: with the first column and row of a table, the first tensor and element of a model, the
first path of a JSON document, or the first byte. Nothing is taken from the cache and nothing is recorded.

RUN is "latest", the name of a pipeline for its latest run, or a run ID or the beginning of one.
The exit code is 0 if all bytes are the same, and 1 if not.`,
		Example: `  pipe verify latest
  pipe verify 20261123T031500-3f9a2c --json`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ctx := cmd.Context()
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			run, err := ws.DB.EndedRunByRef(ctx, words[0])
			if err != nil {
				return err
			}
			plan, err := ws.RecordedPlan(ctx, run)
			if err != nil {
				return err
			}
			r, err := ws.Runner(jobs)
			if err != nil {
				return err
			}
			v, err := r.Verify(ctx, plan, run, content.Comparer{})
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(a.out, verificationJSON(v))
			} else {
				a.printVerification(v)
			}
			if err != nil {
				return err
			}
			return verdict(v)
		},
	}
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printVerification(v *runner.Verification) {
	paint := a.painter(a.out)
	nameW := 0
	for _, s := range v.Stages {
		nameW = max(nameW, width(s.Stage))
	}
	same, judged := 0, 0
	for _, s := range v.Stages {
		name := pad(s.Stage, nameW)
		if s.Skipped != "" {
			fmt.Fprintf(a.out, "  %s %s  not verified: %s\n", paint(dim, "-"), name, s.Skipped)
			continue
		}
		judged++
		if s.Same() {
			same++
			fmt.Fprintf(a.out, "  %s %s  same: %s\n", paint(green, "="), name, verifiedOutputs(s))
			continue
		}
		fmt.Fprintf(a.out, "  %s %s  %s\n", paint(red, "✗"), name, diag.Visible(firstFault(s)))
		for _, o := range s.Outputs {
			if !o.Same() {
				fmt.Fprintf(a.out, "      %s  %s %s -> %s\n", o.Port, o.Type, idOrNone(o.Recorded), idOrNone(o.Fresh))
			}
		}
		if len(s.Changes) > 0 {
			fmt.Fprintf(a.out, "    the key is another one than in that run:\n")
			a.printChanges(s.Changes)
		}
	}
	fmt.Fprintf(a.out, "run %s: %d of %s gave the same bytes again\n", v.RunID, same, plural(judged, "stage"))
}

func verifiedOutputs(s runner.VerifiedStage) string {
	var parts []string
	for _, o := range s.Outputs {
		parts = append(parts, o.Port+" "+o.Fresh.Short())
	}
	return join(parts...)
}

// firstFault says what is wrong with a stage.
func firstFault(s runner.VerifiedStage) string {
	if s.Err != nil {
		return "cannot be verified: " + s.Err.Error()
	}
	for _, o := range s.Outputs {
		if !o.Same() {
			return fmt.Sprintf("output %s differs: %s", o.Port, o.Difference)
		}
	}
	return ""
}

// verdict is the error that gives the exit code, nil if all is the same.
func verdict(v *runner.Verification) error {
	s := v.First()
	if s == nil {
		return nil
	}
	err := fmt.Errorf("run %s is not reproduced: stage %s: %s", v.RunID, s.Stage, firstFault(*s))
	switch {
	case s.Err != nil:
		return fmt.Errorf("run %s is not reproduced: stage %s: %w", v.RunID, s.Stage, s.Err)
	case len(s.Changes) > 0:
		return diag.WithHint(err, "this pipe or its environment is not the same as in that run, see the parts of the key above")
	}
	return diag.WithHint(err, fmt.Sprintf("stage %s (%s) is not deterministic: with the same inputs and seed it must write the same bytes, so no clock, "+
		"and no random numbers but from its seed", s.Stage, s.Kind))
}

func verificationJSON(v *runner.Verification) any {
	type output struct {
		Port       string `json:"port"`
		Type       string `json:"type"`
		Recorded   string `json:"recorded,omitempty"`
		Fresh      string `json:"fresh,omitempty"`
		Same       bool   `json:"same"`
		Difference string `json:"difference,omitempty"`
	}
	type stage struct {
		Stage   string       `json:"stage"`
		Kind    string       `json:"kind"`
		Same    bool         `json:"same"`
		Skipped string       `json:"skipped,omitempty"`
		Error   string       `json:"error,omitempty"`
		Outputs []output     `json:"outputs"`
		Changes []changeJSON `json:"key_changes,omitempty"`
	}
	doc := struct {
		Run    string  `json:"run"`
		Same   bool    `json:"same"`
		Stages []stage `json:"stages"`
	}{v.RunID, v.First() == nil, []stage{}}
	for _, s := range v.Stages {
		j := stage{Stage: s.Stage, Kind: s.Kind, Same: s.Same() && s.Skipped == "", Skipped: s.Skipped, Outputs: []output{}, Changes: changesJSON(s.Changes)}
		if s.Err != nil {
			j.Error = s.Err.Error()
		}
		for _, o := range s.Outputs {
			jo := output{Port: o.Port, Type: o.Type, Same: o.Same(), Difference: o.Difference}
			if !o.Recorded.IsZero() {
				jo.Recorded = o.Recorded.String()
			}
			if !o.Fresh.IsZero() {
				jo.Fresh = o.Fresh.String()
			}
			j.Outputs = append(j.Outputs, jo)
		}
		doc.Stages = append(doc.Stages, j)
	}
	return doc
}
