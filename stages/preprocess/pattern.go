package preprocess

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/leak"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// typePrefix begins a name under features that stands for all columns of a type.
const typePrefix = "type:"

// typeNamed is the group of types that a name under features stands for, with examples
// of them; there are none of lists. It is empty if the name is no such one.
func typeNamed(key string) (group string, examples []arrow.DataType) {
	name, ok := strings.CutPrefix(key, typePrefix)
	if !ok {
		return "", nil
	}
	if name == table.ClassOther.Group() {
		return name, nil
	}
	for _, typ := range exampleTypes() {
		if table.ClassOf(typ).Group() == name {
			group, examples = name, append(examples, typ)
		}
	}
	return group, examples
}

// exampleTypes are one of each class of columns, but of lists.
func exampleTypes() []arrow.DataType {
	return []arrow.DataType{
		arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean,
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Timestamp_us, arrow.FixedWidthTypes.Time64us,
	}
}

// validateTyped finds settings that go with no column of the types.
func validateTyped(c feature.Column, examples []arrow.DataType) (err error) {
	for _, typ := range examples {
		if err = c.ValidateFor(typ, feature.All()); err == nil {
			return nil
		}
	}
	return err
}

func isType(name string) bool {
	group, _ := typeNamed(name)
	return group != ""
}

// several says whether a name stands for all columns that fit, in a table that has
// no column of that very name.
func several(name string, schema *arrow.Schema) bool {
	return (strings.Contains(name, "*") || isType(name)) && len(schema.FieldIndices(name)) == 0
}

// fits says whether such a name stands for a column.
func fits(name string, f arrow.Field) bool {
	if group, _ := typeNamed(name); group != "" {
		return table.ClassOf(f.Type).Group() == group
	}
	return table.MatchName(name, f.Name)
}

// validateNames finds names that stand for nothing, and settings that go with no
// column of a type.
func (s *Preprocess) validateNames() error {
	for _, f := range s.Features {
		group, examples := typeNamed(f.Key)
		switch {
		case group != "":
			if err := validateTyped(f.Value.column(f.Key), examples); err != nil {
				return inside("features", f.Key, err)
			}
		case strings.HasPrefix(f.Key, typePrefix):
			return inside("features", f.Key, noType(f.Key))
		}
		if slices.Contains(s.Drop, f.Key) {
			return settings.FieldErrorf("drop", "%q is dropped and a feature", f.Key)
		}
	}
	if err := s.validateCrosses(); err != nil {
		return err
	}
	for i, name := range s.Drop {
		switch {
		case strings.HasPrefix(name, typePrefix) && !isType(name):
			return inside("drop", strconv.Itoa(i), noType(name))
		case slices.Contains(s.Keep, name):
			return fieldError("drop", "remove it from `drop`: what is kept is no feature unless it is named", "%q is dropped and kept", name)
		}
	}
	return nil
}

// validateCrosses finds columns that are crossed and are no features, and products that
// are too many, as far as that can be seen without a table.
func (s *Preprocess) validateCrosses() error {
	open := slices.ContainsFunc(s.Features, func(f settings.Entry[FeatureSetting]) bool { return patterned(f.Key) })
	for i := range s.Cross {
		names := s.Cross[i].Columns()
		at := fmt.Sprintf("cross.%d.%s", i, s.Cross[i].Kind())
		for j, name := range names {
			if strings.HasPrefix(name, typePrefix) && !isType(name) {
				return inside(at, fmt.Sprintf("columns.%d", j), noType(name))
			}
			if _, known := s.Features.Get(name); !known && !patterned(name) && !open {
				err := &feature.SpecError{Column: name, Msg: "it is crossed, and is no feature", Fix: "name it under `features`, too"}
				if near, ok := diag.Nearest(name, s.Features.Keys()); ok {
					err.Fix = fmt.Sprintf("did you mean %q?", near)
				}
				return &settings.FieldError{Field: fmt.Sprintf("%s.columns.%d", at, j), Err: err}
			}
		}
		if slices.ContainsFunc(names, patterned) {
			continue
		}
		if err := s.Cross[i].Check(); err != nil {
			return &settings.FieldError{Field: at + ".columns", Err: err}
		}
	}
	return nil
}

// patterned says whether a name can stand for several columns.
func patterned(name string) bool {
	return strings.Contains(name, "*") || strings.HasPrefix(name, typePrefix)
}

// inside puts an error at a key or a place of a field, and at the setting there that it
// is about.
func inside(field, key string, err error) error {
	at := field + "." + key
	var spec *feature.SpecError
	if errors.As(err, &spec) && spec.Setting != "" {
		at += "." + spec.Setting
	}
	return &settings.FieldError{Field: at, Err: err}
}

func noType(name string) error {
	var names []string
	for _, typ := range exampleTypes() {
		if name := table.ClassOf(typ).Group(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	names = append(names, table.ClassOther.Group())
	return diag.WithHint(fmt.Errorf("there is no type of columns %q", strings.TrimPrefix(name, typePrefix)), "one of "+strings.Join(names, ", "))
}

// expanded is the specification with the columns that patterns and types stand for,
// in the order of the table. A column that is named, kept, dropped or the target is
// none of them, and the first of two has it. A column of the very name comes before
// the pattern. The log is told where that may not be what was meant.
func (s *Preprocess) expanded(schema *arrow.Schema, log *slog.Logger) (feature.Spec, error) {
	spec := s.spec()
	taken := map[string]bool{}
	for _, name := range spec.Keep {
		taken[name] = true
	}
	for _, t := range s.predicted() {
		taken[t.Column] = true
	}
	for _, name := range s.Drop {
		if !several(name, schema) {
			if _, err := table.Column(schema, name); err != nil {
				return spec, fmt.Errorf("drop: %w", err)
			}
			tellAlone(log, "drop", name, schema)
			taken[name] = true
			continue
		}
		for _, f := range schema.Fields() {
			taken[f.Name] = taken[f.Name] || fits(name, f)
		}
	}
	for _, c := range spec.Features {
		taken[c.Name] = true
	}
	for _, name := range s.Allow {
		if _, err := table.Column(schema, name); err != nil && !slices.Contains(leak.Kinds(), leak.Kind(name)) {
			return spec, fmt.Errorf("allow: %w", err)
		}
	}
	var list []feature.Column
	for _, c := range spec.Features {
		if !several(c.Name, schema) {
			tellAlone(log, "features", c.Name, schema)
			list = append(list, c)
			continue
		}
		before := len(list)
		kept := s.keptOf(c.Name, schema)
		for _, f := range schema.Fields() {
			if !taken[f.Name] && fits(c.Name, f) {
				taken[f.Name] = true
				column := c
				column.Name = f.Name
				list = append(list, column)
			}
		}
		switch {
		case len(list) == before && len(kept) > 0:
			return spec, diag.WithHint(fmt.Errorf("features: no column is left for %s without those in keep, %s", whatFor(c.Name), someOf(kept)), keptHint+"; the columns are "+someNames(schema))
		case len(list) == before:
			return spec, diag.WithHint(fmt.Errorf("features: no column is left for %s", whatFor(c.Name)), "the columns are "+someNames(schema))
		case len(kept) > 0:
			log.Info("columns in keep are no features", "of", c.Name, "columns", someOf(kept), "hint", keptHint)
		}
	}
	spec.Features = list
	if err := expandCrosses(spec.Crosses, list, schema); err != nil {
		return spec, err
	}
	return spec, spec.Validate(feature.All())
}

// expandCrosses puts the features that fit in place of the names in crosses that stand for
// several.
func expandCrosses(crosses []feature.Cross, features []feature.Column, schema *arrow.Schema) error {
	for i := range crosses {
		var names []string
		for _, name := range crosses[i].Columns() {
			if !several(name, schema) {
				names = append(names, name)
				continue
			}
			before := len(names)
			for _, c := range features {
				f, err := table.Column(schema, c.Name)
				if err != nil {
					return err
				}
				if fits(name, schema.Field(f)) && !slices.Contains(names, c.Name) {
					names = append(names, c.Name)
				}
			}
			if len(names) == before {
				return diag.WithHint(fmt.Errorf("cross: no feature is left for %s", whatFor(name)), "the columns are "+someNames(schema))
			}
		}
		crosses[i] = crosses[i].Of(names)
	}
	return nil
}

func whatFor(name string) string {
	if isType(name) {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("the pattern %q", name)
}

const keptHint = "what is kept is a feature only if it is named under features itself"

// keptOf lists the columns that a pattern or a type does not stand for because they are
// kept.
func (s *Preprocess) keptOf(name string, schema *arrow.Schema) (kept []string) {
	target := s.predicted()
	for _, f := range schema.Fields() {
		_, named := s.Features.Get(f.Name)
		dropped := slices.ContainsFunc(s.Drop, func(d string) bool { return d == f.Name || several(d, schema) && fits(d, f) })
		predicted := slices.ContainsFunc(target, func(t TargetSetting) bool { return t.Column == f.Name })
		if fits(name, f) && slices.Contains(s.Keep, f.Name) && !named && !dropped && !predicted {
			kept = append(kept, f.Name)
		}
	}
	return kept
}

// tellAlone tells that a name is that of a column, where it could have been meant for
// several.
func tellAlone(log *slog.Logger, setting, name string, schema *arrow.Schema) {
	if !strings.Contains(name, "*") && !isType(name) {
		return
	}
	for _, f := range schema.Fields() {
		if f.Name != name && fits(name, f) {
			log.Warn(fmt.Sprintf("%s: %q is the column of that name, and stands for no others", setting, name), "hint", "give it another name with rename of a derive stage if others are meant, too")
			return
		}
	}
}

// someNames lists the columns of a table, but not thousands.
func someNames(schema *arrow.Schema) string {
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	return someOf(names)
}

func someOf(names []string) string {
	const most = 20
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}
