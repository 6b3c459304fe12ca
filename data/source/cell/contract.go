package cell

import (
	"fmt"
	"strconv"
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
	Loose    []string // columns that are text, or lists of any length, since other files are part of the table
	Shared   *Shared  // by which columns are made, since other files are part of the table; nil if it is for the data to say

	// Agreed says that the declared columns are what a schema says. Others are
	// left out with a note; those that Optional lists need not be there. Nor need
	// they be in data that do not name their columns.
	Agreed   bool
	Optional []string
}

// Named are the columns that data are known to have, in their order. It is nil if
// that is for the data to say.
func (c *Contract) Named() []string {
	known := c.Expected
	if c.Agreed {
		known = c.Declared
	}
	var names []string
	for _, t := range known {
		names = append(names, t.Name)
	}
	return names
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

	name   string
	layout *Layout // of dates and times; nil is the usual one
	agreed bool    // a schema says it
	exact  bool    // see Exactly
}

// Exactly is the type of a column that is text, and not one of decimal numbers, if whole
// ones are expected and some have decimals.
func (c ColumnType) Exactly() ColumnType {
	c.exact = true
	return c
}

// Plain is the type of a column whose values are dates and times already.
func (c ColumnType) Plain() ColumnType {
	c.layout = nil
	return c
}

// NeedsAll says whether a value may not be missing: one of lists.
func (c ColumnType) NeedsAll() bool { return c.Type.IsList() && !c.Expected }

// Layout is how dates and times are written that are texts or numbers, nil if in the
// usual way.
func (c ColumnType) Layout() *Layout { return c.layout }

// Types finds the type of each column that the contract knows, by name.
type Types struct {
	known map[string]ColumnType
	other Type
}

// Types makes the contract quick to ask.
func (c *Contract) Types() Types {
	t := Types{known: make(map[string]ColumnType, len(c.Declared)+len(c.Expected))}
	if len(c.Expected) > 0 || c.Agreed {
		t.other = String
	}
	for _, e := range c.Expected {
		t.known[e.Name] = ColumnType{Type: e.Type, Expected: true, name: e.Name, layout: e.Layout}
	}
	for _, d := range c.Declared {
		t.known[d.Name] = ColumnType{Type: d.Type, name: d.Name, layout: d.Layout, agreed: c.Agreed}
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
	return ColumnType{Type: t.other, name: name}
}

// kept finds the columns to keep among the names that data have, and makes sure
// that those are there that the contract needs. data is for messages.
func (c *Contract) kept(data string, names []string) (keep []int, err error) {
	at := make(map[string]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	if !c.Agreed {
		var declared []string
		for _, d := range c.Declared {
			declared = append(declared, d.Name)
		}
		if _, err := find(data, "columns", declared, names, at); err != nil {
			return nil, err
		}
	}
	if len(c.Keep) == 0 {
		for i := range names {
			keep = append(keep, i)
		}
		return keep, nil
	}
	if !c.Agreed {
		return find(data, "select", c.Keep, names, at)
	}
	optional := make(map[string]bool, len(c.Optional))
	for _, name := range c.Optional {
		optional[name] = true
	}
	var needed []string
	for _, name := range c.Keep {
		if _, ok := at[name]; ok || !optional[name] {
			needed = append(needed, name)
		}
	}
	return find(data, "schema", needed, names, at)
}

// find finds columns that a setting wants among those that there are.
func find(data, setting string, wanted, names []string, at map[string]int) (found []int, err error) {
	var lacking []string
	for _, name := range wanted {
		i, ok := at[name]
		if !ok {
			lacking = append(lacking, name)
		}
		found = append(found, i)
	}
	if len(lacking) == 0 {
		return found, nil
	}
	hint := "the columns are " + strings.Join(names[:min(len(names), 20)], ", ")
	if near, ok := diag.Nearest(lacking[0], names); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	if setting == "schema" {
		hint += "; columns that may be lacking, such as the target in new rows, are what optional: lists"
	}
	const shown = 5
	quoted := make([]string, min(len(lacking), shown))
	for i := range quoted {
		quoted[i] = strconv.Quote(lacking[i])
	}
	what := "column " + quoted[0]
	if len(lacking) > 1 {
		what = "columns " + listOf(quoted, len(lacking), ", ")
	}
	return nil, diag.WithHint(fmt.Errorf("%s: %s has no %s", setting, data, what), hint)
}
