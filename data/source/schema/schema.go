// Package schema is how data were read, as a document: the settings and the
// columns with their types. Other data of the same meaning are read by it, so that
// nothing is inferred of them: a schema is the contract between those who write
// rows now and what was learned of rows then.
package schema

import (
	"fmt"
	"slices"

	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// A Schema says which columns data have, and what was met in them.
type Schema struct {
	Columns []Column
	Rows    *int64 // that were read; nil in one that people have written
	LeftOut int64  // records that were left out, since they cannot be read
	// Told says that the document has settings of how data are read.
	Told bool
}

// A Column is one of a table that was read. Only its name and its type say how to
// read another; the rest is what was met.
type Column struct {
	Name     string              `yaml:"name" required:"true" doc:"Name of the column."`
	Type     cell.Type           `yaml:"type" required:"true" doc:"Type of its values."`
	Optional bool                `yaml:"optional" doc:"Whether data need not have the column."`
	Origin   string              `yaml:"origin" enum:"inferred,declared" doc:"How the type was found."`
	Missing  int64               `yaml:"missing" min:"0" doc:"Values that were missing."`
	Words    settings.Map[int64] `yaml:"words" doc:"Usual words for a missing value that there were, with how often; in a column of text they are text."`
	Misfits  *Misfits            `yaml:"misfits" doc:"What was not of the type that was expected. The column is text then."`
}

// Misfits are the values of a column that are not of its type.
type Misfits struct {
	Type  cell.Type `yaml:"type" required:"true" doc:"The type that was expected."`
	Count int64     `yaml:"count" min:"1" default:"1" doc:"How many values are none of it."`
	First string    `yaml:"first" doc:"The first of them, its beginning if it is long."`
	Line  int64     `yaml:"line" min:"1" default:"1" doc:"The line of the first, or its row where the data have no lines."`
	File  string    `yaml:"file" doc:"The file that it is in, if there are several."`
}

// Agree makes of a contract, whose rules stay, that of the schema: each column is
// of its type, or an error. Of some that are selected the others count for nothing;
// optional ones need not be there.
func (s *Schema) Agree(c cell.Contract, selected, optional []string) (cell.Contract, error) {
	c.Agreed, c.Declared, c.Expected, c.Keep = true, nil, nil, selected
	c.Optional = slices.Clone(optional)
	at := make(map[string]int, len(s.Columns))
	for i, column := range s.Columns {
		at[column.Name] = i
		if column.Optional {
			c.Optional = append(c.Optional, column.Name)
		}
		c.Declared = append(c.Declared, cell.Typed{Name: column.Name, Type: column.Type})
		if len(selected) == 0 {
			c.Keep = append(c.Keep, column.Name)
		}
	}
	for setting, names := range map[string][]string{"optional": optional, "select": selected} {
		for _, name := range names {
			if _, ok := at[name]; !ok {
				return c, settings.FieldErrorf(setting, "the schema has no column %q", name)
			}
		}
	}
	return c, nil
}

// check finds what the tags of the columns cannot say.
func (s *Schema) check() error {
	if len(s.Columns) == 0 {
		return settings.FieldErrorf("columns", "there are none")
	}
	if n := len(s.Columns); n > table.MaxColumns {
		return settings.FieldErrorf("columns", "%d columns, at most %d are possible", n, table.MaxColumns)
	}
	seen := make(map[string]int, len(s.Columns))
	for i, c := range s.Columns {
		at := fmt.Sprintf("columns[%d]", i)
		if c.Name == "" {
			return settings.FieldErrorf(at, "the column has no name")
		}
		if before, ok := seen[c.Name]; ok {
			return settings.FieldErrorf(at, "column %d has the name %q, too", before+1, c.Name)
		}
		seen[c.Name] = i
	}
	return nil
}
