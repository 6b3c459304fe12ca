package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/base/jsondiff"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
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
			w, err := a.why(cmd, ws, ref, vs)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.out, whyJSON(w))
			}
			a.printWhy(w)
			return nil
		},
	}
	cmd.Flags().StringVar(&vs, "vs", "", "compare with this run in place of the one before")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
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

func (a *app) why(cmd *cobra.Command, ws *workspace.Workspace, word, vs string) (*runner.Why, error) {
	ctx := cmd.Context()
	ref, err := ws.DB.Resolve(ctx, word)
	if err != nil {
		return nil, err
	}
	if vs != "" {
		run, err := ws.DB.RunByRef(ctx, vs)
		if err != nil {
			return nil, err
		}
		vs = run.ID
	}
	// Resolve looks through a cached execution; here it is itself of interest.
	list, err := ws.DB.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	id := ref.Execution
	for _, e := range list {
		if e.Stage == ref.Stage {
			id = e.ID // the last attempt counts
		}
	}
	return runner.Explanation(ctx, ws.DB, id, vs)
}

func (a *app) printWhy(w *runner.Why) {
	e := w.Execution
	fmt.Fprintf(a.out, "%s  %s in run %s, %s\n", e.Stage, happened(e.Status), e.RunID, e.Started.Local().Format(time.DateTime))
	if w.Origin != nil {
		fmt.Fprintf(a.out, "because  run %s has made the same: key %s\n", w.Origin.RunID, e.Key)
	} else {
		fmt.Fprintf(a.out, "because  %s\n", diag.Visible(e.Reason))
	}
	switch {
	case e.Key.IsZero():
		fmt.Fprintf(a.out, "It has no key, since its inputs were not known: %s\n", diag.Visible(e.Error))
	case w.Against == nil:
		fmt.Fprintln(a.out, "There is no earlier execution of this stage.")
	case len(w.Changes) == 0:
		fmt.Fprintf(a.out, "\nnothing differs from run %s, where it %s\n", w.Against.RunID, happened(w.Against.Status))
	default:
		fmt.Fprintf(a.out, "\ncompared with run %s, where it %s:\n", w.Against.RunID, happened(w.Against.Status))
		a.printChanges(w.Changes)
		if len(w.Same) > 0 {
			fmt.Fprintf(a.out, "  the same: %s\n", strings.Join(w.Same, ", "))
		}
	}
	if w.Against != nil {
		for _, text := range programChanges(w.Against.Programs, e.Programs) {
			fmt.Fprintf(a.out, "  program %s; it is no part of the key\n", diag.Visible(text))
		}
	}
}

// programChanges says which programs of two executions are not the same.
func programChanges(old, new []lineage.Program) []string {
	texts := func(list, other []lineage.Program) (lines []string) {
		for _, p := range list {
			if !slices.Contains(other, p) {
				lines = append(lines, fmt.Sprintf("%s (%s)", p.Path, p.Hash.Short()))
			}
		}
		return lines
	}
	was, is := texts(old, new), texts(new, old)
	if len(was) == 0 || len(is) == 0 {
		return nil // one of them is of before programs were recorded
	}
	return []string{strings.Join(was, ", ") + " -> " + strings.Join(is, ", ")}
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

// printChanges prints what differs between two keys, part by part.
func (a *app) printChanges(changes []runner.Change) {
	for _, c := range changes {
		switch {
		case len(c.Fields) > 0:
			fmt.Fprintf(a.out, "  config\n")
			for _, f := range c.Fields {
				fmt.Fprintf(a.out, "    %s\n", diag.Visible(f.String()))
			}
		case strings.HasPrefix(c.Name, "input."):
			fmt.Fprintf(a.out, "  %s: %s -> %s\n", c.Name, shortValue(c.Old), shortValue(c.New))
			if cause := c.Cause; cause != "" {
				fmt.Fprintf(a.out, "    because %s\n", diag.Visible(cause))
			} else if c.From != "" {
				fmt.Fprintf(a.out, "    %s\n", diag.Visible(c.String()))
			}
		default:
			fmt.Fprintf(a.out, "  %s: %s -> %s\n", c.Name, diag.Visible(orNone(c.Old, c.Added)), diag.Visible(orNone(c.New, c.Removed)))
		}
	}
}

// shortValue shortens an artifact ID.
func shortValue(id string) string {
	if id == "" {
		return "(none)"
	}
	return id[:min(12, len(id))]
}

func orNone(v string, none bool) string {
	if none {
		return "(none)"
	}
	return v
}

// A changeJSON is a part of a key that differs.
type changeJSON struct {
	Part   string            `json:"part"`
	Old    *string           `json:"old"` // null: there was none
	New    *string           `json:"new"` // null: there is none
	Fields []jsondiff.Change `json:"fields,omitempty"`
	From   string            `json:"from,omitempty"`
	Cause  string            `json:"cause,omitempty"`
}

func changesJSON(changes []runner.Change) []changeJSON {
	list := make([]changeJSON, 0, len(changes))
	for _, c := range changes {
		j := changeJSON{Part: c.Name, Fields: c.Fields, From: c.From, Cause: c.Cause}
		if !c.Added {
			j.Old = &c.Old
		}
		if !c.Removed {
			j.New = &c.New
		}
		list = append(list, j)
	}
	return list
}

func whyJSON(w *runner.Why) any {
	doc := map[string]any{
		"run": w.Execution.RunID, "stage": w.Execution.Stage, "status": w.Execution.Status, "reason": w.Execution.Reason,
		"execution": w.Execution.ID, "changes": changesJSON(w.Changes), "same": append([]string{}, w.Same...), "against": nil,
	}
	if !w.Execution.Key.IsZero() {
		doc["key"] = w.Execution.Key.String()
	}
	if w.Origin != nil {
		doc["cached_from"] = map[string]any{"run": w.Origin.RunID, "execution": w.Origin.ID}
	}
	if w.Against != nil {
		doc["against"] = map[string]any{"run": w.Against.RunID, "execution": w.Against.ID, "status": w.Against.Status, "key": w.Against.Key.String()}
	}
	return doc
}
