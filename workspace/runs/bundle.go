package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage/bundle"
	"pipe/workspace"
)

// Export writes a run with all that explains it as one file.
func Export(ctx context.Context, w *workspace.Workspace, run string, out io.Writer) error {
	_, err := bundle.Write(ctx, out, w.Store, w.DB, run)
	return err
}

// An Imported is what a file that Export wrote has added.
type Imported struct {
	Run        string `json:"run"`
	Runs       int    `json:"new_runs"`
	Executions int    `json:"new_executions"`
	Files      int    `json:"files"`
}

// Import checks a file that Export wrote, every byte of it, and then adds the run
// to the store that StoreToFill finds. A file that is damaged changes nothing.
func Import(ctx context.Context, h *workspace.Host, path string) (*Imported, error) {
	f, err := infile.Open(path)
	if err != nil {
		return nil, diag.Usage(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := bundle.Read(ctx, f, info.Size())
	if errors.As(err, new(*bundle.FormatError)) {
		return nil, diag.Usage(fmt.Errorf("%s: %w", path, err))
	}
	if err != nil {
		return nil, err
	}
	dir, err := h.StoreToFill()
	if err != nil {
		return nil, err
	}
	w, err := h.Open(dir)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	done, err := b.Import(ctx, w.Store, w.DB, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	return &Imported{b.Manifest.Run, done.Runs, done.Executions, len(b.Manifest.Files)}, nil
}
