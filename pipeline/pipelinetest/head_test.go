package pipelinetest_test

import (
	"context"
	"fmt"

	"pipe/data/table"
	"pipe/pipeline"
)

func headKind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "head",
		Version: 1,
		Doc:     "Keeps the first rows of a table.",
		Example: "top:\n  uses: head\n  inputs: {table: load}\n",
		Inputs:  []pipeline.Port{{Name: "table", Type: pipeline.Table, Doc: "rows"}},
		Outputs: []pipeline.Port{{Name: "table", Type: pipeline.Table, Doc: "the first of them"}},
		New:     func() pipeline.Stage { return new(head) },
	}
}

// head is the settings, and the stage.
type head struct {
	Rows int `yaml:"rows" default:"10" min:"1" doc:"How many rows to keep."`
}

func (s *head) Run(ctx context.Context, env pipeline.Env) error {
	in, err := env.Open("table") // verified bytes, no path
	if err != nil {
		return err
	}
	defer in.Close()
	rows, err := table.Open(in, in.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	defer rows.Close()
	out, err := env.Create("table")
	if err != nil {
		return err
	}
	w, err := table.NewWriter(out, rows.Schema())
	if err != nil {
		return err
	}
	defer w.Discard()
	for batch, err := range rows.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		part := batch.NewSlice(0, min(int64(s.Rows)-w.Rows(), batch.NumRows()))
		err = w.Write(part)
		part.Release()
		if err != nil {
			return err
		}
		if w.Rows() == int64(s.Rows) {
			break
		}
	}
	for _, name := range table.Names(rows.Schema()) {
		env.Column(pipeline.ColumnRef{Port: "table", Column: name}, pipeline.ColumnRef{Port: "table", Column: name})
	}
	return w.Close()
}
