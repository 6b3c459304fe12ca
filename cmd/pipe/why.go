package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) whyCommand() *cobra.Command {
	var (
		vs     string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "why STAGE|RUN/STAGE [FILE]",
		Short: "Say why a stage ran, or why not",
		Long: `Say why a stage of a run had to run or was taken from the cache. Its key is compared part by part with that of
the newest earlier execution of the same stage, or with --vs with that in another run: settings, inputs with
the stage or file where the change began, seed, engine, versions, declared environment variables.

Without RUN it is the latest run; with FILE the latest run of the pipeline in that file.`,
		Example: `  pipe why model
  pipe why penguins/model
  pipe why score pipelines/penguins.yaml
  pipe why latest/model --vs 20261123T031500-3f9a2c`,
		Args:              args(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ws, ref, err := a.stageRef(words)
			if err != nil {
				return err
			}
			defer ws.Close()
			w, err := runs.Explain(cmd.Context(), ws, ref, vs)
			if err != nil {
				return err
			}
			if asJSON {
				return ui.WriteJSON(a.out, w)
			}
			a.printWhy(w)
			return nil
		},
	}
	cmd.Flags().StringVar(&vs, "vs", "", "compare with this run in place of the one before")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// stageRef opens the store that the words are about, and gives the reference
// RUN/STAGE.
func (a *app) stageRef(words []string) (*workspace.Workspace, string, error) {
	ref := words[0]
	if len(words) == 2 {
		if strings.Contains(ref, "/") {
			return nil, "", diag.Usagef("%s names a run already: leave out %s", ref, words[1])
		}
		plan, err := a.host.Load(words[1], pipeline.Options{})
		if err != nil {
			return nil, "", err
		}
		ws, err := a.host.OpenToRead(a.host.StoreOf(words[1]))
		return ws, plan.Pipeline + "/" + ref, err
	}
	if !strings.Contains(ref, "/") {
		ref = "latest/" + ref
	}
	ws, err := a.host.OpenNearest()
	return ws, ref, err
}

func (a *app) printWhy(w *runs.Why) {
	fmt.Fprintf(a.out, "%s  %s in run %s, %s\n", w.Stage, happened(w.Status), w.Run, w.Started.Local().Format(time.DateTime))
	if w.CachedFrom != nil {
		fmt.Fprintf(a.out, "because  run %s has made the same: key %s\n", w.CachedFrom.Run, w.Key)
	} else {
		fmt.Fprintf(a.out, "because  %s\n", diag.Visible(w.Reason))
	}
	switch {
	case w.Key.IsZero():
		fmt.Fprintf(a.out, "It has no key, since its inputs were not known: %s\n", diag.Visible(w.Error))
	case w.Against == nil:
		fmt.Fprintln(a.out, "There is no earlier execution of this stage.")
	case len(w.Changes) == 0:
		fmt.Fprintf(a.out, "\nnothing differs from run %s, where it %s\n", w.Against.Run, happened(w.Against.Status))
	default:
		fmt.Fprintf(a.out, "\ncompared with run %s, where it %s:\n", w.Against.Run, happened(w.Against.Status))
		a.printChanges(w.Changes, true)
		if len(w.Same) > 0 {
			fmt.Fprintf(a.out, "  the same: %s\n", strings.Join(w.Same, ", "))
		}
	}
	for _, text := range w.Programs {
		fmt.Fprintf(a.out, "  program %s; it is no part of the key\n", diag.Visible(text))
	}
}

func happened(s lineage.Status) string {
	switch s {
	case lineage.Succeeded:
		return "ran"
	case lineage.Cached:
		return "was cached"
	case lineage.RequirementFailed:
		return "ran and did not meet a requirement"
	case lineage.Interrupted:
		return "was interrupted"
	case lineage.Cancelled:
		return "was cancelled"
	case lineage.Skipped:
		return "was skipped"
	}
	return string(s)
}

// printChanges prints what differs between two keys, part by part. causes says to
// name the stage where a change of an input began, which a list of all stages need
// not.
func (a *app) printChanges(changes []runs.Change, causes bool) {
	for _, c := range changes {
		switch {
		case len(c.Fields) > 0:
			fmt.Fprintf(a.out, "  config\n")
			for _, f := range c.Fields {
				fmt.Fprintf(a.out, "    %s\n", diag.Visible(f.String()))
			}
		case strings.HasPrefix(c.Part, "input."):
			fmt.Fprintf(a.out, "  %s: %s -> %s\n", c.Part, shortValue(c.Old), shortValue(c.New))
			switch {
			case !causes && !c.File:
			case c.Cause != "":
				fmt.Fprintf(a.out, "    because %s\n", diag.Visible(c.Cause))
			case c.From != "":
				fmt.Fprintf(a.out, "    %s\n", diag.Visible(c.Text))
			}
		default:
			fmt.Fprintf(a.out, "  %s: %s -> %s\n", c.Part, textOr(c.Old), textOr(c.New))
		}
	}
}

// shortValue shortens an artifact ID.
func shortValue(id *string) string {
	if id == nil || *id == "" {
		return "(none)"
	}
	return (*id)[:min(12, len(*id))]
}

func orNone(v string) string {
	if v == "" {
		return "(none)"
	}
	return v
}
