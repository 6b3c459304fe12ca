package sql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// Columns are those of a table that the query can read. A list among them is an error, and
// so are two of one name in SQL, where the query does not say which.
func (s *Statement) Columns(of string, schema *arrow.Schema) ([]string, error) {
	all := s.ReadsAll() && s.Mentions(of)
	names := []string{}
	for _, f := range schema.Fields() {
		if !all && !s.Mentions(f.Name) {
			continue
		}
		if like := alike(f.Name, schema); len(like) > 1 {
			written := slices.DeleteFunc(slices.Clone(like), func(name string) bool {
				return !s.reads(func(read string) bool { return read == name })
			})
			switch {
			case all || len(written) > 1:
				return nil, s.ambiguous(of, f.Name, like, all)
			case len(written) == 1 && written[0] != f.Name:
				continue
			case len(written) == 0 && s.reads(func(read string) bool { return Same(read, f.Name) }):
				return nil, s.ambiguous(of, f.Name, like, all)
			case len(written) == 0:
				continue
			}
		}
		if table.ClassOf(f.Type) == table.ClassOther {
			return nil, &Error{s.Find(f.Name), fmt.Sprintf("column %q of %s holds lists, which SQL does not know", f.Name, of),
				"name the columns that are needed, in place of *"}
		}
		names = append(names, f.Name)
	}
	return names, nil
}

// alike are the columns whose name is the same in SQL.
func alike(name string, schema *arrow.Schema) (list []string) {
	for _, other := range table.Names(schema) {
		if Same(name, other) {
			list = append(list, other)
		}
	}
	return list
}

// reads says whether the query has a name that may be one of a column: no name that it
// gives itself, and none of a table in front of a column.
func (s *Statement) reads(is func(name string) bool) bool {
	for i, t := range s.tokens[:s.end] {
		if t.isName() && is(t.name()) && !s.at(i-1).is("AS") && !s.at(i+1).is(".") {
			return true
		}
	}
	return false
}

func (s *Statement) ambiguous(of, name string, like []string, all bool) error {
	at, todo := s.Find(name), "name one of them alone, as it is written; "
	if all {
		at, todo = s.Find(of), "name one of them, as it is written, in place of *; "
	}
	for i, name := range like {
		like[i] = diag.Quote(name)
	}
	return &Error{at, fmt.Sprintf("columns %s of %s have one name in SQL, which has no upper and lower case there", strings.Join(like, " and "), of),
		todo + "or give one another name before, by `rename` of the stage `derive`"}
}

// Same says whether two names are one in SQL, in which only a to z have another case.
func Same(a, b string) bool {
	lower := func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return strings.Map(lower, a) == strings.Map(lower, b)
}

// CheckTables finds tables of one name.
func CheckTables(names []string) error {
	for i, name := range names {
		for _, other := range names[:i] {
			if Same(name, other) {
				return diag.WithHint(fmt.Errorf("inputs %q and %q have one name in SQL, which has no upper and lower case there", other, name), "give one of them another name in `inputs`")
			}
		}
	}
	return nil
}

// A NoColumn is the error about a type for a column that the result does not have.
type NoColumn struct {
	Name  string
	Known []string
}

func (e *NoColumn) Error() string { return fmt.Sprintf("the result has no column %q", e.Name) }

// Hint says which there are.
func (e *NoColumn) Hint() string { return diag.NearestHint(e.Name, e.Known) }
