package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/openlineage"
	"pipe/lineage/walk"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/content"
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
		Describe: func(portType string, id artifacts.ID) (*openlineage.Schema, error) {
			return content.Describe(ws, portType, id)
		}, Columns: func(ctx context.Context, runID, stage string, origin int64) ([]lineage.ColumnEdge, error) {
			return walk.ColumnEdges(ctx, ws.DB, runID, stage, origin)
		},
	})
	return o.Observe, func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		if err := o.Close(ctx); err != nil {
			fmt.Fprintf(a.err, "warning: OpenLineage: %v\n", err)
		}
	}, nil
}
