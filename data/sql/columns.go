package sql

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// Columns are those of a table that the query can read. A list among them is an error.
func (s *Statement) Columns(of string, schema *arrow.Schema) ([]string, error) {
	all := s.ReadsAll() && s.Mentions(of)
	names := []string{}
	for _, f := range schema.Fields() {
		if !all && !s.Mentions(f.Name) {
			continue
		}
		if table.ClassOf(f.Type) == table.ClassOther {
			return nil, &Error{s.Find(f.Name), fmt.Sprintf("column %q of %s holds lists, which SQL does not know", f.Name, of),
				"name the columns that are needed, in place of *"}
		}
		names = append(names, f.Name)
	}
	return names, nil
}

// A NoColumn is the error about a type for a column that the result does not have.
type NoColumn struct {
	Name  string
	Known []string
}

func (e *NoColumn) Error() string { return fmt.Sprintf("the result has no column %q", e.Name) }

// Hint says which there are.
func (e *NoColumn) Hint() string { return diag.NearestHint(e.Name, e.Known) }
