package main

import (
	"context"

	"pipe/artifacts"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A fileDiff is a file of a directory; nil where there is none.
type fileDiff struct {
	Stage string        `json:"stage"`
	Port  string        `json:"port"`
	Path  string        `json:"path"`
	Old   *content.File `json:"old"`
	New   *content.File `json:"new"`
}

// inside compares the columns of two tables, or the files of two directories, if
// both are still in the store.
func (d *runDiff) inside(ctx context.Context, ws *workspace.Workspace, stage string, old, new lineage.Output) error {
	if old.Type != new.Type {
		return nil
	}
	for _, o := range []lineage.Output{old, new} {
		if _, err := ws.Store.Stat(o.ID); err != nil {
			return nil
		}
	}
	switch pipeline.PortType(new.Type) {
	case pipeline.Table, pipeline.Dataset:
		return d.columns(ctx, ws, stage, old, new)
	case pipeline.Directory:
		return d.files(ctx, ws, stage, old, new)
	}
	return nil
}

func (d *runDiff) columns(ctx context.Context, ws *workspace.Workspace, stage string, old, new lineage.Output) error {
	was, err := content.ReadTable(ctx, ws, old.ID)
	if err != nil {
		return err
	}
	defer was.Close()
	is, err := content.ReadTable(ctx, ws, new.ID)
	if err != nil {
		return err
	}
	defer is.Close()
	for _, c := range table.SchemaChanges(was.Schema(), is.Schema()) {
		d.Columns = append(d.Columns, columnDiff{stage, new.Port, c.Column, c.Old, c.New})
	}
	return nil
}

func (d *runDiff) files(ctx context.Context, ws *workspace.Workspace, stage string, old, new lineage.Output) error {
	was, err := ws.Store.OpenDir(ctx, old.ID)
	if err != nil {
		return err
	}
	defer was.Close()
	is, err := ws.Store.OpenDir(ctx, new.ID)
	if err != nil {
		return err
	}
	defer is.Close()
	version := func(t *artifacts.Tree, i int) *content.File {
		if i < 0 {
			return nil
		}
		e := t.Entries[i]
		return &content.File{ID: e.ID.String(), Size: e.Size, Executable: e.Executable}
	}
	for f := range was.Tree.Differences(is.Tree) {
		d.Files = append(d.Files, fileDiff{stage, new.Port, f.Path, version(was.Tree, f.Old), version(is.Tree, f.New)})
	}
	return nil
}
