package table

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// A ColumnChange is a column that two tables do not share, with its type in
// each of them; the type is empty where there is no such column.
type ColumnChange struct{ Column, Old, New string }

// SchemaChanges lists the columns that differ between two tables: those of the
// old one in its order, then the new ones. Of a data set each feature counts as
// a column.
func SchemaChanges(old, new *arrow.Schema) []ColumnChange {
	was, is := columns(old), columns(new)
	var list []ColumnChange
	for _, c := range was {
		at := slices.IndexFunc(is, func(d ColumnChange) bool { return d.Column == c.Column })
		switch {
		case at < 0:
			list = append(list, ColumnChange{c.Column, c.New, ""})
		case is[at].New != c.New:
			list = append(list, ColumnChange{c.Column, c.New, is[at].New})
		}
	}
	for _, c := range is {
		if !slices.ContainsFunc(was, func(d ColumnChange) bool { return d.Column == c.Column }) {
			list = append(list, ColumnChange{c.Column, "", c.New})
		}
	}
	return list
}

// columns lists names with types, the latter as New.
func columns(s *arrow.Schema) []ColumnChange {
	var list []ColumnChange
	info, _ := DatasetInfoOf(s)
	for _, f := range s.Fields() {
		if features := featuresOf(info, f.Name); len(features) > 0 {
			for _, feature := range features {
				list = append(list, ColumnChange{Column: "feature " + feature.Name, New: "float"})
			}
			continue
		}
		list = append(list, ColumnChange{Column: f.Name, New: TypeName(f.Type)})
	}
	return list
}

// featuresOf names the elements of a column that is an input of features, none
// if the column is another or info is nil.
func featuresOf(info *DatasetInfo, column string) []Feature {
	if info == nil {
		return nil
	}
	for _, in := range info.Inputs {
		if in.Name == column && in.Kind == Features {
			return in.Features
		}
	}
	return nil
}
