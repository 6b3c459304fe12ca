package runs

import (
	"context"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A FileDiff is a file of a directory; nil where there is none.
type FileDiff struct {
	Stage string       `json:"stage"`
	Port  string       `json:"port"`
	Path  string       `json:"path"`
	Old   *format.File `json:"old"`
	New   *format.File `json:"new"`
}

// inside compares the columns of two tables, or the files of two directories, if
// both are still in the store.
func (d *Diff) inside(ctx context.Context, w *workspace.Workspace, stage string, old, new lineage.Output) error {
	if old.Type != new.Type {
		return nil
	}
	for _, o := range []lineage.Output{old, new} {
		if _, err := w.Store.Stat(o.ID); err != nil {
			return nil
		}
	}
	switch of := format.Of(pipeline.PortType(new.Type)); {
	case of.Rows:
		return d.columns(ctx, w, stage, old, new)
	case of.Files:
		return d.files(ctx, w, stage, old, new)
	}
	return nil
}

func (d *Diff) columns(ctx context.Context, w *workspace.Workspace, stage string, old, new lineage.Output) error {
	was, err := content.ReadTable(ctx, w, old.ID)
	if err != nil {
		return err
	}
	defer was.Close()
	is, err := content.ReadTable(ctx, w, new.ID)
	if err != nil {
		return err
	}
	defer is.Close()
	for _, c := range table.SchemaChanges(was.Schema(), is.Schema()) {
		d.Columns = append(d.Columns, ColumnDiff{stage, new.Port, c.Column, c.Old, c.New})
	}
	return nil
}

func (d *Diff) files(ctx context.Context, w *workspace.Workspace, stage string, old, new lineage.Output) error {
	was, err := w.Store.OpenDir(ctx, old.ID)
	if err != nil {
		return err
	}
	defer was.Close()
	is, err := w.Store.OpenDir(ctx, new.ID)
	if err != nil {
		return err
	}
	defer is.Close()
	version := func(t *artifacts.Tree, i int) *format.File {
		if i < 0 {
			return nil
		}
		e := t.Entries[i]
		return &format.File{ID: e.ID, Size: e.Size, Executable: e.Executable}
	}
	for f := range was.Tree.Differences(is.Tree) {
		d.Files = append(d.Files, FileDiff{stage, new.Port, f.Path, version(was.Tree, f.Old), version(is.Tree, f.New)})
	}
	return nil
}
