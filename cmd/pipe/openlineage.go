package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/table"
	"pipe/lineage/openlineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
)

// eventFlags say whom to tell what happens in a run.
type eventFlags struct{ target, namespace string }

func (f *eventFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.target, "openlineage", "", "append OpenLineage events to this file, or post them to the server at this http(s) address")
	cmd.Flags().StringVar(&f.namespace, "openlineage-namespace", "pipe", "the namespace of jobs and data sets in these events")
}

// flushTime is how long the end of a run waits for a slow server.
const flushTime = 10 * time.Second

// start gives what tells of the plan what happens, nil if nobody is to be told.
// stop ends that; what could not be told is a warning, never a failure of the run.
func (f *eventFlags) start(a *app, ws *workspace.Workspace, plan *pipeline.Plan) (tell func(runner.Event), stop func(), err error) {
	if f.target == "" {
		return nil, func() {}, nil
	}
	key, _ := a.lookup("OPENLINEAGE_API_KEY")
	sink, err := openlineage.OpenSink(f.target, key)
	if err != nil {
		return nil, nil, diag.Usagef("--openlineage: %w", err)
	}
	o := openlineage.New(openlineage.Config{
		Plan: plan, Namespace: f.namespace, Version: workspace.BuildVersion().Version, Sink: sink,
		Describe: func(portType string, id artifacts.ID) (*openlineage.Schema, error) { return describe(ws, portType, id) }, Columns: ws.DB.ColumnEdges,
	})
	return o.Observe, func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		if err := o.Close(ctx); err != nil {
			fmt.Fprintf(a.err, "warning: OpenLineage: %v\n", err)
		}
	}, nil
}

// mostCounted is the size in bytes up to which missing values are counted,
// which means to read all of a table.
const mostCounted = 256 << 20

// describe gives the columns of a table or a data set. The columns of a data
// set are its features, its target and what was kept.
func describe(w *workspace.Workspace, portType string, id artifacts.ID) (*openlineage.Schema, error) {
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
		for _, feature := range ds.Info.Features {
			s.Fields = append(s.Fields, openlineage.Field{Name: feature.Name, Type: "float32", Missing: 0})
		}
		if t := ds.Info.Target; t != nil && ds.HasTarget() {
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
