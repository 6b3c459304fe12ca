package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/expr"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var _ pipeline.Outliner = (*Check)(nil)

// Outline implements pipeline.Outliner. A column that is not there although it should be is
// for the stage to say, so that nothing is known of what comes after it then.
func (s *Check) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	var errs []error
	scope := expr.ScopeOfOutline(in)
	for _, e := range s.Rules {
		if err := e.Value.CheckCondition(scope); err != nil {
			errs = append(errs, &settings.FieldError{Field: "rules." + e.Key, Err: err})
		}
	}
	for i, name := range s.Unique {
		errs = append(errs, in.Need(fmt.Sprintf("unique.%d", i), name))
	}
	if s.Fresh != nil {
		errs = append(errs, in.Need("fresh.column", s.Fresh.Column))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, e := range s.Columns {
		if !strings.Contains(e.Key, "*") && !e.Value.Optional && !slices.Contains(in.Names(), e.Key) {
			return nil, nil
		}
	}
	out := map[string]*table.Outline{tablePort: in}
	if s.OnFailure == quarantine {
		out[quarantinePort] = in.With(arrow.Field{Name: problemColumn, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return out, nil
}
