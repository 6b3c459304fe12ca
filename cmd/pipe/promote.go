package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/models"
)

func (a *app) promoteCommand() *cobra.Command {
	var (
		to, reason string
		asJSON     bool
	)
	cmd := &cobra.Command{
		Use:   "promote MODEL --to LABEL",
		Short: "Give a label such as production to a model",
		Long: `Give a label to a model, and take it from the model of the same pipeline that has it. PIPELINE@LABEL then names the
model wherever a reference is expected. Who decided, when, why, and what was measured of the model is recorded for
good; pipe models --history lists it. To go back, promote the earlier model again.

A pipeline can promote by itself, when a run has succeeded and all conditions hold:

  score:
    uses: evaluate
    promote: {to: production, when: {accuracy: ">= 0.95", better_than: production}}

Such a gate leaves a model alone that a user has promoted to the label or retired from it.

` + refHelp,
		Example: `  pipe promote penguins --to production --reason "fewer false alarms in the field"
  pipe promote penguins@staging --to production
  pipe promote 20261123T031500-3f9a2c/model --to production
  pipe promote 9f86d081 --to staging`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			if to == "" {
				return diag.Usage(diag.WithHint(errors.New("missing flag --to LABEL"), "for example: pipe promote "+diag.ShellWord(words[0])+" --to production"))
			}
			if err := pipeline.CheckLabel(to); err != nil {
				return diag.Usage(fmt.Errorf("--to: %w", err))
			}
			return withWorkspace(a.host.OpenNearestToWrite, func(ws *workspace.Workspace) error {
				done, err := models.Promote(cmd.Context(), ws, words[0], to, actor(), reason)
				if err != nil {
					return err
				}
				if asJSON {
					return ui.WriteJSON(a.out, done)
				}
				ev := done.Event
				if done.Outcome == registry.Holds {
					fmt.Fprintf(a.out, "%s@%s is %s already, since %s\n", ev.Pipeline, ev.Label, ev.Model.Short(), ui.LocalTime(ev.Time))
					return nil
				}
				fmt.Fprintf(a.out, "%s@%s is now %s%s\n", ev.Pipeline, ev.Label, ev.Model.Short(), inBrackets(metricsOfEvent(ev)))
				if !ev.Previous.IsZero() {
					fmt.Fprintf(a.out, "before it was %s\n", ev.Previous.Short())
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the label: production, staging, or any name")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who ask later")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

func (a *app) retireCommand() *cobra.Command {
	var (
		reason string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "retire PIPELINE@LABEL",
		Short: "Take a label from the model that has it",
		Long: `Take a label from the model that has it, so that no model has it. The model stays, and so does the record of what it
was; pipe promote gives the label to a model again.`,
		Example: `  pipe retire penguins@production --reason "the sensors were replaced"`,
		Args:    args(cobra.ExactArgs(1)),
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.heldLabels(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, words []string) error {
			name, label, ok := strings.Cut(words[0], "@")
			if !ok || name == "" || label == "" {
				return diag.Usage(diag.WithHint(fmt.Errorf("%q is no label of a pipeline", words[0]), "write PIPELINE@LABEL, such as penguins@production"))
			}
			return withWorkspace(a.host.OpenNearestToWrite, func(ws *workspace.Workspace) error {
				ev, err := models.Retire(cmd.Context(), ws, name, label, actor(), reason)
				if err != nil {
					return err
				}
				if asJSON {
					return ui.WriteJSON(a.out, ev)
				}
				fmt.Fprintf(a.out, "%s@%s is no model any more; it was %s\n", name, label, ev.Model.Short())
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who ask later")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// actor is the login name of whoever runs pipe; empty if the system has none.
func actor() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// heldLabels lists PIPELINE@LABEL of every label that a model has; nothing if
// that cannot be found out.
func (a *app) heldLabels(ctx context.Context) []string {
	ws, err := a.host.OpenNearest()
	if err != nil {
		return nil
	}
	defer ws.Close()
	names, _ := models.LabelNames(ctx, ws)
	return names
}
