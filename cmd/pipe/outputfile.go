package main

import (
	"context"
	"fmt"
	"io"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/base/outfile"
	"pipe/workspace"
	"pipe/workspace/content"
)

// write writes what a command gives to the file that -o names; "-" is standard
// output. It says whether that is a file that people can be told of.
func (a *app) write(ctx context.Context, path string, write func(io.Writer) error) (isFile bool, err error) {
	if path == "-" || a.out.Is(path) {
		return false, write(a.out.Data())
	}
	return true, outfile.Write(ctx, path, write)
}

// writeContent is write for an artifact in a form, with a warning of what the form
// cannot say.
func (a *app) writeContent(ctx context.Context, ws *workspace.Workspace, art content.Artifact, path string, form content.Form) (isFile bool, err error) {
	var note string
	isFile, err = a.write(ctx, path, func(w io.Writer) (err error) {
		note, err = art.Write(ctx, ws, w, form)
		return err
	})
	if err == nil && note != "" {
		fmt.Fprintf(a.err, "warning: %s\n", note)
	}
	return isFile, err
}

// fileNamed is the file in this folder that is called after something in the
// database, which somebody else may have made.
func fileNamed(name, ending string) (string, error) {
	if msg, _ := names.Check(name); msg != "" {
		return "", diag.Usage(diag.WithHint(fmt.Errorf("the name %s, so no file can be called after it", msg), "name the file with -o FILE"))
	}
	return name + ending, nil
}
