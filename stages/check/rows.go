package check

import (
	"context"

	"pipe/data/relation"
	"pipe/data/table"
	"pipe/pipeline"
)

// TraceRows says that the rows are the same, or looks once more which break something.
func (s *Check) TraceRows(ctx context.Context, env pipeline.Env) (map[string][]pipeline.Rows, error) {
	if s.OnFailure != quarantine {
		return pipeline.SameRows(tablePort, tablePort), nil
	}
	in, err := open(env, tablePort)
	if err != nil {
		return nil, err
	}
	defer in.close()
	var closers []func() error
	defer func() {
		for _, end := range closers {
			end()
		}
	}()
	rules, _, err := s.rulesOf(ctx, relation.Means{Threads: env.Threads(), Scratch: env.Scratch}, in.Reader, func(port string) (*table.Reader, error) {
		o, err := open(env, port)
		if err != nil {
			return nil, err
		}
		closers = append(closers, o.close)
		return o.Reader, nil
	})
	if err != nil {
		return nil, err
	}
	kept, aside := []int64{}, []int64{}
	for p, err := range in.Pieces(pieceRows) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		bad := make([]bool, p.Rows.NumRows())
		for _, one := range rules {
			broken, err := one.breaks(p)
			if err != nil {
				return nil, err
			}
			for i, is := range broken {
				bad[i] = bad[i] || is
			}
		}
		p.Rows.Release()
		for i, is := range bad {
			if row := p.At + int64(i); is {
				aside = append(aside, row)
			} else {
				kept = append(kept, row)
			}
		}
	}
	return map[string][]pipeline.Rows{
		tablePort:      {{Input: tablePort, From: kept}},
		quarantinePort: {{Input: tablePort, From: aside}},
	}, nil
}
