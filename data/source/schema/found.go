package schema

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// Of is the schema of a table. found is what a reader has found in its columns, in
// their order, or nil.
func Of(table *arrow.Schema, rows int64, found []cell.Found) *Schema {
	s := &Schema{Rows: &rows, Told: true}
	for i, f := range table.Fields() {
		c := ofField(f)
		if found != nil {
			c.add(&found[i])
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}

func ofField(f arrow.Field) Column {
	c := Column{Name: f.Name, Type: cell.TypeFor(f.Type)}
	c.Origin, _ = f.Metadata.GetValue(cell.TypeKey)
	if text, ok := f.Metadata.GetValue(cell.MissingKey); ok {
		c.Missing, _ = strconv.ParseInt(text, 10, 64) // of files together, which nobody asks for more
	}
	return c
}

func (c *Column) add(f *cell.Found) {
	c.Missing = f.Missing
	for _, w := range f.Words {
		c.Words = append(c.Words, settings.Entry[int64]{Key: w.Text, Value: w.Count})
	}
	if m := f.Misfits; m != nil {
		c.Misfits = &Misfits{Type: m.Type, Count: m.Count, First: m.First, Line: m.Line, File: m.File}
	}
}
