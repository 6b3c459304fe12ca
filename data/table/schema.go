package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
)

// MaxColumns bounds the columns of a table. Arrow holds a few kilobytes for
// each in memory.
const MaxColumns = 1 << 18

// RoleKey is the field metadata key that holds the Role of a column.
const RoleKey = "pipe.role"

// DoubtKey is the field metadata key that holds why a column was read as text
// though nearly all its values are of another type. It is for messages.
const DoubtKey = "pipe.doubt"

// A Role says what a column of a data set is for.
type Role string

const (
	RoleFeature Role = "feature"
	RoleTarget  Role = "target"
	RoleWeight  Role = "weight"
	RoleGroup   Role = "group"
	RoleTime    Role = "time"
	RoleID      Role = "id"
)

// RoleOf gives the role of a column, empty if it has none.
func RoleOf(f arrow.Field) Role {
	role, _ := f.Metadata.GetValue(RoleKey)
	return Role(role)
}

// WithRole gives the field with the role set; its other metadata is kept.
func WithRole(f arrow.Field, role Role) arrow.Field {
	return WithMetadata(f, RoleKey, string(role))
}

// WithMetadata gives the field with one metadata key set.
func WithMetadata(f arrow.Field, key, value string) arrow.Field {
	m := f.Metadata.ToMap()
	m[key] = value
	f.Metadata = arrow.MetadataFrom(m)
	return f
}

// TypeName is the name of a column type as people write and read it.
func TypeName(t arrow.DataType) string {
	if of, width, ok := ListOf(t); ok {
		return listName(of, width)
	}
	if s := scalarOf(t); s != nil {
		return s.name
	}
	return t.String()
}

// checkType says whether a table may have a column of the type.
func checkType(t arrow.DataType) error {
	if of, width, ok := ListOf(t); ok {
		return CheckList(of, width)
	}
	if scalarOf(t) == nil {
		return fmt.Errorf("type %v is none that a table can hold", t)
	}
	return nil
}

// canonical gives the schema as it is written: metadata sorted, every column
// nullable but lists, and the element of a list always named the same.
func canonical(s *arrow.Schema) (*arrow.Schema, error) {
	if s.NumFields() == 0 {
		return nil, fmt.Errorf("a table needs at least one column")
	}
	if s.NumFields() > MaxColumns {
		return nil, fmt.Errorf("%d columns, at most %d are possible", s.NumFields(), MaxColumns)
	}
	seen := make(map[string]bool, s.NumFields())
	fields := slices.Clone(s.Fields())
	for i := range fields {
		f := &fields[i]
		if f.Name == "" {
			return nil, fmt.Errorf("column %d has no name", i+1)
		}
		if seen[f.Name] {
			return nil, fmt.Errorf("two columns are named %q", f.Name)
		}
		seen[f.Name] = true
		if err := checkType(f.Type); err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		f.Nullable = true
		if of, width, ok := ListOf(f.Type); ok {
			f.Type, f.Nullable = ListType(of, width), false
		}
		f.Metadata = arrow.MetadataFrom(f.Metadata.ToMap())
	}
	meta := arrow.MetadataFrom(s.Metadata().ToMap())
	return arrow.NewSchema(fields, &meta), nil
}

// checkColumns compares the names and types of the columns of a record with
// those of a schema. Metadata may differ.
func checkColumns(want, got *arrow.Schema) error {
	if got == want {
		return nil
	}
	if got.NumFields() != want.NumFields() {
		return fmt.Errorf("%d columns, want %d", got.NumFields(), want.NumFields())
	}
	for i := range want.NumFields() { // Fields would copy them all
		w, g := want.Field(i), got.Field(i)
		if g.Name != w.Name {
			return fmt.Errorf("column %d is %q, want %q", i+1, g.Name, w.Name)
		}
		if !sameType(g.Type, w.Type) {
			return fmt.Errorf("column %q is %s, want %s", w.Name, TypeName(g.Type), TypeName(w.Type))
		}
	}
	return nil
}

// sameType compares types, but not the name of the element of a list.
func sameType(a, b arrow.DataType) bool {
	ofA, widthA, okA := ListOf(a)
	ofB, widthB, okB := ListOf(b)
	if okA && okB {
		return ofA == ofB && widthA == widthB
	}
	return arrow.TypeEqual(a, b)
}

// Column finds a column by name. The error names the nearest column.
func Column(s *arrow.Schema, name string) (int, error) {
	if at := s.FieldIndices(name); len(at) > 0 {
		return at[0], nil
	}
	return 0, NoColumn(name, Names(s))
}

// NoColumn is the error about a name that is none of those of the columns.
func NoColumn(name string, names []string) error {
	err := fmt.Errorf("there is no column %q", name)
	if near, ok := diag.Nearest(name, names); ok {
		return diag.WithHint(err, fmt.Sprintf("did you mean %q?", near))
	}
	const shown = 12
	list := strings.Join(names[:min(shown, len(names))], ", ")
	if len(names) > shown {
		list += fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return diag.WithHint(err, "the columns are "+list)
}

// Names lists the columns in order.
func Names(s *arrow.Schema) []string {
	names := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		names[i] = f.Name
	}
	return names
}

// MatchName compares a name with a pattern, in which each * stands for any text.
func MatchName(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	rest := name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}
