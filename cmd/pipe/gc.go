package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/workspace"
)

func (a *app) gcCommand() *cobra.Command {
	var yes, asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Say which old runs and artifacts can go, or delete them with --yes",
		Long: `List what the retention rules of the store no longer keep: old runs, and the artifacts that nothing else needs.
Nothing is deleted without --yes. The rules are in the file config.yaml of the store:

  retention:
    keep_runs: 10          # the newest of each pipeline that gave a result
    keep_days: 30          # and all that are younger
    keep_failed_days: 7    # failed, interrupted and cancelled runs that are younger

The newest run of each pipeline, promoted models, and whatever kept artifacts were made from, down to the bytes of
the source files, stay in any case. Runs may go on meanwhile: what they may be using goes with the next pipe gc.
Artifacts that are younger than an hour stay too. The checkpoint of a stage that was killed stays as long as a failed
run does, unless the stage was finished since then or is at work.`,
		Example: `  pipe gc
  pipe gc --yes
  pipe gc --json | jq .bytes`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.host.FindStore()
			if err != nil {
				return err
			}
			ws, err := a.host.Open(dir)
			if err != nil {
				return err
			}
			defer ws.Close()
			c, err := ws.Config()
			if err != nil {
				return err
			}
			g := &gc{ws: ws, rule: c.Retention.Rule()}
			if err := g.plan(cmd.Context()); err != nil {
				return err
			}
			if yes {
				if err := g.execute(cmd.Context()); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(a.out, g.json())
			}
			return g.print(a, limit)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "delete what would otherwise only be listed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many artifacts to list; 0 is all")
	return cmd
}

// A gc is one invocation of the command.
type gc struct {
	ws    *workspace.Workspace
	rule  lineage.Retention
	runs  *lineage.GCPlan
	stray int // artifacts that no run ever referred to, or none any more
	list  []lineage.Garbage
	bytes int64

	checkpoints int   // of unfinished work that nobody is likely to take up again
	unfinished  int64 // their size

	logs logFolders

	done  bool
	rows  lineage.Forgotten
	swept artifacts.Swept
}

// plan finds out what would go: rows by the retention rule, bytes by what the
// store would sweep after that.
func (g *gc) plan(ctx context.Context) (err error) {
	if g.runs, err = g.ws.DB.PlanGC(ctx, g.rule); err != nil {
		return err
	}
	live, err := g.ws.DB.Referenced(ctx)
	if err != nil {
		return err
	}
	known := map[artifacts.ID]lineage.Garbage{}
	for _, x := range g.runs.Artifacts {
		known[x.ID] = x
		delete(live, x.ID)
	}
	garbage, err := g.ws.Store.Garbage(ctx, func(id artifacts.ID) bool { return live[id] })
	if err != nil {
		return err
	}
	for _, info := range garbage {
		x, ok := known[info.ID]
		if !ok {
			g.stray++
			x = lineage.Garbage{ID: info.ID, Name: "(no run refers to it)", LastUse: info.ModTime}
		}
		x.Size = info.Size
		g.bytes += info.Size
		g.list = append(g.list, x)
	}
	slices.SortStableFunc(g.list, func(a, b lineage.Garbage) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Name, b.Name))
	})
	return errors.Join(g.planLogs(ctx), g.planCheckpoints(ctx))
}

// planCheckpoints counts the checkpoints that would go.
func (g *gc) planCheckpoints(ctx context.Context) error {
	list, err := g.ws.Store.Checkpoints()
	if err != nil {
		return err
	}
	for _, c := range list {
		keep, err := g.keepCheckpoint(ctx, c)
		if err != nil {
			return err
		}
		if !keep && time.Since(c.Saved) > artifacts.Grace && !g.ws.Store.Claimed(c.Name) {
			g.checkpoints++
			g.unfinished += c.Size
		}
	}
	return nil
}

// keepCheckpoint keeps a checkpoint as long as the failed run that it is of,
// unless the work has been done since then.
func (g *gc) keepCheckpoint(ctx context.Context, c artifacts.CheckpointInfo) (bool, error) {
	if time.Since(c.Saved) > g.rule.FailedAge {
		return false, nil
	}
	key, err := artifacts.ParseKey(c.Name)
	if err != nil {
		return false, nil
	}
	hit, err := g.ws.DB.Lookup(ctx, key)
	return err == nil && hit == nil, err
}

// sweepCheckpoints deletes those that planCheckpoints counts.
func (g *gc) sweepCheckpoints(ctx context.Context) error {
	var errs error
	removed, err := g.ws.Store.SweepCheckpoints(ctx, func(c artifacts.CheckpointInfo) bool {
		keep, err := g.keepCheckpoint(ctx, c)
		errs = errors.Join(errs, err)
		return keep || err != nil
	})
	g.checkpoints, g.unfinished = len(removed), 0
	for _, c := range removed {
		g.unfinished += c.Size
	}
	return errors.Join(err, errs)
}

// execute deletes rows first: a crash after that leaves bytes that the next
// one sweeps, and never a row without its bytes.
func (g *gc) execute(ctx context.Context) (err error) {
	if g.rows, err = g.ws.DB.Forget(ctx, g.runs); err != nil {
		return err
	}
	live, err := g.ws.DB.Referenced(ctx)
	if err != nil {
		return err
	}
	g.swept, err = g.ws.Store.Sweep(ctx, func(id artifacts.ID) bool { return live[id] })
	g.done = err == nil
	return errors.Join(err, g.sweepCheckpoints(ctx), g.sweepLogs(ctx))
}

func (g *gc) print(a *app, limit int) error {
	if len(g.list) > 0 {
		var rows [][]string
		for i, x := range g.list {
			if limit > 0 && i == limit {
				break
			}
			rows = append(rows, []string{x.ID.Short(), x.Type, bytesText(x.Size), x.LastUse.Local().Format(time.DateOnly), x.Name})
		}
		if err := writeTable(a.out, []string{"ARTIFACT", "TYPE", "SIZE", "LAST USE", "NAME"}, rows); err != nil {
			return err
		}
		if more := len(g.list) - len(rows); more > 0 {
			fmt.Fprintf(a.out, "and %d more (--limit 0 lists all)\n", more)
		}
		fmt.Fprintln(a.out)
	}
	what := fmt.Sprintf("%d of %s, %s with %s", len(g.runs.Runs), plural(len(g.runs.Runs)+g.runs.Kept, "run"),
		plural(len(g.list), "artifact"), bytesText(g.bytes))
	if g.checkpoints > 0 {
		what += fmt.Sprintf(", %s with %s", plural(g.checkpoints, "checkpoint"), bytesText(g.unfinished))
	}
	if len(g.logs.runs) > 0 {
		what += fmt.Sprintf(", the logs of %s with %s", plural(len(g.logs.runs), "run"), bytesText(g.logs.bytes))
	}
	switch {
	case g.done:
		fmt.Fprintf(a.out, "forgot %s; deleted %s with %s\n", plural(len(g.runs.Runs), "run"), plural(g.swept.Objects, "artifact"), bytesText(g.swept.Bytes))
		if g.checkpoints > 0 {
			fmt.Fprintf(a.out, "deleted %s of unfinished work with %s\n", plural(g.checkpoints, "checkpoint"), bytesText(g.unfinished))
		}
		if len(g.logs.runs) > 0 {
			fmt.Fprintf(a.out, "deleted the logs of %s with %s\n", plural(len(g.logs.runs), "run"), bytesText(g.logs.bytes))
		}
		if g.rows.Waiting > 0 {
			fmt.Fprintf(a.out, "%s may still be used by a run that goes on, and will go next time\n", plural(g.rows.Waiting, "execution"))
		}
	case len(g.list) == 0 && len(g.runs.Runs) == 0 && g.checkpoints == 0 && len(g.logs.runs) == 0:
		kept := fmt.Sprintf("all %d runs are kept", g.runs.Kept)
		if g.runs.Kept == 1 {
			kept = "the only run is kept"
		}
		fmt.Fprintf(a.out, "nothing to delete: %s\n", kept)
	default:
		fmt.Fprintf(a.out, "would delete %s; `pipe gc --yes` does\n", what)
	}
	return nil
}

func (g *gc) json() any {
	type item struct {
		ID      artifacts.ID `json:"id"`
		Name    string       `json:"name"`
		Type    string       `json:"type"`
		Size    int64        `json:"size"`
		LastUse time.Time    `json:"last_use"`
	}
	type run struct {
		ID       string         `json:"run"`
		Pipeline string         `json:"pipeline"`
		Status   lineage.Status `json:"status"`
		Started  time.Time      `json:"started_at"`
	}
	items, runs := []item{}, []run{}
	for _, x := range g.list {
		items = append(items, item(x))
	}
	for _, r := range g.runs.Runs {
		runs = append(runs, run(r))
	}
	out := map[string]any{"runs": runs, "kept_runs": g.runs.Kept, "artifacts": items, "bytes": g.bytes,
		"checkpoints": g.checkpoints, "checkpoint_bytes": g.unfinished, "logs": len(g.logs.runs), "log_bytes": g.logs.bytes, "deleted": g.done}
	if g.done {
		out["swept"] = map[string]any{"artifacts": g.swept.Objects, "bytes": g.swept.Bytes, "temps": g.swept.Temps,
			"executions": g.rows.Executions, "waiting": g.rows.Waiting}
	}
	return out
}
