package preprocess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"pipe/data/feature"
	"pipe/data/leak"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

var (
	_ pipeline.Outliner = (*Split)(nil)
	_ pipeline.Outliner = (*Preprocess)(nil)
)

// Outline implements pipeline.Outliner.
func (s *Split) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	named := []struct{ field, column string }{{"stratify", s.Stratify}, {"group", s.Group}, {"time", s.Time}, {"within", s.Within}}
	if s.By != nil {
		named = append(named, struct{ field, column string }{"by.column", s.By.Column})
	}
	var errs []error
	for _, n := range named {
		if n.column != "" {
			errs = append(errs, in.Need(n.field, n.column))
		}
	}
	parts := map[string]*table.Outline{}
	for _, name := range s.names() {
		parts[name] = in
	}
	return parts, errors.Join(errs...)
}

// Outline implements pipeline.Outliner: it finds what Fit would find of the columns of the
// table.
func (s *Preprocess) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(trainPort)
	if in == nil {
		return nil, nil
	}
	var errs []error
	need := func(field, name string) { errs = append(errs, in.Need(field, name)) }
	single := func(name string) bool {
		return !strings.Contains(name, "*") && !isType(name) || slices.Contains(in.Names(), name)
	}
	for _, name := range s.Features.Keys() {
		if single(name) {
			need("features."+name, name)
		}
	}
	for i, name := range s.Drop {
		if single(name) {
			need(fmt.Sprintf("drop.%d", i), name)
		}
	}
	for i, name := range s.Allow {
		if !slices.Contains(leak.Kinds(), leak.Kind(name)) {
			need(fmt.Sprintf("allow.%d", i), name)
		}
	}
	for i, name := range s.Keep {
		need(fmt.Sprintf("keep.%d", i), name)
	}
	if s.Target != nil {
		need("target", s.Target.Column)
	}
	for i := range s.Targets {
		need(fmt.Sprintf("targets.%d", i), s.Targets[i].Column)
	}
	schema := in.Schema()
	if err := errors.Join(errs...); err != nil || schema == nil {
		return nil, err
	}
	spec, err := s.expanded(schema, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, feature.AtField(err)
	}
	for _, c := range spec.Features {
		at, err := table.Column(schema, c.Name)
		if err != nil {
			return nil, err
		}
		if err := spec.ValidateFor(c, schema.Field(at), feature.All()); err != nil {
			field := "features." + c.Name
			if _, named := s.Features.Get(c.Name); !named {
				field = "features"
			}
			errs = append(errs, &settings.FieldError{Field: field, Err: err})
		}
	}
	return nil, errors.Join(errs...)
}
