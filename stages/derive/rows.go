package derive

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/expr"
	"pipe/data/table"
	"pipe/pipeline"
)

// TraceRows says that each row is computed of one.
func (s *Derive) TraceRows(context.Context, pipeline.Env) (map[string][]pipeline.Rows, error) {
	return pipeline.SameRows(tablePort, tablePort), nil
}

// TraceRows looks once more of which rows the condition is true.
func (s *Filter) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	var kept, dropped []int64
	err := withTable(env, func(r *table.Reader) error {
		program, err := s.Where.Bind(expr.ScopeOf(r.Schema()))
		if err != nil {
			return err
		}
		if r, err = r.Select(program.Inputs()...); err != nil {
			return err
		}
		for p, err := range r.Pieces(pieceRows) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			arr, _, err := program.Eval(p.Rows.Columns(), int(p.Rows.NumRows()), p.At)
			p.Rows.Release()
			if err != nil {
				return fmt.Errorf("where: %w", err)
			}
			truth := arr.(*array.Boolean)
			for i := range truth.Len() {
				if row := p.At + int64(i); truth.IsValid(i) && truth.Value(i) {
					kept = append(kept, row)
				} else {
					dropped = append(dropped, row)
				}
			}
			arr.Release()
		}
		return nil
	})
	return map[string][]pipeline.Rows{
		tablePort:   {{Input: tablePort, From: known(kept)}},
		droppedPort: {{Input: tablePort, From: known(dropped)}},
	}, err
}

// known is a list of rows that is not nil if there are none, which would be all.
func known(rows []int64) []int64 {
	if rows == nil {
		return []int64{}
	}
	return rows
}
