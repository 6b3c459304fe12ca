package format

import (
	"context"

	"pipe/artifacts"
	"pipe/pipeline"
)

// directories are lists of files below a folder, see artifacts.Tree.
func directories() Format {
	return Format{
		Type: pipeline.Directory, Files: true,
		View: func(ctx context.Context, store *artifacts.Store, id artifacts.ID, _ int) (View, error) {
			return viewFolder(ctx, store, id)
		},
	}
}

// A Folder is what is in a directory.
type Folder struct {
	Size  int64  `json:"size"`
	Files []File `json:"files"`
}

func viewFolder(ctx context.Context, store *artifacts.Store, id artifacts.ID) (*Folder, error) {
	d, err := store.OpenDir(ctx, id)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	v := &Folder{Size: d.Tree.Size(), Files: []File{}}
	for _, e := range d.Tree.Entries {
		v.Files = append(v.Files, File{Path: e.Path, ID: e.ID, Size: e.Size, Executable: e.Executable})
	}
	return v, nil
}

// A File is one of a directory.
type File struct {
	Path       string       `json:"path,omitempty"` // where it is not said elsewhere
	ID         artifacts.ID `json:"id"`
	Size       int64        `json:"size"`
	Executable bool         `json:"executable,omitempty"`
}

// Name implements View.
func (*Folder) Name() string { return "directory" }
