package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/workspace"
	"pipe/workspace/content"
)

func (a *app) getCommand() *cobra.Command {
	var path string
	var force bool
	cmd := &cobra.Command{
		Use:   "get REF -o FILE|DIR",
		Short: "Take an artifact out of the store",
		Long: `Write an artifact to a file, or a directory to a folder.

A table or data set is written in the form that the ending of the file names:
` + content.EndingsText() + `.
Values are exact in each of them, but CSV does not say which type a column has: who reads it finds out anew. A model is
a safetensors file, or JSON if it is of trees; a transform and metrics are JSON, a report is HTML; these, and files, are
written as they are.
A directory becomes a folder, which must be new or empty unless --force is given, or a tar file (.tar). A file, or a
new folder, is there whole or not at all.

` + refHelp,
		Example: `  pipe get penguins/load.table -o penguins.parquet
  pipe get latest/score.predictions -o predictions.csv
  pipe get penguins@production -o model.safetensors
  pipe get latest/render.images -o images`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePorts,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				ctx := cmd.Context()
				art, err := content.Find(ctx, ws, words[0])
				if err != nil {
					return err
				}
				if path == "" {
					return diag.Usage(diag.WithHint(errors.New("it is not said where to write it"),
						fmt.Sprintf("name a file: pipe get %s -o %s", diag.ShellWord(words[0]), art.FileName())))
				}
				if art.IsFolder() && filepath.Ext(path) != content.TarEnding {
					if err := content.WriteFolder(ctx, ws.Store, art.ID, path, force); err != nil {
						return err
					}
					fmt.Fprintln(a.out, diag.Visible(path))
					return nil
				}
				form, err := art.FormOf(path)
				if err != nil {
					return err
				}
				if path == "-" {
					return diag.Usage(diag.WithHint(errors.New("- is no file"), "write it to standard output with pipe cat "+words[0]))
				}
				isFile, err := a.writeContent(ctx, ws, art, path, form)
				if err != nil {
					return err
				}
				if isFile {
					fmt.Fprintln(a.out, diag.Visible(path))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&path, "output", "o", "", "file or folder to write")
	cmd.Flags().BoolVar(&force, "force", false, "write into a folder that is not empty: files of the same name are replaced, others stay")
	return cmd
}
