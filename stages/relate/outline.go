package relate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/relation"
	"pipe/data/table"
	"pipe/pipeline"
)

var (
	_ pipeline.Outliner = (*Join)(nil)
	_ pipeline.Outliner = (*Aggregate)(nil)
	_ pipeline.Outliner = (*Rolling)(nil)
	_ pipeline.Outliner = (*Framing)(nil)
	_ pipeline.Outliner = (*Union)(nil)
	_ pipeline.Outliner = (*Sample)(nil)
	_ pipeline.Outliner = (*Dedupe)(nil)
)

// outlines are those of a stage with the one output.
func outlines(out *table.Outline, err error) (map[string]*table.Outline, error) {
	return map[string]*table.Outline{tablePort: out}, err
}

// A needs collects settings that name columns which are not there.
type needs struct {
	of   *table.Outline
	errs []error
}

func (n *needs) one(field, name string) {
	if name != "" {
		n.errs = append(n.errs, n.of.Need(field, name))
	}
}

func (n *needs) all(field string, names []string) {
	for i, name := range names {
		n.one(fmt.Sprintf("%s.%d", field, i), name)
	}
}

func (n *needs) err() error { return errors.Join(n.errs...) }

// typeless are columns of which only the names are known.
func typeless(names ...string) (fields []arrow.Field) {
	for _, name := range names {
		fields = append(fields, arrow.Field{Name: name})
	}
	return fields
}

// Outline implements pipeline.Outliner.
func (s *Join) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	left, right := inputs.Columns(leftPort), inputs.Columns(rightPort)
	var errs []error
	join := s.join()
	if left != nil {
		n := needs{of: left}
		for _, p := range join.On {
			n.one("on."+p.Left, p.Left)
		}
		if a := join.AsOf; a != nil {
			n.one("as_of.left", a.Left)
		}
		errs = append(errs, n.err())
	}
	if right != nil {
		n := needs{of: right}
		for _, p := range join.On {
			n.one("on."+p.Left, p.Right)
		}
		if a := join.AsOf; a != nil {
			field := "as_of.right"
			if s.AsOf.Right == "" {
				field = "as_of.left"
			}
			n.one(field, a.Right)
		}
		for _, p := range join.Columns {
			n.one("columns."+p.Left, p.Right)
		}
		errs = append(errs, n.err())
	}
	if err := errors.Join(errs...); err != nil || left == nil || right == nil {
		return nil, err
	}
	if l, r := left.Schema(), right.Schema(); l != nil && r != nil {
		joiner, err := relation.NewJoiner(l, r, join)
		if err != nil {
			return nil, err
		}
		return outlines(table.OutlineOf(joiner.Schema()), nil)
	}
	if s.How == string(relation.SemiJoin) || s.How == string(relation.AntiJoin) {
		return outlines(left, nil)
	}
	var added []arrow.Field
	for _, p := range join.Adds(right.Names()) {
		name := p.Left
		if name == p.Right && slices.Contains(left.Names(), name) {
			name += join.Suffix
		}
		added = append(added, arrow.Field{Name: name})
	}
	return outlines(left.With(added...), nil)
}

// Outline implements pipeline.Outliner.
func (s *Aggregate) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	n, spec := needs{of: in}, s.aggregation()
	n.all("by", spec.By)
	names := slices.Clone(spec.By)
	if w := spec.Window; w != nil {
		n.one("window.column", w.Column)
		names = append(names, w.Name)
	}
	names = append(names, n.measures(spec.Measures)...)
	if err := n.err(); err != nil {
		return nil, err
	}
	if schema := in.Schema(); schema != nil {
		a, err := relation.NewAggregator(schema, spec, nil)
		if err != nil {
			return nil, err
		}
		return outlines(table.OutlineOf(a.Schema()), nil)
	}
	return outlines(table.NewOutline(typeless(names...)...), nil)
}

// measures finds what statistics are of, and gives their names.
func (n *needs) measures(of []relation.Measure) (names []string) {
	for _, m := range of {
		n.one("columns."+m.Name, m.Column)
		names = append(names, m.Name)
	}
	return names
}

// Outline implements pipeline.Outliner.
func (s *Rolling) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	n, spec := needs{of: in}, s.rolling()
	n.one("time", s.Time)
	n.all("by", s.By)
	names := n.measures(spec.Measures)
	if err := n.err(); err != nil {
		return nil, err
	}
	if schema := in.Schema(); schema != nil {
		r, err := relation.NewRoller(schema, spec, nil)
		if err != nil {
			return nil, err
		}
		return outlines(table.OutlineOf(r.Schema()), nil)
	}
	return outlines(in.With(typeless(names...)...), nil)
}

// Outline implements pipeline.Outliner.
func (s *Framing) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	n := needs{of: in}
	n.one("time", s.Time)
	n.all("by", s.By)
	for _, list := range []struct {
		field   string
		columns []string
	}{{"lags", s.Lags.Keys()}, {"differences", s.Differences.Keys()}, {"horizon", s.Horizon.Keys()}, {"future", s.Future.Keys()}} {
		for _, column := range list.columns {
			n.one(list.field+"."+column, column)
		}
	}
	for _, e := range s.Windows {
		n.all("windows."+e.Key+".columns", e.Value.Columns)
	}
	for _, e := range s.Rolling {
		n.one("rolling."+e.Key, e.Value.Of.measure("").Column)
	}
	if err := n.err(); err != nil {
		return nil, err
	}
	spec, err := s.framing()
	if err != nil {
		return nil, err
	}
	if schema := in.Schema(); schema != nil {
		f, err := relation.NewFramer(schema, spec)
		if err != nil {
			return nil, err
		}
		return outlines(table.OutlineOf(f.Schema()), nil)
	}
	var names []string
	for _, f := range spec.Frames {
		names = append(names, f.Name)
	}
	return outlines(in.With(typeless(names...)...), nil)
}

// Outline implements pipeline.Outliner. Of tables that are unlike nothing is said: which
// types they have together is known when their rows are.
func (s *Union) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	var all *table.Outline
	for _, port := range inputs.Ports() {
		one := inputs.Columns(port)
		if one == nil {
			return nil, nil
		}
		if all == nil {
			all = one
			continue
		}
		fields := all.Fields()
		if len(one.Fields()) != len(fields) {
			return nil, nil
		}
		for i, f := range fields {
			same := slices.IndexFunc(one.Fields(), func(o arrow.Field) bool { return o.Name == f.Name })
			if same < 0 {
				return nil, nil
			}
			if t := one.Fields()[same].Type; f.Type != nil && (t == nil || !arrow.TypeEqual(t, f.Type)) {
				fields[i] = arrow.Field{Name: f.Name}
			}
		}
		all = table.NewOutline(fields...)
	}
	if all != nil && s.Source != "" {
		all = all.With(arrow.Field{Name: s.Source, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return outlines(all, nil)
}

// Outline implements pipeline.Outliner.
func (s *Sample) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	n := needs{of: in}
	n.all("by", s.By)
	return outlines(in, n.err())
}

// Outline implements pipeline.Outliner.
func (s *Dedupe) Outline(_ context.Context, inputs pipeline.Outlines) (map[string]*table.Outline, error) {
	in := inputs.Columns(tablePort)
	if in == nil {
		return nil, nil
	}
	n := needs{of: in}
	n.all("by", s.By)
	return map[string]*table.Outline{tablePort: in, duplicatesPort: in}, n.err()
}
