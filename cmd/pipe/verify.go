package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) verifyCommand() *cobra.Command {
	var (
		jobs      int
		tolerance float64
		asJSON    bool
		allowExec bool
	)
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Execute a past run again in a clean room and compare every artifact",
		Long: `Execute every stage of a past run again, in an empty store, and compare each artifact with the one that the run
recorded. A stage is fed with the recorded bytes of its inputs, so each one is judged by itself, and all that
differ are named: with the first column and row of a table, the first tensor and element of a model, the
first path of a JSON document, or the first byte. Nothing is taken from the cache and nothing is recorded.

A model that was trained on a GPU which this machine does not have, with deterministic: false, or on one device after
the other cannot be made again to the bit. It is trained on what there is, and its metrics are compared: each may
differ by --tolerance, as a share of what it has changed by in the course of training.

Commands of a run that pipe import has brought are somebody else's, and run with --allow-exec only.

RUN is "latest", the name of a pipeline for its latest run, or a run ID or the beginning of one.
The exit code is 0 if all bytes are the same, or metrics are within the tolerance where bytes need not be, and 1 if not.`,
		Example: `  pipe verify latest
  pipe verify 20261123T031500-3f9a2c --json`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ctx := cmd.Context()
			if !(tolerance >= 0) {
				return diag.Usagef("--tolerance must be at least 0, not %v", tolerance)
			}
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				v, err := runs.Verify(ctx, ws, words[0], jobs, tolerance, allowExec)
				if err != nil {
					return err
				}
				if asJSON {
					err = ui.WriteJSON(a.out, v)
				} else {
					a.printVerification(v)
				}
				if err != nil {
					return err
				}
				return v.Err()
			})
		},
	}
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	cmd.Flags().Float64Var(&tolerance, "tolerance", runner.DefaultTolerance, "how far metrics may be apart where bytes may differ, see above")
	allowExecFlag(cmd, &allowExec)
	a.gpuFlag(cmd)
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

func (a *app) printVerification(v *runs.Verification) {
	paint := a.painter(a.out)
	nameW := 0
	for _, s := range v.Stages {
		nameW = max(nameW, ui.Width(s.Stage))
	}
	same, near, judged := 0, 0, 0
	for _, s := range v.Stages {
		name := ui.Pad(s.Stage, nameW)
		if s.Skipped != "" {
			fmt.Fprintf(a.out, "  %s %s  not verified: %s\n", paint(ui.Dim, "-"), name, s.Skipped)
			continue
		}
		judged++
		if s.Same {
			same++
			fmt.Fprintf(a.out, "  %s %s  same: %s\n", paint(ui.Green, "="), name, verifiedOutputs(s))
			continue
		}
		if s.Close {
			near++
			fmt.Fprintf(a.out, "  %s %s  %s\n", paint(ui.Yellow, "≈"), name, verifiedValues(s))
		} else {
			fmt.Fprintf(a.out, "  %s %s  %s\n", paint(ui.Red, "✗"), name, diag.Visible(s.Fault))
		}
		if s.Inexact != "" {
			fmt.Fprintf(a.out, "      compared by its metrics, within %.2g: %s\n", v.Tolerance, diag.Visible(s.Inexact))
		}
		if s.Close {
			for _, o := range s.Outputs {
				fmt.Fprintf(a.out, "      %s: %s\n", o.Port, diag.Visible(o.Difference))
			}
			continue
		}
		for _, o := range s.Outputs {
			if !o.Same {
				fmt.Fprintf(a.out, "      %s  %s %s -> %s\n", o.Port, o.Type, idOrNone(o.Recorded), idOrNone(o.Fresh))
			}
		}
		if len(s.Changes) > 0 {
			fmt.Fprintf(a.out, "    the key is another one than in that run:\n")
			a.printChanges(s.Changes, true)
		}
	}
	nearly := ""
	if near > 0 {
		nearly = fmt.Sprintf(", %d the same within %.2g", near, v.Tolerance)
	}
	fmt.Fprintf(a.out, "run %s: %d of %s gave the same bytes again%s\n", v.Run, same, ui.Plural(judged, "stage"), nearly)
}

// verifiedValues are the metrics that a stage is judged by.
func verifiedValues(s runs.VerifiedStage) string {
	var parts []string
	for _, x := range s.Values {
		parts = append(parts, fmt.Sprintf("%s %.4g -> %.4g", x.Name, x.Recorded, x.Fresh))
	}
	return ui.Join(parts...)
}

func verifiedOutputs(s runs.VerifiedStage) string {
	var parts []string
	for _, o := range s.Outputs {
		parts = append(parts, o.Port+" "+o.Fresh.Short())
	}
	return ui.Join(parts...)
}
