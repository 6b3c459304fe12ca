package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/slice"
)

// The types of artifacts that a bundle looks into.
const (
	typeDirectory = "directory"
	typeReport    = "report"
)

// Write writes a run with everything that it came from. The same run gives
// the same bytes.
func Write(ctx context.Context, w io.Writer, store *artifacts.Store, db *lineage.DB, runID string) (*Manifest, error) {
	slice, err := slice.Take(ctx, db, runID)
	if err != nil {
		return nil, err
	}
	run, err := db.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	var rows bytes.Buffer
	if _, err := slice.WriteTo(&rows); err != nil {
		return nil, err
	}
	if rows.Len() > maxRows {
		return nil, fmt.Errorf("run %s has %d bytes of rows, and a bundle holds at most %d", runID, rows.Len(), maxRows)
	}
	objects, err := objectsOf(ctx, store, slice)
	if err != nil {
		return nil, err
	}
	out := &writer{w: w, store: store, m: Manifest{Format: formatName, Version: formatVersion, Run: runID}}
	out.add(rowsName, int64(rows.Len()), artifacts.Sum(rows.Bytes()), &rows)
	out.addObject(specName, run.SpecID, int64(len(run.SpecText)))
	if id, size, ok, err := report(ctx, db, runID); err != nil {
		return nil, err
	} else if ok {
		out.addObject(reportName, id, size)
	}
	for _, o := range objects {
		out.addObject(objectPrefix+o.ID.String(), o.ID, o.Size)
	}
	return &out.m, out.write(ctx)
}

// report finds the last report that a run made or found.
func report(ctx context.Context, db *lineage.DB, runID string) (artifacts.ID, int64, bool, error) {
	list, err := db.Executions(ctx, runID)
	if err != nil {
		return artifacts.ID{}, 0, false, err
	}
	for _, e := range slices.Backward(list) {
		for _, o := range e.Outputs {
			if o.Type == typeReport {
				return o.ID, o.Size, true, nil
			}
		}
	}
	return artifacts.ID{}, 0, false, nil
}

// objectsOf lists what the rows refer to, and the files of directories, sorted
// by ID.
func objectsOf(ctx context.Context, store *artifacts.Store, slice *slice.Slice) ([]artifacts.Info, error) {
	list, err := slice.Artifacts()
	if err != nil {
		return nil, err
	}
	needed := neededArtifacts(list)
	found := map[artifacts.ID]int64{}
	add := func(id artifacts.ID, required bool) error {
		size, err := store.Stat(id)
		var none *artifacts.NotFoundError
		if errors.As(err, &none) && !required {
			return nil
		}
		if err != nil {
			return diag.WithHint(fmt.Errorf("the run cannot be exported whole: %w", err), "run the pipeline again: what is gone is made again")
		}
		found[id] = size
		return nil
	}
	for _, a := range list {
		if err := add(a.ID, needed[a.ID]); err != nil {
			return nil, err
		}
		if _, there := found[a.ID]; !there || a.Type != typeDirectory {
			continue
		}
		files, err := store.Listed(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range files {
			if err := add(e.ID, true); err != nil {
				return nil, err
			}
		}
	}
	var objects []artifacts.Info
	for id, size := range found {
		objects = append(objects, artifacts.Info{ID: id, Size: size})
	}
	slices.SortFunc(objects, func(a, b artifacts.Info) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return objects, nil
}

// A writer collects the files and then writes them after their manifest.
type writer struct {
	w     io.Writer
	store *artifacts.Store
	m     Manifest
	from  []func(context.Context) (io.ReadCloser, error)
}

func (w *writer) add(name string, size int64, hash artifacts.ID, r io.Reader) {
	w.m.Files = append(w.m.Files, File{name, size, hash})
	w.from = append(w.from, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(r), nil })
}

func (w *writer) addObject(name string, id artifacts.ID, size int64) {
	w.m.Files = append(w.m.Files, File{name, size, id})
	w.from = append(w.from, func(ctx context.Context) (io.ReadCloser, error) { return w.store.Open(ctx, id) })
}

func (w *writer) write(ctx context.Context) error {
	if err := w.m.check(); err != nil {
		return err
	}
	text, err := w.m.encode()
	if err != nil {
		return err
	}
	if err := w.file(manifestName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	for i, f := range w.m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := w.from[i](ctx)
		if err != nil {
			return err
		}
		err = w.file(f.Path, f.Size, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	_, err = w.w.Write(make([]byte, 2*block))
	return err
}

func (w *writer) file(name string, size int64, r io.Reader) error {
	h, err := header(name, size)
	if err != nil {
		return err
	}
	if _, err := w.w.Write(h); err != nil {
		return err
	}
	n, err := io.Copy(w.w, r)
	if err == nil && n != size {
		err = fmt.Errorf("%s has %d bytes, want %d", name, n, size)
	}
	if err != nil {
		return err
	}
	_, err = w.w.Write(make([]byte, padding(size)))
	return err
}
