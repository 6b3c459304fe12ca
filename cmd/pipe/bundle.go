package main

import (
	"fmt"
	"io"

	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/runs"

	"github.com/spf13/cobra"
)

func (a *app) exportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export RUN",
		Short: "Write a run with all that explains it to one file",
		Long: `Write a run to one file that pipe import reads on any machine: the pipeline, the parameters, every stage with its
key, metrics and curves, all artifacts of the run and of what it came from, and the report. The same run gives the same
bytes. It is a tar file: tar -xf takes it apart without pipe. docs/bundle.md describes the format.`,
		Example: `  pipe export latest
  pipe export penguins -o penguins.tar
  pipe export 20261123T031500-3f9a2c -o - | ssh elsewhere 'cat > run.tar'`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				run, err := ws.DB.EndedRunByRef(cmd.Context(), words[0])
				if err != nil {
					return err
				}
				if output == "" {
					if output, err = fileNamed(run.ID, ".tar"); err != nil {
						return err
					}
				}
				isFile, err := a.write(cmd.Context(), output, func(w io.Writer) error { return runs.Export(cmd.Context(), ws, run.ID, w) })
				if isFile && err == nil {
					fmt.Fprintln(a.out, output)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write; - is standard output (default: RUN.tar)")
	return cmd
}

func (a *app) importCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take a run out of a file that pipe export wrote",
		Long: `Check a file that pipe export wrote, every byte of it, and then add the run to this store. Afterwards show, lineage,
report and predict work on it, and stages with the same key are taken from the cache. Importing it again changes nothing;
a file that is damaged or cut off changes nothing either.

Imported runs come before all others, so that "latest" and the name of a pipeline go on to mean what was run here. Only
import what comes from somebody you trust: that certain bytes are the result of a stage is the word of the file.`,
		Example: `  pipe import 20261123T031500-3f9a2c.tar
  pipe import penguins.tar --store pipelines/.pipe`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			done, err := runs.Import(cmd.Context(), a.host, words[0])
			if err != nil {
				return err
			}
			return a.sayImported(done, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

func (a *app) sayImported(done *runs.Imported, asJSON bool) error {
	if asJSON {
		return ui.WriteJSON(a.out, done)
	}
	if done.Executions == 0 && done.Runs == 0 {
		fmt.Fprintf(a.out, "%s was here already\n", done.Run)
		return nil
	}
	are := "are"
	if done.Executions == 1 {
		are = "is"
	}
	fmt.Fprintf(a.out, "%s  %s %s new\n", done.Run, ui.Plural(done.Executions, "stage"), are)
	return nil
}
