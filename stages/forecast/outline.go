package forecast

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/pipeline"
)

var _ pipeline.Outliner = (*Stage)(nil)

// Outline implements pipeline.Outliner.
func (s *Stage) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	errs := []error{in.Need("time", s.Time), in.Need("target", s.Target)}
	for _, list := range []struct {
		field string
		names []string
	}{{"by", s.By}, {"past", s.Past}, {"known", s.Known}, {"static", s.Static}} {
		for i, name := range list.names {
			errs = append(errs, in.Need(fmt.Sprintf("%s.%d", list.field, i), name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var clock arrow.DataType
	if at := slices.Index(in.Names(), s.Time); at >= 0 {
		clock = in.Fields()[at].Type
	}
	fields := append([]arrow.Field{{Name: methodColumn, Type: arrow.BinaryTypes.String}}, fieldsOf(s.By, clock, true, s.Intervals)...)
	return map[string]*table.Outline{forecastsPort: table.NewOutline(fields...)}, nil
}
