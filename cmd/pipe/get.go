package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

func (a *app) getCommand() *cobra.Command {
	var path string
	var force bool
	cmd := &cobra.Command{
		Use:   "get REF -o FILE|DIR",
		Short: "Take an artifact out of the store",
		Long: `Write an artifact to a file, or a directory to a folder.

A table or data set is written in the form that the ending of the file names:
` + endingsText() + `.
Values are exact in each of them, but CSV does not say which type a column has: who reads it finds out anew. A model is
a safetensors file, a transform and metrics are JSON, a report is HTML; these, and files, are written as they are.
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
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			ctx := cmd.Context()
			art, err := findArtifact(ctx, ws, words[0])
			if err != nil {
				return err
			}
			if path == "" {
				return diag.Usage(diag.WithHint(errors.New("it is not said where to write it"),
					fmt.Sprintf("name a file: pipe get %s -o %s", words[0], art.fileName())))
			}
			if art.kind == pipeline.Directory && filepath.Ext(path) != tarEnding {
				if err := getFolder(ctx, ws.Store, art.id, path, force); err != nil {
					return err
				}
				fmt.Fprintln(a.out, diag.Visible(path))
				return nil
			}
			form, err := art.formOf(path)
			if err != nil {
				return err
			}
			if path == "-" {
				return diag.Usage(diag.WithHint(errors.New("- is no file"), "write it to standard output with pipe cat "+words[0]))
			}
			var note string
			isFile, err := a.write(ctx, path, func(w io.Writer) error {
				note, err = art.write(ctx, ws, w, form)
				return err
			})
			if err != nil {
				return err
			}
			if note != "" {
				fmt.Fprintf(a.err, "warning: %s\n", note)
			}
			if isFile {
				fmt.Fprintln(a.out, diag.Visible(path))
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&path, "output", "o", "", "file or folder to write")
	cmd.Flags().BoolVar(&force, "force", false, "write into a folder that is not empty: files of the same name are replaced, others stay")
	return cmd
}

// A form is how a table can be written.
type form struct {
	name    string
	endings []string
	binary  bool
	// write gives a note for people, if something is not as they may expect.
	write func(w io.Writer, r *table.Reader) (note string, err error)
}

// arrowForm is that of the store.
const arrowForm = "arrow"

var forms = []form{
	{name: "csv", endings: []string{".csv"}, write: func(w io.Writer, r *table.Reader) (string, error) { return "", table.WriteCSV(w, r) }},
	{name: "parquet", endings: []string{".parquet"}, binary: true, write: func(w io.Writer, r *table.Reader) (string, error) { return "", table.WriteParquet(w, r) }},
	{name: "jsonl", endings: []string{".jsonl", ".ndjson"}, write: func(w io.Writer, r *table.Reader) (string, error) {
		unreal, err := table.WriteJSONLines(w, r)
		if unreal == 0 {
			return "", err
		}
		return fmt.Sprintf("%d values are NaN or infinite, which JSON does not have, and were written as null", unreal), err
	}},
	{name: arrowForm, endings: []string{".arrow", ".feather"}, binary: true},
}

func endingsText() string {
	var parts []string
	for _, f := range forms {
		parts = append(parts, fmt.Sprintf("%s (%s)", f.name, strings.Join(f.endings, ", ")))
	}
	return strings.Join(parts, ", ")
}

func formNames() []string {
	var names []string
	for _, f := range forms {
		names = append(names, f.name)
	}
	return names
}

func formNamed(name string) (form, error) {
	at := slices.IndexFunc(forms, func(f form) bool { return f.name == name })
	if at < 0 {
		return form{}, diag.Unknown("form", name, formNames())
	}
	return forms[at], nil
}

// tarEnding is that of a directory in one file.
const tarEnding = ".tar"

// endings are those of artifacts that are written as they are.
var endings = map[pipeline.PortType]string{
	pipeline.Model: ".safetensors", pipeline.Transform: ".json", pipeline.Metrics: ".json", pipeline.Report: ".html",
}

// A found is an artifact that a reference names.
type found struct {
	ref  string
	id   artifacts.ID
	kind pipeline.PortType
	port string // of which it came; may be empty
}

// isTable says that an artifact has rows.
func (f found) isTable() bool { return f.kind == pipeline.Table || f.kind == pipeline.Dataset }

// fileName is a name that is right for an artifact.
func (f found) fileName() string {
	name := f.port
	if name == "" {
		name = string(f.kind)
	}
	if f.isTable() {
		return name + ".csv"
	}
	return name + endings[f.kind]
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || strings.HasSuffix(path, string(filepath.Separator))
}

// formOf finds the form that a file is to have. That of anything but a table is
// empty: there is one, and a name that promises another is refused.
func (f found) formOf(path string) (form, error) {
	ending := strings.ToLower(filepath.Ext(path))
	at := slices.IndexFunc(forms, func(f form) bool { return slices.Contains(f.endings, ending) })
	switch {
	case f.isTable() && isFolder(path):
		return form{}, diag.Usage(diag.WithHint(fmt.Errorf("%s is a folder, and a table is one file", diag.Visible(path)),
			fmt.Sprintf("name the file: -o %s", shellQuote(filepath.Join(path, f.fileName())))))
	case f.isTable() && at < 0:
		return form{}, diag.Usage(diag.WithHint(fmt.Errorf("%s says nothing of the form of a table", diag.Visible(path)), "the endings are "+endingsText()))
	case f.isTable():
		return forms[at], nil
	case at >= 0 && f.kind != pipeline.File:
		return form{}, diag.Usage(diag.WithHint(fmt.Errorf("an artifact of type %s cannot be written as %s", f.kind, forms[at].name), "write it as "+f.fileName()))
	}
	return form{}, nil
}

// write writes an artifact; the form is that of a table.
func (f found) write(ctx context.Context, ws *workspace.Workspace, w io.Writer, form form) (note string, err error) {
	if f.kind == pipeline.Directory {
		return "", writeTar(ctx, ws.Store, f.id, w)
	}
	file, err := ws.Store.Open(ctx, f.id)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if form.write == nil {
		_, err := io.Copy(w, infile.Reader(ctx, file))
		return "", err
	}
	r, err := table.Open(contextualAt{ctx, file}, file.Size())
	if err != nil {
		return "", err
	}
	defer r.Close()
	return form.write(w, r)
}

// contextualAt ends a long reading of a table with its context.
type contextualAt struct {
	ctx context.Context
	r   io.ReaderAt
}

func (c contextualAt) ReadAt(p []byte, off int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.ReadAt(p, off)
}

// findArtifact finds the one artifact that a reference means: an artifact, or
// the only output of a stage.
func findArtifact(ctx context.Context, ws *workspace.Workspace, word string) (found, error) {
	ref, err := ws.DB.Resolve(ctx, word)
	if err != nil {
		return found{}, err
	}
	if !ref.Artifact.IsZero() {
		art, err := ws.DB.Artifact(ctx, ref.Artifact)
		if err != nil {
			return found{}, err
		}
		return found{word, ref.Artifact, pipeline.PortType(art.Type), ref.Port}, nil
	}
	var list []lineage.Execution
	if ref.Stage != "" {
		e, err := ws.DB.Execution(ctx, ref.Execution)
		if err != nil {
			return found{}, err
		}
		if len(e.Outputs) == 1 {
			o := e.Outputs[0]
			return found{word, o.ID, pipeline.PortType(o.Type), o.Port}, nil
		}
		list = append(list, *e)
	} else if list, err = ws.DB.Executions(ctx, ref.RunID); err != nil {
		return found{}, err
	}
	run, _, _ := strings.Cut(word, "/")
	var names []string
	for _, e := range list {
		for _, o := range e.Outputs {
			names = append(names, fmt.Sprintf("%s/%s.%s", run, e.Stage, o.Port))
		}
	}
	if len(names) == 0 {
		return found{}, diag.Usage(diag.WithHint(fmt.Errorf("%s has no artifacts", word), "pipe show "+word+" says what became of it"))
	}
	return found{}, diag.Usage(diag.WithHint(fmt.Errorf("%s is not one artifact", word), "its artifacts are "+strings.Join(slices.Compact(names), ", ")))
}
