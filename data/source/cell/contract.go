package cell

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
)

// Rules say how the text of a value is taken.
type Rules struct {
	Missing Missing
	Trim    bool // drop blanks around text that is not in quotes; around numbers they never matter

	Notation *Notation // of numbers and truth values; nil is the usual one
}

// A Typed is a column with its type.
type Typed struct {
	Name   string
	Type   Type
	Layout *Layout // of dates and times, for which it Fits; nil is the usual one
}

// A Contract says how values become the columns of a table, whatever format
// they are read from. Types of columns that it does not name are inferred.
type Contract struct {
	Rules
	Declared []Typed  // a value that is none of its type is an error
	Expected []Typed  // if there are any nothing is inferred: see Again
	Keep     []string // the columns of the table in their order, all if it is nil
	Shared   *Shared  // by which columns are made, since other files are part of the table; nil if it is for the data to say
}

// Again is the contract for reading other data as some were read that had the
// given types: with the same words for missing values. A column has its type
// if all its values fit, and is text if not. One that is not given is text,
// and a given one need not be there.
func (c Contract) Again(types []Typed) Contract {
	return Contract{Rules: c.Rules, Expected: types}
}

// TypesOf are the types of the columns of a table, to read other data Again.
func TypesOf(schema *arrow.Schema) []Typed {
	types := make([]Typed, schema.NumFields())
	for i, f := range schema.Fields() {
		types[i] = Typed{Name: f.Name, Type: TypeFor(f.Type)}
		if text, ok := f.Metadata.GetValue(LayoutKey); ok {
			if l, _, err := ParseLayout(text); err == nil && l.Fits(types[i].Type) {
				types[i].Layout = l
			}
		}
	}
	return types
}

// A ColumnType is the type of a column before its values are seen.
type ColumnType struct {
	Type     Type
	Expected bool // the column is text if not all values are of the type

	layout *Layout // of dates and times; nil is the usual one
}

// Types finds the type of each column that the contract knows, by name.
type Types struct {
	known map[string]ColumnType
	other Type
}

// Types makes the contract quick to ask.
func (c *Contract) Types() Types {
	t := Types{known: make(map[string]ColumnType, len(c.Declared)+len(c.Expected))}
	if len(c.Expected) > 0 {
		t.other = String
	}
	for _, e := range c.Expected {
		t.known[e.Name] = ColumnType{e.Type, true, e.Layout}
	}
	for _, d := range c.Declared {
		t.known[d.Name] = ColumnType{d.Type, false, d.Layout}
	}
	return t
}

// Named gives the type that the contract names for a column.
func (t Types) Named(name string) (Type, bool) {
	c, ok := t.known[name]
	return c.Type, ok
}

// Of gives the type of a column.
func (t Types) Of(name string) ColumnType {
	if c, ok := t.known[name]; ok {
		return c
	}
	return ColumnType{Type: t.other}
}

// kept finds the columns to keep among the names that data have, and makes sure
// that those are there that the contract needs. data is for messages.
func (c *Contract) kept(data string, names []string) (keep []int, err error) {
	at := make(map[string]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	find := func(setting, name string) (int, error) {
		if i, ok := at[name]; ok {
			return i, nil
		}
		hint := "the columns are " + strings.Join(names[:min(len(names), 20)], ", ")
		if near, ok := diag.Nearest(name, names); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return 0, diag.WithHint(fmt.Errorf("%s: %s has no column %q", setting, data, name), hint)
	}
	for _, d := range c.Declared {
		if _, err := find("columns", d.Name); err != nil {
			return nil, err
		}
	}
	if len(c.Keep) == 0 {
		for i := range names {
			keep = append(keep, i)
		}
		return keep, nil
	}
	for _, name := range c.Keep {
		i, err := find("select", name)
		if err != nil {
			return nil, err
		}
		keep = append(keep, i)
	}
	return keep, nil
}
