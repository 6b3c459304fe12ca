// Package content is what is in the artifacts of a store: the rows of a table, the
// layers of a network, the files of a directory, where two of them differ, and the
// forms in which they are taken out.
package content

import (
	"context"
	"io"

	"pipe/artifacts"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Content is what can be shown of what is in an artifact: one of its fields, or
// none.
type Content struct {
	Network *Network
	Table   *Table
	Folder  *Folder
}

// Of reads what can be shown of an artifact, with the first rows of a table.
func Of(ctx context.Context, w *workspace.Workspace, art *lineage.Artifact, head int) (c Content, err error) {
	switch pipeline.PortType(art.Type) {
	case pipeline.Model:
		c.Network, err = readNetwork(ctx, w, art.ID)
	case pipeline.Table, pipeline.Dataset:
		c.Table, err = viewTable(ctx, w, art.ID, head)
	case pipeline.Directory:
		c.Folder, err = viewFolder(ctx, w, art.ID)
	}
	if err != nil {
		return Content{}, err
	}
	return c, nil
}

// A Table is what can be shown of a table.
type Table struct {
	Rows    int64                `json:"rows"`
	Columns []Column             `json:"columns"`
	Head    []map[string]*string `json:"head,omitempty"` // as CSV writes values; null where one is missing
}

// A Column is one of a table.
type Column struct {
	Name    string  `json:"name"`
	Type    string  `json:"type"`
	Role    string  `json:"role,omitempty"` // in a data set
	Missing int64   `json:"missing"`
	NaN     int64   `json:"nan,omitempty"`
	Min     *string `json:"min"` // as CSV writes it; null if there is none
	Max     *string `json:"max"`
}

// viewTable reads a table once.
func viewTable(ctx context.Context, w *workspace.Workspace, id artifacts.ID, head int) (*Table, error) {
	f, err := w.Store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := table.Open(contextualAt{ctx, f}, f.Size())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	list, err := table.Summarize(r)
	if err != nil {
		return nil, err
	}
	v := &Table{Rows: r.NumRows(), Columns: make([]Column, len(list))}
	for i, c := range list {
		v.Columns[i] = Column{Name: c.Name, Type: c.Type, Role: string(table.RoleOf(r.Schema().Field(i))), Missing: c.Missing, NaN: c.NaN}
		if !c.Empty {
			v.Columns[i].Min, v.Columns[i].Max = &c.Min, &c.Max
		}
	}
	return v, v.readHead(r, head)
}

// readHead reads the first rows.
func (v *Table) readHead(r *table.Reader, n int) error {
	for rec, err := range r.Batches() {
		if err != nil {
			return err
		}
		for row := range min(n-len(v.Head), int(rec.NumRows())) {
			cells := make([]string, rec.NumCols())
			values := map[string]*string{}
			for i, col := range rec.Columns() {
				values[v.Columns[i].Name] = nil
				if !col.IsNull(row) {
					cells[i] = table.Text(col, row)
					values[v.Columns[i].Name] = &cells[i]
				}
			}
			v.Head = append(v.Head, values)
		}
		if len(v.Head) >= n {
			return nil
		}
	}
	return nil
}

// A Folder is what is in a directory.
type Folder struct {
	Size  int64  `json:"size"`
	Files []File `json:"files"`
}

func viewFolder(ctx context.Context, w *workspace.Workspace, id artifacts.ID) (*Folder, error) {
	d, err := w.Store.OpenDir(ctx, id)
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

// An OpenTable is a table of the store that is being read.
type OpenTable struct {
	*table.Reader
	file *artifacts.File
}

// ReadTable opens a table of the store.
func ReadTable(ctx context.Context, w *workspace.Workspace, id artifacts.ID) (*OpenTable, error) {
	f, err := w.Store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := table.Open(f, f.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	return &OpenTable{r, f}, nil
}

// Close ends the reading.
func (t *OpenTable) Close() { t.file.Close() }

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
