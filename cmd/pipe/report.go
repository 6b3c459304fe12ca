package main

import (
	"cmp"
	"fmt"
	"io"

	"pipe/workspace"
	"pipe/workspace/runs"

	"github.com/spf13/cobra"
)

func (a *app) reportCommand() *cobra.Command {
	var output string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report [REF]",
		Short: "Write the report of a run, or of a table, as an HTML page",
		Long: `Write the report of a run, by default of the latest run that made one, as one HTML file that needs no network.
Below it stand the tables of the run: those that were read, with how the values of each column are spread and what was found
out while they were read, and the parts into which rows were divided, beside each other. Of a run that made no report, of a
stage that made tables and of a table that is all. The page ends with which run, pipeline, date, commit, data and version of
pipe it comes from. The report itself says nothing of tables and origin, since equal runs make equal bytes: pipe get takes it
out as it is.

With --json the page is written as values: sections with tables, and charts as data (docs/report.md). The stage that made the
report is asked again, which takes about as long as it took then.

` + refHelp,
		Example: `  pipe report
  pipe report penguins -o penguins.html
  pipe report latest/score.report -o - > page.html
  pipe report penguins/load.table -o table.html
  pipe report --json > page.json`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				ref := ""
				if len(words) == 1 {
					ref = words[0]
				}
				report, err := runs.FindReport(cmd.Context(), ws, ref)
				if err != nil {
					return err
				}
				write := report.WritePage
				if asJSON {
					write = report.WriteJSON
					output = cmp.Or(output, "-")
				}
				if output == "" {
					if output, err = fileNamed(report.Name, ".html"); err != nil {
						return err
					}
				}
				isFile, err := a.write(cmd.Context(), output, func(w io.Writer) error { return write(cmd.Context(), ws, w) })
				if isFile && err == nil {
					fmt.Fprintln(a.out, output)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write; - is standard output (default: PIPELINE.html)")
	jsonFlag(cmd, &asJSON, "write JSON, to standard output unless -o is given")
	return cmd
}
