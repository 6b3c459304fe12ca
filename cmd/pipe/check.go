package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace/check"
)

func (a *app) checkCommand() *cobra.Command {
	var fix, allowExec, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in the store, and repair it",
		Long: `Read every artifact of the store and compare its bytes with its name, read the whole lineage database, and look for
rows that point at artifacts which are missing. Damage is listed with the runs and stages that it touches, and
the exit code is 3. Files that were read where they are (copy: false), and have changed or are gone, are listed too;
they are no damage of the store.

With --repair, damaged objects are moved to quarantine/ in the store, never deleted, and made again as far as the
lineage says how: a stage is executed again with the settings and the inputs that were recorded, and counts only
if the bytes are the same; an external file is read again if it still has its content. What cannot be made again
is reported as lost. Commands of a run that pipe import has brought are somebody else's, and run with --allow-exec only.`,
		Example: `  pipe check
  pipe check --repair
  pipe check --json | jq '.findings[].id'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.host.FindStore()
			if err != nil {
				return err
			}
			rep, err := check.Store(cmd.Context(), a.host, dir, fix, allowExec)
			if err != nil {
				return err
			}
			if asJSON {
				if err := ui.WriteJSON(a.out, rep); err != nil || !rep.Damage {
					return err
				}
				return reported{check.ErrDamage}
			}
			a.printReport(rep, dir)
			return rep.Err()
		},
	}
	allowExecFlag(cmd, &allowExec)
	cmd.Flags().BoolVar(&fix, "repair", false, "put damaged objects into quarantine and make them again")
	a.gpuFlag(cmd)
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// printReport is for people.
func (a *app) printReport(rep *check.Report, dir string) {
	paint := a.painter(a.out)
	for _, problem := range rep.Database {
		fmt.Fprintf(a.out, "%s  %s\n", paint(ui.Red, "database"), diag.Visible(problem))
	}
	for _, path := range rep.Strangers {
		fmt.Fprintf(a.out, "%s  %s is no artifact; remove it\n", paint(ui.Red, "stranger"), diag.Visible(path))
	}
	for _, f := range rep.Findings {
		fmt.Fprintf(a.out, "%s  %s  %s\n", paint(ui.Red, f.State), f.ID, diag.Visible(f.Reason))
		for _, t := range f.Touched {
			verb := "read by"
			if t.Direction == "out" {
				verb = "made by"
			}
			fmt.Fprintf(a.out, "  %s %s/%s.%s  run %s\n", verb, diag.Visible(t.Pipeline), t.Stage, diag.Visible(t.Port), t.Run)
		}
		if f.More {
			fmt.Fprintf(a.out, "  and more runs\n")
		}
		if !f.Needed {
			fmt.Fprintf(a.out, "  nothing needs it\n")
		}
		if f.Quarantine != "" {
			fmt.Fprintf(a.out, "  moved to %s\n", f.Quarantine)
		}
		switch {
		case f.Repaired != "" && f.Needed:
			fmt.Fprintf(a.out, "  %s: %s\n", paint(ui.Green, "repaired"), diag.Visible(f.Repaired))
		case f.Lost != "" && f.State != check.Outside:
			fmt.Fprintf(a.out, "  %s: %s\n", paint(ui.Red, "lost"), diag.Visible(f.Lost))
		}
	}
	if n := len(rep.Leftovers); n > 0 {
		fmt.Fprintf(a.out, "%s of dead processes in %s; that is no damage\n", ui.Plural(n, "leftover"), filepath.Join(dir, "tmp"))
	}
	missing, damaged := 0, 0
	for _, f := range rep.Findings {
		switch f.State {
		case check.Missing:
			missing++
		case check.Damaged:
			damaged++
		}
	}
	fmt.Fprintf(a.out, "%s, %s: %d damaged, %d missing; database: %s\n",
		ui.Plural(rep.Objects, "artifact"), ui.Bytes(rep.Bytes), damaged, missing, databaseText(rep))
	switch n := rep.Changed(); {
	case n == 1:
		fmt.Fprintf(a.err, "warning: 1 file outside of the store, which was not copied, has changed or is gone\nhint: %sput it back as it was, or run the pipeline file, which reads it as it is now\n", itself(rep))
	case n > 1:
		fmt.Fprintf(a.err, "warning: %d files outside of the store, which were not copied, have changed or are gone\nhint: %sput them back as they were, or run the pipeline files, which read them as they are now\n", n, itself(rep))
	}
}

// itself says that nothing else is wrong, if that is so.
func itself(rep *check.Report) string {
	if rep.Damage {
		return ""
	}
	return "the store itself is whole; "
}

func databaseText(rep *check.Report) string {
	if len(rep.Database) == 0 {
		return "sound"
	}
	return ui.Plural(len(rep.Database), "problem")
}
