package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/pipeline"
	"pipe/workspace"
)

func (a *app) stagesCommand() *cobra.Command {
	var asJSON, markdown bool
	cmd := &cobra.Command{
		Use:   "stages",
		Short: "List the kinds of stages that a pipeline can use",
		Example: `  pipe stages
  pipe stages describe train`,
		Args: args(func(cmd *cobra.Command, words []string) error {
			if len(words) == 0 {
				return nil
			}
			err := fmt.Errorf("%s takes no arguments, but got %q", cmd.CommandPath(), words[0])
			return diag.Usage(diag.WithHint(err, "to read about one kind: pipe stages describe KIND"))
		}),
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return pipeline.WriteMarkdown(a.out, a.host.Registry())
			}
			if asJSON {
				return ui.WriteJSON(a.out, a.host.Kinds())
			}
			var rows [][]string
			for _, k := range a.host.Kinds().Kinds {
				rows = append(rows, []string{k.Name, k.Summary})
			}
			return ui.Table(a.out, []string{"KIND", "WHAT IT DOES"}, rows)
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the whole reference as Markdown (docs/stages.md)")
	cmd.AddCommand(&cobra.Command{
		Use:     "describe KIND",
		Short:   "Explain a kind of stage: its ports, its settings, an example",
		Example: `  pipe stages describe train`,
		Args:    args(cobra.ExactArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return a.host.Registry().Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, words []string) error {
			kind, ok := a.host.Registry().Lookup(words[0])
			if !ok {
				return diag.Unknown("kind of stage", words[0], a.host.Registry().Names())
			}
			return kind.Describe(a.out)
		},
	})
	return cmd
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of pipeline files, for editors",
		Long: `Print the JSON schema of pipeline files. Editors that speak the YAML language server complete and check a file
that begins with the line

  # yaml-language-server: $schema=pipeline.schema.json`,
		Example: `  pipe schema > pipeline.schema.json`,
		Args:    args(noArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(pipeline.Schema(a.host.Registry()))
			return err
		},
	}
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of pipe",
		Example: `  pipe version --json`,
		Args:    args(noArgs),
		RunE: func(*cobra.Command, []string) error {
			v := workspace.BuildVersion()
			if asJSON {
				return ui.WriteJSON(a.out, v)
			}
			_, err := fmt.Fprintln(a.out, v)
			return err
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}
