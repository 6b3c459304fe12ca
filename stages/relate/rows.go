package relate

import (
	"context"

	"pipe/data/relation"
	"pipe/pipeline"
)

// TraceRows says that each row has what is computed of it and rows before it beside it.
func (s *Rolling) TraceRows(context.Context, pipeline.Env) (map[string][]pipeline.Rows, error) {
	return pipeline.SameRows(tablePort, tablePort), nil
}

// MixesRows says that a row is in what is computed for those behind it.
func (s *Rolling) MixesRows() bool { return true }

// TraceRows puts the rows of the inputs one behind the other.
func (s *Union) TraceRows(_ context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	ports := s.Order
	if len(ports) == 0 {
		ports = env.Inputs()
	}
	var list []pipeline.Rows
	for _, port := range ports {
		in, err := openTable(env, port)
		if err != nil {
			return nil, err
		}
		if n := in.NumRows(); n > 0 {
			list = append(list, pipeline.Rows{Input: port, N: n})
		}
		in.Close()
	}
	return map[string][]pipeline.Rows{tablePort: list}, nil
}

// TraceRows draws once more.
func (s *Sample) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	traced := make(map[string][]pipeline.Rows)
	return traced, withTable(env, func(in *opened) error {
		rows, _, err := s.draw().Draw(ctx, quiet(means(env)), env.Seed(), in.Reader)
		if err == nil {
			traced[tablePort], _ = divided(rows, in.NumRows())
		}
		return err
	})
}

// TraceRows looks once more for rows that are there already.
func (s *Dedupe) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	traced := make(map[string][]pipeline.Rows)
	return traced, withTable(env, func(in *opened) error {
		rows, err := relation.Distinct(ctx, quiet(means(env)), in.Reader, s.By, relation.Keep(s.Keep))
		if err == nil {
			traced[tablePort], traced[duplicatesPort] = divided(rows, in.NumRows())
		}
		return err
	})
}

// divided are the rows of a table that are among some, and the others.
func divided(rows *relation.Rows, n int64) (in, out []pipeline.Rows) {
	list := [2][]int64{{}, {}}
	for row := range n {
		at := 1
		if rows.Has(row) {
			at = 0
		}
		list[at] = append(list[at], row)
	}
	return []pipeline.Rows{{Input: tablePort, From: list[0]}}, []pipeline.Rows{{Input: tablePort, From: list[1]}}
}

// TraceRows says which rows of the left table there are. What comes of the right
// table stands beside them.
func (s *Join) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	if s.How == string(relation.LeftJoin) && s.Multiple != string(relation.AllOfSeveral) {
		return pipeline.SameRows(tablePort, leftPort), nil
	}
	if s.How == string(relation.FullJoin) {
		return nil, nil // rows of the right table stand behind those of the left
	}
	left, err := openTable(env, leftPort)
	if err != nil {
		return nil, err
	}
	defer left.Close()
	right, err := openTable(env, rightPort)
	if err != nil {
		return nil, err
	}
	defer right.Close()
	joiner, err := relation.NewJoiner(left.Schema(), right.Schema(), s.join())
	if err != nil {
		return nil, err
	}
	rows, err := joiner.Lefts(ctx, quiet(means(env)), left.Reader, right.Reader)
	return map[string][]pipeline.Rows{tablePort: {{Input: leftPort, From: rows}}}, err
}
