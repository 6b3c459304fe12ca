package preprocess

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/table"
)

// expanded is the specification with the columns that patterns stand for, in
// the order of the table. A column that is named, kept or the target is none of
// them, and the first of two patterns has it. A column with a * in its name
// comes before the pattern.
func (s *Preprocess) expanded(schema *arrow.Schema) (feature.Spec, error) {
	spec := s.spec()
	taken := map[string]bool{}
	for _, name := range spec.Keep {
		taken[name] = true
	}
	if spec.Target != nil {
		taken[spec.Target.Column] = true
	}
	for _, c := range spec.Features {
		taken[c.Name] = true
	}
	var list []feature.Column
	for _, c := range spec.Features {
		if !strings.Contains(c.Name, "*") || len(schema.FieldIndices(c.Name)) > 0 {
			list = append(list, c)
			continue
		}
		before := len(list)
		for _, f := range schema.Fields() {
			if !taken[f.Name] && table.MatchName(c.Name, f.Name) {
				taken[f.Name] = true
				column := c
				column.Name = f.Name
				list = append(list, column)
			}
		}
		if len(list) == before {
			return spec, diag.WithHint(fmt.Errorf("features: no column is left for the pattern %q", c.Name), "the columns are "+someNames(schema))
		}
	}
	spec.Features = list
	return spec, spec.Validate(feature.All())
}

// someNames lists the columns of a table, but not thousands.
func someNames(schema *arrow.Schema) string {
	const most = 20
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}
