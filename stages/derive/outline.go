package derive

import (
	"context"

	"pipe/data/expr"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var (
	_ pipeline.Outliner = (*Derive)(nil)
	_ pipeline.Outliner = (*Filter)(nil)
)

// Outline implements pipeline.Outliner.
func (s *Derive) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	out, err := s.Columns.Outline(in)
	return map[string]*table.Outline{tablePort: out}, err
}

// Outline implements pipeline.Outliner.
func (s *Filter) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	err := s.Where.CheckCondition(expr.ScopeOfOutline(in))
	if err != nil {
		err = &settings.FieldError{Field: "where", Err: err}
	}
	return map[string]*table.Outline{tablePort: in, droppedPort: in}, err
}
