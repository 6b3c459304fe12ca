package exec

import (
	"context"

	"pipe/data/table"
	"pipe/pipeline"
)

var _ pipeline.Outliner = (*Exec)(nil)

// Outline implements pipeline.Outliner: nobody knows what the command writes, but it is known
// what it reads.
func (s *Exec) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	if s.Group == "" {
		return nil, nil
	}
	var tables []*table.Outline
	for _, port := range inputs.Ports() {
		if in := inputs.Columns(port); in != nil {
			tables = append(tables, in)
		}
	}
	if len(tables) != 1 {
		return nil, nil
	}
	return nil, tables[0].Need("group", s.Group)
}
