package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/lineage/bundle"
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
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			run, err := ws.DB.EndedRunByRef(cmd.Context(), words[0])
			if err != nil {
				return err
			}
			write := func(w io.Writer) error {
				_, err := bundle.Write(cmd.Context(), w, ws.Store, ws.DB, run.ID)
				return err
			}
			if output == "" {
				if output, err = fileNamed(run.ID, ".tar"); err != nil {
					return err
				}
			}
			isFile, err := a.write(cmd.Context(), output, write)
			if isFile && err == nil {
				fmt.Fprintln(a.out, output)
			}
			return err
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
			f, err := infile.Open(words[0])
			if err != nil {
				return diag.Usage(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			b, err := bundle.Read(cmd.Context(), f, info.Size())
			var format *bundle.FormatError
			if errors.As(err, &format) {
				return diag.Usage(fmt.Errorf("%s: %w", words[0], err))
			}
			if err != nil {
				return err
			}
			dir, err := a.host.StoreToFill()
			if err != nil {
				return err
			}
			ws, err := a.host.Open(dir)
			if err != nil {
				return err
			}
			defer ws.Close()
			done, err := b.Import(cmd.Context(), ws.Store, ws.DB, filepath.Base(words[0]))
			if err != nil {
				return err
			}
			return a.sayImported(b.Manifest, done, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) sayImported(m *bundle.Manifest, done lineage.Imported, asJSON bool) error {
	if asJSON {
		return writeJSON(a.out, struct {
			Run        string `json:"run"`
			Runs       int    `json:"new_runs"`
			Executions int    `json:"new_executions"`
			Files      int    `json:"files"`
		}{m.Run, done.Runs, done.Executions, len(m.Files)})
	}
	if done.Executions == 0 && done.Runs == 0 {
		fmt.Fprintf(a.out, "%s was here already\n", m.Run)
		return nil
	}
	are := "are"
	if done.Executions == 1 {
		are = "is"
	}
	fmt.Fprintf(a.out, "%s  %s %s new\n", m.Run, plural(done.Executions, "stage"), are)
	return nil
}
