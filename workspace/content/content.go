// Package content takes what is in the artifacts of a store out of it: the rows of
// a table, the files of a directory, in the form that somebody wants.
package content

import (
	"context"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/lineage/openlineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// Of reads what can be shown of an artifact, with the first rows of a table. It is
// nil if there is nothing.
func Of(ctx context.Context, w *workspace.Workspace, art *lineage.Artifact, head int) (format.View, error) {
	view := format.Of(pipeline.PortType(art.Type)).View
	if view == nil {
		return nil, nil
	}
	v, err := view(ctx, w.Store, art.ID, head)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Describe gives the columns of an artifact that has some, else nil.
func Describe(w *workspace.Workspace, portType string, id artifacts.ID) (*openlineage.Schema, error) {
	columns := format.Of(pipeline.PortType(portType)).Columns
	if columns == nil {
		return nil, nil
	}
	f, err := w.Store.Open(context.Background(), id) // the event is told also while the run is being stopped
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := columns(f)
	if err != nil {
		return nil, err
	}
	s := &openlineage.Schema{Rows: c.Rows}
	for _, column := range c.List {
		s.Fields = append(s.Fields, openlineage.Field(column))
	}
	return s, nil
}

// A Comparer finds where two artifacts of one type begin to differ. Bytes that are
// not of that type are compared as bytes.
type Comparer struct{}

// Difference implements runner.Comparer.
func (Comparer) Difference(portType string, was, is *artifacts.File) (string, error) {
	return format.Difference(pipeline.PortType(portType), was, is)
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
