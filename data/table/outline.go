package table

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/pipeline/settings"
)

// An Outline is what is known of the columns of a table that is not made yet: which there
// are, in their order, and the types of those of which they are known. It is not
// changed.
type Outline struct {
	fields []arrow.Field // whose Type is nil if it is not known
}

// OutlineOf is that of a table with a schema, of which all is known.
func OutlineOf(schema *arrow.Schema) *Outline { return &Outline{schema.Fields()} }

// NewOutline has these columns. The Type of one is nil if it is not known.
func NewOutline(fields ...arrow.Field) *Outline { return &Outline{slices.Clone(fields)} }

// Unread has columns of which only the names are known.
func Unread(names ...string) *Outline {
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		fields[i].Name = name
	}
	return &Outline{fields}
}

// Fields are the columns. The Type of one is nil if it is not known.
func (s *Outline) Fields() []arrow.Field { return slices.Clone(s.fields) }

// Names lists the columns in order.
func (s *Outline) Names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.Name
	}
	return names
}

// Schema is that of the table, if all of it is known, else nil.
func (s *Outline) Schema() *arrow.Schema {
	if s == nil || slices.ContainsFunc(s.fields, func(f arrow.Field) bool { return f.Type == nil }) {
		return nil
	}
	return arrow.NewSchema(s.fields, nil)
}

// With are the columns with further ones behind them. One that is there already has the
// new type in its old place.
func (s *Outline) With(fields ...arrow.Field) *Outline {
	all := s.Fields()
	for _, f := range fields {
		if at := slices.IndexFunc(all, func(old arrow.Field) bool { return old.Name == f.Name }); at >= 0 {
			all[at] = f
		} else {
			all = append(all, f)
		}
	}
	return &Outline{all}
}

// Need says of a setting that names a column whether that is there. The error is a
// *settings.FieldError.
func (s *Outline) Need(field, name string) error {
	names := s.Names()
	if slices.Contains(names, name) {
		return nil
	}
	return &settings.FieldError{Field: field, Err: NoColumn(name, names), Key: strings.HasSuffix(field, "."+name)}
}
