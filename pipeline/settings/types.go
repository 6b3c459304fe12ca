package settings

import "fmt"

// OneOf, embedded in a configuration struct, makes it a choice: every other
// field is a pointer to a struct, exactly one of which is set. In YAML it is
// written as the bare name (`optimizer: adam`) when the variant needs no
// settings, or as a mapping with one key (`optimizer: {adam: {...}}`,
// `- dropout: 0.1` where the variant has a field tagged short).
type OneOf struct{}

// A Chooser is a choice like one with OneOf, but among the values of a list. It is
// implemented by the pointer to a struct without settings, whose zero value has
// nothing chosen.
type Chooser interface {
	// Variants are what there is to choose from, the same for all values.
	Variants() []Variant
	// Chosen gives the name of what is chosen, with its settings, or "".
	Chosen() (name string, settings any)
	// Choose takes settings that New made and that were decoded.
	Choose(name string, settings any)
}

// A Variant is something that can be chosen.
type Variant struct {
	Name, Doc string
	New       func() any // a pointer to a struct of settings, or to a choice: `impute: median`
}

// An Entry is one key of a Map with its value.
type Entry[T any] struct {
	Key   string
	Value T
}

// A Map is a YAML mapping in the order in which it was written. The order is
// part of the configuration.
type Map[T any] []Entry[T]

// Get finds the value of a key.
func (m Map[T]) Get(key string) (T, bool) {
	for _, e := range m {
		if e.Key == key {
			return e.Value, true
		}
	}
	var zero T
	return zero, false
}

// Keys lists the keys in written order.
func (m Map[T]) Keys() []string {
	keys := make([]string, len(m))
	for i, e := range m {
		keys[i] = e.Key
	}
	return keys
}

// A FilePath is a setting that names an external file, relative to the file
// that the settings are in. Its bytes count, not its path: the canonical form
// leaves it out. See Files for the name that it goes by.
type FilePath string

// A Folder is a setting that names an external folder, relative to the file that
// the settings are in. What counts are the files below it, as a directory.
type Folder string

// A Glob is a setting that selects external files by a pattern such as
// data/**/*.png, see package glob. They count as a directory whose paths begin
// behind the folders that the pattern names in full.
type Glob string

// Paths is a setting that names an external file, a folder or a pattern. A folder
// ends in a slash, and stands for all files below it whose names do not begin with a
// dot; a pattern has a * or a ?. What they select counts as a directory, as for a
// Glob. It may also be the address of a file that a server has, see package address.
type Paths string

// Off is a setting of true or false that Go has the other way round: what is on
// unless someone writes false, and not worth mentioning then.
type Off bool

// A Raw is a setting that is kept as it was written, with its key, for those who
// read it by hand: it refers to something that is known elsewhere. Both are nil if
// it was not written. It is for files, and has no canonical form.
type Raw struct{ Key, Value *Node }

// A Scalar is a setting that may be a number, a text or a boolean, kept as
// written with its YAML type.
type Scalar struct {
	Tag  string // "!!int", "!!float", "!!bool" or "!!str"
	Text string
}

// An Adviser is a choice (see OneOf) that knows what people write in place of one
// of its names.
type Adviser interface {
	// Advise says what to write instead; empty if it has no idea.
	Advise(written string) string
}

// A Validator is a struct of settings (or any struct inside it) with rules that
// tags cannot express. Use FieldErrorf to point at the field that is wrong,
// errors.Join for several.
type Validator interface {
	Validate() error
}

// A FieldError is a validation error that belongs to one field, by its YAML
// name ("" is the struct itself). The decoder adds the position.
type FieldError struct {
	Field string
	Err   error
	Todo  string // what to do about it, if Err does not say so

	Warning bool // it is allowed, but looks like a mistake
	Key     bool // the last name of Field is what is wrong, not what stands under it
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %v", e.Field, e.Err)
}

func (e *FieldError) Unwrap() error { return e.Err }

// Hint says what to do, wherever the error comes up.
func (e *FieldError) Hint() string { return e.Todo }

// FieldErrorf makes a FieldError.
func FieldErrorf(field, format string, args ...any) error {
	return &FieldError{Field: field, Err: fmt.Errorf(format, args...)}
}
