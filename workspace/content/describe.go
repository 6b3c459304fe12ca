package content

import (
	"context"

	"pipe/artifacts"
	"pipe/data/table"
	"pipe/lineage/openlineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// mostCounted is the size in bytes up to which missing values are counted,
// which means to read all of a table.
const mostCounted = 256 << 20

// Describe gives the columns of a table or a data set. The columns of a data
// set are its features, its target and what was kept.
func Describe(w *workspace.Workspace, portType string, id artifacts.ID) (*openlineage.Schema, error) {
	if portType != string(pipeline.Table) && portType != string(pipeline.Dataset) {
		return nil, nil
	}
	f, err := w.Store.Open(context.Background(), id) // the event is told also while the run is being stopped
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if portType == string(pipeline.Dataset) {
		ds, err := table.OpenDataset(f, f.Size())
		if err != nil {
			return nil, err
		}
		defer ds.Close()
		s := &openlineage.Schema{Rows: ds.NumRows()}
		for _, in := range ds.Info.Inputs {
			if in.Kind != table.Features {
				i, err := table.Column(ds.Schema(), in.Name)
				if err != nil {
					return nil, err
				}
				s.Fields = append(s.Fields, openlineage.Field{Name: in.Name, Type: table.TypeName(ds.Schema().Field(i).Type), Missing: 0})
				continue
			}
			for _, feature := range in.Features {
				s.Fields = append(s.Fields, openlineage.Field{Name: feature.Name, Type: "float32", Missing: 0})
			}
		}
		for _, t := range ds.Info.Targets {
			if !ds.HasTarget() {
				break
			}
			s.Fields = append(s.Fields, openlineage.Field{Name: t.Column, Type: string(t.Task), Missing: -1})
		}
		for _, name := range ds.Info.Keep {
			i, err := table.Column(ds.Schema(), name)
			if err != nil {
				return nil, err
			}
			s.Fields = append(s.Fields, openlineage.Field{Name: name, Type: table.TypeName(ds.Schema().Field(i).Type), Missing: -1})
		}
		return s, nil
	}
	r, err := table.Open(f, f.Size())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &openlineage.Schema{Rows: r.NumRows()}
	for _, column := range r.Schema().Fields() {
		field := openlineage.Field{Name: column.Name, Type: table.TypeName(column.Type), Missing: -1}
		s.Fields = append(s.Fields, field)
	}
	if f.Size() > mostCounted {
		return s, nil
	}
	for i := range s.Fields {
		s.Fields[i].Missing = 0
	}
	for batch, err := range r.Batches() {
		if err != nil {
			return nil, err
		}
		for i := range s.Fields {
			s.Fields[i].Missing += int64(batch.Column(i).NullN())
		}
		batch.Release()
	}
	return s, nil
}
