package preprocess

import (
	"context"
	"fmt"
	"math"

	"pipe/data/table"
	"pipe/pipeline"
)

// TraceRows divides the rows once more.
func (s *Split) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	in, r, err := openTable(env, tablePort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer r.Close()
	assigner, err := s.assigner(ctx, means{env.Seed(), env.Threads(), env.Scratch}, r)
	if err != nil {
		return nil, err
	}
	names := s.names()
	rows := make([][]int64, len(names))
	for p := range rows {
		rows[p] = []int64{}
	}
	var row int64
	for h, err := range hands(r, assigner) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for _, p := range h.parts {
			if p != noPart {
				rows[p] = append(rows[p], row)
			}
			row++
		}
		h.rec.Release()
	}
	traced := make(map[string][]pipeline.Rows)
	for p, name := range names {
		traced[name] = []pipeline.Rows{{Input: tablePort, From: rows[p]}}
	}
	return traced, nil
}

// TraceRows says which rows have a target, and so are in the data sets.
func (s *Preprocess) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	traced := make(map[string][]pipeline.Rows)
	for _, port := range s.tables(env) {
		var targets []string
		for _, t := range s.predicted() {
			targets = append(targets, t.Column)
		}
		if targets == nil {
			traced[port] = []pipeline.Rows{{Input: port}}
			continue
		}
		rows, err := labelled(ctx, env, port, targets)
		if err != nil {
			return nil, err
		}
		traced[port] = []pipeline.Rows{{Input: port, From: rows}}
	}
	return traced, nil
}

// TraceRows says which rows have a target, and so are in the data sets.
func (s *Apply) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	transform, err := readTransform(env)
	if err != nil {
		return nil, err
	}
	traced := make(map[string][]pipeline.Rows)
	for _, port := range env.Inputs() {
		if !s.applies(port) {
			continue
		}
		rows := pipeline.Rows{Input: port}
		var targets []string
		for _, t := range transform.Info().Targets {
			targets = append(targets, t.Column)
		}
		if targets != nil {
			if rows.From, err = labelled(ctx, env, port, targets); err != nil {
				return nil, err
			}
		}
		traced[port] = []pipeline.Rows{rows}
	}
	return traced, nil
}

// labelled are the rows of a table that have all targets.
func labelled(ctx context.Context, env pipeline.Env, port string, targets []string) ([]int64, error) {
	in, r, err := openTable(env, port)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer r.Close()
	only, err := r.Select(targets...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	rows := []int64{}
	var row int64
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		there := make([]bool, rec.NumRows())
		for i := range there {
			there[i] = true
		}
		for _, column := range rec.Columns() {
			var numbers []float64
			if table.ClassOf(column.DataType()) == table.ClassReal {
				if numbers, _, err = table.Floats(column); err != nil {
					return nil, err
				}
			}
			for i := range there {
				there[i] = there[i] && column.IsValid(i) && (numbers == nil || !math.IsNaN(numbers[i]))
			}
		}
		for _, ok := range there {
			if ok {
				rows = append(rows, row)
			}
			row++
		}
	}
	return rows, nil
}
